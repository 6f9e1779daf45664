"""The matching model: hard constraints first, the best scorer chosen on later wants, scores that are chances."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError, NotFitted
from mandi.features.matching import MatchingFeatures
from mandi.models.matching import MatchingModel, MatchingParams, _shown, columns_of
from mandi.models.ranking.choice_line import ChoiceParams
from mandi.models.ranking.match_rule import PARTS
from mandi.models.ranking.match_scorers import ScorerParams, scorer
from mandi.models.ranking.pair_ranker import LambdarankParams, PairRankerParams
from mandi.models.ranking.two_tower import TwoTowerParams

from .trade_tables import trade_tables

SMALL = MatchingParams(
    scorers=ScorerParams(
        siamese=TwoTowerParams(standardise=False, epochs=2, embedding_dim=8, hidden=16),
        ranker=PairRankerParams(rankers=1, trees=LambdarankParams(n_estimators=20)),
        choice=ChoiceParams(tastes=1, taste_penalty=1.0),
    )
)
LEARNT = ["train", "validation", "calibration"]


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    tables, features = trade_tables(900, 330), MatchingFeatures(SMALL)
    history = features.history(tables)
    return features.assemble(features.questions(tables, history), history)


@pytest.fixture(scope="module")
def fitted(frame: pd.DataFrame) -> MatchingModel:
    return MatchingModel(SMALL).fit(frame[frame["part"].isin(LEARNT)])


@pytest.fixture(scope="module")
def test_rows(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["part"] == "test"]


def test_every_scorer_is_fitted_and_the_best_on_validation_answers(fitted: MatchingModel) -> None:
    assert set(fitted.scorers) == {"rule", "kernels", "siamese", "ranker", "choice"}
    assert set(fitted.tried) == set(SMALL.candidates)
    assert "+".join(fitted.chosen) == max(fitted.tried, key=lambda name: fitted.tried[name])


def test_offers_taken_stand_above_offers_refused(fitted: MatchingModel, test_rows: pd.DataFrame) -> None:
    shown = test_rows[test_rows["label"].notna() & (test_rows["feasible"] > 0)]
    score = fitted.predict(shown)["match_score"]
    best = shown.loc[score.groupby(shown["requirement_id"]).idxmax()]
    blind = 1 / shown.groupby("requirement_id").size()
    assert best["label"].mean() > blind.mean() + 0.3


def test_a_pair_that_violates_a_constraint_scores_nothing(
    fitted: MatchingModel, test_rows: pd.DataFrame
) -> None:
    for name in ("meets_price_ceiling", "meets_delivery_window"):
        bad = test_rows.head(30).assign(**{name: 0.0})
        found = fitted.predict(bad)
        assert (found["match_score"] == 0).all() and (found["feasible"] == 0).all()
        told = fitted.explain(bad)
        np.testing.assert_allclose(told.groupby("index")["effect"].sum(), 0.0, atol=1e-12)
        assert (told.loc[told["feature"] == "hard constraints", "effect"] < 0).all()


def test_scores_are_chances_and_the_rule_sums_to_its_total(
    fitted: MatchingModel, test_rows: pd.DataFrame
) -> None:
    found = fitted.predict(test_rows)
    assert found["match_score"].between(0, 1).all()
    points = found[[f"{part}_points" for part in PARTS]].sum(axis=1)
    np.testing.assert_allclose(points, found["rule_score"], atol=1e-9)
    shown = test_rows["label"].notna() & (test_rows["feasible"] > 0)
    assert abs(found.loc[shown, "match_score"].mean() - test_rows.loc[shown, "label"].mean()) < 0.08


@pytest.mark.parametrize("chosen", [("siamese",), ("ranker", "choice"), ("rule",), ("kernels", "siamese")])
def test_whoever_is_chosen_rows_stand_alone_and_effects_sum(
    fitted: MatchingModel, test_rows: pd.DataFrame, chosen: tuple[str, ...], tmp_path: Path
) -> None:
    fitted.save(tmp_path)
    other = MatchingModel.load(tmp_path)
    other.chosen = chosen
    other.spreads = dict.fromkeys(chosen, 2.0)
    some = test_rows.head(60)
    found = other.predict(some)
    alone = pd.concat([other.predict(some.iloc[[i]]) for i in (0, 13, 59)])
    pd.testing.assert_frame_equal(alone, found.iloc[[0, 13, 59]], check_exact=True)
    told = other.explain(some)
    total = told.groupby("index")["effect"].sum().reindex(some.index)
    np.testing.assert_allclose(total, found["match_score"], atol=1e-9)


def test_baselines_are_the_margins_of_every_scorer(fitted: MatchingModel, test_rows: pd.DataFrame) -> None:
    beside = fitted.baselines(test_rows, 0)
    assert set(beside) == set(SMALL.shown)
    assert all(series.index.equals(test_rows.index) and series.notna().all() for series in beside.values())
    np.testing.assert_allclose(beside["rule"], fitted.predict(test_rows)["rule_score"])


def test_every_scorer_that_is_shown_learnt_from_train_and_validation(
    fitted: MatchingModel, frame: pd.DataFrame, test_rows: pd.DataFrame
) -> None:
    both = frame[frame["part"].isin(["train", "validation"]) & frame["label"].notna()]
    beside = fitted.baselines(test_rows, 0)
    for name in SMALL.shown:
        alone = scorer(name, SMALL.scorers).fit(_shown(both)).margin(columns_of(test_rows))
        np.testing.assert_array_equal(beside[name], alone, err_msg=name)


def test_offers_that_were_not_shown_teach_nothing(fitted: MatchingModel, frame: pd.DataFrame) -> None:
    learnt = frame[frame["part"].isin(LEARNT)]
    without = MatchingModel(SMALL).fit(learnt[learnt["label"].notna()])
    assert without.curve == fitted.curve and without.tried == fitted.tried


def test_saved_and_loaded_it_answers_the_same_without_torch(
    fitted: MatchingModel, test_rows: pd.DataFrame, tmp_path: Path
) -> None:
    fitted.save(tmp_path)
    again = MatchingModel.load(tmp_path)
    pd.testing.assert_frame_equal(again.predict(test_rows), fitted.predict(test_rows), check_exact=True)
    siamese = [m.scorers["siamese"].margin(_columns(test_rows)) for m in (again, fitted)]
    np.testing.assert_array_equal(*siamese)


@pytest.mark.parametrize("name", ["choice.json", "left.onnx", "ranker.json", "matching.json"])
def test_a_changed_file_is_refused(fitted: MatchingModel, tmp_path: Path, name: str) -> None:
    fitted.save(tmp_path)
    file = tmp_path / name
    file.write_bytes(file.read_bytes().replace(b"0", b"1").replace(b'"format": 1', b'"format": 9'))
    with pytest.raises((ContractError, ValueError)):
        MatchingModel.load(tmp_path)


def test_no_want_to_learn_from_is_said(frame: pd.DataFrame) -> None:
    with pytest.raises(ContractError, match="no pair to learn from"):
        MatchingModel(SMALL).fit(frame[frame["part"].isin(LEARNT)].assign(label=0.0))
    with pytest.raises(NotFitted):
        MatchingModel().predict(frame.head(1))
    with pytest.raises(ContractError, match="nobody"):
        scorer("nobody", ScorerParams())


def _columns(frame: pd.DataFrame):  # type: ignore[no-untyped-def]
    from mandi.models.matching import columns_of

    return columns_of(frame)
