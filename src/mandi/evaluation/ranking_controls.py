"""The control of what rankings learn: deals moved at random to another offer of the same want must teach nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mandi.core.errors import ContractError
from mandi.evaluation.controls import ControlResult
from mandi.evaluation.ranking_metrics import chance, places, summary

if TYPE_CHECKING:
    from mandi.models.base import Model

WANT, LABEL, SCORE = "requirement_id", "label", "match_score"
LEARNT = ("train", "validation", "calibration")
SIGMAS = 3.0


def shuffled_choices(
    make_model: Callable[[], Model], frame: pd.DataFrame, seed: int, *, least: int = 6, max_wants: int | None = 900
) -> ControlResult:
    """Fit on deals moved among the offers of their want: what is learnt must serve no more wants than chance.

    A model that learnt nothing ranks at random, or by one attribute picked up by accident, up or down; the share it serves
    scatters around chance by the spread of a share and by that accident. It fails when it is above chance by more than
    three standard errors plus the most that one attribute alone gives: half the way from chance to the cheapest offer.

    Parameters
    ----------
    make_model : callable
        Returns a new, unfitted model.
    frame : DataFrame
        Assembled pairs with label, part, requirement_id.
    seed : int
    least : int
        Wants with fewer offers shown are left out of the test.
    max_wants : int, optional
        Fit on the last so many wants of each part, to bound the time it takes.

    Returns
    -------
    ControlResult
        Figures ``shuffled_top5``, ``chance_top5``, ``limit``.

    Raises
    ------
    ContractError
        The test holds no want with so many offers shown.
    """
    shown = frame[frame[LABEL].notna()]
    learnt = shown[shown["part"].isin(LEARNT)]
    if max_wants is not None:
        learnt = pd.concat([_last(rows, max_wants) for _, rows in learnt.groupby("part", sort=True)])
    rng = np.random.default_rng(seed)
    moved = learnt[LABEL].to_numpy(dtype=float).copy()
    for rows in learnt.groupby(WANT, sort=True).indices.values():
        moved[rows] = moved[rows][rng.permutation(len(rows))]
    test = shown[shown["part"] == "test"]
    test = test[test.groupby(WANT)[LABEL].transform("size") >= least]
    if not len(test):
        raise ContractError(f"no want of the test was shown {least} offers", allowed="at least one")
    score = make_model().fit(learnt.assign(**{LABEL: moved})).predict(test.drop(columns=LABEL))[SCORE]
    found = places(test[WANT], score, test[LABEL] > 0)
    cheapest = summary(places(test[WANT], -test["ask_price"], test[LABEL] > 0))["top5"]
    share, blind = summary(found)["top5"], chance(found)
    limit = blind + SIGMAS * float(np.sqrt(blind * (1.0 - blind) / len(found))) + 0.5 * max(cheapest - blind, 0.0)
    passed = share <= limit
    text = (
        f"{len(found)} wants of the test, deals moved at random in training: {share:.3f} served among the first five, "
        f"{blind:.3f} by chance, at most {limit:.3f} allowed"
    )
    figures = {"shuffled_top5": share, "chance_top5": blind, "limit": limit}
    return ControlResult("shuffled labels", passed, text, figures)


def _last(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    wants = rows.groupby(WANT)["asof"].max().sort_values(kind="stable").index[-most:]
    return rows[rows[WANT].isin(wants)]
