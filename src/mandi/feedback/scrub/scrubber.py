"""The scrubber: takes personal data out of texts before they are written anywhere, and leaves trade as it is."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from mandi.feedback.scrub.pseudonyms import STAND_IN, Pseudonyms
from mandi.feedback.scrub.rules import USUAL, Rules, Span

ROUNDS = 6
"""A stand-in changes what a name's neighbours look like, so a text is read again until nothing more is found."""
SHORT = 2_000
REMEMBERED = 8_192


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """A text without personal data.

    Attributes
    ----------
    text : str
        With stand-ins such as ``[PHONE_kqzmtb]``.
    spans : tuple of Span
        Where in the text that was read something stood, sorted, without overlaps; the data itself is not kept.
    """

    text: str
    spans: tuple[Span, ...] = ()

    @property
    def kinds(self) -> dict[str, int]:
        """Return how many of each kind were found."""
        counted: dict[str, int] = {}
        for span in self.spans:
            counted[span.kind] = counted.get(span.kind, 0) + 1
        return dict(sorted(counted.items()))


class Scrubber:
    """Finds personal data and puts stand-ins in its place; scrubbing twice changes nothing more.

    Parameters
    ----------
    salt : str, int or bytes
        The same value has the same stand-in under the same salt, and another one under another.
    names : bool
        Whether to look for names and addresses too; without, only for what has a fixed form.
    kinds : collection of str
        What the rules look for; see ``rules.KINDS``.
    keep : collection of str
        Names of markets, commodities and the like that are never a person by themselves.

    Examples
    --------
    >>> scrub = Scrubber("organisation 1", names=False)
    >>> done = scrub.scrub("Call +91 98200 12345 for 40 bales at Rs 61,000 per candy, PAN ABCPD1234Z")
    >>> done.kinds
    {'PAN': 1, 'PHONE': 1}
    >>> "40 bales at Rs 61,000 per candy" in done.text, scrub.scrub(done.text).text == done.text
    (True, True)
    """

    def __init__(
        self,
        salt: str | int | bytes,
        names: bool = True,
        kinds: Collection[str] = USUAL,
        keep: Collection[str] = (),
    ) -> None:
        self._stand_in = Pseudonyms(salt)
        self._rules = Rules(kinds)
        self._names = _names(keep) if names else None
        self._remembered = lru_cache(maxsize=REMEMBERED)(self._scrubbed)

    def scrub(self, text: str) -> Scrubbed:
        """Return a text with stand-ins, and where they went."""
        return self._remembered(text) if len(text) <= SHORT else self._scrubbed(text)

    def scrub_many(self, texts: Iterable[str]) -> list[Scrubbed]:
        """Return many texts scrubbed, in order; each answer depends on its text alone."""
        return [self.scrub(text) for text in texts]

    def scrub_value(self, value: Any) -> Any:
        """Return a value of JSON with every string in its lists and dictionaries scrubbed; keys stay.

        Examples
        --------
        >>> Scrubber(1, names=False).scrub_value({"PAN": "4500", "said": ["rate 7200", 3, None]})
        {'PAN': '4500', 'said': ['rate 7200', 3, None]}
        """
        if isinstance(value, str):
            return self.scrub(value).text
        if isinstance(value, dict):
            return {key: self.scrub_value(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.scrub_value(item) for item in value]
        return value

    def find(self, text: str) -> list[Span]:
        """Return what one reading of a text finds, sorted, without overlaps; stand-ins are never part of it."""
        spans = self._rules.find(text)
        stand_ins = [m.span() for m in STAND_IN.finditer(text)] if "[" in text else []
        if stand_ins:
            spans = [s for s in spans if not _touches(s, stand_ins)]
        if self._names is not None:
            spans = sorted(
                [*spans, *self._names.find(text, [*((s.start, s.end) for s in spans), *stand_ins])]
            )
        return spans

    def _scrubbed(self, text: str) -> Scrubbed:
        spans = self.find(text)
        if not spans:
            return Scrubbed(text)
        for _ in range(ROUNDS):
            current, starts, origins = self._replaced(text, spans)
            more = [_at_home(span, starts, origins) for span in self.find(current)]
            if not more:
                break
            spans = sorted([*spans, *more])
        else:
            current = self._replaced(text, spans)[0]
        return Scrubbed(current, tuple(spans))

    def _replaced(self, text: str, spans: list[Span]) -> tuple[str, list[int], list[int]]:
        """Return the text with stand-ins; where its own pieces begin in it; where they began before."""
        pieces: list[str] = []
        starts, origins, size, last = [], [], 0, 0
        for span in spans:
            piece = text[last : span.start]
            stand_in = self._stand_in(span.kind, text[span.start : span.end])
            starts.append(size)
            origins.append(last)
            pieces += [piece, stand_in]
            size += len(piece) + len(stand_in)
            last = span.end
        starts.append(size)
        origins.append(last)
        pieces.append(text[last:])
        return "".join(pieces), starts, origins


def _at_home(span: Span, starts: list[int], origins: list[int]) -> Span:
    k = bisect_right(starts, span.start) - 1
    shift = origins[k] - starts[k]
    return Span(span.start + shift, span.end + shift, span.kind)


def _touches(span: Span, places: list[tuple[int, int]]) -> bool:
    return any(start < span.end and span.start < end for start, end in places)


def _names(keep: Collection[str]) -> Any:
    from mandi.feedback.scrub.names import Names

    return Names(keep=keep)
