"""What a period's answers were: whole or not, judged or not, and what was wrong with those that were disliked."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from mandi.core.errors import UnknownValue
from mandi.feedback.frames import LABELLED

if TYPE_CHECKING:
    from pandas import DataFrame, Series

LIKED, DISLIKED = 4, 2
"""A rating from 4 on is content, one up to 2 is not."""
NO_COMMODITY = "none named"
DEEPEST = 4  # levels of facts that are searched for a commodity
DAY = timedelta(days=1)


def period(labelled: DataFrame, days: int, now: datetime) -> DataFrame:
    """Return the answers of the days before a moment, with what can be said of each.

    Parameters
    ----------
    labelled : DataFrame
        See `mandi.feedback.frames.LABELLED`.
    days : int
    now : datetime
        Aware; answers up to and with this moment.

    Returns
    -------
    DataFrame
        ``answered``: by a program; what is left to a person is neither a success nor a failure, and the person's answer no
        correction of anybody. Of the answered: ``whole``, it came, from whoever was asked first, complete; ``judged``, rated or
        corrected; ``liked``, ``disliked``; ``fault``, what was wrong with it, as far as the record knows, the gravest first.
        ``commodity`` and ``week`` (from Monday, UTC) of every one.

    Raises
    ------
    ContractError
        The frame has not the columns of its contract.
    UnknownValue
        ``days`` is not positive, or ``now`` has no zone.
    """
    if days < 1:
        raise UnknownValue(f"days is {days}", allowed="1 and more")
    if now.tzinfo is None:
        raise UnknownValue(f"the moment {now.isoformat()} has no zone", allowed="datetime.now(UTC)")
    LABELLED.check(labelled)
    within = (labelled["asked_at"] > now - days * DAY) & (labelled["asked_at"] <= now)
    frame = labelled[within].reset_index(drop=True)
    frame["answered"] = frame["route"] != "human"
    corrected = frame["correction"].notna() & frame["answered"]
    frame["whole"] = (
        frame["answered"] & (frame["status"] == "success") & ~frame["fallback"] & ~frame["degraded"]
    )
    frame["judged"] = (frame["rating"].notna() & frame["answered"]) | corrected
    frame["liked"] = frame["judged"] & (frame["rating"] >= LIKED) & ~corrected
    frame["disliked"] = (frame["judged"] & (frame["rating"] <= DISLIKED)) | corrected
    frame["fault"] = _faults(frame, corrected)
    frame["commodity"] = [_commodity(text) for text in frame["facts"]]
    frame["week"] = (
        frame["asked_at"].dt.floor("D") - frame["asked_at"].dt.dayofweek * DAY
        if len(frame)
        else frame["asked_at"]
    )
    return frame


def last_moment(labelled: DataFrame) -> datetime:
    """Return when the last question was asked: the present of a log that has ended.

    Raises
    ------
    UnknownValue
        There is no answer at all.
    """
    if not len(labelled):
        raise UnknownValue(
            "there is no answer to report on",
            allowed="at least one recorded call",
            next_command="mandi repro feedback",
        )
    moment: datetime = labelled["asked_at"].max().to_pydatetime()
    return moment


def _faults(frame: DataFrame, corrected: Series[Any]) -> Series[Any]:
    import numpy as np
    import pandas as pd

    conditions = {
        "left to a person": ~frame["answered"],
        "no whole answer": frame["status"] != "success",
        "somebody stood in": frame["fallback"],
        "degraded": frame["degraded"],
        "price did not hold": frame["outcome_label"] == "missed",
        "corrected": corrected,
        "rated low": frame["rating"] <= DISLIKED,
    }
    chosen = np.select([c.to_numpy() for c in conditions.values()], list(conditions), default="none")
    return pd.Series(chosen, index=frame.index, dtype="object")


def _commodity(text: str) -> str:
    try:
        facts = json.loads(text)
    except ValueError:
        return NO_COMMODITY
    return _named(facts, DEEPEST) or NO_COMMODITY


def _named(facts: Any, depth: int) -> str:
    if depth and isinstance(facts, Mapping):
        found = facts.get("commodity")
        if isinstance(found, str) and 0 < len(found) <= 40:
            return found.casefold()
        return next((name for value in facts.values() if (name := _named(value, depth - 1))), "")
    if depth and isinstance(facts, Collection) and not isinstance(facts, str):
        return next((name for value in facts if (name := _named(value, depth - 1))), "")
    return ""
