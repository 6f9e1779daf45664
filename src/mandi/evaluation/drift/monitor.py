"""Looks at one model at one moment: what it reads, what it answers, and, once outcomes are known, how right it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from mandi.core.errors import ContractError
from mandi.evaluation.drift.checks import Check, Drift, Test, not_judged
from mandi.evaluation.drift.columns import judge_columns, told_columns
from mandi.evaluation.drift.concept import judge_calibration, judge_performance, judge_residuals
from mandi.evaluation.drift.evidently_checks import (
    detect_drift,
    monitor_classification_performance,
    monitor_regression_performance,
)
from mandi.evaluation.drift.outcomes import answers_of, compared, outcomes_of
from mandi.evaluation.drift.params import DriftParams
from mandi.evaluation.drift.windows import distance_table, ends, samples, window
from mandi.models.base import Kind, Spec, Task

ANSWERS = "there are no answers yet"


def watched_columns(spec: Spec) -> dict[str, Kind]:
    """Return the columns of ``Spec.watched`` with their kinds; no other column is looked at.

    Raises
    ------
    ContractError
        One of them is no input.
    """
    kinds = {field.name: field.kind for field in spec.inputs}
    if odd := [name for name in spec.watched if name not in kinds]:
        raise ContractError(f"{spec.name} watches {', '.join(odd)}", allowed="columns that the model reads")
    return {name: kinds[name] for name in spec.watched}


def end_of(frame: pd.DataFrame) -> pd.Timestamp:
    """Return the end of the last day (UTC) on which something was asked."""
    last: pd.Timestamp = frame["asof"].max()
    return last.floor("D") + pd.Timedelta(days=1)


def watched_rows(frame: pd.DataFrame, columns: Mapping[str, Kind]) -> pd.DataFrame:
    """Return each moment and subject once, however many days ahead were asked about it.

    The last days of a history have fewer far questions; they must not differ from earlier days by that.

    Parameters
    ----------
    frame : DataFrame
    columns : mapping of name to kind
    """
    known = [name for name in columns if name in frame]
    return frame[["asof", *known]].drop_duplicates(ignore_index=True)


def look(
    frame: pd.DataFrame,
    answered: pd.DataFrame | None,
    spec: Spec,
    params: DriftParams,
    until: pd.Timestamp | None = None,
) -> Drift:
    """Judge one model by the window that ends at a moment.

    Parameters
    ----------
    frame : DataFrame
        Assembled questions of the whole history.
    answered : DataFrame, optional
        The model's outputs for some of them, by index; answers by a model that knew their truth would look too good.
    spec : Spec
    params : DriftParams
    until : Timestamp, optional
        UTC; the end of the last day if not given. Nothing later is looked at.

    Returns
    -------
    Drift
    """
    end = end_of(frame) if until is None else until
    checks = [columns_check(frame, spec, end, params)]
    if answered is None or not len(answered):
        tests: tuple[Test, ...] = ("answers", "residuals", "calibration", "performance")
        checks += [not_judged(test, ANSWERS) for test in tests]
    else:
        outputs = [name for name in spec.output_names() if name in answered]
        rows = frame.loc[answered.index].drop(columns=outputs, errors="ignore").join(answered[outputs])
        checks += answers_checks(rows, spec, end, params)
    return Drift(spec.name, window(end, params).start, end, tuple(checks))


def columns_check(frame: pd.DataFrame, spec: Spec, end: pd.Timestamp, params: DriftParams) -> Check:
    """Judge what the model reads, beside the same season of the year before."""
    kinds = watched_columns(spec)
    rows = watched_rows(frame, kinds)
    moments = ends(rows["asof"].min(), end, params, seasonal=True)
    if not len(moments):
        return not_judged("columns", "there is no year before to compare with")
    there = {name: kind for name, kind in kinds.items() if name in rows}
    return _judged("columns", rows, there, moments, params, seasonal=True)


def answers_checks(rows: pd.DataFrame, spec: Spec, end: pd.Timestamp, params: DriftParams) -> list[Check]:
    """Judge what the model answered, and how right it was."""
    answers = answers_of(rows, spec.task)
    kinds: dict[str, Kind] = {str(name): "number" for name in answers.columns if name != "asof"}
    since = answers["asof"].min() if len(answers) else end
    moments = ends(since, end, params, seasonal=False)
    if len(moments):
        first = _judged("answers", answers, kinds, moments, params, seasonal=False)
    else:
        first = not_judged("answers", f"fewer than {params.lookback_days + params.window_days} days of them")
    outcomes = outcomes_of(rows, spec.task)
    return [
        first,
        judge_residuals(outcomes, end, params),
        judge_calibration(outcomes, end, params),
        replace(judge_performance(outcomes, end, params), table=measured(rows, spec.task, end, params)),
    ]


def measured(rows: pd.DataFrame, task: Task, end: pd.Timestamp, params: DriftParams) -> pd.DataFrame:
    """Let Evidently measure the answers of the window and those before it.

    Parameters
    ----------
    rows : DataFrame
        Inputs, outputs, ``label`` and ``label_known_time``.
    task : str
    end : Timestamp
    params : DriftParams

    Returns
    -------
    DataFrame
        ``figure, before, now``; no rows where there is nothing to compare.
    """
    chosen = compared(rows, task)
    if chosen is None:
        return pd.DataFrame()
    pairs, measure = chosen
    start = window(end, params).start
    now = pairs[(pairs["known"] >= start) & (pairs["known"] < end)]
    before = pairs[pairs["known"] < start]
    if min(len(now), len(before)) < params.min_rows:
        return pd.DataFrame()
    if measure == "classification" and min(now["label"].nunique(), before["label"].nunique()) < 2:
        return pd.DataFrame()
    told = MEASURES[measure](now["predicted"], now["label"], before["predicted"], before["label"])
    figures = [
        {"figure": name, "before": told["reference"][name], "now": value}
        for name, value in told["current"].items()
    ]
    return pd.DataFrame(figures)


def _judged(
    test: Test,
    rows: pd.DataFrame,
    kinds: Mapping[str, Kind],
    moments: pd.DatetimeIndex,
    params: DriftParams,
    *,
    seasonal: bool,
) -> Check:
    """Set the thresholds by the earlier windows; what of the last window drifted, Evidently says."""
    end = moments[-1]
    table = distance_table(rows, kinds, moments, params, seasonal=seasonal)
    check = judge_columns(test, table, end, params, seasonal=seasonal)
    if not check.judged:
        return check
    limits = dict(zip(check.table["column"], check.table["threshold"], strict=True))
    compared_columns = {name: kind for name, kind in kinds.items() if name in limits}
    past, now = samples(rows, compared_columns, end, params, seasonal=seasonal)
    found = detect_drift(past, now, compared_columns, limits, params.share)
    distances = check.table["column"].map(found["distances"])
    told = check.table.assign(
        distance=distances, drifted=check.table["column"].isin(found["drifted_features"])
    )
    return replace(
        check, alert=found["drift_detected"], value=found["drift_score"], table=told, reference=past, current=now,
        text=told_columns(found["drifted_features"], len(compared_columns), params.share),
    )  # fmt: skip


MEASURES = {
    "regression": monitor_regression_performance,
    "classification": monitor_classification_performance,
}
