"""The learned reward finds who was right without being told, knows its raters, and is the same again."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from calls_by_hand import answer, answers, crowd, opinion, pairs, said

from mandi.core.errors import DataNotFound, NotFitted, TooLittleData
from mandi.feedback.reward.formula import rewards
from mandi.feedback.reward.measured import by_confidence, figures_of, mean_rating, verdicts, worst
from mandi.feedback.reward.opinions import opinions
from mandi.feedback.reward.right_model import RightModel
from mandi.feedback.reward.signals import signals


def _learned(seed: int = 0) -> tuple[RightModel, pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.Series]:
    given, told, judged, right = crowd(seed=seed)
    evidence = signals(given, opinions(given, told), judged)
    model = RightModel().fit(given, told, evidence, rewards(evidence))
    return model, given, told, evidence, pd.Series(right, index=given["generation_id"])


def test_it_is_better_than_the_mean_rating_and_calibrated() -> None:
    model, given, told, evidence, right = _learned()
    nobody_vouched = right[evidence["verdict"].isna().to_numpy()]
    found = figures_of(model.predict(given, told, evidence), nobody_vouched)
    plain = figures_of(mean_rating(evidence), nobody_vouched)
    assert found["auc"] > plain["auc"] + 0.05
    assert found["brier"] < plain["brier"]
    assert found["ece"] < plain["ece"]


def test_a_random_rater_is_worth_less_than_a_fair_one() -> None:
    worth = _learned()[0].raters().set_index("rater")["worth"]
    assert worth["random"] < worth["fair"] and worth["lenient"] < worth["strict"]


def test_the_order_of_opinions_does_not_matter() -> None:
    model, given, told, evidence, _ = _learned()
    mixed = told.sample(frac=1.0, random_state=1)
    again = RightModel().fit(given, mixed, evidence, rewards(evidence)).predict(given, mixed, evidence)
    np.testing.assert_allclose(again, model.predict(given, told, evidence), atol=1e-9)


def test_what_is_saved_says_the_same(tmp_path: Path) -> None:
    model, given, told, evidence, _ = _learned()
    model.save(tmp_path)
    first = (tmp_path / "right.json").read_bytes()
    np.testing.assert_allclose(
        RightModel.load(tmp_path).predict(given, told, evidence),
        model.predict(given, told, evidence),
        atol=1e-12,
    )
    _learned()[0].save(tmp_path)
    assert (tmp_path / "right.json").read_bytes() == first


def test_too_few_opinions_and_nothing_learned_are_refused(tmp_path: Path) -> None:
    given, told = answers(answer(1)), said(opinion(1, 1, rating=5))
    evidence = signals(given, opinions(given, told), pairs())
    with pytest.raises(TooLittleData, match="1 answers"):
        RightModel().fit(given, told, evidence, rewards(evidence))
    with pytest.raises(NotFitted):
        RightModel().predict(given, told, evidence)
    with pytest.raises(DataNotFound):
        RightModel.load(tmp_path)


def test_failure_cases_are_those_furthest_off() -> None:
    model, given, told, evidence, right = _learned()
    score = model.predict(given, told, evidence)
    labelled = given.assign(rating=np.nan, reward=0.5, right=score.to_numpy())
    found = worst(labelled, right, 5)
    assert len(found) == 5 and found["off_by"].is_monotonic_decreasing
    assert found["off_by"].iloc[0] == pytest.approx((score - right.astype(float)).abs().max(), abs=1e-6)
    assert by_confidence(score, right)["rows"].sum() == len(given)
    assert verdicts(evidence).index.isin(given["generation_id"]).all()


def test_figures_of_one_kind_of_answers_are_only_counted() -> None:
    ids = [f"g{k}" for k in range(30)]
    assert figures_of(pd.Series(0.5, ids), pd.Series(True, ids)) == {"rows": 30.0}
