"""Folders that are answered beside the requests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from mandi.store.migrations.columns import JSON, TIME, check, index, maybe, needed, primary

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add one table; what is there already stays as it is."""
    table = "batch_jobs"
    op.create_table(
        table,
        needed("id", sa.String(32)),
        needed("organization_id", sa.String(32)),
        needed("user_pseudonym", sa.String(32)),
        needed("model", sa.String(50)),
        needed("folder", sa.String(64)),
        needed("explain", sa.Boolean()),
        maybe("asof", TIME),
        needed("status", sa.String(20)),
        needed("cancel_asked", sa.Boolean()),
        maybe("rows_total", sa.Integer()),
        needed("rows_done", sa.Integer()),
        maybe("report", JSON),
        maybe("error", JSON),
        maybe("worker", sa.String(32)),
        needed("attempts", sa.Integer()),
        needed("created_at", TIME),
        maybe("started_at", TIME),
        maybe("beat_at", TIME),
        maybe("ended_at", TIME),
        check(table, "status", "status IN ('queued', 'running', 'done', 'failed', 'canceled')"),
        check(table, "rows_done", "rows_done >= 0"),
        primary(table, "id"),
    )
    index(table, "organization_id", "created_at")
    index(table, "status", "created_at")
