"""One row per call through the gateway: who answered, how, how long it took and what it cost."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from mandi.store.records.base import LANGUAGE, Base, Cost, Id, Json, Moment, one_of, share

MODES = ("mock", "real", "hybrid")
ROUTES = ("student", "teacher", "human", "mock")
STATUSES = ("success", "error", "timeout", "cancelled", "refused", "partial")
CACHES = ("off", "miss", "exact", "semantic")


class AiMetric(Base):
    """A call and its outcome. ``user_pseudonym`` stands for the user, so that the row may outlive the account.

    Nothing that was asked or answered is kept here: ``prompt_features`` are numbers about the prompt, ``attempts`` are
    providers, faults and times. Once the user rated the answer, ``stars`` are 1 to 5, and ``rating`` is 1 for four or five of
    them and -1 for one or two. Times are in milliseconds.
    """

    __tablename__ = "ai_metrics"
    __table_args__ = (
        one_of("requested_mode", MODES),
        one_of("effective_mode", MODES),
        one_of("route", (*ROUTES, "none")),
        one_of("status", STATUSES),
        one_of("cache", CACHES),
        share("confidence"),
        sa.CheckConstraint("rating IN (-1, 1)", name="rating"),
        sa.CheckConstraint("stars BETWEEN 1 AND 5", name="stars"),
        sa.CheckConstraint("cost_usd >= 0", name="cost_usd"),
        sa.Index(None, "organization_id", "created_at"),
        sa.Index(None, "provider", "created_at"),
        sa.Index(None, "organization_id", "generation_id"),
        sa.Index(None, "user_pseudonym"),
    )

    id: Mapped[Id]
    request_id: Mapped[str] = mapped_column(sa.String(64), index=True)
    generation_id: Mapped[str] = mapped_column(sa.String(64), unique=True)
    organization_id: Mapped[str] = mapped_column(sa.String(32))
    user_pseudonym: Mapped[str] = mapped_column(sa.String(32))
    conversation_id: Mapped[str | None] = mapped_column(sa.String(32))
    endpoint: Mapped[str] = mapped_column(sa.String(100))
    task_type: Mapped[str] = mapped_column(sa.String(50))
    assistant: Mapped[str | None] = mapped_column(sa.String(50))
    language: Mapped[str | None] = mapped_column(sa.String(LANGUAGE))
    requested_mode: Mapped[str] = mapped_column(sa.String(20))
    effective_mode: Mapped[str] = mapped_column(sa.String(20))
    provider: Mapped[str] = mapped_column(sa.String(50))
    model: Mapped[str] = mapped_column(sa.String(100))
    route: Mapped[str] = mapped_column(sa.String(20))
    route_reason: Mapped[str] = mapped_column(sa.Text, default="")
    fallback: Mapped[bool] = mapped_column(default=False)
    fallback_reason: Mapped[str | None] = mapped_column(sa.Text)
    degraded: Mapped[bool] = mapped_column(default=False)
    cache: Mapped[str] = mapped_column(sa.String(20), default="off")
    confidence: Mapped[float | None] = mapped_column(sa.Double)
    prompt_tokens: Mapped[int] = mapped_column(default=0)
    completion_tokens: Mapped[int] = mapped_column(default=0)
    total_tokens: Mapped[int] = mapped_column(default=0)
    cost_usd: Mapped[Cost]
    latency_ms: Mapped[int] = mapped_column(default=0)
    first_token_ms: Mapped[int | None]
    status: Mapped[str] = mapped_column(sa.String(20))
    error_message: Mapped[str | None] = mapped_column(sa.Text)
    attempts: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    prompt_features: Mapped[dict[str, Any] | None] = mapped_column(Json)
    rating: Mapped[int | None] = mapped_column(sa.SmallInteger)
    stars: Mapped[int | None] = mapped_column(sa.SmallInteger)
    created_at: Mapped[Moment]


# a view of the migrations, so it has no place among the tables that metadata makes
usage_logs = sa.Table(
    "api_usage_logs",
    sa.MetaData(),
    sa.Column("id", sa.String(32)),
    sa.Column("endpoint", sa.String(100)),
    sa.Column("ai_mode", sa.String(20)),
    sa.Column("success", sa.Boolean),
    sa.Column("response_time_ms", sa.Integer),
    sa.Column("error_message", sa.Text),
    sa.Column("user_id", sa.String(32)),
    sa.Column("timestamp", AiMetric.__table__.c.created_at.type),
)
