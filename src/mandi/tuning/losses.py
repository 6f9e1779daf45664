"""What a trial is judged by: for each kind of answer the figure in which a challenger must beat the champion, lower is better."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mandi.core.errors import TooLittleData
from mandi.evaluation.detection.detection_scores import pr_auc
from mandi.evaluation.examination import predict_blind
from mandi.evaluation.forecasting.forecast_measures import BANDS, weekly_steps
from mandi.evaluation.grading.grading_metrics import confusion, macro_f1
from mandi.evaluation.metrics import mae
from mandi.evaluation.ranking.ranking_examiner import ASKED, SCORE, rankings
from mandi.evaluation.ranking.ranking_metrics import summary

if TYPE_CHECKING:
    from mandi.models.base import Model, Task

GRADES = "ABCD"
NEEDED_AHEAD = 1  # days ahead of the market questions that lots learn their level from


@dataclass(frozen=True)
class Loss:
    """How a kind of answer is scored.

    Attributes
    ----------
    name : str
        With its unit.
    rows : callable
        Of the rows asked, those that are scored: others need no answer.
    learnt : callable
        Of the rows known, those that change the answers scored.
    of : callable
        (predictions, rows) to the loss.
    days : int
        Rows asked within so many days of each other share their errors: a week has one weather, and weeks ahead overlap.
    """

    name: str
    rows: Callable[[pd.DataFrame], pd.DataFrame]
    learnt: Callable[[pd.DataFrame], pd.DataFrame]
    of: Callable[[pd.DataFrame, pd.DataFrame], float]
    days: int = 7


@dataclass(frozen=True)
class Stretches:
    """A loss, and what it is when one stretch of days is left out, for each of them in order of time.

    Attributes
    ----------
    whole : float
    without : tuple of float
        Empty where all rows lie in one stretch.
    """

    whole: float
    without: tuple[float, ...]


def loss_of(task: Task) -> Loss:
    """Return the loss of a kind of answer.

    Examples
    --------
    >>> loss_of("price").name
    'MAE of lots, INR per quintal'
    """
    return LOSSES[task]


def asked_loss(model: Model, asked: pd.DataFrame, loss: Loss) -> float:
    """Let a fitted model answer rows without what came with their labels, and return its loss.

    Raises
    ------
    TooLittleData
        None of the rows can be scored.
    """
    return _finite(loss, *_answered(model, asked, loss))


def loss_by_stretch(model: Model, asked: pd.DataFrame, loss: Loss) -> Stretches:
    """Return a fitted model's loss on rows, and what it is without each stretch of ``loss.days`` days of them.

    Raises
    ------
    TooLittleData
        None of the rows can be scored.
    """
    answers, rows = _answered(model, asked, loss)
    whole = _finite(loss, answers, rows)
    number = ((rows["asof"] - rows["asof"].min()) // pd.Timedelta(days=loss.days)).to_numpy()
    there = np.unique(number)
    if len(there) < 2:
        return Stretches(whole, ())
    left = [number != one for one in there]
    return Stretches(whole, tuple(float(loss.of(answers[kept], rows[kept])) for kept in left))


def _answered(model: Model, asked: pd.DataFrame, loss: Loss) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = loss.rows(asked)
    if not len(rows):
        raise TooLittleData(
            f"none of {len(asked)} rows can be scored by {loss.name}", allowed="at least one in every fold"
        )
    return predict_blind(model, rows), rows


def _finite(loss: Loss, answers: pd.DataFrame, rows: pd.DataFrame) -> float:
    found = loss.of(answers, rows)
    if not np.isfinite(found):
        raise TooLittleData(f"{loss.name} is {found}", allowed="a number")
    return found


def _all(frame: pd.DataFrame) -> pd.DataFrame:
    return frame


def _labelled(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["label"].notna()]


def _lots(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[(frame["kind"] == "lot") & frame["label"].notna() & np.isfinite(frame["level"])]


def _lots_and_news(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[(frame["kind"] == "lot") | (frame["horizon_days"] == NEEDED_AHEAD)]


def _price(answers: pd.DataFrame, rows: pd.DataFrame) -> float:
    return mae(rows["label"], answers["predicted_price"])


def _near_weeks(frame: pd.DataFrame) -> pd.DataFrame:
    near = (frame["kind"] == "week") & (frame["level"] == "country") & (frame["horizon_days"] <= BANDS[0])
    return frame[near & frame["label"].notna()]


def _forecast(answers: pd.DataFrame, rows: pd.DataFrame) -> float:
    off = (answers["predicted_demand"] - rows["label"]).abs() / weekly_steps(rows)
    return float(off.mean())


def _grading(answers: pd.DataFrame, rows: pd.DataFrame) -> float:
    truth, said = (
        np.array([GRADES.index(grade) for grade in series], dtype=np.intp)
        for series in (rows["label"], answers["quality_grade"])
    )
    return 1.0 - float(macro_f1(confusion(truth, said, len(GRADES))))


def _graded(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["label"].isin(list(GRADES))]


def _detection(answers: pd.DataFrame, rows: pd.DataFrame) -> float:
    if rows["label"].nunique() < 2:
        return float("nan")
    return 1.0 - pr_auc(rows["label"], answers["fraud_score"])


def _ranking(answers: pd.DataFrame, rows: pd.DataFrame) -> float:
    ranked = rows[[name for name in ASKED if name not in answers]].join(answers)
    return 1.0 - summary(rankings(ranked, "open", {"model": SCORE})["model"])["mrr"]


LOSSES: dict[Task, Loss] = {
    "price": Loss("MAE of lots, INR per quintal", _lots, _lots_and_news, _price),
    "forecast": Loss("MASE of the country's weeks within 30 days", _near_weeks, _all, _forecast, 28),
    "grading": Loss("1 - macro-F1", _graded, _graded, _grading),
    "detection": Loss("1 - PR-AUC", _labelled, _labelled, _detection),
    "ranking": Loss("1 - mean reciprocal rank among open offers", _all, _all, _ranking),
}
