"""The demand model: arrivals of a commodity, in the country or a place, day by day up to 90 days ahead, in tonnes with bounds.

Prophet, exponential smoothing, theta, the same weeks of earlier years and boosted trees each say what a usual day of every
week ahead brings; a back-test decides what each is worth, by place and by how far ahead; the trading calendar turns usual
days into the days they are. What is known is in the row: the past, week by week.
"""

from __future__ import annotations

import dataclasses
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from mandi.core.config import build
from mandi.core.errors import ContractError, NotFitted
from mandi.features.demand import DemandFeatureParams
from mandi.models.base import Progress, Spec
from mandi.models.forecasting.demand_blend import DemandBlend, WeighParams
from mandi.models.forecasting.demand_cases import BLOCKS, Cases, tonnes_of
from mandi.models.forecasting.demand_fields import SPEC, inputs
from mandi.models.forecasting.demand_intervals import DemandIntervals, Errors
from mandi.models.forecasting.demand_lesson import Lesson, asked_of
from mandi.models.forecasting.demand_members import Toolbox
from mandi.models.forecasting.demand_trees import DemandTrees, TreeParams
from mandi.models.forecasting.prophet_series import ProphetParams, ProphetShape
from mandi.models.forecasting.trading_calendar import TradingCalendar

if TYPE_CHECKING:
    from pandas import DataFrame, Series

LOG = logging.getLogger("mandi.models.demand")
FORMAT = 1
FILE = "demand.json"
LEVEL_WEEKS = 52
COVERAGE = 0.95
PLACES = {"country": ("country",), "place": ("state", "market")}


@dataclasses.dataclass(frozen=True)
class DemandParams(DemandFeatureParams):
    """Section ``models.demand`` of params.yaml: the features' own, and what is fitted.

    Attributes
    ----------
    country, place : tuple of str
        Members that are weighed for the whole country, and for states and markets.
    refits : int
        Toolboxes of the back-test: its origins are answered by the last one made before.
    backtest_days : int
        Between its origins.
    workers : int
        Threads that fit series side by side.
    arima : tuple of int
        Order of the baseline row.
    """

    country: tuple[str, ...] = (
        "seasonal_naive", "drift", "theta", "ces", "ets", "prophet", "prophet_half_year", "prophet_two_months",
        "same_weeks", "lightgbm",
    )  # fmt: skip
    place: tuple[str, ...] = (
        "seasonal_naive", "drift", "theta", "prophet_half_year", "prophet_two_months", "same_weeks", "lightgbm",
    )  # fmt: skip
    prophet: ProphetParams = dataclasses.field(default_factory=ProphetParams)
    trees: TreeParams = dataclasses.field(default_factory=TreeParams)
    blend: WeighParams = dataclasses.field(default_factory=WeighParams)
    refits: int = 2
    backtest_days: int = 28
    workers: int = 2
    arima: tuple[int, ...] = (7, 1, 7)

    def members(self, group: str) -> tuple[str, ...]:
        """Return the members of a group of ``PLACES``."""
        return self.country if group == "country" else self.place


@dataclasses.dataclass(frozen=True)
class _Fitted:
    toolbox: Toolbox
    blends: dict[str, DemandBlend]
    intervals: DemandIntervals
    record: dict[str, Any]


