"""What each member says of the weeks ahead, in tonnes on a usual day: statistical ones, Prophet, the same weeks, trees.

Statistical members are fitted to the past a case brings along. What has to be learned beforehand (the trading calendar,
Prophet's shape of each commodity, the trees) is a toolbox, made from what was known at one moment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from mandi.compute import current
from mandi.core.errors import UnknownValue, nearest
from mandi.core.memo import remembered
from mandi.features.calendar import CalendarParams
from mandi.models.base import Progress
from mandi.models.forecasting.demand_cases import BLOCKS, Cases, block_sums, groups_of
from mandi.models.forecasting.demand_trees import DemandTrees
from mandi.models.forecasting.prophet_series import ProphetShape, is_harvest
from mandi.models.forecasting.series_members import StatMember
from mandi.models.forecasting.series_panel import SeriesPanel
from mandi.models.forecasting.trading_calendar import TradingCalendar

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
YEAR = 52
STATISTICAL = {
    "seasonal_naive": StatMember("seasonal-naive", season=YEAR),
    "drift": StatMember("drift", history=YEAR),
    "theta": StatMember("theta", season=YEAR),
    "ces": StatMember("ces", season=YEAR),
    "ets": StatMember("ets", history=2 * YEAR),
}
ANCHORED = {
    "prophet": 0,
    "prophet_half_year": 26,
    "prophet_two_months": 8,
}  # weeks whose level Prophet is brought to
OTHERS = ("same_weeks", "lightgbm")
MEMBERS = (*STATISTICAL, *ANCHORED, *OTHERS)
SAME_YEARS = (1, 2, 3)
LEVEL_WEEKS = 8
LARGEST_LOG = 50.0
LEVEL_TRUST = 0.5  # power of the ratio of the level of now to that of then: between nothing and all


@dataclass
class Toolbox:
    """What was learned up to one moment.

    Attributes
    ----------
    until : str
        UTC moment; nothing known later was used.
    calendar : TradingCalendar
    harvest : CalendarParams
    shapes : dict of commodity to ProphetShape
    trees : DemandTrees
    failed : dict of str to str
        What could not be fitted and why.
    """

    until: str
    calendar: TradingCalendar
    harvest: CalendarParams
    shapes: dict[str, ProphetShape]
    trees: DemandTrees
    failed: dict[str, str] = field(default_factory=dict)
    _memo: dict[tuple[str, bytes], Floats] = field(default_factory=dict, repr=False, compare=False)

    def forecasts(
        self, cases: Cases, members: Sequence[str], workers: int = 1, progress: Progress | None = None
    ) -> dict[str, Floats]:
        """Ask members about cases that can be forecast.

        Parameters
        ----------
        cases : Cases
        members : sequence of str
            Some of ``MEMBERS``.
        workers : int
            Threads over which series are shared out.
        progress : callable, optional
            Told (done, all, what).

        Returns
        -------
        dict of member to array of shape (cases, BLOCKS)
            Missing where a member has nothing to say, never negative.

        Raises
        ------
        UnknownValue
            A member is not known.
        """
        if unknown := [m for m in members if m not in MEMBERS]:
            raise UnknownValue(
                f'no member "{unknown[0]}"{nearest(unknown[0], MEMBERS)}', allowed=", ".join(MEMBERS)
            )
        series = cases.series(self.calendar)
        found: dict[str, Floats] = {}
        shape = self._prophet(cases) if any(m in ANCHORED for m in members) else np.zeros((0, 0))
        for done, member in enumerate(members):
            if progress is not None:
                progress(done, len(members), f"{member}, {len(cases)} series")
            if member in STATISTICAL:
                told = self._statistical(member, cases, series, workers)
            elif member in ANCHORED:
                told = self._anchored(shape, cases, ANCHORED[member])
            elif member == "same_weeks":
                told = same_weeks(series)
            else:
                told = self.trees.forecast(series, cases.last)
            found[member] = np.maximum(told, 0.0)
        return found

    def _statistical(self, member: str, cases: Cases, series: list[Floats], workers: int) -> Floats:
        keys = [(member, values.tobytes()) for values in series]
        new = {key: values for key, values in zip(keys, series, strict=True) if key not in self._memo}
        one: Callable[[Floats], tuple[Floats, str]] = _alone(STATISTICAL[member])
        told = remembered(
            "forecasts",
            lambda: current().map(one, list(new.values()), threads=workers),
            member,
            list(new.values()),
        )
        for key, (values, reason) in zip(new, told, strict=True):
            self._memo[key] = values
            if reason:
                place = keys.index(key)
                self.failed[f"{member}, {cases.commodity[place]}, {cases.location[place]}"] = reason
        return np.stack([self._memo[key] for key in keys]) if keys else np.zeros((0, BLOCKS))

    def _prophet(self, cases: Cases) -> Floats:
        """Tonnes on a usual day by Prophet: the past weeks in order of time, then those ahead; missing without a shape."""
        past = cases.weeks.shape[1]
        told = np.full((len(cases), past + BLOCKS), np.nan)
        usual = [
            cases.block_shares(self.calendar, ahead=False)[:, ::-1],
            cases.block_shares(self.calendar, ahead=True),
        ]
        for commodity, rows in groups_of(cases.commodity):
            if commodity in self.shapes:
                per_day = partial(self._daily, commodity)
                told[rows] = block_sums(per_day, cases.last[rows], past, past + BLOCKS)
        found: Floats = told / np.maximum(np.concatenate(usual, axis=1), 0.5)
        return found

    def _daily(self, commodity: str, days: np.ndarray) -> Floats:
        harvest = is_harvest(days, commodity, self.harvest)
        logs = self.shapes[commodity].log_tonnes(days, harvest, self.calendar.params)
        return np.exp(np.minimum(logs, LARGEST_LOG))

    def _anchored(self, shape: Floats, cases: Cases, weeks: int) -> Floats:
        past = cases.weeks.shape[1]
        ahead = shape[:, past:]
        if weeks == 0:
            return np.where((cases.level == "country")[:, None], ahead, np.nan)
        # the shape is of the country: a place is the same shape at its own level
        own = cases.weeks[:, :weeks]
        fitted = (shape[:, :past] * cases.block_shares(self.calendar, ahead=False)[:, ::-1])[:, ::-1][
            :, :weeks
        ]
        both = np.isfinite(own) & np.isfinite(fitted)
        total = np.where(both, fitted, 0.0).sum(axis=1)
        ratio = np.where(
            total > 0, np.where(both, own, 0.0).sum(axis=1) / np.where(total > 0, total, 1.0), np.nan
        )
        return ahead * ratio[:, None]


def same_weeks(series: list[Floats]) -> Floats:
    """Return the mean of the same weeks of up to three earlier years, drawn toward the level of now.

    Parameters
    ----------
    series : list of array
        Tonnes on a usual day, week by week.

    Examples
    --------
    >>> told = same_weeks([np.tile(np.arange(1.0, 53.0), 2)])
    >>> told[0, 3:6].round(2).tolist()
    [4.0, 5.0, 6.0]
    """
    found = np.full((len(series), BLOCKS), np.nan)
    for row, values in enumerate(series):
        years = []
        for year in SAME_YEARS:
            start = len(values) - YEAR * year
            if start < LEVEL_WEEKS:
                continue
            places = start + np.arange(BLOCKS)
            near = np.stack([np.clip(places + k, 0, len(values) - 1) for k in (-1, 0, 1)])
            smooth = np.average(values[near], axis=0, weights=[1.0, 2.0, 1.0])
            then, now = values[start - LEVEL_WEEKS : start].mean(), values[-LEVEL_WEEKS:].mean()
            years.append(smooth * ((now / then) ** LEVEL_TRUST if then > 0 else 1.0))
        if years:
            found[row] = np.mean(years, axis=0)
    return found


def stacked(found: Mapping[str, Floats], members: Sequence[str]) -> Floats:
    """Return forecasts as one array of shape (members, cases, BLOCKS)."""
    return np.stack([found[m] for m in members])


def _alone(member: StatMember) -> Callable[[Floats], tuple[Floats, str]]:
    def forecast(values: Floats) -> tuple[Floats, str]:
        told = member(SeriesPanel.of({"own": values}, step_days=7), BLOCKS)
        return told.values[0], told.failures.get(0, "")

    return forecast
