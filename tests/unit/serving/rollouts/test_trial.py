"""The trial as a pure state: stages in their order, stopped when worse, slower or no better, and kept as JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from mandi.core.errors import ConfigError
from mandi.serving.rollouts.trial import Pair, Rules, Trial

BEGUN = datetime(2026, 3, 4, tzinfo=UTC)
QUICK = Rules(hours=24.0, least_pairs=10, burn_in=5)
GOOD = [Pair(10.0, 1.0), Pair(12.0, 2.0)] * 5


def days_later(days: float) -> datetime:
    return BEGUN + timedelta(days=days)


def test_stages_come_in_their_order_and_none_before_its_time() -> None:
    trial, seen = Trial.start(BEGUN), []
    for day in range(1, 12):
        trial = trial.after(GOOD, QUICK, days_later(day))
        seen.append((trial.status, trial.share))
    assert seen[:5] == [
        ("staged", 0.10),
        ("staged", 0.25),
        ("staged", 0.50),
        ("staged", 0.80),
        ("promoted", 1.0),
    ]
    assert trial.reason.startswith("better: mean loss 1.5 against 11")


def test_neither_time_alone_nor_outcomes_alone_make_a_stage() -> None:
    few = Trial.start(BEGUN).after(GOOD[:9], QUICK, days_later(9))
    early = Trial.start(BEGUN).after(GOOD * 5, QUICK, days_later(0.9))
    assert (few.status, early.status) == ("shadow", "shadow")
    assert early.after([], QUICK, days_later(1)).status == "staged"


def test_one_that_is_worse_is_stopped_in_any_stage_and_stays_stopped() -> None:
    trial = Trial.start(BEGUN).after(GOOD, QUICK, days_later(1))
    assert trial.share == 0.10
    trial = trial.after([Pair(5.0, 25.0)] * 60, QUICK, days_later(1.5))
    assert (trial.status, trial.share) == ("stopped", 0.0) and trial.reason.startswith("worse")
    assert trial.after(GOOD * 50, QUICK, days_later(9)) == trial


def test_one_that_was_promoted_is_still_watched() -> None:
    trial = Trial.start(BEGUN)
    for day in range(1, 8):
        trial = trial.after(GOOD, QUICK, days_later(day))
    assert trial.status == "promoted"
    assert trial.after([Pair(5.0, 30.0)] * 200, QUICK, days_later(9)).status == "stopped"


def test_one_that_cannot_answer_is_stopped_before_any_outcome_is_known() -> None:
    trial = Trial.start(BEGUN).after([Pair(failed=True)] * 12, QUICK, BEGUN)
    assert trial.status == "stopped" and trial.reason.startswith("worse")
    assert (
        trial.failures == 11
    )  # 1.75 ** 11 / 8, what the boldest bettor makes of its part, is the first over 50


@pytest.mark.parametrize(
    ("ratio", "status"), [(1.0, "shadow"), (1.2, "shadow"), (2.5, "stopped"), (9.0, "stopped")]
)
def test_one_that_is_slower_than_tolerated_is_stopped(ratio: float, status: str) -> None:
    rng = np.random.default_rng(1)
    noise = rng.lognormal(0, 0.2, 300)
    trial = Trial.start(BEGUN).after_times([(2.0, 2.0 * ratio * n) for n in noise], QUICK, BEGUN)
    assert trial.status == status
    assert trial.reason == ("slower than 1.25 times the champion" if status == "stopped" else "")


def test_a_time_that_was_not_measured_says_nothing() -> None:
    trial = Trial.start(BEGUN)
    assert trial.after_times([(0.0, 5.0), (5.0, 0.0)] * 50, QUICK, BEGUN) == trial


def test_one_that_is_no_better_ends_after_the_most_outcomes() -> None:
    rng = np.random.default_rng(2)
    pairs = [Pair(*losses) for losses in rng.exponential(10.0, (400, 2))]
    rules = Rules(hours=0.0, least_pairs=10, most_pairs=300)
    trial = Trial.start(BEGUN).after(pairs, rules, BEGUN)
    assert (trial.status, trial.pairs) == (
        "stopped",
        300,
    ) and trial.reason == "not found better in 300 outcomes"


def test_one_disaster_decides_nothing() -> None:
    pairs = [Pair(10.0, 10.0)] * 30 + [Pair(0.0, 1e9)]
    assert Trial.start(BEGUN).after(pairs, QUICK, BEGUN).status == "shadow"


def test_equal_challengers_are_called_worse_or_better_no_more_often_than_agreed() -> None:
    rules = Rules(hours=0.0, least_pairs=10, level=0.1, most_pairs=400)
    rng, decided = np.random.default_rng(8), 0
    for _ in range(150):
        common, own = rng.exponential(10.0, 400), rng.exponential(3.0, (400, 2))
        pairs = [Pair(c + a, c + b) for c, (a, b) in zip(common, own, strict=True)]
        trial = Trial.start(BEGUN).after(pairs, rules, BEGUN)
        decided += trial.status == "promoted" or trial.reason.startswith("worse")
    assert decided <= 45  # two tests of 0.1: of 150 more than 45 would be seen once in a thousand


def test_a_trial_is_kept_as_json() -> None:
    trial = (
        Trial.start(BEGUN).after(GOOD, QUICK, days_later(1)).after_times([(1.0, 2.0)], QUICK, days_later(1))
    )
    assert Trial.of(json.loads(json.dumps(trial.as_dict()))) == trial
    assert Rules.of(json.loads(json.dumps({"stages": [0.5], "level": 0.1}))) == Rules(
        stages=(0.5,), level=0.1
    )


@pytest.mark.parametrize(
    "wrong",
    [{"stages": ()}, {"stages": (0.5, 0.2)}, {"stages": (0.5, 1.0)}, {"shadow_share": 0.0}, {"level": 1.0}],
)
def test_rules_that_cannot_be_kept_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        Rules(**wrong)  # type: ignore[arg-type]
