"""Vectors of texts: asked of one provider only, since vectors of two models cannot be compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from mandi.core.errors import UnknownValue
from mandi.llm.cache.classes import CacheRules
from mandi.llm.cache.exact import AnswerCache
from mandi.llm.cache.key import Asked, exact_key
from mandi.llm.calls import Attempt, CacheUse, Mode, Outcome
from mandi.llm.messages import Completion, Embeddings, Task
from mandi.llm.modes import EFFECTIVE, WHAT_TO_SET
from mandi.llm.path.choice import Choice
from mandi.llm.path.endings import Endings
from mandi.llm.path.outcomes import ROUTE_OF
from mandi.llm.path.passage import Passage
from mandi.llm.path.walk import WIRED, Walk
from mandi.llm.provider import Kind, Provider, ProviderError
from mandi.llm.refusals import NobodyAnswered, NoProvider

if TYPE_CHECKING:
    from pydantic import TypeAdapter

NAMESPACE: Task = "embedding"
PREFERRED: dict[Mode, tuple[Kind, ...]] = {
    "mock": ("student", "mock"),
    "real": ("vendor", "local"),
    "hybrid": ("student", "local", "vendor"),
}
"""Who makes vectors, by mode: hybrid prefers the student's own encoder, so that an outage never changes what vectors mean."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """Vectors and everything that may be asked about them."""

    embeddings: Embeddings
    generation_id: str
    requested_mode: Mode
    effective_mode: Mode
    cache: CacheUse = "off"
    cost_usd: Decimal = Decimal(0)
    latency_ms: float = 0.0
    attempts: tuple[Attempt, ...] = ()


class Embedding:
    """Makes vectors of the messages of a call.

    Parameters
    ----------
    providers : sequence of Provider
    choice : Choice
    walk : Walk
    endings : Endings
    answers : AnswerCache
    rules : CacheRules
    """

    def __init__(
        self,
        providers: Sequence[Provider],
        choice: Choice,
        walk: Walk,
        endings: Endings,
        answers: AnswerCache,
        rules: CacheRules,
    ) -> None:
        self._providers = tuple(providers)
        self._choice = choice
        self._walk = walk
        self._endings = endings
        self._answers = answers
        self._rules = rules

    def able(self, passage: Passage) -> tuple[Provider, ...]:
        """Return who may make vectors for a call, preferred ones first.

        Raises
        ------
        NoProvider
            Nobody of the mode's kinds is configured.
        UnknownValue
            The caller named somebody else.
        """
        call, kinds = passage.call, PREFERRED[passage.mode]
        able = tuple(p for kind in kinds for p in self._providers if p.kind == kind)
        if not able:
            raise NoProvider.in_mode(passage.mode, " or ".join(kinds), WHAT_TO_SET)
        named = tuple(p for p in able if call.provider in (None, p.name))
        if not named:
            raise UnknownValue(
                f'provider "{call.provider}" makes no vectors in mode {passage.mode}',
                allowed=", ".join(p.name for p in able),
            )
        return named

    async def answer(self, passage: Passage, able: Sequence[Provider]) -> Embedded:
        """Return the vectors, from the cache or from the first who makes any.

        Raises
        ------
        NobodyAnswered
            Nobody makes vectors, or the first who does failed: another one's would mean something else.
        """
        for provider in able:
            model = self._model(passage, provider)
            cached = await self._cached(passage, provider, model)
            try:
                return cached or await self._asked(passage, provider, model)
            except NobodyAnswered as error:
                if {a.fault for a in error.attempts} != {"not_able"}:
                    raise
        raise NobodyAnswered(tuple(passage.attempts))

    def _model(self, passage: Passage, provider: Provider) -> str:
        makers: Sequence[str] = getattr(provider, "embedding_models", ())
        if not makers:
            return self._choice.model_of(passage.call, provider)
        return str(passage.call.model) if passage.call.model in makers else makers[0]

    async def _asked(self, passage: Passage, provider: Provider, model: str) -> Embedded:
        texts = [m.content or "" for m in passage.prompt.messages]

        async def ask(provider: Provider, model: str, time_s: float) -> Embeddings:
            made = await provider.embed(texts, model, time_s)
            if len(made.vectors) != len(texts):
                raise ProviderError(
                    provider.name, "malformed", f"{len(made.vectors)} vectors of {len(texts)} texts"
                )
            return made

        reached = await self._walk.first_answer(passage, [(provider.name, model)], ask)
        made = reached.result
        cost = self._endings.charge(passage, provider, model, made.usage, made.cost_usd)
        await self._walk.landed(passage)
        passage.attempts.append(Attempt(provider.name, model, made.latency_ms))
        if (key := self._key(passage, provider, model)) is not None:
            document = _form().dump_json(made)
            await self._answers.keep_document(NAMESPACE, key, document, self._rules.ttl_s[NAMESPACE])
        return self._said(passage, provider, replace(made, cost_usd=cost), "off" if key is None else "miss")

    async def _cached(self, passage: Passage, provider: Provider, model: str) -> Embedded | None:
        key = self._key(passage, provider, model)
        document = None if key is None else await self._answers.find_document(NAMESPACE, key)
        if document is None:
            return None
        made = replace(_form().validate_json(document), cost_usd=Decimal(0), latency_ms=0.0)
        return self._said(passage, provider, made, "exact")

    def _key(self, passage: Passage, provider: Provider, model: str) -> str | None:
        if provider.kind not in WIRED or not self._rules.enabled or NAMESPACE not in self._rules.ttl_s:
            return None
        tenant = passage.call.caller.organization_id
        return exact_key(passage.prompt, Asked(tenant, f"{provider.name}/{model}"))

    def _said(self, passage: Passage, provider: Provider, made: Embeddings, cache: CacheUse) -> Embedded:
        mode = passage.mode if passage.mode == "mock" else EFFECTIVE[provider.kind]
        passage.outcome = Outcome(
            Completion("", made.provider, made.model, usage=made.usage, cost_usd=made.cost_usd),
            passage.generation_id,
            passage.mode,
            mode,
            ROUTE_OF[provider.kind],
            f"{provider.name} makes the vectors of mode {passage.mode}",
            cache=cache,
        )
        return Embedded(
            made,
            passage.generation_id,
            passage.mode,
            mode,
            cache,
            passage.cost_usd,
            passage.elapsed_ms(),
            tuple(passage.attempts),
        )


@lru_cache(maxsize=1)
def _form() -> TypeAdapter[Embeddings]:
    from pydantic import TypeAdapter

    return TypeAdapter(Embeddings)
