"""How the models do since they are served: counts, times, and figures over the predictions whose outcome is known."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import sqlalchemy as sa

from mandi.evaluation.live import Judged, LiveFigure, live_figures
from mandi.serving.analytics.period import counted, share
from mandi.store.records.predictions import Prediction, PredictionBatch, PredictionOutcome

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

MOST = 20_000
"""Newest rows of a version that are read for its times, and for its figures; older ones are counted only."""


@dataclass(frozen=True, slots=True)
class Performance:
    """One version of a model, as it was served.

    Attributes
    ----------
    predictions, due, told : int
        Rows, those whose outcome could be known by now (in a packed batch: once that of its last row could), and those whose
        outcome was told.
    latency_ms_median, latency_ms_p95 : float, optional
        Of single rows, and of packed batches as one each.
    told_share : float, optional
        Of those that are due.
    delay_hours : float, optional
        Median from when an outcome could be known to when it was.
    figure_told, figure_untold : float, optional
        Mean of the predictions with an outcome, and of those due without.
    selection : float, optional
        The difference of these two in standard deviations: far from 0, what is told is not like what is not.
    """

    model: str
    model_version: str
    side: str
    predictions: int
    due: int
    told: int
    told_share: float | None
    corrected: int
    delay_hours: float | None
    latency_ms_median: float | None
    latency_ms_p95: float | None
    figure_told: float | None
    figure_untold: float | None
    selection: float | None
    figures: Sequence[LiveFigure]
    read: int


def performance(
    session: Session, since: datetime, now: datetime, organization_id: str | None, model: str | None = None
) -> list[Performance]:
    """Return how every version did that was served since a moment.

    Parameters
    ----------
    session : Session
    since, now : datetime
        Aware.
    organization_id : str, optional
        None adds up all organisations.
    model : str, optional
        Of one model alone.
    """

    def conditions(table: type[Prediction | PredictionBatch]) -> list[Any]:
        found: list[Any] = [table.created_at >= since, table.created_at <= now]
        if table is Prediction:
            found.append(Prediction.role == "served")
        if organization_id is not None:
            found.append(table.organization_id == organization_id)
        if model is not None:
            found.append(table.model == model)
        return found

    groups: set[tuple[str, str, str]] = set()
    for table in (Prediction, PredictionBatch):
        versions = (
            sa.select(table.model, table.model_version, table.side).where(*conditions(table)).distinct()
        )
        groups |= {(name, version, side) for name, version, side in session.execute(versions)}

    def of(group: tuple[str, str, str], table: type[Prediction | PredictionBatch]) -> list[Any]:
        columns = (table.model, table.model_version, table.side)
        return [*conditions(table), *(column == value for column, value in zip(columns, group, strict=True))]

    return [
        _of_version(session, now, group, of(group, Prediction), of(group, PredictionBatch))
        for group in sorted(groups)
    ]


def _of_version(
    session: Session,
    now: datetime,
    group: tuple[str, str, str],
    conditions: Sequence[Any],
    batched: Sequence[Any],
) -> Performance:
    model, version, side = group
    told = sa.exists().where(PredictionOutcome.prediction_id == Prediction.id)
    due = sa.or_(Prediction.due_at <= now, told)
    count, is_due, has = session.execute(
        sa.select(sa.func.count(), counted(due), counted(told)).where(*conditions)
    ).one()
    packed = _packed(session, batched)
    packed_due = _packed(session, [*batched, PredictionBatch.due_at <= now])
    is_due += packed_due.left
    rows = session.execute(_last_outcomes().where(*conditions).limit(MOST)).all()
    judged = [Judged(row.answer, row.actual, row.created_at.date().isoformat()) for row in rows]
    delays = [max((row.known_at - row.due_at).total_seconds(), 0.0) / 3600 for row in rows]
    times: list[tuple[datetime, float]] = []
    for table, which in ((Prediction, conditions), (PredictionBatch, batched)):
        newest = sa.select(table.created_at, table.latency_ms).where(*which).order_by(table.created_at.desc())
        times += [(at, latency) for at, latency in session.execute(newest.limit(MOST))]
    newest_times = [latency for _, latency in sorted(times, reverse=True)[:MOST]]
    with_it, without, apart = _selection(session, [*conditions, due], told, packed_due)
    return Performance(
        model=model, model_version=version, side=side, predictions=count + packed.left, due=is_due, told=has,
        told_share=share(has, is_due), corrected=sum(row.version > 1 for row in rows), delay_hours=_quantile(delays, 0.5),
        latency_ms_median=_quantile(newest_times, 0.5), latency_ms_p95=_quantile(newest_times, 0.95), figure_told=with_it,
        figure_untold=without, selection=apart, figures=live_figures(model, judged, missing=is_due - has), read=len(rows),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Sums:
    """Rows that nobody took out of their batches, and the sums of their numbers."""

    left: int
    figures: int
    total: float
    squares: float


def _packed(session: Session, conditions: Sequence[Any]) -> _Sums:
    columns = (
        PredictionBatch.left, PredictionBatch.figures, PredictionBatch.figure_sum, PredictionBatch.figure_squares
    )  # fmt: skip
    sums = sa.select(*(sa.func.coalesce(sa.func.sum(column), 0) for column in columns)).where(*conditions)
    found: Any = session.execute(sums).one()
    return _Sums(int(found[0]), int(found[1]), float(found[2]), float(found[3]))


def _last_outcomes() -> sa.Select[Any]:
    last = (
        sa.select(PredictionOutcome.prediction_id, sa.func.max(PredictionOutcome.version).label("version"))
        .group_by(PredictionOutcome.prediction_id)
        .subquery()
    )
    same = sa.and_(
        PredictionOutcome.prediction_id == last.c.prediction_id, PredictionOutcome.version == last.c.version
    )
    return (
        sa.select(
            Prediction.answer, Prediction.created_at, Prediction.due_at, PredictionOutcome.actual,
            PredictionOutcome.known_at, PredictionOutcome.version,
        )
        .join(last, last.c.prediction_id == Prediction.id)
        .join(PredictionOutcome, same)
        .order_by(Prediction.created_at.desc(), Prediction.id)
    )  # fmt: skip


def _selection(
    session: Session, conditions: Sequence[Any], told: Any, packed: _Sums
) -> tuple[float | None, float | None, float | None]:
    def sums(which: Any) -> _Sums:
        figure = Prediction.figure
        columns = (sa.func.count(figure), sa.func.sum(figure), sa.func.sum(figure * figure))
        found = session.execute(sa.select(*columns).where(*conditions, which)).one()
        return _Sums(0, found[0], found[1] or 0.0, found[2] or 0.0)

    with_it, spread = _moments(sums(told))
    rest = sums(~told)
    without, other = _moments(
        _Sums(0, rest.figures + packed.figures, rest.total + packed.total, rest.squares + packed.squares)
    )
    if with_it is None or without is None or spread is None or other is None:
        return with_it, without, None
    deviation = math.sqrt((spread + other) / 2)
    return with_it, without, (with_it - without) / deviation if deviation > 0 else None


def _moments(sums: _Sums) -> tuple[float | None, float | None]:
    if not sums.figures:
        return None, None
    mean = sums.total / sums.figures
    return mean, max(sums.squares / sums.figures - mean * mean, 0.0)


def _quantile(values: Iterable[float], level: float) -> float | None:
    found = list(values)
    return float(np.quantile(found, level)) if found else None
