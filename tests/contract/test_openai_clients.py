"""A real client of OpenAI's API at our routes, over a socket: what it parses, what it raises, what it tries again."""

from __future__ import annotations

import base64
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any

import openai
import pytest
from openai import OpenAI
from pydantic import BaseModel
from starlette.requests import HTTPConnection

from mandi.llm.calls import Attempt, Interrupted
from mandi.llm.messages import Delta, ToolCall
from mandi.llm.refusals import NobodyAnswered, NoProvider, QuotaExceeded
from mandi.serving.api import openai_chat
from mandi.serving.api.openai_chat import openai_operations
from mandi.serving.house import House
from mandi.serving.operations import Principal
from mandi.serving.problems import Problem, Refused
from mandi.serving.routes import routes_app
from mandi.student.encoder import Encoder

from ..gates import SOMEBODY
from ..listening import listening
from ..scripted_gateway import FakeProvider, ScriptedGateway, outcome

ASKED: list[Any] = [{"role": "user", "content": "Is 7,200 a fair price for cotton?"}]
KEY = "mk_of_the_test"


class KeyGate:
    """Knows one key, and one that may not ask in language."""

    async def admit(self, connection: HTTPConnection) -> Principal:
        key = connection.headers.get("authorization", "").removeprefix("Bearer ")
        if key == "mk_narrow":
            return replace(SOMEBODY, scopes=frozenset({"predict"}))
        if key != KEY:
            raise Refused(Problem(401, "no such key", headers={"www-authenticate": "Bearer"}))
        return SOMEBODY


@contextmanager
def at(gateway: ScriptedGateway, key: str = KEY, **client: Any) -> Iterator[OpenAI]:
    house = House(
        gate=KeyGate(),
        rooms={"answers": gateway, "encoder": Encoder(), "providers": {FakeProvider().name: FakeProvider()}},
    )
    with listening(routes_app(house, openai_operations())) as url:
        yield OpenAI(base_url=f"{url}/v1", api_key=key, **{"max_retries": 0, **client})


At = Callable[..., AbstractContextManager[OpenAI]]


def test_an_answer_is_parsed_and_says_who_gave_it() -> None:
    gateway = ScriptedGateway(outcome("Hold.", fallback=True, fallback_reason="the student was unsure"))
    with at(gateway) as client:
        raw = client.chat.completions.with_raw_response.create(
            model="mandi-hybrid", messages=ASKED, max_tokens=50
        )
    answer = raw.parse()
    assert answer.choices[0].message.content == "Hold." and answer.choices[0].finish_reason == "stop"
    assert answer.model == "mandi-hybrid"
    assert answer.usage is not None and answer.usage.total_tokens == 17
    told = answer.model_extra["mandi"]  # type: ignore[index]
    assert (
        told["provider"] == "fake"
        and told["fallback"]
        and told["fallback_reason"] == "the student was unsure"
    )
    assert told["generation_id"] == "g1" and told["confidence"] is None and told["cost_usd"] == 0.000123
    assert raw.headers["x-mandi-provider"] == "fake" and raw.headers["x-mandi-fallback"] == "true"
    (call,) = gateway.calls
    assert call.mode == "hybrid" and call.provider is None
    assert call.prompt.max_tokens == 50 and call.prompt.question == ASKED[0]["content"]
    assert call.caller.organization_id == SOMEBODY.organization_id


def test_a_stream_gives_its_pieces_then_its_usage_and_who_spoke() -> None:
    pieces = [Delta(t) for t in ("कपास ", 'का "भाव"\n', "₹7,200 ", "🌾")]
    with at(ScriptedGateway(*pieces, outcome("x"))) as client:
        stream = client.chat.completions.create(
            model="mandi", messages=ASKED, stream=True, stream_options={"include_usage": True}
        )
        chunks = list(stream)
    assert (
        "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == 'कपास का "भाव"\n₹7,200 🌾'
    )
    assert chunks[0].choices[0].delta.role == "assistant"
    assert len({c.id for c in chunks}) == 1
    assert [c.usage is None for c in chunks] == [True] * (len(chunks) - 1) + [False]
    assert chunks[-1].usage.total_tokens == 17 and not chunks[-1].choices
    assert chunks[-1].model_extra["mandi"]["provider"] == "fake"
    assert chunks[-2].choices[0].finish_reason == "stop"


def test_without_usage_the_last_piece_says_who_spoke() -> None:
    with at(ScriptedGateway()) as client:
        chunks = list(client.chat.completions.create(model="mandi", messages=ASKED, stream=True))
    assert all(c.usage is None and c.choices for c in chunks)
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert chunks[-1].model_extra["mandi"]["generation_id"] == "g1"


