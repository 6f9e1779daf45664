"""The breakers of all providers, kept in the shared state so that what one worker learns all workers know."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from mandi.core.errors import StoreUnavailable
from mandi.llm.provider import ProviderError
from mandi.llm.resilience.breaker import (
    Admission,
    BreakerPolicy,
    BreakerState,
    Position,
    admit,
    failed,
    gave_up,
    succeeded,
)
from mandi.store.memory_state import AsyncDocuments

log = logging.getLogger(__name__)
R = TypeVar("R")
Step = Callable[[BreakerState], tuple[BreakerState, R]]


@dataclass(frozen=True, slots=True)
class BreakerView:
    """One breaker, for health and for the admin."""

    provider: str
    position: Position
    failures: int
    retry_after: float | None
    last_fault: str | None


class Breakers:
    """Asks and tells the breakers.

    A healthy provider costs no write: its document, which is absent, is read at most every ``seen_s`` seconds, and written only
    after a failure, or after an answer that follows failures. While the shared state does not answer every worker goes on with
    what it last knew.

    Parameters
    ----------
    state : AsyncDocuments
    policy : BreakerPolicy
        For every provider that ``policies`` does not name.
    policies : mapping of provider name to BreakerPolicy, optional
    clock : callable
        Seconds since the epoch, the same for all workers.
    seen_s : float
        How old a document this worker read may be.
    """

    def __init__(
        self,
        state: AsyncDocuments,
        policy: BreakerPolicy | None = None,
        policies: Mapping[str, BreakerPolicy] | None = None,
        clock: Callable[[], float] = time.time,
        seen_s: float = 0.25,
    ) -> None:
        self._state = state
        self._policy = policy or BreakerPolicy()
        self._policies = dict(policies or {})
        self._clock = clock
        self._seen_s = seen_s
        self._seen: dict[str, tuple[float, BreakerState]] = {}

    async def admit(self, provider: str) -> Admission:
        """Return whether a provider may be asked now; a probe must be reported with one of the calls below."""
        seen = await self._read(provider)
        now = self._clock()
        if seen.position(now) != "half_open":
            return admit(seen, now, self._of(provider))[1]
        return await self._change(provider, lambda state: admit(state, self._clock(), self._of(provider)))

    async def failed(self, provider: str, admission: Admission, error: ProviderError) -> None:
        """Tell of one failed try; what the caller did wrong is no failure of the provider."""
        if not error.counts:
            await self.gave_up(provider, admission)
            return
        await self._change(
            provider,
            lambda s: (failed(s, self._clock(), self._of(provider), error, probe=admission.probe), None),
        )

    async def succeeded(self, provider: str, admission: Admission) -> None:
        """Tell of an answer."""
        _, seen = self._seen.get(provider, (0.0, BreakerState()))
        if admission.probe or (seen.failures and seen.open_until is None):
            await self._change(provider, lambda s: (succeeded(s, probe=admission.probe), None))

    async def gave_up(self, provider: str, admission: Admission) -> None:
        """Tell of a try that ended without saying anything about the provider: cancelled, or the caller's own fault."""
        if admission.probe:
            await self._change(provider, lambda s: (gave_up(s, probe=True), None))

    async def views(self, providers: Iterable[str]) -> list[BreakerView]:
        """Return the breakers as they are now."""
        return [self._view(name, await self._read(name)) for name in providers]

    async def reset(self, provider: str) -> None:
        """Close a breaker by hand."""
        await self._change(provider, lambda _: (BreakerState(), None))

    def _view(self, name: str, state: BreakerState) -> BreakerView:
        now = self._clock()
        position = state.position(now)
        rest = (state.open_until or now) - now if position == "open" else None
        return BreakerView(name, position, state.failures, rest, state.fault)

    def _of(self, provider: str) -> BreakerPolicy:
        return self._policies.get(provider, self._policy)

    async def _read(self, provider: str) -> BreakerState:
        read_at, seen = self._seen.get(provider, (None, BreakerState()))
        now = self._clock()
        if read_at is not None and 0 <= now - read_at < self._seen_s:
            return seen
        try:
            seen = BreakerState.read(await self._state.read(_key(provider)))
        except StoreUnavailable:
            log.warning("the breaker of %s could not be read; what this worker last knew stays", provider)
        self._seen[provider] = (now, seen)
        return seen

    async def _change(self, provider: str, step: Step[R]) -> R:
        def change(document: bytes | None) -> tuple[bytes | None, tuple[BreakerState, R]]:
            after, result = step(BreakerState.read(document))
            return after.document(), (after, result)

        try:
            after, result = await self._state.update(_key(provider), change, self._of(provider).keeps_s)
        except StoreUnavailable:
            log.warning("the breaker of %s could not be kept; this worker goes on alone", provider)
            _, seen = self._seen.get(provider, (0.0, BreakerState()))
            after, result = step(seen)
        self._seen[provider] = (self._clock(), after)
        return result


def _key(provider: str) -> str:
    return f"breaker:{provider}"
