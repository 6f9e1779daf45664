"""Figures of live predictions: right terms, intervals that hold what they promise, bounds for what is missing."""

from __future__ import annotations

import numpy as np
import pytest

from mandi.core.errors import ContractError
from mandi.evaluation.live import Judged, fits, live_figures, loss, terms

QUALITY = {"grade": "A", "probabilities": {"A": 0.7, "B": 0.3}, "grade_set": ["A"], "abstained": False}


def price(predicted: float, half: float = 10.0) -> dict[str, float]:
    return {
        "predicted": predicted, "low95": predicted - half, "high95": predicted + half,
        "low90": predicted - half / 2, "high90": predicted + half / 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("model", "answer", "good", "bad"),
    [
        ("price", {}, 1.0, True), ("price", {}, 4300.0, 0.0), ("price", {}, 4300, float("nan")), ("demand", {}, 0.0, "much"),
        ("fraud", {}, False, 1.0), ("quality", QUALITY, "B", "C"), ("quality", QUALITY, "A", True),
        ("matching", {"offers": ["a1"]}, "a1", "a2"), ("matching", {"offers": []}, "none", 1.0),
    ],
)  # fmt: skip
def test_an_outcome_fits_its_model(model: str, answer: dict[str, object], good: object, bad: object) -> None:
    assert fits(model, answer, good) is None  # type: ignore[arg-type]
    assert fits(model, answer, bad)  # type: ignore[arg-type]


def test_terms_by_hand() -> None:
    assert terms("quality", QUALITY, "B") == pytest.approx(
        {"accuracy": 0.0, "brier": (0.49 + 0.49) / 2, "coverage_set": 0.0}
    )
    assert terms("fraud", {"score": 1.0, "flagged": False}, True) == {"brier": 0.0, "recall": 0.0}
    assert terms("matching", {"offers": ["a", "b"]}, "b") == {"first_taken": 0.0, "reciprocal_rank": 0.5}
    assert terms("matching", {"offers": ["a"]}, "none") == {}
    assert loss("quality", QUALITY, "A") == pytest.approx(0.09)


def test_an_unknown_model_is_an_error() -> None:
    with pytest.raises(ContractError):
        terms("weather", {}, 1.0)
    with pytest.raises(ContractError):
        fits("weather", {}, 1.0)


@pytest.mark.parametrize("shared", [0.0, 1.0])
def test_intervals_hold_the_truth_as_often_as_they_say_also_when_days_have_surprises(shared: float) -> None:
    rng, held, inside = np.random.default_rng(5), 0, 0
    for _ in range(400):
        rows = []
        for day in range(20):
            surprise = shared * rng.normal(0, 10)
            rows += [Judged(price(100.0), 100.0 + surprise + rng.normal(0, 10), str(day)) for _ in range(10)]
        figures = {figure.name: figure for figure in live_figures("price", rows)}
        low, high = figures["bias"].low, figures["bias"].high
        assert low is not None and high is not None
        held += low <= 0.0 <= high
        spread = 10.0 * np.sqrt(1 + shared**2)
        truth = 1 - 2 * 0.15865525 if shared == 0 else 2 * 0.76024994 - 1  # P(|z| < 10 / spread)
        assert spread in (10.0, pytest.approx(14.142, abs=1e-3))
        cover = figures["coverage95"]
        assert cover.low is not None and cover.high is not None
        inside += cover.low <= truth <= cover.high
    assert 0.92 <= held / 400 <= 0.98
    assert inside / 400 >= 0.92


def test_one_day_says_nothing_of_other_days() -> None:
    figures = {f.name: f for f in live_figures("price", [Judged(price(100.0), 101.0, "d")] * 50)}
    assert figures["mae"].low is None and figures["mae"].value == 1.0
    low, high = figures["coverage95"].low, figures["coverage95"].high
    assert low is not None and high is not None and high - low > 0.5


def test_what_is_missing_widens_the_bounds_and_not_the_figure() -> None:
    rows = [Judged(price(100.0), 100.0 + 20 * (i == 0), str(i)) for i in range(10)]
    cover = next(f for f in live_figures("price", rows, missing=10) if f.name == "coverage95")
    assert (cover.value, cover.least, cover.most) == (0.9, pytest.approx(0.45), pytest.approx(0.95))
    assert next(f for f in live_figures("price", rows, missing=10) if f.name == "mae").least is None