TOOL: Any = {
    "type": "function",
    "function": {
        "name": "fair_price",
        "description": "the fair price of a commodity",
        "parameters": {"type": "object", "properties": {"commodity": {"type": "string"}}},
    },
}
CALLED = ToolCall("call_1", "fair_price", '{"commodity": "cotton"}')


def test_tools_are_passed_on_and_their_calls_come_back() -> None:
    gateway = ScriptedGateway(outcome("", tool_calls=(CALLED,), finish="tool_calls"))
    choice: Any = {"type": "function", "function": {"name": "fair_price"}}
    with at(gateway) as client:
        answer = client.chat.completions.create(
            model="mandi", messages=ASKED, tools=[TOOL], tool_choice=choice
        )
        message = answer.choices[0].message
        assert answer.choices[0].finish_reason == "tool_calls" and message.content is None
        (call,) = message.tool_calls or ()
        assert (call.id, call.function.name, call.function.arguments) == (
            CALLED.id,
            CALLED.name,
            CALLED.arguments,
        )  # type: ignore[union-attr]
        then: list[Any] = [*ASKED, message, {"role": "tool", "tool_call_id": call.id, "content": "7150"}]
        client.chat.completions.create(model="mandi", messages=then, tools=[TOOL])
    first, second = gateway.calls
    assert first.prompt.tools[0].name == "fair_price" and first.prompt.tool_choice == choice
    assert [m.role for m in second.prompt.messages] == ["user", "assistant", "tool"]
    assert second.prompt.messages[1].tool_calls == (CALLED,)
    assert second.prompt.messages[2].tool_call_id == "call_1"


def test_streamed_tool_calls_are_put_together_by_the_client() -> None:
    pieces = [
        Delta(tool_calls=((0, ToolCall("call_1", "fair_price", "")),)),
        Delta(tool_calls=((0, ToolCall("", "", '{"commodity":')),)),
        Delta(tool_calls=((0, ToolCall("", "", ' "cotton"}')), (1, ToolCall("call_2", "fair_price", "{}")))),
    ]
    end = outcome("", tool_calls=(CALLED, ToolCall("call_2", "fair_price", "{}")), finish="tool_calls")
    with (
        at(ScriptedGateway(*pieces, end)) as client,
        client.chat.completions.stream(model="mandi", messages=ASKED, tools=[TOOL]) as stream,
    ):
        answer = stream.get_final_completion()
    calls = answer.choices[0].message.tool_calls or []
    assert [(c.id, c.function.arguments) for c in calls] == [
        ("call_1", '{"commodity": "cotton"}'), ("call_2", "{}"),
    ]  # fmt: skip


class View(BaseModel):
    verdict: str
    price: float


def test_an_answer_of_a_schema_is_parsed_into_its_type() -> None:
    gateway = ScriptedGateway(outcome('{"verdict": "fair", "price": 7150.0}'))
    with at(gateway) as client:
        answer = client.chat.completions.parse(model="mandi", messages=ASKED, response_format=View)
    assert answer.choices[0].message.parsed == View(verdict="fair", price=7150.0)
    schema = gateway.calls[0].prompt.answer_schema
    assert schema is not None and set(schema["properties"]) == {"verdict", "price"}


def test_a_stream_that_is_cut_off_raises_and_does_not_end_quietly() -> None:
    cut = Interrupted("g1", "Ho", "the connection was lost", "cut", "fake")
    with at(ScriptedGateway(Delta("Ho"), 0.05, cut)) as client:
        seen = []
        with pytest.raises(openai.APIError, match="cut off: the connection was lost") as raised:
            for chunk in client.chat.completions.create(model="mandi", messages=ASKED, stream=True):
                seen.append(chunk.choices[0].delta.content)
    assert "".join(s or "" for s in seen) == "Ho"
    assert raised.value.code == "stream_interrupted"


def test_a_failure_after_the_first_piece_is_told_without_its_secrets() -> None:
    gateway = ScriptedGateway(Delta("Ho"), 0.05, RuntimeError("key sk-secret"))
    with at(gateway) as client, pytest.raises(openai.APIError) as raised:
        list(client.chat.completions.create(model="mandi", messages=ASKED, stream=True))
    assert "secret" not in str(raised.value) and raised.value.code == "internal_error"


