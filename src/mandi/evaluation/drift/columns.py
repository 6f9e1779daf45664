"""Whether more columns drifted than may: one limit for all of them, set by the earlier windows of the same columns."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mandi.evaluation.drift.checks import Check, Test, not_judged
from mandi.evaluation.drift.distances import Values
from mandi.evaluation.drift.limits import upper_limit
from mandi.evaluation.drift.params import DriftParams
from mandi.evaluation.drift.windows import blocks, earlier, needed

LEAST_DISTANCE = 1e-6
LEAST_SCORE = 2.0  # deviations: what any one column does now and then is not called drift


@dataclass(frozen=True)
class Thresholds:
    """From what distance on each column has drifted, and what was usual before.

    Attributes
    ----------
    by_column : mapping of name to float
        In the unit of ``distances``; columns that cannot be judged are left out.
    usual : mapping of name to float
        Geometric mean of the distances of the earlier windows.
    windows : float
        Windows without overlap that they come from.
    """

    by_column: Mapping[str, float]
    usual: Mapping[str, float]
    windows: float


def is_too_much(drifted: int, judged: int, share: float) -> bool:
    """Whether more than a share of the columns drifted.

    Examples
    --------
    >>> [is_too_much(n, 100, 0.3) for n in (29, 30, 31)]
    [False, False, True]
    """
    return judged > 0 and drifted > round(share * judged, 9)


def thresholds(
    table: pd.DataFrame, until: pd.Timestamp, params: DriftParams, least: float | None = None
) -> Thresholds:
    """Set the thresholds of all columns by the windows before.

    Distances are taken as logarithms and in deviations of the column. Of each earlier window it is known at which deviation
    it would have been an alert: the one that just more than the share of its columns exceed. The common limit, in
    deviations, is the one that this figure of the next window exceeds with the probability of a false alarm.
    So neither the number of the columns nor how much they move together has to be known.

    Parameters
    ----------
    table : DataFrame
        ``distance_table``; the windows that overlap the one that ends at ``until`` are not looked at.
    until : Timestamp
    params : DriftParams
    least : float, optional
        Windows without overlap that are needed; ``least_blocks`` if not given.

    Returns
    -------
    Thresholds
        None of a column where there is no common limit: too few windows.
    """
    past = table.loc[earlier(pd.DatetimeIndex(table.index), until, params.window_days)]
    count = blocks(pd.DatetimeIndex(table.index), until, params.window_days)
    if count < (params.least_blocks if least is None else least):
        return Thresholds({}, {}, count)
    logs = pd.DataFrame(np.log(past.clip(lower=LEAST_DISTANCE)))
    logs = logs.loc[:, logs.notna().mean() >= 0.5]
    middle, spread = logs.mean(), logs.std()
    moving = spread.index[spread > 0]
    if not len(moving):
        return Thresholds({}, {}, count)
    scores = ((logs - middle) / spread)[moving]
    at_alert = np.array([_score_of_alert(row, params.share) for row in scores.to_numpy()])
    limit = max(upper_limit(at_alert[np.isfinite(at_alert)], count, params.level), LEAST_SCORE)
    found = {str(k): math.exp(middle[k] + limit * spread[k]) for k in moving}
    return Thresholds(
        {name: max(value, params.least_distance) for name, value in found.items()},
        {str(k): math.exp(middle[k]) for k in moving},
        count,
    )


def judge_columns(
    test: Test, table: pd.DataFrame, until: pd.Timestamp, params: DriftParams, *, seasonal: bool
) -> Check:
    """Judge the columns of the window that ends at ``until``.

    Parameters
    ----------
    test : str
        "columns" for what the model reads, "answers" for what it answers.
    table : DataFrame
        ``distance_table`` with ``until`` among its rows.
    until : Timestamp
    params : DriftParams
    seasonal : bool
        How the table was made; see ``needed``.

    Returns
    -------
    Check
        The value is the share of columns that drifted.
    """
    least = needed(params, seasonal=seasonal)
    chosen = thresholds(table, until, params, least)
    if not chosen.by_column and chosen.windows >= least:
        return not_judged(test, f"no column has {params.min_rows} values in most windows")
    if not chosen.by_column:
        beside = ", each with its year before" if seasonal else ""
        return not_judged(
            test,
            f"{chosen.windows:.1f} earlier windows of {params.window_days} days, {least:.1f} are needed{beside}",
        )
    now = table.loc[until]
    judged = [name for name in chosen.by_column if math.isfinite(now.get(name, math.nan))]
    if 2 * len(judged) < len(table.columns):
        return not_judged(
            test, f"{len(judged)} of {len(table.columns)} columns have {params.min_rows} values in the window"
        )
    rows = [
        (name, float(now[name]), chosen.usual[name], chosen.by_column[name], bool(now[name] > chosen.by_column[name]))
        for name in judged
    ]  # fmt: skip
    found = pd.DataFrame(rows, columns=["column", "distance", "usual", "threshold", "drifted"])
    drifted = found.loc[found["drifted"], "column"].tolist()
    share = len(drifted) / len(judged)
    alert = is_too_much(len(drifted), len(judged), params.share)
    text = told_columns(drifted, len(judged), params.share)
    order = (found["distance"] / found["threshold"]).sort_values(ascending=False).index
    return Check(test, True, alert, share, params.share, text, found.loc[order].reset_index(drop=True))


def told_columns(drifted: Sequence[str], judged: int, share: float) -> str:
    """Say how many columns drifted, and which.

    Examples
    --------
    >>> told_columns(["moisture_pct"], 10, 0.3)
    '1 of 10 columns drifted (10%: moisture_pct); more than 30% is an alert'
    """
    named = f": {', '.join(drifted[:5])}{', ...' if len(drifted) > 5 else ''}" if drifted else ""
    return (
        f"{len(drifted)} of {judged} columns drifted ({len(drifted) / judged:.0%}{named}); "
        f"more than {share:.0%} is an alert"
    )


def _score_of_alert(scores: Values, share: float) -> float:
    known = np.sort(scores[np.isfinite(scores)])[::-1]
    place = math.floor(round(share * len(known), 9))  # so many may drift; one more is an alert
    return float(known[place]) if place < len(known) else math.nan
