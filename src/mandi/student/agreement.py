"""Whether two answers to one question say the same: the same label, the same figures, or much the same words."""

from __future__ import annotations

import json

from mandi.student.embedded.figures import mentions
from mandi.student.encoder import words_of

SAME_FIGURES = 0.5
"""Share of the figures of both that both state: an interval beside the price makes no other answer."""
SAME_WORDS = 0.5


def label_of(answer: str) -> str:
    """Return the label of an answer: ``{"label": ...}``, or the text as it is.

    Examples
    --------
    >>> label_of('{"label": "up"}'), label_of("up ")
    ('up', 'up')
    """
    try:
        told = json.loads(answer)
    except ValueError:
        return answer.strip()
    return str(told["label"]) if isinstance(told, dict) and "label" in told else answer.strip()


def agrees(one: str, other: str, *, labels: bool = False) -> bool:
    """Return whether two answers say the same.

    Parameters
    ----------
    one, other : str
    labels : bool
        They are answers of a classification: equal labels, and nothing else, agree.

    Examples
    --------
    >>> agrees("It sells at Rs 4,650 (4,400 to 4,900).", "Rs 4650, likely between 4400 and 4900")
    True
    >>> agrees("It sells at Rs 4,650.", "It sells at Rs 4,560.")
    False
    >>> agrees("A quintal is a hundred kilograms", "a quintal is a hundred kilograms.")
    True
    """
    if labels:
        return label_of(one) == label_of(other)
    mine, theirs = _figures(one), _figures(other)
    if mine or theirs:
        return len(mine & theirs) >= SAME_FIGURES * len(mine | theirs)
    return _overlap(words_of(one), words_of(other)) >= SAME_WORDS


def _figures(text: str) -> set[str]:
    found = mentions(text)
    numbers = {f"{float(m.text.replace(',', '')):g}" for m in found if m.kind == "number"}
    return numbers | {m.text for m in found if m.kind in ("day", "id")}


def _overlap(one: list[str], other: list[str]) -> float:
    mine, theirs = set(one), set(other)
    return 2.0 * len(mine & theirs) / max(len(mine) + len(theirs), 1)
