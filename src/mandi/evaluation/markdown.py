"""Markdown from figures and from texts that others wrote: no markup and no link of theirs works in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

MARKUP = str.maketrans({mark: f"\\{mark}" for mark in "\\`*[]"})


def lines(texts: Iterable[str]) -> str:
    """Return a list, a line each.

    Examples
    --------
    >>> print(lines(["one", "two"]))
    - one
    - two
    """
    return "\n".join(f"- {text}" for text in texts)


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; a bar inside a cell becomes a slash.

    Examples
    --------
    >>> print(markdown_table(["a", "b"], [["1", "x|y"]]))
    | a | b |
    | --- | --- |
    | 1 | x/y |
    """
    made = [" | ".join(head), " | ".join("---" for _ in head)]
    made += [" | ".join(cell.replace("|", "/").replace("\n", " ") for cell in row) for row in rows]
    return "\n".join(f"| {line} |" for line in made)


def escaped(text: Any) -> str:
    """Return a text on one line in which no markup works.

    Examples
    --------
    >>> print(escaped("[a](b) <i>"))
    \\[a\\](b) &lt;i&gt;
    """
    return escape(" ".join(str(text).split()), quote=False).translate(MARKUP)


def code(text: Any) -> str:
    """Return a text on one line to stand between backticks."""
    return " ".join(str(text).split()).replace("`", "'")


def number(value: Any) -> str:
    """Return a number with as many digits as a reader needs; a dash where there is none.

    Examples
    --------
    >>> number(0.12345), number(1234.5), number(None)
    ('0.123', '1,234.5', '-')
    """
    if value is None:
        return "-"
    if float(value).is_integer() and abs(value) >= 10:
        return f"{int(value):,}"
    return f"{value:,.1f}" if abs(value) >= 10 else f"{value:.3f}"
