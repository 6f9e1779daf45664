"""The frozen evaluation sets: which examples they hold, and the time each was asked in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from mandi.core.errors import ContractError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class FrozenSet:
    """A frozen set.

    Attributes
    ----------
    name : str
    ids : tuple of str
        Its examples, sorted; one that was deleted leaves it.
    start, end : datetime
        Nothing that is learned from was asked before the end and settled after the begin.
    """

    name: str
    ids: tuple[str, ...]
    start: datetime
    end: datetime

    def left(self, known: Iterable[str]) -> FrozenSet:
        """Return the set without the examples that are no longer known."""
        there = set(known)
        return replace(self, ids=tuple(i for i in self.ids if i in there))


def as_plain(sets: Sequence[FrozenSet]) -> dict[str, Any]:
    """Return frozen sets as plain data, for a file.

    Examples
    --------
    >>> may = datetime(2024, 5, 1, tzinfo=UTC)
    >>> from_plain(as_plain([FrozenSet("first", ("a",), may, may)]))[0].name
    'first'
    """
    return {
        "sets": [
            {"name": s.name, "start": s.start.isoformat(), "end": s.end.isoformat(), "ids": list(s.ids)} for s in sets
        ]
    }  # fmt: skip


def from_plain(content: Mapping[str, Any]) -> tuple[FrozenSet, ...]:
    """Return the frozen sets a file holds.

    Raises
    ------
    ContractError
        It holds something else.
    """
    try:
        return tuple(
            FrozenSet(
                str(s["name"]), tuple(map(str, s["ids"])), datetime.fromisoformat(s["start"]), datetime.fromisoformat(s["end"])
            )
            for s in content["sets"]
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise ContractError(
            f"the frozen sets cannot be read: {error}",
            allowed='{"sets": [{"name", "start", "end", "ids"}]}',
            next_command="dvc checkout data/datasets",
        ) from error


def ticks(moment: datetime) -> int:
    """Return microseconds since 1970.

    Examples
    --------
    >>> ticks(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
    1000000
    """
    return (moment - _EPOCH) // _TICK


def moment(microseconds: int) -> datetime:
    """Return the time of microseconds since 1970, UTC."""
    return _EPOCH + int(microseconds) * _TICK
