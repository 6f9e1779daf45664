"""The quality model: what its scores mean, cold start, beside the forest and the rule of the generated market."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ConfigError, ContractError
from mandi.evaluation.grading.grading_metrics import confusion, macro_f1
from mandi.models.grading.quality_fields import GRADES
from mandi.models.grading.quality_matrix import CAUSES, COLUMNS, QualityMatrix
from mandi.models.grading.quality_rivals import rivals
from mandi.models.quality import QualityModel, QualityParams, consistency

from ..features.quality_market import quality_market
from ..serving.small_quality import SmallQuality, small_quality


@pytest.fixture(scope="module")
def small() -> SmallQuality:
    return small_quality()


@pytest.fixture(scope="module")
def test_part(small: SmallQuality) -> pd.DataFrame:
    return small.frame[small.frame["part"] == "test"]


@pytest.fixture(scope="module")
def answers(small: SmallQuality, test_part: pd.DataFrame) -> pd.DataFrame:
    return small.model.predict(test_part.drop(columns=["label", "label_known_time"]))


def f1(truth: pd.Series, said: pd.Series) -> float:
    places = {grade: place for place, grade in enumerate(GRADES)}
    return float(macro_f1(confusion(truth.map(places).to_numpy(), said.map(places).to_numpy(), len(GRADES))))


def test_it_is_better_than_the_forest_and_near_the_rule(small: SmallQuality, test_part, answers) -> None:
    _, truth, *_ = quality_market()
    lots = truth["frames"]["lots"].set_index("lot_id").loc[test_part["lot_id"]]
    rule = f1(test_part["label"], lots["true_grade"].set_axis(test_part.index))
    own = f1(test_part["label"], answers["quality_grade"])
    beside = rivals(small.frame, 1)
    assert set(beside) == {"random_forest", "logistic", "scaled_svm", "boosting", "line_without_inspector"}
    forest = f1(test_part["label"], beside["random_forest"].loc[test_part.index])
    assert own > forest + 0.05 and own > rule - 0.08


def test_rivals_learn_from_train_and_validation_alone(small: SmallQuality) -> None:
    def spoilt(*parts: str) -> pd.DataFrame:
        chosen = small.frame["part"].isin(parts) & small.frame["label"].notna()
        return small.frame.assign(label=np.where(chosen, "D", small.frame["label"]))

    beside = pd.DataFrame(rivals(small.frame, 1))
    later = pd.DataFrame(rivals(spoilt("calibration", "test", "purged"), 1))
    pd.testing.assert_frame_equal(later, beside, check_exact=True)
    turned = pd.DataFrame(rivals(spoilt("validation"), 1))
    assert ((turned != beside).any()).all()


def test_a_score_is_the_expected_worth_of_the_grade(answers: pd.DataFrame) -> None:
    proba = answers[[f"grade_probability_{g}" for g in GRADES]].to_numpy()
    np.testing.assert_allclose(proba.sum(axis=1), 1.0)
    np.testing.assert_allclose(answers["quality_score"], proba @ [90.0, 75.0, 60.0, 40.0])
    said = proba[np.arange(len(proba)), [GRADES.index(g) for g in answers["quality_grade"]]]
    np.testing.assert_allclose(answers["confidence"], said)
    assert (answers["confidence"] < 1.0).all(), "an inspector may always slip"


def test_only_past_parts_are_learnt_from(small: SmallQuality, answers, test_part) -> None:
    spoilt = small.frame.assign(label=np.where(small.frame["part"] == "test", "D", small.frame["label"]))
    again = QualityModel(small.model.params).fit(spoilt)
    pd.testing.assert_frame_equal(again.predict(test_part), answers, check_exact=True)


def test_a_commodity_an_inspector_and_a_supplier_not_seen_are_answered(
    small: SmallQuality, test_part
) -> None:
    row = test_part.head(1)
    stranger = small.model.predict(row.assign(commodity="barley")).iloc[0]
    shares = small.frame[small.frame["part"].isin(["train", "validation"])]["label"].value_counts(
        normalize=True
    )
    assert stranger["quality_grade"] in GRADES and stranger["confidence"] < 0.6
    assert stranger["quality_score"] == pytest.approx(
        shares @ pd.Series({"A": 90, "B": 75, "C": 60, "D": 40}), abs=6
    )
    unknown = small.model.predict(row.assign(inspector_id="nobody"))
    pd.testing.assert_frame_equal(
        unknown, small.model.predict(row.drop(columns="inspector_id")), check_exact=True
    )


def test_explanations_name_causes_and_a_middling_lot_has_none(small: SmallQuality, test_part) -> None:
    told = small.model.explain(test_part.head(10))
    assert set(told["feature"]) <= {"base", *CAUSES}
    middling = test_part.head(1).copy()
    matrix = small.model.matrix
    centre = matrix.centre[middling["commodity"].iloc[0]]
    for name, value in zip(list(CAUSES)[:10], centre):
        middling[name] = np.nan if value is None else value
    supplier = small.model.explain(middling.drop(columns="inspector_id"))
    assert set(supplier["feature"]) <= {"base", "supplier_history"}


def test_moved_by_agrees_with_an_answer_of_its_own(small: SmallQuality, test_part) -> None:
    rows = test_part.head(30)
    score = small.model.predict(rows)["quality_score"].to_numpy()
    moved = small.model.moved_by(rows, score)
    neutral = small.model.predict(rows.drop(columns="inspector_id"))["quality_score"].to_numpy()
    np.testing.assert_allclose(moved["inspector"], score - neutral, atol=1e-9)


def test_the_matrix_centres_each_commodity_and_refuses_a_missing_column(small: SmallQuality) -> None:
    train = small.frame[small.frame["part"] == "train"]
    matrix = QualityMatrix.learn(train)
    rows = matrix.build(train)
    assert rows.shape == (len(train), len(COLUMNS))
    wheat = rows[(train["commodity"] == "wheat").to_numpy()]
    moisture = wheat[:, COLUMNS.index("moisture_pct")]
    assert np.nanmean(moisture) == pytest.approx(0, abs=1e-9) and np.nanstd(moisture) == pytest.approx(1)
    assert np.isnan(wheat[:, COLUMNS.index("oil_pct")]).all()
    with pytest.raises(ContractError, match="supplier_lead"):
        matrix.build(train.drop(columns="supplier_lead"))


def test_an_older_format_and_senseless_settings_are_refused(small: SmallQuality, tmp_path: Path) -> None:
    small.model.save(tmp_path)
    state = json.loads((tmp_path / "quality.json").read_text())
    (tmp_path / "quality.json").write_text(json.dumps(state | {"format": 1}))
    with pytest.raises(ContractError, match="format 1"):
        QualityModel.load(tmp_path)
    params = QualityParams()
    values = {"A": 90.0, "B": 75.0}
    history = dataclasses.replace(params.features.history, values=values)
    features = dataclasses.replace(params.features, history=history)
    with pytest.raises(ConfigError, match="A, B, C, D"):
        QualityModel(dataclasses.replace(params, features=features))
    with pytest.raises(ContractError, match="calibrate"):
        QualityModel(params).fit(small.frame[small.frame["part"] == "train"])


def test_consistency_falls_with_distance() -> None:
    far = np.array([[x, np.nan] for x in (0.0, 1.0, 2.0, 3.0, 30.0)])
    scores = consistency(far)
    assert scores[0] == scores[1] == 100.0 and (np.diff(scores[1:]) < 0).all() and scores[-1] >= 0.0
    assert consistency(np.full((1, 2), np.nan))[0] == 100.0
