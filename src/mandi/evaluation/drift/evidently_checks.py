"""What Evidently says of two samples: which columns drifted, and how well a model did before and now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np
import pandas as pd

from mandi.core.errors import ContractError
from mandi.evaluation.drift.columns import is_too_much
from mandi.evaluation.drift.distances import Values, distance, method_of

if TYPE_CHECKING:
    from evidently.core.metric_types import Metric

    from mandi.models.base import Kind

DEFAULT_SHARE, DEFAULT_DISTANCE = 0.3, 0.1


class DriftFound(TypedDict):
    """What ``detect_drift`` returns: whether too many columns drifted, which, their share, and each column's distance."""

    drift_detected: bool
    drifted_features: list[str]
    drift_score: float
    distances: dict[str, float]


def detect_drift(
    reference: pd.DataFrame,
    current: pd.DataFrame,
    columns: Mapping[str, Kind],
    thresholds: Mapping[str, float] | None = None,
    share: float = DEFAULT_SHARE,
) -> DriftFound:
    """Let Evidently compare two samples, column by column: Wasserstein for numbers, PSI for everything else.

    Evidently counts the columns; their distances are ours, which are Evidently's own (its metric of one column draws three charts
    of each, which takes most of its time), and the two counts have to agree.

    Parameters
    ----------
    reference, current : DataFrame
        Missing values are left out, column by column.
    columns : mapping of name to kind
        What is compared; nothing else is.
    thresholds : mapping of name to float, optional
        From what distance on a column has drifted; 0.1 if not given.
    share : float
        Drift of more than this share of the columns is drift.

    Raises
    ------
    ContractError
        No column, or one that a sample lacks or has no value of.

    Examples
    --------
    >>> before = pd.DataFrame({"moisture": np.arange(100.0), "crop": ["tur", "cotton"] * 50})
    >>> found = detect_drift(before, before.assign(moisture=before.moisture + 50), {"moisture": "number", "crop": "category"})
    >>> found["drifted_features"], found["drift_score"], found["drift_detected"]
    (['moisture'], 0.5, True)
    """
    from evidently.metrics import DriftedColumnsCount

    for name in columns:
        if any(name not in sample or not sample[name].notna().any() for sample in (reference, current)):
            raise ContractError(
                f'a sample has no value of "{name}"', allowed="columns with values in both samples"
            )
    if not columns:
        raise ContractError("no column to compare", allowed="one or more")
    methods = {name: method_of(kind) for name, kind in columns.items()}
    limits = {name: float((thresholds or {}).get(name, DEFAULT_DISTANCE)) for name in columns}
    asked: list[Metric] = [
        DriftedColumnsCount(
            columns=list(columns),
            drift_share=share,
            per_column_method=dict(methods),
            per_column_threshold=dict(limits),
        )
    ]
    numbers = [name for name in columns if methods[name] == "wasserstein"]
    definition = {
        "numerical_columns": numbers,
        "categorical_columns": [name for name in columns if name not in numbers],
    }
    past, now = _rounded(reference[list(columns)], current[list(columns)], numbers)
    told = _run(asked, past, now, definition)
    distances = {
        name: distance(kind, *(_known(sample[name], kind) for sample in (reference, current)))
        for name, kind in columns.items()
    }
    count = int(_named(told, "DriftedColumnsCount")[0]["value"]["count"])
    drifted = [name for name in columns if distances[name] >= limits[name]]
    if count != len(drifted):  # the same distances by the same thresholds
        raise ContractError(
            f"Evidently counts {count} drifted columns, its distances are of {len(drifted)}",
            allowed="one count",
        )
    return {
        "drift_detected": is_too_much(count, len(columns), share),
        "drifted_features": drifted,
        "drift_score": count / len(columns),
        "distances": distances,
    }


