"""What is kept of an answer: the numbers an outcome is held against, when it can be known, and what the answer is about."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import BaseModel
from pydantic_core import to_json

from mandi.core.errors import UnknownValue

INDIA = ZoneInfo("Asia/Kolkata")
BESIDE = {"explain"}


class Kept(NamedTuple):
    """What is kept of one answer.

    Attributes
    ----------
    figure : float or None
        INR per quintal, tonnes, points, or a score in [0, 1].
    answer : dict
        As ``mandi.evaluation.live`` reads it.
    due_at : datetime
        From when on the outcome can be known.
    about : str
        Names the outcome: answers about the same one are told apart from answers about another.
    """

    figure: float | None
    answer: dict[str, Any]
    due_at: datetime
    about: str


def digest_of(organization_id: str, row: BaseModel) -> str:
    """Return the digest of a question: the same for the same question of an organisation, another for any other organisation.

    Parameters
    ----------
    organization_id : str
    row : BaseModel
        One row of a request.

    Examples
    --------
    >>> from mandi.serving.contracts import PriceRow
    >>> row = PriceRow(commodity_id="soybean", market="Indore")
    >>> digest_of("a", row) == digest_of("a", row), digest_of("a", row) == digest_of("b", row)
    (True, False)
    """
    # what an explanation was asked for beside a single row changes nothing of the question
    return hashlib.sha256(organization_id.encode() + b"\n" + to_json(row, exclude=BESIDE)).hexdigest()


def kept_of(model: str, row: Any, answer: Any, digest: str) -> Kept:
    """Return what is kept of an answer.

    Parameters
    ----------
    model : str
    row, answer : Strict
        Of the model's counter.
    digest : str
        Of the row, for what nothing else names.

    Raises
    ------
    UnknownValue
        Nothing is known of answers of this model.
    """
    if model not in KEPT:
        raise UnknownValue(f"nothing is known of answers of {model}", allowed=", ".join(KEPT))
    return KEPT[model](row, answer, digest)


def subject_of(kept: Kept) -> str:
    """Return the digest of what an answer is about."""
    return hashlib.sha256(kept.about.encode()).hexdigest()


def _price(row: Any, answer: Any, digest: str) -> Kept:
    day = answer.target_day.isoformat()
    kept = {
        "kind": answer.kind, "commodity": answer.commodity_id, "market": answer.market, "target_day": day,
        "horizon_days": answer.horizon_days, "predicted": answer.predicted_price,
        "low95": answer.lower_bound_95, "high95": answer.upper_bound_95,
        "low90": answer.lower_bound_90, "high90": answer.upper_bound_90,
    }  # fmt: skip
    if answer.kind == "lot":
        return Kept(answer.predicted_price, kept, answer.asof, f"lot {digest} {day}")
    due = datetime.combine(answer.target_day + timedelta(days=1), time(), INDIA).astimezone(UTC)
    about = f"price {answer.commodity_id} {answer.market} {day}"
    return Kept(answer.predicted_price, kept, due, about)


def _demand(row: Any, answer: Any, digest: str) -> Kept:
    kept = {
        "commodity": answer.commodity_id, "location": answer.location, "predicted": answer.total_demand,
        "forecast_days": answer.forecast_days, "first_day": answer.forecast[0].date.isoformat(),
    }  # fmt: skip
    due = datetime.combine(answer.forecast[-1].date + timedelta(days=1), time(), INDIA).astimezone(UTC)
    about = f"demand {answer.commodity_id} {answer.location} {kept['first_day']} {answer.forecast_days}"
    return Kept(answer.total_demand, kept, due, about)


def _quality(row: Any, answer: Any, digest: str) -> Kept:
    kept = {
        "commodity": answer.commodity_id, "grade": answer.quality_grade, "grade_set": list(answer.grade_set),
        "probabilities": dict(answer.grade_probabilities), "abstained": answer.abstained,
    }  # fmt: skip
    return Kept(answer.quality_score, kept, answer.asof, f"quality {digest}")


def _fraud(row: Any, answer: Any, digest: str) -> Kept:
    kept = {
        "score": answer.fraud_score, "flagged": answer.is_fraud, "p_value": answer.p_value,
        "threshold": answer.threshold, "stage": answer.stage,
    }  # fmt: skip
    # a deal is scored again as its papers come in, and is still one deal
    deal = f"{row.supplier_id} {row.buyer_id} {row.commodity_id} {row.traded_at.isoformat()} {row.quantity} {row.price}"
    return Kept(answer.fraud_score, kept, answer.asof, f"fraud {deal}")


def _matching(row: Any, answer: Any, digest: str) -> Kept:
    kept = {
        "commodity": answer.commodity_id,
        "offers": [match.availability_id for match in answer.matches],
        "scores": [match.match_score for match in answer.matches],
    }
    best = answer.matches[0].match_score if answer.matches else None
    return Kept(best, kept, answer.asof, f"matching {answer.requirement_id or digest}")


KEPT: dict[str, Callable[[Any, Any, str], Kept]] = {
    "price": _price,
    "demand": _demand,
    "quality": _quality,
    "fraud": _fraud,
    "matching": _matching,
}
