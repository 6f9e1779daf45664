"""What came of predictions: said once, corrected as often as it must be, read with the prediction it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from mandi.core.errors import MandiError
from mandi.evaluation.live import Actual, fits, loss
from mandi.serving.predictions.packs import taken_out
from mandi.store.records.predictions import Prediction, PredictionOutcome

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

MOST_VERSIONS = 50


class OutcomeRefused(MandiError):
    """An outcome that cannot be kept; ``field`` is the one at fault."""

    headline = "the outcome cannot be kept"

    def __init__(self, message: str, field: str, allowed: str) -> None:
        self.field = field
        super().__init__(message, allowed=allowed)


@dataclass(frozen=True, slots=True)
class Said:
    """An outcome as it is kept now, how wrong the prediction was, and whether this changed anything."""

    prediction: Prediction
    row: PredictionOutcome
    loss: float | None
    changed: bool


def say(
    session: Session,
    organization_id: str,
    author_pseudonym: str,
    prediction_id: str,
    actual: Actual,
    known_at: datetime,
    now: datetime,
) -> Said | None:
    """Keep an outcome, or a correction of it.

    Parameters
    ----------
    session : Session
        Of a transaction that writes.
    organization_id, author_pseudonym : str
        Whose; what another organisation was answered is not there for them.
    prediction_id : str
    actual : float, bool or str
        What came of it, as ``mandi.evaluation.live.fits`` wants it.
    known_at : datetime
        When it was known.
    now : datetime

    Returns
    -------
    Said or None
        None: there is no such prediction.

    Raises
    ------
    OutcomeRefused
        It does not fit the prediction, lies in the future, or was corrected too often.
    """
    found = served(session, organization_id, prediction_id)
    if found is None:
        return None
    if wanted := fits(found.model, found.answer, actual):
        raise OutcomeRefused(f"this cannot come of an answer of {found.model}", "actual", wanted)
    if known_at > now:
        raise OutcomeRefused(f"{known_at.isoformat()} is in the future", "at", f"to {now.isoformat()}")
    last = session.scalars(
        sa.select(PredictionOutcome)
        .where(PredictionOutcome.prediction_id == prediction_id)
        .order_by(PredictionOutcome.version.desc())
        .limit(1)
    ).one_or_none()
    wrong = loss(found.model, found.answer, actual)
    if last is not None and (last.actual, last.known_at) == (actual, known_at):
        return Said(found, last, wrong, changed=False)
    if last is not None and last.version >= MOST_VERSIONS:
        raise OutcomeRefused("it was corrected too often", "actual", f"{MOST_VERSIONS} versions")
    row = PredictionOutcome(
        prediction_id=prediction_id, organization_id=organization_id, author_pseudonym=author_pseudonym,
        version=1 if last is None else last.version + 1, actual=actual, known_at=known_at, told_at=now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return Said(found, row, wrong, changed=True)


def served(session: Session, organization_id: str, prediction_id: str) -> Prediction | None:
    """Return a prediction that an organisation was answered, or None; others write nothing of it meanwhile.

    Parameters
    ----------
    session : Session
        Of a transaction that writes: a row that lies packed in its batch is taken out of it.
    organization_id, prediction_id : str
    """
    found = session.get(Prediction, prediction_id, with_for_update=True)
    if found is None:
        found = taken_out(session, organization_id, prediction_id)
    if found is None or found.organization_id != organization_id or found.role != "served":
        return None
    return found
