"""A thumb up or down for an answer: kept with its call, seen by the router, and a wrong answer leaves the cache."""

from __future__ import annotations

from typing import Literal

import sqlalchemy as sa
from anyio import to_thread
from pydantic import Field
from sqlalchemy.orm import Session

from mandi.core.strict import Strict
from mandi.serving.api.rooms import database_of, gateway_of, spool_of
from mandi.serving.dispatch import not_found
from mandi.serving.operations import Asked, Operation
from mandi.store.records import AiMetric

RATING = {"up": 1, "down": -1}


class Rating(Strict):
    """What one thinks of an answer."""

    thumbs: Literal["up", "down"]


class Rated(Strict):
    """What was kept."""

    generation_id: str
    thumbs: str
    evicted: bool = Field(description="the answer was in the cache and is not given again")


def rating_operations() -> list[Operation]:
    """Return the operation that rates an answer."""
    return [
        Operation(
            "POST", "/api/v1/ai/generations/{generation_id}/feedback", "Rate an answer you were given; the last word counts",
            _rate, "ai", bodies=(Rating,), answers=(Rated,), owned={"generation_id": "generation"}, tag="language",
            examples={"wrong": {"thumbs": "down"}},
        )
    ]  # fmt: skip


async def _rate(asked: Asked) -> Rated:
    generation_id, thumbs, who = asked.path["generation_id"], asked.body.thumbs, asked.who
    mine = (
        AiMetric.generation_id == generation_id,
        AiMetric.organization_id == who.organization_id,
        AiMetric.user_pseudonym == who.pseudonym,
    )

    def keep(session: Session) -> int:
        changed = session.execute(sa.update(AiMetric).where(*mine).values(rating=RATING[thumbs]))
        return int(changed.rowcount)  # type: ignore[attr-defined]

    database, spool = database_of(asked.house), spool_of(asked.house)
    kept = await database.awrite(keep)
    if not kept and spool is not None:  # the call may be so fresh that its record still waits
        await to_thread.run_sync(spool.flush)
        kept = await database.awrite(keep)
    if not kept:
        raise not_found("generation", generation_id)
    evicted = False
    if thumbs == "down":
        evicted = await gateway_of(asked.house).answers.evict(generation_id, who.organization_id)
    return Rated(generation_id=generation_id, thumbs=thumbs, evicted=evicted)
