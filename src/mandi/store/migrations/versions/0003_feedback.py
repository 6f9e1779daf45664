"""Answers with their questions, opinions of them, a student beside its teacher, versions of datasets; consent, and stars of a call."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from mandi.store.migrations.append_only import never_changed
from mandi.store.migrations.columns import (
    JSON,
    TIME,
    amount,
    check,
    index,
    maybe,
    needed,
    primary,
    refers,
    unique,
)

revision = "0003"
down_revision = "0002"
MODES = "IN ('mock', 'real', 'hybrid')"
RIGHTS = {
    "consent": "IN ('granted', 'refused')",
    "licence": "IN ('own', 'human', 'vendor-terms', 'local-model', 'generated')",
    "provenance": "IN ('service', 'generated')",
}
SHARE = "BETWEEN 0 AND 1"


def upgrade() -> None:
    """Add four kinds of records, and a column each to the calls and the organisations."""
    # in words: SQLite takes a check with a new column, but not one added to a table
    op.execute(
        "ALTER TABLE ai_metrics ADD COLUMN stars SMALLINT CONSTRAINT ck_ai_metrics_stars CHECK (stars BETWEEN 1 AND 5)"
    )
    op.execute("UPDATE ai_metrics SET stars = CASE rating WHEN 1 THEN 5 ELSE 1 END WHERE rating IS NOT NULL")
    op.execute(
        "ALTER TABLE organizations ADD COLUMN learning_consent VARCHAR(20) "
        "CONSTRAINT ck_organizations_learning_consent CHECK (learning_consent IN ('granted', 'refused'))"
    )
    _generations()
    _feedback()
    _tutor_pairs()
    _datasets()


def _generations() -> None:
    table = "generation_records"
    op.create_table(
        table,
        needed("id", sa.String(32)),
        needed("generation_id", sa.String(64)),
        needed("request_id", sa.String(64)),
        needed("organization_id", sa.String(32)),
        needed("user_pseudonym", sa.String(32)),
        maybe("conversation_id", sa.String(32)),
        needed("endpoint", sa.String(100)),
        needed("task_type", sa.String(50)),
        maybe("assistant", sa.String(50)),
        maybe("language", sa.String(10)),
        needed("timestamp", TIME),
        needed("messages", JSON),
        needed("question", sa.Text()),
        needed("facts", JSON),
        needed("answer", sa.Text()),
        needed("requested_mode", sa.String(20)),
        needed("effective_mode", sa.String(20)),
        needed("route", sa.String(20)),
        needed("provider", sa.String(50)),
        needed("model", sa.String(100)),
        needed("status", sa.String(20)),
        needed("cache", sa.String(20)),
        needed("fallback", sa.Boolean()),
        needed("degraded", sa.Boolean()),
        maybe("confidence", sa.Double()),
        maybe("student_answer", sa.Text()),
        maybe("student_confidence", sa.Double()),
        needed("cost_usd", amount(10, 6)),
        needed("latency_ms", sa.Integer()),
        maybe("outcome", JSON),
        maybe("outcome_at", TIME),
        *(
            maybe(name, sa.String(50))
            for name in ("intent", "sentiment", "emotion", "kind", "language_found", "outcome_label")
        ),
        maybe("reward_score", sa.Double()),
        *(needed(name, sa.String(20)) for name in RIGHTS),
        check(table, "requested_mode", f"requested_mode {MODES}"),
        check(table, "effective_mode", f"effective_mode {MODES}"),
        check(table, "route", "route IN ('student', 'teacher', 'human', 'mock', 'none')"),
        check(
            table, "status", "status IN ('success', 'error', 'timeout', 'cancelled', 'refused', 'partial')"
        ),
        check(table, "cache", "cache IN ('off', 'miss', 'exact', 'semantic')"),
        *(check(table, name, f"{name} {condition}") for name, condition in RIGHTS.items()),
        *(
            check(table, name, f"{name} {SHARE}")
            for name in ("confidence", "student_confidence", "reward_score")
        ),
        primary(table, "id"),
        unique(table, "generation_id"),
    )
    index(table, "organization_id", "timestamp")
    index(table, "user_pseudonym")
    index(table, "conversation_id")
    index(table, "timestamp")


def _feedback() -> None:
    table = "generation_feedback"
    op.create_table(
        table,
        needed("id", sa.String(32)),
        needed("generation_id", sa.String(64)),
        needed("organization_id", sa.String(32)),
        needed("author", sa.String(10)),
        needed("author_pseudonym", sa.String(32)),
        needed("version", sa.Integer()),
        maybe("rating", sa.SmallInteger()),
        maybe("comment", sa.Text()),
        maybe("correction", sa.Text()),
        maybe("preferred_over", sa.String(64)),
        needed("withdrawn", sa.Boolean()),
        needed("said_at", TIME),
        maybe("idempotency_key", sa.String(64)),
        maybe("asked_digest", sa.String(64)),
        check(table, "author", "author IN ('user', 'human')"),
        check(table, "rating", "rating BETWEEN 1 AND 5"),
        check(table, "version", "version >= 1"),
        primary(table, "id"),
        unique(table, "generation_id", "author_pseudonym", "version"),
    )
    index(table, "author_pseudonym")
    index(table, "organization_id", "said_at")
    never_changed(table)


def _tutor_pairs() -> None:
    table = "ai_tutor_pairs"
    op.create_table(
        table,
        needed("id", sa.String(32)),
        needed("generation_id", sa.String(64)),
        maybe("conversation_id", sa.String(32)),
        needed("organization_id", sa.String(32)),
        needed("user_pseudonym", sa.String(32)),
        needed("task_type", sa.String(50)),
        needed("input_text", sa.Text()),
        needed("student_output", sa.Text()),
        needed("teacher_output", sa.Text()),
        maybe("confidence_score", sa.Double()),
        maybe("reward_score", sa.Double()),
        maybe("human_verdict", sa.String(20)),
        *(needed(name, sa.String(20)) for name in RIGHTS),
        needed("created_at", TIME),
        check(table, "human_verdict", "human_verdict IN ('student', 'teacher', 'both', 'neither')"),
        *(check(table, name, f"{name} {condition}") for name, condition in RIGHTS.items()),
        check(table, "confidence_score", f"confidence_score {SHARE}"),
        check(table, "reward_score", f"reward_score {SHARE}"),
        refers(table, "conversation_id", "ai_conversations.id", ondelete="CASCADE"),
        primary(table, "id"),
        unique(table, "generation_id"),
    )
    index(table, "reward_score")
    index(table, "user_pseudonym")
    index(table, "conversation_id")


def _datasets() -> None:
    op.create_table(
        "dataset_versions",
        needed("version", sa.String(64)),
        needed("created_at", TIME),
        needed("sha256", sa.String(64)),
        needed("rows", sa.Integer()),
        maybe("mlflow_run", sa.String(64)),
        primary("dataset_versions", "version"),
    )
    op.create_table(
        "dataset_members",
        needed("version", sa.String(64)),
        needed("generation_id", sa.String(64)),
        refers("dataset_members", "version", "dataset_versions.version", ondelete="CASCADE"),
        primary("dataset_members", "version", "generation_id"),
    )
    index("dataset_members", "generation_id")
