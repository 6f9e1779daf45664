"""A request of OpenAI's shape as the prompt this service passes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mandi.llm.messages import Message, Prompt, Tool, ToolCall
from mandi.serving.api.openai_contracts import ChatRequest, ResponseFormat, Turn

ANY_OBJECT: Mapping[str, Any] = {"type": "object", "properties": {}, "additionalProperties": True}
VERSION = "openai-1"


def prompt_of(request: ChatRequest) -> Prompt:
    """Return the prompt; every turn is the caller's own, none is added.

    What the models say is gathered on the way, for those who answer from facts alone.

    Parameters
    ----------
    request : ChatRequest

    Examples
    --------
    >>> asked = {"model": "mandi", "messages": [{"role": "developer", "content": "Be brief."}], "max_tokens": 9}
    >>> prompt = prompt_of(ChatRequest.model_validate(asked))
    >>> prompt.messages[0].role, prompt.max_tokens
    ('system', 9)
    """
    return Prompt(
        messages=tuple(_message(turn) for turn in request.messages),
        task="chat",
        temperature=request.temperature,
        top_p=request.top_p,
        max_tokens=request.max_completion_tokens or request.max_tokens,
        stop=tuple(request.stop or ()),
        seed=request.seed,
        tools=tuple(
            Tool(t.function.name, t.function.description, t.function.parameters, bool(t.function.strict))
            for t in request.tools or ()
        ),
        tool_choice=request.tool_choice,
        parallel_tools=request.parallel_tool_calls is not False,
        answer_schema=_schema(request.response_format),
        version=VERSION,
    )


def _message(turn: Turn) -> Message:
    return Message(
        role="system" if turn.role == "developer" else turn.role,
        content=turn.content if turn.content is not None else turn.refusal,
        tool_calls=tuple(
            ToolCall(c.id, c.function.name, c.function.arguments) for c in turn.tool_calls or ()
        ),
        tool_call_id=turn.tool_call_id,
        name=turn.name,
    )


def _schema(shape: ResponseFormat | None) -> Mapping[str, Any] | None:
    if shape is None or shape.type == "text":
        return None
    return ANY_OBJECT if shape.json_schema is None else shape.json_schema.schema_
