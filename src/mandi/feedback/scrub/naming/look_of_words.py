"""What a tagger sees of a text: its words, and of each word its looks, its lists and its neighbours."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

from mandi.feedback.scrub.naming.gazetteer import Gazetteer

_SIGNS = (
    "".join(chr(c) for c in range(0x0900, 0x0E00) if unicodedata.category(chr(c)) in ("Mn", "Mc"))
    + "\u200c\u200d"
)
"""Vowel signs and joiners of Indian scripts: part of a word, though not a letter."""
_TOKENS = re.compile(rf"[^\W\d_]+(?:[{_SIGNS}]+[^\W\d_]*)*(?:['’][^\W\d_]+)*|\d+(?:[.,]\d+)*|\S")
NEAR = (-2, -1, 1, 2)


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a number or a mark; ``kind`` says what a rule has already found there."""

    start: int
    end: int
    text: str
    kind: str = ""


def tokens(text: str, taken: Sequence[tuple[int, int, str]] = ()) -> list[Token]:
    """Return the tokens of a text; each place already taken is one token.

    Examples
    --------
    >>> [t.text for t in tokens("Mr. D'Souza, Plot 12/B")]
    ['Mr', '.', "D'Souza", ',', 'Plot', '12', '/', 'B']
    >>> [t.kind or t.text for t in tokens("call 98200 now", [(5, 10, "PHONE")])]
    ['call', 'PHONE', 'now']
    """
    found: list[Token] = []
    at = 0
    for start, end, kind in [*taken, (len(text), len(text), "")]:
        found += [Token(m.start(), m.end(), m[0]) for m in _TOKENS.finditer(text, at, start)]
        if kind:
            found.append(Token(start, end, "", kind))
        at = end
    return found


class Looks:
    """Turns tokens into the words of a tagger's language.

    Parameters
    ----------
    gazetteer : Gazetteer
    silent : collection of str
        Words whose own spelling is not told, in small letters, so that a name is not learnt by heart.
    known : collection of str, optional
        The features a trained tagger has a weight for; all others are left out, which is faster and changes nothing.
    """

    def __init__(
        self, gazetteer: Gazetteer, silent: Collection[str] = (), known: Collection[str] | None = None
    ) -> None:
        self._gazetteer = gazetteer
        self._silent = frozenset(silent)
        self._known = None if known is None else frozenset(known)
        self._of_word = lru_cache(maxsize=20_000)(self._word)
        self._of_pair = lru_cache(maxsize=50_000)(self._pair)

    def __call__(self, sequence: Sequence[Token]) -> list[list[str]]:
        """Return the features of each token."""
        words = [self._of_word(token.text, token.kind) for token in sequence]
        size, known = len(words), self._known
        out = []
        for k, word in enumerate(words):
            mine = list(word.own)
            left = words[k - 1] if k else _EDGE
            right = words[k + 1] if k + 1 < size else _EDGE
            mine += left.near[1]
            mine += right.near[2]
            if k > 1:
                mine += words[k - 2].near[0]
            if k + 2 < size:
                mine += words[k + 2].near[3]
            mine += self._of_pair(left, word)[1]
            mine += self._of_pair(word, right)[0]
            shapes = f"t={left.shape}{word.shape}{right.shape}"
            if known is None or shapes in known:
                mine.append(shapes)
            out.append(mine)
        return out

    def _pair(self, left: _Word, right: _Word) -> tuple[list[str], list[str]]:
        """Return what two neighbours tell of the left one, and of the right one."""
        shapes, lists = f"{left.shape}{right.shape}", f"{left.lists}|{right.lists}"
        of_left = [f"r={shapes}", f"v={left.shape}|{right.word}", f"h={lists}"]
        of_right = [f"l={shapes}", f"w={left.word}|{right.shape}", f"g={lists}"]
        known = self._known
        if known is None:
            return of_left, of_right
        return [f for f in of_left if f in known], [f for f in of_right if f in known]

    def _word(self, text: str, kind: str) -> _Word:
        if kind:
            shape, lists, spelt = f"<{kind}>", "", ""
        else:
            shape, lists = _shape(text), "+".join(self._gazetteer(text))
            low = text.casefold()
            spelt = "" if low in self._silent else (re.sub(r"\d", "0", low) if text[0].isdigit() else low)
        near_by = [f"s={shape}"] + ([f"w={spelt}"] if spelt else []) + ([f"g={lists}"] if lists else [])
        own = [f"0:{f}" for f in near_by] + ["b"]
        if not kind and text[0].isalpha():
            low = text.casefold()
            own += [
                f"e3={low[-3:]}",
                f"e2={low[-2:]}",
                f"p2={low[:2]}",
                f"n={min(len(low), 9)}",
                f"se={shape}{low[-2:]}",
            ]
        known = self._known
        if known is not None:
            own = [f for f in own if f in known]
        near = tuple([f"{o}:{f}" for f in near_by if known is None or f"{o}:{f}" in known] for o in NEAR)
        # a word two places before k sees k at +2: near[0] is what k-2 says of itself to k
        return _Word(own, near, shape, spelt, lists)


@dataclass(frozen=True, slots=True, eq=False)
class _Word:
    own: list[str]
    near: tuple[list[str], ...]
    shape: str
    word: str
    lists: str


_EDGE = _Word([], (["-2:edge"], ["-1:edge"], ["1:edge"], ["2:edge"]), "^", "^", "^")


def _shape(text: str) -> str:
    first = text[0]
    if first.isdigit():
        return "d" + (str(len(text)) if len(text) < 8 else "8") + ("." if not text.isdigit() else "")
    if not first.isalpha():
        return first
    if len(text) == 1:
        return "X" if first.isupper() else "x"
    if text.isupper():
        return "XX"
    if first.isupper():
        return "Xx" if text[1:].islower() else "XxX"
    return "xx" if first.islower() else "hh"