class DemandModel:
    """Forecasts arrivals.

    Parameters
    ----------
    params : DemandParams, optional
    """

    name: ClassVar[str] = "demand"
    spec: Spec = SPEC

    def __init__(self, params: DemandParams | None = None) -> None:
        self.params = params or DemandParams()
        self._fitted: _Fitted | None = None
        self.spec = dataclasses.replace(SPEC, inputs=inputs(self.params.features.past_weeks))

    def fit(self, frame: DataFrame, progress: Progress | None = None) -> Self:
        """Back-test the members, weigh them, learn intervals from the errors, then learn once more from everything.

        Parameters
        ----------
        frame : DataFrame
            What ``DemandFeatures.assemble`` returned for training questions: ``spec.inputs``, label (tonnes), asof,
            label_known_time, part. Labels of days and weeks are the history; rows of part "test" are refused.
        progress : callable, optional
            Told (done, all, what).

        Raises
        ------
        ContractError
            A column is missing, no question has an answer, or a row belongs to the test.
        """
        if "part" in frame and (frame["part"] == "test").any():
            raise ContractError("rows of the test are in the frame", allowed="train, validation, calibration")
        tell = progress or _nothing
        wanted = self.params.features
        lesson = Lesson.of(frame, wanted.past_weeks, wanted.calendar, wanted.festivals, self.params)
        stages = lesson.stages(tell)
        blends: dict[str, DemandBlend] = {}
        errors: list[Errors] = []
        record: dict[str, Any] = {"backtest": {}, "failed": {}}
        for group, levels in PLACES.items():
            past = lesson.backtest(stages, levels, self.params.members(group), tell)
            if not len(past.case):
                continue
            blends[group] = DemandBlend.fit(past.told, self.params.blend)
            record["backtest"][group] = _scores(past.told)
            if (found := lesson.errors(past, stages, self.params.blend)) is not None:
                errors.append(found)
        toolbox = lesson.toolbox(lesson.end(), tell)
        for _, made in [*stages, (None, toolbox)]:
            record["failed"] |= made.failed
        for what, reason in record["failed"].items():
            LOG.warning("demand: %s could not be fitted (%s); its weight goes to the others", what, reason)
        self._fitted = _Fitted(toolbox, blends, DemandIntervals.fit(_joined(errors), COVERAGE), record)
        return self

    def predict(self, frame: DataFrame) -> DataFrame:
        """Forecast every row; a row never depends on another.

        Parameters
        ----------
        frame : DataFrame
            ``spec.inputs``.

        Returns
        -------
        DataFrame
            ``spec.outputs`` (tonnes) on the index of ``frame``; missing where fewer than eight weeks are known, or the
            day asked about is past or further than 105 days from the last one known.

        Raises
        ------
        NotFitted
            ``fit`` or ``load`` was not called.
        ContractError
            A column is missing.
        """
        import pandas as pd

        fitted, cases = self._known(), Cases.of(frame, self.params.features.past_weeks)
        usual = self._parts(cases).sum(axis=0)
        tonnes = tonnes_of(cases, usual, frame, fitted.toolbox.calendar)[0]
        asked = asked_of(frame, cases, fitted.toolbox.calendar)
        lower, upper = fitted.intervals.around(asked, tonnes) if len(frame) else (tonnes, tonnes)
        return pd.DataFrame(dict(zip(self.spec.output_names(), (tonnes, lower, upper))), index=frame.index)

    def explain(self, frame: DataFrame) -> DataFrame:
        """Say what each forecast is made of.

        Returns
        -------
        DataFrame
            index, feature, effect (tonnes): "level of the last year", one row per member (how far its share of the blend
            moves away from that level), "weekday", "festivals". A row's effects sum to its forecast.
        """
        import pandas as pd

        fitted, cases = self._known(), Cases.of(frame, self.params.features.past_weeks)
        calendar = fitted.toolbox.calendar
        parts, weights = self._parts(cases), self._parts(cases, shares=True)
        level = _levels(cases, calendar)
        whole = tonnes_of(cases, parts.sum(axis=0), frame, calendar)
        effects = {"level of the last year": tonnes_of(cases, level, frame, calendar)[1]}
        for row, member in enumerate(self._names()):
            effects[member] = tonnes_of(cases, parts[row] - weights[row] * level, frame, calendar)[1]
        effects |= {"weekday": whole[2] - whole[1], "festivals": whole[0] - whole[2]}
        told = pd.DataFrame(effects, index=frame.index)[np.isfinite(whole[0])]
        long = told.rename_axis("index").reset_index().melt("index", var_name="feature", value_name="effect")
        return long[long["effect"].notna() & (long["effect"] != 0.0)].reset_index(drop=True)

    def baselines(self, frame: DataFrame, seed: int) -> dict[str, Series]:
        """Return what each member alone says of the test (tonnes), and ARIMA of the order the parameters name.

        Unlike those of other models these are fitted together with the model: the members are its own.
        """
        import pandas as pd

        from mandi.models.forecasting.demand_arima import arima_forecasts

        rows = frame[frame["part"] == "test"] if "part" in frame else frame
        cases = Cases.of(rows, self.params.features.past_weeks)
        calendar = self._known().toolbox.calendar
        told = self._forecasts(cases)
        found = {
            member: pd.Series(tonnes_of(cases, told[row], rows, calendar)[0], index=rows.index)
            for row, member in enumerate(self._names())
        }
        return {**found, "arima": arima_forecasts(frame, rows, self.params.arima)}

    def logged(self) -> dict[str, Any]:
        """Return flat parameters of every fitted series, by name: ``demand_forecast_<commodity>.<what>``."""
        fitted = self._known()
        found: dict[str, Any] = {}
        for commodity, shape in fitted.toolbox.shapes.items():
            head = f"demand_forecast_{commodity}"
            found |= {f"{head}.{name}": value for name, value in shape.summary().items()}
            blend = fitted.blends.get("country")
            own = blend.weights.get(f"{commodity}, India") if blend is not None else None
            if blend is not None and own is not None:
                found |= {f"{head}.weight.{m}": round(float(w), 4) for m, w in zip(blend.members, own[0])}
        return found

    def save(self, folder: Path) -> None:
        """Write demand.json and the trees as LightGBM text."""
        fitted = self._known()
        box = fitted.toolbox
        state = {
            "format": FORMAT, "params": dataclasses.asdict(self.params), "until": box.until, "failed": box.failed,
            "calendar": box.calendar.as_dict(), "shapes": {k: s.as_dict() for k, s in box.shapes.items()},
            "blends": {k: b.as_dict() for k, b in fitted.blends.items()}, "intervals": fitted.intervals.as_dict(),
            "record": fitted.record, "trees": len(box.trees.boosters),
        }  # fmt: skip
        (folder / FILE).write_text(
            json.dumps(state, indent=1, sort_keys=True, allow_nan=False), encoding="utf-8"
        )
        for place, text in enumerate(box.trees.as_texts()):
            (folder / f"trees_{place}.txt").write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote."""
        state = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if state.get("format") != FORMAT:
            raise ContractError(
                f"this demand model was saved in format {state.get('format')}",
                allowed=f"format {FORMAT}, what this version of mandi writes and reads",
                next_command="mandi repro --force",
            )
        model = cls(build(DemandParams, state["params"], "models.demand"))
        wanted = model.params.features
        texts = [(folder / f"trees_{k}.txt").read_text(encoding="utf-8") for k in range(state["trees"])]
        box = Toolbox(
            state["until"], TradingCalendar.from_dict(state["calendar"], wanted.festivals), wanted.calendar,
            {k: ProphetShape.from_dict(s) for k, s in state["shapes"].items()},
            DemandTrees.from_texts(texts, model.params.trees), state["failed"],
        )  # fmt: skip
        blends = {k: DemandBlend.from_dict(b) for k, b in state["blends"].items()}
        model._fitted = _Fitted(box, blends, DemandIntervals.from_dict(state["intervals"]), state["record"])
        return model

    def _known(self) -> _Fitted:
        if self._fitted is None:
            raise NotFitted("the demand model has seen no data", next_command="call fit or load")
        return self._fitted

    def _names(self) -> list[str]:
        return list(dict.fromkeys(m for blend in self._known().blends.values() for m in blend.members))

    def _forecasts(self, cases: Cases) -> Any:
        """What each member says, shape (members, cases, BLOCKS); missing where it is none of the place's."""
        return self._asked(cases, "forecast")

    def _parts(self, cases: Cases, *, shares: bool = False) -> Any:
        """Each member's part of the blend, or its weight."""
        return self._asked(cases, "shares" if shares else "parts")

    def _asked(self, cases: Cases, what: str) -> Any:
        fitted, names = self._known(), self._names()
        found = np.full((len(names), len(cases), BLOCKS), np.nan if what == "forecast" else 0.0)
        usable = cases.usable()
        found[:, ~usable] = np.nan
        for group, levels in PLACES.items():
            mine = np.flatnonzero(usable & np.isin(cases.level, levels))
            if not len(mine):
                continue
            blend = fitted.blends.get(group) or next(iter(fitted.blends.values()))
            own = cases.only(mine)
            told = fitted.toolbox.forecasts(own, blend.members, self.params.workers)
            if what == "forecast":
                block = np.stack([told[m] for m in blend.members])
            else:
                block = blend.shares(own, told) if what == "shares" else blend.parts(own, told)
            for row, member in enumerate(blend.members):
                found[names.index(member), mine] = block[row]
        return found


