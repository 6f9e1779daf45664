"""Every counter answers its example when the desk is opened, and one that cannot takes nobody down."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from mandi.serving.contracts import PriceRow
from mandi.serving.counters.price import PriceCounter
from mandi.serving.desk import Desk
from mandi.serving.house import ClosedGate, House
from mandi.serving.opening import open_desk
from mandi.serving.problems import BadRow
from mandi.serving.rollouts.beside import Here
from mandi.serving.rollouts.live import Rollouts
from mandi.serving.warming import warm

KNOWN = pd.Timestamp("2024-05-31T18:30:00Z").to_pydatetime()
NOW = KNOWN + timedelta(hours=12)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, bool]]:
    """Rows and whether to explain, of every question to the price counter."""
    seen: list[tuple[int, bool]] = []
    answer = PriceCounter.answer

    def noted(self: PriceCounter, rows: Any, now: Any, explain: bool) -> Any:
        seen.append((len(rows), explain))
        return answer(self, rows, now, explain)

    monkeypatch.setattr(PriceCounter, "answer", noted)
    return seen


def test_the_desk_of_the_service_has_answered_its_example_once(
    folder: Path, asked: list[tuple[int, bool]]
) -> None:
    asked.clear()  # packaging answers it too
    house = House(gate=ClosedGate(), now=lambda: NOW)
    open_desk(house, folder)
    assert house.desk is not None
    assert asked == [(1, False)]


def test_a_challenger_has_answered_before_it_is_compared(folder: Path, asked: list[tuple[int, bool]]) -> None:
    asked.clear()
    rollouts = Rollouts(None, folder, {"price": "3"}, SimpleNamespace(), lambda: NOW)  # type: ignore[arg-type]
    assert rollouts._opened("price").champions["price"].version == "3"
    assert asked == [(1, False)]


def test_in_the_shadow_the_question_is_never_the_first(folder: Path, asked: list[tuple[int, bool]]) -> None:
    asked.clear()
    here = Here(folder)
    for _ in range(2):
        here.ask("price", "champion", [PriceRow(commodity_id="soybean", market="Indore")], NOW)
    assert len(asked) == 3  # the example, and what was asked twice; there is no challenger here


@pytest.mark.parametrize("error", [BadRow("market", "no such market"), ValueError("a bug")])
def test_who_cannot_answer_its_example_is_served_and_the_log_says_so(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr(PriceCounter, "answer", broken)
    with caplog.at_level(logging.WARNING, "mandi.serving"):
        assert "price" in warm(desk, NOW).counters
    assert "the example of price is not answered" in caplog.text


def test_who_has_no_example_is_not_asked(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, asked: list[tuple[int, bool]]
) -> None:
    asked.clear()
    monkeypatch.setattr(PriceCounter, "about", lambda self: {"example": None})
    warm(desk, NOW)
    assert asked == []
