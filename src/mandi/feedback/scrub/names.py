"""Names of people and postal addresses, found by a tagger of words."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from mandi.feedback.scrub.rules import Span


class Names:
    """Finds names and addresses.

    Parameters
    ----------
    keep : collection of str
        Names of markets, commodities and the like that are never a person by themselves.
    """

    def __init__(self, keep: Collection[str] = ()) -> None:
        self.keep = frozenset(word.casefold() for word in keep)

    def find(self, text: str, taken: Sequence[tuple[int, int]] = ()) -> list[Span]:
        """Return spans of kind PERSON and ADDRESS that do not touch the places already taken."""
        return []
