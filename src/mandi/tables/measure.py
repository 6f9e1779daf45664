"""Measures a table of market reports: moves, noise, gaps, spreads and seasons; log prices unless a unit is named.

Sizes are robust (medians over markets, median absolute deviations) so that typing errors do not enter. One measure for
generated and for real reports, so that the two can be laid side by side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mandi.core.errors import ContractError

MAD = 0.6744897501960817
LAGS = (1, 2, 3, 5, 10, 20, 40)
SHORT_LAGS = (1, 2, 3, 5, 10)


@dataclass(frozen=True)
class MeasureParams:
    """Which markets are measured and what counts as absurd.

    Parameters
    ----------
    markets : int
        The markets with most days of reports.
    absurd : float
        A log price further than this from the market's own fortnight is left out.
    fewest : int
        Fewest markets with reports on two consecutive days for a national move.
    """

    markets: int = 40
    absurd: float = 0.3
    fewest: int = 5


def measure(reports: pd.DataFrame, params: MeasureParams = MeasureParams()) -> pd.DataFrame:
    """Measure each commodity of a table of reports.

    Parameters
    ----------
    reports : DataFrame
        ``commodity, state, market, event_time, modal_price`` (INR/quintal); ``district, variety, grade, min_price,
        max_price, arrivals`` (tonnes) where present.
    params : MeasureParams

    Returns
    -------
    DataFrame
        One row per commodity. ``days, markets, reports, median_price`` (INR/quintal); ``reporting_share`` (of calendar
        days) and ``sunday_share``; ``national_move_1`` (sd of the one-day national move: median over markets reporting
        on both days, so the noise of that median is in it), ``national_move_20`` (sd of the 20-day move over the root of
        20) and ``national_calm_20`` (the same from the median absolute move, which rallies do not enter);
        ``noise_sd`` with ``noise_low, noise_high`` (median and quartiles over markets of the reporting noise: intercept
        of the squared-difference curve over 1 to 10 days); ``drift_short`` (its slope, per root day) and
        ``drift_long`` (slope between 20 and 40 days); ``market_spread`` (sd of lasting differences);
        ``state_correlation, district_correlation`` (of four-week moves relative to the country, above that of strangers); ``many_rows_share``
        (market-days with several varieties or grades) and ``variety_spread``; ``price_range`` (median of max - min over
        modal); ``season`` (half the range of month means of the national level, yearly mean and trend removed),
        ``arrivals_peak`` (busiest month over mean month), ``arrivals_noise``, ``sunday_arrivals``.

    Raises
    ------
    ContractError
        A column is missing or there is no usable report.

    Examples
    --------
    >>> day = pd.date_range("2024-01-01", periods=60, tz="UTC") + pd.Timedelta(hours=18, minutes=30)
    >>> reports = pd.concat([pd.DataFrame({"commodity": "tur", "state": "S", "market": f"M{m}", "event_time": day,
    ...                                    "modal_price": 6000.0 + m}) for m in range(6)])
    >>> measure(reports)[["markets", "national_move_1", "noise_sd"]].to_numpy().tolist()
    [[6.0, 0.0, 0.0]]
    """
    for column in ("commodity", "state", "market", "event_time", "modal_price"):
        if column not in reports:
            raise ContractError(
                f'reports have no column "{column}"', allowed="the columns of the reports table"
            )
    usable = reports[reports["modal_price"] > 0]
    if usable.empty:
        raise ContractError("no report has a price above zero", next_command="mandi import")
    rows = {str(name): _measure(part, params) for name, part in usable.groupby("commodity")}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("commodity")


def log_prices(reports: pd.DataFrame, params: MeasureParams = MeasureParams()) -> pd.DataFrame:
    """Return log modal prices of one commodity, calendar days x markets, absurd ones left out.

    Parameters
    ----------
    reports : DataFrame
        Reports of one commodity.
    params : MeasureParams

    Returns
    -------
    DataFrame
        Index of tz-naive days without gaps; a column per market; NaN where nothing was reported.
    """
    frame = reports.assign(day=_day(reports), key=_key(reports))
    kept = frame.groupby("key")["day"].nunique().nlargest(params.markets).index
    frame = frame[frame["key"].isin(kept)]
    prices = frame.groupby(["day", "key"])["modal_price"].median().unstack().asfreq("D")
    wide = prices.apply(np.log)
    usual = wide.rolling(15, min_periods=1, center=True).median()
    return wide.where((wide - usual).abs() < params.absurd)


def national_level(wide: pd.DataFrame) -> pd.Series:
    """Return the national log level of each day: median over markets of price relative to the market's own mean."""
    return wide.sub(wide.mean()).median(axis=1)


def national_moves(wide: pd.DataFrame, fewest: int = 5, lag: int = 1) -> pd.Series:
    """Return the national moves over ``lag`` days (log): median over markets with both days; NaN with too few."""
    moves = wide.diff(lag)
    return moves.median(axis=1).where(moves.notna().sum(axis=1) >= fewest)


def _day(reports: pd.DataFrame) -> pd.Series:
    return reports["event_time"].dt.tz_convert("UTC").dt.tz_localize(None).dt.normalize()


def _key(reports: pd.DataFrame) -> pd.Series:
    district = reports["district"].astype(str) if "district" in reports else ""
    return reports["state"].astype(str) + "/" + district + "/" + reports["market"].astype(str)


