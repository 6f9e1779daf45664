"""Shared state as a table, for services without Redis."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from mandi.store.records.base import Base


class StateDocument(Base):
    """A document by its key; ``expires_at`` is in seconds since 1970, ``version`` counts its changes."""

    __tablename__ = "shared_state"

    key: Mapped[str] = mapped_column(sa.String(200), primary_key=True)
    document: Mapped[bytes] = mapped_column(sa.LargeBinary)
    expires_at: Mapped[float | None] = mapped_column(sa.Double, index=True)
    version: Mapped[int] = mapped_column(sa.BigInteger, default=1)
