"""A gateway that says what a test wrote down, and keeps what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from mandi.llm.calls import Call, Interrupted, Outcome
from mandi.llm.messages import Completion, Delta, Embeddings, Usage
from mandi.llm.path.embedding import Embedded

Step = Delta | Outcome | Interrupted | Exception | float


def outcome(text: str = "Hold.", **changed: Any) -> Outcome:
    """An answer of a vendor; fields of its completion may be given too."""
    of_completion = {k: changed.pop(k) for k in ("finish", "tool_calls", "provider", "model") if k in changed}
    said = Completion(text, "fake", "fake-1", usage=Usage(12, 5), cost_usd=Decimal("0.000123"))
    given = Outcome(
        completion=replace(said, **of_completion), generation_id="g1", requested_mode="hybrid",
        effective_mode="hybrid", route="teacher", route_reason="the teacher answers", cost_usd=Decimal("0.000123"),
        latency_ms=12.0, first_token_ms=3.0,
    )  # fmt: skip
    return replace(given, **changed)


class FakeProvider:
    """Known by name; never asked."""

    embedding_models = ("fake-embed",)

    def __init__(self, name: str = "fake", *models: str) -> None:
        self.name = name
        self.kind = "vendor"
        self._models = models or ("fake-1", "org/fake:8b")

    def models(self) -> Sequence[str]:
        return self._models


class ScriptedGateway:
    """Plays its steps to each call: pieces are given, exceptions raised, numbers are seconds of silence.

    ``closed`` counts streams that ended or were stopped; ``scripts`` are played one a call, the last one for ever.
    """

    @property
    def answers(self) -> ScriptedGateway:
        return self

    async def evict(self, generation_id: str, tenant: str) -> bool:
        self.evicted.append((generation_id, tenant))
        return True

    def __init__(self, *steps: Step, scripts: Sequence[Sequence[Step]] = ()) -> None:
        self.scripts = list(scripts) or [steps or (Delta("Ho"), Delta("ld."), outcome())]
        self.calls: list[Call] = []
        self.evicted: list[tuple[str, str]] = []
        self.opened = self.closed = self.given = 0

    async def complete(self, call: Call) -> Outcome:
        async for step in self.stream(call):
            if isinstance(step, Outcome):
                return step
        raise AssertionError("the script has no outcome")

    async def stream(self, call: Call) -> AsyncIterator[Any]:
        self.calls.append(call)
        steps = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
        self.opened += 1
        try:
            for step in steps:
                if isinstance(step, Exception):
                    raise step.with_traceback(None)  # it may be raised again
                if isinstance(step, float):
                    await asyncio.sleep(step)
                    continue
                self.given += 1
                yield step
        finally:
            self.closed += 1

    async def embed(self, call: Call) -> Embedded:
        self.calls.append(call)
        vectors = tuple((float(i), 0.5, -1.0) for i, _ in enumerate(call.prompt.messages))
        return Embedded(Embeddings(vectors, "fake", "fake-embed", Usage(7, 0)), "g2", "hybrid", "hybrid")
