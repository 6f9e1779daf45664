"""Whether a model is right as it used to be, once outcomes are known: residuals, calibration, performance."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mandi.evaluation.drift.checks import Check, not_judged
from mandi.evaluation.drift.limits import chance_above, chance_of_squares, upper_limit
from mandi.evaluation.drift.params import DriftParams
from mandi.evaluation.drift.windows import blocks, earlier

OUTCOMES = ("group", "known", "error", "size", "miss")
"""Columns of outcomes: group, when the truth was known (UTC), signed error, its size, whether the stated range missed it."""
DAY = pd.Timedelta(days=1)


def judge_residuals(outcomes: pd.DataFrame, until: pd.Timestamp, params: DriftParams) -> Check:
    """Test whether the errors of the last days are one-sided in some groups, by more than they used to be.

    All rows of one group and day share what that day did to the group, so a day counts once, by its median. Medians are
    averaged over ``concept_days``; of each group the mean is put in deviations of all earlier means, and squares are summed.

    Parameters
    ----------
    outcomes : DataFrame
        ``OUTCOMES``.
    until : Timestamp
        UTC; what was known later is not looked at.
    params : DriftParams

    Returns
    -------
    Check
        The value is the probability of so much if nothing changed; the limit is the lowest that is no alert.
    """
    days = params.concept_days
    means = _daily(outcomes, "error", until).rolling(days, min_periods=1).mean()
    past = means.loc[earlier(pd.DatetimeIndex(means.index), until, days)]
    whole = blocks(pd.DatetimeIndex(means.index), until, params.window_days)
    if whole < params.least_blocks or until not in means.index:
        return not_judged("residuals", _too_few(whole, params))
    count = blocks(pd.DatetimeIndex(means.index), until, days)
    now_known = means.loc[[until]].notna().to_numpy()[0]
    steady = past.columns[(past.notna().mean() > 0.5).to_numpy() & (past.std() > 0).to_numpy() & now_known]
    if not len(steady):
        return not_judged("residuals", "no group has outcomes in these days")
    scores = ((means - past.mean()) / past.std())[steady]
    sums = (scores**2).mean(axis=1) * len(steady)
    chance = chance_of_squares(
        float(sums[until]), sums.loc[past.index].dropna().to_numpy(), count, len(steady)
    )
    deviations = scores.loc[[until]].iloc[0]
    now = deviations.loc[deviations.abs().sort_values(ascending=False).index]
    text = (
        f"errors of {days} days are {now.iloc[0]:+.1f} deviations from usual in {now.index[0]}; "
        f"all groups together: p = {chance:.2g}"
    )
    table = pd.DataFrame(
        {
            "group": now.index,
            "deviations": now.to_numpy(),
            "mean_error": means.loc[[until]].iloc[0][now.index].to_numpy(),
            "usual": past[now.index].mean().to_numpy(),
        }
    )
    return Check("residuals", True, chance < params.level, chance, params.level, text, table)


def judge_calibration(outcomes: pd.DataFrame, until: pd.Timestamp, params: DriftParams) -> Check:
    """Test whether stated ranges miss the truth more often or more rarely than they used to.

    Parameters
    ----------
    outcomes, until, params
        See ``judge_residuals``.

    Returns
    -------
    Check
        The value is the share missed in the window; the limit the one from which it is too often.
    """
    days = params.window_days
    shares = _windowed(outcomes, "miss", until, params)
    past, count = _past(shares, until, days)
    if count < params.least_blocks or until not in shares.index:
        return not_judged("calibration", _too_few(count, params))
    turned = np.arcsin(np.sqrt(past.to_numpy()))
    now = float(np.arcsin(np.sqrt(shares[until])))
    chance = 2 * min(chance_above(now, turned, count), chance_above(-now, -turned, count))
    limit = float(np.sin(min(upper_limit(turned, count, params.level / 2), np.pi / 2)) ** 2)
    text = f"{shares[until]:.1%} of the truth lies outside what was stated, usually {past.mean():.1%} (p = {chance:.2g})"
    return Check("calibration", True, chance < params.level, float(shares[until]), limit, text)


def judge_performance(outcomes: pd.DataFrame, until: pd.Timestamp, params: DriftParams) -> Check:
    """Test whether errors have grown.

    Parameters
    ----------
    outcomes, until, params
        See ``judge_residuals``.

    Returns
    -------
    Check
        The value is the mean size of the error in the window over the usual one.
    """
    days = params.window_days
    sizes = _windowed(outcomes, "size", until, params)
    sizes = sizes[sizes > 0]
    past, count = _past(sizes, until, days)
    if count < params.least_blocks or until not in sizes.index:
        return not_judged("performance", _too_few(count, params))
    logs = np.log(past.to_numpy())
    usual = float(np.exp(logs.mean()))
    limit = max(float(np.exp(upper_limit(logs, count, params.level))) / usual, 1 + params.worse)
    ratio = float(sizes[until]) / usual
    text = f"errors are {ratio:.2f} of the usual size; from {limit:.2f} on it is an alert"
    return Check("performance", True, ratio > limit, ratio, limit, text)


def _daily(outcomes: pd.DataFrame, name: str, until: pd.Timestamp) -> pd.DataFrame:
    """Medians by group of the days (labelled by the moment they end) up to ``until``, which is the last."""
    known = outcomes[(outcomes["known"] < until) & outcomes[name].notna()]
    moments = known["known"].dt.as_unit("ns").astype("int64").to_numpy()
    ago = (until.as_unit("ns").value - moments) // DAY.as_unit("ns").value
    ended = until - pd.TimedeltaIndex(pd.to_timedelta(ago, unit="D"))
    by_day = known.groupby([ended, known["group"].to_numpy()])[name].median().unstack()
    if not len(by_day):
        return by_day
    return by_day.reindex(pd.date_range(by_day.index[0], until, freq=DAY))


def _windowed(outcomes: pd.DataFrame, name: str, until: pd.Timestamp, params: DriftParams) -> pd.Series:
    """Means over the windows that end every ``step_days`` up to ``until``; missing of windows with too few rows."""
    known = outcomes[(outcomes["known"] < until) & outcomes[name].notna()]
    if not len(known):
        return pd.Series(dtype=np.float64)
    long = pd.Timedelta(days=params.window_days)
    first = known["known"].min() + long
    moments = pd.date_range(until, first, freq=f"-{params.step_days}D")[::-1]
    ordered = known.sort_values("known", kind="stable")
    when, values = pd.DatetimeIndex(ordered["known"]), ordered[name].to_numpy(np.float64)
    found = {}
    for end in moments:
        inside = values[when.searchsorted(end - long) : when.searchsorted(end)]
        if len(inside) >= params.min_rows:
            found[end] = float(inside.mean())
    return pd.Series(found, dtype=np.float64)


def _past(figures: pd.Series, until: pd.Timestamp, days: int) -> tuple[pd.Series, float]:
    index = pd.DatetimeIndex(figures.index) if len(figures) else pd.DatetimeIndex([], tz="UTC")
    return figures.loc[earlier(index, until, days)], blocks(index, until, days)


def _too_few(count: float, params: DriftParams) -> str:
    return f"outcomes of {count:.1f} earlier windows of {params.window_days} days, {params.least_blocks} are needed"
