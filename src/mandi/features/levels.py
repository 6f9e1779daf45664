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
from mandi.features.level_bank import HORIZONS, BankParams, BankTrace, Floats, run_bank
from mandi.features.level_intervals import IntervalParams, widths
from mandi.features.neighbours import NeighbourParams, neighbour_moves
from mandi.features.report_details import carried, recent_mean, report_details, yesterday

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
    columns = _columns(log_price, trace, state_of, params)
    for name, values in report_details(reports, price).items():
        columns |= {f"b_own_{name}": carried(values), f"b_{name}": yesterday(carried(values))}
    here = np.flatnonzero(np.isfinite(trace.last) & (trace.age <= params.active_days))
    row, column = np.divmod(here, price.shape[1])
    keys = pd.DataFrame(
        {
            "commodity": np.full(len(here), commodity, dtype=object),
            "market": price.columns.to_numpy(dtype=object)[column],
            "known_time": _known_times(reports, day, calendar)[row],
            "day": calendar[row],
            "state": state.to_numpy(dtype=object)[column],
        }
    )
    block = np.empty((len(columns), len(here)))
    for number, values in enumerate(columns.values()):
        np.take(values, here, out=block[number], mode="clip")
    return pd.concat([keys, pd.DataFrame(block.T, columns=list(columns), copy=False)], axis=1, copy=False)


def _known_times(reports: DataFrame, day: Series, calendar: DatetimeIndex) -> DatetimeIndex:
    import pandas as pd

    delay = (reports["known_time"] - reports["event_time"]).groupby(day).max().reindex(calendar)
    end = reports["event_time"].groupby(day).max().sub(day.groupby(day).first().dt.tz_localize("UTC"))
    known = calendar.tz_localize("UTC") + end.reindex(calendar).ffill() + delay.ffill()
    return pd.DatetimeIndex(pd.Series(known).cummax())


def _columns(log_price: Floats, trace: BankTrace, state_of: NDArray[np.int64],
             params: LevelParams) -> dict[str, Floats]:  # fmt: skip
    columns = {"last_log": trace.last, "last_age": trace.age}
    rules = {1: params.short, 7: params.week, 30: params.long, 60: params.long}
    fresh = np.where(trace.age <= params.bank.origin_age, 1.0, np.nan)
    for number, horizon in enumerate(HORIZONS):
        error = np.full_like(log_price, np.nan)
        made = trace.level[:-horizon, number] * fresh[:-horizon]
        error[horizon:] = np.abs(log_price[horizon:] - made)
        columns |= _with_widths(horizon, trace.level[:, number], error, rules[horizon], horizon)
    columns["prev_log"], columns["prev_age"] = yesterday(trace.last), yesterday(trace.age) + 1.0
    error = np.abs(log_price - trace.before * yesterday(fresh))
    today = _with_widths(0, trace.before, error, params.short, 1)
    columns |= {name: values if name == "level_0" else yesterday(values) for name, values in today.items()}
    columns["national_move"], columns["state_move"] = trace.moves[:, :, 0], trace.moves[:, :, 1]
    columns["neighbour_move"] = neighbour_moves(trace.innovation, params.neighbours)
    wide = np.ones_like(log_price)
    national = trace.national[:, None]
    columns["national_log"] = national * wide
    columns["state_log"] = national + trace.state[:, state_of]
    columns["noise_sd"] = trace.noise
    columns["national_vol_30"] = _volatility(trace.national, 30)[:, None] * wide
    columns["market_lead"] = trace.level[:, 0] - national
    columns["innovation_1"] = carried(trace.innovation)
    return columns | _boosting(log_price, trace, columns)


def _with_widths(
    horizon: int, level: Floats, error: Floats, rule: IntervalParams, lag: int
) -> dict[str, Floats]:
    known = widths(error, rule, lag)
    return {
        f"level_{horizon}": level,
        f"scale_{horizon}": known.scale,
        f"half90_{horizon}": known.half90,
        f"half95_{horizon}": known.half95,
    }


def _boosting(log_price: Floats, trace: BankTrace, shared: dict[str, Floats]) -> dict[str, Floats]:
    national = yesterday(trace.national[:, None])
    after = {"earlier_innovation": _earlier(trace.innovation), "bias": recent_mean(trace.innovation, 5)}
    for member in range(trace.bank.shape[1]):
        after[f"bank_{member}"] = trace.bank[:, member] - trace.level[:, 0]
    columns = {f"b_own_{name}": values for name, values in after.items()}
    after["innovation"] = shared["innovation_1"]
    columns |= {f"b_{name}": yesterday(values) for name, values in after.items()}
    for days in (3, 7, 30):
        earlier = np.vstack([np.full((days, 1), np.nan), national[:-days]])
        columns[f"b_national_{days}"] = national - earlier + trace.moves[:, :, 0]
    reported = np.isfinite(log_price).astype(np.float64)
    total = np.cumsum(reported, axis=0)
    total[30:] -= total[:-30].copy()
    columns["b_reports_30"] = yesterday(total)
    columns["b_volatility"] = yesterday(_volatility(trace.national, 30)[:, None]) + np.zeros_like(log_price)
    return columns


def _earlier(values: Floats) -> Floats:
    there = np.isfinite(values)
    return carried(np.where(there, yesterday(carried(values)), np.nan))


def _volatility(national: Floats, days: int) -> Floats:
    import pandas as pd

    return pd.Series(national).diff().rolling(days, min_periods=5).std().to_numpy(np.float64)
