"""Openings and closings that stand around many answers and say nothing: answers are learned, and given, without them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from mandi.feedback.agreement import NEGATIONS, OPPOSITES

ALIKE = 3
"""Answers that must be found both with a wrap and without it, before it is taken for one."""
MOST = 2  # closings in a row
LONGEST = 60
_ENDS = re.compile(r"(?<=[.!?।:])\s+")
_DIGITS = re.compile(r"\d[\d,.]*")
_MEANING = {word for pair in OPPOSITES for side in pair for word in side.split()} | NEGATIONS | {"yes", "no"}


def wraps(texts: Sequence[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the openings and the closings of texts that can be left out.

    A first or last sentence is one when at least three texts, figures aside, are also found without it, and it holds neither a figure
    nor a word that turns a meaning round.

    Examples
    --------
    >>> said = ["Wait a week.", "Sell now.", "Buy maize.", "Sure. Wait a week.", "Sure. Sell now.", "Sure. Buy maize."]
    >>> wraps(said)[0] == frozenset({"Sure."})
    True
    """
    whole = {_masked(text) for text in texts}
    openings: dict[str, set[str]] = defaultdict(set)
    closings: dict[str, set[str]] = defaultdict(set)
    seen: dict[str, set[str]] = defaultdict(set)
    for text in sorted(set(texts)):
        pieces = _ENDS.split(text)
        if len(pieces) < 2:
            continue
        for wrap, rest, into in (
            (pieces[0], _masked(" ".join(pieces[1:])), openings), (pieces[-1], _masked(" ".join(pieces[:-1])), closings)
        ):  # fmt: skip
            into[wrap].add(rest)
            seen[rest].add(wrap)
    found = [
        frozenset(
            wrap
            for wrap, rests in sorted(one.items())
            if _idle(wrap) and sum(rest in whole or len(seen[rest]) > 1 for rest in rests) >= ALIKE
        )
        for one in (openings, closings)
    ]
    return found[0], found[1]


def unwrapped(text: str, known: tuple[frozenset[str], frozenset[str]]) -> str:
    """Return a text without its wraps; one that is nothing else stays as it is.

    Examples
    --------
    >>> unwrapped("Sure. Wait a week. I hope this helps.", (frozenset({"Sure."}), frozenset({"I hope this helps."})))
    'Wait a week.'
    """
    openings, closings = known
    pieces = _ENDS.split(text)
    if len(pieces) > 1 and pieces[0] in openings:
        pieces = pieces[1:]
    for _ in range(MOST):
        if len(pieces) > 1 and pieces[-1] in closings:
            pieces = pieces[:-1]
    if len(pieces) == len(_ENDS.split(text)):
        return text
    return text[text.index(pieces[0]) : text.rindex(pieces[-1]) + len(pieces[-1])]


def _idle(wrap: str) -> bool:
    words = set(re.findall(r"[^\W\d_]+", wrap.casefold()))
    return len(wrap) <= LONGEST and not _DIGITS.search(wrap) and not words & _MEANING


def _masked(text: str) -> str:
    return _DIGITS.sub("#", text.casefold())