FAILED = Attempt("fake", "fake-1", 5.0, fault="server_error", status=500)
RAISED = [
    (QuotaExceeded("calls_per_hour", 100, 1, 100, 30.0), openai.RateLimitError, 429, "rate_limit_exceeded"),
    (QuotaExceeded("usd_per_day", 5, 0.1, 5, 3600.0), openai.RateLimitError, 429, "insufficient_quota"),
    (NobodyAnswered((FAILED,)), openai.InternalServerError, 502, "nobody_answered"),
    (NobodyAnswered((replace(FAILED, fault="timeout", status=None),)), openai.InternalServerError, 504, "nobody_answered"),
    (NobodyAnswered((), retry_after=7.0), openai.InternalServerError, 503, "nobody_answered"),
    (NobodyAnswered((replace(FAILED, fault="refused_request", status=422),)), openai.BadRequestError, 400, "refused_by_provider"),
    (NobodyAnswered((replace(FAILED, fault="not_able", status=None),)), openai.BadRequestError, 400, "not_able"),
    (NobodyAnswered((replace(FAILED, fault="refused_key", status=401),)), openai.InternalServerError, 502, "nobody_answered"),
    (NoProvider.in_mode("real", "vendor"), openai.InternalServerError, 503, "unavailable"),
    (RuntimeError("a bug"), openai.InternalServerError, 500, None),
]  # fmt: skip


@pytest.mark.parametrize("stream", [False, True])
def test_what_goes_wrong_before_the_first_byte_has_its_own_exception(stream: bool) -> None:
    gateway = ScriptedGateway(scripts=[[error] for error, *_ in RAISED])
    with at(gateway) as client:
        for error, kind, status, code in RAISED:
            with pytest.raises(kind) as raised:
                client.chat.completions.create(model="mandi", messages=ASKED, stream=stream)
            assert (raised.value.status_code, raised.value.code) == (status, code), error
            assert "a bug" not in str(raised.value)
            waits = getattr(error, "retry_after", None)
            told = raised.value.response.headers.get("retry-after")
            assert told == (None if waits is None else str(int(waits)))


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"n": 2}, "n"),
    ({"logprobs": True}, "logprobs"),
    ({"logit_bias": {"50256": -100}}, "logit_bias"),
    ({"frequency_penalty": 0.5}, "frequency_penalty"),
    ({"reasoning_effort": "high"}, "reasoning_effort"),
    ({"modalities": ["audio"]}, "modalities"),
    ({"temperature": 3.0}, "temperature"),
    ({"messages": []}, "messages"),
    ({"messages": [{"role": "wizard", "content": "x"}]}, "messages.0.role"),
    ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "u"}}]}]}, "messages.0.content"),
    ({"extra_body": {"top_k": 5}}, "top_k"),
    ({"tools": [{"type": "custom", "custom": {"name": "x"}}]}, "tools.0.type"),
]  # fmt: skip


def test_what_would_not_be_heard_is_refused_by_name() -> None:
    with at(ScriptedGateway()) as client:
        for changed, field in WRONG:
            with pytest.raises(openai.BadRequestError) as raised:
                client.chat.completions.create(**{"model": "mandi", "messages": ASKED, **changed})
            assert raised.value.param == field and raised.value.type == "invalid_request_error", changed
    assert field  # every row was tried


def test_what_changes_no_answer_is_accepted() -> None:
    with at(ScriptedGateway()) as client:
        client.chat.completions.create(
            model="mandi", messages=ASKED, n=1, user="u", metadata={"a": "b"}, store=False, logprobs=False,
            frequency_penalty=0, presence_penalty=0.0, logit_bias={}, parallel_tool_calls=False, service_tier="auto",
            seed=7, stop="END", top_p=0.5, max_completion_tokens=9, response_format={"type": "text"},
        )  # fmt: skip


def test_who_may_not_ask_is_told_so_by_its_own_exception() -> None:
    with at(ScriptedGateway()) as client:
        with pytest.raises(openai.AuthenticationError):
            client.with_options(api_key="mk_wrong").chat.completions.create(model="mandi", messages=ASKED)
        with pytest.raises(openai.PermissionDeniedError):
            client.with_options(api_key="mk_narrow").models.list()
        with pytest.raises(openai.NotFoundError) as raised:
            client.chat.completions.create(model="gpt-9", messages=ASKED)
        assert raised.value.code == "model_not_found" and "mandi-hybrid" in str(raised.value)
        with pytest.raises(openai.APIStatusError) as large:
            huge: list[Any] = [{"role": "user", "content": "x" * 5_000_000}]
            client.chat.completions.create(model="mandi", messages=huge)
        assert large.value.status_code == 413


def test_names_are_listed_and_each_is_found_again() -> None:
    with at(ScriptedGateway()) as client:
        names = [m.id for m in client.models.list()]
        assert {"mandi", "mandi-hybrid", "mandi-mock", "mandi-real", "mandi-encoder"} <= set(names)
        assert {"fake/org/fake:8b", "fake/fake-embed"} <= set(names)
        assert [client.models.retrieve(name).id for name in names] == names
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve("fake/none")


def test_a_provider_asked_for_by_name_is_the_one_that_is_called() -> None:
    gateway = ScriptedGateway()
    with at(gateway) as client:
        client.chat.completions.create(model="fake/org/fake:8b", messages=ASKED)
    (call,) = gateway.calls
    assert (call.provider, call.model, call.mode) == ("fake", "org/fake:8b", None)
    assert call.prompt.facts == {}


