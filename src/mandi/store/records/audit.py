"""What was done and by whom: rows are added, and the database refuses to change or delete one."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from mandi.store.records.base import Base, Id, Json, Moment


class AuditEvent(Base):
    """One act.

    ``actor`` is a user's id or pseudonym, ``target`` what it was done to (``user:ID``, ``config:ai_mode``). ``details``
    hold identities and settings, never a name, an address or anything a user wrote: rows outlive the user.
    """

    __tablename__ = "audit_events"
    __table_args__ = (sa.Index(None, "organization_id", "at"),)

    id: Mapped[Id]
    at: Mapped[Moment] = mapped_column(index=True)
    organization_id: Mapped[str | None] = mapped_column(sa.ForeignKey("organizations.id"))
    actor: Mapped[str] = mapped_column(sa.String(64))
    action: Mapped[str] = mapped_column(sa.String(64))
    target: Mapped[str] = mapped_column(sa.String(200))
    details: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    request_id: Mapped[str | None] = mapped_column(sa.String(64))
