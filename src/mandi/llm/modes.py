"""The live mode: who may answer in it, where it is kept, and how soon every worker sees a switch."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from mandi.core.errors import StoreUnavailable, UnknownValue, nearest
from mandi.llm.calls import MODES, Mode
from mandi.llm.provider import Kind, Provider
from mandi.llm.refusals import NoProvider
from mandi.llm.routing.router import ALLOWED

log = logging.getLogger(__name__)
LONGEST_AGE_S = 0.5
WHAT_TO_SET = (
    "set OPENAI_API_KEY, ANTHROPIC_API_KEY, GEMINI_API_KEY or LLAMA_ENDPOINT (.env.example says how), "
    "or switch the mode to hybrid"
)


@dataclass(frozen=True, slots=True)
class Strategy:
    """Who may answer in a mode.

    Attributes
    ----------
    answers : tuple of str
        Kinds of provider, in the order they are preferred; when none of them is configured the mode refuses every call.
    human : bool
        Whether a policy may hand a question to a human.
    """

    answers: tuple[Kind, ...]
    human: bool


STRATEGIES: dict[Mode, Strategy] = {
    "mock": Strategy(answers=ALLOWED["mock"], human=False),
    "real": Strategy(answers=ALLOWED["real"], human=False),
    "hybrid": Strategy(answers=ALLOWED["hybrid"], human=True),
}
EFFECTIVE: dict[Kind, Mode] = {"vendor": "real", "local": "real", "student": "hybrid", "mock": "mock"}
"""The mode that an answer really had, by who gave it."""


def as_mode(text: str) -> Mode:
    """Return a mode by its name.

    Raises
    ------
    UnknownValue
        There is no such mode.

    Examples
    --------
    >>> as_mode("hybrid")
    'hybrid'
    """
    for mode in MODES:
        if text == mode:
            return mode
    raise UnknownValue(f'no mode "{text}"{nearest(text, MODES)}', allowed=", ".join(MODES))


def admitted(mode: Mode, providers: Sequence[Provider]) -> tuple[Provider, ...]:
    """Return who may answer in a mode, preferred kinds first and otherwise in the order given.

    Raises
    ------
    NoProvider
        Nobody of the mode's kinds is configured; a mock never stands in for them.
    """
    kinds = STRATEGIES[mode].answers
    found = tuple(p for kind in kinds for p in providers if p.kind == kind)
    if not found:
        raise NoProvider.in_mode(mode, " or ".join(kinds), WHAT_TO_SET)
    return found


class ModeStore(Protocol):
    """Where the live mode is kept for all workers."""

    async def get(self) -> Mode | None:
        """Return the mode, or None if nobody has set one."""
        ...

    async def set(self, mode: Mode) -> None:
        """Keep a mode."""
        ...


class MemoryModes:
    """A mode kept in this process, for notebooks and tests."""

    def __init__(self, mode: Mode | None = None) -> None:
        self._mode = mode

    async def get(self) -> Mode | None:
        """Return the mode, or None if nobody has set one."""
        return self._mode

    async def set(self, mode: Mode) -> None:
        """Keep a mode."""
        self._mode = mode


class LiveMode:
    """The mode as this worker knows it, read again when it is older than half a second.

    A call reads it once, at its start, and keeps it: a switch in the middle of a stream changes nothing for that stream.
    While the store does not answer the last known mode stays.

    Parameters
    ----------
    store : ModeStore
    default : str
        The mode while nobody has set one.
    age_s : float
        How old a mode may be, at most half a second.
    clock : callable
        Seconds that only grow.
    """

    def __init__(
        self,
        store: ModeStore,
        default: Mode = "hybrid",
        age_s: float = LONGEST_AGE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._default = default
        self._known: Mode = default
        self._age_s = min(age_s, LONGEST_AGE_S)
        self._clock = clock
        self._read_at: float | None = None
        self._reading = asyncio.Lock()

    async def current(self) -> Mode:
        """Return the live mode, at most ``age_s`` old."""
        if self._is_fresh():
            return self._known
        async with self._reading:
            if not self._is_fresh():
                await self._read()
        return self._known

    async def switch(self, mode: Mode) -> None:
        """Keep a new mode; other workers see it within ``age_s``.

        Raises
        ------
        StoreUnavailable
            It could not be kept, and nothing changed.
        """
        await self._store.set(mode)
        self._known = mode
        self._read_at = self._clock()

    def seen(self, mode: Mode) -> None:
        """Take note of a mode that was kept by other means than ``switch``."""
        self._known = mode
        self._read_at = self._clock()

    def _is_fresh(self) -> bool:
        return self._read_at is not None and self._clock() - self._read_at < self._age_s

    async def _read(self) -> None:
        asked_at = self._clock()
        try:
            self._known = await self._store.get() or self._default
        except StoreUnavailable:
            log.warning("the live mode could not be read; %s stays", self._known)
        self._read_at = asked_at
