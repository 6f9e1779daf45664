"""Replays against a known truth: full outcomes, one outcome with its propensity, records that grow along the way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mandi.core.errors import ContractError, UnknownValue
from mandi.llm.routing.complexity import Complexity
from mandi.llm.routing.confidence import Confidence
from mandi.llm.routing.performance import Performance
from mandi.llm.routing.replay import Always, outcomes, replay, replay_curve
from mandi.llm.routing.replay_log import log_of
from mandi.llm.routing.simple import Simple

QUALITY = {"student": 0.55, "gemini": 0.80, "openai": 0.92}
COST = {"student": 0.0, "gemini": 0.0004, "openai": 0.002}


def _world(count: int, seed: int) -> list[dict[str, Any]]:
    """Questions whose student is right as often as it says, and teachers that are right at a fixed rate."""
    draw = np.random.default_rng(seed)
    rows = []
    for k in range(count):
        sure = round(float(draw.random()), 4)
        right = {
            "student": draw.random() < sure,
            "gemini": draw.random() < 0.80,
            "openai": draw.random() < 0.92,
        }
        rows.append(
            {
                "prompt": f"price of tur on day {k}", "conversation_id": k // 2, "student_confidence": sure,
                "outcomes": {n: {"quality": float(v), "cost_usd": COST[n]} for n, v in right.items()},
            }
        )  # fmt: skip
    return rows


def _logged(rows: list[dict[str, Any]], seed: int, shares: dict[str, float]) -> list[dict[str, Any]]:
    """The same questions, each answered by one provider drawn with known probabilities."""
    draw = np.random.default_rng(seed)
    names = list(shares)
    kept = []
    for row in rows:
        name = names[int(draw.choice(len(names), p=list(shares.values())))]
        seen = row["outcomes"][name]
        plain = {k: v for k, v in row.items() if k != "outcomes"}
        kept.append({**plain, "provider": name, "propensity": shares[name], **seen})
    return kept


def test_full_outcomes_give_the_exact_mean() -> None:
    rows = _world(600, 1)
    found = replay(Confidence(), log_of(rows), draws=200)
    truth, cost = [], []
    for row in rows:
        if row["student_confidence"] >= 0.75:
            truth.append(row["outcomes"]["student"]["quality"])
            cost.append(0.0)
        elif row["student_confidence"] >= 0.40:
            truth.append(row["outcomes"]["gemini"]["quality"])
            cost.append(COST["gemini"])
    assert found.estimator == "full" and found.answered == len(truth) and found.rows == 600
    assert found.quality == pytest.approx(np.mean(truth)) and found.cost_usd == pytest.approx(np.mean(cost))
    assert found.quality_low < found.quality < found.quality_high
    assert sum(found.routes.values()) == 600 and found.routes["human"] == 600 - len(truth)
    assert found.providers.keys() == {"student", "gemini"}


@pytest.mark.parametrize("estimator", ["inverse_propensity", "doubly_robust"])
@pytest.mark.parametrize("policy", [Simple(), Confidence(), Always("openai")])
def test_one_outcome_a_row_is_unbiased(estimator: Any, policy: Any) -> None:
    shares = {"student": 0.2, "gemini": 0.6, "openai": 0.2}
    errors = []
    for seed in range(20):
        rows = _world(200, 100 + seed)
        truth = replay(policy, log_of(rows), draws=2).quality
        log = log_of(_logged(rows, seed, shares), {"student": "student"})
        # the favourite is the first teacher of the log: keep the order of the world
        log = type(log)(log.rows, {n: log.kinds[n] for n in QUALITY})
        errors.append(replay(policy, log, estimator=estimator, draws=2).quality - truth)
    spread = float(np.std(errors) / np.sqrt(len(errors)))
    assert abs(np.mean(errors)) < 3 * spread
    assert spread < 0.05


def test_the_naive_mean_of_a_confounded_log_is_wrong_where_the_replay_is_right() -> None:
    """Hard questions were sent to the strong one more often, so its raw mean is too low."""
    draw = np.random.default_rng(5)
    rows, naive, truth = [], [], []
    for k in range(6000):
        hard = draw.random() < 0.5
        quality = {
            "local": float(draw.random() < (0.3 if hard else 0.9)),
            "openai": float(draw.random() < (0.7 if hard else 1.0)),
        }
        share = 0.9 if hard else 0.1
        name = "openai" if draw.random() < share else "local"
        rows.append({"prompt": f"question {k}", "provider": name, "quality": quality[name],
                     "propensity": share if name == "openai" else 1 - share})  # fmt: skip
        truth.append(quality["openai"])
        if name == "openai":
            naive.append(quality["openai"])
    found = replay(Always("openai"), log_of(rows), draws=200)
    assert found.estimator == "doubly_robust"
    assert abs(np.mean(naive) - np.mean(truth)) > 0.08
    assert (
        abs(found.quality - np.mean(truth)) < 0.03 and found.quality_low < np.mean(truth) < found.quality_high
    )
    assert found.support == len(naive)


def test_costs_of_the_row_do_not_tell_the_policy_who_was_asked() -> None:
    rows = [{"prompt": "price?", "provider": n, "quality": 1, "cost_usd": c, "propensity": 0.5}
            for n, c in (("gemini", 0.001), ("openai", 0.002)) for _ in range(20)]  # fmt: skip
    found = replay(Complexity(), log_of(rows), draws=10)
    assert found.providers == {"gemini": 40}


def test_records_grow_and_the_better_provider_takes_over() -> None:
    draw = np.random.default_rng(2)
    rows = [{"prompt": f"q {k}", "outcomes": {"gemini": {"quality": float(draw.random() < 0.5)}, "openai": {"quality": float(draw.random() < 0.95)}}}
            for k in range(1500)]  # fmt: skip
    with_exploration = replay(Performance(explore=0.1), log_of(rows), draws=10)
    assert with_exploration.providers["openai"] > 800
    without = replay(Performance(explore=0.0), log_of(rows), draws=10)
    assert without.providers == {"gemini": 1500}  # nobody ever learns that the other one is better
    assert with_exploration.quality > without.quality + 0.1


def test_everything_escalated_is_no_quality() -> None:
    rows = [
        {
            "prompt": "q",
            "student_confidence": 0.1,
            "outcomes": {"student": {"quality": 1}, "gemini": {"quality": 1}},
        }
    ]
    found = replay(Confidence(), log_of(rows))
    assert found.answered == 0 and np.isnan(found.quality) and found.routes == {"human": 1}


def test_logs_that_cannot_be_replayed() -> None:
    one = {"prompt": "q", "provider": "gemini", "quality": 1}
    both = {"prompt": "q", "outcomes": {"gemini": {"quality": 1}, "openai": {"quality": 0}}}
    with pytest.raises(ContractError, match="propensity None"):
        replay(Simple(), log_of([one, both]))
    with pytest.raises(ContractError, match="row 1"):
        outcomes(log_of([{**one, "propensity": 0.5}, both]), "full")


def test_curves_of_policies_with_a_score() -> None:
    log = log_of(_world(800, 3))
    found = replay_curve("confidence", log, draws=50)
    assert found.apgr > 0.6 and found.weak < found.strong
    assert replay_curve("complexity", log, draws=10).apgr == pytest.approx(0.5, abs=0.25)
    assert replay_curve("confidence", log, strong="gemini", draws=5).strong == pytest.approx(0.8, abs=0.05)
    with pytest.raises(UnknownValue, match="no score"):
        replay_curve("performance", log)
    with pytest.raises(UnknownValue, match="mistral"):
        replay_curve("confidence", log, weak="mistral")


def test_the_curve_of_a_log_with_one_outcome_a_row_is_near_the_full_one() -> None:
    rows = _world(6000, 4)
    full = replay_curve("confidence", log_of(rows), weak="student", strong="openai", draws=2)
    logged = log_of(_logged(rows, 9, {"student": 0.4, "gemini": 0.2, "openai": 0.4}))
    partial = replay_curve("confidence", logged, weak="student", strong="openai", draws=2)
    assert partial.apgr == pytest.approx(full.apgr, abs=0.08)
