"""Forecasts of daily series from the shape of earlier years and from the calendar of trade, in the unit of the series.

Weeks are kept whole: a year is 52 weeks, so that a Sunday is forecast by Sundays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mandi.models.forecasting.series_members import Member, MemberForecast, fallback
from mandi.models.forecasting.series_panel import Floats, SeriesPanel, Times

Shares = Callable[[str, Times], Floats]


@dataclass(frozen=True)
class YearShape:
    """The same weeks of earlier years, averaged, and brought part of the way to the level of now.

    Attributes
    ----------
    season : int
        Steps in a year, a multiple of ``week``.
    week : int
        Steps in a week.
    years : int
        Earlier years averaged, as many as there are.
    neighbours : int
        Weeks before and after the same week that are averaged with it.
    follow : float
        How far the shape follows the present level: times (mean of the last ``window`` steps / what the same average of
        earlier years says for them) ** ``follow``; 0 leaves the earlier years' level, 1 takes over the present one.
    window : int
        Steps that say the present level.
    most : float
        The ratio of levels is kept between 1 / ``most`` and ``most``.

    Examples
    --------
    >>> panel = SeriesPanel.of({"a": [1.0, 2.0, 3.0, 4.0, 2.0, 4.0]})
    >>> YearShape(season=4, week=1, years=1, neighbours=0, window=2, follow=1.0)(panel, 2).values.tolist()
    [[6.0, 8.0]]
    """

    season: int = 364
    week: int = 7
    years: int = 3
    neighbours: int = 2
    follow: float = 0.0
    window: int = 28
    most: float = 5.0

    def __call__(self, panel: SeriesPanel, horizon: int) -> MemberForecast:
        """Forecast every series; one without a year of history repeats its last week."""
        values = np.empty((len(panel), horizon))
        failures = {}
        for place, known in enumerate(panel.values):
            shape = self._same_weeks(known, horizon)
            if shape is None:
                failures[place] = f"{len(known)} steps are less than a year of {self.season}"
                shape = fallback(known, horizon, self.week)
            elif self.follow:
                shape = shape * self._level(known) ** self.follow
            values[place] = shape
        return MemberForecast(values, failures)

    def _same_weeks(self, known: Floats, horizon: int) -> Floats | None:
        found = []
        for year in range(1, self.years + 1):
            for weeks in range(-self.neighbours, self.neighbours + 1):
                places = len(known) - year * self.season + weeks * self.week + np.arange(horizon)
                beyond = np.maximum(places - len(known) + 1, 0)
                places = places - -(-beyond // self.week) * self.week  # not yet known: the week before
                if places[0] >= 0:
                    found.append(known[places])
        return np.mean(found, axis=0) if found else None

    def _level(self, known: Floats) -> float:
        window = min(self.window, len(known))
        then = self._same_weeks(known[: len(known) - window], window)
        if then is None or then.mean() <= 0:
            return 1.0
        return float(np.clip(known[-window:].mean() / then.mean(), 1.0 / self.most, self.most))


@dataclass(frozen=True)
class OnUsualDays:
    """A member that sees a series as if every day were a usual one, and whose forecast gets the days' shares back.

    Attributes
    ----------
    member : Member
    learn : callable
        From a panel to a function (name of a series, days) -> share of a usual day that each day brings; it is learnt anew
        from every panel, so that no share knows what came later.
    least : float
        Smallest share values are divided by.

    Examples
    --------
    >>> from mandi.models.forecasting.series_members import StatMember
    >>> half = lambda panel: lambda name, days: np.where(days.astype(int) % 2, 1.0, 0.5)
    >>> panel = SeriesPanel.of({"a": [2.0, 1.0, 2.0]}, last="1970-01-02")
    >>> OnUsualDays(StatMember("naive"), half)(panel, 2).values.tolist()
    [[1.0, 2.0]]
    """

    member: Member
    learn: Callable[[SeriesPanel], Shares]
    least: float = 0.05

    def __call__(self, panel: SeriesPanel, horizon: int) -> MemberForecast:
        """Forecast every series."""
        shares = self.learn(panel)
        usual = tuple(
            values / np.maximum(shares(name, panel.days(i)), self.least)
            for i, (name, values) in enumerate(zip(panel.names, panel.values, strict=True))
        )
        told = self.member(SeriesPanel(panel.names, usual, panel.last, panel.step_days), horizon)
        ahead = np.stack([shares(name, panel.days_ahead(i, horizon)) for i, name in enumerate(panel.names)])
        return MemberForecast(told.values * ahead, told.failures)
