"""Asks what a market's modal price (INR/quintal) will be, from every day of the past, with the answer that came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mandi.core.errors import UnknownValue

if TYPE_CHECKING:
    from pandas import DataFrame, Timestamp

STEPS = (0, 1, 7, 30, 60)
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
