"""Checks of an answer that need nobody's opinion: figures that are in the facts, refusals, length."""

from __future__ import annotations

import bisect
import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from mandi.feedback.figures import Figure, figures

COUNTED_TO = 100.0
"""Plain whole numbers up to it are counts and days: they need no fact."""
YEARS = (1900.0, 2200.0)
ROUNDED = 0.006
"""A figure stands for a fact when it is this near, as a share of it."""
SCALES = (1.0, 100.0, 0.01, 10.0, 0.1)
LONGEST_JUDGED = 20_000
REFUSAL = re.compile(
    r"\b(?:i|we)(?:'m| am| are)? (?:can(?:no|')t|can ?not|unable|not able|do(?:n't| not) (?:know|have)|know no|have no|could not|couldn't)\b"
    r"|\b(?:no (?:idea|information|data|figure)|sorry|apologi[sz]e|as an ai|ask (?:somebody|someone) else|please consult|not (?:sure|known|available))\b"
    r"|माफ़? कीजिए|क्षमा|पता नहीं|ज्ञात नहीं|தெரியவில்லை|மன்னிக்கவும்|maaf kij|pata nahi",
    re.IGNORECASE,
)


def refuses(answer: str) -> bool:
    """Return whether an answer says that there is none, in its first 300 characters.

    Examples
    --------
    >>> refuses("Sorry, I do not know that."), refuses("₹7,250 per quintal")
    (True, False)
    """
    return bool(REFUSAL.search(answer[:300]))


def badly_long(answer: str, task: str, shortest: int, longest: int) -> bool:
    """Return whether an answer in words has fewer or more of them than an answer should; a label has no length.

    Examples
    --------
    >>> badly_long("As usual.", "chat", 3, 200), badly_long('{"label": "up"}', "classification", 3, 200)
    (True, False)
    """
    if task == "classification":
        return not answer.strip()
    count = len(answer.split())
    return count > longest or (count < shortest and not figures(answer[:200]))


def grounded(answer: str, facts: Mapping[str, Any]) -> float | None:
    """Return the share of an answer's figures that are facts, rounded or in other units; None without figures or without facts.

    Small whole numbers, years and, where no day is among the facts, days are not judged.

    Parameters
    ----------
    answer : str
    facts : mapping
        Any nesting; numbers in texts are facts too.

    Examples
    --------
    >>> grounded("₹7,250 per quintal, at most 7,600", {"price": {"predicted": 7249.6, "high": 7900.0}})
    0.5
    >>> grounded("about 10 bags", {"price": 7249.6}) is None
    True
    """
    known, days = _known(facts)
    told = [one for one in figures(answer[:LONGEST_JUDGED]) if _judged(one, bool(days))]
    if not told or not (known or days):
        return None
    return sum(_fact(one, known, days) for one in told) / len(told)


def facts_of(text: str) -> dict[str, Any]:
    """Return facts from their JSON; anything but a mapping is no fact."""
    held = json.loads(text) if text else {}
    return held if isinstance(held, dict) else {}


def _judged(figure: Figure, days: bool) -> bool:
    if figure.unit == "date":
        return days
    plain = figure.unit in ("", "days") and figure.value.is_integer()
    return not (plain and (abs(figure.value) <= COUNTED_TO or YEARS[0] <= figure.value <= YEARS[1]))


def _fact(figure: Figure, known: list[float], days: set[float]) -> bool:
    if figure.unit == "date":
        return figure.value in days
    return any(_near(abs(figure.value) * scale, known) for scale in SCALES)


def _near(value: float, known: list[float]) -> bool:
    at = bisect.bisect_left(known, value * (1.0 - ROUNDED))
    return at < len(known) and known[at] <= value * (1.0 + ROUNDED)


def _known(facts: Mapping[str, Any]) -> tuple[list[float], set[float]]:
    numbers: set[float] = set()
    days: set[float] = set()
    for leaf in _leaves(facts):
        if isinstance(leaf, str):
            for figure in figures(leaf[:LONGEST_JUDGED]):
                (days if figure.unit == "date" else numbers).add(abs(figure.value))
        elif math.isfinite(leaf):
            numbers.add(abs(float(leaf)))
    return sorted(numbers), days


def _leaves(value: Any) -> Iterator[str | float]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, str):
        yield value
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield float(value)
