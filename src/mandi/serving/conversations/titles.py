"""The title of a conversation, from its first message; nobody is asked for it."""

from __future__ import annotations

import unicodedata

LONGEST = 60


def title_of(message: str, longest: int = LONGEST) -> str | None:
    """Return a title: the message on one line, cut between words.

    Parameters
    ----------
    message : str
    longest : int
        Letters, the mark of a cut included.

    Returns
    -------
    str or None
        None when there is nothing to read in the message.

    Examples
    --------
    >>> title_of("  Is 7,200 a fair price" + chr(10) + "for cotton? ")
    'Is 7,200 a fair price for cotton?'
    >>> title_of("one two three", 8)
    'one two…'
    """
    readable = "".join(" " if c.isspace() else c for c in message if c.isspace() or _is_readable(c))
    line = " ".join(readable.split())
    if len(line) <= longest:
        return line or None
    cut = line[: longest - 1]
    if not line[longest - 1].isspace() and " " in cut:
        cut = cut.rpartition(" ")[0]
    return cut.rstrip() + "…"


def _is_readable(letter: str) -> bool:
    # joiners are format characters too, and belong to Indian scripts
    return letter in "\u200c\u200d" or not unicodedata.category(letter).startswith("C")
