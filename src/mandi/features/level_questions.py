"""Asks what a market's modal price (INR/quintal) will be, and picks from its levels what was known for that many days.

A price of the day itself is asked before the market's own report of the day; one ahead, after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mandi.core.errors import UnknownValue

if TYPE_CHECKING:
    from pandas import DataFrame, Series, Timestamp

STEPS = (0, 1, 7, 30, 60)
PARTS = ("level", "scale", "half90", "half95")
SHARED = (
    "national_move", "state_move", "neighbour_move", "national_log", "state_log", "noise_sd", "national_vol_30",
    "market_lead", "innovation_1",
)  # fmt: skip
COLUMNS = [
    "commodity", "market", "asof", "horizon_days", "kind", "target_day", "label", "label_known_time", "national_ahead",
]  # fmt: skip


def level_questions(
    levels: DataFrame,
    horizons: Sequence[int] = STEPS,
    *,
    every: int = 1,
    since: Timestamp | None = None,
    max_age: int = 14,
) -> DataFrame:
    """Build market questions whose answer is in the levels.

    Parameters
    ----------
    levels : DataFrame
        The ``levels`` history of ``market_levels``.
    horizons : sequence of int
        Days from the day asked to the day of the price; 0 asks for the day itself from all other markets' reports.
    every : int
        Keep the origins of one day in ``every``.
    since : Timestamp, optional
        First origin day (no time zone).
    max_age : int
        Days since the market's last report within which a question is asked.

    Returns
    -------
    DataFrame
        commodity, market, asof (``known_time`` of the origin's row), horizon_days, kind ("market"), target_day,
        label (modal price of that day, reports left out by the gate have none), label_known_time, and national_ahead
        (national log move from asof to the label, known with the label: only a fit may read it).

    Raises
    ------
    UnknownValue
        A horizon is negative or ``every`` is below 1.

    Examples
    --------
    >>> import pandas as pd
    >>> day = pd.to_datetime(["2024-01-01", "2024-01-02"])
    >>> levels = pd.DataFrame({"commodity": "tur", "market": "Latur", "day": day, "last_log": np.log([7000.0, 7100.0]),
    ...     "last_age": 0.0, "prev_age": [np.nan, 1.0], "national_log": 8.8, "known_time": day.tz_localize("UTC")})
    >>> level_questions(levels, (0, 1))[["horizon_days", "target_day", "label"]].round(1)
       horizon_days target_day   label
    0             0 2024-01-02  7100.0
    1             1 2024-01-02  7100.0
    """
    import pandas as pd

    if min(horizons) < 0 or every < 1:
        raise UnknownValue(f"horizons {list(horizons)}, every {every}", allowed="horizons >= 0, every >= 1")
    keys = ["commodity", "market", "target_day"]
    reported = levels.loc[levels["last_age"] == 0.0]
    answer = pd.DataFrame(
        {
            "commodity": reported["commodity"],
            "market": reported["market"],
            "target_day": reported["day"],
            "label": np.exp(reported["last_log"]),
            "label_known_time": reported["known_time"],
            "national_then": reported["national_log"],
        }
    )
    asked = levels["day"].sub(pd.Timestamp("1970-01-01")).dt.days % every == 0
    if since is not None:
        asked &= levels["day"] >= since
    parts = []
    for horizon in horizons:
        age = levels["last_age"] if horizon else levels["prev_age"]
        origin = levels.loc[
            asked & (age <= max_age), ["commodity", "market", "known_time", "day", "national_log"]
        ]
        origin = origin.assign(target_day=origin["day"] + pd.Timedelta(days=horizon), horizon_days=horizon)
        parts.append(origin.merge(answer, on=keys, how="inner"))
    frame = pd.concat(parts, ignore_index=True).rename(columns={"known_time": "asof"})
    ahead = (frame["national_then"] - frame["national_log"]).where(frame["horizon_days"] > 0, 0.0)
    return frame.assign(kind="market", national_ahead=ahead)[COLUMNS]


def at_step(rows: DataFrame, target_day: Series) -> DataFrame:
    """Give level rows the uniform names of the forecast step that each target day needs.

    Parameters
    ----------
    rows : DataFrame
        The level row known at each question's asof, one per question.
    target_day : Series
        Day of the price asked (no time zone), on the index of ``rows``.

    Returns
    -------
    DataFrame
        On the index of ``rows``: day, state, step (the smallest of 0, 1, 7, 30, 60 not below the days from day to
        target_day; 0 only for the day itself), level, scale, half90, half95 (log of INR/quintal) of that step,
        last_log and last_age (without the own report of the day at step 0), ahead (days), the shared columns, and
        ``b_*`` (``b_own_*`` are NaN at step 0: they know the own report). Rows without a day have NaN and step -1.

    Raises
    ------
    UnknownValue
        A target day is before the row's day or more than 60 days after it.

    Examples
    --------
    >>> import pandas as pd
    >>> day = pd.Series(pd.to_datetime(["2024-01-01"]))
    >>> names = [f"{part}_{step}" for part in PARTS for step in STEPS]
    >>> rows = pd.DataFrame({"day": day, "state": "Kerala", "last_log": 8.0, "last_age": 0.0, "prev_log": 8.1,
    ...     "prev_age": 2.0} | {name: float(name.split("_")[1]) for name in names} | {name: 0.0 for name in SHARED})
    >>> at_step(rows, day + pd.Timedelta(days=5))[["step", "ahead", "level", "last_log"]].to_numpy().tolist()
    [[7.0, 5.0, 7.0, 8.0]]
    """
    import pandas as pd

    known = rows["day"].notna().to_numpy()
    ahead = (target_day - rows["day"]).dt.days.to_numpy(np.float64)
    if (ahead[known] < 0).any() or (ahead[known] > STEPS[-1]).any():
        odd = ahead[known][(ahead[known] < 0) | (ahead[known] > STEPS[-1])][0]
        raise UnknownValue(f"a target day is {odd:.0f} days after the last known day", allowed="0 to 60")
    place = np.searchsorted(STEPS, np.where(known, ahead, 0.0))
    picked: dict[str, object] = {"step": np.where(known, np.array(STEPS)[place], -1), "ahead": ahead}
    for part in PARTS:
        choices = rows[[f"{part}_{step}" for step in STEPS]].to_numpy(np.float64)
        picked[part] = choices[np.arange(len(rows)), place]
    today = place == 0
    for part in ("log", "age"):
        picked[f"last_{part}"] = np.where(today, rows[f"prev_{part}"], rows[f"last_{part}"])
    for name in rows.columns[rows.columns.str.startswith("b_")]:
        own = name.startswith("b_own_")
        picked[name] = rows[name].where(~today) if own else rows[name]
    shared = {name: rows[name] for name in ("day", "state", *SHARED)}
    return pd.DataFrame(shared | picked, index=rows.index)
