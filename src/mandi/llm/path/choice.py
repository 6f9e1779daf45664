"""Who may answer a call, and in which order: the mode's providers, what each would cost, who rests, and what the policy says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from random import Random

from mandi.core.errors import UnknownValue, nearest
from mandi.llm.calls import Attempt, Call, Mode
from mandi.llm.messages import Completion
from mandi.llm.modes import STRATEGIES, admitted
from mandi.llm.path.passage import Passage
from mandi.llm.path.ports import PathSettings, Pricing
from mandi.llm.pricing import UnknownPrice
from mandi.llm.provider import Provider, ProviderError
from mandi.llm.quota.ledger import Amounts
from mandi.llm.quota.tiers import as_micros
from mandi.llm.resilience.breakers import Breakers
from mandi.llm.routing.features import features_of
from mandi.llm.routing.router import decide
from mandi.llm.routing.situation import Candidate, Decision, Policy, Situation
from mandi.llm.routing.track import Track
from mandi.llm.token_estimate import prompt_tokens

PAID = ("vendor",)
COUNTED = ("vendor", "local")
Tracks = Callable[[str, str], Track | None]


class Choice:
    """Chooses for one gateway.

    Parameters
    ----------
    providers : sequence of Provider
        In the configured order, the favourite first.
    policy : Policy
    breakers : Breakers
    pricing : Pricing
    settings : PathSettings
    rng : Random
        For exploration.
    tracks : callable, optional
        How a provider and model did lately.
    """

    def __init__(
        self,
        providers: Sequence[Provider],
        policy: Policy,
        breakers: Breakers,
        pricing: Pricing,
        settings: PathSettings,
        rng: Random,
        tracks: Tracks | None = None,
    ) -> None:
        self._providers = tuple(providers)
        self._policy = policy
        self._breakers = breakers
        self._pricing = pricing
        self._settings = settings
        self._rng = rng
        self._tracks = tracks or (lambda name, model: None)

    def may_answer(self, call: Call, mode: Mode) -> tuple[Provider, ...]:
        """Return who may answer a call in a mode: all of the mode's kinds, or only the one the caller named.

        Raises
        ------
        NoProvider
            The mode has nobody to ask.
        UnknownValue
            The caller named somebody unknown, somebody the mode does not allow, or a model nobody has.
        """
        able = admitted(mode, self._providers)
        if call.provider is None and call.model is None:
            return able
        names = [p.name for p in able]
        if call.provider is not None and call.provider not in names:
            known = any(p.name == call.provider for p in self._providers)
            what = (
                f"may not answer in mode {mode}"
                if known
                else f"is not configured{nearest(call.provider, names)}"
            )
            raise UnknownValue(f'provider "{call.provider}" {what}', allowed=", ".join(names))
        named = tuple(p for p in able if call.provider in (None, p.name))
        found = tuple(p for p in named if call.model in (None, *p.models()))
        if not found:
            models = list(dict.fromkeys(m for p in named for m in p.models()))
            raise UnknownValue(
                f'no model "{call.model}"{nearest(call.model or "", models)}', allowed=", ".join(models)
            )
        return found

    def wanted(self, call: Call, able: Sequence[Provider]) -> Amounts:
        """Return what a call may take at most: the dearest of those who may answer it."""
        if not any(p.kind in COUNTED for p in able):
            return Amounts()
        tokens = prompt_tokens(call.prompt) + (call.prompt.max_tokens or self._settings.expected_tokens)
        dearest = max((self._price(call, p) or Decimal(0) for p in able), default=Decimal(0))
        return Amounts(1, tokens, as_micros(dearest))

    def asked(self, call: Call, mode: Mode, able: Sequence[Provider]) -> str:
        """Return whom a call asks, as part of its cache key."""
        everybody = ",".join(f"{p.name}/{self.model_of(call, p)}" for p in able)
        return everybody if call.provider else f"{mode}:{self._policy.name}:{everybody}"

    async def decided(self, passage: Passage, able: Sequence[Provider]) -> Decision:
        """Ask the student how sure it is, where the policy may want to know, and decide."""
        call = passage.call
        student = next((p for p in able if p.kind == "student"), None)
        if student is not None and call.provider is None and STRATEGIES[passage.mode].human:
            passage.student = await self._student(passage, student)
        features = features_of(call.prompt)
        passage.features = features.as_dict()
        decision = decide(
            self._policy,
            Situation(
                features=features,
                mode=passage.mode,
                candidates=tuple([await self._candidate(passage, p) for p in able]),
                thresholds=self._settings.thresholds,
                named=call.provider,
                named_model=call.model if call.provider else None,
                draw=None if call.provider else self._rng.random(),
                budget_left_usd=Decimal(0) if passage.refusal else None,
            ),
        )
        passage.decision = decision
        return decision

    def model_of(self, call: Call, provider: Provider) -> str:
        """Return the model of a provider that a call asks for."""
        models = provider.models()
        if call.model in models:
            return str(call.model)
        return self._settings.default_models.get(provider.name) or (models[0] if models else "")

    def _price(self, call: Call, provider: Provider) -> Decimal | None:
        if provider.kind not in PAID:
            return Decimal(0)
        prompt = call.prompt
        if prompt.max_tokens is None:
            prompt = replace(prompt, max_tokens=self._settings.expected_tokens)
        try:
            return self._pricing.estimate(prompt, self.model_of(call, provider), provider.name)
        except UnknownPrice:
            return None

    async def _candidate(self, passage: Passage, provider: Provider) -> Candidate:
        model = self.model_of(passage.call, provider)
        wired = provider.kind in COUNTED
        (view,) = await self._breakers.views([provider.name]) if wired else (None,)
        price = self._price(passage.call, provider)
        return Candidate(
            name=provider.name,
            kind=provider.kind,
            model=model,
            available=price is not None,
            why_not="its price is not known" if price is None else None,
            breaker=view.position if view else "closed",
            cost_estimate_usd=price,
            student_confidence=passage.student.confidence
            if provider.kind == "student" and passage.student
            else None,
            record=self._tracks(provider.name, model),
        )

    async def _student(self, passage: Passage, student: Provider) -> Completion | None:
        model = self.model_of(passage.call, student)
        try:
            return await student.complete(
                passage.seen or passage.prompt, model, self._settings.patience.kept_s
            )
        except ProviderError as error:
            if error.fault != "not_able":
                passage.attempts.append(
                    Attempt(student.name, model, 0.0, error.fault, error.status, error.message)
                )
            return None
