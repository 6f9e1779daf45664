"""Predictions of one request of many rows, packed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from mandi.store.migrations.columns import TIME, check, index, needed, primary

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add a table; what is there already stays as it is."""
    table = "prediction_batches"
    op.create_table(
        table,
        needed("id", sa.String(32)),
        needed("request_id", sa.String(64)),
        needed("organization_id", sa.String(32)),
        needed("user_pseudonym", sa.String(32)),
        needed("model", sa.String(50)),
        needed("model_version", sa.String(50)),
        needed("side", sa.String(20)),
        needed("rows", sa.Integer()),
        needed("left", sa.Integer()),
        needed("latency_ms", sa.Double()),
        needed("cpu_ms", sa.Double()),
        needed("due_at", TIME),
        needed("created_at", TIME),
        needed("figures", sa.Integer()),
        needed("figure_sum", sa.Double()),
        needed("figure_squares", sa.Double()),
        needed("packed", sa.LargeBinary()),
        check(table, "side", "side IN ('champion', 'challenger')"),
        check(table, "rows", "rows >= 1"),
        check(table, "left", '"left" >= 0'),
        primary(table, "id"),
    )
    index(table, "organization_id", "model", "created_at")
    index(table, "created_at")
