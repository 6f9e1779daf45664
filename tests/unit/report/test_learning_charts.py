"""Charts of the learning loop: what they say of known answers, and that they refuse what they cannot draw."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError
from mandi.report import learning_charts, learning_gain
from mandi.report.learning_curve import alone, answered_curve

BINS = pd.DataFrame(
    {
        "confidence": [0.2, 0.8],
        "accuracy": [0.25, 0.75],
        "low": [0.1, 0.6],
        "high": [0.4, 0.9],
        "rows": [20, 80],
    }
)


def asked(skill: float, n: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    chance = rng.beta(skill, 1.2, n)
    return pd.DataFrame(
        {
            "confidence": chance, "right": rng.random(n) < chance, "cluster": np.arange(n) // 2,
            "answer": np.where(chance > 0.1, "yes", None),
        }
    )  # fmt: skip


def texts(figure: learning_charts.Chart) -> str:
    return "\n".join(text.get_text() for axes in figure.axes for text in axes.texts)


def test_the_curve_is_the_accuracy_of_the_surest() -> None:
    answers = asked(2.0)
    curve = answered_curve(answers, draws=50)
    given = answers["answer"].notna()
    assert curve["share"].iloc[-1] == pytest.approx(given.mean())
    assert curve["accuracy"].iloc[-1] == pytest.approx(answers.loc[given, "right"].mean(), abs=0.01)
    assert (curve["low"] <= curve["accuracy"]).all() and (curve["accuracy"] <= curve["high"]).all()
    assert curve["confidence"].is_monotonic_decreasing
    assert curve.equals(answered_curve(answers, draws=50))


def test_the_band_is_wider_when_whole_clusters_are_drawn() -> None:
    same = pd.DataFrame(
        {"confidence": np.repeat(np.linspace(1, 0.5, 40), 10), "right": np.repeat(np.arange(40) % 2 == 0, 10),
         "cluster": np.repeat(np.arange(40), 10), "answer": "yes"}
    )  # fmt: skip
    each = same.assign(cluster=range(400))
    whole, single = (answered_curve(frame)["high"].iloc[-1] for frame in (same, each))
    assert whole - 0.5 > 2 * (single - 0.5)


def test_a_student_without_answers_has_no_curve() -> None:
    silent = asked(2.0).assign(answer=None)
    assert answered_curve(silent).empty and alone(silent, 0.5)[0] == 0.0


def test_the_gain_says_how_many_more_questions_reach_the_accuracy() -> None:
    before, after = asked(1.5), asked(4.0)
    curves = {"before": answered_curve(before, draws=20), "shuffled": answered_curve(before, draws=20),
              "after": answered_curve(after, draws=20)}  # fmt: skip
    points = {"before": (*alone(before, 0.75), 0.75), "after": (*alone(after, 0.7), 0.7)}
    figure = learning_gain.gain(curves, points, "Gain", target=0.9)
    reach = [
        curve.loc[curve["accuracy"] >= 0.9, "share"].max() for curve in (curves["before"], curves["after"])
    ]
    assert f"{100 * (reach[1] - reach[0]):+.0f} points of questions at 90% right" in texts(figure)
    assert "threshold 0.70" in texts(figure) and "asked for: 90%" in texts(figure)
    assert figure.png()[:4] == b"\x89PNG" and figure.alt == "Gain"


def test_gains_that_include_none_are_grey() -> None:
    rows = pd.DataFrame(
        {"part": ["all", "chat", "shuffled"], "rows": [9, 9, 9], "gain": [0.1, 0.0, -0.1],
         "gain_low": [0.05, -0.05, -0.15], "gain_high": [0.15, 0.05, -0.05]}
    )  # fmt: skip
    axes = learning_charts.differences(rows, "Gains").axes[0]
    colours = [line.get_color() for line in axes.lines if line.get_marker() == "o"]
    assert colours == [learning_charts.FLOOR, learning_charts.NAIVE, learning_charts.WORST]


def test_the_other_charts_draw_and_refuse() -> None:
    weeks = pd.DataFrame({"week": pd.date_range("2026-01-05", periods=3, freq="7D", tz="UTC")})
    for name in ("reward", "right"):
        weeks = weeks.assign(**{name: 0.5, f"{name}_low": 0.4, f"{name}_high": 0.6})
    parts = pd.DataFrame(
        {
            "part": ["train"] * 4 + ["test"],
            "asked_at": pd.date_range("2026-01-01", periods=5, freq="9D", tz="UTC"),
        }
    )
    band = pd.DataFrame(
        {"band": ["high"], "share": [1.0], "student": [1.0], "teacher": [0.0], "human": [0.0], "mock": [0.0]}
    )
    drawn = [
        learning_charts.reliability({"before": BINS, "after": BINS}, "Reliability"),
        learning_charts.weekly(weeks, "Weeks"),
        learning_charts.bars(
            pd.DataFrame({"kind": ["pan"], "n": [3]}), "kind", "n", "Found", "answers", rest=2
        ),
        learning_charts.parts_in_time(parts, "Parts"),
        learning_charts.who_answers({"now": band}, "Who"),
    ]
    assert all(figure.png()[:4] == b"\x89PNG" for figure in drawn)
    bars = [patch.get_height() for patch in drawn[3].axes[0].patches]
    assert sum(bars) == 5
    with pytest.raises(ContractError, match="asked_at"):
        learning_charts.parts_in_time(parts.drop(columns="asked_at"), "Parts")
    with pytest.raises(ContractError, match="gain_low"):
        learning_charts.differences(pd.DataFrame({"part": [], "rows": [], "gain": []}), "Gains")
