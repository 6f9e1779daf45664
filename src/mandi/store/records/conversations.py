"""Conversations and their messages; deleting one deletes what was said in it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mandi.store.records.base import LANGUAGE, Base, Changed, Cost, Id, Json, Moment, UtcTime, one_of, share
from mandi.store.records.calls import ROUTES

ASSISTANTS = ("trade", "contract", "quality", "general")
MESSAGE_ROLES = ("user", "assistant", "system")
MESSAGE_STATUSES = ("complete", "partial", "failed")


class Conversation(Base):
    """A conversation of one user. ``session_id`` is the caller's own name for it; totals are kept by the writer of messages."""

    __tablename__ = "ai_conversations"
    __table_args__ = (
        one_of("assistant_type", ASSISTANTS),
        sa.Index(None, "organization_id", "created_at"),
        sa.Index(None, "user_id", "updated_at"),
    )

    id: Mapped[Id]
    organization_id: Mapped[str] = mapped_column(sa.ForeignKey("organizations.id"))
    user_id: Mapped[str] = mapped_column(sa.ForeignKey("users.id"))
    title: Mapped[str | None] = mapped_column(sa.String(200))
    assistant_type: Mapped[str] = mapped_column(sa.String(50), default="general")
    channel: Mapped[str] = mapped_column(sa.String(50), default="api")
    language: Mapped[str] = mapped_column(sa.String(LANGUAGE), default="en")
    session_id: Mapped[str | None] = mapped_column(sa.String(100), unique=True)
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[Moment]
    updated_at: Mapped[Changed]
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)
    total_messages: Mapped[int] = mapped_column(default=0)
    total_cost_usd: Mapped[Cost]

    messages: Mapped[list[Message]] = relationship(
        order_by="Message.position", cascade="all, delete-orphan", passive_deletes=True
    )


class Message(Base):
    """A turn, with how it was routed.

    ``route_decision`` is ``none`` for a turn of the user. ``request_id`` names the request that wrote the turn, once per
    conversation and role, so that a repeated request finds its own turns. ``status`` is ``partial`` when the answer ended early.
    """

    __tablename__ = "ai_conversation_messages"
    __table_args__ = (
        one_of("role", MESSAGE_ROLES),
        one_of("status", MESSAGE_STATUSES),
        one_of("route_decision", (*ROUTES, "none")),
        share("confidence_score"),
        sa.UniqueConstraint("conversation_id", "position"),
        sa.UniqueConstraint("conversation_id", "request_id", "role"),
        sa.Index(None, "confidence_score"),
        sa.Index(None, "route_decision"),
        sa.Index(None, "reward_score"),
    )

    id: Mapped[Id]
    conversation_id: Mapped[str] = mapped_column(sa.ForeignKey("ai_conversations.id", ondelete="CASCADE"))
    position: Mapped[int]
    request_id: Mapped[str | None] = mapped_column(sa.String(64))
    generation_id: Mapped[str | None] = mapped_column(sa.String(64), index=True)
    role: Mapped[str] = mapped_column(sa.String(20))
    status: Mapped[str] = mapped_column(sa.String(20), default="complete")
    content: Mapped[str] = mapped_column(sa.Text)
    content_translated: Mapped[str | None] = mapped_column(sa.Text)
    language: Mapped[str] = mapped_column(sa.String(LANGUAGE), default="en")
    tokens_used: Mapped[int] = mapped_column(default=0)
    cost_usd: Mapped[Cost]
    latency_ms: Mapped[int] = mapped_column(default=0)
    sources: Mapped[list[Any]] = mapped_column(Json, default=list)
    route_decision: Mapped[str] = mapped_column(sa.String(50), default="none")
    confidence_score: Mapped[float | None] = mapped_column(sa.Double)
    student_response: Mapped[str | None] = mapped_column(sa.Text)
    teacher_response: Mapped[str | None] = mapped_column(sa.Text)
    intent: Mapped[str | None] = mapped_column(sa.String(50))
    sentiment: Mapped[str | None] = mapped_column(sa.String(50))
    labeled_intent: Mapped[str | None] = mapped_column(sa.String(50))
    labeled_sentiment: Mapped[str | None] = mapped_column(sa.String(50))
    reward_score: Mapped[float | None] = mapped_column(sa.Double)
    created_at: Mapped[Moment]
