"""The fraud model on made-up deals: what it flags, how it is calibrated, and what it refuses."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError
from mandi.features.fraud import COLUMNS
from mandi.models.detection.anomaly_detector import AnomalyParams
from mandi.models.detection.fraud_baselines import baseline_scores
from mandi.models.detection.fraud_cases import CaseParams, Cases
from mandi.models.detection.fraud_fields import PAYMENT
from mandi.models.detection.fraud_threshold import FlagParams
from mandi.models.fraud import FraudModel, FraudParams

from .fraud_frames import FLAT, ODD, SMALL, deals

LEARNT = ["train", "validation", "calibration"]


def _params(**changes: Any) -> FraudParams:
    made = FraudParams(detector=AnomalyParams(**SMALL), flags=FlagParams(false_alarms=0.03))
    return dataclasses.replace(made, **changes)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return deals()


@pytest.fixture(scope="module")
def model(frame: pd.DataFrame) -> FraudModel:
    return FraudModel(_params()).fit(frame[frame["part"].isin(LEARNT)])


def test_fraud_is_flagged_within_the_budget(model: FraudModel, frame: pd.DataFrame) -> None:
    test = frame[frame["part"] == "test"]
    answers = model.predict(test)
    guilty = test["label"] == 1.0
    assert (answers.loc[guilty, "is_fraud"] > 0).mean() > 0.9
    assert (answers.loc[~guilty, "is_fraud"] > 0).mean() < 0.06
    flagged = answers["is_fraud"] > 0
    assert ((answers["fraud_score"] >= answers["threshold"]) == flagged).all()
    assert (answers.loc[flagged, "risk"] == 2.0).all() and (answers.loc[~flagged, "risk"] < 2.0).all()


def test_the_threshold_sees_calibration_alone(frame: pd.DataFrame, caplog: pytest.LogCaptureFixture) -> None:
    learnt = frame[frame["part"].isin(LEARNT)]
    alone, test = _params(cases=CaseParams(join="never")), frame[frame["part"] == "test"].head(20)
    told = FraudModel(alone).fit(learnt).predict(test)["threshold"]
    assert not caplog.records
    swapped = (learnt["part"] == "validation") & (learnt["label"] == 1.0)
    other = learnt.assign(**{name: learnt[name].mask(swapped, 0.0) for name in COLUMNS})
    pd.testing.assert_series_equal(FraudModel(alone).fit(other).predict(test)["threshold"], told)
    few = learnt[(learnt["part"] != "calibration") | (learnt["label"] == 0.0)]
    model = FraudModel(alone).fit(few)
    assert model.chosen["calibration.cases.paid"] == 0.0 and "the whole budget" in caplog.text


def test_flagged_deals_still_rank(model: FraudModel, frame: pd.DataFrame) -> None:
    deal = frame[(frame["part"] == "test") & (frame["label"] == 0.0)].head(1)
    worse = pd.concat(
        [deal.assign(invoice_over_value=deal["invoice_over_value"] + step) for step in (20, 40, 80, 160)]
    )
    score = model.predict(worse)["fraud_score"].to_numpy()
    assert (
        (score > model.predict(deal)["threshold"].iloc[0]).all()
        and (np.diff(score) > 0).all()
        and score[-1] < 1.0
    )


def test_a_deal_not_paid_yet_is_held_against_its_like(model: FraudModel, frame: pd.DataFrame) -> None:
    honest = frame[(frame["part"] == "test") & (frame["label"] == 0.0)]
    hidden = model.predict(honest.assign(**dict.fromkeys(PAYMENT, np.nan)))
    assert (hidden["is_fraud"] > 0).mean() < 0.08
    assert set(hidden["threshold"]) != set(model.predict(honest.dropna(subset=["paid_days"]))["threshold"])


def test_what_never_varied_among_honest_deals_is_noticed(model: FraudModel, frame: pd.DataFrame) -> None:
    honest = frame[(frame["part"] == "test") & (frame["label"] == 0.0)].head(50)
    before = model.predict(honest)["fraud_score"].median()
    for name in FLAT:
        assert model.predict(honest.assign(**{name: 1.0}))["fraud_score"].median() > before


def test_reasons_name_what_is_odd(model: FraudModel, frame: pd.DataFrame) -> None:
    flagged = frame[(frame["part"] == "test") & (frame["label"] == 1.0)]
    told = model.explain(flagged)
    best = told.sort_values("effect", ascending=False).groupby("index").head(2)["feature"]
    assert best.isin([*ODD]).mean() > 0.7
    assert (told["effect"] >= 0).all()


def test_known_fraud_in_training_is_not_learnt_as_normal(frame: pd.DataFrame) -> None:
    learnt = frame[frame["part"].isin(LEARNT)].copy()
    scheme = frame[(frame["part"] == "test") & (frame["label"] == 1.0)].head(1)
    repeated = (learnt["label"] == 1.0) & (learnt["part"] == "train")
    learnt.loc[repeated, list(COLUMNS)] = scheme[list(COLUMNS)].to_numpy()[0]
    alone = _params(cases=CaseParams(join="never"))
    known = FraudModel(alone).fit(learnt).predict(scheme)["fraud_score"].iloc[0]
    never_found_out = learnt.assign(label=learnt["label"].mask(repeated, 0.0))
    unknown = FraudModel(alone).fit(never_found_out).predict(scheme)["fraud_score"].iloc[0]
    assert known > 0.99 > 0.9 > unknown


def test_trees_join_when_validation_is_better_and_only_then(frame: pd.DataFrame) -> None:
    learnt = frame[frame["part"].isin(LEARNT)]
    hint = learnt.assign(hour=learnt["label"] + 0.1 * np.random.default_rng(0).normal(size=len(learnt)))
    hint[list(ODD)] = deals(len(frame), share=0.0)[list(ODD)].loc[learnt.index]
    eager = CaseParams(least_rows=5)
    joined = FraudModel(_params(cases=eager)).fit(hint)
    assert joined.uses_cases and joined.chosen["validation.with_cases"] > joined.chosen["validation.detector"]
    shuffled = learnt.assign(
        label=learnt.groupby("part")["label"].transform(lambda s: s.sample(frac=1, random_state=1).to_numpy())
    )
    assert not FraudModel(_params(cases=eager)).fit(shuffled).uses_cases
    assert not FraudModel(_params(cases=CaseParams(join="never"))).fit(hint).uses_cases


def test_it_is_read_back_with_trees(frame: pd.DataFrame, tmp_path: Path) -> None:
    learnt = frame[frame["part"].isin(LEARNT)]
    model = FraudModel(_params(cases=CaseParams(margin=-1.0))).fit(learnt)
    assert model.uses_cases
    model.save(tmp_path)
    again = FraudModel.load(tmp_path)
    rows = frame[frame["part"] == "test"]
    pd.testing.assert_frame_equal(again.predict(rows), model.predict(rows), check_exact=True)
    pd.testing.assert_frame_equal(again.explain(rows.head(3)), model.explain(rows.head(3)))


def test_another_format_or_other_columns_are_refused(model: FraudModel, tmp_path: Path) -> None:
    model.save(tmp_path)
    state = json.loads((tmp_path / "fraud.json").read_text())
    for change in ({"format": 99}, {"columns": ["price"]}):
        (tmp_path / "fraud.json").write_text(json.dumps(state | change))
        with pytest.raises(ContractError, match="saved in format"):
            FraudModel.load(tmp_path)


def test_a_changed_network_is_refused(model: FraudModel, tmp_path: Path) -> None:
    model.save(tmp_path)
    network = next(tmp_path.glob("*.onnx"))
    network.write_bytes(network.read_bytes()[:-1] + b"x")
    with pytest.raises(ContractError, match=network.name):
        FraudModel.load(tmp_path)


def test_scores_that_tell_nothing_apart_are_refused(
    frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FraudModel, "_suspicion", lambda self, rows, cases: np.ones(len(rows)))
    with pytest.raises(ContractError, match="collapsed"):
        FraudModel(_params()).fit(frame[frame["part"].isin(LEARNT)])


def test_too_few_honest_deals_are_refused(frame: pd.DataFrame) -> None:
    few = frame[frame["part"].isin(["train", "calibration"])]
    with pytest.raises(ContractError, match="0 honest deals in the part validation"):
        FraudModel(_params()).fit(few)


def test_infinite_numbers_are_refused(model: FraudModel, frame: pd.DataFrame) -> None:
    with pytest.raises(ContractError, match="infinite"):
        model.predict(frame.head(2).assign(hour=np.inf))


def test_baselines_find_what_is_odd_and_read_no_test_label(frame: pd.DataFrame) -> None:
    scores = baseline_scores(frame, seed=1)
    assert set(scores) == {"rules", "knn_z", "isolation_forest", "narrow_autoencoder"}
    blind = frame.assign(label=frame["label"].where(frame["part"] != "test", 1.0 - frame["label"]))
    again = baseline_scores(blind, seed=1)
    test = frame["part"] == "test"
    for name, score in scores.items():
        pd.testing.assert_series_equal(again[name], score)
        odd = frame["label"] == 1.0
        if name != "rules":
            assert score[test & odd].median() > score[test & ~odd].median(), name


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(ContractError, match="cases.join"):
        CaseParams(join="always")
    with pytest.raises(ContractError, match="false_alarms"):
        FlagParams(false_alarms=0.0)
    assert Cases().params.join == "auto"
