"""What the calls of language models add up to, of the caller's organisation; of any for whoever operates the service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from mandi.serving.analytics.performance import AiPerformance, ai_performance
from mandi.serving.analytics.period import Period
from mandi.serving.analytics.usage import AiUsage, ai_usage
from mandi.serving.api.rooms import database_of
from mandi.serving.dispatch import not_found
from mandi.serving.operations import Asked, Operation

PERFORMANCE = "/analytics/ai-performance"
USAGE = "/api/v1/ai/analytics/usage"
ALL = "all"


class Days(BaseModel):
    """How far back, and of whom."""

    model_config = ConfigDict(extra="forbid")

    days: int = Field(7, ge=1, le=90, description="Days of 24 hours, up to now.")
    organization: str | None = Field(
        None, pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description='Your own if not given; another one, or "all", for whoever operates the service.',
    )  # fmt: skip


def analytics_operations() -> list[Operation]:
    """Return the operations of analytics."""
    return [
        Operation(
            "GET", PERFORMANCE, "How the language models did: answers, modes, times, money, faults", _performance,
            "usage", query=Days, answers=(AiPerformance,), problems=(404,), tag="analytics",
        ),
        Operation(
            "GET", USAGE, "How much the language models were used, by assistant and language", _usage,
            "usage", query=Days, answers=(AiUsage,), problems=(404,), tag="analytics",
        ),
    ]  # fmt: skip


async def _performance(asked: Asked) -> Any:
    return await _added_up(asked, lambda session, period: ai_performance(session, period, asked.query.days))


async def _usage(asked: Asked) -> Any:
    return await _added_up(asked, ai_usage)


async def _added_up(asked: Asked, add_up: Callable[[Session, Period], Any]) -> Any:
    of = whose_figures(asked, asked.query.organization)

    def look(session: Session) -> Any:
        organization_id = of(session)
        return add_up(session, Period.last(asked.query.days, asked.house.now(), organization_id))

    return await database_of(asked.house).aread(look)


def whose_figures(asked: Asked, named: str | None) -> Callable[[Session], str | None]:
    """Return what says, in a transaction, of which organisation the figures are wanted; None for all.

    Parameters
    ----------
    asked : Asked
    named : str, optional
        As the query names it.

    Raises
    ------
    Refused
        404; it is not there, or not the caller's to see. Of an organisation that is not there only once it is looked up.
    """
    organization_id = _whose(asked, named)

    def of(session: Session) -> str | None:
        if organization_id not in (None, asked.who.organization_id) and not _is_there(session, named):
            raise not_found("organization", named or "")
        return organization_id

    return of


def _whose(asked: Asked, named: str | None) -> str | None:
    own = asked.who.organization_id
    if named in (None, own):
        return own
    if "operate" not in asked.who.scopes:
        raise not_found("organization", named or "")
    return None if named == ALL else named


def _is_there(session: Session, organization_id: str | None) -> bool:
    from mandi.store.records import Organization

    return session.get(Organization, organization_id) is not None
