"""Predictions as they were served, what came of them, and the challenger that is tried beside a champion."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from mandi.store.records.base import Base, Changed, Id, Json, Moment, UtcTime, one_of, share

ROLES = ("served", "shadow")
SIDES = ("champion", "challenger")
STATUSES = ("shadow", "staged", "promoted", "stopped")
PREDICTION_ID = 40  # 32 hexadecimal digits, and the place of a row in its batch


class Prediction(Base):
    """One answer to one row. What was asked is not kept, only a digest of it that differs from organisation to organisation.

    ``figure`` is the answer's one number (INR per quintal, tonnes, a score), ``answer`` all that an outcome is held against.
    ``due_at`` is the moment from which the outcome can be known. A row of the role ``shadow`` was never returned: ``pair_id`` is
    the served one it stands beside; a rollout has counted its time where it is ``timed``, its loss where it is ``judged``. ``subject`` names what both are about, so that one
    outcome asked about many times counts once. Times are milliseconds: ``latency_ms`` of the whole request on the wall's clock,
    ``cpu_ms`` of its model alone; both are those of a request of ``rows`` rows. ``beside_ms`` of a shadow is what the
    other version took for the same rows in the same place.
    """

    __tablename__ = "predictions"
    __table_args__ = (
        one_of("role", ROLES),
        one_of("side", SIDES),
        sa.CheckConstraint("rows >= 1", name="rows"),
        sa.Index(None, "organization_id", "model", "created_at"),
        sa.Index(None, "rollout_id", "judged"),
        sa.Index(None, "created_at"),
        sa.Index(None, "pair_id"),
    )

    id: Mapped[str] = mapped_column(sa.String(PREDICTION_ID), primary_key=True)
    request_id: Mapped[str] = mapped_column(sa.String(64))
    organization_id: Mapped[str] = mapped_column(sa.String(32))
    user_pseudonym: Mapped[str] = mapped_column(sa.String(32))
    model: Mapped[str] = mapped_column(sa.String(50))
    model_version: Mapped[str] = mapped_column(sa.String(50))
    side: Mapped[str] = mapped_column(sa.String(20), default="champion")
    role: Mapped[str] = mapped_column(sa.String(20), default="served")
    inputs_digest: Mapped[str] = mapped_column(sa.String(64))
    subject: Mapped[str] = mapped_column(sa.String(64))
    figure: Mapped[float | None] = mapped_column(sa.Double)
    answer: Mapped[dict[str, Any]] = mapped_column(Json)
    rows: Mapped[int] = mapped_column(default=1)
    latency_ms: Mapped[float] = mapped_column(sa.Double)
    cpu_ms: Mapped[float] = mapped_column(sa.Double)
    due_at: Mapped[datetime] = mapped_column(UtcTime)
    created_at: Mapped[Moment]
    pair_id: Mapped[str | None] = mapped_column(sa.String(PREDICTION_ID))
    rollout_id: Mapped[str | None] = mapped_column(sa.String(32))
    beside_ms: Mapped[float | None] = mapped_column(sa.Double)
    timed: Mapped[bool] = mapped_column(default=False)
    judged: Mapped[bool] = mapped_column(default=False)


class PredictionBatch(Base):
    """Answers to the rows of one request, packed; a row is taken out, and becomes a ``Prediction``, when its outcome is told.

    ``packed`` holds ``rows`` of them and is never changed. ``left`` were not taken out; of these ``figures`` have a number, with
    the sum ``figure_sum`` and the sum of squares ``figure_squares``. ``due_at`` is when the outcome of the last one can be known.
    """

    __tablename__ = "prediction_batches"
    __table_args__ = (
        one_of("side", SIDES),
        sa.CheckConstraint("rows >= 1", name="rows"),
        sa.CheckConstraint('"left" >= 0', name="left"),
        sa.Index(None, "organization_id", "model", "created_at"),
        sa.Index(None, "created_at"),
    )

    id: Mapped[Id]
    request_id: Mapped[str] = mapped_column(sa.String(64))
    organization_id: Mapped[str] = mapped_column(sa.String(32))
    user_pseudonym: Mapped[str] = mapped_column(sa.String(32))
    model: Mapped[str] = mapped_column(sa.String(50))
    model_version: Mapped[str] = mapped_column(sa.String(50))
    side: Mapped[str] = mapped_column(sa.String(20), default="champion")
    rows: Mapped[int]
    left: Mapped[int]
    latency_ms: Mapped[float] = mapped_column(sa.Double)
    cpu_ms: Mapped[float] = mapped_column(sa.Double)
    due_at: Mapped[datetime] = mapped_column(UtcTime)
    created_at: Mapped[Moment]
    figures: Mapped[int]
    figure_sum: Mapped[float] = mapped_column(sa.Double)
    figure_squares: Mapped[float] = mapped_column(sa.Double)
    packed: Mapped[bytes] = mapped_column(sa.LargeBinary)


class PredictionOutcome(Base):
    """What came of a prediction, as somebody of its organisation said it; a correction is a row more, and the last one counts.

    ``known_at`` is when it was known to them, ``told_at`` when they said it here.
    """

    __tablename__ = "prediction_outcomes"
    __table_args__ = (
        sa.CheckConstraint("version >= 1", name="version"),
        sa.UniqueConstraint("prediction_id", "version"),
        sa.Index(None, "organization_id", "told_at"),
    )

    id: Mapped[Id]
    prediction_id: Mapped[str] = mapped_column(sa.String(PREDICTION_ID))
    organization_id: Mapped[str] = mapped_column(sa.String(32))
    author_pseudonym: Mapped[str] = mapped_column(sa.String(32))
    version: Mapped[int]
    actual: Mapped[Any] = mapped_column(Json)
    known_at: Mapped[datetime] = mapped_column(UtcTime)
    told_at: Mapped[Moment]


class ModelRollout(Base):
    """The trial of a challenger of one model, the last one there was; older ones are in the record of what was done.

    ``share`` of the questions is answered by the challenger; of ``shadow_share`` of them the other one's answer is also made,
    compared and not returned. ``rules`` are what was agreed at the start, ``evidence`` what the tests have seen since.
    """

    __tablename__ = "model_rollouts"
    __table_args__ = (
        one_of("status", STATUSES),
        share("share"),
        share("shadow_share"),
    )

    model: Mapped[str] = mapped_column(sa.String(50), primary_key=True)
    id: Mapped[str] = mapped_column(sa.String(32))
    champion_version: Mapped[str] = mapped_column(sa.String(50))
    challenger_version: Mapped[str] = mapped_column(sa.String(50))
    status: Mapped[str] = mapped_column(sa.String(20))
    share: Mapped[float] = mapped_column(sa.Double, default=0.0)
    shadow_share: Mapped[float] = mapped_column(sa.Double)
    rules: Mapped[dict[str, Any]] = mapped_column(Json)
    evidence: Mapped[dict[str, Any]] = mapped_column(Json)
    reason: Mapped[str] = mapped_column(sa.Text, default="")
    started_at: Mapped[datetime] = mapped_column(UtcTime)
    changed_at: Mapped[Changed]
