"""Questions that wait for a person; the rating of a call and the features of its prompt."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from mandi.store.migrations.columns import JSON, TIME, check, index, maybe, needed, primary, refers, unique

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the table of escalations, and two columns to the calls."""
    # in words: SQLite takes a check with a new column, but not one added to a table
    op.execute(
        "ALTER TABLE ai_metrics ADD COLUMN rating SMALLINT CONSTRAINT ck_ai_metrics_rating CHECK (rating IN (-1, 1))"
    )
    op.add_column("ai_metrics", sa.Column("prompt_features", JSON, nullable=True))
    op.create_table(
        "escalations",
        needed("id", sa.String(32)),
        needed("organization_id", sa.String(32)),
        needed("user_id", sa.String(32)),
        needed("user_pseudonym", sa.String(32)),
        maybe("generation_id", sa.String(64)),
        needed("question", sa.Text()),
        needed("context", JSON),
        maybe("student_answer", sa.Text()),
        maybe("student_confidence", sa.Double()),
        needed("status", sa.String(20)),
        maybe("claimed_by", sa.String(32)),
        maybe("claimed_at", TIME),
        maybe("claim_expires_at", TIME),
        maybe("answer", sa.Text()),
        maybe("answered_at", TIME),
        needed("expires_at", TIME),
        needed("created_at", TIME),
        check("escalations", "status", "status IN ('waiting', 'claimed', 'answered', 'expired')"),
        check("escalations", "student_confidence", "student_confidence BETWEEN 0 AND 1"),
        refers("escalations", "claimed_by", "users.id"),
        refers("escalations", "organization_id", "organizations.id"),
        refers("escalations", "user_id", "users.id"),
        primary("escalations", "id"),
        unique("escalations", "generation_id"),
    )
    index("escalations", "organization_id", "status", "created_at")
    index("escalations", "user_id")
