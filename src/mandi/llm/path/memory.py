"""The cache on the way of a call: the same question, the same in other words, or somebody who is asking it right now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random

from mandi.llm.cache.classes import CacheRules
from mandi.llm.cache.exact import AnswerCache, Kept, given_again, may_be_kept
from mandi.llm.cache.key import Asked, exact_key
from mandi.llm.cache.semantic import SemanticCache
from mandi.llm.cache.single_flight import Flight, SingleFlight
from mandi.llm.calls import CacheUse, Outcome
from mandi.llm.messages import Completion, Delta
from mandi.llm.path.passage import Passage

PIECE = 24
"""Least letters of a piece when a kept answer is streamed."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the answer to one question would be."""

    namespace: str
    key: str
    tenant: str
    ttl_s: float
    bucket: str | None


class Memory:
    """Looks an answer up and keeps it.

    Parameters
    ----------
    answers : AnswerCache
    flights : SingleFlight
    rules : CacheRules
    versions : mapping
        Versions of models, part of every key.
    rng : Random
    semantic : SemanticCache, optional
        Off if not given.
    """

    def __init__(
        self,
        answers: AnswerCache,
        flights: SingleFlight,
        rules: CacheRules,
        versions: Mapping[str, str],
        rng: Random,
        semantic: SemanticCache | None = None,
    ) -> None:
        self.answers = answers
        self._flights = flights
        self._rules = rules
        self._versions = versions
        self._rng = rng
        self._semantic = semantic

    def place(self, passage: Passage, who: str) -> Place | None:
        """Return where an answer would be, or None when the question is never cached."""
        prompt, tenant = passage.prompt, passage.call.caller.organization_id
        ttl_s = self._rules.ttl_of(prompt)
        if ttl_s is None or passage.mode == "mock":
            return None
        asked = Asked(tenant, who, self._versions)
        bucket = self._semantic.bucket(prompt, asked) if self._semantic and prompt.question else None
        return Place(prompt.task, exact_key(prompt, asked), tenant, ttl_s, bucket)

    async def recalled(self, passage: Passage, place: Place) -> Outcome | None:
        """Return a kept answer, or None with the lead over the question in ``passage.flight``: answer it, then ``land``."""
        kept, how, key = await self._found(passage, place)
        if kept is None:
            joined = await self._flights.join(place.key, lambda: self._look(place), passage.deadline.left_s)
            if isinstance(joined, Flight):
                passage.flight = joined
            elif joined is not None:
                self.answers.counts["joined", place.namespace] += 1
                kept = joined
        if kept is None:
            return None
        await self.answers.remember(passage.generation_id, place.namespace, key, kept)
        return given_again(kept, passage.generation_id, how, passage.mode, passage.elapsed_ms())

    async def kept(self, passage: Passage, place: Place, outcome: Outcome) -> None:
        """Keep an answer, if it may be kept, and give it to whoever waits for it."""
        stored: Kept | None = None
        if may_be_kept(outcome):
            ttl_s = self._rules.jittered(place.ttl_s, self._rng)
            stored = await self.answers.keep(place.namespace, place.key, outcome, place.tenant, ttl_s)
            if stored and self._semantic and place.bucket:
                await self._semantic.keep(passage.prompt, place.bucket, place.key, ttl_s)
        flight, passage.flight = passage.flight, None
        if flight is not None:
            await flight.land(stored)

    async def _found(self, passage: Passage, place: Place) -> tuple[Kept | None, CacheUse, str]:
        kept = await self.answers.find(place.namespace, place.key)
        if kept is None and self._semantic and place.bucket:
            near = await self._semantic.find(passage.prompt, place.bucket)
            if near is not None:
                kept = await self.answers.find(place.namespace, near, counted=False)
                if kept is not None:
                    self.answers.counts["near", place.namespace] += 1
                    return kept, "semantic", near
        return kept, "exact", place.key

    async def _look(self, place: Place) -> Kept | None:
        return await self.answers.find(place.namespace, place.key, counted=False)


def in_pieces(completion: Completion) -> Iterator[Delta]:
    """Yield a whole answer as a stream would: pieces that end after a blank, joined the same text.

    Examples
    --------
    >>> said = "Hold the lot for two weeks: arrivals fall."
    >>> [d.text for d in in_pieces(Completion(said, "p", "m"))]
    ['Hold the lot for two weeks: ', 'arrivals fall.']
    """
    text, begin = completion.text, 0
    while begin < len(text):
        blank = text.find(" ", begin + PIECE)
        end = len(text) if blank < 0 else blank + 1
        yield Delta(text[begin:end])
        begin = end
    if completion.tool_calls:
        yield Delta(tool_calls=tuple(enumerate(completion.tool_calls)))
