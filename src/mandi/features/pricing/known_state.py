"""What was known of a market at the moment of each question: the row of the filter, read for the day the price is for.

Arrays in, arrays out: what is asked here, row by row in the service, would cost a frame more than a model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mandi.core.frames import Columns, moments
from mandi.features import calendar, ready

if TYPE_CHECKING:
    from pandas import DataFrame

STEPS = (0, 1, 7, 30, 60)
LONG_WEEKEND = 4  # days
ONE_DAY = np.timedelta64(1, "D")
STEP_COLUMNS = ("level", "scale", "half90", "half95")
MARKET_STATE = (
    "national_log",
    "state_log",
    "national_vol_30",
    "national_move",
    "state_move",
    "neighbour_move",
)
# these have seen the market's own report of the day: a question about that very day must not
AFTER_OWN_REPORT = ("noise_sd", "market_lead", "innovation_1")


def last_known(asked: DataFrame | Columns, history: Mapping[str, DataFrame]) -> dict[str, Any]:
    """Return the columns of the row of ``levels`` known at each question, as arrays; missing where there was none.

    Parameters
    ----------
    asked : DataFrame or Columns
        commodity, market, asof (UTC).
    history : mapping
        With ``levels``, see ``market_levels``.
    """
    row = ready.positions(asked, history, "levels", by=["commodity", "market"])
    known = row >= 0
    names, block = ready.numbers(history, "levels")
    told = np.full((len(names), len(row)), np.nan)
    day, state = np.full(len(row), np.datetime64("NaT", "ns")), np.full(len(row), None, dtype=object)
    known_time = day.copy()
    if block.shape[1]:
        told = block.take(row, axis=1)
        told[:, ~known] = np.nan
        for values, name in ((day, "day"), (known_time, "known_time"), (state, "state")):
            values[known] = ready.column(history, "levels", name)[row[known]]
    return {
        "asof": moments(asked, "asof"),
        **dict(zip(names, told)),
        "day": day,
        "state": state,
        "known_time": known_time,
    }


def of_the_step(told: Mapping[str, Any], target: np.ndarray, is_lot: np.ndarray) -> dict[str, np.ndarray]:
    """Return level and bounds for the day each price is for, and how old what is known is.

    Parameters
    ----------
    told : mapping of name to array of shape (n,)
        What :func:`last_known` returned.
    target : datetime64 array of shape (n,)
        Midnights of the days the prices are for.
    is_lot : array of bool of shape (n,)

    Returns
    -------
    dict of name to array of shape (n,)
        step (days), level, scale, half90, half95, last_log, last_age, history_age_days.
    """
    gap, closed = _closed_days(told["day"], told["asof"])
    ahead = (target - told["day"]) / ONE_DAY - closed
    # over a holiday a lot still stands on the level of the next day; its bounds are its own
    ahead = np.where(is_lot & (ahead <= LONG_WEEKEND), np.minimum(ahead, 1.0), ahead)
    place = np.minimum(np.searchsorted(STEPS, np.nan_to_num(ahead, nan=0.0)), len(STEPS) - 1)
    known = ~np.isnan(ahead) & (ahead >= 0)
    found = {"step": np.where(known, np.array(STEPS, dtype=float)[place], np.nan)}
    for name in STEP_COLUMNS:
        by_step = [told[f"{name}_{step}"] for step in STEPS]
        found[name] = np.where(known, np.choose(place, by_step), np.nan)
    for name in ("log", "age"):
        before, after = told[f"prev_{name}"], told[f"last_{name}"]
        found[f"last_{name}"] = np.where(known, np.where(found["step"] == 0, before, after), np.nan)
    found["last_age"] = found["last_age"] + gap
    return found | {"history_age_days": (told["asof"] - told["known_time"]) / ONE_DAY}


def filter_state(told: Mapping[str, Any], step: np.ndarray) -> dict[str, np.ndarray]:
    """Return the state of the filter, without what has seen the market's report of the very day asked about."""
    found: dict[str, np.ndarray] = {}
    same_day = step == 0
    for name, values in told.items():
        if name in AFTER_OWN_REPORT or name.startswith("b_own_"):
            found[name] = np.where(same_day, np.nan, values)
        elif name in MARKET_STATE or name.startswith("b_"):
            found[name] = values
    return found


def _closed_days(day: np.ndarray, moment: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    # markets rest on Sundays: Monday's price is one trading day after Saturday's reports
    today = calendar.trading_dates(moment)
    first = np.where(np.isnat(day), today, day.astype("datetime64[D]") + ONE_DAY)
    gap = np.maximum((today - first) / ONE_DAY, 0.0)
    sundays = np.busday_count(first, np.maximum(today, first), weekmask="Sun")
    return gap, np.minimum(gap, sundays)
