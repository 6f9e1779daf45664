"""Anthropic and Gemini in their own wire formats."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import subprocess
import sys
import traceback
from typing import Any

import pytest
from pydantic import SecretStr
from pydantic_core import from_json

from mandi.core.errors import ConfigError
from mandi.llm.messages import Message, Prompt, ToolCall
from mandi.llm.provider import ProviderError
from mandi.llm.providers.vendors import Vendor

from ....fakes.behaviour import Behaviour
from ....fakes.vendor import FakeVendor
from .wires import (
    ASKED_FOR_A_TOOL,
    ASKED_FOR_A_TYPE,
    KEY,
    PROMPT,
    SCHEMA,
    TOOL,
    WIRES,
    ask,
    gemini,
    nothing_is_left,
)

VENDORS = ["anthropic", "gemini"]
HINDI = "कपास का उचित भाव ₹7,200 है"
TALK = Prompt(
    (
        Message("system", "Be brief."), Message("user", "Price?"),
        Message("assistant", "I look it up.", (ToolCall("c1", "fair_price", '{"commodity": "cotton"}'),)),
        Message("tool", "7200", tool_call_id="c1"), Message("user", "And now?"),
    ),
    temperature=0.2, max_tokens=40, stop=("END",), tool_choice="fair_price",
    tools=(TOOL, dataclasses.replace(TOOL, name="arrivals")),
)  # fmt: skip


@pytest.mark.parametrize("wire", VENDORS)
def test_whole_and_streamed_say_the_same(wire: str) -> None:
    async def run() -> None:
        async with FakeVendor(Behaviour(text=HINDI)) as vendor:
            provider = WIRES[wire](vendor.url)
            _, whole = await ask(provider, False, timeout_s=10)
            pieces, streamed = await ask(provider, True, timeout_s=10)
            assert whole.text == streamed.text == "".join(p.text for p in pieces) == HINDI
            assert len(pieces) > 3
            for answer in (whole, streamed):
                assert (answer.provider, answer.model, answer.finish) == (wire, "m", "stop")
                assert answer.usage.prompt_tokens >= 11
                assert answer.usage.completion_tokens == len(HINDI.split())
                assert answer.usage.cached_tokens == 2
                assert not answer.usage.estimated
                assert answer.confidence is None, "a vendor does not say how sure it is"
            await provider.close()
            assert await nothing_is_left()

    asyncio.run(run())


def test_what_is_sent_to_anthropic() -> None:
    async def run() -> None:
        async with FakeVendor() as vendor:
            provider = WIRES["anthropic"](vendor.url)
            await ask(provider, False, TALK, timeout_s=10)
            (seen,) = vendor.requests
            assert seen.path == "/v1/messages"
            assert KEY in (
                seen.headers.get("x-api-key"),
                seen.headers["authorization"].removeprefix("Bearer "),
            )
            body = seen.json
            assert (body["model"], body["max_tokens"], body["temperature"]) == ("m", 40, 0.2)
            assert body["stop_sequences"] == ["END"]
            assert body["system"] == "Be brief."
            assert [m["role"] for m in body["messages"]] == ["user", "assistant", "user"]
            kinds = [[part["type"] for part in m["content"]] for m in body["messages"]]
            assert kinds == [["text"], ["text", "tool_use"], ["tool_result", "text"]]
            assert body["messages"][1]["content"][1]["input"] == {"commodity": "cotton"}
            assert body["messages"][2]["content"][0]["tool_use_id"] == "c1"
            assert body["tools"][0]["input_schema"] == TOOL.parameters
            assert body["tool_choice"] == {"type": "tool", "name": "fair_price"}
            await provider.close()

    asyncio.run(run())


def test_what_is_sent_to_gemini() -> None:
    async def run() -> None:
        async with FakeVendor() as vendor:
            provider = WIRES["gemini"](vendor.url)
            await ask(provider, False, TALK, timeout_s=10)
            (seen,) = vendor.requests
            assert seen.path == "/v1beta/models/m:generateContent"
            assert seen.headers["x-goog-api-key"] == KEY
            assert KEY not in seen.query, "an address is logged by everybody on the way"
            body = seen.json
            assert body["generationConfig"]["maxOutputTokens"] == 40
            assert body["generationConfig"]["stopSequences"] == ["END"]
            assert body["systemInstruction"]["parts"] == [{"text": "Be brief."}]
            assert [c["role"] for c in body["contents"]] == ["user", "model", "user", "user"]
            assert body["contents"][2]["parts"][0]["functionResponse"]["name"] == "fair_price"
            assert body["tools"][0]["functionDeclarations"][0]["name"] == "fair_price"
            assert body["toolConfig"]["functionCallingConfig"]["allowedFunctionNames"] == ["fair_price"]
            await provider.close()

    asyncio.run(run())


@pytest.mark.parametrize("wire", VENDORS)
@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("text", ["", "I look it up."])
def test_tool_calls(wire: str, streamed: bool, text: str) -> None:
    called = Behaviour(
        text=text,
        tool_calls=(("fair_price", '{"commodity":"कपास"}'), ("fair_price", '{"commodity":"soybean"}')),
    )

    async def run() -> None:
        async with FakeVendor(called) as vendor:
            provider = WIRES[wire](vendor.url)
            pieces, answer = await ask(provider, streamed, ASKED_FOR_A_TOOL, timeout_s=10)
            assert answer.text == text
            assert answer.finish == "tool_calls"
            assert [from_json(c.arguments) for c in answer.tool_calls] == [
                {"commodity": "कपास"},
                {"commodity": "soybean"},
            ]
            assert len({c.id for c in answer.tool_calls}) == 2
            if streamed:
                told: dict[int, list[str]] = {}
                for index, call in (c for p in pieces for c in p.tool_calls):
                    told.setdefault(index, ["", "", ""])
                    told[index] = [call.id, told[index][1] + call.name, told[index][2] + call.arguments]
                assert [told[n] for n in sorted(told)] == [
                    [c.id, c.name, c.arguments] for c in answer.tool_calls
                ]
            await provider.close()

    asyncio.run(run())


@pytest.mark.parametrize("wire", VENDORS)
@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("with_tools", [False, True])
def test_a_typed_answer_is_its_text(wire: str, streamed: bool, with_tools: bool) -> None:
    typed = '{"verdict":"fair"}'
    prompt = dataclasses.replace(ASKED_FOR_A_TYPE, tools=(TOOL,) if with_tools else ())
    by_tool = wire == "anthropic" or with_tools
    behaviour = Behaviour(tool_calls=(("answer", typed),)) if by_tool else Behaviour(text=typed)

    async def run() -> None:
        async with FakeVendor(behaviour) as vendor:
            provider = WIRES[wire](vendor.url)
            pieces, answer = await ask(provider, streamed, prompt, timeout_s=10)
            assert from_json(answer.text) == {"verdict": "fair"}
            assert (answer.finish, answer.tool_calls) == ("stop", ())
            if streamed:
                assert "".join(p.text for p in pieces) == answer.text
                assert not any(p.tool_calls for p in pieces)
            body = vendor.requests[0].json
            if wire == "anthropic":
                assert body["tool_choice"] == {"type": "any"}
                assert body["tools"][-1]["input_schema"]["required"] == SCHEMA["required"]
            elif not with_tools:
                assert body["generationConfig"]["responseMimeType"] == "application/json"
            await provider.close()

    asyncio.run(run())


@pytest.mark.parametrize(("told", "finish"), [("length", "length"), ("content_filter", "content_filter")])
@pytest.mark.parametrize("wire", VENDORS)
@pytest.mark.parametrize("streamed", [False, True])
def test_why_it_ended(wire: str, streamed: bool, told: str, finish: str) -> None:
    async def run() -> None:
        async with FakeVendor(Behaviour(finish_reason=told)) as vendor:
            provider = WIRES[wire](vendor.url)
            _, answer = await ask(provider, streamed, timeout_s=10)
            assert answer.finish == finish
            await provider.close()

    asyncio.run(run())


def test_gemini_embeds_and_anthropic_does_not() -> None:
    async def run() -> None:
        async with FakeVendor() as vendor:
            provider = gemini(vendor.url)
            told = await provider.embed(["a", "b"], "e", 5)
            assert [v[0] for v in told.vectors] == [0.0, 1.0]
            assert (await provider.embed([], "e", 5)).vectors == ()
            vendor.script(Behaviour(status=429, retry_after="2"), Behaviour(hang="head"))
            with pytest.raises(ProviderError) as failed:
                await provider.embed(["a"], "e", 5)
            assert (failed.value.fault, failed.value.retry_after) == ("rate_limited", 2.0)
            with pytest.raises(ProviderError) as slow:
                await provider.embed(["a"], "e", 0.2)
            assert slow.value.fault == "timeout"
            await provider.close()
            other = WIRES["anthropic"](vendor.url)
            with pytest.raises(ProviderError) as unable:
                await other.embed(["a"], "e", 5)
            assert unable.value.fault == "not_able"

    asyncio.run(run())


@pytest.mark.parametrize("wire", VENDORS)
@pytest.mark.parametrize(
    "turns",
    [
        (Message("user", "x"), Message("assistant", None, (ToolCall("c", "f", "{broken"),))),
        (Message("user", "x"), Message("assistant", None, (ToolCall("c", "f", "[1]"),))),
        (Message("user", "x"), Message("tool", "y")),
    ],
)
def test_turns_that_no_vendor_takes_are_the_callers_fault(wire: str, turns: Any) -> None:
    async def run() -> None:
        async with FakeVendor() as vendor:
            provider = WIRES[wire](vendor.url)
            for streamed in (False, True):
                with pytest.raises(ProviderError) as failed:
                    await ask(provider, streamed, Prompt(turns))
                assert failed.value.fault == "refused_request"
            assert vendor.count == 0

    asyncio.run(run())


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    "prompt",
    [
        Prompt((Message("user", "half a letter: \ud83d"),)),
        dataclasses.replace(PROMPT, tools=(dataclasses.replace(TOOL, parameters={"a": object()}),)),
        dataclasses.replace(PROMPT, tools=(dataclasses.replace(TOOL, parameters={"$ref": "#/no/where"}),)),
    ],
)
def test_a_prompt_that_cannot_be_written_never_opens_a_breaker(
    wire: str, streamed: bool, prompt: Prompt
) -> None:
    async def run() -> None:
        async with FakeVendor() as vendor:
            provider = WIRES[wire](vendor.url)
            try:
                await ask(provider, streamed, prompt, timeout_s=10)
            except ProviderError as error:
                assert error.fault in ("refused_request", "not_able"), error
                assert not error.counts
                assert vendor.count == 0
            else:
                assert vendor.count == 1, "what can be sent is the vendor's to judge"
            await provider.close()

    asyncio.run(run())


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("timeout_s", [0, -1])
def test_no_time_left_asks_nobody(wire: str, timeout_s: float) -> None:
    async def run() -> None:
        async with FakeVendor() as vendor:
            provider = WIRES[wire](vendor.url)
            for streamed in (False, True):
                with pytest.raises(ProviderError) as failed:
                    await ask(provider, streamed, timeout_s=timeout_s)
                assert (failed.value.fault, failed.value.status) == ("refused_request", 408)
            assert vendor.count == 0
            await provider.close()

    asyncio.run(run())


@pytest.mark.parametrize("wire", VENDORS)
@pytest.mark.parametrize("hang", ["head", "body", "middle"])
def test_a_caller_who_goes_away_takes_the_connection_along(wire: str, hang: Any) -> None:
    async def run() -> None:
        async with FakeVendor() as vendor:
            provider = WIRES[wire](vendor.url)
            await ask(provider, False, timeout_s=10)
            vendor.script(Behaviour(hang=hang))
            task = asyncio.create_task(ask(provider, streamed=True, timeout_s=60))
            await asyncio.sleep(0.15)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await nothing_is_left(vendor)
            assert vendor.aborted == 1
            await provider.close()

    asyncio.run(run())


@pytest.mark.parametrize("wire", VENDORS)
def test_the_key_is_shown_nowhere(wire: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    failures = [Behaviour(status=401), Behaviour(status=429), Behaviour(body=b"{"), Behaviour(cut_after=5)]

    async def run() -> list[ProviderError]:
        errors = []
        async with FakeVendor() as vendor:
            provider = WIRES[wire](vendor.url)
            assert KEY not in repr(provider)
            for behaviour in failures:
                for streamed in (False, True):
                    vendor.script(behaviour)
                    with pytest.raises(ProviderError) as failed:
                        await ask(provider, streamed, timeout_s=5)
                    errors.append(failed.value)
            await provider.close()
        return errors

    for error in asyncio.run(run()):
        told = "".join(traceback.format_exception(error)) + repr(vars(error))
        assert error.__cause__ is None
        assert error.__context__ is None, "what a client raised holds the request with its headers"
        assert KEY not in told
        assert "sk-test" not in told
    assert KEY not in caplog.text


@pytest.mark.parametrize("wire", VENDORS)
def test_a_second_loop_gets_a_client_of_its_own(wire: str) -> None:
    made = []

    async def run() -> str:
        async with FakeVendor() as vendor:
            provider = made[0] if made else WIRES[wire](vendor.url)
            made.append(provider)
            provider._url = vendor.url
            _, answer = await ask(provider, False, timeout_s=10)
            return answer.text

    assert asyncio.run(run()) == asyncio.run(run())


def test_what_cannot_be_made() -> None:
    with pytest.raises(ConfigError, match="no key"):
        Vendor("anthropic", "anthropic", ["m"], key=SecretStr(""), url="https://api.example.com")
    with pytest.raises(ConfigError, match='speaks "morse"'):
        Vendor("x", "morse", ["m"], key=SecretStr(KEY), url="https://api.example.com")
    with pytest.raises(ConfigError, match="plain http"):
        Vendor("anthropic", "anthropic", ["m"], key=SecretStr(KEY), url="http://api.example.com")


@pytest.mark.parametrize("shape", VENDORS)
def test_without_the_extra_the_error_names_it(shape: str) -> None:
    code = (
        "import sys\nsys.modules['pydantic_ai'] = None\n"
        "from pydantic import SecretStr\nfrom mandi.core.errors import ConfigError\n"
        "from mandi.llm.providers.vendors import Vendor\n"
        f"try: Vendor('x', {shape!r}, ['m'], key=SecretStr('k'), url='https://api.example.com')\n"
        "except ConfigError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pydantic_ai" in done.stdout
    assert 'next: pip install "mandi[vendors]"' in done.stdout


def test_importing_the_providers_loads_no_client() -> None:
    code = (
        "import sys, mandi.llm.providers.catalog, mandi.llm.providers.vendors, mandi.llm.pricing\n"
        "print([m for m in ('aiohttp', 'pydantic_ai', 'anthropic', 'google.genai', 'openai', 'genai_prices') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
