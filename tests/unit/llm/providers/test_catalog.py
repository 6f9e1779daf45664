"""The providers a configuration names, and what each says is missing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import SecretStr

from mandi.core.errors import ConfigError, UnknownValue
from mandi.llm.provider import ProviderError
from mandi.llm.providers.catalog import SPECS, catalog, verify
from mandi.llm.providers.connection import WireLimits

from ....fakes.behaviour import Behaviour
from ....fakes.vendor import FakeVendor
from .wires import KEY, PROMPT

FULL: dict[str, Any] = {
    "OPENAI_API_KEY": SecretStr(KEY), "OPENAI_MODEL": "fake-small, fake-large", "OPENAI_EMBEDDING_MODEL": "fake-embed",
    "ANTHROPIC_API_KEY": KEY, "ANTHROPIC_MODEL": "fake-small",
    "GOOGLE_AI_API_KEY": KEY, "GEMINI_MODEL": "fake-small",
    "LLAMA_ENDPOINT": "http://localhost:11434", "LLAMA_MODEL": "fake-small",
    "COMPATIBLE_BASE_URL": "https://api.example.com", "COMPATIBLE_API_KEY": KEY, "COMPATIBLE_MODEL": "fake-small",
}  # fmt: skip


def test_nothing_configured_is_nothing_there_and_says_which_variable_to_set() -> None:
    made = catalog({})
    assert made.providers == {}
    assert made.missing == {
        "openai": "OPENAI_API_KEY is not set",
        "anthropic": "ANTHROPIC_API_KEY is not set",
        "gemini": "GOOGLE_AI_API_KEY or GEMINI_API_KEY is not set",
        "local": "LOCAL_INFER_URL or LLAMA_ENDPOINT is not set",
        "compatible": "COMPATIBLE_BASE_URL is not set",
    }


def test_everything_configured_is_there() -> None:
    made = catalog(FULL)
    assert made.missing == {}
    assert list(made.providers) == ["openai", "anthropic", "gemini", "local", "compatible"]
    assert [p.kind for p in made.providers.values()] == ["vendor", "vendor", "vendor", "local", "vendor"]
    assert list(made.provider("openai").models()) == ["fake-small", "fake-large"]
    assert made.vendors == {
        "openai": "openai",
        "anthropic": "anthropic",
        "gemini": "google",
        "compatible": "https://api.example.com",
    }
    assert KEY not in repr(made)


@pytest.mark.parametrize(
    ("name", "without", "says"),
    [
        ("openai", "OPENAI_MODEL", "OPENAI_MODEL is not set"),
        ("gemini", "GEMINI_MODEL", "GEMINI_MODEL is not set"),
        ("local", "LLAMA_MODEL", "LOCAL_INFER_MODEL or LLAMA_MODEL is not set"),
        ("compatible", "COMPATIBLE_MODEL", "COMPATIBLE_MODEL is not set"),
    ],
)
def test_a_model_comes_from_the_configuration_or_there_is_no_provider(
    name: str, without: str, says: str
) -> None:
    made = catalog({k: v for k, v in FULL.items() if k != without})
    assert made.missing == {name: says}
    with pytest.raises(ConfigError, match=says):
        made.provider(name)


def test_a_name_nobody_has() -> None:
    with pytest.raises(UnknownValue, match='did you mean "openai"'):
        catalog(FULL).provider("opena")


@pytest.mark.parametrize("key", ["", "   ", SecretStr("")])
def test_an_empty_key_is_no_key(key: Any) -> None:
    assert "openai" in catalog({**FULL, "OPENAI_API_KEY": key}).missing


def test_one_that_cannot_be_used_does_not_stop_the_others() -> None:
    made = catalog({**FULL, "COMPATIBLE_BASE_URL": "http://api.example.com", "OPENAI_BASE_URL": "nonsense"})
    assert list(made.providers) == ["anthropic", "gemini", "local"]
    assert "plain http" in made.missing["compatible"]
    assert KEY not in str(made.missing)


def test_both_names_of_the_local_server() -> None:
    async def run(settings: dict[str, str]) -> str:
        async with FakeVendor() as vendor:
            made = catalog({k: v.replace("URL", vendor.url) for k, v in settings.items()})
            local = made.provider("local")
            answer = await local.complete(PROMPT, local.models()[0], 5)
            assert vendor.requests[0].path == "/v1/chat/completions"
            assert "authorization" not in vendor.requests[0].headers
            await made.close()
            return answer.model

    assert asyncio.run(run({"LLAMA_ENDPOINT": "URL", "LLAMA_MODEL": "a:8b"})) == "a:8b"
    assert (
        asyncio.run(run({"LOCAL_INFER_URL": "URL/v1/", "LOCAL_INFER_MODEL": "local-trained"}))
        == "local-trained"
    )


def test_no_model_id_of_a_vendor_is_in_the_code() -> None:
    from pathlib import Path

    import mandi.llm

    words = ("gpt-", "claude-", "gemini-1", "gemini-2", "gemini-3", "llama3", "text-embedding-")
    found = [
        (path.name, word)
        for path in Path(mandi.llm.__file__).parent.rglob("*.py")
        for word in words
        if word in path.read_text(encoding="utf-8")
    ]
    assert found == []


def test_a_short_wait_of_the_caller_is_no_sign_of_a_sick_provider() -> None:
    async def run() -> None:
        async with FakeVendor(Behaviour(hang="head")) as vendor:
            made = catalog({"LLAMA_ENDPOINT": vendor.url, "LLAMA_MODEL": "m"})
            with pytest.raises(ProviderError) as failed:
                await made.provider("local").complete(PROMPT, "m", 0.05)
            assert failed.value.fault == "refused_request"
            await made.close()

    asyncio.run(run())


@pytest.mark.parametrize("spec", SPECS, ids=[s.name for s in SPECS])
def test_verify_says_whether_a_model_is_there(spec: Any) -> None:
    async def run() -> None:
        async with FakeVendor() as vendor:
            settings = {**FULL, spec.url[0]: vendor.url}
            good = catalog(settings).provider(spec.name)
            told = await verify(good, 5)
            assert told.ok is True, told
            assert vendor.requests[0].method == "GET"
            await good.close()
            bad = catalog({**settings, spec.model[0]: "retired-model"}).provider(spec.name)
            told = await verify(bad, 5)
            assert told.ok is False
            assert '"retired-model"' in told.message
            for trouble in (
                Behaviour(status=500),
                Behaviour(status=401),
                Behaviour(hang="head"),
                Behaviour(body=b"{"),
            ):
                vendor.script(trouble)
                told = await verify(bad, 0.3)
                assert told.ok is None, trouble
                assert "was asked for its models" in told.message
            await bad.close()

    asyncio.run(run())


def test_verify_knows_the_tag_of_a_local_server_and_those_without_a_list() -> None:
    from pydantic_core import to_json

    from mandi.llm.providers.embedded import StudentProvider

    class Nobody:
        version = "1"

        def knows(self, task: Any) -> bool:
            return False

        def answer(self, prompt: Any) -> None:
            return None

    async def run() -> None:
        body = to_json({"data": [{"id": "some-model:latest"}]})
        async with FakeVendor(Behaviour(body=body)) as vendor:
            made = catalog({"LLAMA_ENDPOINT": vendor.url, "LLAMA_MODEL": "some-model"}, WireLimits())
            assert (await verify(made.provider("local"))).ok is True
            await made.close()
        assert (await verify(StudentProvider(Nobody()))).ok is None

    asyncio.run(run())
