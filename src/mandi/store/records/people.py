"""Who may ask: organisations, their users, the keys of programs and the tokens of sessions."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from mandi.store.records.base import Amount, Base, Changed, Id, Json, Moment, UtcTime, new_id, one_of

CONSENTS = ("granted", "refused")
TIERS = ("free", "pro", "enterprise")
ROLES = ("trader", "analyst", "reviewer", "admin")


class Organization(Base):
    """A tenant: what is counted, kept or refused is so for an organisation.

    ``daily_budget_usd`` replaces the one of the tier; ``timezone`` says when its day begins. ``learning_consent`` says whether
    the words of its people may be kept to learn from; None is what the service does by default.
    """

    __tablename__ = "organizations"
    __table_args__ = (
        one_of("tier", TIERS),
        one_of("learning_consent", CONSENTS),
        sa.CheckConstraint("daily_budget_usd >= 0", name="daily_budget_usd"),
    )

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(sa.String(100), unique=True)
    tier: Mapped[str] = mapped_column(sa.String(20), default="free")
    timezone: Mapped[str] = mapped_column(sa.String(64), default="Asia/Kolkata")
    daily_budget_usd: Mapped[Decimal | None] = mapped_column(Amount(12, 6))
    active: Mapped[bool] = mapped_column(default=True)
    learning_consent: Mapped[str | None] = mapped_column(sa.String(20))
    created_at: Mapped[Moment]
    updated_at: Mapped[Changed]


class User(Base):
    """A person of one organisation. ``pseudonym`` stands for the person in metrics; erasing breaks that link."""

    __tablename__ = "users"
    __table_args__ = (one_of("role", ROLES),)

    id: Mapped[Id]
    organization_id: Mapped[str] = mapped_column(sa.ForeignKey("organizations.id"), index=True)
    username: Mapped[str] = mapped_column(sa.String(50), unique=True)
    email: Mapped[str | None] = mapped_column(sa.String(100), unique=True)
    hashed_password: Mapped[str] = mapped_column(sa.String(255))
    role: Mapped[str] = mapped_column(sa.String(20), default="trader")
    pseudonym: Mapped[str] = mapped_column(sa.String(32), unique=True, default=new_id)
    is_active: Mapped[bool] = mapped_column(default=True)
    last_login: Mapped[datetime | None] = mapped_column(UtcTime)
    created_at: Mapped[Moment]
    updated_at: Mapped[Changed]
    deleted_at: Mapped[datetime | None] = mapped_column(UtcTime)


class ApiKey(Base):
    """A program's key. Only the SHA-256 of its 256 random bits is kept, and the first 8 characters to tell keys apart."""

    __tablename__ = "api_keys"

    id: Mapped[Id]
    organization_id: Mapped[str] = mapped_column(sa.ForeignKey("organizations.id"), index=True)
    user_id: Mapped[str] = mapped_column(sa.ForeignKey("users.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(100))
    prefix: Mapped[str] = mapped_column(sa.String(8))
    hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    scopes: Mapped[list[str]] = mapped_column(Json, default=list)
    created_at: Mapped[Moment]
    last_used_at: Mapped[datetime | None] = mapped_column(UtcTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcTime)
    replaced_by: Mapped[str | None] = mapped_column(sa.ForeignKey("api_keys.id"))

    def __repr__(self) -> str:
        return f"ApiKey({self.prefix}...)"


class RefreshToken(Base):
    """A session's next token, by its SHA-256; using one twice ends its whole family."""

    __tablename__ = "refresh_tokens"

    hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(sa.ForeignKey("users.id"), index=True)
    family: Mapped[str] = mapped_column(sa.String(32), index=True)
    created_at: Mapped[Moment]
    expires_at: Mapped[datetime] = mapped_column(UtcTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcTime)

    def __repr__(self) -> str:
        return f"RefreshToken(family={self.family})"


def credentials(record: Any) -> bool:
    """Return whether a record lets somebody in, so that it is never shown or spooled.

    Examples
    --------
    >>> credentials(RefreshToken()), credentials(Organization())
    (True, False)
    """
    return isinstance(record, (User, ApiKey, RefreshToken))
