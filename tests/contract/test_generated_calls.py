"""Generated questions have the words, facts and findings that the service itself would give to whoever answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mandi.feedback.generated import Asked, traffic
from mandi.feedback.generated.ask.asker import GROUPS
from mandi.feedback.generated.ask.market import Market
from mandi.llm.deal import Deal, DealAnalysis
from mandi.llm.evidence import Finding
from mandi.llm.orchestrator import AIRequest, TaskType, task_prompt
from mandi.llm.prompts.chat_prompts import chat_prompt
from mandi.llm.prompts.data_block import data_block
from mandi.llm.prompts.deal_prompts import deal_prompt
from mandi.serving.contracts import PriceAnswer
from mandi.serving.counters.demand import DemandAnswer
from mandi.serving.fraud_contracts import FraudAnswer
from mandi.serving.matching_contracts import MatchingAnswer
from mandi.serving.quality_contracts import QualityAnswer
from mandi.tables.market_params import MarketParams
from mandi.tables.synthetic import generate

ANSWERS = {
    "price": PriceAnswer,
    "demand": DemandAnswer,
    "quality": QualityAnswer,
    "fraud": FraudAnswer,
    "matching": MatchingAnswer,
}
OURS = {"asked", "deal_price"}
"""What the evidence adds to a model's answer."""


@pytest.fixture(scope="module")
def asked() -> list[Asked]:
    sizes = MarketParams(
        days=430,
        markets=6,
        lots_per_day=3,
        suppliers=10,
        buyers=6,
        commodities=("soybean",),
        optimal_filter=False,
    )
    market = Market.of(generate(sizes)[0])
    return [
        *traffic(250, 3, market, "traffic", groups=GROUPS),
        *traffic(100, 3, market, "early", groups=GROUPS),
    ]


def _turns(messages: Any) -> list[dict[str, str]]:
    return [{"role": m.role, "content": m.content} for m in messages]


def test_classifications_are_worded_as_the_service_words_them(asked: list[Asked]) -> None:
    found = [a for a in asked if a.task == "classification"]
    assert len(found) > 100
    for one in found:
        prompt = task_prompt(AIRequest(TaskType.CLASSIFICATION, one.text, {"labels": list(one.labels or ())}))
        assert _turns(prompt.messages) == list(one.messages)
        assert prompt.facts == one.facts
        assert prompt.question == one.question


def test_conversations_are_worded_as_the_service_words_them(asked: list[Asked]) -> None:
    found = [a for a in asked if a.task == "chat"]
    assert len(found) > 80
    for one in found:
        findings = {name: Finding(**told) for name, told in one.facts["findings"].items()}
        prompt = chat_prompt((), one.text, str(one.facts["language"]), "trade", findings)
        theirs, ours = _turns(prompt.messages), list(one.messages)
        assert theirs[0]["content"].startswith(ours[0]["content"])
        assert theirs[1:] == ours[1:]
        assert prompt.facts == one.facts


def test_deals_are_put_as_the_service_puts_them(asked: list[Asked]) -> None:
    found = [a for a in asked if a.task == "deal_analysis"]
    assert len(found) > 5
    for one in found:
        Deal.model_validate(one.facts["deal"])
        DealAnalysis.model_validate_json(str(one.truth["gold"]))
        prompt = deal_prompt(Deal.model_validate(one.facts["deal"]), {})
        assert set(prompt.facts) == set(one.facts)
        assert one.messages[-1]["content"] == data_block("deal", one.facts["deal"])
        assert prompt.messages[0].content.startswith(one.messages[0]["content"])


def test_findings_have_the_fields_of_the_routes(asked: list[Asked]) -> None:
    seen = set()
    for one in asked:
        for name, told in (one.facts.get("findings") or {}).items():
            own = {k: v for k, v in told["answer"].items() if k not in OURS}
            assert set(own) <= set(ANSWERS[name].model_fields), name
            needed = {k for k, field in ANSWERS[name].model_fields.items() if field.is_required()}
            assert needed - set(own) <= {"known_until", "asof"}, name
            json.dumps(told)
            seen.add(name)
    assert seen == set(ANSWERS)
