"""Fits the student again when it is time and there is enough that is new: `mandi feedback retrain --if-due`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mandi.core.config import load_params
from mandi.core.paths import Paths
from mandi.student.cadence import CadenceParams, Due, cadence_params, due, usable

if TYPE_CHECKING:
    from pandas import DataFrame

STUDENT = "student"
STAGE = "student_register"


def retrain(
    root: Path, repro: Callable[[Path, list[str]], int], *, if_due: bool, now: datetime
) -> tuple[str, int]:
    """Run the learning stages, if they are due or whether they are or not.

    Parameters
    ----------
    root : Path
        The project.
    repro : callable
        Runs stages and returns their exit status.
    if_due : bool
        Run nothing when it is too early, too little is new, or ``ENABLE_WEEKLY_RETRAINING`` is off.
    now : datetime
        Aware.

    Returns
    -------
    text : str
        Why it ran, or did not.
    status : int
        Exit status.
    """
    found = standing(root, now) if if_due else Due(True, "asked for")
    if not found.yes:
        return f"not fitted again: {found.why}", 0
    status = repro(root, [STAGE])
    return f"fitted again: {found.why}" if not status else f"due ({found.why}), and it failed", status


def standing(root: Path, now: datetime) -> Due:
    """Return whether the student is due, by the service's records and the registry.

    Parameters
    ----------
    root : Path
    now : datetime
        Aware.
    """
    from mandi.registry.promotion import versions
    from mandi.serving.learning.source import records_of

    params = cadence_params(load_params(Paths(root).params))
    known = versions(STUDENT, root=root)
    last = None if known.empty else known["created"].max().to_pydatetime()
    with records_of(root) as records:
        switched_on = records.settings.enable_weekly_retraining
        if records.database is None:
            return Due(False, records.why)
        from mandi.feedback.export import exported

        feedback = exported(records.database, salt=records.salt).feedback
    return due(now, last, counted(feedback, last, params), params, switched_on)


def counted(feedback: DataFrame, last: datetime | None, params: CadenceParams) -> Mapping[str, int]:
    """Return how many answers people said enough of to learn from, in all and since a moment.

    Parameters
    ----------
    feedback : DataFrame
        As ``FEEDBACK``; of each author and answer the last version counts.
    last : datetime, optional
    params : CadenceParams

    Examples
    --------
    >>> from mandi.feedback.frames import FEEDBACK
    >>> counted(FEEDBACK.empty(), None, CadenceParams())
    {'examples': 0, 'new': 0}
    """
    latest = feedback.sort_values("version").drop_duplicates(
        ["generation_id", "author_pseudonym"], keep="last"
    )
    rows: list[dict[Any, Any]] = latest[~latest["withdrawn"]].to_dict("records")
    good = [row for row in rows if usable(_known(row["rating"]), bool(row["correction"]), params)]
    new = [row for row in good if last is None or row["said_at"] > last.astimezone(UTC)]
    return {
        "examples": len({row["generation_id"] for row in good}),
        "new": len({row["generation_id"] for row in new}),
    }


def _known(rating: float | None) -> float | None:
    return None if rating is None or rating != rating else rating
