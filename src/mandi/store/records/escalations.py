"""Questions that wait for a person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from mandi.store.records.base import Base, Id, Json, Moment, UtcTime, one_of, share

ESCALATION_STATUSES = ("waiting", "claimed", "answered", "expired")


class Escalation(Base):
    """A question the student was not sure of, and the answer of the person who took it; a claim ends at ``claim_expires_at``."""

    __tablename__ = "escalations"
    __table_args__ = (
        one_of("status", ESCALATION_STATUSES),
        share("student_confidence"),
        sa.Index(None, "organization_id", "status", "created_at"),
    )

    id: Mapped[Id]
    organization_id: Mapped[str] = mapped_column(sa.ForeignKey("organizations.id"))
    user_id: Mapped[str] = mapped_column(sa.ForeignKey("users.id"), index=True)
    user_pseudonym: Mapped[str] = mapped_column(sa.String(32))
    generation_id: Mapped[str | None] = mapped_column(sa.String(64), unique=True)
    question: Mapped[str] = mapped_column(sa.Text)
    context: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    student_answer: Mapped[str | None] = mapped_column(sa.Text)
    student_confidence: Mapped[float | None] = mapped_column(sa.Double)
    status: Mapped[str] = mapped_column(sa.String(20), default="waiting")
    claimed_by: Mapped[str | None] = mapped_column(sa.ForeignKey("users.id"))
    claimed_at: Mapped[datetime | None] = mapped_column(UtcTime)
    claim_expires_at: Mapped[datetime | None] = mapped_column(UtcTime)
    answer: Mapped[str | None] = mapped_column(sa.Text)
    answered_at: Mapped[datetime | None] = mapped_column(UtcTime)
    expires_at: Mapped[datetime] = mapped_column(UtcTime)
    created_at: Mapped[Moment]
