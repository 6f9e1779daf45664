"""Every wire, every failure, whole and streamed: the right fault, in time, with nothing left behind."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import pytest

from mandi.llm.messages import Completion, Delta
from mandi.llm.provider import ProviderError
from mandi.llm.providers.connection import WireLimits

from ....fakes.behaviour import Behaviour
from ....fakes.vendor import FakeVendor
from .wires import PATIENCE_S, PROMPT, SHORT, WIRES, ask, nothing_is_left

IDLE_S = 0.3
BUSY_S = 0.06
"""Processor seconds that an idle process may use in IDLE_S; a loop that spins uses all of them."""


@dataclass(frozen=True)
class Failure:
    name: str
    behaviour: Behaviour
    fault: str
    modes: tuple[bool, ...] = (False, True)
    retry_after: float | None = None


BROKEN_EVENT = Behaviour(body=b'event: message_start\ndata: {"type": \n\n', content_type="text/event-stream")
FAILURES = [
    Failure("429", Behaviour(status=429), "rate_limited"),
    Failure("429 with a wait", Behaviour(status=429, retry_after="3"), "rate_limited", retry_after=3.0),
    Failure("500", Behaviour(status=500), "server_error"),
    Failure("502 in HTML", Behaviour(status=502, body=b"<html>", content_type="text/html"), "server_error"),
    Failure("503 with a wait", Behaviour(status=503, retry_after="2"), "server_error", retry_after=2.0),
    Failure("504", Behaviour(status=504), "timeout"),
    Failure("529", Behaviour(status=529), "server_error"),
    Failure("hangs before its head", Behaviour(hang="head"), "timeout"),
    Failure("hangs after its head", Behaviour(hang="body"), "timeout"),
    Failure("hangs after its first piece", Behaviour(hang="middle"), "timeout", (True,)),
    Failure("slow first token", Behaviour(first_token_s=5), "timeout"),
    Failure("slow between tokens", Behaviour(token_s=5), "timeout", (True,)),
    Failure("cut at once", Behaviour(cut_head=0), "cut"),
    Failure("cut in its head", Behaviour(cut_head=25), "cut"),
    Failure("cut before its body", Behaviour(cut_after=0), "cut"),
    Failure("cut in its body", Behaviour(cut_after=60), "cut"),
    Failure("cut in its middle", Behaviour(cut_after=700, tokens=40), "cut", (True,)),
    Failure("ends without an end mark", Behaviour(finish=False, done=False), "cut", (True,)),
    Failure("broken JSON", Behaviour(body=b'{"choices": [{"mess'), "malformed"),
    Failure("a broken event", BROKEN_EVENT, "malformed", (True,)),
    Failure("HTML with 200", Behaviour(body=b"<html>busy</html>", content_type="text/html"), "malformed"),
    Failure("nothing in it", Behaviour(empty=True), "malformed", (False,)),
    Failure("an expired key", Behaviour(status=401), "refused_key"),
    Failure("a forbidden key", Behaviour(status=403), "refused_key"),
    Failure("a request it refuses", Behaviour(status=400), "refused_request"),
    Failure("too large a request", Behaviour(status=413), "refused_request"),
    Failure("429 before the first piece", Behaviour(error_after=0), "rate_limited", (True,)),
    Failure("429 in the middle", Behaviour(error_after=5, tokens=20), "rate_limited", (True,)),
    Failure("overloaded in the middle", Behaviour(error_after=5, tokens=20, error_status=529), "server_error", (True,)),
]  # fmt: skip
CASES = [(failure, streamed) for failure in FAILURES for streamed in failure.modes]


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize(
    ("failure", "streamed"), CASES, ids=[f"{f.name}, {'streamed' if s else 'whole'}" for f, s in CASES]
)
def test_fault(wire: str, failure: Failure, streamed: bool) -> None:
    async def run() -> None:
        async with FakeVendor() as vendor:
            late = failure.fault == "timeout"
            provider = WIRES[wire](vendor.url, SHORT if late else WireLimits())
            await ask(provider, streamed, timeout_s=10)  # connected, and its client loaded
            vendor.script(failure.behaviour, Behaviour(text="a second try"))
            started = time.perf_counter()
            with pytest.raises(ProviderError) as failed:
                await ask(provider, streamed, timeout_s=PATIENCE_S if late else 10)
            took = time.perf_counter() - started
            error = failed.value
            assert error.fault == failure.fault, str(error)
            assert error.provider == provider.name
            assert error.retry_after == failure.retry_after
            assert took < (PATIENCE_S + 0.6 if late else 2)
            assert vendor.count == 2, "one try, whatever a vendor's client would like to do"
            await provider.close()
            assert await nothing_is_left(vendor)

    asyncio.run(run())


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_nobody_is_there(wire: str, streamed: bool) -> None:
    async def run() -> None:
        async with FakeVendor() as vendor:
            url = vendor.url
        provider = WIRES[wire](url)
        with pytest.raises(ProviderError) as failed:
            await ask(provider, streamed, timeout_s=2)
        assert failed.value.fault == "unreachable"
        await provider.close()
        assert await nothing_is_left()

    asyncio.run(run())


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_after_all_of_it_the_process_is_idle_and_the_provider_answers(wire: str, streamed: bool) -> None:
    async def run() -> None:
        async with FakeVendor() as vendor:
            provider = WIRES[wire](vendor.url)
            await ask(provider, streamed, timeout_s=10)
            for failure in FAILURES:
                if streamed in failure.modes:
                    vendor.script(failure.behaviour)
                    with pytest.raises(ProviderError):
                        await ask(provider, streamed)
                    vendor.forget()
            assert await nothing_is_left()
            before = time.process_time()
            await asyncio.sleep(IDLE_S)
            assert time.process_time() - before < BUSY_S
            _, answer = await ask(provider, streamed, timeout_s=10)
            assert answer.text
            await provider.close()
            assert await nothing_is_left(vendor)

    asyncio.run(run())


@pytest.mark.parametrize("wire", WIRES)
def test_a_stream_ended_after_each_piece_gives_what_was_said_and_then_one_error(wire: str) -> None:
    text = "one two three four five six"

    async def run() -> None:
        async with FakeVendor() as vendor:
            provider = WIRES[wire](vendor.url)
            seen = set()
            for n in range(1, 8):
                vendor.script(Behaviour(text=text, error_after=n, error_status=529))
                said: list[str] = []
                with pytest.raises(ProviderError) as failed:
                    async for item in provider.stream(PROMPT, "m", 5):
                        assert isinstance(item, Delta), "no whole answer out of a part"
                        said.append(item.text)
                assert failed.value.fault == "server_error", (n, failed.value)
                assert text.startswith("".join(said))
                seen.add(len(said))
            assert len(seen) >= 4, seen
            await provider.close()

    asyncio.run(run())


@pytest.mark.parametrize("wire", WIRES)
def test_a_stream_whose_connection_ends_anywhere_is_never_passed_off_as_whole(wire: str) -> None:
    async def run() -> None:
        async with FakeVendor() as vendor:
            provider = WIRES[wire](vendor.url)
            cut = 0
            for n in range(0, 2600, 37):
                vendor.script(Behaviour(text="one two three four", cut_after=n))
                try:
                    items = [item async for item in provider.stream(PROMPT, "m", 5)]
                except ProviderError as error:
                    assert error.fault == "cut", (n, error)
                    cut += 1
                else:
                    assert isinstance(items[-1], Completion)
                    assert items[-1].text == "one two three four", n
            assert 10 <= cut < 71
            await provider.close()
            assert await nothing_is_left()

    asyncio.run(run())


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_an_answer_without_end_is_not_read_to_its_end(wire: str, streamed: bool) -> None:
    async def run() -> None:
        async with FakeVendor(Behaviour(tokens=20_000)) as vendor:
            provider = WIRES[wire](vendor.url, WireLimits(largest_answer=50_000))
            with pytest.raises(ProviderError) as failed:
                await ask(provider, streamed, timeout_s=20)
            assert failed.value.fault == "malformed", failed.value
            assert "larger than 50000 bytes" in failed.value.message
            await provider.close()
            assert await nothing_is_left(vendor)

    asyncio.run(run())
