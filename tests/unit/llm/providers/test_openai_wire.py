"""The wire of OpenAI-shaped servers: what is sent, what is read, and what is left behind."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import logging
import traceback
from typing import Any

import pytest
from pydantic import SecretStr

from mandi.core.errors import ConfigError
from mandi.llm.messages import Completion, Delta, Message, Prompt, ToolCall
from mandi.llm.provider import ProviderError
from mandi.llm.providers.connection import WireLimits
from mandi.llm.providers.openai_wire import OpenAIWire

from ....fakes.behaviour import Behaviour
from ....fakes.vendor import FakeVendor
from .wires import ASKED_FOR_A_TOOL, ASKED_FOR_A_TYPE, KEY, PROMPT, SCHEMA, TOOL, ask, nothing_is_left, openai

HINDI = "कपास का उचित भाव ₹7,200 प्रति क्विंटल है 👍"


def test_whole_and_streamed_say_the_same() -> None:
    async def run() -> None:
        async with FakeVendor(Behaviour(text=HINDI)) as vendor:
            wire = openai(vendor.url)
            _, whole = await ask(wire, streamed=False)
            pieces, streamed = await ask(wire, streamed=True)
            assert whole.text == streamed.text == "".join(p.text for p in pieces) == HINDI
            assert len(pieces) > 3
            for answer in (whole, streamed):
                assert (answer.provider, answer.model, answer.finish) == ("openai", "m", "stop")
                assert answer.usage.prompt_tokens == 11
                assert answer.usage.cached_tokens == 2
                assert not answer.usage.estimated
                assert answer.confidence is None
                assert answer.latency_ms > 0
            await wire.close()

    asyncio.run(run())


def test_what_is_sent() -> None:
    prompt = Prompt(
        (
            Message("system", "s"), Message("user", "u"),
            Message("assistant", None, (ToolCall("c1", "fair_price", '{"commodity":"cotton"}'),)),
            Message("tool", "7200", tool_call_id="c1"),
        ),
        temperature=0.2, top_p=0.9, max_tokens=5, stop=("END",), seed=3, tools=(TOOL,), tool_choice="fair_price",
        answer_schema=SCHEMA,
    )  # fmt: skip

    async def run() -> None:
        async with FakeVendor() as vendor:
            wire = OpenAIWire(
                "openai", vendor.url + "/v1", ["m"], key=SecretStr(KEY), token_limit="max_completion_tokens"
            )
            await ask(wire, streamed=True, prompt=prompt)
            (seen,) = vendor.requests
            assert (seen.method, seen.path, seen.query) == ("POST", "/v1/chat/completions", "")
            assert seen.headers["authorization"] == f"Bearer {KEY}"
            assert {k for k in seen.headers if "key" in k or "cookie" in k} == set()
            assert KEY.encode() not in seen.body
            assert seen.json == {
                "model": "m",
                "messages": [
                    {"role": "system", "content": "s"},
                    {"role": "user", "content": "u"},
                    {
                        "role": "assistant",
                        "content": None,
                        "tool_calls": [
                            {
                                "id": "c1",
                                "type": "function",
                                "function": {"name": "fair_price", "arguments": '{"commodity":"cotton"}'},
                            }
                        ],
                    },
                    {"role": "tool", "content": "7200", "tool_call_id": "c1"},
                ],
                "temperature": 0.2, "top_p": 0.9, "max_completion_tokens": 5, "stop": ["END"], "seed": 3,
                "tools": [
                    {
                        "type": "function",
                        "function": {"name": TOOL.name, "description": TOOL.description, "parameters": TOOL.parameters},
                    }
                ],
                "tool_choice": {"type": "function", "function": {"name": "fair_price"}},
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True},
                },
                "stream": True, "stream_options": {"include_usage": True},
            }  # fmt: skip
            await wire.close()

    asyncio.run(run())


def test_an_open_schema_is_not_called_strict() -> None:
    async def run() -> None:
        async with FakeVendor(Behaviour(text="{}")) as vendor:
            wire = openai(vendor.url)
            loose = {"type": "object", "properties": {"a": {"type": "string"}}}
            await ask(wire, False, dataclasses.replace(PROMPT, answer_schema=loose))
            assert vendor.requests[0].json["response_format"]["json_schema"]["strict"] is False
            await wire.close()

    asyncio.run(run())


@pytest.mark.parametrize("write_size", [1, 2, 7, None])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_stream_cut_into_any_pieces_is_the_same_answer(write_size: int | None, newline: str) -> None:
    async def run() -> None:
        calls = (("fair_price", '{"commodity": "कपास"}'), ("fair_price", '{"commodity": "soybean"}'))
        odd = Behaviour(
            text=HINDI, tool_calls=calls, write_size=write_size, newline=newline, comments=True, done=True
        )
        async with FakeVendor(odd) as vendor:
            wire = openai(vendor.url, WireLimits())
            pieces, answer = await ask(wire, True, ASKED_FOR_A_TOOL, timeout_s=10)
            assert answer.text == HINDI
            assert answer.finish == "tool_calls"
            assert [(c.name, c.arguments) for c in answer.tool_calls] == list(calls)
            joined: dict[int, str] = {}
            for index, call in (c for p in pieces for c in p.tool_calls):
                joined[index] = joined.get(index, "") + call.arguments
            assert joined == {0: calls[0][1], 1: calls[1][1]}
            await wire.close()

    asyncio.run(run())


def test_a_stream_cut_at_every_byte_is_cut_or_whole_and_never_something_else() -> None:
    async def run() -> None:
        async with FakeVendor() as vendor:
            wire = openai(vendor.url, WireLimits())
            longest = 2200
            outcomes = {"cut": 0, "whole": 0}
            for n in range(longest):
                vendor.script(Behaviour(text="cotton कपास", cut_after=n))
                said = []
                try:
                    async for item in wire.stream(PROMPT, "m", 5):
                        said.append(item)
                    assert isinstance(said[-1], Completion)
                    assert said[-1].text == "cotton कपास"
                    outcomes["whole"] += 1
                except ProviderError as error:
                    assert error.fault == "cut", (n, error)
                    assert "cotton कपास".startswith("".join(d.text for d in said if isinstance(d, Delta)))
                    outcomes["cut"] += 1
            assert outcomes["cut"] > 500
            assert outcomes["whole"] > 500, "the last lengths are beyond the end of the body"
            await wire.close()
            assert await nothing_is_left(vendor)

    asyncio.run(run())


def test_a_whole_answer_cut_at_every_byte_is_cut() -> None:
    async def run() -> None:
        async with FakeVendor() as vendor:
            wire = openai(vendor.url, WireLimits())
            _, whole = await ask(wire, False, timeout_s=5)
            for n in range(300):
                vendor.script(Behaviour(cut_after=n))
                with pytest.raises(ProviderError) as failed:
                    await wire.complete(PROMPT, "m", 5)
                assert failed.value.fault == "cut", n
            for n in range(60):
                vendor.script(Behaviour(cut_head=n))
                with pytest.raises(ProviderError) as failed:
                    await wire.complete(PROMPT, "m", 5)
                assert failed.value.fault == "cut", n
            assert (await ask(wire, False, timeout_s=5))[1].text == whole.text
            await wire.close()

    asyncio.run(run())


def test_an_answer_that_was_finished_is_not_lost_with_its_usage() -> None:
    async def run() -> None:
        async with FakeVendor() as vendor:
            wire = openai(vendor.url)
            vendor.script(Behaviour(done=False, usage=False), Behaviour(finish=False))
            _, without_end_mark = await ask(wire, streamed=True)
            _, without_reason = await ask(wire, streamed=True)
            assert without_end_mark.text == without_reason.text
            assert without_end_mark.usage.estimated
            assert not without_reason.usage.estimated
            await wire.close()

    asyncio.run(run())


def test_servers_that_leave_things_out() -> None:
    piece = b'data: {"choices": [{"delta": {"content": "72"}, "finish_reason": ""}]}\n\n'
    error = b'data: {"object": "error", "message": "out of memory", "code": 503}\n\n'
    call = b'data: {"choices": [{"delta": {"tool_calls": [{"id": "%b", "function": {"name": "f", "arguments": "{}"}}]}}]}\n\n'
    end = b"data: [DONE]\n\n"

    async def run() -> None:
        async with FakeVendor() as vendor:
            wire = openai(vendor.url)

            async def told(body: bytes) -> Completion:
                vendor.script(Behaviour(body=body, content_type="text/event-stream"))
                return (await ask(wire, True, timeout_s=5))[1]

            with pytest.raises(ProviderError) as failed:
                await told(piece + piece)
            assert failed.value.fault == "cut", "an empty reason is not a reason"
            assert (await told(piece + piece + end)).text == "7272"
            assert (await told(piece + end.strip())).text == "72"
            with pytest.raises(ProviderError) as failed:
                await told(piece + error)
            assert failed.value.fault == "server_error"
            answer = await told(call % b"a" + call % b"b" + end)
            assert [(c.id, c.arguments) for c in answer.tool_calls] == [("a", "{}"), ("b", "{}")]
            assert answer.finish == "tool_calls"
            await wire.close()

    asyncio.run(run())


@pytest.mark.parametrize("streamed", [False, True])
def test_usage_that_is_not_told_is_estimated_and_says_so(streamed: bool) -> None:
    async def run() -> None:
        async with FakeVendor(Behaviour(text=HINDI, usage=False)) as vendor:
            wire = openai(vendor.url)
            _, answer = await ask(wire, streamed)
            assert answer.usage.estimated
            assert answer.usage.prompt_tokens >= 20
            assert len(HINDI.split()) <= answer.usage.completion_tokens <= len(HINDI.encode())
            await wire.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    "told", [{"prompt_tokens": -5}, {"prompt_tokens": "many"}, {"total_tokens": 9}, [], 7]
)
def test_usage_that_cannot_be_one_is_estimated(told: Any) -> None:
    from pydantic_core import to_json

    body = {"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}], "usage": told}

    async def run() -> None:
        async with FakeVendor(Behaviour(body=to_json(body))) as vendor:
            wire = openai(vendor.url)
            _, answer = await ask(wire, False)
            assert answer.usage.estimated
            await wire.close()

    asyncio.run(run())


def test_a_server_that_does_not_stream_gives_one_piece() -> None:
    async def run() -> None:
        body = b'{"choices": [{"message": {"content": "7200"}, "finish_reason": "stop"}]}'
        async with FakeVendor(Behaviour(body=body)) as vendor:
            wire = openai(vendor.url)
            pieces, answer = await ask(wire, streamed=True)
            assert [p.text for p in pieces] == ["7200"]
            assert answer.text == "7200"
            await wire.close()

    asyncio.run(run())


@pytest.mark.parametrize("streamed", [False, True])
def test_a_typed_answer(streamed: bool) -> None:
    async def run() -> None:
        async with FakeVendor(Behaviour(text='{"verdict": "fair"}')) as vendor:
            wire = openai(vendor.url)
            _, answer = await ask(wire, streamed, ASKED_FOR_A_TYPE)
            assert answer.text == '{"verdict": "fair"}'
            await wire.close()

    asyncio.run(run())


def test_embeddings_come_in_the_order_of_the_texts() -> None:
    async def run() -> None:
        async with FakeVendor() as vendor:
            wire = openai(vendor.url)
            told = await wire.embed(["a", "b", "c"], "e", 2)
            assert [v[0] for v in told.vectors] == [0.0, 1.0, 2.0]
            assert told.usage.prompt_tokens == 9
            assert (await wire.embed([], "e", 2)).vectors == ()
            vendor.script(Behaviour(empty=True), Behaviour(vector_length=0))
            for _ in range(2):
                with pytest.raises(ProviderError) as failed:
                    await wire.embed(["a"], "e", 2)
                assert failed.value.fault == "malformed"
            with pytest.raises(ProviderError) as unknown:
                await wire.embed(["a"], "other", 2)
            assert unknown.value.fault == "not_able"
            await wire.close()

    asyncio.run(run())


def test_a_model_that_is_not_configured_is_not_asked_for() -> None:
    async def run() -> None:
        async with FakeVendor() as vendor:
            wire = openai(vendor.url)
            with pytest.raises(ProviderError) as failed:
                await wire.complete(PROMPT, "dearest-model", 2)
            assert failed.value.fault == "not_able"
            assert vendor.count == 0

    asyncio.run(run())


def test_one_connection_serves_one_request_after_the_other() -> None:
    async def run() -> None:
        async with FakeVendor() as vendor:
            wire = openai(vendor.url)
            for n in range(20):
                await ask(wire, streamed=n % 2 == 0)
            assert vendor.made == 1
            await wire.close()
            assert await nothing_is_left(vendor)

    asyncio.run(run())


def test_a_second_loop_gets_connections_of_its_own() -> None:
    wire = openai("http://127.0.0.1:1")

    async def run() -> str:
        async with FakeVendor() as vendor:
            wire._connection.url = vendor.url + "/v1"
            _, answer = await ask(wire, streamed=False)
            await wire.close()
            return answer.text

    assert asyncio.run(run()) == asyncio.run(run())


@pytest.mark.parametrize("hang", ["head", "body", "middle"])
def test_a_caller_who_goes_away_takes_the_connection_along(hang: Any) -> None:
    async def run() -> None:
        async with FakeVendor(Behaviour(hang=hang)) as vendor:
            wire = openai(vendor.url, WireLimits())
            task = asyncio.create_task(ask(wire, streamed=True, timeout_s=60))
            await asyncio.sleep(0.1)
            assert vendor.open_connections == 1
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await nothing_is_left(vendor)
            assert vendor.aborted == 1
            await wire.close()

    asyncio.run(run())


def test_a_stream_left_in_the_middle_closes_its_connection() -> None:
    async def run() -> None:
        async with FakeVendor(Behaviour(token_s=0.05, tokens=50)) as vendor:
            wire = openai(vendor.url, WireLimits())
            stream = wire.stream(PROMPT, "m", 60)
            assert isinstance(await anext(stream), Delta)
            await stream.aclose()  # type: ignore[attr-defined]
            assert await nothing_is_left(vendor)
            await wire.close()

    asyncio.run(run())


def test_a_short_wait_of_the_caller_is_the_callers_own() -> None:
    async def run() -> None:
        async with FakeVendor(Behaviour(hang="head")) as vendor:
            wire = openai(vendor.url, WireLimits(fair_s=0.3))
            for streamed in (False, True):
                with pytest.raises(ProviderError) as short:
                    await ask(wire, streamed, timeout_s=0.05)
                assert (short.value.fault, short.value.status) == ("refused_request", 408)
                assert not short.value.counts
                with pytest.raises(ProviderError) as fair:
                    await ask(wire, streamed, timeout_s=0.35)
                assert fair.value.fault == "timeout"
                assert fair.value.counts
            await wire.close()

    asyncio.run(run())


def test_a_stream_that_goes_on_and_on_does_not_outlast_the_wait() -> None:
    async def run() -> None:
        async with FakeVendor(Behaviour(token_s=0.1, tokens=50)) as vendor:
            wire = openai(vendor.url)
            with pytest.raises(ProviderError) as failed:
                await ask(wire, streamed=True, timeout_s=0.6)
            assert failed.value.fault == "timeout"
            await wire.close()

    asyncio.run(run())


@pytest.mark.parametrize("streamed", [False, True])
def test_a_redirect_is_not_followed(streamed: bool) -> None:
    async def run() -> None:
        async with FakeVendor() as other, FakeVendor() as vendor:
            vendor.default = Behaviour(status=307, headers={"Location": other.url + "/v1/chat/completions"})
            wire = openai(vendor.url)
            with pytest.raises(ProviderError) as failed:
                await ask(wire, streamed)
            assert failed.value.fault == "malformed"
            assert other.count == 0
            await wire.close()

    asyncio.run(run())


FAILURES = [
    Behaviour(status=401), Behaviour(status=429, retry_after="1"), Behaviour(status=500), Behaviour(body=b"{"), Behaviour(cut_after=5),
    Behaviour(cut_head=30), Behaviour(hang="head"), Behaviour(body=b"\x00", content_type="x/y"), Behaviour(error_after=1),
]  # fmt: skip


@pytest.mark.parametrize("streamed", [False, True])
def test_the_key_is_shown_nowhere(streamed: bool, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def run() -> list[ProviderError]:
        errors: list[ProviderError] = []
        async with FakeVendor() as vendor:
            wire = openai(vendor.url)
            assert KEY not in repr(wire)
            for behaviour in FAILURES:
                vendor.script(behaviour)
                try:
                    await ask(wire, streamed)
                except ProviderError as error:
                    errors.append(error)
            await wire.close()
            wire = openai("http://127.0.0.1:1")
            with pytest.raises(ProviderError) as failed:
                await ask(wire, streamed)
            await wire.close()
            return [*errors, failed.value]

    errors = asyncio.run(run())
    assert len(errors) >= len(FAILURES)
    for error in errors:
        told = "".join(traceback.format_exception(error))
        cause: BaseException | None = error
        while cause is not None:
            told += repr(cause) + str(cause) + repr(vars(cause))
            cause = cause.__cause__ or cause.__context__
        assert KEY not in told
        assert "sk-test" not in told, "nor what the vendor quotes of it"
    assert KEY not in caplog.text


def test_a_key_goes_over_plain_http_only_nearby() -> None:
    with pytest.raises(ConfigError, match="plain http"):
        OpenAIWire("openai", "http://api.example.com/v1", ["m"], key=SecretStr(KEY))
    OpenAIWire("openai", "http://api.example.com/v1", ["m"])


def test_many_streams_leave_no_objects_behind() -> None:
    async def run() -> tuple[int, int]:
        async with FakeVendor(keep=False) as vendor:
            wire = openai(vendor.url, WireLimits())

            async def many(n: int) -> int:
                for k in range(n):
                    if k % 10 == 0:
                        vendor.script(Behaviour(cut_after=300))
                    try:
                        await ask(wire, streamed=True, timeout_s=10)
                    except ProviderError as error:
                        assert error.fault == "cut"
                gc.collect()
                return len(gc.get_objects())

            before = await many(100)
            after = await many(600)
            await wire.close()
            return before, after

    before, after = asyncio.run(run())
    assert after - before < 200, "an object kept by a stream would be there 600 times"
