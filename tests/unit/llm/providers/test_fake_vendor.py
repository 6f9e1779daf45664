"""The fake vendors answer the vendors' own clients, so what is tested against them is tested against the real shapes."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from ....fakes.behaviour import Behaviour, pieces
from ....fakes.vendor import FakeVendor
from .wires import KEY, openai

TEXT = "कपास का भाव 7200"


def test_the_client_of_openai_reads_it() -> None:
    from openai import AsyncOpenAI, RateLimitError

    async def run() -> None:
        async with (
            FakeVendor(Behaviour(text=TEXT)) as vendor,
            AsyncOpenAI(api_key=KEY, base_url=vendor.url + "/v1", max_retries=0) as client,
        ):
            turns: Any = [{"role": "user", "content": "?"}]
            whole = await client.chat.completions.create(model="m", messages=turns)
            assert whole.choices[0].message.content == TEXT
            assert whole.usage is not None
            stream = await client.chat.completions.create(
                model="m", messages=turns, stream=True, stream_options={"include_usage": True}
            )
            chunks = [chunk async for chunk in stream]
            said = [c.choices[0].delta.content or "" for c in chunks if c.choices]
            assert "".join(said) == TEXT
            assert chunks[-1].usage is not None
            vectors = await client.embeddings.create(model="e", input=["a", "b"], encoding_format="float")
            assert len(vectors.data) == 2
            assert "fake-small" in [m.id async for m in client.models.list()]
            vendor.script(Behaviour(status=429, retry_after="1"))
            with pytest.raises(RateLimitError):
                await client.chat.completions.create(model="m", messages=turns)

    asyncio.run(run())


def test_the_client_of_anthropic_reads_it() -> None:
    from anthropic import APIStatusError, AsyncAnthropic

    async def run() -> None:
        async with (
            FakeVendor(Behaviour(text=TEXT, tool_calls=(("f", '{"a":1}'),))) as vendor,
            AsyncAnthropic(api_key=KEY, base_url=vendor.url, max_retries=0) as client,
        ):
            asked: Any = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "?"}]}
            whole = await client.messages.create(**asked)
            assert [b.type for b in whole.content] == ["text", "tool_use"]
            async with client.messages.stream(**asked) as stream:
                assert "".join([t async for t in stream.text_stream]) == TEXT
                final = await stream.get_final_message()
            assert final.content[1].input == {"a": 1}
            assert final.stop_reason == "tool_use"
            vendor.script(Behaviour(status=529))
            with pytest.raises(APIStatusError) as busy:
                await client.messages.create(**asked)
            assert busy.value.status_code == 529

    asyncio.run(run())


def test_the_client_of_gemini_reads_it() -> None:
    from google.genai import Client, types
    from google.genai.errors import APIError

    async def run() -> None:
        async with FakeVendor(Behaviour(text=TEXT)) as vendor:
            client = Client(
                api_key=KEY, vertexai=False, http_options=types.HttpOptions(base_url=vendor.url)
            ).aio
            whole = await client.models.generate_content(model="m", contents="?")
            assert whole.text == TEXT
            said = [
                c.text async for c in await client.models.generate_content_stream(model="m", contents="?")
            ]
            assert "".join(t or "" for t in said) == TEXT
            vendor.script(Behaviour(status=503))
            with pytest.raises(APIError):
                await client.models.generate_content(model="m", contents="?")
            await client.aclose()

    asyncio.run(run())


def test_a_script_is_followed_by_path_and_then_forgotten() -> None:
    async def run() -> None:
        async with FakeVendor() as vendor:
            wire = openai(vendor.url)
            vendor.script(Behaviour(vector_length=9), path="/embeddings")
            vendor.script(Behaviour(text="first"), Behaviour(text="second"))
            from .wires import ask

            assert [(await ask(wire, False))[1].text for _ in range(2)] == ["first", "second"]
            assert len((await wire.embed(["a"], "e", 2)).vectors[0]) == 9
            assert (await ask(wire, False))[1].text.startswith("word0")
            assert vendor.count == len(vendor.requests) == 4
            await wire.close()

    asyncio.run(run())


def test_pieces_join_to_the_text() -> None:
    for text in (TEXT, "", " ", "a  b ", "one"):
        assert "".join(pieces(text)) == text


def test_it_runs_as_a_process(root: Path) -> None:
    command = [sys.executable, "-m", "tests.fakes.serve", "--latency-ms", "40", "--tokens", "3"]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            request = urllib.request.Request(
                url + "/v1/chat/completions",
                b'{"model": "m", "messages": []}',
                {"Content-Type": "application/json"},
            )
            started = time.perf_counter()
            with urllib.request.urlopen(request, timeout=10) as answer:
                assert b"word0 word1 word2" in answer.read()
            assert time.perf_counter() - started >= 0.04
        finally:
            process.terminate()
