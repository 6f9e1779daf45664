"""Log price level of every market on every day, its forecasts 0 to 60 days ahead and their widths, from reports alone.

Log of INR/quintal throughout. One row per commodity, market and day; what a row holds "before" the own report of its
day (``prev_*``, ``level_0``, ``*_move``, ``b_*`` without ``b_own_*``) does not depend on that report.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mandi.core.errors import ContractError
from mandi.features.pricing.level_bank import HORIZONS, BankParams, BankTrace, Floats, run_bank
from mandi.features.pricing.level_intervals import IntervalParams, widths
from mandi.features.pricing.level_rows import LevelRows
from mandi.features.pricing.neighbours import NeighbourParams, neighbour_moves
from mandi.features.pricing.report_details import recent_mean, report_details

if TYPE_CHECKING:
    from pandas import DataFrame, DatetimeIndex, Series

NEEDED = ("commodity", "state", "market", "min_price", "max_price", "modal_price", "event_time", "known_time")


@dataclass(frozen=True)
class LevelParams:
    """Settings of the level tables.

    Attributes
    ----------
    bank : BankParams
    neighbours : NeighbourParams
    short, week, long : IntervalParams
        Widths today and 1 day, 7 days, and 30 and 60 days ahead.
    gate_factor : float
        A report further than this factor from the recent national median is left out.
    gate_days : int
        Days of the recent national median.
    active_days : int
        A market has rows while its last report is not older.
    """

    bank: BankParams = field(default_factory=BankParams)
    neighbours: NeighbourParams = field(default_factory=NeighbourParams)
    short: IntervalParams = field(default_factory=IntervalParams)
    week: IntervalParams = field(default_factory=lambda: IntervalParams(window=365, step=0.01))
    long: IntervalParams = field(
        default_factory=lambda: IntervalParams(window=1100, half_life=365.0, step=0.0)
    )
    gate_factor: float = 2.5
    gate_days: int = 30
    active_days: int = 45


def market_levels(reports: DataFrame, params: LevelParams) -> DataFrame:
    """Build the ``levels`` history.

    Parameters
    ----------
    reports : DataFrame
        commodity, state, market, min_price, max_price, modal_price (INR/quintal), event_time, known_time (UTC);
        any number of varieties per market and day.
    params : LevelParams

    Returns
    -------
    DataFrame
        Keys commodity, market, known_time (end of the day, when its reports are known); day; state; after the own
        report last_log, last_age (days) and per horizon 1, 7, 30, 60 level, scale, half90, half95; before it
        prev_log, prev_age, level_0, scale_0, half90_0, half95_0, national_move, state_move, neighbour_move; shared
        national_log, state_log, noise_sd, national_vol_30, market_lead, innovation_1; ``b_*`` for boosting.
        Sorted by commodity, known_time, market.

    Raises
    ------
    ContractError
        A column is missing, or there are no reports.
    """
    import pandas as pd

    missing = [name for name in NEEDED if name not in reports]
    if missing:
        raise ContractError(f"reports lack {', '.join(missing)}", allowed=", ".join(NEEDED))
    if reports.empty:
        raise ContractError("there are no reports", next_command="mandi import <files>")
    parts = [
        _commodity_levels(str(name), part, params)
        for name, part in reports.groupby("commodity", sort=True, observed=True)
    ]
    return parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)


def gate(price: DataFrame, factor: float, days: int) -> DataFrame:
    """Leave out reports that are implausibly far from what the nation reported recently.

    Parameters
    ----------
    price : DataFrame
        Days x markets, INR/quintal, consecutive calendar days.
    factor : float
        Largest ratio to the median of the daily medians of the ``days`` days before.
    days : int

    Returns
    -------
    DataFrame
        Same shape, NaN where left out. A day's own reports never decide on it; with no report in the window nothing
        is left out.

    Examples
    --------
    >>> import pandas as pd
    >>> reports = pd.DataFrame({"Latur": [4000.0, 4010.0, 47500.0], "Akola": [3990.0, None, 4005.0]})
    >>> gate(reports, 2.5, 30)["Latur"].tolist()
    [4000.0, 4010.0, nan]
    """
    recent = price.median(axis=1).rolling(days, min_periods=1).median().shift(1)
    ratio = price.div(recent, axis=0)
    return price.mask((ratio > factor) | (ratio < 1.0 / factor))


def _commodity_levels(commodity: str, reports: DataFrame, params: LevelParams) -> DataFrame:
    import pandas as pd

    day = reports["event_time"].dt.tz_convert(None).dt.normalize()
    reports = reports.assign(day=day)
    calendar = pd.date_range(day.min(), day.max(), freq="D")
    price = (
        reports.groupby(["day", "market"], observed=True)["modal_price"].median().unstack().reindex(calendar)
    )
    price = gate(price.where(price > 0), params.gate_factor, params.gate_days)
    price = price[sorted(price.columns)]
    state = reports.drop_duplicates("market").set_index("market")["state"].reindex(price.columns)
    log_price = np.log(price.to_numpy(np.float64))
    state_of = pd.factorize(state, sort=True)[0].astype(np.int64)
    trace = run_bank(log_price, state_of, params.bank)
    rows = LevelRows.of(np.isfinite(log_price), np.isfinite(trace.last) & (trace.age <= params.active_days))
    columns = _levels(log_price, trace, rows, params) | _shared(trace, rows, state_of, params.neighbours)
    columns |= _boosting(log_price, trace, rows)
    for name, values in report_details(reports, price).items():
        columns[f"b_own_{name}"] = rows.at(values, rows.report)
        columns[f"b_{name}"] = rows.at(values, rows.report_before)
    column = rows.here % price.shape[1]
    keys = {
        "commodity": np.full(len(column), commodity, dtype=object),
        "market": price.columns.to_numpy(dtype=object)[column],
        "known_time": _known_times(reports, day, calendar)[rows.day],
        "day": calendar[rows.day],
        "state": state.to_numpy(dtype=object)[column],
    }
    return pd.DataFrame(keys | columns, copy=False)


def _known_times(reports: DataFrame, day: Series, calendar: DatetimeIndex) -> DatetimeIndex:
    import pandas as pd

    delay = (reports["known_time"] - reports["event_time"]).groupby(day).max().reindex(calendar)
    end = reports["event_time"].groupby(day).max().sub(day.groupby(day).first().dt.tz_localize("UTC"))
    known = calendar.tz_localize("UTC") + end.reindex(calendar).ffill() + delay.ffill()
    return pd.DatetimeIndex(pd.Series(known).cummax())


def _levels(log_price: Floats, trace: BankTrace, rows: LevelRows, params: LevelParams) -> dict[str, Floats]:
    columns = {"last_log": rows.today(trace.last), "last_age": rows.today(trace.age)}
    rules = {1: params.short, 7: params.week, 30: params.long, 60: params.long}
    current = np.where(trace.age <= params.bank.origin_age, 1.0, np.nan)
    for number, horizon in enumerate(HORIZONS):
        error = np.full_like(log_price, np.nan)
        made = trace.level[:-horizon, number] * current[:-horizon]
        error[horizon:] = np.abs(log_price[horizon:] - made)
        known = widths(error, rules[horizon], horizon)
        columns[f"level_{horizon}"] = rows.today(trace.level[:, number])
        for name in ("scale", "half90", "half95"):
            columns[f"{name}_{horizon}"] = rows.today(getattr(known, name))
    columns["prev_log"] = rows.yesterday(trace.last)
    columns["prev_age"] = rows.yesterday(trace.age) + 1.0
    columns["level_0"] = rows.today(trace.before)
    error[1:] = np.abs(log_price[1:] - trace.before[1:] * current[:-1])
    error[0] = np.nan
    known = widths(error, params.short, 1)
    for name in ("scale", "half90", "half95"):
        columns[f"{name}_0"] = rows.yesterday(getattr(known, name))
    return columns


def _shared(
    trace: BankTrace, rows: LevelRows, state_of: NDArray[np.int64], neighbours: NeighbourParams
) -> dict[str, Floats]:
    national = rows.today(trace.national)
    deviation = trace.state[rows.day, state_of[rows.here % rows.markets]]
    return {
        "national_move": rows.today(trace.moves[:, :, 0]),
        "state_move": rows.today(trace.moves[:, :, 1]),
        "neighbour_move": rows.today(neighbour_moves(trace.innovation, neighbours)),
        "national_log": national,
        "state_log": national + deviation,
        "noise_sd": rows.today(trace.noise),
        "national_vol_30": rows.today(_volatility(trace.national, 30)),
        "market_lead": rows.today(trace.level[:, 0]) - national,
        "innovation_1": rows.at(trace.innovation, rows.report),
    }


def _boosting(log_price: Floats, trace: BankTrace, rows: LevelRows) -> dict[str, Floats]:
    bias = recent_mean(trace.innovation, 5)
    columns = {
        "b_own_earlier_innovation": rows.at(trace.innovation, rows.earlier),
        "b_earlier_innovation": rows.at(trace.innovation, rows.earlier_before),
        "b_innovation": rows.at(trace.innovation, rows.report_before),
        "b_own_bias": rows.today(bias),
        "b_bias": rows.yesterday(bias),
    }
    for member in range(trace.bank.shape[1]):
        lead = trace.bank[:, member] - trace.level[:, 0]
        columns[f"b_own_bank_{member}"], columns[f"b_bank_{member}"] = rows.today(lead), rows.yesterday(lead)
    national, moved = rows.yesterday(trace.national), rows.today(trace.moves[:, :, 0])
    for days in (3, 7, 30):
        columns[f"b_national_{days}"] = national - rows.yesterday(trace.national, 1 + days) + moved
    total = np.cumsum(np.isfinite(log_price), axis=0).astype(np.float64)
    columns["b_reports_30"] = rows.yesterday(total) - np.nan_to_num(rows.yesterday(total, 31))
    columns["b_volatility"] = rows.yesterday(_volatility(trace.national, 30))
    return columns


def _volatility(national: Floats, days: int) -> Floats:
    import pandas as pd

    return pd.Series(national).diff().rolling(days, min_periods=5).std().to_numpy(np.float64)
