from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from mandi.llm.calls import Interrupted
from mandi.llm.messages import Delta, ToolCall
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
        {"tools": [{"type": "function", "function": {"name": "f", "strict": True}}]},
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
