"""The live mode and what stands behind it: read by its operators, switched without dropping a stream."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from pydantic import Field
from sqlalchemy.orm import Session

from mandi.core.strict import Strict
from mandi.llm.calls import MODES, Mode
from mandi.llm.modes import admitted, as_mode
from mandi.llm.refusals import NoProvider
from mandi.serving.accounts.audit import audit
from mandi.serving.api.answering import providers_of
from mandi.serving.api.rooms import database_of, gateway_of, mode_of, settings_of
from mandi.serving.live_modes import put_mode
from mandi.serving.operations import Asked, Operation
from mandi.serving.problems import BAD_REQUEST, CONFLICT, Problem, Refused
from mandi.store.records import AiMetric

DAY = timedelta(days=1)


class DayOfCalls(Strict):
    """Calls of the last 24 h, of everybody."""

    calls: int
    successes: int
    fallbacks: int
    tokens: int
    cost_usd: float
    average_latency_ms: float | None


class ProviderStanding(Strict):
    """Somebody who is configured, and whether they are asked now."""

    name: str
    kind: str
    models: list[str]
    breaker: str = Field(description="closed: asked; open: not asked; half_open: tried again")
    failures: int
    retry_after_s: float | None


class RouterSettings(Strict):
    """Who is asked, from which confidence on."""

    policy: str
    high: float
    low: float


class AiConfig(Strict):
    """The mode, who is configured, and how the last day went."""

    current_mode: Mode
    available_modes: list[Mode]
    api_keys_configured: dict[str, bool] = Field(
        description="whether a key, or for local a server, is set; never the key"
    )
    fallback_count: int = Field(
        description="answers of the last 24 h that somebody else than the first choice gave"
    )
    cache_stats: dict[str, dict[str, int | float]] = Field(
        description="of this worker: what the cache was asked, by kind of question"
    )
    last_24h_usage: DayOfCalls
    providers: list[ProviderStanding]
    router: RouterSettings


class SwitchMode(Strict):
    """The mode to switch to."""

    new_mode: str = Field(
        max_length=20, description="mock, real or hybrid", json_schema_extra={"enum": list(MODES)}
    )


class Switched(Strict):
    """What the switch did."""

    message: str
    effective_immediately: bool = Field(description="here at once, and within a second for every worker")
    fallback_available: bool = Field(description="whether somebody stands in when a provider fails")
    previous_mode: str


def mode_operations() -> list[Operation]:
    """Return the operations of the mode."""
    return [
        Operation("GET", "/admin/ai-config", "The live mode, who is configured, and the last day", _config, "operate",
                  answers=(AiConfig,), tag="operation"),
        Operation("POST", "/admin/switch-ai-mode", "Switch the live mode; calls that have begun end in theirs", _switch, "operate",
                  bodies=(SwitchMode,), answers=(Switched,), problems=(CONFLICT,), tag="operation",
                  examples={"offline": {"new_mode": "mock"}}),
    ]  # fmt: skip


async def _config(asked: Asked) -> AiConfig:
    gateway, settings = gateway_of(asked.house), settings_of(asked.house)
    everybody = providers_of(asked.house)
    since = asked.house.now() - DAY
    usage = await database_of(asked.house).aread(lambda session: _usage(session, since))
    views = {view.provider: view for view in await gateway.breakers.views(list(everybody))}
    return AiConfig(
        current_mode=await mode_of(asked.house).current(),
        available_modes=list(MODES),
        api_keys_configured=settings.providers_configured,
        fallback_count=usage.fallbacks,
        cache_stats=gateway.answers.stats(),
        last_24h_usage=usage,
        providers=[
            ProviderStanding(
                name=name,
                kind=provider.kind,
                models=list(provider.models()),
                breaker=views[name].position,
                failures=views[name].failures,
                retry_after_s=views[name].retry_after,
            )
            for name, provider in everybody.items()
        ],
        router=RouterSettings(
            policy=settings.ai_router, high=settings.threshold_high, low=settings.threshold_low
        ),
    )


async def _switch(asked: Asked) -> Switched:
    wanted: str = asked.body.new_mode
    if wanted not in MODES:
        raise Refused(Problem(BAD_REQUEST, f'Invalid AI mode "{wanted}"', "new_mode", ", ".join(MODES)))
    mode, live = as_mode(wanted), mode_of(asked.house)
    try:
        admitted(mode, tuple(providers_of(asked.house).values()))
    except NoProvider as nobody:
        raise Refused(
            Problem(CONFLICT, nobody.message, "new_mode", nobody.allowed, nobody.next_command)
        ) from None
    previous = await live.current()
    who = asked.who

    def switch(session: Session) -> None:
        put_mode(session, mode, who.user_id)
        audit(session, who, "ai_mode.switch", mode, {"from": previous, "to": mode}, asked.request_id)

    await database_of(asked.house).awrite(switch)
    live.seen(mode)
    return Switched(
        message=f"AI mode switched to {mode}",
        effective_immediately=True,
        fallback_available=mode == "hybrid",
        previous_mode=previous,
    )


def _usage(session: Session, since: datetime) -> DayOfCalls:
    row = session.execute(
        sa.select(
            sa.func.count(),
            sa.func.sum(sa.case((AiMetric.status == "success", 1), else_=0)),
            sa.func.sum(sa.case((AiMetric.fallback, 1), else_=0)),
            sa.func.sum(AiMetric.total_tokens),
            sa.func.sum(AiMetric.cost_usd),
            sa.func.avg(AiMetric.latency_ms),
        ).where(AiMetric.created_at >= since)
    ).one()
    calls, good, fallbacks, tokens, cost, latency = row
    return DayOfCalls(
        calls=calls,
        successes=int(good or 0),
        fallbacks=int(fallbacks or 0),
        tokens=int(tokens or 0),
        cost_usd=float(cost or 0),
        average_latency_ms=None if latency is None else round(float(latency), 1),
    )
