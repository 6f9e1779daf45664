"""How each provider did when it was asked, whoever answered in the end: out of the tries kept with every call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from mandi.llm.routing.track import wilson
from mandi.serving.analytics.period import Period
from mandi.store.records.calls import AiMetric

THE_CALLERS = ("refused_request", "not_able")
"""Faults of what was asked; they say nothing about who was asked."""


@dataclass(frozen=True, slots=True)
class Tries:
    """How often a provider, or one of its models, was asked, and how often it answered.

    Attributes
    ----------
    faults : dict
        Fault to how often.
    """

    provider: str
    model: str | None
    asked: int
    answered: int
    faults: dict[str, int]

    @property
    def success_rate(self) -> float:
        """Share that was answered, in [0, 1]."""
        return self.answered / self.asked

    @property
    def bounds(self) -> tuple[float, float]:
        """Wilson interval of the share, 95 %."""
        return wilson(self.success_rate, self.asked)


def tries_by_model(session: Session, period: Period) -> list[Tries]:
    """Return the tries of a period by provider and model, in the order of their names.

    Parameters
    ----------
    session : Session
        Of SQLite or PostgreSQL.
    period : Period
    """
    each, part = _unnested(session.get_bind().dialect.name)
    provider, model, fault = (part(name).label(name) for name in ("provider", "model", "fault"))
    query = (
        sa.select(provider, model, fault, sa.func.count().label("n"))
        .select_from(AiMetric)
        .join(each, sa.true())
        .where(*period.conditions())
        .group_by(sa.text("1"), sa.text("2"), sa.text("3"))
    )
    found: dict[tuple[str, str], dict[str | None, int]] = {}
    for name, of, why, n in session.execute(query):
        found.setdefault((name, of), {})[why] = n
    tries = [_tries(name, of, by_fault) for (name, of), by_fault in sorted(found.items())]
    return [one for one in tries if one.asked]


def by_provider(tries: list[Tries]) -> list[Tries]:
    """Return the tries of all models of a provider together.

    Examples
    --------
    >>> both = by_provider([Tries("a", "m", 2, 1, {"timeout": 1}), Tries("a", "n", 2, 2, {})])
    >>> both[0].asked, both[0].answered, both[0].model
    (4, 3, None)
    """
    found: dict[str, list[Tries]] = {}
    for one in tries:
        found.setdefault(one.provider, []).append(one)
    return [
        Tries(name, None, sum(t.asked for t in of), sum(t.answered for t in of), faults_of(of))
        for name, of in found.items()
    ]


def faults_of(tries: list[Tries]) -> dict[str, int]:
    """Return how often each fault was seen, the most frequent first."""
    total: dict[str, int] = {}
    for one in tries:
        for fault, n in one.faults.items():
            total[fault] = total.get(fault, 0) + n
    return dict(sorted(total.items(), key=lambda pair: (-pair[1], pair[0])))


def _tries(provider: str, model: str, by_fault: dict[str | None, int]) -> Tries:
    counted = {fault: n for fault, n in by_fault.items() if fault not in THE_CALLERS}
    faults = {fault: n for fault, n in counted.items() if fault is not None}
    return Tries(provider, model, sum(counted.values()), counted.get(None, 0), faults)


def _unnested(dialect: str) -> tuple[Any, Any]:
    if dialect == "sqlite":
        each = sa.func.json_each(AiMetric.attempts).table_valued("value", name="attempt")
        return each, lambda name: sa.func.json_extract(each.c.value, f"$.{name}")
    each = sa.func.jsonb_array_elements(AiMetric.attempts).table_valued("value", name="attempt")
    return each, lambda name: each.c.value.op("->>")(name)
