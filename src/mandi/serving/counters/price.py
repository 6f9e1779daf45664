"""Completes price questions from a dated history and answers them in INR per quintal.

Many questions are one assembly and one prediction; the answer to one never depends on the others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from mandi.core.errors import ContractError, StaleSnapshot
from mandi.core.frames import Columns
from mandi.core.strict import Strict
from mandi.core.units import to_quintals
from mandi.features.calendar import INDIA
from mandi.serving.contracts import PriceAnswer, PriceRow, QualityParams
from mandi.serving.gazetteer import Gazetteer, few, near, plain
from mandi.serving.problems import BadRow
from mandi.serving.snapshot import MAKE_IT, Champion, ServingParams

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame, Timestamp
    from pydantic import TypeAdapter

ASSAY = tuple(QualityParams.model_fields)
TEXTS = frozenset({"color_grade"})
FIGURES = ("predicted_price", "lower_bound_95", "upper_bound_95", "lower_bound_90", "upper_bound_90")
OLD_REPORT_DAYS = 7
ONE_DAY = timedelta(days=1)
DAY_NS = 86_400_000_000_000
TRADED = "1111110"  # markets rest on Sundays
THINNEST = 0.1  # of the measured relative width of the 95 % interval
WIDEST = 3.0  # of the price
DEFAULT_HORIZON = {"lot": 0, "market": 1}


@dataclass(frozen=True, slots=True)
class _Place:
    """What questions about one market at one moment have in common."""

    commodity: str
    market: str
    kind: str
    horizon_days: int
    asof_ns: int  # since 1970, UTC
    target_day: np.datetime64
    step_days: int  # from the last day of the market's history to the day the price is for
    notes: tuple[str, ...]
    said: Mapping[str, Any]  # of the answer


class _Question(NamedTuple):
    row: PriceRow
    place: _Place
    variety: str | None
    grade: str | None
    notes: tuple[str, ...]


class PriceCounter:
    """Where price questions are completed and answered.

    Parameters
    ----------
    champion : Champion
        Its history has ``levels`` (see ``mandi.features.pricing.levels``) and, with lots, ``suppliers``.
    limits : ServingParams
    """

    path: ClassVar[str] = "/api/v1/price/predict"
    summary: ClassVar[str] = (
        "A lot's fair price, or a market's price, with 90 and 95 % bounds, INR per quintal"
    )
    row: ClassVar[type[Strict]] = PriceRow
    told: ClassVar[type[Strict]] = PriceAnswer
    quick_rows: ClassVar[int] = 4

    def __init__(self, champion: Champion, limits: ServingParams) -> None:
        levels = champion.history["levels"]
        self.champion = champion
        self.limits = limits
        self.names = Gazetteer(levels)
        self.answers_lots = any(metric.startswith("lot.") for metric in champion.metrics)
        self._last: dict[tuple[str, str], tuple[Timestamp, Timestamp, int]] = {
            (commodity, market): (known, day, int(age))
            for commodity, market, known, day, age in zip(
                *(levels[c] for c in ("commodity", "market", "known_time", "day", "last_age"))
            )
        }
        self._ends: dict[str, Timestamp] = {}
        for (commodity, _), (known, _, _) in self._last.items():
            self._ends[commodity] = max(known, self._ends.get(commodity, known))
        suppliers = champion.history.get("suppliers")
        self._suppliers = set() if suppliers is None else set(suppliers["supplier_id"])
        model: Any = champion.model
        self._categories = {
            n: {plain(value): value for value in model.known(n)} for n in ("variety", "grade")
        }
        self._horizons = champion.model.spec.horizons
        self._measured = {
            key: tuple(champion.metrics.get(f"{key}.coverage{level}") for level in (95, 90))
            for key in ("lot", *(f"market.{days}" for days in self._horizons))
        }
        self._history: dict[str, DataFrame] = getattr(champion.features, "ready", dict)(champion.history)
        # features and models that know no arrays are given frames
        by_arrays = getattr(champion.features, "assemble_columns", None)
        self._complete = by_arrays or partial(_completed, champion.features)
        self._prices = partial(_priced, model)

    def answer(self, rows: Sequence[PriceRow], now: datetime, explain: bool) -> list[PriceAnswer]:
        """Answer questions in their order; see ``Desk.price``."""
        import pandas as pd

        moment = pd.Timestamp(now).tz_convert("UTC")
        asked: list[_Question] = []
        places: dict[Any, _Place] = {}
        for i, row in enumerate(rows):
            try:
                asked.append(self._question(row, moment, places))
            except (BadRow, StaleSnapshot) as refused:
                raise refused.at(i if len(rows) > 1 else None) from None
        known = self._complete(_columns(asked), self._history)
        values = self._prices(known)
        unanswered = np.flatnonzero(np.isnan(values[:, 0]))
        if len(unanswered):
            raise ContractError(f"the model returned no price for row {unanswered[0]}", next_command=MAKE_IT)
        effects = self._effects(known) if explain else {}
        steps = known["step"].astype(int).tolist() if "step" in known else [q.place.step_days for q in asked]
        told = [
            self._told(question, figures, step, effects.get(i))
            for i, (question, figures, step) in enumerate(zip(asked, values.tolist(), steps, strict=True))
        ]
        return _answers().validate_python(told)

    def about(self) -> dict[str, Any]:
        """Return the names known and a question that is answered with this history."""
        import pandas as pd

        (commodity, market), (known, _, _) = max(
            self._last.items(), key=lambda kv: (kv[1][0], -kv[1][2], kv[0])
        )
        morning = known + pd.Timedelta(hours=12)  # of the trading day after the last one known
        example: dict[str, Any] = {"commodity_id": commodity, "market": market, "asof": morning.isoformat()}
        if self.answers_lots:
            example |= {"quantity": 50.0, "quantity_unit": "quintal"}
        return {
            "commodities": self.names.commodities, "answers": ["market", "lot"] if self.answers_lots else ["market"],
            "horizons_days": list(self._horizons), "example": example,
        }  # fmt: skip

    def check(self, answer: PriceAnswer) -> None:
        """Refuse a champion whose example is priced outside its bounds, or whose bounds are absurdly thin or wide."""
        price, low, high = answer.predicted_price, answer.lower_bound_95, answer.upper_bound_95
        said = (
            f"the example of {answer.market} is answered {price:.2f} with 95 % bounds {low:.2f} to {high:.2f}"
        )
        if not (0 < price < math.inf and low <= price <= high < math.inf):
            raise ContractError(
                said, allowed="a price above zero, inside finite bounds", next_command=MAKE_IT
            )
        width = (high - low) / price
        least = THINNEST * _measured_width(answer, self.champion.metrics)
        if not 0 < width <= WIDEST or width < least:
            raise ContractError(
                f"{said}: {width:.2%} of the price wide",
                allowed=f"{least:.2%} to {WIDEST:.0%}; the least is a tenth of the width measured on the test part",
                next_command=MAKE_IT,
            )

    def _question(self, row: PriceRow, now: Timestamp, places: dict[Any, _Place]) -> _Question:
        kind = self._kind(row)
        where = (row.commodity_id, row.market, row.location, row.horizon_days, kind, row.asof)
        place = places.get(where)
        if place is None:
            place = places[where] = self._place(row, kind, now)
        notes = place.notes
        if row.supplier_id is not None and row.supplier_id not in self._suppliers:
            notes = (*notes, f'supplier "{row.supplier_id}" has no history: answered as a newcomer')
        variety, grade = self._category("variety", row.variety), self._category("grade", row.grade)
        return _Question(row, place, variety, grade, notes)

    def _place(self, row: PriceRow, kind: str, now: Timestamp) -> _Place:
        import pandas as pd

        commodity = self.names.commodity(row.commodity_id)
        market, chosen = self.names.place(commodity, row.market, row.location)
        asof = now if row.asof is None else pd.Timestamp(row.asof).tz_convert("UTC")
        horizon = DEFAULT_HORIZON[kind] if row.horizon_days is None else row.horizon_days
        self._check_horizon(kind, horizon)
        known, day, report_age = self._last[commodity, market]
        self._check_age(asof, known, commodity, market)
        # midnight in India closes a day: the moment of an answer belongs to the day that is running
        running = (asof.to_datetime64() + INDIA - np.timedelta64(1, "ns")).astype("datetime64[D]")
        closed = (asof.value - (known.value - day.value)) // DAY_NS
        last_closed = np.datetime64(closed, "D").item()
        target = running.item() if kind == "lot" else last_closed + timedelta(days=horizon)
        behind = int(np.busday_count(day.date() + ONE_DAY, last_closed + ONE_DAY, weekmask=TRADED))
        ahead = horizon + behind
        if ahead > max(self._horizons):
            raise BadRow(
                "horizon_days",
                f"{target} is {ahead} trading days after the last of the history of {market}, {day.date()}",
                allowed=f"at most {max(self._horizons) - behind} with this history",
            )
        notes = [chosen] if chosen else []
        if behind:
            notes.append(f"the history of {market} ends on {day.date()}, {behind} trading days behind")
        if report_age > OLD_REPORT_DAYS:
            notes.append(f"the last report of {market} was {report_age} days old on {day.date()}")
        said = {
            "commodity_id": commodity, "market": market, "kind": kind, "horizon_days": horizon, "target_day": target,
            "model_version": self.champion.version, "known_until": known.to_pydatetime().astimezone(UTC), "asof": asof.to_pydatetime().astimezone(UTC),
        }  # fmt: skip
        day_asked = np.datetime64(target, "ns")
        return _Place(
            commodity, market, kind, horizon, asof.as_unit("ns").value, day_asked, ahead, tuple(notes), said
        )

    def _kind(self, row: PriceRow) -> str:
        if row.is_lot and self.answers_lots:
            return "lot"
        given = [*(["quantity"] if row.is_lot else []), *row.lot_fields()]
        if given and not self.answers_lots:
            raise BadRow(
                given[0],
                f"{given[0]} cannot be used: this champion was trained on market reports alone, without lots",
                allowed="commodity_id, market or location, horizon_days, asof",
            )
        if given:
            raise BadRow("quantity", f"quantity is missing: {given[0]} describes a lot, and a lot has a size")
        return "market"

    def _category(self, field: str, text: str | None) -> str | None:
        if text is None:
            return None
        known = self._categories[field]
        if plain(text) not in known:
            raise BadRow(field, f'no {field} "{text}"{near(text, known)}', allowed=few(known.values()))
        return known[plain(text)]

    def _check_horizon(self, kind: str, horizon: int) -> None:
        allowed = (0,) if kind == "lot" else self._horizons
        if horizon not in allowed:
            what = "a lot is priced for today" if kind == "lot" else "this horizon was not evaluated"
            raise BadRow(
                "horizon_days", f"horizon_days is {horizon}: {what}", allowed=", ".join(map(str, allowed))
            )

    def _check_age(self, asof: Timestamp, known: Timestamp, commodity: str, market: str) -> None:
        if asof < known:
            raise BadRow(
                "asof",
                f"asof is {asof.isoformat()}, before the history served here",
                allowed=f"from {known.isoformat()}",
            )
        age = (asof - known).total_seconds() / 86400
        limit = self.limits.max_history_age_days
        if age > limit:
            closed = known < self._ends[commodity]
            what = (
                f"{market} stopped reporting: its history ends" if closed else "the history served here ends"
            )
            raise StaleSnapshot(
                f"{what} at {known.isoformat()}, {age:.1f} days before the moment asked about",
                allowed=f"asof from {known.isoformat()}, at most {limit:g} days later",
                next_command=f"mandi import, then {MAKE_IT}",
            )

    def _effects(self, known: Columns) -> dict[int, dict[str, float]]:
        told = self.champion.model.explain(known.frame(["asof"]))
        told = told.iloc[told["effect"].abs().argsort(kind="stable")[::-1]]
        return {
            int(str(row)): {str(f): float(e) for f, e in zip(part["feature"], part["effect"]) if e}
            for row, part in told.groupby("index", sort=False)
        }

    def _told(
        self, question: _Question, figures: list[float], step: int, effects: dict[str, float] | None
    ) -> dict[str, Any]:
        place, notes = question.place, list(question.notes)
        if step != place.horizon_days and place.kind == "market":
            notes.append(f"answered and bounded as {step} days ahead, because the history is behind")
        price, low95, high95, low90, high90 = figures
        measured95, measured90 = self._measured.get(
            place.kind if place.kind == "lot" else f"market.{step}", (None, None)
        )
        return {
            **place.said,
            "predicted_price": price, "lower_bound_95": low95, "upper_bound_95": high95, "lower_bound_90": low90,
            "upper_bound_90": high90, "measured_coverage_95": measured95, "measured_coverage_90": measured90,
            "feature_contributions": effects, "notes": notes,
        }  # fmt: skip


@cache
def _answers() -> TypeAdapter[list[PriceAnswer]]:
    from pydantic import TypeAdapter

    return TypeAdapter(list[PriceAnswer])  # all at once: two thirds of the time of one by one


def _measured_width(answer: PriceAnswer, metrics: Mapping[str, float]) -> float:
    key = "lot" if answer.kind == "lot" else f"market.{answer.horizon_days}"
    width, mae, mape = (metrics.get(f"{key}.{m}", 0.0) for m in ("width95", "mae", "mape"))
    # prices differ between commodities: the mean error in INR and in % tell of what price the mean width is
    typical = 100 * mae / mape if mae > 0 and mape > 0 else answer.predicted_price
    return width / typical


def _completed(features: Any, asked: Columns, history: Mapping[str, DataFrame]) -> Columns:
    frame = features.assemble(asked.frame(["asof"]), history)
    return Columns({name: frame[name].to_numpy() for name in frame.columns}, len(frame))


def _priced(model: Any, known: Columns) -> NDArray[np.float64]:
    if not hasattr(model, "prices"):
        return np.asarray(model.predict(known.frame(["asof"]))[list(FIGURES)].to_numpy(dtype=np.float64))
    names = model.spec.output_names()
    return np.asarray(model.prices(known)[:, [names.index(name) for name in FIGURES]])


def _columns(asked: list[_Question]) -> Columns:
    rows, places = [q.row for q in asked], [q.place for q in asked]
    texts: dict[str, list[Any]] = {
        "commodity": [p.commodity for p in places], "market": [p.market for p in places], "kind": [p.kind for p in places],
        "variety": [q.variety for q in asked], "grade": [q.grade for q in asked], "supplier_id": [r.supplier_id for r in rows],
    }  # fmt: skip
    quantities = [None if r.quantity is None else to_quintals(r.quantity, r.quantity_unit) for r in rows]
    columns: dict[str, Any] = {name: np.array(values, dtype=object) for name, values in texts.items()}
    columns |= {
        "asof": np.array([p.asof_ns for p in places], dtype="datetime64[ns]"),
        "horizon_days": np.array([p.horizon_days for p in places], dtype="int64"),
        "target_day": np.array([p.target_day for p in places]),
        "quantity": np.array(quantities, dtype="float64"),  # None becomes NaN
    }
    assayed = [(i, r.quality_params) for i, r in enumerate(rows) if r.quality_params is not None]
    for name in ASSAY:
        empty, kind = (None, object) if name in TEXTS else (np.nan, np.float64)
        columns[name] = np.full(len(rows), empty, dtype=kind)
        for i, assay in assayed:
            if (measured := getattr(assay, name)) is not None:
                columns[name][i] = measured
    return Columns(columns, len(rows))
