"""Answers demand questions from a table of dated forecasts, in tonnes a day; nothing is computed but what is looked up.

The forecasts were made when the service was packaged. A later question is answered by the same table, further ahead, as
long as its history is not too old; a place without a series of its own is answered by its state's or the country's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from mandi.core.errors import ContractError, StaleSnapshot
from mandi.core.strict import WHOLE, Moment, Name, Strict
from mandi.features.demand import LONGEST_HORIZON
from mandi.features.forecasting.arrivals import COUNTRY
from mandi.serving.gazetteer import few, near, plain
from mandi.serving.problems import BadRow
from mandi.serving.snapshot import MAKE_IT, Champion, ServingParams

if TYPE_CHECKING:
    from pandas import DataFrame, Timestamp

INDIA = np.timedelta64(5 * 60 + 30, "m")
EFFECT = "effect: "
VALUES = ("predicted_demand", "lower_bound", "upper_bound")
WIDEST = 20.0  # times the forecast
BANDS = (30, 60, 90)


class DemandRow(Strict):
    """One question: how much will arrive, day by day.

    Examples
    --------
    >>> DemandRow(commodity_id="soybean").forecast_days
    30
    """

    commodity_id: Name = Field(description="commodity, for example soybean")
    forecast_days: Annotated[int, Field(ge=1, le=LONGEST_HORIZON), WHOLE] = Field(
        default=30, description="days ahead, 1 to 90"
    )
    location: Name | None = Field(
        default=None, description="a state or a market; the whole country if not given"
    )
    as_of: Moment | None = Field(
        default=None, description="moment of the decision, with time zone; now if not given"
    )


class DemandDay(Strict):
    """The forecast of one day, tonnes."""

    date: date
    predicted_demand: float = Field(ge=0, description="expected arrivals, tonnes")
    lower_bound: float = Field(ge=0, description="of the 95 % interval, tonnes")
    upper_bound: float = Field(ge=0, description="of the 95 % interval, tonnes")


class DemandAnswer(Strict):
    """Daily arrivals ahead in tonnes, where they are for, and how far the history behind them reaches."""

    commodity_id: str
    location: str = Field(description="the place that is answered for")
    forecast_days: int
    unit: str = "tonne"
    forecast: list[DemandDay] = Field(description="one row per day, the first day not over at as_of first")
    total_demand: float = Field(description="sum of the days, tonnes")
    confidence: float = Field(default=0.95, description="nominal level of the bounds")
    measured_coverage: float | None = Field(
        default=None, description="share of test days inside their bounds"
    )
    feature_contributions: dict[str, float] | None = Field(
        default=None, description="tonnes over all days; they sum to total_demand"
    )
    model_version: str
    known_until: datetime = Field(description="moment up to which the history behind the answer is known")
    as_of: datetime
    notes: list[str] = Field(default_factory=list)


@dataclass(frozen=True)
class _Series:
    commodity: str
    location: str
    level: str
    first: np.datetime64
    days: tuple[date, ...]
    values: np.ndarray  # days x VALUES
    effects: np.ndarray  # days x effects


class DemandCounter:
    """Where demand questions are answered.

    Parameters
    ----------
    champion : Champion
        Its history has ``forecasts`` and ``places``, as ``DemandFeatures.served`` makes them.
    limits : ServingParams
    """

    path: ClassVar[str] = "/api/v1/demand/forecast"
    summary: ClassVar[str] = (
        "Daily arrivals of a commodity up to 90 days ahead, in the country or a place, tonnes with 95 % bounds"
    )
    row: ClassVar[type[Strict]] = DemandRow
    told: ClassVar[type[Strict]] = DemandAnswer

    def __init__(self, champion: Champion, limits: ServingParams) -> None:
        self.champion = champion
        self.limits = limits
        forecasts = champion.history["forecasts"]
        self._effects = [str(c) for c in forecasts.columns if str(c).startswith(EFFECT)]
        self._series = _read(forecasts, self._effects)
        self._commodities = {plain(c): c for c, _ in self._series}
        self._states: dict[tuple[str, str], tuple[str, str]] = {}
        for commodity, market, state in champion.history["places"][
            ["commodity", "market", "state"]
        ].itertuples(index=False):
            self._states[str(commodity), plain(market)] = (str(market), str(state))
        self._named: dict[str, dict[str, str]] = {}
        for commodity, location in self._series:
            self._named.setdefault(commodity, {})[plain(location)] = location

    def answer(self, rows: Sequence[DemandRow], now: datetime, explain: bool) -> list[DemandAnswer]:
        """Answer questions in their order; see ``Desk.ask``."""
        import pandas as pd

        if len(rows) > self.limits.max_rows:
            raise BadRow("rows", f"{len(rows)} rows", allowed=f"1 to {self.limits.max_rows} in a request")
        moment = pd.Timestamp(now).tz_convert("UTC")
        told = []
        for i, row in enumerate(rows):
            try:
                told.append(self._one(row, moment, explain))
            except (BadRow, StaleSnapshot) as refused:
                raise refused.at(i if len(rows) > 1 else None) from None
        return told

    def about(self) -> dict[str, Any]:
        """Return the names known and a question that is answered with this history."""
        commodity = min(self._named)
        known = self.champion.known_until.isoformat()
        return {
            "commodities": {c: len(places) for c, places in sorted(self._named.items())},
            "locations": {c: sorted(places.values()) for c, places in sorted(self._named.items())},
            "forecast_days": [1, LONGEST_HORIZON],
            "example": {"commodity_id": commodity, "forecast_days": 30, "as_of": known},
        }

    def check(self, answer: DemandAnswer) -> None:
        """Refuse forecasts that are all nothing, or bounds that are no interval.

        Raises
        ------
        ContractError
            With the day that is wrong.
        """
        days = answer.forecast
        if not answer.total_demand > 0 or len(days) != answer.forecast_days:
            raise ContractError(
                f"{answer.commodity_id} is answered with {answer.total_demand:g} tonnes on {len(days)} days",
                allowed=f"arrivals on {answer.forecast_days} days", next_command=MAKE_IT,
            )  # fmt: skip
        for day in days:
            ordered = 0 <= day.lower_bound <= day.predicted_demand <= day.upper_bound < math.inf
            if not ordered or day.upper_bound > WIDEST * max(day.predicted_demand, 1e-9):
                raise ContractError(
                    f"{answer.commodity_id} on {day.date} is answered {day.predicted_demand:g} tonnes with bounds "
                    f"{day.lower_bound:g} to {day.upper_bound:g}",
                    allowed=f"bounds around the forecast, at most {WIDEST:g} times it", next_command=MAKE_IT,
                )  # fmt: skip

    def _one(self, row: DemandRow, now: Timestamp, explain: bool) -> DemandAnswer:
        import pandas as pd

        asof = pd.Timestamp(row.as_of).tz_convert("UTC") if row.as_of is not None else now
        commodity = self._commodities.get(plain(row.commodity_id))
        if commodity is None:
            raise BadRow(
                "commodity_id", f'no commodity "{row.commodity_id}"{near(row.commodity_id, self._commodities)}',
                allowed=few(self._commodities.values()),
            )  # fmt: skip
        self._check_age(asof)
        series, notes = self._place(commodity, row.location)
        first = (asof.tz_localize(None).to_datetime64() + INDIA).astype("datetime64[D]")
        start = int((first - series.first).astype(int))
        end = start + row.forecast_days
        if start < 0 or end > len(series.days):
            raise BadRow(
                "forecast_days",
                f"the forecasts of {series.location} reach to {series.days[-1]}, {row.forecast_days} days from {first} do not",
                allowed=f"1 to {max(len(series.days) - max(start, 0), 0)}",
            )
        if start > 0:
            notes.append(
                f"the history ends {start} days before the first day asked: answered as that much further ahead"
            )
        values = series.values[start:end]
        forecast = [
            DemandDay.model_construct(date=d, predicted_demand=p, lower_bound=lo, upper_bound=hi)
            for d, (p, lo, hi) in zip(series.days[start:end], values.tolist())
        ]
        band = next(b for b in BANDS if row.forecast_days <= b)
        group = "country" if series.level == "country" else "place"
        effects = None
        if explain:
            sums = series.effects[start:end].sum(axis=0).tolist()
            named = zip((e.removeprefix(EFFECT) for e in self._effects), sums)
            effects = dict(sorted(((n, v) for n, v in named if v), key=lambda pair: -abs(pair[1])))
        return DemandAnswer(
            commodity_id=commodity,
            location=series.location,
            forecast_days=row.forecast_days,
            forecast=forecast,
            total_demand=float(values[:, 0].sum()),
            measured_coverage=self.champion.metrics.get(f"{group}.day.{band}.coverage95"),
            feature_contributions=effects,
            model_version=self.champion.version,
            known_until=self.champion.known_until.to_pydatetime(),
            as_of=asof.to_pydatetime(),
            notes=notes,
        )

    def _place(self, commodity: str, location: str | None) -> tuple[_Series, list[str]]:
        whole = self._series[commodity, COUNTRY]
        if location is None or plain(location) == plain(COUNTRY):
            return whole, []
        known = self._named[commodity]
        if plain(location) in known:
            return self._series[commodity, known[plain(location)]], []
        market, state = self._states.get((commodity, plain(location)), ("", ""))
        if market and plain(state) in known:
            note = f"{market} has no series of its own: answered for its state, {state}"
            return self._series[commodity, known[plain(state)]], [note]
        others = {plain(s): s for c, _ in self._states if c == commodity for _, s in [self._states[c, _]]}
        if market or plain(location) in others:
            return whole, [
                f"{market or others[plain(location)]} has no series of its own: answered for {commodity} in all {COUNTRY}"
            ]
        every = {
            **others,
            **{name: m for (c, name), (m, _) in self._states.items() if c == commodity},
            **known,
        }
        message = f'no location "{location}" of {commodity}{near(location, every)}'
        raise BadRow("location", message, allowed=few(known.values()))

    def _check_age(self, asof: Timestamp) -> None:
        known = self.champion.known_until
        if asof < known:
            raise BadRow(
                "as_of",
                f"as_of is {asof.isoformat()}, before the history served here",
                allowed=f"from {known.isoformat()}",
            )
        age, limit = (asof - known).total_seconds() / 86400, self.limits.max_history_age_days
        if age > limit:
            raise StaleSnapshot(
                f"the history served here ends at {known.isoformat()}, {age:.1f} days before the moment asked about",
                field="as_of",
                allowed=f"as_of from {known.isoformat()}, at most {limit:g} days later",
                next_command=f"mandi import, then {MAKE_IT}",
            )


def _read(forecasts: DataFrame, effects: list[str]) -> Mapping[tuple[str, str], _Series]:
    found: dict[tuple[str, str], _Series] = {}
    for (commodity, location), rows in forecasts.groupby(["commodity", "location"], sort=True):
        ordered = rows.sort_values("target_day")
        days = ordered["target_day"].to_numpy().astype("datetime64[D]")
        if (np.diff(days).astype(int) != 1).any():
            raise ContractError(f"the forecasts of {commodity}, {location} skip a day", next_command=MAKE_IT)
        if not np.isfinite(ordered[list(VALUES)].to_numpy(dtype=float)).all():
            raise ContractError(f"a forecast of {commodity}, {location} is no number", next_command=MAKE_IT)
        found[str(commodity), str(location)] = _Series(
            str(commodity), str(location), str(ordered["level"].iloc[0]), days[0],
            tuple(day.astype(object) for day in days), ordered[list(VALUES)].to_numpy(dtype=float),
            np.nan_to_num(ordered[effects].to_numpy(dtype=float)),
        )  # fmt: skip
    return found
