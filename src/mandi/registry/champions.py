"""Moves the aliases of a champion and keeps the line of all champions, so that every step back is known."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mandi.registry.audit import recorded
from mandi.registry.connection import Connection
from mandi.registry.versions import CHALLENGER, CHAMPION, PREVIOUS, Version, aliases_of, find_version

LINE = "champions"  # tag of the registered model: every champion since the first, the present one last
KEPT_IN_LINE = 200


@dataclass(frozen=True)
class Promotion:
    """What became of a request to move the champion.

    Attributes
    ----------
    event : str
        "promoted", "kept" or "rolled back".
    champion, previous : int
        Versions that are champion now and were before; 0 when there is none.
    text : str
        One line for the reader.
    """

    name: str
    event: str
    champion: int
    previous: int
    text: str
    forced: bool = False

    @property
    def changed(self) -> bool:
        """Whether another version is champion now."""
        return self.champion != self.previous

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for a receipt."""
        return {
            "event": self.event,
            "champion_version": self.champion,
            "previous_version": self.previous,
            "forced": self.forced,
            "text": self.text,
        }

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return f"<p><b>{html.escape(self.event)}</b>: {html.escape(self.text)}</p>"


def move(
    connection: Connection,
    to: Version,
    now: int,
    event: str,
    *,
    gate: str,
    forced: bool = False,
    reason: str = "",
    line: Sequence[int] | None = None,
) -> Promotion:
    """Point ``champion`` and ``previous`` where they belong, under an audit record; the caller holds the registry alone.

    Parameters
    ----------
    to : Version
        The next champion.
    now : int
        The present one; 0 when there is none.
    event : str
        "promoted" or "rolled back".
    line : sequence of int, optional
        The line of champions after the move; the present line and ``to`` if not given.
    """
    name, client = to.name, connection.client
    to = find_version(connection, name, to.version)  # with the verdict it was just given
    aliases = aliases_of(connection, name)
    if line is None:
        line = line_of(stored_line(connection, name), now)
        line = (
            line if line[-1:] == [to.version] else [*line, to.version]
        )  # a move that died midway is in it already
    with recorded(
        connection, event, name, to.version, before=now, after=to.version, gate=gate, forced=forced,
        reason=reason, verdict=to.verdict,
    ):  # fmt: skip
        client.set_registered_model_tag(name, LINE, ",".join(map(str, line[-KEPT_IN_LINE:])))
        client.set_registered_model_alias(name, CHAMPION, str(to.version))
        if len(line) > 1:
            client.set_registered_model_alias(name, PREVIOUS, str(line[-2]))
        elif PREVIOUS in aliases:
            client.delete_registered_model_alias(name, PREVIOUS)
        if aliases.get(CHALLENGER) == to.version:
            client.delete_registered_model_alias(name, CHALLENGER)
        if to.rolled_back and event == "promoted":
            client.delete_model_version_tag(name, str(to.version), "rolled_back")
    text = f"{name} v{to.version} is champion"
    text += f" instead of v{now}" if now else ", the first"
    text += " (rolled back)" if event == "rolled back" else f"; gate {gate}"
    text += f", forced: {reason}" if forced else ""
    return Promotion(name, event, to.version, now, text, forced)


def stored_line(connection: Connection, name: str) -> list[int]:
    """Return the stored line of champions; ``line_of`` mends it."""
    text = connection.client.get_registered_model(name).tags.get(LINE, "")
    return [int(number) for number in text.split(",") if number]


def line_of(stored: Sequence[int], now: int) -> list[int]:
    """Return the line of champions that ends with the present one.

    The alias is the truth: where it was moved by other means, or a process died midway, the line is mended.

    Examples
    --------
    >>> line_of([1, 2, 3], 3), line_of([1, 2, 3], 2), line_of([1, 2], 5), line_of([], 1)
    ([1, 2, 3], [1, 2], [1, 2, 5], [1])
    """
    line = list(stored)
    if now in line:
        return line[: len(line) - line[::-1].index(now)]
    return [*line, now] if now else line
