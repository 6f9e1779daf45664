from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from mandi.llm.calls import Interrupted
from mandi.llm.messages import Delta, ToolCall
from mandi.llm.providers.openai_body import chat_request
from mandi.llm.providers.vendor_turns import settings
from mandi.serving.api.openai_answers_contracts import ChatCompletionTold
from mandi.serving.api.openai_contracts import ChatRequest
from mandi.serving.api.openai_prompts import prompt_of
from mandi.serving.api.openai_wire import DONE, ChunkWriter, broken_off, whole
from mandi.serving.problems import Problem

from ....scripted_gateway import outcome

CALL = ToolCall("c1", "f", "{}")


@pytest.mark.parametrize(
    "answer", [outcome("Hold."), outcome("", tool_calls=(CALL,), finish="tool_calls"), outcome("")]
)
def test_a_whole_answer_has_the_shape_of_both_contracts(answer: Any) -> None:
    body = whole(answer, "mandi", 1_700_000_000)
    ChatCompletionTold.model_validate(body)
    parsed = ChatCompletion.model_validate(body)
    message = parsed.choices[0].message
    assert (message.content or "") == answer.completion.text
    assert message.content is not None or message.tool_calls


@pytest.mark.parametrize("with_usage", [False, True])
def test_every_event_is_one_line_of_json_and_a_chunk(with_usage: bool) -> None:
    writer = ChunkWriter("chatcmpl-1", 'a "name"\n', 1, with_usage)
    pieces = [
        Delta('"\\\n\r\u2028\x85 कपास 🌾'),
        Delta(tool_calls=((0, CALL),)),
        Delta("x", ((1, CALL),)),
        Delta(),
    ]
    said = writer.opening() + b"".join(map(writer.piece, pieces)) + writer.ending(outcome())
    blocks = said.split(b"\n\n")
    assert blocks[-1] == b"" and blocks[-2] + b"\n\n" == DONE
    chunks = []
    for block in blocks[:-2]:
        assert block.startswith(b"data: ") and b"\n" not in block and b"\r" not in block
        chunks.append(ChatCompletionChunk.model_validate_json(block[6:]))
    assert chunks[1].choices[0].delta.content == pieces[0].text and chunks[1].model == 'a "name"\n'
    assert sum(c.usage is not None for c in chunks) == with_usage
    assert "mandi" in (chunks[-1].model_extra or {}) and len(chunks) == 5 + with_usage


def test_half_a_letter_does_not_break_the_stream() -> None:
    writer = ChunkWriter("i", "m", 1, False)
    said = [json.loads(writer.text(half)[6:]) for half in ("\ud83c", "\udf3e")]
    halves = "".join(c["choices"][0]["delta"]["content"] for c in said)
    assert halves.encode("utf-16-le", "surrogatepass").decode("utf-16-le") == "🌾"


def test_the_end_of_a_broken_stream_is_an_error_with_no_mark_of_an_end() -> None:
    cut = Interrupted("g1", "Ho", "lost", "cut", "fake")
    told = json.loads(broken_off(Problem(502, "cut off", code="stream_interrupted"), cut)[6:])
    assert told["error"] == {
        "message": "cut off",
        "type": "server_error",
        "param": None,
        "code": "stream_interrupted",
    }
    assert told["mandi"]["generation_id"] == "g1" and "said" not in told["mandi"]


ASKED: dict[str, Any] = {"model": "mandi", "messages": [{"role": "user", "content": "x"}]}


@pytest.mark.parametrize(
    ("shape", "schema"),
    [
        (None, None),
        ({"type": "text"}, None),
        ({"type": "json_object"}, {"type": "object", "properties": {}, "additionalProperties": True}),
        (
            {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "array"}}},
            {"type": "array"},
        ),
    ],
)
def test_the_shape_of_an_answer_becomes_its_schema(shape: Any, schema: Any) -> None:
    assert prompt_of(ChatRequest.model_validate({**ASKED, "response_format": shape})).answer_schema == schema


