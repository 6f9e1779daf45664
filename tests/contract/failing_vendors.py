"""A gateway before fake vendors that fail over real HTTP: what the matrix and the complaints share."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from mandi.llm.cache.classes import CacheRules
from mandi.llm.mock.analyst import Analyst
from mandi.llm.provider import ProviderError
from mandi.llm.providers.openai_wire import OpenAIWire
from mandi.llm.refusals import NobodyAnswered

from ..fakes.behaviour import Behaviour
from ..fakes.vendor import FakeVendor
from ..unit.llm.scripted import QUICK, House, call, drained, house, nothing_left

SETTINGS = replace(QUICK, cache=CacheRules(free_at_zero=True))
ASKED = call("Is 4600 a fair price for soybean?", prompt={"temperature": 0.0})
TRIES = SETTINGS.retries.attempts
TEXT = "Hold the lot : arrivals fall next week ."


def wire(vendor: FakeVendor, name: str = "openai") -> OpenAIWire:
    return OpenAIWire(name, vendor.url + "/v1", ["fake-small"])


@asynccontextmanager
async def standing_house(
    *behaviours: Behaviour, **more: Any
) -> AsyncIterator[tuple[House, list[FakeVendor]]]:
    """A gateway before fake vendors (openai, gemini, ...) and the analyst; nothing may be left when it closes."""
    vendors = [FakeVendor(b) for b in behaviours]
    for vendor in vendors:
        await vendor.__aenter__()
    names = ("openai", "gemini", "third")
    home = house(*[wire(v, n) for v, n in zip(vendors, names)], Analyst(), **{"settings": SETTINGS, **more})
    try:
        yield home, vendors
        await home.gateway.close()
        for _ in range(100):
            if not any(v.open_connections for v in vendors):
                break
            await asyncio.sleep(0.01)
        assert [v.open_connections for v in vendors] == [0] * len(vendors)
    finally:
        for vendor in vendors:
            await vendor.__aexit__()
    await nothing_left()


async def asked_for(home: House, streamed: bool, asked: Any = ASKED) -> tuple[str, Any]:
    """What a caller gets: the words, and an outcome, where it was interrupted, or the error."""
    try:
        if streamed:
            return await drained(home.gateway.stream(asked))
        outcome = await home.gateway.complete(asked)
        return outcome.completion.text, outcome
    except (NobodyAnswered, ProviderError) as error:
        return "", error


async def idles() -> bool:
    """Whether this process is idle once a call has failed."""
    gc.collect()
    begun = time.process_time()
    await asyncio.sleep(0.1)
    return time.process_time() - begun < 0.05