def monitor_regression_performance(
    predictions: Sequence[float] | pd.Series,
    actuals: Sequence[float] | pd.Series,
    reference_predictions: Sequence[float] | pd.Series,
    reference_actuals: Sequence[float] | pd.Series,
) -> dict[str, dict[str, float]]:
    """Let Evidently measure predictions of numbers, now and before.

    Parameters
    ----------
    predictions, actuals : sequence of float
        Of the window.
    reference_predictions, reference_actuals : sequence of float
        Of the time before.

    Returns
    -------
    dict
        ``current`` and ``reference``: mae, rmse, mean_error in the unit of the label, and r2.

    Examples
    --------
    >>> told = monitor_regression_performance([1.0, 2.0, 4.0], [1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    >>> round(told["current"]["mae"], 3), told["reference"]["mae"]
    (0.333, 0.0)
    """
    from evidently import Regression
    from evidently.metrics import MAE, RMSE, MeanError, R2Score

    definition = {"regression": [Regression(target="actual", prediction="prediction")]}
    samples = (
        _pair(reference_actuals, reference_predictions, np.float64),
        _pair(actuals, predictions, np.float64),
    )
    names = {"MAE": "mae", "RMSE": "rmse", "MeanError": "mean_error", "R2Score": "r2"}
    return _both([MAE(), RMSE(), MeanError(), R2Score()], names, samples, definition)


def monitor_classification_performance(
    predictions: Sequence[Any] | pd.Series,
    actuals: Sequence[Any] | pd.Series,
    reference_predictions: Sequence[Any] | pd.Series,
    reference_actuals: Sequence[Any] | pd.Series,
) -> dict[str, dict[str, float]]:
    """Let Evidently measure predicted classes, now and before.

    Of two classes precision, recall and F1 are those of the last in order; of more they are means over the classes.

    Parameters
    ----------
    predictions, actuals : sequence
        Of the window; compared as text.
    reference_predictions, reference_actuals : sequence
        Of the time before.

    Returns
    -------
    dict
        ``current`` and ``reference``: accuracy, precision, recall, f1.
    """
    from evidently import BinaryClassification, MulticlassClassification
    from evidently.metrics import Accuracy, F1Score, Precision, Recall

    samples = (_pair(reference_actuals, reference_predictions, str), _pair(actuals, predictions, str))
    classes = sorted(set(pd.concat(samples).to_numpy().ravel()))
    asked = {"target": "actual", "prediction_labels": "prediction"}
    task = (
        BinaryClassification(**asked, pos_label=classes[-1])
        if len(classes) == 2
        else MulticlassClassification(**asked)
    )
    definition = {"classification": [task], "categorical_columns": ["actual", "prediction"]}
    names = {"Accuracy": "accuracy", "Precision": "precision", "Recall": "recall", "F1Score": "f1"}
    return _both([Accuracy(), Precision(), Recall(), F1Score()], names, samples, definition)


def _rounded(
    reference: pd.DataFrame, current: pd.DataFrame, numbers: Sequence[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Values that differ in their last bits only become one: Evidently's histograms cannot part them."""
    past, now = reference.copy(), current.copy()
    for name in numbers:
        size = max(float(past[name].abs().max()), float(now[name].abs().max())) or 1.0
        for sample in (past, now):
            sample[name] = (sample[name].astype(np.float64) / size).round(12) * size
    return past, now


def _known(values: pd.Series, kind: Kind) -> Values:
    known = values.dropna()
    return known.to_numpy(np.float64 if method_of(kind) == "wasserstein" else object)


def _pair(actuals: Any, predictions: Any, kind: type) -> pd.DataFrame:
    found = pd.DataFrame({"actual": np.asarray(actuals), "prediction": np.asarray(predictions)})
    return found.dropna().astype(kind)


def _both(
    asked: list[Metric],
    names: Mapping[str, str],
    samples: tuple[pd.DataFrame, pd.DataFrame],
    definition: Mapping[str, Any],
) -> dict[str, dict[str, float]]:
    reference, current = samples
    found = {}
    for which, sample in (("current", current), ("reference", reference)):
        told = _run(asked, None, sample, definition)
        found[which] = {short: _number(_named(told, long)[0]["value"]) for long, short in names.items()}
    return found


def _run(
    asked: list[Metric], reference: pd.DataFrame | None, current: pd.DataFrame, definition: Mapping[str, Any]
) -> list[dict[str, Any]]:
    from evidently import DataDefinition, Dataset, Report

    said = DataDefinition(**definition)
    beside = None if reference is None else Dataset.from_pandas(reference, data_definition=said)
    snapshot = Report(list(asked), include_tests=False).run(
        Dataset.from_pandas(current, data_definition=said), beside
    )
    told: list[dict[str, Any]] = snapshot.dict()["metrics"]
    return told


def _named(told: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [metric for metric in told if str(metric["config"]["type"]).endswith(f":{name}")]


def _number(value: Any) -> float:
    return float(value["mean"]) if isinstance(value, Mapping) else float(value)
