"""The bodies of OpenAI's chat completions: a prompt as its request, an answer, and a streamed answer piece by piece."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeGuard

from mandi.llm.messages import Delta, Finish, Prompt, Tool, ToolCall, Usage
from mandi.llm.providers.faults import NotTheShape
from mandi.llm.token_estimate import prompt_tokens, tokens_in

TokenLimit = Literal["max_tokens", "max_completion_tokens"]
MOST_TOOL_CALLS = 128
MOST_TOKENS = 1 << 24
"""No model reads or writes more in one answer; a vendor that tells more tells nonsense."""
LONGEST_MODEL = 100
_FINISH: dict[str, Finish] = {
    "length": "length",
    "max_tokens": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}


def chat_request(prompt: Prompt, model: str, stream: bool, token_limit: TokenLimit) -> dict[str, Any]:
    """Return the body of a request.

    Parameters
    ----------
    prompt : Prompt
    model : str
    stream : bool
        Ask for events, with the usage in the last one.
    token_limit : str
        Name of the field for ``max_tokens``: OpenAI's newer models know only ``max_completion_tokens``, local servers
        only ``max_tokens``.

    Examples
    --------
    >>> from mandi.llm.messages import Message
    >>> chat_request(Prompt((Message("user", "hi"),), max_tokens=5), "m", True, "max_tokens")
    {'model': 'm', 'messages': [{'role': 'user', 'content': 'hi'}], 'max_tokens': 5, 'stream': True, 'stream_options': {'include_usage': True}}
    """
    body: dict[str, Any] = {"model": model, "messages": [_turn(m) for m in prompt.messages]}
    if prompt.temperature is not None:
        body["temperature"] = prompt.temperature
    if prompt.top_p is not None:
        body["top_p"] = prompt.top_p
    if prompt.max_tokens is not None:
        body[token_limit] = prompt.max_tokens
    if prompt.stop:
        body["stop"] = list(prompt.stop)
    if prompt.seed is not None:
        body["seed"] = prompt.seed
    if prompt.tools:
        body["tools"] = [{"type": "function", "function": _function(t)} for t in prompt.tools]
        if not prompt.parallel_tools:
            body["parallel_tool_calls"] = False
        if prompt.tool_choice is not None:
            body["tool_choice"] = _choice(prompt.tool_choice)
    if prompt.answer_schema is not None:
        named = {"name": "answer", "schema": prompt.answer_schema, "strict": _is_closed(prompt.answer_schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": named}
    if stream:
        body["stream"] = True
        body["stream_options"] = {"include_usage": True}
    return body


class Answer:
    """An answer as it grows, from one body or from many events.

    Attributes
    ----------
    finish : str, optional
        Why it ended; None as long as it has not.
    model : str
        As the vendor names it, else as it was asked for.
    usage : Usage, optional
        As the vendor counts; None if it has not said.
    """

    __slots__ = ("_calls", "_texts", "finish", "model", "refused", "seen", "usage")

    def __init__(self, model: str) -> None:
        self.model = model
        self.finish: Finish | None = None
        self.usage: Usage | None = None
        self.seen = False
        self.refused = False
        self._texts: list[str] = []
        self._calls: dict[int, list[str]] = {}

    def take_event(self, event: Any) -> Delta | None:
        """Take one event of a stream and return its piece, if it has one.

        Raises
        ------
        NotTheShape
            It is not a piece of a chat completion.
        """
        if not isinstance(event, dict):
            raise NotTheShape("an event is not an object")
        if event.get("usage") is not None:
            self.usage = usage_of(event["usage"]) or self.usage
        choices = event.get("choices")
        if not choices:
            if choices is None and "usage" not in event:
                raise NotTheShape("an event has no choices")
            return None
        choice = choices[0] if isinstance(choices, list) else None
        if not isinstance(choice, dict):
            raise NotTheShape("a choice is not an object")
        self._note(event)
        if choice.get("index"):
            return None  # one answer is asked for; more are not ours
        delta = choice.get("delta")
        piece = self._piece(delta) if isinstance(delta, dict) else None
        if choice.get("finish_reason"):  # some servers send an empty one until the end
            self.finish = _finish(choice["finish_reason"])
        return piece

    def take_whole(self, body: Any) -> None:
        """Take a whole answer.

        Raises
        ------
        NotTheShape
            It is not a chat completion, or it has no choices.
        """
        choices = body.get("choices") if isinstance(body, dict) else None
        if not isinstance(choices, list) or not choices:
            raise NotTheShape("the answer has no choices")
        message = choices[0].get("message") if isinstance(choices[0], dict) else None
        if not isinstance(message, dict):
            raise NotTheShape("the answer has no message")
        self._note(body)
        self.usage = usage_of(body.get("usage"))
        self._piece(message)
        self.finish = _finish(choices[0].get("finish_reason"))

    @property
    def text(self) -> str:
        """Return the text so far."""
        return "".join(self._texts)

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """Return the tool calls so far, in their order."""
        return tuple(ToolCall(c[0], c[1], "".join(c[2:])) for _, c in sorted(self._calls.items()))

    def ended(self, stops: bool = False) -> Finish:
        """Return why it ended.

        Parameters
        ----------
        stops : bool
            The prompt names words that end an answer: one of them may have come first, and that is no fault of the vendor's.

        Raises
        ------
        NotTheShape
            It has neither words nor calls, and nothing says why.
        """
        finish: Finish = "content_filter" if self.refused else self.finish or "stop"
        if self._calls and finish == "stop":
            finish = "tool_calls"  # some local servers say "stop" after a call
        if finish in ("stop", "tool_calls") and not self._calls and not self.text and not stops:
            raise NotTheShape("the answer has neither words nor calls")
        return finish

    def counted(self, prompt: Prompt) -> Usage:
        """Return the usage the vendor told, or an estimate that says it is one."""
        if self.usage is not None:
            return self.usage
        said = tokens_in(self.text) + sum(tokens_in(c.name) + tokens_in(c.arguments) for c in self.calls)
        return Usage(prompt_tokens(prompt), said, estimated=True)

    def _note(self, body: Mapping[str, Any]) -> None:
        if not self.seen:
            self.seen = True
            self.model = model_named(body.get("model"), self.model)

    def _piece(self, delta: Mapping[str, Any]) -> Delta | None:
        content = delta.get("content")
        if content is not None and not isinstance(content, str):
            content = _joined(content)
        refusal = delta.get("refusal")
        if refusal and isinstance(refusal, str):
            self.refused = True
            content = (content or "") + refusal
        calls = delta.get("tool_calls")
        if calls:
            pieces = self._called(calls)
            if content:
                self._texts.append(content)
            return Delta(content or "", pieces)
        if not content:
            return None
        self._texts.append(content)
        return Delta(content)

    def _called(self, calls: Any) -> tuple[tuple[int, ToolCall], ...]:
        if not isinstance(calls, list):
            raise NotTheShape("the tool calls are not a list")
        pieces = []
        for call in calls:
            function = call.get("function") if isinstance(call, dict) else None
            if not isinstance(function, dict):
                raise NotTheShape("a tool call names no function")
            known, name, arguments = (
                _text(v) for v in (call.get("id"), function.get("name"), function.get("arguments"))
            )
            index = self._index(call.get("index"), known)
            if index not in self._calls:
                self._calls[index] = [known or f"call_{index}", name]
                known = self._calls[index][0]
            elif not self._calls[index][1]:
                self._calls[index][1] = name
            self._calls[index].append(arguments)
            pieces.append((index, ToolCall(known, name, arguments)))
        return tuple(pieces)

    def _index(self, told: Any, known: str) -> int:
        if isinstance(told, int) and not isinstance(told, bool):
            index = told
        elif self._calls and (not known or self._calls[max(self._calls)][0] == known):
            index = max(
                self._calls
            )  # servers that leave the index out send a call in one piece, or one at a time
        else:
            index = max(self._calls, default=-1) + 1
        if not 0 <= index < MOST_TOOL_CALLS:
            raise NotTheShape(f"more than {MOST_TOOL_CALLS} tool calls")
        return index


def model_named(told: Any, asked: str) -> str:
    """Return the model a vendor says it is, or the one that was asked for when it says none that records can hold.

    Examples
    --------
    >>> model_named("m-2026", "m"), model_named("x" * 101, "m"), model_named("a" + chr(0), "m")
    ('m-2026', 'm', 'm')
    """
    named = isinstance(told, str) and 0 < len(told) <= LONGEST_MODEL and told.isprintable()
    return told if named else asked


def usage_of(told: Any) -> Usage | None:
    """Return the usage an answer tells, or None when it tells none that can be one.

    Examples
    --------
    >>> usage_of({"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}})
    Usage(prompt_tokens=9, completion_tokens=2, cached_tokens=4, estimated=False)
    >>> usage_of({"prompt_tokens": -1}), usage_of(None)
    (None, None)
    """
    if not isinstance(told, dict):
        return None
    asked, said = told.get("prompt_tokens"), told.get("completion_tokens", 0)
    if not _is_count(asked) or not _is_count(said):
        return None
    details = told.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else 0
    return Usage(asked, said, min(cached, asked) if _is_count(cached) else 0)


def vectors_of(body: Any, many: int) -> tuple[tuple[float, ...], ...]:
    """Return the vectors of an answer to an embedding request, in the order of the texts.

    Raises
    ------
    NotTheShape
        Their number or lengths differ from what was asked.
    """
    data = body.get("data") if isinstance(body, dict) else None
    if not isinstance(data, list) or len(data) != many or not all(isinstance(d, dict) for d in data):
        raise NotTheShape("the answer does not hold one vector a text")
    data = sorted(data, key=lambda d: d["index"] if _is_count(d.get("index")) else 0)
    try:
        vectors = tuple(tuple(float(x) for x in d["embedding"]) for d in data)
    except (KeyError, TypeError, ValueError):
        raise NotTheShape("a vector is not numbers") from None
    if not vectors[0] or len({len(v) for v in vectors}) != 1:
        raise NotTheShape("the vectors are not of one length")
    if not all(x - x == 0 for v in vectors for x in v):
        raise NotTheShape("a vector is not finite")
    return vectors


def _turn(message: Any) -> dict[str, Any]:
    turn: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        turn["tool_calls"] = [
            {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": c.arguments}}
            for c in message.tool_calls
        ]
    if message.tool_call_id is not None:
        turn["tool_call_id"] = message.tool_call_id
    if message.name is not None:
        turn["name"] = message.name
    return turn


def _function(tool: Tool) -> dict[str, Any]:
    told = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {**told, "strict": True} if tool.strict else told


def _choice(choice: str | Mapping[str, Any]) -> Any:
    if isinstance(choice, str) and choice not in ("auto", "none", "required"):
        return {"type": "function", "function": {"name": choice}}
    return choice


def _is_closed(schema: Any) -> bool:
    # strict mode takes only schemas whose objects list every field and allow no other
    if isinstance(schema, Mapping):
        if isinstance(schema.get("properties"), Mapping) and (
            schema.get("additionalProperties") is not False
            or set(schema.get("required", ())) != set(schema["properties"])
        ):
            return False
        return all(_is_closed(v) for v in schema.values())
    if isinstance(schema, Sequence) and not isinstance(schema, str):
        return all(_is_closed(v) for v in schema)
    return True


def _finish(told: Any) -> Finish:
    return _FINISH.get(told, "stop") if isinstance(told, str) else "stop"


def _joined(content: Any) -> str:
    if not isinstance(content, list):
        raise NotTheShape("the content is not text")
    return "".join(p["text"] for p in content if isinstance(p, dict) and isinstance(p.get("text"), str))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_TOKENS
