"""Completes deals with the past of their partners, papers and accounts, and says how suspicious they are.

Many deals are one measurement and one prediction; the answer to one never depends on the others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mandi.core.errors import ContractError, StaleSnapshot
from mandi.core.strict import Strict
from mandi.core.units import to_quintals
from mandi.features.detection.fraud_facts import ATTRIBUTES, FACTS, PAPERS, TEXTS, TIMES
from mandi.features.detection.fraud_memory import Deals, Memory
from mandi.features.fraud import KEPT_DAYS
from mandi.models.detection.fraud_fields import PAPERS as PAPER_COLUMNS
from mandi.models.detection.fraud_fields import RISKS, STAGES, Stage, said
from mandi.serving.fraud_contracts import FraudAnswer, FraudRow, Reason, quality_of
from mandi.serving.gazetteer import few, near, plain
from mandi.serving.problems import BadRow
from mandi.serving.snapshot import MAKE_IT, Champion, ServingParams

if TYPE_CHECKING:
    from pandas import DataFrame

MOST_REASONS = 5
LEAST_EFFECT = 1e-3
MISSING = "papers_missing"


class FraudCounter:
    """Where deals are scored.

    Parameters
    ----------
    champion : Champion
        Its history has the tables of ``features.fraud_states``, as ``FraudFeatures.served`` left them.
    limits : ServingParams
    """

    path: ClassVar[str] = "/api/v1/fraud/score"
    summary: ClassVar[str] = (
        "How suspicious a deal is beside honest ones, with its threshold, risk and reasons"
    )
    row: ClassVar[type[Strict]] = FraudRow
    told: ClassVar[type[Strict]] = FraudAnswer

    def __init__(self, champion: Champion, limits: ServingParams) -> None:
        history = champion.history
        self.champion = champion
        self.limits = limits
        self._memory = Memory(history)
        features: Any = champion.features
        self._features = features
        self._model: Any = champion.model
        self._until = champion.known_until.to_pydatetime()
        review = features.params.features
        self._since = self._until - timedelta(days=review.latest_days + KEPT_DAYS)
        self._commodities = {plain(name): str(name) for name in _names(history, "commodity")}
        self._markets = {plain(name): str(name) for name in _names(history, "market")}
        self._partners = {name: set(history[table][column]) for name, table, column in
                          (("supplier_id", "suppliers", "supplier_id"), ("buyer_id", "buyers", "buyer_id"))}  # fmt: skip
        measured = ("precision", "recall", "test.prevalence")
        self._measured = dict(
            zip(("precision", "recall", "prevalence"), (champion.metrics.get(m) for m in measured))
        )

    def answer(self, rows: Sequence[FraudRow], now: datetime, explain: bool) -> list[FraudAnswer]:
        """Score deals in their order; see ``Counter.answer``."""
        asked = []
        for i, row in enumerate(rows):
            try:
                asked.append(self._facts(row, now))
            except (BadRow, StaleSnapshot) as refused:
                raise refused.at(i if len(rows) > 1 else None) from None
        frame = _unheld(self._features.measure(Deals(_columns(asked)), self._memory), rows)
        predicted = self._model.predict(frame)
        found = predicted.to_numpy(dtype=np.float64)
        if not np.isfinite(found).all():
            raise ContractError("the model returned no score", next_command=MAKE_IT)
        place = {name: j for j, name in enumerate(predicted.columns)}
        told = np.flatnonzero(explain | (found[:, place["risk"]] > 0))
        effects = self._effects(frame, told, found[:, place["fraud_score"]])
        return [
            self._told(
                row,
                facts,
                {name: float(found[i, j]) for name, j in place.items()},
                frame,
                i,
                effects,
                explain,
            )
            for i, (row, facts) in enumerate(zip(rows, asked, strict=True))
        ]

    def about(self) -> dict[str, Any]:
        """Return the names known and a deal that is scored with this history."""
        return {
            "commodities": sorted(self._commodities.values()),
            "markets": sorted(self._markets.values()),
            "documents": list(PAPERS),
            "stages": list(STAGES),
            "deals_from": self._since.isoformat(),
            "example": self._example(),
        }

    def check(self, answer: FraudAnswer) -> None:
        """Refuse a champion whose example has a score, p-value or threshold that cannot be."""
        said = f"the example is scored {answer.fraud_score} with p-value {answer.p_value} and threshold {answer.threshold}"
        shares = (answer.fraud_score, answer.p_value, answer.threshold)
        if not all(math.isfinite(x) and 0.0 <= x <= 1.0 for x in shares) or answer.p_value == 0.0:
            raise ContractError(said, allowed="shares from 0 to 1, the p-value above 0", next_command=MAKE_IT)
        if answer.is_fraud != (answer.fraud_score >= answer.threshold) or answer.reconstruction_error < 0:
            raise ContractError(
                f"{said}, flagged: {answer.is_fraud}, reconstruction error {answer.reconstruction_error}",
                allowed="flagged from the threshold on, an error that is not negative",
                next_command=MAKE_IT,
            )

    def _facts(self, row: FraudRow, now: datetime) -> dict[str, Any]:
        asof = now if row.asof is None else row.asof
        self._check_times(row, asof)
        facts: dict[str, Any] = dict.fromkeys(FACTS)
        facts |= {
            "trade_id": row.trade_id, "supplier_id": row.supplier_id, "buyer_id": row.buyer_id,
            "commodity": _known("commodity_id", row.commodity_id, self._commodities),
            "market": _known("market", row.market, self._markets),
            "grade": row.grade, "quantity": to_quintals(row.quantity, row.quantity_unit), "price": row.price,
            "traded_at": row.traded_at, "asof": asof,
        }  # fmt: skip
        kinds = [paper.kind for paper in row.documents]
        for i, paper in enumerate(row.documents):
            if paper.kind in kinds[:i]:  # else a clean copy would hide the other
                raise BadRow(f"documents.{i}.kind", "two papers of this kind", allowed="one")
            facts |= {name: getattr(paper, source) for source, name in PAPERS[paper.kind].items()}
        if row.payments:
            main = min(row.payments, key=lambda p: (-p.amount, p.paid_at, p.account_id))
            facts |= {
                "paid_amount": math.fsum(p.amount for p in row.payments), "payments": float(len(row.payments)),
                "accounts": float(len({p.account_id for p in row.payments})), "due_at": main.due_at,
                "paid_at": min(p.paid_at for p in row.payments), "account_id": main.account_id,
                "payer_id": main.payer_id or row.buyer_id, "payee_id": main.payee_id or row.supplier_id,
            }  # fmt: skip
        if row.inspections:
            inspection, *later_ones = row.inspections
            again = max(reversed(later_ones), key=lambda one: one.grade or "", default=None)  # the worst
            measured, later = quality_of(inspection), quality_of(again)
            facts |= {"inspector_id": inspection.inspector_id, "assay_grade": inspection.grade,
                      "recheck_grade": again.grade if again else None,
                      **{f"assay_{a}": measured.get(a) for a in ATTRIBUTES},
                      **{f"recheck_{a}": later.get(a) for a in ATTRIBUTES}}  # fmt: skip
        return facts

    def _check_times(self, row: FraudRow, asof: datetime) -> None:
        if row.traded_at > asof:
            raise BadRow(
                "traded_at",
                f"the deal was struck at {row.traded_at.isoformat()}, after the review",
                allowed=f"up to {asof.isoformat()}",
            )
        if row.traded_at < self._since:
            raise BadRow(
                "traded_at",
                f"the deal was struck at {row.traded_at.isoformat()}, before the past that is served here",
                allowed=f"from {self._since.isoformat()}",
            )
        for i, payment in enumerate(row.payments):
            if not self._since <= payment.paid_at <= asof:
                raise BadRow(
                    f"payments.{i}.paid_at",
                    f"the payment is of {payment.paid_at.isoformat()}",
                    allowed=f"from {self._since.isoformat()} to the review at {asof.isoformat()}",
                )
        age, limit = (asof - self._until).total_seconds() / 86400, self.limits.max_history_age_days
        if age > limit:
            raise StaleSnapshot(
                f"the history served here ends at {self._until.isoformat()}, {age:.1f} days before the review",
                allowed=f"asof at most {limit:g} days later",
                next_command=f"mandi import, then {MAKE_IT}",
            )

    def _effects(
        self, frame: DataFrame, rows: np.ndarray[Any, np.dtype[np.intp]], score: np.ndarray[Any, Any]
    ) -> dict[int, np.ndarray[Any, Any]]:
        if not len(rows):
            return {}
        shares = self._model.shares(frame.iloc[rows])
        return {int(row): part * score[row] for row, part in zip(rows, shares, strict=True)}

    def _told(
        self, row: FraudRow, facts: Mapping[str, Any], values: Mapping[str, float], frame: DataFrame, place: int,
        effects: Mapping[int, np.ndarray[Any, Any]], explain: bool,
    ) -> FraudAnswer:  # fmt: skip
        parts = effects.get(place)
        stage: Stage = "paid" if row.payments else "unpapered" if row.unpapered else "unpaid"
        contributions, reasons = None, []
        if parts is not None:
            names, order = frame.columns, np.argsort(-parts, kind="stable")
            measured = frame.iloc[place].to_numpy(dtype=np.float64)
            reasons = [
                _reason(str(names[j]), float(parts[j]), float(measured[j]))
                for j in order[:MOST_REASONS].tolist()
                if parts[j] >= LEAST_EFFECT and not (stage == "unpapered" and np.isnan(measured[j]))
            ]
            contributions = {str(names[j]): float(parts[j]) for j in order.tolist()} if explain else None
        return FraudAnswer(
            trade_id=row.trade_id,
            is_fraud=values["is_fraud"] > 0,
            fraud_score=values["fraud_score"],
            reconstruction_error=values["reconstruction_error"],
            risk_level=RISKS[int(values["risk"])],
            p_value=values["p_value"],
            threshold=values["threshold"],
            stage=stage,
            # what was measured on deals with papers says nothing of one without
            **{
                f"measured_{name}": None if row.unpapered else value for name, value in self._measured.items()
            },
            top_features=reasons,
            feature_contributions=contributions,
            model_version=self.champion.version,
            known_until=self._until,
            asof=facts["asof"],
            notes=self._notes(row, facts, stage),
        )

    def _notes(self, row: FraudRow, facts: Mapping[str, Any], stage: str) -> list[str]:
        notes = [
            f'{name.removesuffix("_id")} "{getattr(row, name)}" has no past here: judged by the deal itself'
            for name, known in self._partners.items()
            if getattr(row, name) not in known
        ]
        if missing := [k for k, told in PAPERS.items() if all(facts[name] is None for name in told.values())]:
            early = "" if row.papers_due else " (not due yet, and not held against the deal)"
            notes.append(f"not seen: {', '.join(missing)}{early}")
        if stage != "paid":
            unseen = "payment" if stage == "unpaid" else "paper and no payment"
            notes.append(f"no {unseen} was seen: held against honest deals from which the same is hidden")
        return notes

    def _example(self) -> dict[str, Any]:
        """Make up a deal such as the history knows them: two partners who dealt before, at the market's level."""
        history = self.champion.history
        supplier, buyer = _last(history["deals"], "supplier_id", "buyer_id")
        account = _most(history["holdings"], "account_id", payee_id=supplier)
        # without reports nothing is known of the price, and any is as good
        unpriced = history["premiums"].assign(market=next(iter(self._markets.values()), ""), price_recent=8.3)
        known = history["levels"] if len(history["levels"]) else unpriced
        commodity, market, level = _last(known, "commodity", "market", "price_recent")
        price = round(math.exp(float(level)))
        weigher = _most(history["places"], "weigher_id", market=market)
        vehicle = _most(history["routes"], "vehicle_id", weigher_id=weigher)
        struck, paid = self._until - timedelta(days=6), self._until - timedelta(hours=30)
        amount = round(40.0 * price * 1.01, 2)
        example: dict[str, Any] = {
            "trade_id": "example", "supplier_id": supplier, "buyer_id": buyer, "commodity_id": commodity, "market": market,
            "grade": "B", "quantity": 40.0, "price": float(price), "traded_at": struck.isoformat(),
            "asof": self._until.isoformat(),
            "documents": [
                {"kind": "invoice", "issuer_id": supplier, "stated_quantity": 40.0, "stated_amount": amount, "readable": 0.94},
                {"kind": "eway_bill", "issuer_id": supplier, "stated_quantity": 40.0, "stated_amount": amount,
                 "readable": 0.92, **({"vehicle_id": vehicle} if vehicle else {})},
            ],
        }  # fmt: skip
        if weigher:
            slip = {"kind": "weighbridge", "issuer_id": weigher, "stated_quantity": 39.85, "readable": 0.93}
            example["documents"].append({**slip, **({"vehicle_id": vehicle} if vehicle else {})})
        if len(history["certifiers"]):
            (certifier,) = _last(history["certifiers"], "certifier_id")
            paper = {
                "kind": "assay_certificate",
                "issuer_id": certifier,
                "stated_quantity": 40.0,
                "readable": 0.93,
            }
            example["documents"].append(paper)
            example["inspections"] = [{"inspector_id": certifier, "grade": "B"}]
        if account:
            example["payments"] = [
                {"account_id": account, "amount": amount, "paid_at": paid.isoformat(), "payer_id": buyer, "payee_id": supplier,
                 "due_at": (struck + timedelta(days=15)).isoformat()}
            ]  # fmt: skip
        return example


