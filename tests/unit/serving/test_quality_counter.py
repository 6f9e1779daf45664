"""The grading counter answers what the model says, alone as among a thousand, and says what it could not use."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from mandi.core.errors import ContractError, StaleSnapshot
from mandi.serving.problems import BadRow
from mandi.serving.quality_contracts import QualityRow

from .small_quality import SmallQuality, small_quality

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def small() -> SmallQuality:
    return small_quality()


@pytest.fixture(scope="module")
def later(small: SmallQuality) -> pd.DataFrame:
    return small.questions[small.questions["asof"] > small.until].head(60)


@pytest.fixture(scope="module")
def asked(small: SmallQuality, later: pd.DataFrame) -> list[QualityRow]:
    return [small.asked(question) for question in later.itertuples()]


@pytest.fixture(scope="module")
def answers(small: SmallQuality, asked: list[QualityRow]) -> list[Any]:
    return small.counter.answer(asked, NOW, explain=False)


def test_answers_are_those_of_the_model_on_the_features_of_training(
    small: SmallQuality, later: pd.DataFrame, answers: list[Any]
) -> None:
    known = {name: state[state["known_time"] <= small.until] for name, state in small.history.items()}
    direct = small.model.predict(small.features.assemble(later, known))
    assert [a.quality_grade for a in answers] == direct["quality_grade"].tolist()
    for name in ("quality_score", "confidence", "anomaly_score"):
        np.testing.assert_array_equal([getattr(a, name) for a in answers], direct[name])
    for answer, row in zip(answers, direct.to_dict("records")):
        assert answer.grade_probabilities == {g: row[f"grade_probability_{g}"] for g in "ABCD"}
        assert (
            answer.grade_set == [g for g in "ABCD" if row[f"in_set_{g}"]]
            and answer.quality_grade in answer.grade_set
        )
        assert answer.abstained == bool(row["abstained"]) and answer.is_anomaly == bool(row["is_anomaly"])
        assert answer.consistency_score == (row["consistency_score"] if answer.supplier_lots else None)


def test_a_lot_alone_and_among_a_thousand_has_the_same_answer(
    small: SmallQuality, asked: list[QualityRow], answers: list[Any]
) -> None:
    for place in (0, 31, 59):
        assert small.counter.answer([asked[place]], NOW, explain=False) == [answers[place]]
    crowd = small.counter.answer((asked * 17)[:1000], NOW, explain=False)
    assert crowd[-1] == answers[999 % 60] and crowd[:60] == answers
    assert small.counter.answer([], NOW, explain=False) == []


def test_contributions_sum_to_the_score_and_reasons_are_the_strongest(
    small: SmallQuality, asked: list[QualityRow]
) -> None:
    told = small.counter.answer(asked[:12], NOW, explain=True)
    for answer in told:
        assert sum(answer.feature_contributions.values()) == pytest.approx(answer.quality_score)
        assert "base" in answer.feature_contributions
        sizes = [abs(float(reason.rsplit(": ", 1)[1].split()[0])) for reason in answer.reasons]
        assert sizes == sorted(sizes, reverse=True) and len(sizes) <= 4
    assert any(answer.reasons for answer in told)


def test_the_example_is_answered_and_holds_together(small: SmallQuality) -> None:
    about = small.counter.about()
    (answer,) = small.counter.answer([QualityRow.model_validate(about["example"])], NOW, explain=True)
    small.counter.check(answer)
    assert not answer.anomalies and not answer.notes and answer.supplier_lots > 0
    assert about["measures"]["cotton"][-1] == "color_grade" and set(about["commodities"]) == {
        "cotton",
        "wheat",
        "soybean",
    }
    with pytest.raises(ContractError, match="probabilities"):
        small.counter.check(answer.model_copy(update={"grade_probabilities": {"A": 0.2, "B": 0.2}}))
    with pytest.raises(ContractError, match="flagged"):
        small.counter.check(answer.model_copy(update={"is_anomaly": True}))


def wheat(small: SmallQuality, **quality: Any) -> dict[str, Any]:
    example = small.counter.about()["example"]
    means = small.counter.shelf.means("wheat")
    return {
        **example,
        "commodity_id": "wheat",
        "quality_params": means | quality,
        "supplier_id": small.counter.shelf.best_known("wheat"),
    }


def one(small: SmallQuality, given: dict[str, Any]) -> Any:
    return small.counter.answer([QualityRow.model_validate(given)], NOW, explain=False)[0]


def test_what_is_wrong_with_a_parameter_is_said_and_not_used(small: SmallQuality) -> None:
    plain = one(small, wheat(small))
    told = one(small, wheat(small, moisture_pct=45.0, oil_pct=20.0, protein_pct=None))
    kinds = {problem.parameter: problem.kind for problem in told.anomalies}
    assert kinds == {"moisture_pct": "not valid", "oil_pct": "not used", "protein_pct": "not measured"}
    assert told.anomalies[0].value == 45.0 and "3 to 30" in told.anomalies[0].text
    # neither a value that cannot be nor one of another commodity moves the answer
    assert told == one(small, wheat(small, moisture_pct=60.0, protein_pct=None, oil_pct=20.0)).model_copy(
        update={"anomalies": told.anomalies}
    )
    assert plain.quality_score == one(small, wheat(small, oil_pct=20.0)).quality_score


def test_a_lot_unlike_its_suppliers_past_is_flagged_and_says_which_measure(small: SmallQuality) -> None:
    usual = one(small, wheat(small))
    odd = one(small, wheat(small, moisture_pct=19.0))
    assert odd.is_anomaly and not usual.is_anomaly and odd.anomaly_score > usual.anomaly_score
    assert odd.consistency_score < usual.consistency_score
    (problem,) = odd.anomalies
    assert (problem.parameter, problem.kind) == (
        "moisture_pct",
        "unusual",
    ) and "above the mean of supplier" in problem.text
    assert odd.reasons[0].startswith("moisture_pct 19") and odd.quality_score < usual.quality_score


def test_a_newcomer_and_an_unknown_inspector_are_answered_and_told(small: SmallQuality) -> None:
    given = wheat(small) | {"supplier_id": "nobody before", "inspector_id": "nobody either"}
    told = one(small, given)
    assert told.supplier_lots == 0 and told.consistency_score is None
    assert [note.split('"')[1] for note in told.notes] == ["nobody before", "nobody either"]
    nameless = one(
        small, {name: v for name, v in given.items() if name not in ("supplier_id", "inspector_id")}
    )
    assert nameless.quality_score == told.quality_score and nameless.notes[0].startswith("no supplier")


def test_an_old_history_is_refused(small: SmallQuality) -> None:
    now = QualityRow.model_validate({name: v for name, v in wheat(small).items() if name != "asof"})
    with pytest.raises(StaleSnapshot, match="the history served here ends"):
        small.counter.answer([now], NOW, explain=False)
    with pytest.raises(StaleSnapshot) as second:
        small.counter.answer([QualityRow.model_validate(wheat(small)), now], NOW, explain=False)
    assert second.value.field == "rows.1.asof"


def test_without_a_valid_measure_nothing_is_graded_and_one_not_valid_needs_a_person(
    small: SmallQuality,
) -> None:
    usual, bad = wheat(small), wheat(small) | {"quality_params": {"moisture_pct": 60.0}}
    with pytest.raises(BadRow, match="no measure given is valid for wheat") as refused:
        small.counter.answer([QualityRow.model_validate(x) for x in (usual, bad)], NOW, explain=False)
    assert refused.value.field == "rows.1.quality_params" and "moisture_pct" in refused.value.allowed
    assert one(small, wheat(small, moisture_pct=60.0)).abstained


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"commodity_id": "wheet"}, "commodity_id"),
        ({"quality_params": {"oil_pct": 20.0}}, "quality_params"),
        ({"asof": "2020-01-01T00:00:00Z"}, "asof"),
    ],
)
def test_what_cannot_be_answered_names_its_field(
    small: SmallQuality, changed: dict[str, Any], field: str
) -> None:
    good, bad = wheat(small), wheat(small) | changed
    with pytest.raises(BadRow) as alone:
        one(small, bad)
    assert alone.value.field == field and alone.value.allowed
    with pytest.raises(BadRow) as second:
        small.counter.answer([QualityRow.model_validate(x) for x in (good, bad)], NOW, explain=False)
    assert second.value.field == f"rows.1.{field}"


@pytest.mark.parametrize(
    "changed", [{"quality_params": {"moisture_pct": float("nan")}}, {"suplier_id": "S1"}, {"commodity_id": 3}]
)
def test_a_row_is_strict(small: SmallQuality, changed: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        QualityRow.model_validate(wheat(small) | changed)


def test_names_are_compared_without_case(small: SmallQuality) -> None:
    assert one(small, wheat(small) | {"commodity_id": " Wheat"}).commodity_id == "wheat"
