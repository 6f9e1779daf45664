"""From a call with room to its answer: who is chosen, who is asked, what was used, and what is kept of it."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from mandi.core.errors import MandiError
from mandi.llm.calls import Attempt, Interrupted, Outcome
from mandi.llm.evidence import Evidence
from mandi.llm.messages import Completion, Delta, Prompt
from mandi.llm.path.choice import Choice
from mandi.llm.path.endings import Endings
from mandi.llm.path.memory import Memory, Place
from mandi.llm.path.outcomes import escalation, nobody, outcome_of
from mandi.llm.path.passage import Passage
from mandi.llm.path.streaming import Opened, interrupted_attempt, opened, read_on, whole_as_stream
from mandi.llm.path.walk import WIRED, Ask, Reached, Walk
from mandi.llm.provider import Provider, ProviderError
from mandi.llm.resilience.breakers import Breakers

log = logging.getLogger(__name__)
T = TypeVar("T")


class Answering:
    """Answers calls that have room.

    Parameters
    ----------
    choice : Choice
    walk : Walk
    endings : Endings
    breakers : Breakers
    memory : Memory
    evidence : Evidence, optional
    idle_s : float
        Longest silence in the middle of a stream.
    clock : callable
        Seconds since the epoch.
    """

    def __init__(
        self,
        choice: Choice,
        walk: Walk,
        endings: Endings,
        breakers: Breakers,
        memory: Memory,
        evidence: Evidence | None,
        idle_s: float,
        clock: Callable[[], float],
    ) -> None:
        self._choice = choice
        self._walk = walk
        self._endings = endings
        self._breakers = breakers
        self._memory = memory
        self._evidence = evidence
        self._idle_s = idle_s
        self._clock = clock

    async def whole(self, passage: Passage, able: Sequence[Provider], place: Place | None) -> Outcome:
        """Return the answer."""

        async def ask(provider: Provider, model: str, time_s: float) -> Completion:
            if provider.kind == "student" and passage.student is not None:
                return passage.student
            return await provider.complete(await self._for(provider, passage), model, time_s)

        reached = await self._reached(passage, able, ask)
        return await self._landed(passage, reached.provider, reached.model, reached.result, place)

    async def in_pieces(
        self, passage: Passage, able: Sequence[Provider], place: Place | None
    ) -> AsyncGenerator[Delta | Outcome | Interrupted, None]:
        """Yield the pieces of the answer; the last item is the outcome, or where the stream was interrupted."""

        async def ask(provider: Provider, model: str, time_s: float) -> Opened:
            if provider.kind == "student" and passage.student is not None:
                return await whole_as_stream(passage.student)
            left_s = max(time_s, passage.deadline.left_s)
            return await opened(provider, await self._for(provider, passage), model, left_s)

        reached = await self._reached(passage, able, ask)
        completion: Completion | None = None
        try:
            async with aclosing(
                read_on(passage, reached.result, reached.provider.name, self._idle_s)
            ) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Delta):
                        yield piece
                    else:
                        completion = piece
        except ProviderError as error:
            yield await self._interrupted(passage, reached, error)
            return
        assert completion is not None
        yield await self._landed(passage, reached.provider, reached.model, completion, place)

    async def _reached(self, passage: Passage, able: Sequence[Provider], ask: Ask[T]) -> Reached[T]:
        if any(p.kind == "student" for p in able):
            await self._seen(passage)
        decision = await self._choice.decided(passage, able)
        if decision.route == "human":
            raise escalation(passage, decision)
        if not decision.order:
            raise passage.refusal or nobody(passage, decision, await self._earliest(able))
        reached = await self._walk.first_answer(passage, decision.order, ask)
        passage.answering = (reached.provider.name, reached.model)
        return reached

    async def _landed(
        self, passage: Passage, provider: Provider, model: str, completion: Completion, place: Place | None
    ) -> Outcome:
        assert passage.decision is not None
        passage.attempts.append(Attempt(provider.name, model, completion.latency_ms))
        cost = self._endings.charge(passage, provider, model, completion.usage, completion.cost_usd)
        await self._walk.landed(passage)
        priced = replace(completion, cost_usd=cost)
        passage.outcome = outcome_of(passage, passage.decision, provider, priced, cached=place is not None)
        if place is not None:
            await self._memory.kept(passage, place, passage.outcome)
        return passage.outcome

    async def _interrupted(
        self, passage: Passage, reached: Reached[Opened], error: ProviderError
    ) -> Interrupted:
        name, said = reached.provider.name, "".join(passage.trial.said) if passage.trial else ""
        took_ms = (time.perf_counter() - reached.began) * 1000
        passage.attempts.append(interrupted_attempt(name, reached.model, took_ms, error))
        passage.partial, passage.said = f"{name}: {error.fault} after {len(said)} letters", said
        # a stream that ends because the call's own time is over is no failure of its provider
        await self._walk.broke(passage, error, fair=error.fault != "timeout" or not passage.deadline.is_over)
        return Interrupted(
            passage.generation_id, said, error.message, error.fault, name, tuple(passage.attempts)
        )

    async def _for(self, provider: Provider, passage: Passage) -> Prompt:
        return passage.prompt if provider.kind in WIRED else await self._seen(passage)

    async def _seen(self, passage: Passage) -> Prompt:
        if passage.seen is None:
            passage.seen = passage.prompt
            if self._evidence is not None and not passage.prompt.facts:
                now = datetime.fromtimestamp(self._clock(), tz=UTC)
                try:
                    found = await self._evidence.about_text(passage.prompt.question, now)
                except MandiError as error:
                    log.warning("the models could not be asked: %s", error.message)
                    return passage.seen
                facts = {"findings": {name: finding.as_dict() for name, finding in found.items()}}
                passage.seen = replace(passage.prompt, facts=facts)
        return passage.seen

    async def _earliest(self, able: Sequence[Provider]) -> float | None:
        views = await self._breakers.views([p.name for p in able if p.kind in WIRED])
        return min((v.retry_after for v in views if v.retry_after is not None), default=None)
