"""Names of people and postal addresses, found by a tagger of words that was trained on invented sentences."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path

from mandi.feedback.scrub.naming import trade_words
from mandi.feedback.scrub.naming.gazetteer import STREETS, Gazetteer, known_people, never_alone
from mandi.feedback.scrub.naming.look_of_words import Looks, Token, tokens
from mandi.feedback.scrub.naming.tagger import OUTSIDE, SURE, Field
from mandi.feedback.scrub.rules import Span

MODEL = Path(__file__).parent / "names.crfsuite"
LONGEST = 400
"""Tokens read at once; a longer line is read in pieces."""
MONEY = frozenset(("rs", "inr", "₹", "rupees", "rate", "bhav"))
UNITS = frozenset(("%", "per", *trade_words.UNITS.split()))
_FIGURE = re.compile(r"\d+\.\d+|\d{1,3}(?:,\d{2,3})+(?:\.\d+)?")
"""No house has such a number."""
_DOOR = re.compile(
    r"\b[1-9]\d{2} ?\d{3}\b|\b\d{1,4}[A-Za-z]?\s?/\s?[A-Za-z\d]{1,4}\b|\b[A-Za-z]-\d{1,4}\b|\bno\b\.?\s?\d|^\d{1,3}, ?[^\d,]+,|(?:nagar|pura|peth|wadi|vihar)\b",
    re.IGNORECASE,
)
"""A postal code, a number of a house, or the name of a part of a town."""
_STREETS = frozenset(STREETS.split()) - {"market", "place", "close", "way", "post", "no", "drive", "main"}
_CODE = re.compile(r"\b(?=[a-z]*\d)(?=\d*[a-z])[0-9a-z]{16,}\b", re.IGNORECASE | re.ASCII)
"""Ids of requests and the like."""
_JOINS = {"PERSON": frozenset(".'’-"), "ADDRESS": frozenset(".,-/#()&:'")}


class Names:
    """Finds names and addresses.

    Parameters
    ----------
    keep : collection of str
        Names of markets, commodities and the like that are never a person or an address by themselves.
    sure : float
        A word is left alone if the tagger is this sure that it is neither.

    Examples
    --------
    >>> found = Names().find("Please call Ramesh Patel about the cotton in Akola")
    >>> [(s.kind, s.start, s.end) for s in found]
    [('PERSON', 12, 24)]
    """

    def __init__(self, keep: Collection[str] = (), sure: float = SURE) -> None:
        self._keep = never_alone() | {
            t.text.casefold()
            for name in keep
            for t in tokens(name.replace("_", " "))
            if t.text[0].isalpha() and len(t.text) > 1
        }
        self._sure = sure
        self._field, self._looks = _loaded()

    def find(self, text: str, taken: Sequence[tuple[int, int]] = ()) -> list[Span]:
        """Return spans of kind PERSON and ADDRESS that do not touch the places already taken, sorted."""
        found: list[Span] = []
        codes = [
            m.span() for m in _CODE.finditer(text) if not any(a < m.end() and m.start() < b for a, b in taken)
        ]
        seen = sorted([*((a, b, "SEEN") for a, b in taken), *((a, b, "CODE") for a, b in codes)])
        for sequence in split(text, tokens(text, seen)):
            if any(t.text[:1].isalpha() for t in sequence):
                labels = self._field(self._looks(sequence), self._sure)
                for k in of_trade(sequence):
                    labels[k] = OUTSIDE
                for k in _with_number(sequence):
                    labels[k] = OUTSIDE if labels[k] == "PERSON" else labels[k]
                found += self._spans(text, sequence, labels)
        return found

    def _spans(self, text: str, sequence: Sequence[Token], labels: Sequence[str]) -> list[Span]:
        found: list[Span] = []
        k = 0
        while k < len(sequence):
            label = labels[k]
            if label == OUTSIDE or sequence[k].kind or not sequence[k].text[0].isalnum():
                k += 1
                continue
            last = k
            ahead = k + 1
            while ahead < len(sequence) and not sequence[ahead].kind:
                token = sequence[ahead]
                if labels[ahead] == label and token.text[0].isalnum():
                    last = ahead
                elif not (token.text in _JOINS[label] and ahead - last < 3):
                    break
                ahead += 1
            first, after = k, last + 1
            if label == "PERSON":  # "Akola Ramesh": the market is none of his names
                while first < last and self._kept(sequence[first]):
                    first += 1
                while last > first and self._kept(sequence[last]):
                    last -= 1
            span = Span(sequence[first].start, sequence[last].end, label)
            if self._personal(text[span.start : span.end], sequence[first : last + 1], label):
                found.append(span)
            k = after
        return found

    def _kept(self, token: Token) -> bool:
        return not token.text[0].isalpha() or token.text.casefold() in self._keep

    def _personal(self, said: str, sequence: Sequence[Token], label: str) -> bool:
        words = [t.text.casefold() for t in sequence if t.text[0].isalpha()]
        if not words or all(word in self._keep for word in words):
            return False
        if label == "ADDRESS":  # a town alone is a market, and a town with a number is its rate
            return bool(_DOOR.search(said)) or not _STREETS.isdisjoint(words)
        return len(said) > 1


def of_trade(sequence: Sequence[Token]) -> list[int]:
    """Return the places of numbers that are money, a quantity or a lot, with their units: whatever the tagger says, they are nobody's.

    Examples
    --------
    >>> of_trade(tokens("Plot 12, Rs. 7,200 for 40 bags"))
    [3, 4, 5, 7, 8]
    """
    found: set[int] = set()
    for k, token in enumerate(sequence):
        if not token.text[:1].isdigit():
            continue
        if len(token.text) > 4 and k and _letter_at(sequence[k - 1], token.start):
            found.update((k - 1, k))
        if _FIGURE.fullmatch(token.text):
            found.add(k)
        before = k - 2 if k > 1 and sequence[k - 1].text == "." else k - 1
        if before >= 0 and sequence[before].text.casefold() in MONEY:
            found.update(range(before, k + 1))
        if k + 1 < len(sequence) and sequence[k + 1].text.casefold() in UNITS:
            found.update((k, k + 1))
    return sorted(found)


def _letter_at(token: Token, end: int) -> bool:
    return token.end == end and len(token.text) == 1 and token.text.isalpha()


def _with_number(sequence: Sequence[Token]) -> list[int]:
    """Return the words before a hyphen and a number: a variety as "Shankar-6" or a part of an address, but no person."""
    return [
        k
        for k, (word, mark, number) in enumerate(zip(sequence, sequence[1:], sequence[2:], strict=False))
        if mark.text == "-"
        and word.end == mark.start
        and mark.end == number.start
        and number.text[:1].isdigit()
    ]


def split(text: str, sequence: Sequence[Token]) -> list[list[Token]]:
    """Return tokens line by line, long lines in pieces."""
    out: list[list[Token]] = []
    line: list[Token] = []
    last = 0
    for token in sequence:
        if line and (len(line) >= LONGEST or "\n" in text[last : token.start]):
            out.append(line)
            line = []
        line.append(token)
        last = token.end
    return [*out, line] if line else out


def silent_words() -> frozenset[str]:
    """Return the words of names and places to learn from, in small letters: the tagger is not told how they are spelt."""
    from mandi.feedback.scrub.words import LEARN

    phrases = (
        *LEARN.given,
        *LEARN.surnames,
        *LEARN.localities,
        *LEARN.streets,
        *LEARN.buildings,
        *(t for t, _, _ in LEARN.towns),
    )
    common = Gazetteer()
    return frozenset(w.casefold() for p in phrases for w in p.split() if not common(w))


@lru_cache(maxsize=1)
def _loaded() -> tuple[Field, Looks]:
    given, surnames, places = known_people()
    field = Field(MODEL.read_bytes())
    gazetteer = Gazetteer({"given": given, "family": surnames, "town": places})
    return field, Looks(gazetteer, silent_words(), field.features)
