"""Log lines: one JSON object a line on standard error, scrubbed; no body of a request and no message is ever in them."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from pydantic_core import to_json

from mandi.serving.observing.scrubbing import Scrubber

REQUESTS = "mandi.requests"
FACTS = "facts"
request_in_hand: ContextVar[str | None] = ContextVar("request_in_hand", default=None)
"""Id of the request that is being answered; what is logged meanwhile carries it."""
WORDY = (
    "sqlalchemy",
    "aiohttp",
    "httpx",
    "httpcore",
    "openai",
    "anthropic",
    "google",
    "redis",
    "asyncio",
    "alembic",
)
"""Libraries whose lines below a warning may quote what was said."""
SERVERS = ("bentoml", "uvicorn", "circus")
LONGEST = 8192


class Lines(logging.Formatter):
    """Writes a record as one line of JSON.

    ``extra={"facts": {...}}`` adds fields of plain values: ids, counts, times, names out of the code.

    Parameters
    ----------
    scrub : Scrubber

    Examples
    --------
    >>> record = logging.LogRecord("mandi", 30, "", 0, "key %s refused", ("sk-12345678",), None)
    >>> Lines(Scrubber()).format(record).partition('"level":')[2]
    '"WARNING","logger":"mandi","message":"key *** refused"}'
    """

    def __init__(self, scrub: Scrubber) -> None:
        super().__init__()
        self._scrub = scrub

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        said: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": self._scrub(_message(record)[: 4 * LONGEST])[:LONGEST],
        }
        facts = getattr(record, FACTS, None)
        if isinstance(facts, Mapping):
            said.update({k: self._scrub(v) if isinstance(v, str) else v for k, v in facts.items()})
        if "request_id" not in said and (request := request_in_hand.get()) is not None:
            said["request_id"] = self._scrub(request)
        if record.exc_info and record.exc_info[0] is not None:
            said["error"] = record.exc_info[0].__name__
            said["trace"] = self._scrub(_end(traceback.format_exception(*record.exc_info)))[-LONGEST:]
        return to_json(said, fallback=lambda odd: type(odd).__name__).decode()


class OneWrite(logging.Handler):
    """Gives each line to the system in one write, so that lines of several workers do not mix."""

    def __init__(self, descriptor: int, lines: Lines) -> None:
        super().__init__()
        self._descriptor = descriptor
        self.setFormatter(lines)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; a log that cannot be written harms nobody."""
        try:
            os.write(self._descriptor, (self.format(record) + "\n").encode())
        except OSError:
            pass
        except Exception:
            self.handleError(record)


def start_logging(
    level: str = "INFO", secrets: Iterable[str] = (), descriptor: int | None = None
) -> OneWrite:
    """Log from now on as JSON lines: the service's own from ``level`` on, other libraries' from warnings on.

    Parameters
    ----------
    level : str
        ``DEBUG`` to ``CRITICAL``.
    secrets : iterable of str
        Taken out wherever they stand.
    descriptor : int, optional
        File to write to; standard error if not given.

    Returns
    -------
    OneWrite
        The handler, for ``stop_logging``.
    """
    handler = OneWrite(
        sys.__stderr__.fileno() if descriptor is None and sys.__stderr__ else descriptor or 2,
        Lines(Scrubber(secrets)),
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    mandi = logging.getLogger("mandi")
    mandi.setLevel(level)
    mandi.handlers, mandi.propagate = [], True
    for name in WORDY:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in [n for n in logging.root.manager.loggerDict if n.partition(".")[0] in SERVERS]:
        server = logging.getLogger(name)
        server.handlers, server.propagate = [], True
    return handler


def stop_logging(handler: OneWrite) -> None:
    """Take a handler away again."""
    logging.getLogger().removeHandler(handler)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # a message and arguments that do not fit: the line is still worth having
        return str(record.msg)


def _end(lines: list[str]) -> str:
    text = "".join(lines)
    return text if len(text) <= 4 * LONGEST else text[-4 * LONGEST :].partition("\n")[2]
