"""What anyone would guess without a model: the last report, the same weeks of last year, the last lots (INR per quintal).

Each is known at the moment of decision: changing anything known later changes no baseline, bit for bit. Prices are
summed as whole paise for that reason, since sums of whole numbers do not depend on what stands after them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mandi.core.errors import ContractError, nearest

Whole: TypeAlias = NDArray[np.int64]
SECONDS = 20_000_000_000  # more than any moment in seconds, so that key and moment fold into one number
DAYS = 4_000_000


@dataclass(frozen=True)
class BaselineParams:
    """Sizes of the windows.

    Attributes
    ----------
    season_half_window : int
        Days before and after the same day of last year that the seasonal naive averages.
    last_lots : int
        Lots that the mean of the last lots averages, at most.
    """

    season_half_window: int = 7
    last_lots: int = 20


def baselines(
    frame: pd.DataFrame, tables: Mapping[str, pd.DataFrame], params: BaselineParams | None = None
) -> pd.DataFrame:
    """Predict every question by each baseline that its tables allow.

    Parameters
    ----------
    frame : DataFrame
        Questions: ``kind, commodity, market, asof`` (UTC), ``target_day``, and ``last_log`` (log of INR per quintal).
    tables : mapping of name to DataFrame
        ``reports`` for the seasonal naive; ``trades`` for the mean of the last lots.
    params : BaselineParams, optional

    Returns
    -------
    DataFrame
        ``last_price``, ``seasonal_naive``, ``mean_last_lots`` on the index of ``frame``; NaN where a baseline has
        nothing to go by, and for the last lots also where no lot is asked about.

    Raises
    ------
    ContractError
        A column is missing.
    """
    chosen = params or BaselineParams()
    found = {"last_price": last_price(frame)}
    if "reports" in tables:
        found["seasonal_naive"] = seasonal_naive(frame, tables["reports"], chosen.season_half_window)
    if "trades" in tables and len(tables["trades"]):
        lots = frame[frame["kind"] == "lot"]
        found["mean_last_lots"] = mean_last_lots(lots, tables["trades"], chosen.last_lots).reindex(
            frame.index
        )
    return pd.DataFrame(found, index=frame.index)


def last_price(frame: pd.DataFrame) -> pd.Series:
    """Return the market's own last report (persistence).

    Examples
    --------
    >>> last_price(pd.DataFrame({"last_log": [np.log(4000.0), np.nan]})).round(6).tolist()
    [4000.0, nan]
    """
    _require(frame, ["last_log"], "questions")
    return pd.Series(np.exp(frame["last_log"].to_numpy(dtype=float)), index=frame.index, name="last_price")


def seasonal_naive(frame: pd.DataFrame, reports: pd.DataFrame, half_window: int = 7) -> pd.Series:
    """Return the market's mean report around the same day of last year.

    Parameters
    ----------
    frame : DataFrame
        ``commodity, market, asof`` (UTC), ``target_day``.
    reports : DataFrame
        ``commodity, market, modal_price, event_time, known_time``; rows flagged implausible are not used.
    half_window : int
        Days before and after target_day - 365.

    Returns
    -------
    Series
        INR per quintal; NaN where the market has no report there.
    """
    _require(frame, ["commodity", "market", "asof", "target_day"], "questions")
    _require(reports, ["commodity", "market", "modal_price", "event_time", "known_time"], "reports")
    centre = _days(frame["target_day"]) - 365
    spare = _days(frame["asof"]) - (centre + half_window)
    usable = reports[np.isfinite(reports["modal_price"].to_numpy(dtype=float))]
    if "flags" in usable:
        usable = usable[~usable["flags"].fillna("").str.contains("implausible")]
    if len(frame) and len(usable):
        # a report that came later than the nearest question could have seen is used for none
        delay = usable["known_time"] - usable["event_time"].dt.normalize()
        usable = usable[delay <= pd.Timedelta(days=int(spare.min()))]
    asked, told = _codes(frame, usable)
    day = _days(usable["event_time"])
    folded = told * DAYS + day
    order = np.argsort(folded, kind="stable")
    first = np.searchsorted(folded[order], asked * DAYS + centre - half_window, side="left")
    last = np.searchsorted(folded[order], asked * DAYS + centre + half_window, side="right")
    paise = _paise(usable["modal_price"])[order]
    return pd.Series(_mean_between(paise, first, last), index=frame.index, name="seasonal_naive")


def mean_last_lots(frame: pd.DataFrame, trades: pd.DataFrame, count: int = 20) -> pd.Series:
    """Return the mean price of the last lots known to have been sold in the market, else in any of the commodity.

    Parameters
    ----------
    frame : DataFrame
        ``commodity, market, asof`` (UTC).
    trades : DataFrame
        ``commodity, market, price`` (INR per quintal), ``known_time``.
    count : int
        Lots averaged, at most.

    Returns
    -------
    Series
        INR per quintal; NaN where no lot of the commodity was known.
    """
    _require(frame, ["commodity", "market", "asof"], "questions")
    _require(trades, ["commodity", "market", "price", "known_time"], "trades")
    usable = trades[np.isfinite(trades["price"].to_numpy(dtype=float))]
    nowhere = {"market": ""}
    local = _mean_of_last(frame, usable, count)
    anywhere = _mean_of_last(frame.assign(**nowhere), usable.assign(**nowhere), count)
    return pd.Series(np.where(np.isnan(local), anywhere, local), index=frame.index, name="mean_last_lots")


def _mean_of_last(frame: pd.DataFrame, trades: pd.DataFrame, count: int) -> NDArray[np.float64]:
    asked, told = _codes(frame, trades)
    known = _seconds(trades["known_time"], up=True)
    folded = told * SECONDS + known
    order = np.argsort(folded, kind="stable")
    last = np.searchsorted(folded[order], asked * SECONDS + _seconds(frame["asof"], up=False), side="left")
    start = np.searchsorted(folded[order], asked * SECONDS, side="left")
    return _mean_between(_paise(trades["price"])[order], np.maximum(start, last - count), last)


def _mean_between(paise: Whole, first: NDArray[np.intp], last: NDArray[np.intp]) -> NDArray[np.float64]:
    total = np.concatenate([[0], np.cumsum(paise)])
    held = last - first
    mean = (total[last] - total[first]) / np.maximum(held, 1) / 100.0
    return np.where(held > 0, mean, np.nan)


def _codes(frame: pd.DataFrame, table: pd.DataFrame) -> tuple[Whole, Whole]:
    keys = pd.concat([frame[["commodity", "market"]], table[["commodity", "market"]]], ignore_index=True)
    code = keys.astype(str).groupby(["commodity", "market"], sort=True).ngroup().to_numpy().astype(np.int64)
    return code[: len(frame)], code[len(frame) :]


def _paise(price: pd.Series) -> Whole:
    return np.rint(price.to_numpy(dtype=float) * 100).astype(np.int64)


def _days(moment: pd.Series) -> Whole:
    return _naive(moment).to_numpy("datetime64[D]").astype(np.int64)


def _seconds(moment: pd.Series, *, up: bool) -> Whole:
    nanoseconds = _naive(moment).to_numpy("datetime64[ns]").astype(np.int64)
    return -(-nanoseconds // 1_000_000_000) if up else nanoseconds // 1_000_000_000


def _naive(moment: pd.Series) -> pd.Series:
    stamps = pd.to_datetime(moment)
    return stamps.dt.tz_convert("UTC").dt.tz_localize(None) if stamps.dt.tz is not None else stamps


def _require(frame: pd.DataFrame, columns: list[str], what: str) -> None:
    for column in columns:
        if column not in frame:
            known = [str(name) for name in frame.columns]
            raise ContractError(
                f'{what} have no column "{column}"{nearest(column, known)}', allowed=", ".join(known)
            )
