"""What was asked and answered, scrubbed, and what people said of it: what a student may learn from, and in which versions it went."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from mandi.store.records.base import LANGUAGE, Base, Cost, Id, Json, Moment, UtcTime, one_of, share
from mandi.store.records.calls import CACHES, MODES, ROUTES, STATUSES
from mandi.store.records.people import CONSENTS

LICENCES = ("own", "human", "vendor-terms", "local-model", "generated")
PROVENANCES = ("service", "generated")
AUTHORS = ("user", "human")
VERDICTS = ("student", "teacher", "both", "neither")
ONLY_WHILE = "only_while"
"""Key in a table's ``info``: columns that must name something that is still there when a row comes late, and what they name."""
_OF_SOMEBODY = {
    ONLY_WHILE: {"user_pseudonym": ("users", "pseudonym"), "conversation_id": ("ai_conversations", "id")}
}


class GenerationRecord(Base):
    """An answer with its question, both scrubbed before they came here.

    ``messages`` are the turns as whoever answered read them (role and content), ``question`` the last one of the user, ``facts``
    what the models found. ``outcome`` is what came of it once that is known. Labels and ``reward_score`` are filled later.
    The row goes with its user, its conversation, or the consent of its organisation.
    """

    __tablename__ = "generation_records"
    __table_args__ = (
        one_of("requested_mode", MODES),
        one_of("effective_mode", MODES),
        one_of("route", (*ROUTES, "none")),
        one_of("status", STATUSES),
        one_of("cache", CACHES),
        one_of("consent", CONSENTS),
        one_of("licence", LICENCES),
        one_of("provenance", PROVENANCES),
        share("confidence"),
        share("student_confidence"),
        share("reward_score"),
        sa.Index(None, "organization_id", "timestamp"),
        sa.Index(None, "user_pseudonym"),
        sa.Index(None, "conversation_id"),
        sa.Index(None, "timestamp"),
        {"info": _OF_SOMEBODY},
    )

    id: Mapped[Id]
    generation_id: Mapped[str] = mapped_column(sa.String(64), unique=True)
    request_id: Mapped[str] = mapped_column(sa.String(64))
    organization_id: Mapped[str] = mapped_column(sa.String(32))
    user_pseudonym: Mapped[str] = mapped_column(sa.String(32))
    conversation_id: Mapped[str | None] = mapped_column(sa.String(32))
    endpoint: Mapped[str] = mapped_column(sa.String(100))
    task_type: Mapped[str] = mapped_column(sa.String(50))
    assistant: Mapped[str | None] = mapped_column(sa.String(50))
    language: Mapped[str | None] = mapped_column(sa.String(LANGUAGE))
    timestamp: Mapped[Moment]
    messages: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    question: Mapped[str] = mapped_column(sa.Text)
    facts: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    answer: Mapped[str] = mapped_column(sa.Text)
    requested_mode: Mapped[str] = mapped_column(sa.String(20))
    effective_mode: Mapped[str] = mapped_column(sa.String(20))
    route: Mapped[str] = mapped_column(sa.String(20))
    provider: Mapped[str] = mapped_column(sa.String(50))
    model: Mapped[str] = mapped_column(sa.String(100))
    status: Mapped[str] = mapped_column(sa.String(20))
    cache: Mapped[str] = mapped_column(sa.String(20), default="off")
    fallback: Mapped[bool] = mapped_column(default=False)
    degraded: Mapped[bool] = mapped_column(default=False)
    confidence: Mapped[float | None] = mapped_column(sa.Double)
    student_answer: Mapped[str | None] = mapped_column(sa.Text)
    student_confidence: Mapped[float | None] = mapped_column(sa.Double)
    cost_usd: Mapped[Cost]
    latency_ms: Mapped[int] = mapped_column(default=0)
    outcome: Mapped[dict[str, Any] | None] = mapped_column(Json)
    outcome_at: Mapped[datetime | None] = mapped_column(UtcTime)
    intent: Mapped[str | None] = mapped_column(sa.String(50))
    sentiment: Mapped[str | None] = mapped_column(sa.String(50))
    emotion: Mapped[str | None] = mapped_column(sa.String(50))
    kind: Mapped[str | None] = mapped_column(sa.String(50))
    language_found: Mapped[str | None] = mapped_column(sa.String(50))
    outcome_label: Mapped[str | None] = mapped_column(sa.String(50))
    reward_score: Mapped[float | None] = mapped_column(sa.Double)
    consent: Mapped[str] = mapped_column(sa.String(20))
    licence: Mapped[str] = mapped_column(sa.String(20))
    provenance: Mapped[str] = mapped_column(sa.String(20), default="service")


