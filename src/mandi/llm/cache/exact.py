"""Answers to the very same question, kept in the shared state until they are over, evicted, or their namespace moves on.

Only whole answers of the first choice are kept: nothing that failed, was cut, was degraded or came from somebody else than was
asked. ``evict`` takes an answer out that somebody rated badly; ``invalidate`` makes a whole namespace unfindable by
counting its version up, without looking for keys.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from mandi.core.errors import StoreUnavailable
from mandi.llm.calls import CacheUse, Mode, Outcome
from mandi.store.memory_state import AsyncDocuments

if TYPE_CHECKING:
    from pydantic import TypeAdapter

log = logging.getLogger(__name__)
ALL = "all"
NAMESPACE_SEEN_S = 0.25


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer as it is stored: everything to give it again, whole or in pieces."""

    outcome: Outcome
    tenant: str
    over_at: float


@lru_cache(maxsize=1)
def _form() -> TypeAdapter[Kept]:
    from pydantic import TypeAdapter

    return TypeAdapter(Kept)


def may_be_kept(outcome: Outcome) -> bool:
    """Return whether an answer is whole and what was asked for.

    A mock answers as well without a cache, and ``length`` or a filter ended an answer before it was whole.
    """
    return (
        not outcome.fallback
        and not outcome.degraded
        and outcome.effective_mode != "mock"
        and outcome.completion.finish == "stop"
        and not outcome.completion.tool_calls
    )


class AnswerCache:
    """Keeps answers and finds them.

    Parameters
    ----------
    state : AsyncDocuments
    clock : callable
        Seconds since the epoch.

    Attributes
    ----------
    counts : Counter
        Of this worker, each with its namespace: ``hit`` and ``miss`` of the very same question; of the misses, ``near`` were found
        in other words and ``joined`` were answered by whoever was asking; ``stored``, ``evicted``.
    """

    def __init__(self, state: AsyncDocuments, clock: Callable[[], float] = time.time) -> None:
        self._state = state
        self._clock = clock
        self._versions: dict[str, tuple[float, str]] = {}
        self.counts: Counter[tuple[str, str]] = Counter()

    async def find(self, namespace: str, key: str, *, counted: bool = True) -> Kept | None:
        """Return the answer kept under a key, if there is one; a state that does not answer is a miss."""
        document = await self.find_document(namespace, key, counted=counted)
        return None if document is None else _form().validate_json(document)

    async def find_document(self, namespace: str, key: str, *, counted: bool = True) -> bytes | None:
        """Return what is kept under a key, as it was given."""
        try:
            document = await self._state.read(await self._place(namespace, key))
        except StoreUnavailable:
            log.warning("the cache could not be read")
            document = None
        if counted:
            self.counts["hit" if document else "miss", namespace] += 1
        return document

    async def keep(
        self, namespace: str, key: str, outcome: Outcome, tenant: str, ttl_s: float
    ) -> Kept | None:
        """Keep an answer if it may be kept, and return it as it is kept."""
        if not may_be_kept(outcome):
            return None
        clean = replace(outcome, attempts=(), latency_ms=0.0, first_token_ms=None, cache="off")
        kept = Kept(clean, tenant, self._clock() + ttl_s)
        if not await self.keep_document(namespace, key, _form().dump_json(kept), ttl_s):
            return None
        await self.remember(outcome.generation_id, namespace, key, kept)
        return kept

    async def keep_document(self, namespace: str, key: str, document: bytes, ttl_s: float) -> bool:
        """Keep a document, and say whether the state took it."""
        try:
            await self._state.write(await self._place(namespace, key), document, ttl_s)
        except StoreUnavailable:
            log.warning("an answer could not be kept")
            return False
        self.counts["stored", namespace] += 1
        return True

    async def remember(self, generation_id: str, namespace: str, key: str, kept: Kept) -> None:
        """Note that a generation was answered from an entry, so that a bad rating of it finds the entry."""
        left_s = kept.over_at - self._clock()
        if left_s <= 0:
            return
        try:
            place = await self._place(namespace, key)
            await self._state.write(_of(generation_id), f"{kept.tenant}\n{place}".encode(), left_s)
        except StoreUnavailable:
            log.warning("an answer from the cache could not be noted")

    async def evict(self, generation_id: str, tenant: str) -> bool:
        """Take the answer of a generation out, and say whether there was one of this tenant's.

        Raises
        ------
        StoreUnavailable
            The shared state does not answer; the entry may still be there.
        """
        document = await self._state.read(_of(generation_id))
        if document is None:
            return False
        owner, _, place = document.decode().partition("\n")
        if owner != tenant:
            return False
        await self._state.remove(place)
        await self._state.remove(_of(generation_id))
        self.counts["evicted", place.split(":")[1]] += 1
        return True

    async def invalidate(self, namespace: str = ALL) -> None:
        """Make every answer of a namespace, a task, unfindable; other workers follow within a quarter of a second.

        Raises
        ------
        StoreUnavailable
            The shared state does not answer; nothing changed.
        """

        def change(document: bytes | None) -> tuple[bytes | None, None]:
            return str(int(document or b"0") + 1).encode(), None

        await self._state.update(f"cache-version:{namespace}", change)
        self._versions.clear()

    def stats(self) -> dict[str, dict[str, int | float]]:
        """Return what this worker counted, by namespace, with the share of hits."""
        found: dict[str, dict[str, int | float]] = {}
        for (what, namespace), count in sorted(self.counts.items()):
            found.setdefault(namespace, {})[what] = count
        for counts in found.values():
            asked = counts.get("hit", 0) + counts.get("miss", 0)
            found_ones = sum(counts.get(what, 0) for what in ("hit", "near", "joined"))
            counts["hit_rate"] = found_ones / asked if asked else 0.0
        return found

    async def _place(self, namespace: str, key: str) -> str:
        return f"answer:{namespace}:{await self._version(ALL)}.{await self._version(namespace)}:{key}"

    async def _version(self, namespace: str) -> str:
        now = self._clock()
        read_at, version = self._versions.get(namespace, (None, "0"))
        if read_at is None or not 0 <= now - read_at < NAMESPACE_SEEN_S:
            version = (await self._state.read(f"cache-version:{namespace}") or b"0").decode()
            self._versions[namespace] = (now, version)
        return version


def given_again(
    kept: Kept, generation_id: str, how: CacheUse, requested_mode: Mode, latency_ms: float
) -> Outcome:
    """Return a kept answer as the answer of a new call: its own id, no cost, and the cache said."""
    return replace(
        kept.outcome,
        generation_id=generation_id,
        requested_mode=requested_mode,
        cache=how,
        cost_usd=Decimal(0),
        completion=replace(kept.outcome.completion, cost_usd=Decimal(0)),
        latency_ms=latency_ms,
        first_token_ms=latency_ms,
    )


def _of(generation_id: str) -> str:
    return f"answered-from:{generation_id}"
