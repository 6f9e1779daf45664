"""Every wire pointed at a fake vendor, and one way to ask any of them, whole or streamed."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from typing import Any

from pydantic import SecretStr

from mandi.llm.messages import Completion, Delta, Message, Prompt, Tool
from mandi.llm.providers.connection import WireLimits
from mandi.llm.providers.openai_wire import OpenAIWire

from ....fakes.vendor import FakeVendor

KEY = "sk-test-0123456789-never-shown"
SHORT = WireLimits(idle_s=0.3, connect_s=10.0)
PATIENCE_S = 0.5
PROMPT = Prompt(
    (Message("system", "Answer in one line."), Message("user", "कपास का भाव क्या है?")), max_tokens=64
)
TOOL = Tool(
    "fair_price",
    "The fair price of a commodity.",
    {"type": "object", "properties": {"commodity": {"type": "string"}}, "required": ["commodity"]},
)
SCHEMA = {
    "type": "object",
    "properties": {"verdict": {"type": "string"}},
    "required": ["verdict"],
    "additionalProperties": False,
}
ASKED_FOR_A_TOOL = dataclasses.replace(PROMPT, tools=(TOOL,))
ASKED_FOR_A_TYPE = dataclasses.replace(PROMPT, answer_schema=SCHEMA)


def openai(url: str, limits: WireLimits = SHORT) -> OpenAIWire:
    return OpenAIWire("openai", url + "/v1", ["m"], key=SecretStr(KEY), embedding_models=["e"], limits=limits)


def local(url: str, limits: WireLimits = SHORT) -> OpenAIWire:
    return OpenAIWire("local", url + "/v1", ["m"], kind="local", limits=limits)


def anthropic(url: str, limits: WireLimits = SHORT) -> Any:
    from mandi.llm.providers.vendors import Vendor

    return Vendor("anthropic", "anthropic", ["m"], key=SecretStr(KEY), url=url, limits=limits)


def gemini(url: str, limits: WireLimits = SHORT) -> Any:
    from mandi.llm.providers.vendors import Vendor

    return Vendor(
        "gemini", "gemini", ["m"], key=SecretStr(KEY), url=url, embedding_models=["e"], limits=limits
    )


WIRES: dict[str, Callable[..., Any]] = {
    "openai": openai,
    "local": local,
    "anthropic": anthropic,
    "gemini": gemini,
}


async def ask(
    provider: Any, streamed: bool, prompt: Prompt = PROMPT, timeout_s: float = PATIENCE_S
) -> tuple[list[Delta], Completion]:
    """Return the pieces and the whole answer."""
    if not streamed:
        return [], await provider.complete(prompt, "m", timeout_s)
    items = [item async for item in provider.stream(prompt, "m", timeout_s)]
    assert all(isinstance(item, Delta) for item in items[:-1])
    assert isinstance(items[-1], Completion)
    return items[:-1], items[-1]


async def nothing_is_left(vendor: FakeVendor | None = None) -> bool:
    """Wait (a second at most) until no other task is there and, of a vendor, no connection."""
    for _ in range(100):
        closed = vendor is None or vendor.open_connections == 0
        if closed and asyncio.all_tasks() == {asyncio.current_task()}:
            return True
        await asyncio.sleep(0.01)
    return False