class GenerationFeedback(Base):
    """An opinion of an answer, or a change of one: rows are added and never changed, the last version of an author counts.

    A row says all that its author thinks at that moment; ``withdrawn`` says that it is nothing any more.
    """

    __tablename__ = "generation_feedback"
    __table_args__ = (
        one_of("author", AUTHORS),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
        sa.CheckConstraint("version >= 1", name="version"),
        sa.UniqueConstraint("generation_id", "author_pseudonym", "version"),
        sa.Index(None, "author_pseudonym"),
        sa.Index(None, "organization_id", "said_at"),
    )

    id: Mapped[Id]
    generation_id: Mapped[str] = mapped_column(sa.String(64))
    organization_id: Mapped[str] = mapped_column(sa.String(32))
    author: Mapped[str] = mapped_column(sa.String(10))
    author_pseudonym: Mapped[str] = mapped_column(sa.String(32))
    version: Mapped[int]
    rating: Mapped[int | None] = mapped_column(sa.SmallInteger)
    comment: Mapped[str | None] = mapped_column(sa.Text)
    correction: Mapped[str | None] = mapped_column(sa.Text)
    preferred_over: Mapped[str | None] = mapped_column(sa.String(64))
    withdrawn: Mapped[bool] = mapped_column(default=False)
    said_at: Mapped[Moment]
    idempotency_key: Mapped[str | None] = mapped_column(sa.String(64))
    asked_digest: Mapped[str | None] = mapped_column(sa.String(64))


class TutorPair(Base):
    """A student's answer beside its teacher's to the same question, scrubbed; ``human_verdict`` says who was right."""

    __tablename__ = "ai_tutor_pairs"
    __table_args__ = (
        one_of("human_verdict", VERDICTS),
        one_of("consent", CONSENTS),
        one_of("licence", LICENCES),
        one_of("provenance", PROVENANCES),
        share("confidence_score"),
        share("reward_score"),
        sa.Index(None, "reward_score"),
        sa.Index(None, "user_pseudonym"),
        sa.Index(None, "conversation_id"),
        {"info": _OF_SOMEBODY},
    )

    id: Mapped[Id]
    generation_id: Mapped[str] = mapped_column(sa.String(64), unique=True)
    conversation_id: Mapped[str | None] = mapped_column(
        sa.ForeignKey("ai_conversations.id", ondelete="CASCADE")
    )
    organization_id: Mapped[str] = mapped_column(sa.String(32))
    user_pseudonym: Mapped[str] = mapped_column(sa.String(32))
    task_type: Mapped[str] = mapped_column(sa.String(50))
    input_text: Mapped[str] = mapped_column(sa.Text)
    student_output: Mapped[str] = mapped_column(sa.Text)
    teacher_output: Mapped[str] = mapped_column(sa.Text)
    confidence_score: Mapped[float | None] = mapped_column(sa.Double)
    reward_score: Mapped[float | None] = mapped_column(sa.Double)
    human_verdict: Mapped[str | None] = mapped_column(sa.String(20))
    consent: Mapped[str] = mapped_column(sa.String(20))
    licence: Mapped[str] = mapped_column(sa.String(20))
    provenance: Mapped[str] = mapped_column(sa.String(20), default="service")
    created_at: Mapped[Moment]


class DatasetVersion(Base):
    """A version of the datasets that was made: its digest, and the run that registered it."""

    __tablename__ = "dataset_versions"

    version: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    created_at: Mapped[Moment]
    sha256: Mapped[str] = mapped_column(sa.String(64))
    rows: Mapped[int]
    mlflow_run: Mapped[str | None] = mapped_column(sa.String(64))


class DatasetMember(Base):
    """An answer that a version of the datasets holds; the row stays when the answer is deleted here, since the file stays."""

    __tablename__ = "dataset_members"
    __table_args__ = (sa.Index(None, "generation_id"),)

    version: Mapped[str] = mapped_column(
        sa.ForeignKey("dataset_versions.version", ondelete="CASCADE"), primary_key=True
    )
    generation_id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
