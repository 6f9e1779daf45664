"""The examiner of rankings: both candidate sets, baselines beside, an honest count of what is not served."""

from __future__ import annotations

import math
from typing import Any, Self

import numpy as np
import pandas as pd
import pytest

from mandi.evaluation.examiner import examiner_for
from mandi.evaluation.ranking.ranking_controls import shuffled_choices
from mandi.evaluation.ranking.ranking_examiner import RankingExaminer
from mandi.features.matching import MatchingFeatureParams, MatchingFeatures

from ...models.trade_tables import trade_tables

PARAMS = {"evaluation": {"ranking": {"least_shown": 4}, "bootstrap_draws": 50, "seed": 1}}


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    tables, features = trade_tables(), MatchingFeatures(MatchingFeatureParams())
    history = features.history(tables)
    return features.assemble(features.questions(tables, history), history)


@pytest.fixture(scope="module")
def examiner() -> RankingExaminer:
    made = examiner_for("ranking", PARAMS, "matching")
    assert isinstance(made, RankingExaminer)
    return made


def scored(frame: pd.DataFrame, score: Any) -> pd.DataFrame:
    values = np.where(frame["feasible"] > 0, score, 0.0)
    return pd.DataFrame({"match_score": values, "price_points": 5.0, "rule_score": 50.0}, index=frame.index)


def judged(examiner: RankingExaminer, frame: pd.DataFrame, score: Any, truth: Any = None) -> Any:
    beside = examiner.beside(frame, {}, {"rule": frame["price_saved"]})
    return examiner.examine(scored(frame, score), frame, beside, truth)


def test_who_knows_the_deals_serves_every_want(examiner: RankingExaminer, frame: pd.DataFrame) -> None:
    found = judged(examiner, frame, 0.1 + 0.8 * (frame["label"].fillna(0) > 0)).metrics
    assert found["feasible_at_1"] == found["feasible_at_10"] == 1.0
    # a deal that violates a constraint is never returned: its want is not served among the open offers
    taken = frame[frame["label"] > 0].set_index("requirement_id")["feasible"] > 0
    assert 0.5 < taken.mean() < 1.0
    assert found["open.top1"] == found["open.mrr"] == found["open.ndcg10"] == pytest.approx(taken.mean())
    shown = frame[frame["label"].notna()].groupby("requirement_id").size()
    assert found["shown.top1"] == pytest.approx(taken[shown.index[shown >= 4]].mean())


def test_a_blind_order_serves_what_chance_does(examiner: RankingExaminer, frame: pd.DataFrame) -> None:
    rng = np.random.default_rng(0)
    shares = [judged(examiner, frame, rng.uniform(0.1, 0.9, len(frame))).metrics for _ in range(25)]
    for name in ("open", "shown"):
        mean = np.mean([s[f"{name}.top5"] for s in shares])
        assert mean == pytest.approx(shares[0][f"{name}.chance.top5"], abs=0.03)


def test_candidates_are_counted_as_named(examiner: RankingExaminer, frame: pd.DataFrame) -> None:
    found = judged(examiner, frame, frame["price_saved"]).metrics
    open_to = frame[frame["feasible"] > 0].groupby("requirement_id").size()
    assert found["open.candidates"] == pytest.approx(open_to.mean(), rel=0.05)
    shown = frame[frame["label"].notna()].groupby("requirement_id").size()
    assert found["shown.candidates"] == pytest.approx(shown[shown >= 4].mean())
    assert found["shown.wants"] == (shown >= 4).sum()


def test_baselines_stand_beside_with_their_gain(examiner: RankingExaminer, frame: pd.DataFrame) -> None:
    found = judged(examiner, frame, frame["price_saved"])
    for name in ("cheapest", "popular_seller", "rule"):
        gain = found.metrics["open.top5"] - found.metrics[f"open.{name}.top5"]
        assert found.metrics[f"open.{name}.gain"] == pytest.approx(gain)
    assert found.metrics["open.rule.gain"] == 0.0
    table = found.tables["Among offers the buyer was shown"]
    assert table["scored by"].tolist() == ["model", "cheapest", "popular seller", "rule", "chance"]


def test_with_the_truth_the_ceiling_stands_beside(examiner: RankingExaminer, frame: pd.DataFrame) -> None:
    shown = frame[frame["label"].notna()]
    utility = shown[["requirement_id", "availability_id"]].assign(utility=shown["label"])
    found = judged(examiner, frame, frame["price_saved"], {"frames": {"matching": utility}}).metrics
    assert found["shown.ceiling.top1"] == 1.0
    without = judged(examiner, frame, frame["price_saved"]).metrics
    assert "shown.ceiling.top1" not in without


def test_notes_say_what_was_counted(examiner: RankingExaminer, frame: pd.DataFrame) -> None:
    notes = " ".join(judged(examiner, frame, frame["price_saved"]).notes)
    for word in ("open:", "shown:", "drawn blindly", "shown 4 or more"):
        assert word in notes


def test_the_standing_is_of_the_main_figure(examiner: RankingExaminer, frame: pd.DataFrame) -> None:
    found = judged(examiner, frame, frame["price_saved"])
    assert examiner.standing(found.metrics).main == f"open.top5 {found.metrics['open.top5']:.3f}"


def test_other_answers_make_another_fingerprint(examiner: RankingExaminer, frame: pd.DataFrame) -> None:
    one = judged(examiner, frame, frame["price_saved"]).metrics["test.fingerprint"]
    again = judged(examiner, frame.sample(frac=1.0, random_state=0), 0.5).metrics["test.fingerprint"]
    turned = judged(examiner, frame.assign(label=1 - frame["label"]), 0.5).metrics["test.fingerprint"]
    assert one == again != turned


class Learner:
    """States the share of deals of training for each offer; or, having looked, the truth."""

    def __init__(self, knows: pd.Series | None = None) -> None:
        self.knows, self.share = knows, 0.0

    def fit(self, frame: pd.DataFrame) -> Self:
        self.share = float(frame["label"].mean())
        return self

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        assert "label" not in frame
        known = np.full(len(frame), self.share)
        if self.knows is not None:
            known = np.where(self.knows.loc[frame.index] > 0, 0.9, 0.01)
        return pd.DataFrame({"match_score": known}, index=frame.index)


def test_the_control_passes_who_learnt_nothing_and_catches_who_knows(frame: pd.DataFrame) -> None:
    honest = shuffled_choices(lambda: Learner(), frame, 3)  # type: ignore[arg-type,return-value]
    assert honest.passed and honest.figures["shuffled_log_loss"] == honest.figures["constant_log_loss"]
    cheat = shuffled_choices(lambda: Learner(frame["label"]), frame, 3)  # type: ignore[arg-type,return-value]
    assert not cheat.passed and cheat.figures["shuffled_top5"] > 0.8
    assert math.isfinite(cheat.figures["chance_top5"])
