"""One forecast out of several members: weighted means, with weights per series and group of horizons from back-tests.

A member's weight falls with a power of its back-test error; errors are shrunk toward the member's mean over all series,
because few windows say little about one series. Errors are scaled, not ranked: a series that is easily forecast by some
member leans on the means over series more than one that no member forecasts well. Weights are never negative and sum to
one. Units are those of the series.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from mandi.core.errors import ContractError, NotFitted
from mandi.models.base import Progress
from mandi.models.forecasting.series_backtest import Backtest, Failure, mean_step, rolling_backtest
from mandi.models.forecasting.series_intervals import IntervalParams, SeriesIntervals, conformal
from mandi.models.forecasting.series_members import Member
from mandi.models.forecasting.series_panel import Floats, SeriesPanel

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class BlendParams:
    """How members are weighed.

    Attributes
    ----------
    windows : int
        Back-test windows.
    stride : int
        Steps between their origins; 0: one horizon.
    groups : tuple of int
        Last step of every group of horizons that has weights of its own; empty: one group.
    power : float
        Weight = error ** -power.
    shrink : float
        Share of the member's mean over series in the error it is weighed by, 0 to 1.
    season : int
        Steps in a season: of the unit of errors and of fallbacks.
    floor : float, optional
        No forecast or bound lies below it.
    intervals : IntervalParams
    """

    windows: int = 3
    stride: int = 0
    groups: tuple[int, ...] = ()
    power: float = 3.0
    shrink: float = 0.25
    season: int = 1
    floor: float | None = 0.0
    intervals: IntervalParams = field(default_factory=IntervalParams)

    def bounds(self, horizon: int) -> list[tuple[int, int]]:
        """Return first (from 0) and past-the-end step of each group."""
        ends = [g for g in sorted(set(self.groups)) if g < horizon] + [horizon]
        return list(zip([0, *ends[:-1]], ends, strict=True))


class SeriesBlend:
    """A weighted mean of members for every series of a panel.

    Parameters
    ----------
    members : mapping
        Name -> member: a :class:`~mandi.models.forecasting.series_members.StatMember`, a
        :class:`~mandi.models.forecasting.series_boost.BoostMember`, or anything called as ``member(panel, horizon)`` that returns a
        :class:`~mandi.models.forecasting.series_members.MemberForecast`.
    params : BlendParams

    Attributes
    ----------
    weights : DataFrame
        ``series, first_step, last_step, member, weight`` after ``fit``.
    errors : DataFrame
        ``series, member, offset, step, actual, forecast`` of the back-test.
    failures : tuple of Failure
        Every series a member could not forecast; it got its fallback.

    Examples
    --------
    >>> from mandi.models.forecasting.series_members import StatMember
    >>> panel = SeriesPanel.of({"a": [float(i) for i in range(20)]}, last="2015-01-20")
    >>> members = {"drift": StatMember("drift"), "naive": StatMember("naive")}
    >>> blend = SeriesBlend(members, BlendParams(power=8.0, shrink=0.0)).fit(panel, horizon=2)
    >>> blend.forecast()[["series", "step", "mean"]].round(3).values.tolist()
    [['a', 1, 20.0], ['a', 2, 21.0]]
    """

    def __init__(self, members: Mapping[str, Member], params: BlendParams | None = None) -> None:
        if not members:
            raise ContractError("a blend of no members", allowed="at least one member")
        self.members = dict(members)
        self.params = params or BlendParams()
        self._fitted: _Fitted | None = None

    def fit(
        self,
        panel: SeriesPanel,
        horizon: int,
        *,
        past: Backtest | None = None,
        progress: Progress | None = None,
    ) -> SeriesBlend:
        """Back-test the members, weigh them, and let each forecast from the end of the panel.

        Parameters
        ----------
        panel : SeriesPanel
        horizon : int
            Steps ahead.
        past : Backtest, optional
            A back-test of the same members and series made before, of which nothing is refitted; where it has an origin
            at offset 0, that is the forecast.
        progress : callable, optional
            Told (done, all, what).
        """
        stride = self.params.stride or horizon
        if past is None:
            offsets = [stride * (k + 1) for k in range(self.params.windows)]
            past = rolling_backtest(
                self.members, panel, horizon, offsets, season=self.params.season, progress=progress
            )
        past = past.only(list(self.members))
        if 0 in past.offsets:
            ahead, failures = past.forecasts[past.offsets.index(0)], past.failures
        else:
            now = rolling_backtest(
                self.members, panel, horizon, [0], season=self.params.season, progress=progress
            )
            ahead, failures = now.forecasts[0], past.failures + now.failures
        past = past.known_at(0)
        units = np.array([mean_step(v, self.params.season) for v in panel.values])
        weights = blend_weights(past, self.params)
        self._fitted = _Fitted(
            panel,
            past,
            weights,
            self._floored(mixed(ahead, weights, self.params)),
            conformal(blend_residuals(past, self.params), units, self.params.intervals),
            failures,
            ahead,
        )
        return self

    def forecast(self) -> pd.DataFrame:
        """Return ``series, step, ds, mean`` and ``lower_90, upper_90`` (and so on) per series and step."""
        import pandas as pd

        known = self._known()
        horizon = known.mean.shape[1]
        frame = pd.DataFrame(
            {
                "series": np.repeat(np.array(known.panel.names, dtype=object), horizon),
                "step": np.tile(np.arange(1, horizon + 1), len(known.panel)),
                "ds": np.concatenate(
                    [known.panel.days_ahead(i, horizon) for i in range(len(known.panel))]
                ).astype("datetime64[ns]"),
                "mean": known.mean.ravel(),
            }
        )
        lower, upper = known.intervals.around(known.mean, self.params.floor)
        for place, level in enumerate(known.intervals.levels):
            frame[f"lower_{level * 100:g}"] = lower[place].ravel()
            frame[f"upper_{level * 100:g}"] = upper[place].ravel()
        return frame

    @property
    def weights(self) -> pd.DataFrame:
        """Weights as long rows."""
        import pandas as pd

        known = self._known()
        groups = self.params.bounds(known.mean.shape[1])
        series, group, member = np.indices(known.weights.shape).reshape(3, -1)
        return pd.DataFrame(
            {
                "series": np.array(known.panel.names, dtype=object)[series],
                "first_step": np.array([first + 1 for first, _ in groups])[group],
                "last_step": np.array([end for _, end in groups])[group],
                "member": np.array(list(self.members), dtype=object)[member],
                "weight": known.weights.ravel(),
            }
        )

    @property
    def errors(self) -> pd.DataFrame:
        """Back-test errors as long rows."""
        return self._known().past.errors()

    @property
    def past(self) -> Backtest:
        """The back-test itself."""
        return self._known().past

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Series that got a fallback, and why."""
        return self._known().failures

    @property
    def by_member(self) -> Floats:
        """Forecasts of each member, shape (members, series, horizon)."""
        return self._known().ahead

    def _floored(self, values: Floats) -> Floats:
        return values if self.params.floor is None else np.maximum(values, self.params.floor)

    def _known(self) -> _Fitted:
        if self._fitted is None:
            raise NotFitted("the blend has not been fitted", next_command="call fit(panel, horizon) first")
        return self._fitted


