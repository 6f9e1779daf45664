"""What a frame of answered questions teaches about demand: toolboxes up to a moment, and a back-test of the members.

Every origin of the back-test is answered by a toolbox that was made from what was known by then, and from the past its own
row brings along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Protocol

import numpy as np

from mandi.compute import current
from mandi.core.errors import ComputeFailed, ContractError, MandiError, TooLittleData
from mandi.features.calendar import CalendarParams
from mandi.features.demand import NEEDED_WEEKS
from mandi.features.forecasting.festivals import FestivalParams
from mandi.models.base import Progress
from mandi.models.forecasting.demand_blend import DemandBlend, WeighParams, place_name, without
from mandi.models.forecasting.demand_cases import BLOCKS, LEAST_OF_BLOCK, Cases, tonnes_of
from mandi.models.forecasting.demand_intervals import Asked, Errors
from mandi.models.forecasting.demand_members import ANCHORED, Toolbox, stacked
from mandi.models.forecasting.demand_trees import DemandTrees, TreeParams
from mandi.models.forecasting.prophet_series import ProphetParams, ProphetShape, fit_prophet
from mandi.models.forecasting.series_backtest import Backtest, mean_step
from mandi.models.forecasting.trading_calendar import TradingCalendar

if TYPE_CHECKING:
    from pandas import DataFrame, Series

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
NEEDED = ("label", "label_known_time", "asof", "kind", "level")
FIRST_DAYS = 740  # two years of weeks and a little, before a back-test can know a season
FIRST_SHARE = 0.6  # of what there is, where there is less


class Learned(Protocol):
    """Sections of the model's parameters that fitting reads."""

    @property
    def prophet(self) -> ProphetParams: ...
    @property
    def trees(self) -> TreeParams: ...
    @property
    def blend(self) -> WeighParams: ...
    @property
    def country(self) -> tuple[str, ...]: ...
    @property
    def place(self) -> tuple[str, ...]: ...
    @property
    def refits(self) -> int: ...
    @property
    def backtest_days(self) -> int: ...
    @property
    def workers(self) -> int: ...


