"""Whether confidence means what it says: accuracy by confidence, as a table and as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mandi.core.errors import TooLittleData
from mandi.text.calibration import BINS, calibration_error
from mandi.text.linear import Floats

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame


def reliability(confidence: Floats, correct: Any, bins: int = BINS) -> DataFrame:
    """Return one row per bin that holds an answer: rows, mean confidence, accuracy and its Wilson interval.

    Parameters
    ----------
    confidence : ndarray
        In [0, 1]. Unknown confidence has no place here: leave those answers out.
    correct : sequence of bool
    bins : int
        Of equal width.

    Raises
    ------
    TooLittleData
        There is no answer.

    Examples
    --------
    >>> table = reliability(np.array([0.9, 0.9, 0.3]), [True, False, False], bins=2)
    >>> table[["rows", "confidence", "accuracy"]].to_numpy().round(2).tolist()
    [[1.0, 0.3, 0.0], [2.0, 0.9, 0.5]]
    """
    import pandas as pd

    sure, right = np.asarray(confidence, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    if not len(sure):
        raise TooLittleData("no answer has a confidence", allowed="at least one")
    at = np.minimum((sure * bins).astype(int), bins - 1)
    count = np.bincount(at, minlength=bins)
    kept = np.flatnonzero(count)
    n = count[kept].astype(np.float64)
    share = np.bincount(at, right, bins)[kept] / n
    low, high = _wilson(share, n)
    return pd.DataFrame(
        {
            "from": kept / bins, "to": (kept + 1) / bins, "rows": count[kept],
            "confidence": np.bincount(at, sure, bins)[kept] / n, "accuracy": share, "low": low, "high": high,
        }
    )  # fmt: skip


def reliability_chart(confidence: Floats, correct: Any, bins: int = BINS) -> Figure:
    """Draw accuracy against confidence, with the diagonal it should follow and the 95 % interval of each bin."""
    from matplotlib.figure import Figure

    table = reliability(confidence, correct, bins)
    figure = Figure(figsize=(5.0, 4.5), layout="constrained")
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":")
    around = [table["accuracy"] - table["low"], table["high"] - table["accuracy"]]
    axes.errorbar(table["confidence"], table["accuracy"], yerr=around, marker="o", linestyle="-", capsize=2)
    error = calibration_error(np.asarray(confidence, dtype=np.float64), correct, bins)
    axes.set(
        xlabel="confidence", ylabel="share that was right", xlim=(0, 1), ylim=(0, 1),
        title=f"{int(table['rows'].sum()):,} answers, calibration error {error:.3f}",
    )  # fmt: skip
    return figure


def _wilson(share: Floats, n: Floats, z: float = 1.96) -> tuple[Floats, Floats]:
    spread = z * z / n
    centre = (share + spread / 2) / (1 + spread)
    half = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + spread)
    return np.clip(centre - half, 0, share), np.clip(centre + half, share, 1)
