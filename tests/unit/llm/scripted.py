"""Providers that do what a script says, prices by the token, and a gateway on memory: what the tests of the call path share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random
from typing import Any

from mandi.llm.calls import Call, Caller, Mode
from mandi.llm.gateway import Gateway
from mandi.llm.messages import Completion, Delta, Embeddings, Message, Prompt, Usage
from mandi.llm.modes import LiveMode, MemoryModes
from mandi.llm.path.ports import PathSettings
from mandi.llm.path.record import CallRecord
from mandi.llm.provider import Fault, Kind, ProviderError
from mandi.llm.resilience.deadline import Patience
from mandi.llm.resilience.retry import Retries
from mandi.llm.routing.router import policy_named
from mandi.store.memory_state import Awaited, MemoryState
from mandi.store.shared_state import SharedState

SAID = "The price is fair: hold the lot for a week, then sell half of it."
CALLER = Caller("org-1", "user-1", "pro")
QUICK = PathSettings(
    patience=Patience(total_s=2.0, attempt_s=0.4, kept_s=0.1, fair_s=0.4),
    retries=Retries(attempts=2, in_all=4, base_s=0.01, most_s=0.02, longest_asked_s=0.2),
)


@dataclass(frozen=True)
class Fails:
    """Fail; ``after`` so many pieces of a stream, or before its first."""

    fault: Fault = "server_error"
    status: int | None = 500
    retry_after: float | None = None
    after: int = 0


@dataclass(frozen=True)
class Hangs:
    """Say nothing more; ``after`` so many pieces of a stream."""

    after: int = 0


@dataclass(frozen=True)
class Breaks:
    """A bug."""

    after: int = 0


@dataclass(frozen=True)
class Says:
    """Answer."""

    text: str = SAID
    after_s: float = 0.0
    confidence: float | None = None
    usage: Usage = Usage(100, 20)
    cost_usd: Decimal | None = None


Step = Fails | Hangs | Breaks | Says


@dataclass
class Scripted:
    """A provider that takes one step a call; the last step is repeated."""

    name: str
    kind: Kind = "vendor"
    script: list[Step] = field(default_factory=lambda: [Says()])
    asked: list[Prompt] = field(default_factory=list)
    open: int = 0

    def models(self) -> Sequence[str]:
        return (f"{self.name}-1",)

    async def complete(self, prompt: Prompt, model: str, timeout_s: float) -> Completion:
        step = self._step(prompt)
        self.open += 1
        try:
            if isinstance(step, Says):
                await asyncio.sleep(step.after_s)
                return self._completion(step)
            return await self._misbehave(step)
        finally:
            self.open -= 1

    async def stream(self, prompt: Prompt, model: str, timeout_s: float) -> AsyncIterator[Delta | Completion]:
        step = self._step(prompt)
        self.open += 1
        try:
            if isinstance(step, Says):
                await asyncio.sleep(step.after_s)
                for word in words_of(step.text):
                    yield Delta(word)
                yield self._completion(step)
                return
            for word in words_of(SAID)[: step.after]:
                yield Delta(word)
            await self._misbehave(step)
        finally:
            self.open -= 1

    async def embed(self, texts: Sequence[str], model: str, timeout_s: float) -> Embeddings:
        step = self._step(Prompt(tuple(Message("user", t) for t in texts), task="embedding"))
        if not isinstance(step, Says):
            await self._misbehave(step)
        return Embeddings(tuple((float(len(t)), 1.0) for t in texts), self.name, model, Usage(len(texts)))

    async def close(self) -> None:
        pass

    def _step(self, prompt: Prompt) -> Step:
        self.asked.append(prompt)
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    def _completion(self, step: Says) -> Completion:
        return Completion(
            step.text,
            self.name,
            f"{self.name}-1",
            usage=step.usage,
            confidence=step.confidence,
            cost_usd=step.cost_usd,
        )

    async def _misbehave(self, step: Step) -> Completion:
        if isinstance(step, Breaks):
            raise ZeroDivisionError("a bug of ours")
        if isinstance(step, Fails):
            raise ProviderError(
                self.name, step.fault, step.fault, status=step.status, retry_after=step.retry_after
            )
        await asyncio.sleep(3600)
        raise AssertionError


def words_of(text: str) -> list[str]:
    return [word for word in text.replace(" ", " \0").split("\0") if word]


class ByToken:
    """One millionth of a dollar a token in and two a token out; estimates are for 100 tokens in."""

    def estimate(self, prompt: Prompt, model: str, provider: str) -> Decimal:
        return self.cost(Usage(100, prompt.max_tokens or 100), model, provider)

    def cost(self, usage: Usage, model: str, provider: str) -> Decimal:
        return Decimal(usage.prompt_tokens + 2 * usage.completion_tokens) / 1_000_000


class Records:
    """A recorder that keeps all."""

    def __init__(self) -> None:
        self.all: list[CallRecord] = []

    async def record(self, record: CallRecord) -> None:
        self.all.append(record)


class Ticking:
    """A clock that is set by hand."""

    def __init__(self, now: float = 1_760_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@dataclass
class House:
    """A gateway and everything a test looks at."""

    gateway: Gateway
    state: SharedState
    records: Records
    clock: Ticking
    providers: dict[str, Any]


def house(
    *providers: Any,
    mode: Mode = "hybrid",
    policy: str = "simple",
    settings: PathSettings = QUICK,
    state: SharedState | None = None,
    asynchronous: Callable[[SharedState], Any] = Awaited,
    clock: Ticking | None = None,
    **more: Any,
) -> House:
    clock, records = clock or Ticking(), Records()
    state = state or MemoryState(clock)
    gateway = Gateway(
        providers,
        policy_named(policy),
        state=asynchronous(state),
        mode=LiveMode(MemoryModes(mode)),
        pricing=ByToken(),
        recorder=records,
        settings=settings,
        clock=clock,
        rng=Random(7),
        **more,
    )
    return House(gateway, state, records, clock, {p.name: p for p in providers})


def call(question: str = "Is 4600 a fair price for soybean?", **more: Any) -> Call:
    prompt = Prompt((Message("user", question),), task=more.pop("task", "chat"), max_tokens=200)
    prompt = replace(prompt, **more.pop("prompt", {}))
    return Call(prompt, more.pop("caller", CALLER), more.pop("request_id", "r-1"), "/v1/chat", **more)


def analyst(**more: Any) -> Scripted:
    return Scripted("mock", "mock", **more)


async def drained(pieces: Any) -> tuple[str, Any]:
    """Read a stream to its end: what was said, and the last item."""
    said, last = "", None
    async for piece in pieces:
        if isinstance(piece, Delta):
            said += piece.text
        else:
            last = piece
    return said, last


async def nothing_left(tries: int = 50) -> None:
    """Fail when a task is still running besides this one."""
    for _ in range(tries):
        if len(asyncio.all_tasks()) == 1:
            return
        await asyncio.sleep(0.01)
    assert len(asyncio.all_tasks()) == 1, asyncio.all_tasks()
