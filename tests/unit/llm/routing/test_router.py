"""Modes, named providers and the names of the policies."""

from __future__ import annotations

import json

import pytest

from mandi.core.errors import UnknownValue
from mandi.llm.routing.router import ALLOWED, POLICIES, decide, policy_named
from tests.unit.llm.routing.cases import ANALYST, GEMINI, LOCAL, OPENAI, situation, student

EVERYBODY = (student(0.9), GEMINI, OPENAI, LOCAL, ANALYST)
KIND = {c.name: c.kind for c in EVERYBODY}


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("mode", ALLOWED)
@pytest.mark.parametrize("confidence", [None, 0.1, 0.5, 0.95])
@pytest.mark.parametrize("draw", [None, 0.0, 0.04, 0.5, 0.999])
def test_what_holds_for_every_policy(
    name: str, mode: str, confidence: float | None, draw: float | None
) -> None:
    candidates = (student(confidence), *EVERYBODY[1:])
    decision = decide(policy_named(name), situation(*candidates, mode=mode, draw=draw))
    kinds = [KIND[provider] for provider, _ in decision.order]
    assert set(kinds) <= set(ALLOWED[mode])  # type: ignore[index]
    assert len(set(decision.order)) == len(decision.order)
    if "mock" in kinds and mode == "hybrid":
        assert kinds.index("mock") == len(kinds) - 1
    if decision.route == "human":
        assert mode == "hybrid" and decision.order == ()
    else:
        assert kinds and decision.route == {"student": "student", "mock": "mock"}.get(kinds[0], "teacher")
    if confidence is None or confidence < 0.75:
        assert "student" not in kinds
    assert 0.0 < decision.propensity <= 1.0 and decision.reason
    assert json.loads(json.dumps(decision.as_dict()))["route"] == decision.route


def test_decisions_can_be_made_again() -> None:
    asked = situation(*EVERYBODY, draw=0.02)
    assert all(decide(policy_named(n), asked) == decide(policy_named(n), asked) for n in POLICIES)


def test_mode_mock_asks_the_analyst_only() -> None:
    decision = decide(policy_named("simple"), situation(*EVERYBODY, mode="mock"))
    assert (decision.route, decision.order) == ("mock", (ANALYST.pick,))


def test_a_named_provider_answers_alone_or_nobody_does() -> None:
    named = decide(policy_named("confidence"), situation(*EVERYBODY, named="openai"))
    assert named.order == (OPENAI.pick,) and named.policy == "named"
    assert (
        decide(policy_named("simple"), situation(*EVERYBODY, named="openai", named_model="other")).order == ()
    )
    assert decide(policy_named("simple"), situation(*EVERYBODY, named="nobody")).order == ()


@pytest.mark.parametrize("name", ["student", "analyst"])
def test_in_mode_real_neither_student_nor_analyst_can_be_named(name: str) -> None:
    decision = decide(policy_named("simple"), situation(*EVERYBODY, mode="real", named=name))
    assert decision.order == () and "may not answer in mode real" in decision.reason


def test_unknown_router_names_the_nearest() -> None:
    with pytest.raises(UnknownValue, match="confidence"):
        policy_named("confidance")
