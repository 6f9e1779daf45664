"""Evidence from a desk with one toy model: what is asked, what is not, and in which thread."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from mandi.llm.deal import Deal
from mandi.serving.desk import Desk
from mandi.serving.evidence import DeskEvidence, asked, findings_of
from mandi.serving.evidence_example import example_deal
from mandi.serving.evidence_questions import NotAsked, an_id

ASOF = datetime(2024, 6, 1, 6, 0, tzinfo=UTC)


def a_deal(**fields: Any) -> Deal:
    given = {"commodity": "soybean", "quantity": 20.0, "price": 4700.0, "market": "Indore", "asof": ASOF}
    return Deal(**{**given, **fields})


def test_the_one_model_answers_and_the_others_are_not_served(desk: Desk) -> None:
    found = findings_of(desk, a_deal(), ASOF)
    assert found["price"].standing == "answered" and found["price"].version == "3"
    assert found["price"].answer["predicted_price"] == pytest.approx(4600.98, abs=0.01)
    assert {f.standing for name, f in found.items() if name != "price"} == {"not_served"}
    assert found["fraud"].why == "no fraud model is served here"


def test_the_moment_is_that_of_the_deal_else_the_one_given(desk: Desk) -> None:
    assert findings_of(desk, a_deal(asof=None), ASOF)["price"].answer["asof"].startswith("2024-06-01T06:00")
    late = findings_of(desk, a_deal(asof=None), ASOF + timedelta(days=40))["price"]
    assert late.standing == "refused" and "days before the moment asked about" in (late.why or "")
    early = findings_of(desk, a_deal(asof=ASOF - timedelta(days=40)), ASOF)["price"]
    assert early.standing == "refused" and "before the history served here" in (early.why or "")


def test_the_price_of_the_deal_is_told_even_without_a_fair_price(desk: Desk) -> None:
    refused = findings_of(desk, a_deal(market="Nowhere", price=47.0, price_unit="kg"), ASOF)["price"]
    assert refused.standing == "refused" and refused.answer == {"deal_price": pytest.approx(4700.0)}
    abroad = findings_of(desk, a_deal(price=57.5, currency="USD"), ASOF)["price"]
    assert abroad.standing == "answered" and abroad.answer["deal_price"] is None  # this history knows no rate
    agreed = findings_of(desk, a_deal(price=57.5, currency="USD", usd_inr=80.0), ASOF)["price"]
    assert agreed.answer["deal_price"] == pytest.approx(4600.0) and agreed.answer["usd_inr"] == 80.0


def test_a_field_the_model_does_not_know_is_left_out_only_where_it_may_be(desk: Desk) -> None:
    graded = findings_of(desk, a_deal(quality={"grade": "Z"}), ASOF)["price"]
    assert graded.standing == "answered"
    assert any(
        note.startswith('no grade "Z"') and note.endswith("left out") for note in graded.answer["notes"]
    )


def test_a_deal_that_breaks_the_contract_of_a_model_is_refused_by_its_field(desk: Desk) -> None:
    def broken() -> NotAsked:
        return Deal.model_validate({"commodity": "soybean", "quantity": -1.0, "price": 1.0})  # type: ignore[return-value]

    found = asked(desk, "price", broken, ASOF)
    assert (
        found.standing == "refused"
        and (found.why or "").startswith("quantity:")
        and "-1" not in (found.why or "")
    )


def test_the_desk_is_asked_in_a_worker_thread_when_its_turn_comes(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []
    price = desk.price

    def seen(*args: Any, **named: Any) -> Any:
        threads.append(threading.get_ident())
        return price(*args, **named)

    monkeypatch.setattr(desk, "price", seen)

    async def ask() -> None:
        limiter, gate, entered = CapacityLimiter(1), threading.Event(), threading.Event()

        def occupy() -> None:
            entered.set()
            gate.wait(10)

        busy = asyncio.create_task(run_sync(occupy, limiter=limiter))
        while not entered.is_set():
            await asyncio.sleep(0.001)
        waiting = asyncio.create_task(DeskEvidence(desk, limiter).about(a_deal(), ASOF))
        await asyncio.sleep(0.05)
        assert not waiting.done() and not threads  # the loop lives, the desk is another's
        gate.set()
        await busy
        assert (await waiting)["price"].standing == "answered"

    asyncio.run(ask())
    assert threads and threads[0] != threading.get_ident()


def test_a_text_is_answered_for_what_it_names(desk: Desk) -> None:
    async def ask(text: str, now: datetime) -> dict[str, Any]:
        return dict(await DeskEvidence(desk, CapacityLimiter(1)).about_text(text, now))

    found = asyncio.run(ask("soybean in Indore next week", ASOF))
    assert found["price"].answer["horizon_days"] == 7 and found["price"].answer["market"] == "Indore"
    assert found["demand"].standing == "not_served" and found["demand"].answer["asked"]["days"] == 7
    closed = asyncio.run(ask("soybean in Indore on 2024-05-31", ASOF))["price"]
    assert closed.standing == "answered" and closed.answer["target_day"] == "2024-05-31"
    assert "stale" not in found["price"].answer["asked"]
    old = asyncio.run(ask("soybean in Indore", ASOF + timedelta(days=400)))
    assert old["price"].standing == "refused" and old["price"].answer["asked"]["first_day"] == "2024-06-01"
    assert asyncio.run(ask("how are you?", ASOF)) == {}
    nobody = asyncio.run(DeskEvidence(None, CapacityLimiter(1)).about_text("soybean", ASOF))
    assert nobody == {}


def test_the_example_of_one_model_is_answered_by_it(desk: Desk) -> None:
    deal = example_deal(desk)
    assert deal is not None and deal.asof is not None
    assert findings_of(desk, deal, datetime(2030, 1, 1, tzinfo=UTC))["price"].standing == "answered"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (" S0009 ", "S0009"),
        ("B-1/x", "B-1/x"),
        ("Sharma Traders", None),
        ("x" * 65, None),
        ("", None),
        (None, None),
        ("-a", None),
    ],
)
def test_a_sentence_is_no_id(text: str | None, found: str | None) -> None:
    assert an_id(text) == found
