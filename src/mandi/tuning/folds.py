"""Folds of time inside train and validation: each model knows what was known at its origin and is asked what came after.

The parts calibration and test are never in a fold. Each origin's past is parted into train, validation and calibration
of its own, so that early stopping, choices and thresholds never see the rows that are scored.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import pandas as pd

from mandi.core.errors import ConfigError, ContractError, TooLittleData
from mandi.evaluation.detection.detection_backtest import known_by
from mandi.features.splits import PURGED, SplitParams, split

if TYPE_CHECKING:
    from mandi.models.base import Task

OPEN = ("train", "validation")
NEEDED = ("asof", "label", "label_known_time", "part")


@dataclass(frozen=True)
class FoldParams:
    """Section ``search.folds`` of params.yaml.

    Attributes
    ----------
    count : int
        Folds; their scored times are equally long and follow one another.
    first : float
        Share of the time of train and validation before the first origin.
    validation, calibration : float
        Last shares of what was known at an origin that a fold's own validation and calibration take.
    """

    count: int = 3
    first: float = 0.55
    validation: float = 0.15
    calibration: float = 0.15

    def __post_init__(self) -> None:
        if self.count < 1 or not 0.0 < self.first < 1.0:
            raise ConfigError(
                f"search.folds: count {self.count}, first {self.first}",
                allowed="at least 1, between 0 and 1",
            )
        if min(self.validation, self.calibration) <= 0.0 or self.validation + self.calibration >= 0.9:
            raise ConfigError(
                f"search.folds: validation {self.validation}, calibration {self.calibration}",
                allowed="above 0, together below 0.9",
            )


@dataclass(frozen=True)
class Fold:
    """What one model learns from, and what it is asked.

    Attributes
    ----------
    origin, until : Timestamp
        UTC; rows with ``asof`` from the origin up to ``until`` (left out) are asked.
    learn : DataFrame
        What was known at the origin, ``part`` set anew.
    asked : DataFrame
    """

    origin: pd.Timestamp
    until: pd.Timestamp
    learn: pd.DataFrame = field(repr=False)
    asked: pd.DataFrame = field(repr=False)


def open_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that a search may see: all whose answers were known when the part validation ended.

    Parts train and validation, and what was purged between these two: its answers came while validation lasted, and every
    fold purges anew at its own origin. What was purged before calibration is not among them.

    Parameters
    ----------
    frame : DataFrame
        Assembled questions: ``asof``, ``label_known_time`` (UTC), ``label``, ``part``.

    Raises
    ------
    ContractError
        A column is missing.
    """
    _check(frame)
    inside = frame["part"].isin(OPEN)
    known = frame.loc[inside, "label_known_time"].max()
    late = (frame["part"] == PURGED) & (frame["label_known_time"] <= known)
    rows = frame[inside | late]
    return rows.assign(part=rows["part"].where(rows["part"] != PURGED, OPEN[0]))


def folds(rows: pd.DataFrame, task: Task, params: FoldParams | None = None) -> list[Fold]:
    """Lay folds over rows.

    Parameters
    ----------
    rows : DataFrame
        From :func:`open_rows`: ``asof``, ``label_known_time`` (UTC), ``label``, ``part``, the model's inputs.
    task : str
        ``Spec.task``: known frauds are counted as they were then, a forecaster takes all that is known as training.
    params : FoldParams, optional

    Returns
    -------
    list of Fold

    Raises
    ------
    ContractError
        A column is missing, or a row of calibration or test is among the rows.
    TooLittleData
        A fold has nothing to learn from or is asked nothing.

    Examples
    --------
    >>> days = pd.date_range("2024-01-01", periods=100, tz="UTC")
    >>> rows = pd.DataFrame({"asof": days, "label_known_time": days + pd.Timedelta(days=2), "label": 1.0, "part": "train"})
    >>> first, second = folds(rows, "price", FoldParams(count=2, first=0.6))
    >>> len(first.learn), len(first.asked), first.learn["part"].unique().tolist()
    (54, 20, ['train', 'validation', 'calibration'])
    """
    wanted = params or FoldParams()
    _check(rows)
    if strange := sorted(set(rows["part"]) - set(OPEN)):
        raise ContractError(
            f"rows of {', '.join(map(str, strange))} are in a search", allowed=", ".join(OPEN)
        )
    if not len(rows):
        raise TooLittleData("no rows of train and validation", allowed="at least one")
    first, end = rows["asof"].min(), rows["asof"].max() + pd.Timedelta(1, "ns")
    start = first + (end - first) * wanted.first
    step = (end - start) / wanted.count
    origins = [*(start + step * number for number in range(wanted.count)), end]
    made = []
    for origin, until in pairwise(origins):
        asked = rows[(rows["asof"] >= origin) & (rows["asof"] < until)]
        learn = known_at(rows, origin, task, wanted)
        if not len(learn) or not len(asked):
            raise TooLittleData(
                f"at {origin.date()} {len(learn)} rows are known and {len(asked)} are asked",
                allowed="at least one of each: fewer folds, or a later search.folds.first",
            )
        made.append(Fold(origin, until, learn, asked))
    return made


def past_of(rows: pd.DataFrame, origin: pd.Timestamp, task: Task) -> pd.DataFrame:
    """Return the rows whose answers were known at a moment, as they were known; unanswered ones of the time before stay.

    Parameters
    ----------
    rows : DataFrame
    origin : Timestamp
        UTC.
    task : str
    """
    before = rows[rows["asof"] < origin]
    if task == "detection":
        return known_by(before, origin)
    return before[(before["label_known_time"] <= origin) | before["label"].isna()]


def known_at(rows: pd.DataFrame, origin: pd.Timestamp, task: Task, params: FoldParams) -> pd.DataFrame:
    """Return what a model fitted at a moment may learn from, with parts of its own, purged between them.

    Honesty is known months late: labels are taken as they stood at the origin and are not purged again within it, as in the
    back-test of detectors, and the parts share out the time up to the last deal that was known to be honest. A forecaster
    parts its past itself.
    """
    past = past_of(rows, origin, task)
    if not len(past) or task == "forecast":
        return past.assign(part="train")
    first, last, timed = past["asof"].min(), origin, past[["asof", "label_known_time"]]
    if task == "detection":
        honest = past.loc[past["label"] == 0.0, "asof"]
        last = honest.max() if len(honest) else origin
        timed = timed.assign(label_known_time=timed["asof"])
    calibration = last - (last - first) * params.calibration
    validation = calibration - (last - first) * params.validation
    part = split(timed, SplitParams(validation.isoformat(), calibration.isoformat(), origin.isoformat()))
    kept = part != PURGED
    return past[kept].assign(part=part[kept])


def _check(frame: pd.DataFrame) -> None:
    for column in NEEDED:
        if column not in frame:
            raise ContractError(f'the frame has no column "{column}"', allowed=", ".join(NEEDED))
