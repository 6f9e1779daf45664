"""Settings that change while the service runs, for all workers: the live mode above all."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from mandi.store.records.base import Base, Changed, Json


class SystemConfig(Base):
    """A setting by its key; ``updated_by`` is the user who set it, None when the service did."""

    __tablename__ = "system_config"

    key: Mapped[str] = mapped_column(sa.String(100), primary_key=True)
    value: Mapped[Any] = mapped_column(Json)
    updated_by: Mapped[str | None] = mapped_column(sa.ForeignKey("users.id"))
    updated_at: Mapped[Changed]