@pytest.mark.parametrize(
    "wrong",
    [
        {"messages": [{"role": "tool", "content": "x"}]},
        {"messages": [{"role": "user"}]},
        {"messages": [{"role": "user", "content": "x", "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": ""}}]}]},
        {"max_tokens": 5, "max_completion_tokens": 6},
        {"stream_options": {"include_usage": True}},
        {"tool_choice": "auto"},
        {"tools": [{"type": "function", "function": {"name": "f"}}], "tool_choice": {"type": "function", "function": {"name": "g"}}},
        {"tools": [{"type": "function", "function": {"name": "bad name"}}]},
        {"response_format": {"type": "json_schema"}},
        {"response_format": {"type": "text", "json_schema": {"name": "n", "schema": {}}}},
        {"stop": ["a", "b", "c", "d", "e"]},
        {"n": True}, {"n": 0}, {"top_p": 0}, {"temperature": float("nan")}, {"seed": 2**63}, {"functions": [{}]},
    ],
)  # fmt: skip
def test_a_request_that_does_not_agree_with_itself_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        ChatRequest.model_validate({**ASKED, **wrong})


def test_parts_of_text_are_joined_and_a_refusal_is_a_turn() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    turns = [{"role": "user", "content": parts}, {"role": "assistant", "content": None, "refusal": "no"}]
    prompt = prompt_of(ChatRequest.model_validate({**ASKED, "messages": turns}))
    assert [m.content for m in prompt.messages] == ["a\nb", "no"]


def test_what_holds_a_vendor_to_its_word_is_passed_on() -> None:
    tools = [
        {"type": "function", "function": {"name": "f", "strict": True}},
        {"type": "function", "function": {"name": "g"}},
    ]
    asked = {**ASKED, "tools": tools, "parallel_tool_calls": False}
    prompt = prompt_of(ChatRequest.model_validate(asked))
    assert [t.strict for t in prompt.tools] == [True, False] and not prompt.parallel_tools
    body = chat_request(prompt, "m", False, "max_tokens")
    assert body["parallel_tool_calls"] is False
    assert [t["function"].get("strict") for t in body["tools"]] == [True, None]
    made = settings(prompt, 5.0, 5.0, stream=False)
    assert made["parallel_tool_calls"] is False
    assert "parallel_tool_calls" not in settings(
        prompt_of(ChatRequest.model_validate(ASKED)), 5.0, 5.0, stream=False
    )


GOOD_AND_BAD: list[tuple[dict[str, Any], bool]] = [
    ({"seed": 1.0, "max_tokens": 2.0}, True), ({"max_tokens": 1.5}, False), ({"seed": True}, False), ({"stop": "x"}, True), ({"stop": ["x"]}, True), ({"stop": None}, True), ({"stop": [""]}, False),
    ({"logit_bias": {}}, True), ({"logit_bias": {"1": 2}}, False), ({"functions": []}, True), ({"n": 2}, False),
    ({"stream_options": {}}, False), ({"stream": True, "stream_options": {}}, True), ({"tool_choice": "auto"}, False),
    ({"tools": [], "tool_choice": None}, True), ({"max_tokens": 1, "max_completion_tokens": 1}, False),
    ({"messages": [{"role": "tool", "content": "x"}]}, False),
    ({"messages": [{"role": "tool", "content": "x", "tool_call_id": "c"}]}, True),
    ({"messages": [{"role": "user"}]}, False), ({"messages": [{"role": "user", "content": None}]}, False),
    ({"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}]}]}, True),
    ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, False),
    ({"response_format": {"type": "json_schema"}}, False), ({"response_format": {"type": "text"}}, True),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "good"), GOOD_AND_BAD)
def test_the_contract_page_says_what_is_accepted(changed: dict[str, Any], good: bool) -> None:
    body = {**ASKED, **changed}
    assert jsonschema_rs.validator_for(ChatRequest.model_json_schema()).is_valid(body) is good
    try:
        ChatRequest.model_validate(body)
    except ValueError:
        assert not good
    else:
        assert good
