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
from mandi.store.records.predictions import Prediction, PredictionOutcome

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
        Rows, those whose outcome could be known by now, and those whose outcome was told.
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
    conditions = [Prediction.created_at >= since, Prediction.created_at <= now, Prediction.role == "served"]
    if organization_id is not None:
        conditions.append(Prediction.organization_id == organization_id)
    if model is not None:
        conditions.append(Prediction.model == model)
    groups = session.execute(
        sa.select(Prediction.model, Prediction.model_version, Prediction.side)
        .where(*conditions)
        .group_by(Prediction.model, Prediction.model_version, Prediction.side)
        .order_by(Prediction.model, Prediction.model_version, Prediction.side)
    ).all()
    return [
        _of_version(
            session, now, name, version, side,
            [*conditions, Prediction.model == name, Prediction.model_version == version, Prediction.side == side],
        )
        for name, version, side in groups
    ]  # fmt: skip


def _of_version(
    session: Session, now: datetime, model: str, version: str, side: str, conditions: Sequence[Any]
) -> Performance:
    told = sa.exists().where(PredictionOutcome.prediction_id == Prediction.id)
    due = sa.or_(Prediction.due_at <= now, told)
    count, is_due, has = session.execute(
        sa.select(sa.func.count(), counted(due), counted(told)).where(*conditions)
    ).one()
    rows = session.execute(_last_outcomes().where(*conditions).limit(MOST)).all()
    judged = [Judged(row.answer, row.actual, row.created_at.date().isoformat()) for row in rows]
    delays = [max((row.known_at - row.due_at).total_seconds(), 0.0) / 3600 for row in rows]
    newest = sa.select(Prediction.latency_ms).where(*conditions).order_by(Prediction.created_at.desc())
    times = list(session.scalars(newest.limit(MOST)))
    with_it, without, apart = _selection(session, [*conditions, due], told)
    return Performance(
        model=model, model_version=version, side=side, predictions=count, due=is_due, told=has,
        told_share=share(has, is_due), corrected=sum(row.version > 1 for row in rows), delay_hours=_quantile(delays, 0.5),
        latency_ms_median=_quantile(times, 0.5), latency_ms_p95=_quantile(times, 0.95), figure_told=with_it,
        figure_untold=without, selection=apart, figures=live_figures(model, judged, missing=is_due - has), read=len(rows),
    )  # fmt: skip


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
    session: Session, conditions: Sequence[Any], told: Any
) -> tuple[float | None, float | None, float | None]:
    def moments(which: Any) -> tuple[float | None, float | None]:
        figure = Prediction.figure
        mean, square = session.execute(
            sa.select(sa.func.avg(figure), sa.func.avg(figure * figure)).where(*conditions, which)
        ).one()
        return mean, None if mean is None else max(square - mean * mean, 0.0)

    with_it, spread = moments(told)
    without, other = moments(~told)
    if with_it is None or without is None or spread is None or other is None:
        return with_it, without, None
    deviation = math.sqrt((spread + other) / 2)
    return with_it, without, (with_it - without) / deviation if deviation > 0 else None


def _quantile(values: Iterable[float], level: float) -> float | None:
    found = list(values)
    return float(np.quantile(found, level)) if found else None