def _unheld(frame: DataFrame, rows: Sequence[FraudRow]) -> DataFrame:
    early = np.array([not row.papers_due for row in rows], dtype=bool)
    if not early.any():
        return frame
    shown = frame.assign(**{MISSING: frame[MISSING].mask(early, 0.0)})
    shown.loc[[row.unpapered for row in rows], list(PAPER_COLUMNS)] = np.nan
    return shown


def _columns(asked: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {name: _column(name, [facts[name] for facts in asked]) for name in FACTS}


def _column(name: str, values: list[Any]) -> np.ndarray[Any, Any]:
    if name in TEXTS:
        return np.array(values, dtype=object)
    if name in TIMES:
        plain_moments = [None if v is None else v.astimezone(UTC).replace(tzinfo=None) for v in values]
        return np.array(plain_moments, dtype="datetime64[ns]")
    return np.array(values, dtype=np.float64)  # None becomes NaN


def _known(field: str, text: str, names: dict[str, str]) -> str:
    if plain(text) not in names:
        what = field.removesuffix("_id")
        raise BadRow(
            field,
            f'no {what} "{text}" in the past that is served{near(text, names)}',
            allowed=few(names.values()),
        )
    return names[plain(text)]


def _reason(name: str, effect: float, value: float) -> Reason:
    return Reason(
        feature=name, effect=effect, value=value if math.isfinite(value) else None, says=said(name, value)
    )


def _names(history: Mapping[str, DataFrame], column: str) -> list[Any]:
    tables = [frame for frame in history.values() if column in frame.columns]
    return sorted({name for frame in tables for name in frame[column].dropna().unique()}, key=str)


def _last(frame: DataFrame, *columns: str) -> tuple[Any, ...]:
    ordered = frame.sort_values(["known_time", *columns], kind="stable")
    return (
        tuple(str(ordered[column].iloc[-1]) for column in columns)
        if len(ordered)
        else ("none",) * len(columns)
    )


def _most(frame: DataFrame, wanted: str, **where: Any) -> str | None:
    for column, value in where.items():
        frame = frame[frame[column] == value]
    if not len(frame):
        return None
    return str(frame.sort_values(["count", wanted], kind="stable")[wanted].iloc[-1])
