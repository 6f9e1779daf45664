"""Percentiles and histograms in SQL that means the same on SQLite and PostgreSQL."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import InstrumentedAttribute

from mandi.serving.analytics.period import Period
from mandi.store.records.calls import AiMetric

BINS = 10


def percentiles(
    session: Session, column: InstrumentedAttribute[Any], period: Period, *more: sa.ColumnElement[bool]
) -> tuple[int | None, int | None]:
    """Return the median and the 95th percentile of a column of whole numbers, by nearest rank.

    Parameters
    ----------
    session : Session
    column : column of AiMetric
        Rows where it is null do not count.
    period : Period
    *more : conditions

    Returns
    -------
    tuple
        None, None without rows.
    """
    ranked = (
        sa.select(
            column.label("value"),
            sa.func.row_number().over(order_by=column).label("rank"),
            sa.func.count().over().label("n"),
        )
        .where(*period.conditions(), column.is_not(None), *more)
        .subquery()
    )
    # the smallest value whose rank reaches the share, in whole numbers so that both engines agree to the row
    at = [
        sa.func.min(sa.case((ranked.c.rank * 100 >= ranked.c.n * percent, ranked.c.value)))
        for percent in (50, 95)
    ]
    row = session.execute(sa.select(*at)).one()
    return row[0], row[1]


def confidence_histogram(session: Session, period: Period) -> list[int]:
    """Return how many answers have a confidence in each tenth of [0, 1]; 1 is in the last."""
    confidence = AiMetric.confidence
    edges = [(confidence < (i + 1) / BINS, i) for i in range(BINS - 1)]
    tenth = sa.case(*edges, else_=BINS - 1).label("tenth")
    query = (
        sa.select(tenth, sa.func.count())
        .where(*period.conditions(), confidence.is_not(None))
        .group_by(sa.text("tenth"))
    )
    found = {row[0]: row[1] for row in session.execute(query)}
    return [found.get(i, 0) for i in range(BINS)]