def _measure(part: pd.DataFrame, params: MeasureParams) -> dict[str, float]:
    wide = log_prices(part, params)
    day = pd.DatetimeIndex(wide.index)
    relative = wide.sub(national_level(wide), axis=0)
    one_day = national_moves(wide, params.fewest)
    twenty = national_moves(wide.ffill(limit=3), params.fewest, lag=20)
    row = {
        "days": float(len(wide)),
        "markets": float(wide.shape[1]),
        "reports": float(wide.notna().sum().sum()),
        "median_price": float(np.exp(np.nanmedian(wide.to_numpy()))),
        "reporting_share": float(wide.notna().to_numpy().mean()),
        "sunday_share": float(wide[day.dayofweek == 6].notna().to_numpy().mean()),
        "national_move_1": float(one_day.std()),
        "national_move_20": float(twenty.std() / np.sqrt(20)),
        "national_calm_20": float(twenty.abs().median() / MAD / np.sqrt(20)),
    }
    row |= _noise(relative)
    row["market_spread"] = float(wide.sub(national_level(wide), axis=0).mean().std())
    row |= _comovement(wide)
    row |= _within_day(part)
    row |= _seasons(part, wide)
    return row


def _noise(relative: pd.DataFrame) -> dict[str, float]:
    squared = pd.DataFrame({lag: (relative.diff(lag).abs().median() / MAD) ** 2 for lag in LAGS}).fillna(0.0)
    design = np.column_stack([np.ones(len(SHORT_LAGS)), SHORT_LAGS])
    fitted = np.linalg.lstsq(design, squared[list(SHORT_LAGS)].T.to_numpy(), rcond=None)[0]
    noise = np.sqrt(np.clip(fitted[0], 0, None) / 2)
    typical = squared.median()
    return {
        "noise_sd": float(np.median(noise)),
        "noise_low": float(np.quantile(noise, 0.25)),
        "noise_high": float(np.quantile(noise, 0.75)),
        "drift_short": float(np.median(np.sqrt(np.clip(fitted[1], 0, None)))),
        "drift_long": float(np.sqrt(max((typical[40] - typical[20]) / 20, 0.0))),
    }


def _comovement(wide: pd.DataFrame) -> dict[str, float]:
    weekly = wide.resample("W").median()
    moves = weekly.diff(4)
    relative = moves.sub(moves.median(axis=1), axis=0).clip(-0.2, 0.2)
    correlation = relative.corr(min_periods=8).to_numpy()
    names = [str(c).split("/") for c in wide.columns]
    state = np.array([n[0] for n in names])
    district = np.array(["/".join(n[:2]) for n in names])
    upper = np.triu(np.ones_like(correlation, dtype=bool), 1)
    same_state = (state[:, None] == state[None, :]) & upper
    same_district = (district[:, None] == district[None, :]) & same_state
    strangers = _mean(correlation[upper & ~same_state])
    floor = 0.0 if np.isnan(strangers) else strangers
    return {
        "state_correlation": _mean(correlation[same_state & ~same_district]) - floor,
        "district_correlation": _mean(correlation[same_district]) - floor,
    }


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def _within_day(part: pd.DataFrame) -> dict[str, float]:
    row = {"many_rows_share": float("nan"), "variety_spread": float("nan"), "price_range": float("nan")}
    grouped = part.assign(day=_day(part), key=_key(part)).groupby(["day", "key"])["modal_price"]
    size, spread, mean = grouped.size(), grouped.std(), grouped.mean()
    several = size > 1
    row["many_rows_share"] = float(several.mean())
    if several.any():
        row["variety_spread"] = float((spread[several] / mean[several]).median())
    if {"min_price", "max_price"} <= set(part.columns):
        row["price_range"] = float(((part["max_price"] - part["min_price"]) / part["modal_price"]).median())
    return row


def _seasons(part: pd.DataFrame, wide: pd.DataFrame) -> dict[str, float]:
    row = {name: float("nan") for name in ("season", "arrivals_peak", "arrivals_noise", "sunday_arrivals")}
    day = pd.DatetimeIndex(wide.index)
    if len(wide) >= 2 * 365:
        level = national_level(wide)
        trend = level.rolling(365, min_periods=300, center=True).mean()
        by_month = (level - trend).groupby(day.month).mean().dropna()
        if len(by_month) == 12:
            row["season"] = float((by_month.max() - by_month.min()) / 2)
    if "arrivals" not in part or part["arrivals"].notna().sum() < 100:
        return row
    dated = part.assign(day=_day(part), key=_key(part))
    total = dated.groupby("day")["arrivals"].sum()
    weekday = pd.DatetimeIndex(total.index).dayofweek
    row["sunday_arrivals"] = float(total[weekday == 6].sum() / max((weekday == 6).sum(), 1) / total.mean())
    if len(wide) >= 365:
        monthly = total.groupby(pd.DatetimeIndex(total.index).month).mean()
        row["arrivals_peak"] = float(monthly.max() / monthly.mean())
    busiest = dated.groupby("key")["day"].nunique().nlargest(40).index
    tonnes = dated[dated["key"].isin(busiest)].groupby(["day", "key"])["arrivals"].sum().unstack().asfreq("D")
    moves = tonnes.where(tonnes > 0).apply(np.log).diff()
    moves = moves.sub(moves.median(axis=1), axis=0)
    row["arrivals_noise"] = float((moves.abs().median() / MAD / np.sqrt(2)).median())
    return row
