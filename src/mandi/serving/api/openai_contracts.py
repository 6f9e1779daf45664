"""Bodies of OpenAI's chat completions and embeddings as this service reads them: what it could not pass on, it refuses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic_core import core_schema

from mandi.core.strict import WHOLE, Strict

MOST_TURNS = 1000
MOST_TOOLS = 128
MOST_TEXTS = 256
LONGEST_TEXT = 32_000
TOOL_NAME = r"^[A-Za-z0-9_-]{1,64}$"
Tokens = Annotated[int, Field(ge=1, le=1_000_000), WHOLE]
ModelName = Annotated[str, Field(min_length=1, max_length=200, description="as GET /v1/models lists it")]


@dataclass(frozen=True, eq=False)  # 0 and False are not alike here, and typing keeps equal ones only once
class Only:
    """Of a field that would change the answer and reaches nobody: values that change nothing pass, all others are refused."""

    neutral: tuple[Any, ...] = ()

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Return the check."""
        return core_schema.no_info_plain_validator_function(self._checked)

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        """Return the schema of the contract page."""
        return {"enum": [None, *self.neutral]}

    def _checked(self, value: Any) -> Any:
        if value is None or any(value == n and type(value) in _alike(n) for n in self.neutral):
            return value
        told = " or ".join(str(n).lower() if isinstance(n, bool) else repr(n) for n in self.neutral)
        hint = f" or give {told}" if told else ""
        raise ValueError(f"{str(value)[:40]!r} would not reach whoever answers; leave it out{hint}")


def _alike(neutral: Any) -> tuple[type, ...]:
    return (int, float) if type(neutral) is int else (type(neutral),)


Ignored = Annotated[Any, Field(description="accepted; it changes no answer")]
Part = {
    "anyOf": [
        {
            "type": "object",
            "required": ["type", kind],
            "properties": {"type": {"const": kind}, kind: {"type": "string"}},
        }
        for kind in ("text", "refusal")
    ]
}


def _joined(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    texts = []
    for part in value:
        kind = part.get("type") if isinstance(part, dict) else None
        text = part.get("text" if kind == "text" else "refusal") if isinstance(part, dict) else None
        if kind not in ("text", "refusal") or not isinstance(text, str):
            raise ValueError(f"a part of the type {str(kind)[:40]!r} cannot be read here; allowed: text")
        texts.append(text)
    return "\n".join(texts)


Words = Annotated[
    str | None,
    BeforeValidator(_joined),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": Part}, {"type": "null"}]}),
]


class CalledFunction(Strict):
    """A function the model wanted called; the arguments are JSON text as the model wrote it."""

    name: str = Field(pattern=TOOL_NAME)
    arguments: str


class CalledTool(Strict):
    """One call of a tool in a turn of the assistant."""

    id: str = Field(min_length=1, max_length=200)
    type: Literal["function"] = "function"
    function: CalledFunction


def _when(name: str, holds: dict[str, Any], then: dict[str, Any]) -> dict[str, Any]:
    return {"if": {"required": [name], "properties": {name: holds}}, "then": then}


def _given(**shapes: dict[str, Any]) -> dict[str, Any]:
    return {"required": list(shapes), "properties": shapes}


SOME = {"type": "array", "minItems": 1}
TURN_RULES: dict[str, Any] = {
    "allOf": [
        _when("role", {"const": "tool"}, _given(tool_call_id={"type": "string", "minLength": 1})),
        _when("tool_calls", SOME, _given(role={"const": "assistant"})),
        {
            "anyOf": [
                _given(content={"not": {"type": "null"}}),
                _given(tool_calls=SOME),
                _given(refusal={"type": "string"}),
            ]
        },
    ]
}
FORMAT_RULES: dict[str, Any] = {
    "allOf": [
        _when("type", {"const": "json_schema"}, _given(json_schema={"type": "object"})),
        _when("json_schema", {"type": "object"}, _given(type={"const": "json_schema"})),
    ]
}
REQUEST_RULES: dict[str, Any] = {
    "allOf": [
        {"not": _given(max_tokens={"type": "integer"}, max_completion_tokens={"type": "integer"})},
        _when("stream_options", {"type": "object"}, _given(stream={"const": True})),
        _when("tool_choice", {"not": {"type": "null"}}, _given(tools=SOME)),
    ]
}


class Turn(Strict):
    """One turn; ``developer`` is read as ``system``. Content is text, or parts of text."""

    model_config = ConfigDict(json_schema_extra=TURN_RULES)

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Words = None
    name: str | None = Field(default=None, max_length=64)
    tool_calls: Annotated[list[CalledTool], Field(max_length=MOST_TOOLS)] | None = None
    tool_call_id: str | None = Field(default=None, max_length=200)
    refusal: str | None = None
    audio: Annotated[Any, Only()] = None
    function_call: Annotated[Any, Only()] = None
    annotations: Ignored = None

    @model_validator(mode="after")
    def _says_something(self) -> Turn:
        if self.role == "tool" and not self.tool_call_id:
            raise ValueError("a turn of a tool needs tool_call_id")
        if self.tool_calls and self.role != "assistant":
            raise ValueError("only a turn of the assistant has tool_calls")
        if self.content is None and not self.tool_calls and self.refusal is None:
            raise ValueError("a turn without content")
        return self


class ToolFunction(Strict):
    """A function the model may call; the schema of its arguments is a JSON schema."""

    name: str = Field(pattern=TOOL_NAME)
    description: str = ""
    parameters: dict[str, Any] = Field(default_factory=dict)
    strict: bool | None = None


class OfferedTool(Strict):
    """A tool of the request; only functions."""

    type: Literal["function"] = "function"
    function: ToolFunction


class AnswerShape(Strict):
    """The JSON schema of a typed answer."""

    name: str = Field(pattern=TOOL_NAME)
    description: str | None = None
    schema_: dict[str, Any] = Field(alias="schema")
    strict: bool | None = None


class ResponseFormat(Strict):
    """Text, any JSON object, or JSON of a schema."""

    model_config = ConfigDict(json_schema_extra=FORMAT_RULES)

    type: Literal["text", "json_object", "json_schema"]
    json_schema: AnswerShape | None = None

    @model_validator(mode="after")
    def _has_its_schema(self) -> ResponseFormat:
        if (self.type == "json_schema") != (self.json_schema is not None):
            raise ValueError("json_schema goes with the type json_schema, and only with it")
        return self


class StreamOptions(Strict):
    """What a stream tells beside its text."""

    include_usage: bool | None = None
    include_obfuscation: Ignored = None


def _named_function(value: Any) -> Any:
    if value in (None, "none", "auto", "required"):
        return value
    named = value.get("function") if isinstance(value, dict) and value.get("type") == "function" else None
    if not isinstance(named, dict) or not isinstance(named.get("name"), str):
        raise ValueError('allowed: none, auto, required, {"type": "function", "function": {"name": ...}}')
    return value


ToolChoice = Annotated[
    Any,
    AfterValidator(_named_function),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": ["none", "auto", "required", None]},
                _given(type={"const": "function"}, function=_given(name={"type": "string"}))
                | {"type": "object"},
            ]
        }
    ),
]


