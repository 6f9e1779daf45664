"""What came of an answer that named a price: whether the price that was paid lay in the interval it gave."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from mandi.core.errors import ContractError
from mandi.store.records import GenerationRecord

LOW, HIGH = "lower_bound_95", "upper_bound_95"


def interval_of(facts: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return the 95 % interval of the price an answer rests on, INR per quintal; None where it rests on none.

    Examples
    --------
    >>> answer = {"predicted_price": 7000.0, "lower_bound_95": 6800.0, "upper_bound_95": 7200.0}
    >>> interval_of({"findings": {"price": {"standing": "answered", "answer": answer}}})
    (6800.0, 7200.0)
    >>> interval_of({"labels": ["price", "quality"]}) is None
    True
    """
    findings = facts.get("findings")
    finding = findings.get("price") if isinstance(findings, Mapping) else None
    if not isinstance(finding, Mapping) or finding.get("standing") != "answered":
        return None
    answer = finding.get("answer") or {}
    low, high = answer.get(LOW), answer.get(HIGH)
    if not isinstance(low, (int, float)) or not isinstance(high, (int, float)):
        return None
    return float(low), float(high)


def outcome_of(facts: Mapping[str, Any], price: float) -> dict[str, Any] | None:
    """Return what came of an answer, given the price that was paid; None where it named no price.

    Parameters
    ----------
    facts : mapping
        Of the answer.
    price : float
        INR per quintal.

    Examples
    --------
    >>> answer = {"lower_bound_95": 6800.0, "upper_bound_95": 7200.0}
    >>> outcome_of({"findings": {"price": {"standing": "answered", "answer": answer}}}, 7300.0)
    {'held': False, 'price': 7300.0, 'low': 6800.0, 'high': 7200.0, 'unit': 'INR/quintal'}
    """
    interval = interval_of(facts)
    if interval is None:
        return None
    low, high = interval
    return {"held": low <= price <= high, "price": price, "low": low, "high": high, "unit": "INR/quintal"}


def keep_outcome(session: Session, generation_id: str, price: float, at: datetime) -> dict[str, Any] | None:
    """Write what came of an answer; the last word counts.

    Parameters
    ----------
    session : Session
        Of a transaction that writes.
    generation_id : str
    price : float
        INR per quintal.
    at : datetime
        When it was paid; aware.

    Returns
    -------
    dict or None
        None: the words of this answer are not kept, or there is none.

    Raises
    ------
    ContractError
        The answer named no price.
    """
    record = session.scalars(sa.select(GenerationRecord).filter_by(generation_id=generation_id)).one_or_none()
    if record is None:
        return None
    outcome = outcome_of(record.facts or {}, price)
    if outcome is None:
        raise ContractError(
            "the answer named no price, so nothing can come of it",
            allowed="an answer that rests on the price model",
        )
    record.outcome, record.outcome_at = outcome, at
    return outcome
