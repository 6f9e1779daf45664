"""How much of a conversation is told again: the newest turns that fit, none of them cut."""

from __future__ import annotations

from collections.abc import Sequence

from mandi.llm.messages import Message
from mandi.llm.token_estimate import EACH_MESSAGE, tokens_in

MOST_TOKENS = 6000


def recent(turns: Sequence[Message], most_tokens: int = MOST_TOKENS) -> tuple[Message, ...]:
    """Return the newest turns that fit, oldest first.

    Parameters
    ----------
    turns : sequence of Message
        Oldest first.
    most_tokens : int
        Estimated, rather too many than too few. A turn that does not fit ends the window: what is before it would
        be told without what followed.

    Examples
    --------
    >>> turns = [Message("user", "a" * 300), Message("assistant", "b" * 30), Message("user", "c" * 30)]
    >>> [m.role for m in recent(turns, 50)]
    ['assistant', 'user']
    """
    kept: list[Message] = []
    left = most_tokens
    for turn in reversed(turns):
        left -= tokens_in(turn.content or "") + EACH_MESSAGE
        if left < 0:
            break
        kept.append(turn)
    return tuple(reversed(kept))
