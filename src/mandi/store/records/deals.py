"""Deals as traders write them down, and what was said of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship, synonym

from mandi.store.records.base import Amount, Base, Changed, Cost, Id, Json, Moment, one_of, share
from mandi.store.records.calls import MODES

DEAL_STATUSES = ("draft", "open", "agreed", "closed", "cancelled")


class Deal(Base):
    """A deal: ``quantity`` in ``quantity_unit``, ``price`` in ``currency`` per ``price_unit``.

    Its analysis is the latest one of ``analyses``; the deal does not point back at it.
    """

    __tablename__ = "deals"
    __table_args__ = (
        one_of("status", DEAL_STATUSES),
        sa.CheckConstraint("quantity > 0", name="quantity"),
        sa.CheckConstraint("price > 0", name="price"),
        sa.Index(None, "organization_id", "created_at"),
    )

    id: Mapped[Id]
    organization_id: Mapped[str] = mapped_column(sa.ForeignKey("organizations.id"))
    user_id: Mapped[str] = mapped_column(sa.ForeignKey("users.id"), index=True)
    title: Mapped[str] = mapped_column(sa.String(200))
    commodity: Mapped[str | None] = mapped_column(sa.String(50))
    quantity: Mapped[Decimal | None] = mapped_column(Amount(15, 2))
    quantity_unit: Mapped[str] = mapped_column(sa.String(20), default="quintal")
    price: Mapped[Decimal | None] = mapped_column(Amount(12, 2))
    price_unit: Mapped[str] = mapped_column(sa.String(20), default="quintal")
    currency: Mapped[str] = mapped_column(sa.String(3), default="INR")
    counterparty: Mapped[str | None] = mapped_column(sa.String(100))
    status: Mapped[str] = mapped_column(sa.String(20), default="draft")
    created_at: Mapped[Moment]
    updated_at: Mapped[Changed]

    analyses: Mapped[list[AiAnalysis]] = relationship(
        order_by="AiAnalysis.created_at", cascade="all, delete-orphan", passive_deletes=True
    )


class AiAnalysis(Base):
    """What was said of a deal, by whom (``effective_mode``, also called ``ai_mode``), on which evidence, at which cost in USD."""

    __tablename__ = "ai_analyses"
    __table_args__ = (
        one_of("requested_mode", MODES),
        one_of("effective_mode", MODES),
        share("confidence"),
        sa.Index(None, "deal_id", "created_at"),
    )

    id: Mapped[Id]
    deal_id: Mapped[str] = mapped_column(sa.ForeignKey("deals.id", ondelete="CASCADE"))
    organization_id: Mapped[str] = mapped_column(sa.ForeignKey("organizations.id"), index=True)
    generation_id: Mapped[str | None] = mapped_column(sa.String(64), index=True)
    requested_mode: Mapped[str] = mapped_column(sa.String(20))
    effective_mode: Mapped[str] = mapped_column(sa.String(20))
    ai_mode = synonym("effective_mode")
    provider: Mapped[str | None] = mapped_column(sa.String(50))
    model_used: Mapped[str | None] = mapped_column(sa.String(100))
    fallback: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str | None] = mapped_column(sa.Text)
    analysis_data: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    evidence: Mapped[list[Any]] = mapped_column(Json, default=list)
    confidence: Mapped[float | None] = mapped_column(sa.Double)
    processing_time_ms: Mapped[int | None]
    api_cost: Mapped[Cost]
    created_at: Mapped[Moment]