def test_vectors_of_our_encoder_and_of_a_provider() -> None:
    texts = ["cotton of 28 mm", "कपास"]
    gateway = ScriptedGateway()
    with at(gateway) as client:
        plain = client.embeddings.create(model="mandi-encoder", input=texts, encoding_format="float")
        packed = client.embeddings.create(model="mandi-encoder", input=texts)  # the client asks for base64
        raw = client.embeddings.with_raw_response.create(
            model="mandi-encoder", input=texts[0], encoding_format="base64", dimensions=256
        )
        theirs = client.embeddings.create(model="fake/fake-embed", input=texts)
        with pytest.raises(openai.BadRequestError):
            client.embeddings.create(model="mandi-encoder", input=[[1, 2, 3]])
        with pytest.raises(openai.BadRequestError):
            client.embeddings.create(model="mandi-encoder", input=texts, dimensions=64)
        with pytest.raises(openai.BadRequestError, match="letters in all"):
            client.embeddings.create(model="mandi-encoder", input=["cotton " * 4000] * 10)
        many = client.embeddings.create(model="mandi-encoder", input=texts * 100)
        assert len(many.data) == 200 and many.data[1].embedding == many.data[199].embedding
        for name in ("mandi-hybrid", "fake/fake-1", "fake/none"):
            with pytest.raises(openai.NotFoundError):
                client.embeddings.create(model=name, input=texts)
    expected = Encoder().encode(texts)
    for found in (plain, packed):
        assert [d.index for d in found.data] == [0, 1] and found.usage.total_tokens > 0
        for item, vector in zip(found.data, expected):
            assert item.embedding == pytest.approx(vector.tolist(), abs=1e-7)
    text = raw.http_response.json()["data"][0]["embedding"]
    assert struct.unpack("<256f", base64.b64decode(text)) == pytest.approx(expected[0].tolist(), abs=1e-7)
    assert [d.embedding for d in theirs.data] == [[0.0, 0.5, -1.0], [1.0, 0.5, -1.0]]
    (call,) = gateway.calls
    assert (call.provider, call.model, call.prompt.task) == ("fake", "fake-embed", "embedding")
    assert [m.content for m in call.prompt.messages] == texts


def test_the_clients_own_retries_find_the_second_answer() -> None:
    once: list[list[Any]] = [
        [QuotaExceeded("calls_per_hour", 1, 1, 1, 0.4)],
        [NobodyAnswered((FAILED,))],
        [outcome()],
    ]
    gateway = ScriptedGateway(scripts=once)
    with at(gateway, max_retries=3) as client:
        answer = client.chat.completions.create(model="mandi", messages=ASKED)
    assert answer.choices[0].message.content == "Hold." and len(gateway.calls) == 3


def test_a_budget_that_is_used_up_is_not_asked_for_again() -> None:
    gateway = ScriptedGateway(QuotaExceeded("usd_per_day", 5, 1, 5, 0.2))
    with at(gateway, max_retries=3) as client, pytest.raises(openai.RateLimitError):
        client.chat.completions.create(model="mandi", messages=ASKED)
    assert len(gateway.calls) == 1


def test_a_client_that_gives_up_stops_whoever_speaks() -> None:
    gateway = ScriptedGateway(*[step for n in range(2000) for step in (Delta(f"{n} "), 0.005)], outcome())
    with at(gateway) as client:
        with pytest.raises(openai.APITimeoutError):
            client.with_options(timeout=0.3).chat.completions.create(model="mandi", messages=ASKED)
        stream = client.chat.completions.create(model="mandi", messages=ASKED, stream=True)
        for chunk in stream:
            if (chunk.choices[0].delta.content or "").startswith("5"):
                break
        stream.close()
        wait_until(lambda: gateway.closed == 2)
        assert gateway.given < 2000


def test_a_long_silence_is_filled_with_comments_and_then_told_in_the_stream(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(openai_chat, "PATIENCE_S", 0.05)
    late = ScriptedGateway(scripts=[[0.3, Delta("late"), outcome()], [0.3, NobodyAnswered((FAILED,))]])
    with at(late) as client:
        with client.chat.completions.with_streaming_response.create(
            model="mandi", messages=ASKED, stream=True
        ) as raw:
            lines = list(raw.iter_lines())
        assert lines.count(": ping") >= 3 and lines[-2:] == ["data: [DONE]", ""]
        assert any('"late"' in line for line in lines)
        with pytest.raises(openai.APIError, match="nobody answered"):
            list(client.chat.completions.create(model="mandi", messages=ASKED, stream=True))


def wait_until(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)