def _levels(cases: Cases, calendar: TradingCalendar) -> Any:
    usual = [values[-LEVEL_WEEKS:].mean() if len(values) else np.nan for values in cases.series(calendar)]
    return np.repeat(np.array(usual, dtype=float).reshape(-1, 1), BLOCKS, axis=1)


def _scores(past: Any) -> dict[str, list[float]]:
    # mean absolute error of each member by week ahead, over that of all of them
    off = (
        np.abs(past.truth[:, None] - past.forecasts)
        / np.where(past.units > 0, past.units, np.nan)[:, None, :, None]
    )
    kept: dict[str, list[float]] = {}
    for row, member in enumerate(past.members):
        own = [off[:, row, :, h][np.isfinite(off[:, row, :, h])] for h in range(off.shape[3])]
        kept[member] = [round(float(v.mean()), 6) for v in own if len(v)]
    return kept


def _joined(errors: list[Errors]) -> Errors:
    from mandi.models.forecasting.demand_intervals import Asked

    columns = zip(*(tuple(vars(e.asked).values()) for e in errors))
    asked = Asked(*(np.concatenate(parts) for parts in columns))
    return Errors(
        asked, np.concatenate([e.forecast for e in errors]), np.concatenate([e.truth for e in errors])
    )


def _nothing(done: int, total: int, text: str) -> None:
    """Tell nobody."""