def _one_or_many(longest: int, most: int, optional: bool = False) -> dict[str, Any]:
    text = {"type": "string", "minLength": 1, "maxLength": longest}
    many = {"type": "array", "items": text, "minItems": 0 if optional else 1, "maxItems": most}
    return {"anyOf": [text, many, *([{"type": "null"}] if optional else [])]}


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class ChatRequest(Strict):
    """A request of ``POST /v1/chat/completions``."""

    model_config = ConfigDict(json_schema_extra=REQUEST_RULES)

    model: ModelName
    messages: list[Turn] = Field(min_length=1, max_length=MOST_TURNS)
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: Tokens | None = None
    max_completion_tokens: Tokens | None = None
    stop: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=500)]] | None,
        Field(max_length=4),
        BeforeValidator(_as_list),
        WithJsonSchema(_one_or_many(500, 4, optional=True)),
    ] = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63), WHOLE] | None = None
    tools: Annotated[list[OfferedTool], Field(max_length=MOST_TOOLS)] | None = None
    tool_choice: ToolChoice = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None

    user: Ignored = None
    metadata: Ignored = None
    store: Ignored = None
    service_tier: Ignored = None
    safety_identifier: Ignored = None
    prompt_cache_key: Ignored = None
    prompt_cache_options: Ignored = None
    prompt_cache_retention: Ignored = None
    prediction: Ignored = None  # it may make an answer sooner, never another one

    n: Annotated[Any, Only((1,))] = None
    logprobs: Annotated[Any, Only((False,))] = None
    top_logprobs: Annotated[Any, Only((0,))] = None
    logit_bias: Annotated[Any, Only(({},))] = None
    frequency_penalty: Annotated[Any, Only((0,))] = None
    presence_penalty: Annotated[Any, Only((0,))] = None
    reasoning_effort: Annotated[Any, Only()] = None
    verbosity: Annotated[Any, Only(("medium",))] = None
    modalities: Annotated[Any, Only((["text"],))] = None
    audio: Annotated[Any, Only()] = None
    moderation: Annotated[Any, Only()] = None
    web_search_options: Annotated[Any, Only()] = None
    functions: Annotated[Any, Only(([],))] = None
    function_call: Annotated[Any, Only(("none",))] = None

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> ChatRequest:
        if None not in (self.max_tokens, self.max_completion_tokens):
            raise ValueError("max_tokens and max_completion_tokens are one limit; give one of them")
        if self.stream_options is not None and not self.stream:
            raise ValueError("stream_options goes with stream")
        if self.tool_choice is not None and not self.tools:
            raise ValueError("tool_choice goes with tools")
        if isinstance(self.tool_choice, dict):
            name = self.tool_choice["function"]["name"]
            if name not in {t.function.name for t in self.tools or ()}:
                raise ValueError(f"tool_choice names {name[:64]!r}, which is not among the tools")
        return self


def _texts(value: Any) -> Any:
    if isinstance(value, list) and value and isinstance(value[0], (int, list)):
        raise ValueError("tokens cannot be read here; give text")
    return _as_list(value)


class EmbeddingsRequest(Strict):
    """A request of ``POST /v1/embeddings``."""

    model: ModelName
    input: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]],
        Field(min_length=1, max_length=MOST_TEXTS),
        BeforeValidator(_texts),
        WithJsonSchema(_one_or_many(LONGEST_TEXT, MOST_TEXTS)),
    ]
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: Annotated[int, Field(ge=1), WHOLE] | None = Field(
        default=None, description="only the model's own number"
    )
    user: Ignored = None
