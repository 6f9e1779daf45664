"""Predictions of one request, packed: most of them are never asked about again, and one that is, is taken out."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json, to_json

from mandi.store.records.predictions import Prediction, PredictionBatch
from mandi.store.rows import Row

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

QUICK = 1  # of zlib: three quarters of what its best does, in a tenth of the time
IN_COMMON = (
    "request_id", "organization_id", "user_pseudonym", "model", "model_version", "side", "rows", "latency_ms", "cpu_ms",
    "created_at",
)  # fmt: skip


def packed(own: Sequence[Row]) -> Row:
    """Return the columns of ``PredictionBatch`` that hang on its rows.

    Parameters
    ----------
    own : sequence of dict
        ``inputs_digest``, ``subject``, ``figure``, ``answer`` and ``due_at`` of each row, at least one.

    Examples
    --------
    >>> from datetime import UTC
    >>> row = {"inputs_digest": "d", "subject": "s", "figure": 3.0, "answer": {}, "due_at": datetime(2026, 1, 2, tzinfo=UTC)}
    >>> made = packed([row, {**row, "figure": None}])
    >>> made["left"], made["figures"], made["figure_squares"], made["due_at"].day
    (2, 1, 9.0, 2)
    >>> unpacked(made["packed"])[0] == row
    True
    """
    figures = [row["figure"] for row in own if row["figure"] is not None]
    return {
        "left": len(own), "due_at": max(row["due_at"] for row in own), "figures": len(figures),
        "figure_sum": sum(figures), "figure_squares": sum(figure * figure for figure in figures),
        "packed": zlib.compress(to_json(own), QUICK),
    }  # fmt: skip


def unpacked(blob: bytes) -> list[Row]:
    """Return what :func:`packed` was given.

    Parameters
    ----------
    blob : bytes
    """
    rows: list[dict[str, Any]] = from_json(zlib.decompress(blob))
    return [{**row, "due_at": datetime.fromisoformat(row["due_at"])} for row in rows]


def taken_out(session: Session, organization_id: str, prediction_id: str) -> Prediction | None:
    """Take a row out of its batch and return it as a record of its own; None where there is no such batch of this organisation.

    Parameters
    ----------
    session : Session
        Of a transaction that writes.
    organization_id : str
    prediction_id : str
        Of a row: the batch's id, a point, and the place of the row.
    """
    batch_id, _, place = prediction_id.partition(".")
    # one that is written otherwise, as 01 or a digit of another script, names nothing
    if not (place.isascii() and place.isdecimal()) or str(int(place)) != place:
        return None
    batch = session.get(PredictionBatch, batch_id, with_for_update=True)
    if batch is None or batch.organization_id != organization_id or int(place) >= batch.rows:
        return None
    meanwhile = session.get(Prediction, prediction_id, with_for_update=True)
    if meanwhile is not None:
        return meanwhile
    own = unpacked(batch.packed)[int(place)]
    found = Prediction(id=prediction_id, **{name: getattr(batch, name) for name in IN_COMMON}, **own)
    session.add(found)
    batch.left -= 1
    if (figure := own["figure"]) is not None:
        batch.figures -= 1
        batch.figure_sum -= figure
        batch.figure_squares -= figure * figure
    session.flush()
    return found
