"""Labels held against what only a generated log knows; for examinations alone, nothing here is learned from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mandi.feedback.vocabulary import UNLABELLED

if TYPE_CHECKING:
    from pandas import DataFrame

NAMES = {"hinglish": "hi-Latn"}
"""What the generated log calls a language, where it is another name."""


def label_truth(labels: DataFrame, truth: DataFrame) -> dict[str, float]:
    """Return accuracy of the labels that were given, of all guesses, and by phase.

    Parameters
    ----------
    labels : DataFrame
        As ``Labeller.label`` returns it, by generation id.
    truth : DataFrame
        ``intent``, ``kind``, ``sentiment``, ``emotion``, ``language``, ``phase``, by generation id.

    Returns
    -------
    dict
        ``truth.<label>.accuracy_given``, ``.coverage``, ``.accuracy`` (of every guess, whatever the confidence), ``.majority``, and
        ``.<phase>.accuracy_given``.

    Examples
    --------
    >>> import pandas as pd
    >>> labels = pd.DataFrame({"kind": ["question"], "kind_guess": ["question"], "language_found": ["hi-Latn"]}, index=["g"])
    >>> truth = pd.DataFrame({"kind": ["question"], "language": ["hinglish"], "phase": ["early"]}, index=["g"])
    >>> label_truth(labels, truth)["truth.language.accuracy_given"]
    1.0
    """
    known = labels.index.intersection(truth.index)
    here, told = labels.loc[known], truth.loc[known]
    found: dict[str, float] = {}
    for name in ("intent", "kind", "sentiment", "emotion", "language"):
        column = "language_found" if name == "language" else name
        if column not in here or name not in told or not len(known):
            continue
        is_so = told[name].replace(NAMES)
        given = here[column] != UNLABELLED
        found[f"truth.{name}.coverage"] = float(given.mean())
        found[f"truth.{name}.majority"] = float(is_so.value_counts(normalize=True).max())
        if f"{column}_guess" in here:
            found[f"truth.{name}.accuracy"] = float((here[f"{column}_guess"] == is_so).mean())
        if given.any():
            found[f"truth.{name}.accuracy_given"] = float((here[column] == is_so)[given].mean())
        for phase in sorted(set(told["phase"].dropna())):
            rows = given & (told["phase"] == phase)
            if rows.any():
                found[f"truth.{name}.{phase}.accuracy_given"] = float((here[column] == is_so)[rows].mean())
    return found