@dataclass(frozen=True)
class _Fitted:
    panel: SeriesPanel
    past: Backtest
    weights: Floats
    mean: Floats
    intervals: SeriesIntervals
    failures: tuple[Failure, ...]
    ahead: Floats


def blend_weights(past: Backtest, params: BlendParams) -> Floats:
    """Return weights of shape (series, groups, members).

    The error of a member is the mean of its absolute scaled error and its symmetric percentage error, each in units of
    the mean over all members; a series without any back-test is weighed by the means over the others, and all members
    alike where there is none at all.
    """
    return np.stack(
        [_group_weights(past, slice(first, end), params) for first, end in params.bounds(past.horizon)],
        axis=1,
    )


def mixed(forecasts: Floats, weights: Floats, params: BlendParams) -> Floats:
    """Return the weighted mean, shape (series, horizon), of forecasts of shape (members, series, horizon)."""
    blended = np.empty(forecasts.shape[1:])
    for group, (first, end) in enumerate(params.bounds(forecasts.shape[2])):
        blended[:, first:end] = np.einsum("sm,msh->sh", weights[:, group], forecasts[:, :, first:end])
    return blended


def blend_residuals(past: Backtest, params: BlendParams) -> Floats:
    """Return actual less blend per back-test window, each blended by weights of the other windows (by its own if alone)."""
    residuals = np.empty(past.truth.shape)
    for row in range(len(past.offsets)):
        others = _without(past, row) if len(past.offsets) > 1 else past
        residuals[row] = past.truth[row] - mixed(past.forecasts[row], blend_weights(others, params), params)
    return residuals


def _without(past: Backtest, row: int) -> Backtest:
    truth = past.truth.copy()
    truth[row] = np.nan
    return replace(past, truth=truth)


def _group_weights(past: Backtest, steps: slice, params: BlendParams) -> Floats:
    errors = _errors(past, steps)  # (members, series)
    usual = _mean_of(errors.T)[:, None]  # of each member over series
    usual = np.where(np.isfinite(usual), usual, 1.0)
    seen = np.where(np.isfinite(errors), errors, usual)
    shrunk = (1.0 - params.shrink) * seen + params.shrink * usual
    least = 1e-6 * max(float(usual.max()), 1e-300)
    raw = np.maximum(shrunk, least) ** -params.power
    return (raw / raw.sum(axis=0)).T


def _errors(past: Backtest, steps: slice) -> Floats:
    truth = past.truth[:, None, :, steps]
    off = np.abs(truth - past.forecasts[:, :, :, steps])
    units = np.where(past.units > 0, past.units, np.nan)[:, None, :, None]
    size = np.abs(truth) + np.abs(past.forecasts[:, :, :, steps])
    relative = np.where(
        size > 0, 2.0 * off / np.where(size > 0, size, 1.0), np.where(np.isnan(off), np.nan, 0.0)
    )
    parts = [_mean(relative), _mean(off / units)]
    whole = [float(np.nanmean(p)) if np.isfinite(p).any() else 1.0 for p in parts]
    scaled = np.stack([p / w if w > 0 else p for p, w in zip(parts, whole, strict=True)])
    return _mean_of(scaled)


def _mean(values: Floats) -> Floats:
    """Mean over windows and steps, NaN where nothing is known."""
    known = np.isfinite(values)
    count = known.sum(axis=(0, 3))
    total = np.where(known, values, 0.0).sum(axis=(0, 3))
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _mean_of(parts: Floats) -> Floats:
    known = np.isfinite(parts)
    count = known.sum(axis=0)
    return np.where(count > 0, np.where(known, parts, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan)
