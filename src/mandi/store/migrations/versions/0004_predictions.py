"""Predictions as they were served, what came of them, and the trial of a challenger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from mandi.store.migrations.columns import JSON, TIME, check, index, maybe, needed, primary, unique

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add three tables; what is there already stays as it is."""
    _predictions()
    _outcomes()
    _rollouts()


def _predictions() -> None:
    table = "predictions"
    op.create_table(
        table,
        needed("id", sa.String(40)),
        needed("request_id", sa.String(64)),
        needed("organization_id", sa.String(32)),
        needed("user_pseudonym", sa.String(32)),
        needed("model", sa.String(50)),
        needed("model_version", sa.String(50)),
        needed("side", sa.String(20)),
        needed("role", sa.String(20)),
        needed("inputs_digest", sa.String(64)),
        needed("subject", sa.String(64)),
        maybe("figure", sa.Double()),
        needed("answer", JSON),
        needed("rows", sa.Integer()),
        needed("latency_ms", sa.Double()),
        needed("cpu_ms", sa.Double()),
        needed("due_at", TIME),
        needed("created_at", TIME),
        maybe("pair_id", sa.String(40)),
        maybe("rollout_id", sa.String(32)),
        maybe("beside_ms", sa.Double()),
        needed("timed", sa.Boolean()),
        needed("judged", sa.Boolean()),
        check(table, "role", "role IN ('served', 'shadow')"),
        check(table, "side", "side IN ('champion', 'challenger')"),
        check(table, "rows", "rows >= 1"),
        primary(table, "id"),
    )
    index(table, "organization_id", "model", "created_at")
    index(table, "rollout_id", "judged")
    index(table, "created_at")
    index(table, "pair_id")


def _outcomes() -> None:
    table = "prediction_outcomes"
    op.create_table(
        table,
        needed("id", sa.String(32)),
        needed("prediction_id", sa.String(40)),
        needed("organization_id", sa.String(32)),
        needed("author_pseudonym", sa.String(32)),
        needed("version", sa.Integer()),
        needed("actual", JSON),
        needed("known_at", TIME),
        needed("told_at", TIME),
        check(table, "version", "version >= 1"),
        primary(table, "id"),
        unique(table, "prediction_id", "version"),
    )
    index(table, "organization_id", "told_at")


def _rollouts() -> None:
    table = "model_rollouts"
    op.create_table(
        table,
        needed("model", sa.String(50)),
        needed("id", sa.String(32)),
        needed("champion_version", sa.String(50)),
        needed("challenger_version", sa.String(50)),
        needed("status", sa.String(20)),
        needed("share", sa.Double()),
        needed("shadow_share", sa.Double()),
        needed("rules", JSON),
        needed("evidence", JSON),
        needed("reason", sa.Text()),
        needed("started_at", TIME),
        needed("changed_at", TIME),
        check(table, "status", "status IN ('shadow', 'staged', 'promoted', 'stopped')"),
        check(table, "share", "share BETWEEN 0 AND 1"),
        check(table, "shadow_share", "shadow_share BETWEEN 0 AND 1"),
        primary(table, "model"),
    )
