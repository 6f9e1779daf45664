"""What each member would have said at earlier origins of a panel of series, beside what then came.

Every origin is forecast by members that saw only the values before it. Offsets count steps back from the panel's end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from mandi.core.errors import ContractError
from mandi.models.base import Progress
from mandi.models.forecasting.series_members import Member, MemberForecast, fallback
from mandi.models.forecasting.series_panel import Floats, SeriesPanel

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Failure:
    """A series that a member could not forecast and that got a fallback; ``offset`` 0 is the forecast itself."""

    member: str
    series: str
    offset: int
    reason: str


@dataclass(frozen=True)
class Backtest:
    """Forecasts of all members from earlier origins.

    Attributes
    ----------
    names, members : tuple of str
        Series and members.
    offsets : tuple of int
        Steps from each origin to the panel's end, the latest origin first.
    truth : array, shape (origins, series, horizon)
        What came, in the unit of the series; NaN where it is not known.
    forecasts : array, shape (origins, members, series, horizon)
    units : array, shape (origins, series)
        Mean absolute step (of one season, see :func:`rolling_backtest`) before each origin.
    failures : tuple of Failure
    """

    names: tuple[str, ...]
    members: tuple[str, ...]
    offsets: tuple[int, ...]
    truth: Floats
    forecasts: Floats
    units: Floats
    failures: tuple[Failure, ...] = field(default=())

    @property
    def horizon(self) -> int:
        """Steps ahead."""
        return self.truth.shape[2]

    def known_at(self, offset: int, count: int | None = None) -> Backtest:
        """Return the back-test as it stood ``offset`` steps before the end: later origins and later truth are hidden.

        Parameters
        ----------
        offset : int
            Steps before the panel's end.
        count : int, optional
            Keep only the latest so many origins.
        """
        kept = [i for i, o in enumerate(self.offsets) if o > offset][:count]
        truth = self.truth[kept].copy()
        for row, place in enumerate(kept):
            truth[row, :, max(self.offsets[place] - offset, 0) :] = np.nan
        return replace(
            self,
            offsets=tuple(self.offsets[i] for i in kept),
            truth=truth,
            forecasts=self.forecasts[kept],
            units=self.units[kept],
        )

    def only(self, members: Sequence[str]) -> Backtest:
        """Return the back-test of some of the members."""
        places = [self.members.index(m) for m in members]
        kept = tuple(f for f in self.failures if f.member in members)
        return replace(self, members=tuple(members), forecasts=self.forecasts[:, places], failures=kept)

    def beside(self, other: Backtest) -> Backtest:
        """Return the back-test of the members of both, made on the same series and origins.

        Raises
        ------
        ContractError
            Series or origins differ.
        """
        if (self.names, self.offsets) != (other.names, other.offsets):
            raise ContractError("two back-tests of different series or origins", allowed="the same in both")
        return replace(
            self,
            members=self.members + other.members,
            forecasts=np.concatenate([self.forecasts, other.forecasts], axis=1),
            failures=self.failures + other.failures,
        )

    def errors(self) -> pd.DataFrame:
        """Return long rows ``series, member, offset, step, actual, forecast`` where the truth is known."""
        import pandas as pd

        shape = self.forecasts.shape
        origin, member, series, step = np.indices(shape).reshape(4, -1)
        frame = pd.DataFrame(
            {
                "series": np.array(self.names, dtype=object)[series],
                "member": np.array(self.members, dtype=object)[member],
                "offset": np.array(self.offsets, dtype=int)[origin],
                "step": step + 1,
                "actual": np.broadcast_to(self.truth[:, None], shape).ravel(),
                "forecast": self.forecasts.ravel(),
            }
        )
        return frame[frame["actual"].notna()].reset_index(drop=True)


def rolling_backtest(
    members: Mapping[str, Member],
    panel: SeriesPanel,
    horizon: int,
    offsets: Sequence[int],
    *,
    season: int = 1,
    progress: Progress | None = None,
) -> Backtest:
    """Forecast from every origin with every member.

    Parameters
    ----------
    members : mapping
        Name -> member. A member that raises as a whole gives fallbacks for all series, and is reported.
    panel : SeriesPanel
    horizon : int
        Steps ahead.
    offsets : sequence of int
        Origins as steps before the end of the panel; 0 is the end itself, whose truth is not known.
    season : int
        Season of the units and of fallbacks.
    progress : callable, optional
        Told (done, all, what).

    Examples
    --------
    >>> from mandi.models.forecasting.series_members import StatMember
    >>> panel = SeriesPanel.of({"a": [1.0, 2.0, 3.0, 4.0, 5.0]})
    >>> past = rolling_backtest({"drift": StatMember("drift")}, panel, 2, [2, 1])
    >>> past.truth[:, 0].tolist(), past.forecasts[:, 0, 0].tolist()
    ([[5.0, nan], [4.0, 5.0]], [[5.0, 6.0], [4.0, 5.0]])
    """
    if not members:
        raise ContractError("no member to test", allowed="at least one member")
    ordered = sorted(offsets)
    shape = (len(ordered), len(members), len(panel), horizon)
    forecasts, truth = np.empty(shape), np.full((shape[0], *shape[2:]), np.nan)
    units = np.empty(shape[:1] + shape[2:3])
    failures: list[Failure] = []
    for row, offset in enumerate(ordered):
        then = panel.before(offset)
        units[row] = [mean_step(v, season) for v in then.values]
        for place, (old, new) in enumerate(zip(then.values, panel.values, strict=True)):
            if len(new) - len(old) == offset:  # a series that had not begun has no truth here
                came = new[len(old) : len(old) + horizon]
                truth[row, place, : len(came)] = came
        for column, (name, member) in enumerate(members.items()):
            if progress is not None:
                progress(
                    row * len(members) + column, len(ordered) * len(members), f"{name}, origin -{offset}"
                )
            told = asked(member, then, horizon, season)
            forecasts[row, column] = told.values
            failures += [Failure(name, panel.names[i], offset, why) for i, why in told.failures.items()]
    if progress is not None:
        progress(len(ordered) * len(members), len(ordered) * len(members), "back-test done")
    return Backtest(panel.names, tuple(members), tuple(ordered), truth, forecasts, units, tuple(failures))


def asked(member: Member, panel: SeriesPanel, horizon: int, season: int) -> MemberForecast:
    """Ask a member; whatever it cannot answer is filled with a fallback and told."""
    try:
        told = member(panel, horizon)
        values, failures = np.array(told.values, dtype=np.float64), dict(told.failures)
        if values.shape != (len(panel), horizon):
            raise ContractError(f"forecasts of shape {values.shape}", allowed=f"({len(panel)}, {horizon})")
    except Exception as error:  # one bad member must not stop the others
        reason = f"{type(error).__name__}: {error}"
        values = np.full((len(panel), horizon), np.nan)
        failures = dict.fromkeys(range(len(panel)), reason)
    for place in np.flatnonzero(~np.isfinite(values).all(axis=1)):
        values[place] = fallback(panel.values[place], horizon, season)
        failures.setdefault(int(place), "the forecast is not finite")
    return MemberForecast(values, failures)


def mean_step(values: Floats, season: int) -> float:
    """Mean absolute difference to one season before: the unit of MASE (of one step where the series is too short)."""
    lag = season if len(values) > season else 1
    return float(np.abs(values[lag:] - values[:-lag]).mean()) if len(values) > lag else 0.0
