"""Forecasts of a panel of series by one statistical method each, with a fallback for every series that fails.

A member is anything callable as ``member(panel, horizon)`` that returns :class:`MemberForecast`; its values have the unit
of the series. Methods: dynamic optimised theta (Fiorucci et al., 2016), complex exponential smoothing (Svetunkov and
Kourentzes, 2022), exponential smoothing chosen by AICc (Hyndman et al., 2002) and ARIMA, all by statsforecast.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from typing import Any, Protocol

import numpy as np

from mandi.core.errors import UnknownValue, nearest
from mandi.models.base import Progress
from mandi.models.forecasting.series_panel import Floats, SeriesPanel

METHODS = ("naive", "seasonal-naive", "mean", "drift", "theta", "ces", "ets", "arima")


@dataclass(frozen=True)
class MemberForecast:
    """What one member says about every series of a panel.

    Attributes
    ----------
    values : array, shape (series, horizon)
        Finite numbers in the unit of the series.
    failures : dict
        Place of each series that got its fallback instead -> why.
    """

    values: Floats
    failures: dict[int, str] = field(default_factory=dict)


class Member(Protocol):
    """Forecasts every series of a panel; must be pure: same panel, same forecast."""

    def __call__(self, panel: SeriesPanel, horizon: int) -> MemberForecast:
        """Return forecasts of shape (series, horizon)."""


@dataclass(frozen=True)
class StatMember:
    """One statistical method, fitted to each series alone.

    Attributes
    ----------
    method : str
        One of ``METHODS``. ``mean`` is the mean of the last ``window`` steps times the shape of the season in them.
    season : int
        Steps in a season; 1 for none.
    history : int
        Only the last so many steps are used; 0 for all. Capped history is better on series whose level has moved.
    window : int
        Of ``mean``, in steps.
    order : tuple of int, optional
        Of ``arima``; none: chosen by AICc, without a season.
    form : str
        Of ``ets``: letters of error, trend and season, each A, M, N or Z for the best by AICc. Additive errors alone (AZN,
        AZA) cost a third of all forms.
    processes : int
        Worker processes; series are shared out among them.

    Raises
    ------
    UnknownValue
        The method is not known.

    Examples
    --------
    >>> panel = SeriesPanel.of({"a": [1.0, 2.0, 3.0, 4.0]})
    >>> StatMember("drift")(panel, 2).values.tolist()
    [[5.0, 6.0]]
    >>> StatMember("seasonal-naive", season=2)(panel, 3).values.tolist()
    [[3.0, 4.0, 3.0]]
    """

    method: str
    season: int = 1
    history: int = 0
    window: int = 28
    order: tuple[int, int, int] | None = None
    form: str = "ZZZ"
    processes: int = 1

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise UnknownValue(
                f"method is {self.method!r}{nearest(self.method, METHODS)}", allowed=", ".join(METHODS)
            )

    def __call__(self, panel: SeriesPanel, horizon: int, progress: Progress | None = None) -> MemberForecast:
        """Forecast every series; one that fails gets :func:`fallback` and its reason is told."""
        values = np.empty((len(panel), horizon))
        failures: dict[int, str] = {}
        one = partial(_one, self, horizon=horizon)
        for place, (forecast, reason) in enumerate(_spread(one, panel.values, self.processes)):
            values[place] = forecast
            if reason:
                failures[place] = reason
            if progress is not None:
                progress(place + 1, len(panel), f"{self.method} {panel.names[place]}")
        return MemberForecast(values, failures)


def fallback(values: Floats, horizon: int, season: int) -> Floats:
    """Repeat the last season, or the last value where there is no whole season.

    Examples
    --------
    >>> fallback(np.array([1.0, 2.0, 3.0]), 4, season=2).tolist()
    [2.0, 3.0, 2.0, 3.0]
    """
    span = season if len(values) >= season else 1
    return np.resize(values[-span:], horizon)


def _spread(
    one: Callable[[Floats], tuple[Floats, str]], values: Sequence[Floats], processes: int
) -> Iterator[tuple[Floats, str]]:
    if processes <= 1 or len(values) < 2 * processes:
        yield from map(one, values)
        return
    # A fresh interpreter: forking one that has run OpenMP code can hang.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield from pool.map(one, values, chunksize=max(1, len(values) // (4 * processes)))


def _one(member: StatMember, values: Floats, horizon: int) -> tuple[Floats, str]:
    known = values[-member.history :] if member.history else values
    try:
        forecast = _forecast(member, known, horizon)
    except Exception as error:  # one bad series must not stop the others
        return fallback(values, horizon, member.season), f"{type(error).__name__}: {error}"
    if not np.isfinite(forecast).all():
        return fallback(values, horizon, member.season), "the forecast is not finite"
    return forecast, ""


def _forecast(member: StatMember, values: Floats, horizon: int) -> Floats:
    if member.method == "naive":
        return np.full(horizon, values[-1])
    if member.method == "seasonal-naive":
        return fallback(values, horizon, member.season)
    if member.method == "drift":
        slope = (values[-1] - values[0]) / max(len(values) - 1, 1)
        return values[-1] + slope * np.arange(1, horizon + 1)
    if member.method == "mean":
        return _shaped_mean(values[-member.window :], member.season, horizon)
    if np.ptp(values) == 0:
        return np.full(horizon, values[-1])
    return np.asarray(_library(member, len(values)).forecast(y=values, h=horizon)["mean"], dtype=np.float64)


def _shaped_mean(values: Floats, season: int, horizon: int) -> Floats:
    whole = len(values) // season * season
    if season == 1 or whole == 0:
        return np.full(horizon, values.mean())
    return np.resize(values[-whole:].reshape(-1, season).mean(axis=0), horizon)


def _library(member: StatMember, count: int) -> Any:
    from statsforecast import models

    season = member.season if count >= 2 * member.season + 1 else 1
    if member.method == "theta":
        return models.DynamicOptimizedTheta(season_length=season)
    if member.method == "ces":
        return models.AutoCES(season_length=season)
    if member.method == "ets":
        return models.AutoETS(season_length=season, model=member.form)
    if member.order is not None:
        return models.ARIMA(order=member.order)
    return models.AutoARIMA(season_length=1, approximation=True)