@dataclass(frozen=True)
class Lesson:
    """A frame made ready to learn from.

    Attributes
    ----------
    frame : DataFrame
        Answered questions whose weeks begin where the weeks known end.
    cases : Cases
    asof : array of datetime64[ns]
        Of each case.
    truth, known : array, shape (cases, BLOCKS)
        Tonnes of each week ahead, and when they were known; missing where they were not asked.
    harvest, festival
        Parameters of the features.
    """

    frame: DataFrame
    cases: Cases
    asof: np.ndarray
    truth: Floats
    known: np.ndarray
    harvest: CalendarParams
    festival: FestivalParams
    params: Learned = field(repr=False)

    @classmethod
    def of(
        cls, frame: DataFrame, weeks: int, harvest: CalendarParams, festival: FestivalParams, params: Learned
    ) -> Lesson:
        """Read a frame.

        Raises
        ------
        ContractError
            A column is missing, or no question has an answer.
        """
        for column in NEEDED:
            if column not in frame:
                raise ContractError(f'the frame has no column "{column}"', allowed=", ".join(NEEDED))
        enough = frame.filter(like="w_").notna().sum(axis=1) >= NEEDED_WEEKS
        usable = frame["label"].notna() & enough & (frame["steps"] >= 1)
        kept = frame[usable].reset_index(drop=True)
        if not len(kept):
            raise TooLittleData(f"none of {len(frame)} questions has an answer", allowed="at least one")
        cases = Cases.of(kept, weeks)
        asof = np.empty(len(cases), dtype="datetime64[ns]")
        asof[cases.row] = _plain(kept["asof"])
        truth = np.full((len(cases), BLOCKS), np.nan)
        known = np.full((len(cases), BLOCKS), np.datetime64("NaT", "ns"))
        steps = kept["steps"].to_numpy(dtype=int)
        week = (kept["kind"] == "week").to_numpy() & (steps % 7 == 0) & (steps <= 7 * BLOCKS)
        truth[cases.row[week], steps[week] // 7 - 1] = kept["label"].to_numpy(dtype=float)[week]
        known[cases.row[week], steps[week] // 7 - 1] = _plain(kept["label_known_time"])[week]
        return cls(kept, cases, asof, truth, known, harvest, festival, params)

    def toolbox(self, until: np.datetime64, progress: Progress | None = None) -> Toolbox:
        """Learn from what was known by a moment; what cannot be fitted is left out and told."""
        daily = self._daily(until)
        calendar = TradingCalendar.fit(daily, self.festival)
        shapes: dict[str, ProphetShape] = {}
        failed: dict[str, str] = {}
        wanted = daily if {*self.params.country, *self.params.place} & set(ANCHORED) else {}
        fits = current().each(
            partial(_prophet, params=self.params.prophet, harvest=self.harvest, festival=self.festival),
            [(name, *daily[name]) for name in wanted],
            threads=self.params.workers,
        )
        for done, (name, told) in enumerate(zip(wanted, fits, strict=True)):
            try:
                shapes[name] = told.result()
            except ComputeFailed:
                raise
            except Exception as error:  # one bad series must not stop the others
                reason = (
                    error.message if isinstance(error, MandiError) else f"{type(error).__name__}: {error}"
                )
                failed[f"prophet, {name}"] = reason
            if progress is not None:
                state = f"failed: {failed[f'prophet, {name}']}" if name not in shapes else "fitted"
                progress(
                    done + 1,
                    len(wanted),
                    f"Prophet of {name} until {until.astype('datetime64[D]')}: {state}",
                )
        trees = DemandTrees(self.params.trees)
        past = np.flatnonzero(self.asof < until)
        if len(past):
            cases = self.cases.only(past)
            truth = np.where(self.known[past] <= until, self.truth[past], np.nan)
            trees.fit(cases.series(calendar), cases.last, usual_of(cases, truth, calendar))
        return Toolbox(str(until), calendar, self.harvest, shapes, trees, failed)

    def first(self) -> np.datetime64:
        """Return the moment at which the back-test begins."""
        start, end = self.asof.min(), self.asof.max()
        days = min(np.timedelta64(FIRST_DAYS, "D"), (end - start) * FIRST_SHARE)
        found: np.datetime64 = start + days
        return found

    def end(self) -> np.datetime64:
        """Return the moment at which the last answer was known."""
        found: np.datetime64 = _plain(self.frame["label_known_time"]).max()
        return found

    def stages(self, progress: Progress | None = None) -> list[tuple[np.datetime64, Toolbox]]:
        """Return the toolboxes of the back-test, each with the moment it was made at."""
        start, end = self.first(), self.asof.max()
        moments = [start + (end - start) * k / self.params.refits for k in range(self.params.refits)]
        return [(moment, self.toolbox(moment, progress)) for moment in moments]

    def backtest(
        self,
        stages: Sequence[tuple[np.datetime64, Toolbox]],
        levels: Sequence[str],
        members: Sequence[str],
        progress: Progress | None = None,
    ) -> Past:
        """Ask members at past moments about the places of some levels.

        Returns
        -------
        Past
        """
        chosen = np.flatnonzero(np.isin(self.cases.level, levels) & (self.asof >= self.first()))
        bucket = (
            (self.asof[chosen] - self.first()) // np.timedelta64(self.params.backtest_days, "D")
        ).astype(int)
        names = np.array(
            [place_name(c, p) for c, p in zip(self.cases.commodity[chosen], self.cases.location[chosen])],
            dtype=object,
        )
        # of a place's moments in one bucket the first counts
        kept: dict[tuple[int, str], int] = {}
        for row in np.argsort(self.asof[chosen], kind="stable"):
            kept.setdefault((int(bucket[row]), str(names[row])), int(chosen[row]))
        origins, places = sorted({o for o, _ in kept}), sorted({n for _, n in kept})
        shape = (len(origins), len(members), len(places), BLOCKS)
        forecasts, truth = np.full(shape, np.nan), np.full((shape[0], *shape[2:]), np.nan)
        units = np.zeros(shape[:1] + shape[2:3])
        case = np.full(units.shape, -1, dtype=np.intp)
        for (o, name), row in kept.items():
            case[origins.index(o), places.index(name)] = row
        for o in range(len(origins)):
            here = np.flatnonzero(case[o] >= 0)
            toolbox = [t for moment, t in stages if moment <= self.asof[case[o, here]].min()][-1]
            cases = self.cases.only(case[o, here])
            told = toolbox.forecasts(cases, members, self.params.workers)
            forecasts[o][:, here] = stacked(told, members)
            truth[o, here] = usual_of(cases, self.truth[case[o, here]], toolbox.calendar)
            units[o, here] = [mean_step(values, 52) for values in cases.series(toolbox.calendar)]
            if progress is not None:
                day = self.asof[case[o, here]].min().astype("datetime64[D]")
                progress(o + 1, len(origins), f"back-test of {len(here)} places from {day}")
        told_all = Backtest(
            tuple(places), tuple(members), tuple(range(len(origins))), truth, forecasts, units
        )
        return Past(told_all, case)

    def errors(
        self, past: Past, stages: Sequence[tuple[np.datetime64, Toolbox]], params: WeighParams
    ) -> Errors | None:
        """Return what the blend would have said at every origin of a back-test, its weights not knowing that origin."""
        parts: list[tuple[Asked, Floats, Floats]] = []
        for o in range(len(past.case)):
            here = past.case[o][past.case[o] >= 0]
            toolbox = [t for moment, t in stages if moment <= self.asof[here].min()][-1]
            others = without(past.told, o) if len(past.case) > 1 else past.told
            blend = DemandBlend.fit(others, params)
            cases = self.cases.only(here)
            told: Mapping[str, Floats] = {
                m: past.told.forecasts[o, row][past.case[o] >= 0] for row, m in enumerate(past.told.members)
            }
            usual = blend.parts(cases, told).sum(axis=0)
            rows = np.flatnonzero(np.isin(self.cases.row, here))
            place = {int(c): i for i, c in enumerate(here)}
            asked_cases = Cases(
                cases.commodity, cases.location, cases.level, cases.last, cases.weeks,
                np.array([place[int(c)] for c in self.cases.row[rows]], dtype=np.intp),
            )  # fmt: skip
            frame = self.frame.iloc[rows]
            tonnes = tonnes_of(asked_cases, usual, frame, toolbox.calendar)[0]
            parts.append(
                (asked_of(frame, asked_cases, toolbox.calendar), tonnes, frame["label"].to_numpy(dtype=float))
            )
        if not parts:
            return None
        joined = [np.concatenate(columns) for columns in zip(*(tuple(vars(a).values()) for a, _, _ in parts))]
        return Errors(
            Asked(*joined), np.concatenate([f for _, f, _ in parts]), np.concatenate([t for _, _, t in parts])
        )

    def _daily(self, until: np.datetime64) -> dict[str, tuple[np.ndarray, Floats]]:
        frame = self.frame
        mine = (frame["kind"] == "day").to_numpy() & (frame["level"] == "country").to_numpy()
        mine &= _plain(frame["label_known_time"]) <= until
        rows = frame[mine].drop_duplicates(["commodity", "target_day"], keep="last").sort_values("target_day")
        return {
            str(name): (
                own["target_day"].to_numpy().astype("datetime64[D]"),
                own["label"].to_numpy(dtype=float),
            )
            for name, own in rows.groupby("commodity", sort=True)
        }


@dataclass(frozen=True)
class Past:
    """A back-test of members in tonnes on a usual day, and which case stands behind each origin and place (-1: none)."""

    told: Backtest
    case: np.ndarray


def _prophet(
    series: tuple[str, np.ndarray, Floats],
    params: ProphetParams,
    harvest: CalendarParams,
    festival: FestivalParams,
) -> ProphetShape:
    commodity, days, tonnes = series
    return fit_prophet(days, tonnes, commodity, params, harvest, festival)


def usual_of(cases: Cases, tonnes: Floats, calendar: TradingCalendar) -> Floats:
    """Turn weekly tonnes ahead into tonnes on a usual day; a week of rest alone tells nothing."""
    shares = cases.block_shares(calendar, ahead=True)
    return np.where(shares >= LEAST_OF_BLOCK, tonnes / np.maximum(shares, LEAST_OF_BLOCK), np.nan)


def asked_of(frame: DataFrame, cases: Cases, calendar: TradingCalendar) -> Asked:
    """Return what the intervals of a frame's rows differ by."""
    target = frame["target_day"].to_numpy().astype("datetime64[D]")
    commodity = cases.commodity[cases.row]
    share = np.empty(len(frame))
    for name in sorted(set(commodity)):
        mine = commodity == name
        share[mine] = calendar.shares(name, target[mine])
    kind = np.array([str(k) for k in frame["kind"]], dtype=object)
    steps = frame["steps"].to_numpy(dtype=float)
    return Asked(commodity, cases.location[cases.row], cases.level[cases.row], kind, steps, share)


def _plain(moments: Series) -> np.ndarray:
    plain = moments.dt.tz_convert("UTC").dt.tz_localize(None)
    found: np.ndarray = plain.to_numpy().astype("datetime64[ns]")
    return found
