"""The one way of every call: mode, quota, cache, choice, breaker, retry, timeout, provider, meter, settlement, record."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from random import Random
from typing import Any

from mandi.llm.cache.exact import AnswerCache
from mandi.llm.cache.semantic import SemanticCache
from mandi.llm.cache.single_flight import SingleFlight
from mandi.llm.calls import Call, Caller, Interrupted, Outcome
from mandi.llm.evidence import Evidence
from mandi.llm.messages import Delta
from mandi.llm.modes import LiveMode
from mandi.llm.path.answering import Answering
from mandi.llm.path.choice import Choice, Tracks
from mandi.llm.path.embedding import Embedded, Embedding
from mandi.llm.path.endings import Endings
from mandi.llm.path.memory import Memory, Place, in_pieces
from mandi.llm.path.passage import Passage
from mandi.llm.path.ports import Diary, PathSettings, Pricing, Recorder
from mandi.llm.path.rooms import Rooms
from mandi.llm.path.walk import Walk
from mandi.llm.provider import Provider
from mandi.llm.quota.quota import Quota
from mandi.llm.resilience.breakers import Breakers
from mandi.llm.routing.situation import Policy
from mandi.store.memory_state import AsyncDocuments


class Gateway:
    """Answers calls.

    Parameters
    ----------
    providers : sequence of Provider
        Everybody who is configured, the favourite teacher first.
    policy : Policy
        Chooses between them.
    state : AsyncDocuments
        What all workers share.
    mode : LiveMode
    pricing : Pricing
    recorder : Recorder
    quota, breakers, answers, semantic : optional
        Made on ``state`` with their defaults if not given; the semantic cache is off if not given.
    evidence : Evidence, optional
        Asked for facts before somebody answers from facts alone, where the prompt brings none.
    tracks : callable, optional
        How a provider and model did lately.
    pseudonym : callable, optional
        What stands for a caller's user in records; the caller's own pseudonym, or the user's id, if not given.
    settings : PathSettings
    clock : callable
        Seconds since the epoch, the same for all workers.
    diary : Diary, optional
        Keeps what is said, where that is allowed.
    rng : Random, optional
        For waits, times to live and exploration.
    sleep : callable
        Waits between tries.
    """

    def __init__(
        self,
        providers: Sequence[Provider],
        policy: Policy,
        *,
        state: AsyncDocuments,
        mode: LiveMode,
        pricing: Pricing,
        recorder: Recorder,
        quota: Quota | None = None,
        breakers: Breakers | None = None,
        answers: AnswerCache | None = None,
        semantic: SemanticCache | None = None,
        evidence: Evidence | None = None,
        tracks: Tracks | None = None,
        pseudonym: Callable[[Caller], str] | None = None,
        settings: PathSettings | None = None,
        clock: Callable[[], float] = time.time,
        diary: Diary | None = None,
        rng: Random | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.settings = given = settings or PathSettings()
        self.mode = mode
        self.quota = quota or Quota(state, clock=clock)
        self.breakers = breakers or Breakers(state, clock=clock)
        self.answers = answers or AnswerCache(state, clock=clock)
        self._providers = tuple(providers)
        rng = rng or Random()
        self._endings = Endings(
            self.quota, pricing, recorder, pseudonym or (lambda c: c.pseudonym or c.user_id), clock, diary
        )
        self._choice = Choice(providers, policy, self.breakers, pricing, given, rng, tracks)
        self._rooms = Rooms(self.quota, self._choice, given.over_budget)
        flights = SingleFlight(state, given.flights)
        self._memory = Memory(self.answers, flights, given.cache, given.versions, rng, semantic)
        self._walk = Walk(
            {p.name: p for p in providers}, self.breakers, given.retries, given.patience, rng, self._endings.burn, sleep
        )  # fmt: skip
        self._answering = Answering(
            self._choice, self._walk, self._endings, self.breakers, self._memory, evidence, given.patience.attempt_s, clock
        )  # fmt: skip
        self._embedding = Embedding(
            providers, self._choice, self._walk, self._endings, self.answers, given.cache
        )

    async def complete(self, call: Call, timeout_s: float | None = None) -> Outcome:
        """Answer a call.

        Parameters
        ----------
        call : Call
        timeout_s : float, optional
            Shorter than the settings' own, if the caller is in a hurry.

        Raises
        ------
        NoProvider, UnknownValue
            The mode, or the caller's choice, leaves nobody to ask.
        QuotaExceeded, BudgetUnknown
            The organisation's room is used up, or cannot be looked up; nothing was taken.
        EscalationRequired
            A human is to answer.
        NobodyAnswered
            Everybody who may answer failed.
        ProviderError
            What was asked cannot be answered by anybody (``refused_request``).
        """
        mode = call.mode or await self.mode.current()
        async with self._endings.passage(call, mode, self._seconds(timeout_s), self._walk) as passage:
            able, place = await self._entered(passage)
            outcome = await self._memory.recalled(passage, place) if place else None
            passage.outcome = outcome or await self._answering.whole(passage, able, place)
        return passage.outcome

    async def stream(
        self, call: Call, timeout_s: float | None = None
    ) -> AsyncGenerator[Delta | Outcome | Interrupted, None]:
        """Answer a call in pieces; the last item is the outcome, or says where the stream was interrupted.

        Raises the errors of ``complete`` before the first piece, and none after it.
        """
        mode = call.mode or await self.mode.current()
        last: Outcome | Interrupted
        async with self._endings.passage(call, mode, self._seconds(timeout_s), self._walk) as passage:
            able, place = await self._entered(passage)
            outcome = await self._memory.recalled(passage, place) if place else None
            if outcome is not None:
                for piece in in_pieces(outcome.completion):
                    yield piece
                passage.outcome = last = outcome
            else:
                async with aclosing(self._answering.in_pieces(passage, able, place)) as pieces:
                    async for item in pieces:
                        if isinstance(item, Delta):
                            yield item
                        else:
                            last = item
        yield last

    async def embed(self, call: Call, timeout_s: float | None = None) -> Embedded:
        """Return a vector of each message's text; only one provider is asked, since vectors of two do not compare.

        Raises the errors of ``complete``.
        """
        mode = call.mode or await self.mode.current()
        async with self._endings.passage(call, mode, self._seconds(timeout_s), self._walk) as passage:
            able = self._embedding.able(passage)
            await self._rooms.reserve(passage, able)
            return await self._embedding.answer(passage, able)

    def health(self) -> dict[str, Any]:
        """Return what this worker can say of itself without asking anybody."""
        return {
            "in_flight": self._endings.in_flight,
            "unchecked": self.quota.unchecked,
            "cache": self.answers.stats(),
        }

    async def close(self) -> None:
        """Finish what goes on after clients are gone, and close the providers."""
        await self._endings.wait()
        for provider in self._providers:
            await provider.close()

    def _seconds(self, timeout_s: float | None) -> float:
        total_s = self.settings.patience.total_s
        return total_s if timeout_s is None else min(timeout_s, total_s)

    async def _entered(self, passage: Passage) -> tuple[tuple[Provider, ...], Place | None]:
        able = self._choice.may_answer(passage.call, passage.mode)
        await self._rooms.reserve(passage, able)
        return able, self._memory.place(passage, self._choice.asked(passage.call, passage.mode, able))
