"""Evidently counts the columns; its distances are the ones thresholds are set by."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError
from mandi.evaluation.drift.distances import psi, wasserstein
from mandi.evaluation.drift.evidently_checks import (
    detect_drift,
    monitor_classification_performance,
    monitor_regression_performance,
)
from mandi.models.base import Kind


def columns_of(names: list[str]) -> dict[str, Kind]:
    return dict.fromkeys(names, "number")


@pytest.mark.parametrize(("moved", "drift"), [(29, False), (31, True)])
def test_more_than_thirty_of_a_hundred_columns_are_drift(moved: int, drift: bool) -> None:
    rng = np.random.default_rng(0)
    names = [f"c{k}" for k in range(100)]
    before = pd.DataFrame(rng.normal(size=(300, 100)), columns=names)
    now = pd.DataFrame(rng.normal(size=(300, 100)), columns=names)
    now[names[:moved]] += 2.0
    found = detect_drift(before, now, columns_of(names), dict.fromkeys(names, 0.5))
    assert found["drift_detected"] is drift
    assert found["drift_score"] == pytest.approx(moved / 100)
    assert found["drifted_features"] == names[:moved]


def test_distances_are_evidentlys() -> None:
    from evidently import DataDefinition, Dataset, Report
    from evidently.metrics import ValueDrift

    rng = np.random.default_rng(1)
    before = pd.DataFrame(
        {"a": rng.normal(size=900), "g": rng.choice(list("abcd"), 900, p=[0.5, 0.3, 0.19, 0.01])}
    )
    now = pd.DataFrame({"a": rng.gamma(2, size=400), "g": rng.choice(list("abc"), 400)})
    before.loc[:20, "a"] = np.nan
    said = DataDefinition(numerical_columns=["a"], categorical_columns=["g"])
    asked = [ValueDrift(column="a", method="wasserstein"), ValueDrift(column="g", method="psi")]
    told = Report(asked, include_tests=False).run(
        Dataset.from_pandas(now, data_definition=said), Dataset.from_pandas(before, data_definition=said)
    )
    theirs = [metric["value"] for metric in told.dict()["metrics"]]
    ours = [
        wasserstein(before["a"].dropna().to_numpy(), now["a"].to_numpy()),
        psi(before["g"].to_numpy(), now["g"].to_numpy()),
    ]
    assert ours == pytest.approx(theirs)


def test_only_named_columns_are_compared() -> None:
    before = pd.DataFrame({"id": range(100), "moisture": np.linspace(8, 12, 100)})
    found = detect_drift(before, before.assign(id=before["id"] + 1000), columns_of(["moisture"]))
    assert found["distances"].keys() == {"moisture"} and not found["drift_detected"]


def test_a_column_without_values_is_told() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0]})
    with pytest.raises(ContractError, match='no value of "b"'):
        detect_drift(frame, frame, columns_of(["a", "b"]))
    with pytest.raises(ContractError, match="no column to compare"):
        detect_drift(frame, frame, {})


def test_performance_is_measured_now_and_before() -> None:
    told = monitor_regression_performance(
        [110.0, 90.0, 130.0], [100.0, 100.0, 120.0], [100.0, 101.0], [100.0, 99.0]
    )
    assert told["current"]["mae"] == pytest.approx(10.0)
    assert told["reference"]["mae"] == pytest.approx(1.0)
    assert set(told["current"]) == {"mae", "rmse", "mean_error", "r2"}


def test_two_classes_are_measured_by_the_later_and_more_by_their_mean() -> None:
    two = monitor_classification_performance(
        [1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 1.0], [1.0, 0.0], [1.0, 0.0]
    )
    assert two["current"]["precision"] == two["current"]["recall"] == 0.5
    more = monitor_classification_performance(list("abca"), list("abcb"), list("abc"), list("abc"))
    assert more["current"]["accuracy"] == 0.75 and more["reference"]["f1"] == 1.0
