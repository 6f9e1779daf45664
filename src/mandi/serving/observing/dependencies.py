"""The checks of a house: its database, shared state, providers, champions and spool, as far as they are furnished."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mandi.serving.observing.health import Check, Health, Part

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from mandi.serving.house import House

LAST_SEEN_DAYS = 7
MOST_WAITING = 1000
DATABASE, STATE, BREAKERS, PROVIDERS, SPOOL = "database", "state", "breakers", "providers", "spool"
STUDENT = "student"
"""Rooms of the house: the Database, a SharedState or its AsyncState, the Breakers, names of providers or the providers by
name, the Spool, and what is told of the student."""


def health_of(house: House) -> Health:
    """Return the checks of what a house has; a room that is not furnished is not checked.

    Parameters
    ----------
    house : House
    """
    rooms = house.rooms
    checks: dict[str, Check] = {"desk": lambda: _desk(house)}
    if DATABASE in rooms:
        checks["database"] = rooms[DATABASE].check
    if STATE in rooms:
        state = rooms[STATE]
        checks["state"] = getattr(state, "state", state).check
    if PROVIDERS in rooms:
        checks["providers"] = lambda: _providers(house)
    if SPOOL in rooms:
        checks["spool"] = lambda: _spool(rooms[SPOOL])
    if STUDENT in rooms:
        checks["student"] = lambda: _student(rooms[STUDENT])
    return Health(checks)


def _desk(house: House) -> Part:
    if house.desk is None:
        return Part("down", house.why.message)
    refused = {name: why.message for name, why in house.desk.refused.items()}
    facts: dict[str, Any] = {"served": sorted(house.desk.champions), "not_served": refused}
    if refused:
        return Part("degraded", f"not served: {', '.join(refused)}", facts=facts)
    return Part("ok", facts=facts)


async def _providers(house: House) -> Part:
    names = list(house.rooms[PROVIDERS])
    seen = await last_successes(house) if DATABASE in house.rooms else {}
    facts: dict[str, Any] = {n: {"breaker": None, "last_success": seen.get(n)} for n in names}
    if BREAKERS in house.rooms:
        for view in await house.rooms[BREAKERS].views(names):
            facts[view.provider].update(
                breaker=view.position, failures=view.failures, retry_after=view.retry_after,
                last_fault=view.last_fault,
            )  # fmt: skip
    resting = [n for n, one in facts.items() if one["breaker"] == "open"]
    if resting:
        return Part("degraded", f"left alone after failures: {', '.join(resting)}", facts=facts)
    return Part("ok", facts=facts)


async def last_successes(house: House) -> Mapping[str, datetime]:
    """Return when each provider last answered, of all workers and organisations, in the last days.

    Parameters
    ----------
    house : House
        With a database.
    """
    from datetime import timedelta

    import sqlalchemy as sa

    from mandi.store.records.calls import AiMetric

    since = house.now() - timedelta(days=LAST_SEEN_DAYS)
    query = (
        sa.select(AiMetric.provider, sa.func.max(AiMetric.created_at))
        .where(
            AiMetric.created_at >= since, AiMetric.status == "success", AiMetric.cache.in_(("off", "miss"))
        )
        .group_by(AiMetric.provider)
    )

    def look(session: Session) -> Sequence[Any]:
        return session.execute(query).all()

    return dict([tuple(row) for row in await house.rooms[DATABASE].aread(look)])


def _spool(spool: Any) -> Part:
    waiting = spool.waiting
    facts = {"waiting": waiting}
    if waiting > MOST_WAITING:
        return Part("degraded", f"{waiting} records wait for the database", facts=facts)
    return Part("ok", facts=facts)


def _student(told: Mapping[str, Any]) -> Part:
    facts = {name: value for name, value in told.items() if name != "fault"}
    if "fault" in told:
        return Part("degraded", str(told["fault"]), facts=facts)
    return Part("ok", facts=facts)
