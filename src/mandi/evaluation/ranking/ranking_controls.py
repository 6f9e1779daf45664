"""The control of what rankings learn: deals moved at random to another offer of the same want must teach nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mandi.core.errors import ContractError
from mandi.evaluation.controls import ControlResult
from mandi.evaluation.ranking.ranking_metrics import chance, places, summary

if TYPE_CHECKING:
    from mandi.models.base import Model

WANT, LABEL, SCORE = "requirement_id", "label", "match_score"
LEARNT = ("train", "validation", "calibration")


def shuffled_choices(
    make_model: Callable[[], Model],
    frame: pd.DataFrame,
    seed: int,
    *,
    tolerance: float = 0.05,
    max_wants: int | None = 900,
) -> ControlResult:
    """Fit on deals moved among the offers of their want: the chances it then states must be worth no more than a constant.

    What is compared is the log loss of ``match_score`` on the offers shown in the test, against the share of deals in
    training stated for every offer. The order alone would not do: weights near zero rank as firmly as large ones, so
    that a model that learnt nothing serves many wants or few by accident; the share it serves is shown beside.

    Parameters
    ----------
    make_model : callable
        Returns a new, unfitted model.
    frame : DataFrame
        Assembled pairs with label, part, requirement_id, feasible.
    seed : int
    tolerance : float
        Share of the constant's log loss that may be gained by accident.
    max_wants : int, optional
        Fit on the last so many wants of each part, to bound the time it takes.

    Returns
    -------
    ControlResult
        Figures ``shuffled_log_loss``, ``constant_log_loss``, ``shuffled_top5``, ``chance_top5``.

    Raises
    ------
    ContractError
        No offer of the test was shown.
    """
    shown = frame[frame[LABEL].notna()]
    learnt = shown[shown["part"].isin(LEARNT)]
    if max_wants is not None:
        learnt = pd.concat([_last(rows, max_wants) for _, rows in learnt.groupby("part", sort=True)])
    rng = np.random.default_rng(seed)
    moved = learnt[LABEL].to_numpy(dtype=float).copy()
    for rows in learnt.groupby(WANT, sort=True).indices.values():
        moved[rows] = moved[rows][rng.permutation(len(rows))]
    test = shown[(shown["part"] == "test") & (shown["feasible"] > 0)]
    if not len(test):
        raise ContractError("no offer of the test was shown", allowed="at least one")
    score = make_model().fit(learnt.assign(**{LABEL: moved})).predict(test.drop(columns=LABEL))[SCORE]
    constant = _log_loss(test[LABEL], np.full(len(test), moved.mean()))
    loss = _log_loss(test[LABEL], score.to_numpy(dtype=float))
    found = places(test[WANT], score, test[LABEL] > 0)
    share, blind = summary(found)["top5"], chance(found)
    passed = loss >= (1.0 - tolerance) * constant
    text = (
        f"{len(found)} wants of the test, deals moved at random in training: log loss {loss:.4f}, a constant's {constant:.4f}; "
        f"{share:.3f} served among the first five, {blind:.3f} by chance"
    )
    figures = {
        "shuffled_log_loss": loss,
        "constant_log_loss": constant,
        "shuffled_top5": share,
        "chance_top5": blind,
    }
    return ControlResult("shuffled labels", passed, text, figures)


def _log_loss(label: pd.Series, chance_of: np.ndarray[Any, Any]) -> float:
    sure = np.clip(chance_of, 1e-9, 1.0 - 1e-9)
    taken = label.to_numpy(dtype=float) > 0
    return float(-np.where(taken, np.log(sure), np.log1p(-sure)).mean())


def _last(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    wants = rows.groupby(WANT)["asof"].max().sort_values(kind="stable").index[-most:]
    return rows[rows[WANT].isin(wants)]
