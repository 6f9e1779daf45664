"""One lot's quality score taken apart: from a middling lot of the commodity, cause by cause, in points of 0-100."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mandi.core.errors import ContractError
from mandi.report.canvas import FLOOR, INK, MODEL, WORST, Chart, chart, require

BASE = "base"


def score_effects(explained: pd.DataFrame, score: float, title: str = "How this score comes about") -> Chart:
    """Draw one quality score as a waterfall from the score of a middling lot.

    Parameters
    ----------
    explained : DataFrame
        ``feature, effect`` of one row, as a grader's ``explain`` gives them, base included.
    score : float
        The score; the effects must add up to it.

    Raises
    ------
    ContractError
        The effects do not add up to the score.

    Examples
    --------
    >>> told = pd.DataFrame({"feature": ["base", "moisture_pct"], "effect": [75.0, -9.0]})
    >>> score_effects(told, 66.0, "One lot").alt
    'One lot'
    """
    require(explained, ["feature", "effect"])
    effects = explained.set_index("feature")["effect"].astype(float)
    if not np.isclose(effects.sum(), score, atol=1e-6):
        raise ContractError(
            f"the effects add up to {effects.sum():.3f}, the score is {score:.3f}", allowed="the same"
        )
    causes = effects.drop(BASE).sort_values(key=np.abs, ascending=False)
    ends = effects[BASE] + causes.cumsum()
    starts = np.concatenate([[effects[BASE]], ends.to_numpy()[:-1]])
    figure, (axes,) = chart(title, "quality score, 0-100", "", height=1.4 + 0.3 * (len(causes) + 2))
    place = np.arange(1, len(causes) + 1)
    axes.barh(
        place, causes, left=starts, color=[FLOOR if effect > 0 else WORST for effect in causes], height=0.62
    )
    for at, start, effect in zip(place.tolist(), starts, causes):
        axes.text(max(start, start + effect) + 0.4, at, f"{effect:+.1f}", va="center", fontsize=8.5)
    axes.plot([effects[BASE]], [0], "o", color=INK)
    axes.plot([score], [len(causes) + 1], "o", color=MODEL)
    axes.text(effects[BASE] + 0.6, 0, f"{effects[BASE]:.1f}", va="center", fontsize=8.5)
    axes.text(score + 0.6, len(causes) + 1, f"{score:.1f}", va="center", fontsize=8.5, fontweight="bold")
    words = ["a middling lot", *(str(name).replace("_", " ") for name in causes.index), "this lot"]
    axes.set_yticks(range(len(causes) + 2), words)
    axes.invert_yaxis()
    axes.grid(True, axis="x")
    axes.grid(False, axis="y")
    return figure
