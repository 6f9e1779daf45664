"""Features of the demand model: what is known, at the moment of a question, of a place's arrivals (tonnes) week by week.

A question of kind "day" asks for the arrivals of one day, of kind "week" for those of the seven days that end with it. Weeks
of the past are counted back from the last day on which the commodity was reported anywhere: ``w_1`` is the latest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from mandi.core.errors import ContractError, UnknownValue, nearest
from mandi.features.calendar import CalendarParams
from mandi.features.forecasting.arrivals import KEYS, Ledger, daily_arrivals, ledgers
from mandi.features.forecasting.demand_questions import demand_questions
from mandi.features.forecasting.festivals import FestivalParams
from mandi.features.splits import SplitParams, split

if TYPE_CHECKING:
    from pandas import DataFrame, Timestamp

ASKED = ("commodity", "location", "asof", "horizon_days", "kind")
KINDS = ("day", "week")
LONGEST_HORIZON = 90
FURTHEST_STEP = (
    105  # days from the last one known that a forecast reaches: the horizon, and a history that is behind
)
NEEDED_WEEKS = 8
INDIA = np.timedelta64(5 * 60 + 30, "m")


@dataclass(frozen=True)
class DemandInputs:
    """Section ``models.demand.features``.

    Attributes
    ----------
    levels : tuple of str
        Places with series of their own: country always, state, market.
    past_weeks : int
        Weeks of the past in a row.
    least_weeks : int
        Weeks of history before a place is asked about.
    least_share : float
        Of the commodity's arrivals of the last year; a smaller place has no series of its own.
    origin_days : dict of level to int
        Days between the moments questions are asked at.
    every_day_to, then_every : int
        Days ahead asked singly of the country: all up to the first, then one in so many, up to 90. Of other places one in
        ``then_every`` * 3.
    weeks_ahead : int
        Whole weeks ahead that are asked.
    calendar : CalendarParams
        Harvest months by commodity.
    festivals : FestivalParams
    """

    levels: tuple[str, ...] = ("country", "state")
    past_weeks: int = 160
    least_weeks: int = 12
    least_share: float = 0.02
    origin_days: dict[str, int] = field(default_factory=lambda: {"country": 14, "state": 28, "market": 28})
    every_day_to: int = 14
    then_every: int = 5
    weeks_ahead: int = 12
    calendar: CalendarParams = field(default_factory=CalendarParams)
    festivals: FestivalParams = field(default_factory=FestivalParams)


@dataclass(frozen=True)
class DemandFeatureParams:
    """Sections ``features`` and ``splits`` of ``models.demand``."""

    features: DemandInputs = field(default_factory=DemandInputs)
    splits: SplitParams = field(default_factory=SplitParams)


class DemandFeatures:
    """History, questions and frame of the demand model.

    Parameters
    ----------
    params : DemandFeatureParams
        Anything with its two sections will do.
    """

    name: ClassVar[str] = "demand"
    requires: ClassVar[frozenset[str]] = frozenset({"reports"})
    uses: ClassVar[frozenset[str]] = frozenset()
    keys: ClassVar[Mapping[str, list[str]]] = {"arrivals": KEYS, "places": ["commodity", "market"]}

    def __init__(self, params: DemandFeatureParams) -> None:
        self.params = params

    def history(self, tables: Mapping[str, DataFrame]) -> dict[str, DataFrame]:
        """Sum the reports.

        Parameters
        ----------
        tables : mapping
            ``reports``.

        Returns
        -------
        dict of name to frame
            ``arrivals`` (see ``daily_arrivals``) and ``places``:
            commodity, market, state, known_time of its first report.

        Raises
        ------
        ContractError
            ``reports`` is not there.
        """
        if "reports" not in tables:
            raise ContractError("the tables hold no reports", allowed=", ".join(sorted(self.requires)))
        reports = tables["reports"]
        first = reports.sort_values("known_time", kind="stable").drop_duplicates(["commodity", "market"])
        places = first[["commodity", "market", "state", "known_time"]].reset_index(drop=True)
        return {"arrivals": daily_arrivals(reports, self.params.features.levels), "places": places}

    def questions(
        self, tables: Mapping[str, DataFrame], history: Mapping[str, DataFrame] | None = None
    ) -> DataFrame:
        """Ask about every place at many moments of the past, with what then came.

        Returns
        -------
        DataFrame
            commodity, location, asof (UTC), horizon_days, kind, label (tonnes), label_known_time, part (train,
            validation, calibration, test, purged).
        """
        arrivals = (history or self.history(tables))["arrivals"]
        asked = demand_questions(ledgers(arrivals), self.params.features)
        return asked.assign(part=split(asked, self.params.splits))

    def assemble(self, questions: DataFrame, history: Mapping[str, DataFrame]) -> DataFrame:
        """Complete questions with what was known at their ``asof``.

        ``horizon_days`` 1 is the first day that is not over at ``asof``, in India.

        Parameters
        ----------
        questions : DataFrame
            commodity, location, asof (UTC), horizon_days, kind. Other columns are passed through.
        history : mapping
            From :meth:`history`, or a part of it known at some moment.

        Returns
        -------
        DataFrame
            The questions with level, target_day, last_day (India, midnight without zone), steps (days from one to the
            other), history_age_days and ``w_1`` to ``w_n`` (tonnes a week, the latest first). Missing where the place has no
            history.

        Raises
        ------
        ContractError
            A column is missing.
        UnknownValue
            ``kind`` is neither day nor week.
        """
        for column in ASKED:
            if column not in questions:
                raise ContractError(
                    f'questions have no column "{column}"{nearest(column, map(str, questions.columns))}',
                    allowed=", ".join(ASKED),
                )
        if strangers := sorted(set(map(str, questions["kind"])) - set(KINDS)):
            raise UnknownValue(f"kind is {', '.join(strangers)}", allowed=", ".join(KINDS))
        weeks = self.params.features.past_weeks
        told = _Looked.up(questions, ledgers(history["arrivals"]), weeks)
        target = first_days(questions["asof"]) + (questions["horizon_days"].to_numpy(dtype=int) - 1)
        steps = np.where(np.isnat(told.last), np.nan, (target - told.last).astype(float))
        names = ["steps", "history_age_days", *(f"w_{k}" for k in range(1, weeks + 1))]
        block = pd.DataFrame(
            np.column_stack([steps, told.age, told.weeks]), index=questions.index, columns=names
        )
        rest = questions[
            [c for c in questions.columns if c not in {*names, "level", "target_day", "last_day"}]
        ]
        days = {"target_day": target.astype("datetime64[ns]"), "last_day": told.last.astype("datetime64[ns]")}
        return pd.concat([rest.assign(level=told.level, **days), block], axis=1)

    def served(self, history: Mapping[str, DataFrame], asof: Timestamp, model: Any) -> dict[str, DataFrame]:
        """Return what the service answers from: the forecasts of every place, made now, and where each market lies.

        Parameters
        ----------
        history : mapping
            From :meth:`history`.
        asof : Timestamp
            UTC, the moment of the forecasts; what is known later is not used.
        model : DemandModel
            The fitted champion.

        Returns
        -------
        dict of name to frame
            ``forecasts``: commodity, level, location, known_time, last_day, target_day, the model's outputs (tonnes a day)
            and one column ``effect: ...`` per part of the explanation. ``places`` as it was known.
        """
        known = {name: frame[frame["known_time"] <= asof] for name, frame in history.items()}
        places = pd.DataFrame(
            [(c, place) for c, ledger in ledgers(known["arrivals"]).items() for place in ledger.entries],
            columns=["commodity", "location"],
        )
        ahead = pd.DataFrame({"horizon_days": np.arange(1, FURTHEST_STEP + 1)})
        questions = places.merge(ahead, how="cross").assign(asof=asof, kind="day")
        frame = self.assemble(questions, known)
        enough = frame.filter(like="w_").notna().sum(axis=1) >= NEEDED_WEEKS
        frame = frame[(frame["steps"] <= FURTHEST_STEP) & enough].reset_index(drop=True)
        answers, told = model.predict(frame), model.explain(frame)
        effects = told.pivot_table(index="index", columns="feature", values="effect", aggfunc="sum")
        kept = frame[["commodity", "level", "location", "last_day", "target_day"]].assign(known_time=asof)
        whole = pd.concat([kept, answers, effects.reindex(frame.index).add_prefix("effect: ")], axis=1)
        answered = whole[whole["predicted_demand"].notna()].reset_index(drop=True)
        return {"forecasts": answered, "places": known["places"].reset_index(drop=True)}


def first_days(asof: pd.Series) -> np.ndarray:
    """Return the first day that is not over at each moment, in India.

    Examples
    --------
    >>> first_days(pd.Series(pd.to_datetime(["2024-05-01 18:30", "2024-05-01 06:00"], utc=True))).astype(str).tolist()
    ['2024-05-02', '2024-05-01']
    """
    plain = asof.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy().astype("datetime64[ns]")
    days: np.ndarray = (plain + INDIA).astype("datetime64[D]")
    return days


@dataclass(frozen=True)
class _Looked:
    level: np.ndarray
    last: np.ndarray
    age: np.ndarray
    weeks: np.ndarray

    @classmethod
    def up(cls, questions: DataFrame, books: Mapping[str, Ledger], weeks: int) -> _Looked:
        moments = (
            questions["asof"].dt.tz_convert("UTC").dt.tz_localize(None).to_numpy().astype("datetime64[ns]")
        )
        commodity, location = (questions[c].to_numpy(dtype=object) for c in ("commodity", "location"))
        count = len(questions)
        found = cls(
            np.full(count, None, dtype=object), np.full(count, np.datetime64("NaT", "D")), np.full(count, np.nan),
            np.full((count, weeks), np.nan),
        )  # fmt: skip
        rows_of: dict[tuple[Any, Any, Any], list[int]] = {}
        for row, key in enumerate(zip(commodity, location, moments, strict=True)):
            rows_of.setdefault(key, []).append(row)
        for (name, place, moment), rows in rows_of.items():
            book = books.get(str(name))
            last = book.last_day(moment) if book is not None else np.datetime64("NaT", "D")
            if book is None or place not in book.entries or np.isnat(last):
                continue
            daily = book.daily(place, moment, last, 7 * weeks)
            known = book.known[: np.searchsorted(book.known, moment, side="right")][-1]
            found.level[rows], found.last[rows] = book.level[place], last
            found.age[rows] = (moment - known) / np.timedelta64(1, "D")
            found.weeks[rows] = daily.reshape(weeks, 7).sum(axis=1)[::-1]
        return found
