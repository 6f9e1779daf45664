"""Prophet for the daily arrivals of one commodity: fitted by the library, kept and evaluated as plain numbers.

Trend, seasons and holidays add up in log tonnes, so that no forecast is negative. What a fit found is a table of
coefficients; evaluating it is arithmetic, so that a saved forecast needs no Prophet. Source: Taylor and Letham, "Forecasting
at scale" (2018).

A season of a year that holds in the harvest only, beside one that always holds, has the same curve twice: which form the
harvest takes is a setting, and ``is_harvest`` is one function for the past and for the days ahead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mandi.core.errors import ContractError
from mandi.features.calendar import CalendarParams, calendar_features
from mandi.features.forecasting.festivals import FestivalParams, festivals

if TYPE_CHECKING:
    from pandas import DataFrame

Days = np.ndarray[tuple[int, ...], np.dtype[np.datetime64]]
Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
Harvest = Literal["regressor", "weekly", "yearly", "none"]
CONDITIONS = ("is_harvest", "is_lean")


@dataclass(frozen=True)
class ProphetParams:
    """Section ``models.demand.prophet``.

    Attributes
    ----------
    changepoint_prior_scale, seasonality_prior_scale : float
    monthly_order : int
        Fourier order of the season of 30.5 days.
    harvest : str
        regressor: a step in the harvest; weekly: a week of its own in the harvest; yearly: a second yearly season in the
        harvest, of order ``harvest_order``; none.
    harvest_order : int
    least_days : int
        Shorter series are not fitted: a year's season cannot be told from a trend.
    """

    changepoint_prior_scale: float = 0.05
    seasonality_prior_scale: float = 10.0
    monthly_order: int = 5
    harvest: str = "regressor"
    harvest_order: int = 10
    least_days: int = 500


@dataclass(frozen=True)
class ProphetShape:
    """A fitted Prophet as plain numbers.

    Attributes
    ----------
    start : str
        First day of the fit.
    span : float
        Days from it to the last; Prophet's time runs from 0 to 1 over them.
    scale : float
        Log tonnes that Prophet's 1 stands for.
    trend : dict
        ``k``, ``m``, ``changepoints`` (times), ``delta``.
    columns : tuple of (name, coefficient)
        Of the design matrix, in Prophet's names.
    seasons : dict of str to (period, order, condition)
    harvest, lean : bool
        Which conditions and regressors the design uses is told by ``seasons`` and ``columns``.
    """

    start: str
    span: float
    scale: float
    trend: dict[str, Any]
    columns: tuple[tuple[str, float], ...]
    seasons: dict[str, tuple[float, int, str]]
    windows: dict[str, tuple[int, int]] = field(default_factory=dict)

    def log_tonnes(self, days: Days, harvest: Floats, festival: FestivalParams) -> Floats:
        """Return the forecast of each day in log tonnes.

        Parameters
        ----------
        days : array of datetime64[D]
        harvest : array
            ``is_harvest`` of the same days.
        festival : FestivalParams
        """
        if len(days) == 0:
            return np.zeros(0)
        told = self._trend(days)
        values = dict(self.columns)
        for name, (period, order, condition) in self.seasons.items():
            when = days.astype("datetime64[D]").astype(float)
            on = {"is_harvest": harvest, "is_lean": 1.0 - harvest}.get(condition, np.ones(len(days)))
            for k in range(order):
                angle = 2.0 * np.pi * (k + 1) * when / period
                told += on * (np.sin(angle) * values[f"{name}_delim_{2 * k + 1}"])
                told += on * (np.cos(angle) * values[f"{name}_delim_{2 * k + 2}"])
        told += values.get("is_harvest", 0.0) * harvest
        return self.scale * (told + self._holidays(days, values, festival))

    def _trend(self, days: Days) -> Floats:
        t = (days - np.datetime64(self.start, "D")).astype(float) / self.span
        changes, delta = np.array(self.trend["changepoints"]), np.array(self.trend["delta"])
        past = t[:, None] >= changes[None, :]
        # sums by row, not a matrix product: a day has the same last bit whatever other days are asked
        slope = self.trend["k"] + np.where(past, delta, 0.0).sum(axis=1)
        found: Floats = slope * t + self.trend["m"] - np.where(past, changes * delta, 0.0).sum(axis=1)
        return found

    def _holidays(self, days: Days, values: Mapping[str, float], params: FestivalParams) -> Floats:
        years = days.astype("datetime64[Y]").astype(int) + 1970
        told = np.zeros(len(days))
        named = festivals(int(years.min()) - 1, int(years.max()) + 1, params)
        for name, when in zip(named["holiday"], named["ds"].to_numpy().astype("datetime64[D]"), strict=True):
            first, last = self.windows.get(name, (0, -1))
            for offset in range(first, last + 1):
                sign = "+" if offset >= 0 else "-"
                effect = values.get(f"{name}_delim_{sign}{abs(offset)}", 0.0)
                if effect:
                    told[days == when + offset] += effect
        return told

    def summary(self) -> dict[str, Any]:
        """Return what says most of a fit, flat."""
        return {
            "start": self.start, "days": self.span, "growth": round(float(self.trend["k"]), 6),
            "changepoints": len(self.trend["changepoints"]), "columns": len(self.columns),
            "is_harvest": round(float(dict(self.columns).get("is_harvest", 0.0)) * self.scale, 4),
            **{f"order_{name}": order for name, (_, order, _) in self.seasons.items()},
        }  # fmt: skip

    def as_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "start": self.start, "span": self.span, "scale": self.scale, "trend": self.trend,
            "columns": [list(c) for c in self.columns],
            "seasons": [[k, *v] for k, v in self.seasons.items()],  # a list: their order is that of the sum
            "windows": {k: list(v) for k, v in self.windows.items()},
        }  # fmt: skip

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> ProphetShape:
        """Read what ``as_dict`` returned."""
        return cls(
            plain["start"], plain["span"], plain["scale"], dict(plain["trend"]),
            tuple((name, float(value)) for name, value in plain["columns"]),
            {k: (float(p), int(o), str(c)) for k, p, o, c in plain["seasons"]},
            {k: (int(a), int(b)) for k, (a, b) in plain["windows"].items()},
        )  # fmt: skip


def is_harvest(days: Days, commodity: str, calendar: CalendarParams) -> Floats:
    """Return 1 on days in the harvest of a commodity, 0 on others: the same for the days of a fit and for those ahead.

    Examples
    --------
    >>> is_harvest(np.array(["2024-10-01", "2024-06-01"], dtype="datetime64[D]"), "cotton", CalendarParams()).tolist()
    [1.0, 0.0]
    """
    import pandas as pd

    when = pd.Series(days.astype("datetime64[ns]"))
    told = calendar_features(when, pd.Series([commodity] * len(days)), calendar)
    found: Floats = told["is_harvest_season"].to_numpy(dtype=float)
    return found


def fit_prophet(
    days: Days,
    tonnes: Floats,
    commodity: str,
    params: ProphetParams,
    calendar: CalendarParams,
    festival: FestivalParams,
) -> ProphetShape:
    """Fit Prophet to the daily arrivals of one commodity.

    Parameters
    ----------
    days : array of datetime64[D]
        In order, each once.
    tonnes : array
        Days without any are left out: a closed day is the trading calendar's.
    commodity : str
    params : ProphetParams
    calendar : CalendarParams
        Harvest months.
    festival : FestivalParams

    Raises
    ------
    ContractError
        The series is too short, or the fit has no finite forecast.
    """
    known = np.isfinite(tonnes) & (tonnes > 0)
    span = int((days[known][-1] - days[known][0]).astype(int)) + 1 if known.any() else 0
    if span < params.least_days:
        raise ContractError(
            f"{commodity} has {span} days of arrivals", allowed=f"at least {params.least_days}"
        )
    model = _model(days[known], params, festival)
    frame = _framed(days[known], commodity, params, calendar).assign(y=np.log(tonnes[known]))
    _quiet()
    model.fit(frame, seed=1)
    shape = _shape(model, days[known])
    told = shape.log_tonnes(days[known], is_harvest(days[known], commodity, calendar), festival)
    if not np.isfinite(told).all():
        raise ContractError(f"Prophet's fit of {commodity} is not finite", allowed="finite coefficients")
    return shape


def _model(days: Days, params: ProphetParams, festival: FestivalParams) -> Any:
    from prophet import Prophet

    years = days.astype("datetime64[Y]").astype(int) + 1970
    model = Prophet(
        growth="linear",
        changepoint_prior_scale=params.changepoint_prior_scale,
        seasonality_prior_scale=params.seasonality_prior_scale,
        yearly_seasonality=True,
        weekly_seasonality=params.harvest != "weekly",
        daily_seasonality=False,
        interval_width=0.95,
        holidays=festivals(int(years.min()) - 1, int(years.max()) + 1, festival),
        uncertainty_samples=0,  # intervals are conformal, from errors that were made
    )
    model.add_seasonality("monthly", period=30.5, fourier_order=params.monthly_order)
    if params.harvest == "regressor":
        model.add_regressor("is_harvest", standardize=False)
    elif params.harvest == "weekly":
        for condition in CONDITIONS:
            model.add_seasonality(f"week_{condition}", period=7, fourier_order=3, condition_name=condition)
    elif params.harvest == "yearly":
        order = params.harvest_order
        model.add_seasonality("harvest", period=365.25, fourier_order=order, condition_name="is_harvest")
    return model


def _framed(days: Days, commodity: str, params: ProphetParams, calendar: CalendarParams) -> DataFrame:
    import pandas as pd

    frame = pd.DataFrame({"ds": days.astype("datetime64[ns]")})
    harvest = is_harvest(days, commodity, calendar)
    if params.harvest == "regressor":
        return frame.assign(is_harvest=harvest)
    return frame.assign(is_harvest=harvest > 0, is_lean=harvest == 0)


def _shape(model: Any, days: Days) -> ProphetShape:
    names = list(model.train_component_cols.index)  # rows of the design, without names
    design = model.make_all_seasonality_features(model.history)[0]
    beta = np.asarray(model.params["beta"]).mean(axis=0)
    assert len(names) == design.shape[1] == len(beta)
    spans = model.holidays.groupby("holiday")[["lower_window", "upper_window"]].first()
    return ProphetShape(
        start=str(np.datetime64(model.start.to_datetime64(), "D")),
        span=float(model.t_scale.total_seconds() / 86400.0),
        scale=float(model.y_scale),
        trend={
            "k": float(np.mean(model.params["k"])),
            "m": float(np.mean(model.params["m"])),
            "changepoints": [float(t) for t in np.atleast_1d(model.changepoints_t)],
            "delta": [float(d) for d in np.asarray(model.params["delta"]).mean(axis=0)],
        },
        columns=tuple((str(name), float(value)) for name, value in zip(design.columns, beta, strict=True)),
        seasons={
            str(name): (float(s["period"]), int(s["fourier_order"]), str(s["condition_name"] or ""))
            for name, s in model.seasonalities.items()
        },
        windows={str(name): (int(row.lower_window), int(row.upper_window)) for name, row in spans.iterrows()},
    )


def _quiet() -> None:
    import logging

    # cmdstanpy sets its level anew at its first fit; what goes wrong is raised, not logged
    logging.getLogger("cmdstanpy").disabled = True
    logging.getLogger("prophet").setLevel(logging.ERROR)
