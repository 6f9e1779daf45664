"""What a fake vendor does with one request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Behaviour:
    """One answer, good or bad; times in seconds.

    Attributes
    ----------
    status : int
        Another than 200 answers an error object in the vendor's own shape.
    retry_after : str, optional
        The header as it is written (Gemini also tells it in its body).
    text : str, optional
        The answer; ``tokens`` words if not given. ``reply`` makes it of the request's body.
    tool_calls : tuple of (name, arguments)
        Called instead of (or after) the text; arguments are JSON text.
    latency_s, first_token_s, token_s : float
        Before the head, between the head and the first piece, and between pieces.
    spread_s : float
        The wait before the head is drawn anew for each request, this much to either side.
    hang : str, optional
        ``head``: nothing is ever sent; ``body``: nothing after the head; ``middle``: nothing after the first piece.
    cut_after, cut_head : int, optional
        The connection ends after so many bytes of the body, or of the head.
    body, content_type : optional
        Sent as they are instead of the vendor's shape.
    error_after : int, optional
        A stream sends an error object after so many pieces, and ends.
    error_status : int
        The status that error object speaks of.
    empty : bool
        No choices, no content, no candidates.
    usage, finish, done : bool
        Whether they are told: tokens, the reason of the end, the end mark.
    comments : bool
        Keep-alive comments between events.
    newline : str
        Line end of events.
    write_size : int, optional
        Bytes of one write.
    """

    status: int = 200
    retry_after: str | None = None
    text: str | None = None
    reply: Callable[[Any], str] | None = None
    tokens: int = 8
    tool_calls: tuple[tuple[str, str], ...] = ()
    latency_s: float = 0.0
    spread_s: float = 0.0
    first_token_s: float = 0.0
    token_s: float = 0.0
    hang: Literal["head", "body", "middle"] | None = None
    cut_after: int | None = None
    cut_head: int | None = None
    body: bytes | None = None
    content_type: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    error_after: int | None = None
    error_status: int = 429
    empty: bool = False
    usage: bool = True
    finish: bool = True
    done: bool = True
    finish_reason: str = "stop"
    comments: bool = False
    newline: str = "\n"
    write_size: int | None = None
    vector_length: int = 4

    def said(self, asked: Any) -> str:
        """Return the text of the answer to a body."""
        if self.reply is not None:
            return self.reply(asked)
        if self.text is not None:
            return self.text
        return "" if self.tool_calls else " ".join(f"word{n}" for n in range(self.tokens))


def pieces(text: str) -> list[str]:
    """Cut a text after each blank, as tokens come; joined they are the text."""
    return [piece for piece in text.replace(" ", " \0").split("\0") if piece]
