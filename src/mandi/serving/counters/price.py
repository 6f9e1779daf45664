"""Completes price questions from a dated history and answers them in INR per quintal.

Many questions are one assembly and one prediction; the answer to one never depends on the others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mandi.core.errors import ContractError, StaleSnapshot
from mandi.core.strict import Strict
from mandi.core.units import to_quintals
from mandi.features.calendar import INDIA
from mandi.serving.contracts import PriceAnswer, PriceRow, QualityParams
from mandi.serving.gazetteer import Gazetteer, few, near, plain
from mandi.serving.problems import BadRow
from mandi.serving.snapshot import MAKE_IT, Champion, ServingParams

if TYPE_CHECKING:
    from pandas import DataFrame, Timestamp

ASSAY = tuple(QualityParams.model_fields)
TEXTS = frozenset({"commodity", "market", "kind", "variety", "grade", "supplier_id", "color_grade"})
OLD_REPORT_DAYS = 7
ONE_DAY = timedelta(days=1)
DAY_NS = 86_400_000_000_000
TRADED = "1111110"  # markets rest on Sundays
THINNEST = 0.1  # of the measured relative width of the 95 % interval
WIDEST = 3.0  # of the price
DEFAULT_HORIZON = {"lot": 0, "market": 1}


@dataclass(frozen=True)
class _Question:
    columns: dict[str, Any]
    step_days: int  # from the last day of the market's history to the day the price is for
    known_until: Timestamp
    notes: list[str]


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

    def answer(self, rows: Sequence[PriceRow], now: datetime, explain: bool) -> list[PriceAnswer]:
        """Answer questions in their order; see ``Desk.price``."""
        import pandas as pd

        moment = pd.Timestamp(now).tz_convert("UTC")
        asked = []
        for i, row in enumerate(rows):
            try:
                asked.append(self._question(row, moment))
            except (BadRow, StaleSnapshot) as refused:
                raise refused.at(i if len(rows) > 1 else None) from None
        questions = _frame([q.columns for q in asked])
        frame = self.champion.features.assemble(questions, dict(self.champion.history))
        predicted = self.champion.model.predict(frame)
        unanswered = predicted.index[predicted["predicted_price"].isna()]
        if len(unanswered):
            raise ContractError(f"the model returned no price for row {unanswered[0]}", next_command=MAKE_IT)
        effects = self._effects(frame) if explain else {}
        steps = frame["step"].astype(int).tolist() if "step" in frame else [q.step_days for q in asked]
        return [
            self._told(question, values, step, effects.get(i))
            for i, (question, values, step) in enumerate(
                zip(asked, predicted.to_dict("records"), steps, strict=True)
            )
        ]

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

    def _question(self, row: PriceRow, now: Timestamp) -> _Question:
        import pandas as pd

        commodity = self.names.commodity(row.commodity_id)
        market, chosen = self.names.place(commodity, row.market, row.location)
        kind = self._kind(row)
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
        if row.supplier_id is not None and row.supplier_id not in self._suppliers:
            notes.append(f'supplier "{row.supplier_id}" has no history: answered as a newcomer')
        quality = row.quality_params.model_dump() if row.quality_params else {}
        columns = {
            "commodity": commodity, "market": market, "asof": asof, "horizon_days": horizon, "kind": kind,
            "target_day": target, "variety": self._category("variety", row.variety),
            "grade": self._category("grade", row.grade), "supplier_id": row.supplier_id,
            "quantity": None if row.quantity is None else to_quintals(row.quantity, row.quantity_unit),
            **{name: quality.get(name) for name in ASSAY},
        }  # fmt: skip
        return _Question(columns, ahead, known, notes)

    def _kind(self, row: PriceRow) -> str:
        given = [*(["quantity"] if row.is_lot else []), *row.lot_fields()]
        if given and not self.answers_lots:
            raise BadRow(
                given[0],
                f"{given[0]} cannot be used: this champion was trained on market reports alone, without lots",
                allowed="commodity_id, market or location, horizon_days, asof",
            )
        if given and not row.is_lot:
            raise BadRow("quantity", f"quantity is missing: {given[0]} describes a lot, and a lot has a size")
        return "lot" if row.is_lot else "market"

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

    def _effects(self, frame: DataFrame) -> dict[int, dict[str, float]]:
        told = self.champion.model.explain(frame)
        told = told.iloc[told["effect"].abs().argsort(kind="stable")[::-1]]
        return {
            int(str(row)): {str(f): float(e) for f, e in zip(part["feature"], part["effect"]) if e}
            for row, part in told.groupby("index", sort=False)
        }

    def _told(
        self, question: _Question, values: Mapping[Any, Any], step: int, effects: dict[str, float] | None
    ) -> PriceAnswer:
        asked, notes = question.columns, list(question.notes)
        key = "lot" if asked["kind"] == "lot" else f"market.{step}"
        if asked["kind"] == "market" and step != asked["horizon_days"]:
            notes.append(f"answered and bounded as {step} days ahead, because the history is behind")
        measured = {level: self.champion.metrics.get(f"{key}.coverage{level}") for level in (95, 90)}
        return PriceAnswer(
            commodity_id=asked["commodity"],
            market=asked["market"],
            kind=asked["kind"],
            horizon_days=asked["horizon_days"],
            target_day=asked["target_day"],
            predicted_price=float(values["predicted_price"]),
            lower_bound_95=float(values["lower_bound_95"]),
            upper_bound_95=float(values["upper_bound_95"]),
            lower_bound_90=float(values["lower_bound_90"]),
            upper_bound_90=float(values["upper_bound_90"]),
            measured_coverage_95=measured[95],
            measured_coverage_90=measured[90],
            feature_contributions=effects,
            model_version=self.champion.version,
            known_until=question.known_until.to_pydatetime(),
            asof=asked["asof"].to_pydatetime(),
            notes=notes,
        )


def _measured_width(answer: PriceAnswer, metrics: Mapping[str, float]) -> float:
    key = "lot" if answer.kind == "lot" else f"market.{answer.horizon_days}"
    width, mae, mape = (metrics.get(f"{key}.{m}", 0.0) for m in ("width95", "mae", "mape"))
    # prices differ between commodities: the mean error in INR and in % tell of what price the mean width is
    typical = 100 * mae / mape if mae > 0 and mape > 0 else answer.predicted_price
    return width / typical


def _frame(rows: list[dict[str, Any]]) -> DataFrame:
    import pandas as pd

    # arrays, not Series: at one row a Series per column would cost more than the model
    return pd.DataFrame({name: _column(name, [r[name] for r in rows]) for name in rows[0]})


def _column(name: str, values: list[Any]) -> Any:
    import pandas as pd

    if name in TEXTS:
        return np.array(values, dtype=object)
    if name in ("asof", "target_day"):
        return pd.DatetimeIndex(values).as_unit("ns")
    return np.array(values, dtype="int64" if name == "horizon_days" else "float64")  # None becomes NaN
