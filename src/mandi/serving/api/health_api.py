"""How the service is, dependency by dependency: for people and monitors with a key."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from mandi.serving.observing.dependencies import health_of
from mandi.serving.observing.process import usage
from mandi.serving.operations import Asked, Operation

HEALTH = "/api/v1/health"
Standing = Literal["ok", "degraded", "down"]


class Dependency(BaseModel):
    """One thing the service needs."""

    model_config = ConfigDict(extra="forbid")

    status: Standing
    detail: str | None = Field(None, description="Why it is not ok.")
    milliseconds: float | None = Field(None, description="The check took; null when it did not end.")
    facts: dict[str, Any] = Field(description="More of it: breakers, last successes, models served.")


class Worker(BaseModel):
    """What the worker that answered takes."""

    model_config = ConfigDict(extra="forbid")

    pid: int
    resident_mib: float | None = Field(description="Memory in use; pages shared with other workers in full.")
    proportional_mib: float | None = Field(
        description="Memory in use; shared pages divided, so that workers add up."
    )
    cpu_seconds: float
    threads: int | None
    open_files: int | None
    uptime_seconds: float


class HealthAnswer(BaseModel):
    """How the service is."""

    model_config = ConfigDict(extra="forbid")

    status: Standing = Field(description="down: the database or the shared state does not answer.")
    at: datetime
    dependencies: dict[str, Dependency]
    worker: Worker


def health_operations() -> list[Operation]:
    """Return the operations of health."""
    return [
        Operation(
            "GET", HEALTH, "How the service and everything it needs is", _health, "usage",
            answers=(HealthAnswer,), tag="service",
        )
    ]  # fmt: skip


async def _health(asked: Asked) -> Any:
    health = health_of(asked.house)
    parts = await health.parts()
    standing = health.standing(parts)
    answer = HealthAnswer(
        status=standing,
        at=asked.house.now(),
        dependencies={
            name: Dependency(
                status=p.status, detail=p.detail, milliseconds=p.milliseconds, facts=dict(p.facts)
            )
            for name, p in parts.items()
        },
        worker=Worker(**dataclasses.asdict(usage())),
    )
    if standing == "down":
        return Response(answer.model_dump_json(), status_code=503, media_type="application/json")
    return answer
