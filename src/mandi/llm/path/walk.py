"""Asks one provider after the other, each a few times, until one answers: bounded in tries and in time, and every try is counted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Generic, TypeVar

from mandi.llm.calls import Attempt
from mandi.llm.path.passage import CHARGED, Passage, Trial
from mandi.llm.provider import Provider, ProviderError
from mandi.llm.refusals import NobodyAnswered
from mandi.llm.resilience.breaker import Admission
from mandi.llm.resilience.breakers import Breakers
from mandi.llm.resilience.deadline import Patience
from mandi.llm.resilience.retry import Retries, goes_to_next, wait_before_next
from mandi.llm.routing.situation import Pick

T = TypeVar("T")
Ask = Callable[[Provider, str, float], Awaitable[T]]
Burn = Callable[[Passage, Trial], None]
WIRED = frozenset({"vendor", "local"})
CHARGING = frozenset({"vendor"})
GRACE_S = 0.25
"""A provider keeps its own time; only one that does not is stopped from outside, a little later."""


@dataclass(frozen=True, slots=True)
class Reached(Generic[T]):
    """Who answered, or began to."""

    provider: Provider
    model: str
    result: T
    began: float


class Walk:
    """The walk from provider to provider.

    Parameters
    ----------
    providers : mapping of name to Provider
    breakers : Breakers
    retries : Retries
    patience : Patience
    rng : Random
    burn : callable
        Charges a try that was under way when it failed.
    sleep : callable, optional
        Waits between tries.
    """

    def __init__(
        self,
        providers: Mapping[str, Provider],
        breakers: Breakers,
        retries: Retries,
        patience: Patience,
        rng: Random,
        burn: Burn,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._providers = providers
        self._breakers = breakers
        self._retries = retries
        self._patience = patience
        self._rng = rng
        self._burn = burn
        self._sleep = sleep

    async def first_answer(self, passage: Passage, order: Sequence[Pick], ask: Ask[T]) -> Reached[T]:
        """Return the first answer.

        The try stays open (``passage.trial``) so that whoever reads the answer on can say how it ended: ``landed`` or
        ``broke``.

        Raises
        ------
        NobodyAnswered
            Nobody did, or the deadline passed.
        ProviderError
            What was asked cannot be answered by anybody.
        """
        waits: list[float] = []
        for place, (name, model) in enumerate(order):
            provider = self._providers[name]
            others_wait = place + 1 < len(order)
            reached = await self._ask_one(passage, provider, model, ask, waits, others_wait)
            if reached is not None:
                return reached
        raise NobodyAnswered(
            tuple(passage.attempts),
            retry_after=min(waits, default=None),
            out_of_time=passage.deadline.is_over,
        )

    async def landed(self, passage: Passage) -> None:
        """Tell the breaker of a whole answer."""
        trial, passage.trial = passage.trial, None
        if trial is not None and trial.wired:
            await self._breakers.succeeded(trial.provider, trial.admission)

    async def broke(self, passage: Passage, error: ProviderError, fair: bool = True) -> None:
        """Tell the breaker of a try that failed, and charge what it had begun."""
        trial, passage.trial = passage.trial, None
        if trial is None or not trial.wired:
            return
        if error.fault in CHARGED or trial.said or trial.called:
            self._burn(passage, trial)
        if fair:
            await self._breakers.failed(trial.provider, trial.admission, error)
        else:
            await self._breakers.gave_up(trial.provider, trial.admission)

    async def gave_up(self, passage: Passage) -> None:
        """Close a try that ended without a verdict on its provider: cancelled, or a bug of ours."""
        trial, passage.trial = passage.trial, None
        if trial is not None and trial.wired:
            self._burn(passage, trial)
            await self._breakers.gave_up(trial.provider, trial.admission)

    def is_fair(self, error: ProviderError, time_s: float) -> bool:
        """Return whether a failure is the provider's: a timeout is not when we gave it too little time."""
        return error.fault != "timeout" or time_s >= min(self._patience.fair_s, self._patience.attempt_s)

    async def _ask_one(
        self,
        passage: Passage,
        provider: Provider,
        model: str,
        ask: Ask[T],
        waits: list[float],
        others_wait: bool,
    ) -> Reached[T] | None:
        tried = 0
        while self._may_try(passage, provider):
            admission = await self._admission(provider)
            if not admission.allowed:
                passage.attempts.append(Attempt(provider.name, model, 0.0, fault="breaker_open"))
                waits.append(admission.retry_after or 0.0)
                return None
            began, time_s = time.perf_counter(), self._time_for(passage, provider, others_wait)
            passage.trial = Trial(
                provider.name, model, provider.kind in WIRED, provider.kind in CHARGING, admission
            )
            try:
                return Reached(provider, model, await _timed(provider, model, time_s, ask), began)
            except ProviderError as error:
                tried += 1
                passage.attempts.append(_attempt(provider, model, began, error))
                await self.broke(passage, error, self.is_fair(error, time_s))
                if not goes_to_next(error):
                    raise
                if error.retry_after is not None:
                    waits.append(error.retry_after)
                pause = self._pause(passage, tried, error, others_wait)
            if pause is None or not self._may_try(passage, provider):
                return None
            await self._sleep(pause)
        return None

    def _may_try(self, passage: Passage, provider: Provider) -> bool:
        if provider.kind not in WIRED:
            return True
        made = sum(a.fault != "breaker_open" for a in passage.attempts)
        return made < self._retries.in_all and not passage.deadline.is_over

    async def _admission(self, provider: Provider) -> Admission:
        return await self._breakers.admit(provider.name) if provider.kind in WIRED else Admission(True)

    def _time_for(self, passage: Passage, provider: Provider, others_wait: bool) -> float:
        time_s = passage.deadline.for_attempt(self._patience, others_wait=others_wait)
        # what answers in this process is the last resort: it gets its moment even when others used up the time
        return time_s if provider.kind in WIRED else max(time_s, self._patience.kept_s)

    def _pause(self, passage: Passage, tried: int, error: ProviderError, others_wait: bool) -> float | None:
        left_s = passage.deadline.left_s - (self._patience.kept_s if others_wait else 0.0)
        return wait_before_next(self._retries, tried, error, left_s, self._rng)


async def _timed(provider: Provider, model: str, time_s: float, ask: Ask[T]) -> T:
    try:
        async with asyncio.timeout(time_s + GRACE_S):
            return await ask(provider, model, time_s)
    except TimeoutError:
        raise ProviderError(provider.name, "timeout", f"no answer within {time_s:.1f} s") from None


def _attempt(provider: Provider, model: str, began: float, error: ProviderError) -> Attempt:
    took_ms = (time.perf_counter() - began) * 1000
    return Attempt(provider.name, model, took_ms, error.fault, error.status, error.message)
