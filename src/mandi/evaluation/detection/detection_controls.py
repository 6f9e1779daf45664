"""A control for detectors that may learn from cases: on shuffled labels nothing that learns from them may be let in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from mandi.core.errors import ContractError
from mandi.evaluation.controls import ControlResult
from mandi.evaluation.detection.detection_scores import pr_auc

if TYPE_CHECKING:
    import pandas as pd

    from mandi.models.base import Model

LEARNT = ("train", "validation", "calibration")
DRAWS = 400


def shuffled_cases(make_model: Callable[[], Model], frame: pd.DataFrame, seed: int) -> ControlResult:
    """Fit on labels shuffled within each part, and ask for the shuffled labels of the test.

    Whoever scores the shuffled labels better than chance has read them elsewhere than in the deals. A detector of strange
    deals still finds what is strange, whatever the labels say; what learns from cases must not have been let in, which a
    model says by ``uses_cases``.

    Parameters
    ----------
    make_model : callable
        Returns a new, unfitted model.
    frame : DataFrame
        Assembled questions with ``label`` and ``part``.
    seed : int

    Returns
    -------
    ControlResult
        Figures ``shuffled_pr_auc`` (of the shuffled labels), ``chance_most`` (the most that chance gave in `DRAWS` other
        shuffles of the test), ``true_pr_auc`` (of the true labels, for the
        same model) and ``uses_cases``.

    Raises
    ------
    ContractError
        The test holds no fraud.
    """
    rng = np.random.default_rng(seed)
    known = frame[frame["label"].notna() & frame["part"].isin([*LEARNT, "test"])]
    label = known["label"].to_numpy(dtype=np.float64).copy()
    for places in known.groupby("part", sort=True).indices.values():
        label[places] = label[rng.permutation(places)]
    shuffled = known.assign(label=label)
    test = (known["part"] == "test").to_numpy()
    if not 0 < label[test].sum() < test.sum():
        raise ContractError("the test holds no fraud, or nothing else", allowed="both")
    if "label_then" in shuffled:
        shuffled = shuffled.assign(label_then=label)
    model = make_model().fit(shuffled[~test])
    score = model.predict(shuffled[test])["fraud_score"]
    figures = {
        "shuffled_pr_auc": pr_auc(label[test], score),
        "chance_most": max(pr_auc(rng.permutation(label[test]), score) for _ in range(DRAWS)),
        "true_pr_auc": pr_auc(known["label"].to_numpy()[test], score),
        "uses_cases": float(bool(getattr(model, "uses_cases", False))),
    }
    failed = []
    if figures["shuffled_pr_auc"] > figures["chance_most"]:
        failed.append(
            f"PR-AUC of shuffled labels {figures['shuffled_pr_auc']:.3f}, by chance {figures['chance_most']:.3f} at most"
        )
    if figures["uses_cases"]:
        failed.append("trees taught by shuffled cases were let in")
    text = f"{int(test.sum())} test questions, " + (
        "nothing is learned from shuffled labels" if not failed else "; ".join(failed)
    )
    return ControlResult("shuffled labels", not failed, text, figures, tuple(failed))
