"""Recorded calls as replay and tracks read them: whom the router chose, how probably, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mandi.core.errors import ContractError
from mandi.llm.provider import THE_PROVIDERS_OWN
from mandi.llm.routing.track import BEST_RATING, WORST_RATING

if TYPE_CHECKING:
    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from mandi.store.database import Database

MOST = 50_000
PAGE = 200
ENDED = (
    "success",
    "error",
    "timeout",
    "partial",
)  # the caller left, or was refused: that says nothing of who was asked
ASKED = ("off", "miss")
_COLUMNS = (
    "request_id", "conversation_id", "provider", "model", "route", "task_type", "status", "cost_usd", "latency_ms", "rating", "stars",
    "attempts", "prompt_features", "created_at",
)  # fmt: skip
_TRIED = ("provider", "model", "rating", "stars", "attempts", "created_at")


def recorded_rows(
    database: Database, since: datetime | None = None, most: int = MOST
) -> list[dict[str, Any]]:
    """Return the calls a router decided, as rows of ``log_of``, oldest first.

    Quality is 1 when the first choice answered and nobody disliked the answer, else 0. Calls whose caller named the provider,
    that the cache answered or a person was to answer, and calls without the decision beside them are left out. What a
    provider that was not chosen would have answered is unknown, so the replay needs routers that explore: where every
    choice was certain, ``support`` says how few rows speak for another policy.

    Parameters
    ----------
    database : Database
    since : datetime, optional
        Aware; from the first call if not given.
    most : int
        The last so many.

    Raises
    ------
    ContractError
        No recorded call can be replayed.
    StoreUnavailable
    """
    found = [
        row for call in database.read(lambda session: calls(session, since, most)) if (row := _row(call))
    ]
    if not found:
        raise ContractError(
            "no recorded call says whom a router chose and with which probability",
            next_command="mandi serve, and ask a few questions first",
        )
    return found[::-1]


def calls(session: Session, since: datetime | None = None, most: int = MOST) -> list[dict[str, Any]]:
    """Return the records of calls that somebody was asked for, latest first."""
    return [dict(row) for row in session.execute(_asked(_COLUMNS, since, most)).mappings()]


def tries(session: Session, since: datetime, most: int = MOST) -> Iterator[dict[str, Any]]:
    """Yield what the calls say about each provider that was asked, as rows of ``tracks``, latest first.

    A page of calls is in memory at a time: whoever serves reads them again and again.

    Parameters
    ----------
    session : Session
    since : datetime
        Aware.
    most : int
        The last so many calls.
    """
    found = session.execute(_asked(_TRIED, since, most), execution_options={"yield_per": PAGE})
    for call in found.mappings():
        yield from tried(dict(call))


def tried(call: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what one recorded call says about each provider that was asked, as rows of ``tracks``.

    A provider that failed before another one answered counts as failed; the rating is that of the one who answered. Faults
    of the question, and providers that were not asked after all, count for nobody.

    Examples
    --------
    >>> call = {
    ...     "created_at": None, "rating": 1, "provider": "openai", "model": "mini", "attempts": [
    ...         {"provider": "gemini", "model": "flash", "latency_ms": 90.0, "fault": "timeout"},
    ...         {"provider": "openai", "model": "mini", "latency_ms": 500.0, "fault": None},
    ... ]}
    >>> [(row["provider"], row["success"], row["rating"]) for row in tried(call)]
    [('gemini', False, None), ('openai', True, 5.0)]
    """
    for attempt in call["attempts"] or ():
        success = attempt.get("fault") is None
        if not success and attempt["fault"] not in THE_PROVIDERS_OWN:
            continue
        rated = success and attempt["provider"] == call["provider"]
        yield {
            "provider": attempt["provider"], "model": attempt["model"], "success": success, "at": call["created_at"],
            "latency_ms": attempt.get("latency_ms"),
            "rating": _stars(call) if rated else None,
        }  # fmt: skip


def _stars(call: Mapping[str, Any]) -> float | None:
    if call.get("stars") is not None:
        return float(call["stars"])
    thumb = call.get("rating")
    return None if thumb is None else BEST_RATING if thumb > 0 else WORST_RATING


def _asked(columns: Sequence[str], since: datetime | None, most: int) -> Select[Any]:
    import sqlalchemy as sa

    from mandi.store.records import AiMetric

    asked = (
        sa.select(*(getattr(AiMetric, name) for name in columns))
        .where(AiMetric.status.in_(ENDED), AiMetric.cache.in_(ASKED))
        .order_by(AiMetric.created_at.desc())
        .limit(most)
    )
    return asked if since is None else asked.where(AiMetric.created_at >= since)


def _row(call: Mapping[str, Any]) -> dict[str, Any] | None:
    features = dict(call["prompt_features"] or {})
    decision = features.pop("decision", None) or {}
    order = decision.get("order") or []
    if not order or decision.get("policy") in (None, "named", "mode") or not decision.get("propensity"):
        return None
    chosen = str(order[0][0])
    good = call["status"] == "success" and call["provider"] == chosen and call["rating"] != -1
    return {
        "features": features,
        "conversation_id": call["conversation_id"] or call["request_id"],
        "provider": chosen,
        "propensity": float(decision["propensity"]),
        "quality": float(good),
        "cost_usd": float(call["cost_usd"] or 0),
        "latency_ms": float(call["latency_ms"]),
        "student_confidence": decision.get("score") if decision.get("policy") == "confidence" else None,
    }
