"""A deal is analysed, and the answer says honestly who gave it and on what."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mandi.llm.provider import ProviderError
from mandi.store.records import AiAnalysis, AiMetric, Deal, Escalation

from ...llm.scripted import Fails, Says, Scripted
from ..whole_shop import DEAL, whole_shop

PATH = "/ai/analyze-deal"
VENDORS = json.dumps(
    {
        "analysis": "The price is fair.", "verdict": "fair", "risk": "low", "recommendations": ["Take it."],
        "reasons": ["Price: inside the band"], "confidence": 0.99,
        "price": {"deal_price": 1, "fair_price": 1, "lower_bound_95": 1, "upper_bound_95": 1, "difference_pct": 0, "inside_95": True},
    }
)  # fmt: skip
QUICK = {"retry_attempts": 1, "retry_min_seconds": 0.0, "ai_timeout_seconds": 5.0}


def analysed(shop: Any, status: int = 200, **more: Any) -> Any:
    answer = shop.post(PATH, {**DEAL, **more})
    assert answer.status_code == status, answer.text
    return answer.json()


def test_without_a_vendor_the_analyst_answers_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with whole_shop(tmp_path, monkeypatch) as shop:
        told = analysed(shop)
    assert (told["requested_mode"], told["effective_mode"], told["provider"]) == ("hybrid", "mock", "mock")
    assert told["fallback"] and "no vendor" in told["fallback_reason"]
    assert told["confidence"] is None and told["cost_usd"] == 0
    assert told["meta"] == {
        "ai_mode_used": "mock", "fallback_triggered": True, "processing_time": told["meta"]["processing_time"], "error": None,
    }  # fmt: skip
    assert told["price"]["difference_pct"] == pytest.approx(-0.588, abs=0.001)
    assert [e["standing"] for e in told["evidence"]] == ["answered", "not_served"]
    assert "no language model was asked" in told["analysis"]


def test_a_vendors_words_stand_and_its_figures_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = Scripted("openai", script=[Says(VENDORS)])
    with whole_shop(tmp_path, monkeypatch, [vendor], prices={"openai/*": {"input": 1, "output": 1}}) as shop:
        told = analysed(shop)
        shop.opened.spool.flush()
        deal = shop.database.read(lambda s: s.get(Deal, told["deal_id"]))
        kept = shop.database.read(lambda s: s.get(AiAnalysis, told["analysis_id"]))
        metric = shop.database.read(
            lambda s: s.query(AiMetric).filter_by(generation_id=told["generation_id"]).one()
        )
    assert (told["effective_mode"], told["fallback"], told["analysis"]) == (
        "real",
        False,
        "The price is fair.",
    )
    assert told["confidence"] is None, "nobody calibrated what a vendor says of itself"
    assert told["price"]["fair_price"] == 8500.0
    assert told["cost_usd"] > 0 and float(metric.cost_usd) == pytest.approx(told["cost_usd"])
    assert (str(deal.price), deal.currency, deal.price_unit) == ("8450.00", "INR", "quintal")
    assert (kept.provider, kept.requested_mode, kept.effective_mode) == ("openai", "hybrid", "real")


def test_the_same_deal_is_answered_from_the_cache_for_its_own_organisation_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = Scripted("openai", script=[Says(VENDORS)])
    with whole_shop(tmp_path, monkeypatch, [vendor]) as shop:
        first, second = analysed(shop), analysed(shop)
        stranger = shop.post(PATH, DEAL, headers=shop.somebody()).json()
    assert (first["cache"], second["cache"], stranger["cache"]) == ("miss", "exact", "miss")
    assert second["analysis"] == first["analysis"] and second["cost_usd"] == 0
    assert len(vendor.asked) == 2


def test_a_broken_vendor_is_stood_in_for_and_nothing_of_that_is_cached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = Scripted("openai", script=[Fails(), Says(VENDORS)])
    with whole_shop(tmp_path, monkeypatch, [vendor], **QUICK) as shop:
        told, again = analysed(shop), analysed(shop)
    assert (told["effective_mode"], told["fallback"], told["cache"]) == ("mock", True, "miss")
    assert "openai: server_error (500)" in told["fallback_reason"]
    assert (again["effective_mode"], again["fallback"]) == ("real", False)


def test_in_real_the_analyst_never_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = Scripted("openai", script=[Fails()])
    with whole_shop(tmp_path, monkeypatch, [vendor], **QUICK) as shop:
        told = analysed(shop, 502, mode="real")
    assert "openai server_error (500)" in told["error"]
    with whole_shop(tmp_path / "none", monkeypatch) as shop:
        told = analysed(shop, 503, mode="real")
    assert "OPENAI_API_KEY" in told["next"]


def test_when_even_the_analyst_fails_the_answer_of_last_resort_carries_no_confidence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: Any) -> Any:
        raise ProviderError("mock", "not_able", "out of order")

    monkeypatch.setattr("mandi.llm.mock.analyst.Analyst.complete", fails)
    with whole_shop(tmp_path, monkeypatch) as shop:
        told = analysed(shop)
    assert told["analysis"] == "Fallback analysis due to AI service unavailability"
    assert told["recommendations"] == ["Manual review required"]
    assert told["confidence"] is None and told["degraded"] and told["fallback"]
    assert told["meta"]["ai_mode_used"] == "fallback"
    assert told["meta"]["error"] == "AI service temporarily unavailable"


def test_an_unsure_student_hands_the_deal_to_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    student = Scripted("student", kind="student", script=[Says(VENDORS, confidence=0.2)])
    with whole_shop(tmp_path, monkeypatch, [student]) as shop:
        told = analysed(shop, 202)
        ticket = shop.client.get(f"/api/v1/ai/queue/{told['ticket_id']}").json()
        kept = shop.database.read(lambda s: s.get(Escalation, told["ticket_id"]))
    assert told["status"] == ticket["status"] == "waiting" and "0.2" in told["reason"]
    assert kept.context["deal"]["commodity"] == "cotton" and kept.student_confidence == 0.2


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"quantity": 0}, "quantity"), ({"price": "dear"}, "price"), ({"currency": "EUR"}, "currency"), ({"mode": "best"}, "mode"),
        ({"colour": "white"}, "colour"), ({"quantity_unit": "sacks"}, "quantity_unit"), ({"asof": "2025-01-01"}, "asof"),
        ({"delivery_from": "soon"}, "delivery_from"), ({"terms": "x" * 5000}, "terms"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any], field: str
) -> None:
    with whole_shop(tmp_path, monkeypatch) as shop:
        assert analysed(shop, 400, **changed)["field"] == field
