"""Shapes of what ``/v1`` answers, for the contract page; ``mandi`` is what this service says beside OpenAI's own fields."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from mandi.llm.calls import Mode


class Described(BaseModel):
    """A shape that is only described and checked, never read."""

    model_config = ConfigDict(extra="forbid")


class WhoAnswered(Described):
    """Who answered, why they were chosen, and what it cost."""

    generation_id: str = Field(description="of the answer; feedback names it")
    requested_mode: Mode
    effective_mode: Mode = Field(description="mock whenever the rules of the analyst answered")
    provider: str
    model: str
    route: str
    route_reason: str
    fallback: bool = Field(description="somebody else than the first choice answered")
    fallback_reason: str | None
    degraded: bool = Field(description="not all that was asked for: no evidence, or an answer of last resort")
    confidence: float | None = Field(ge=0, le=1, description="calibrated; null when unknown")
    cost_usd: float
    cache: str
    usage_estimated: bool = Field(description="the provider counted no tokens; they are an estimate")
    latency_ms: float
    first_token_ms: float | None
    ticket_id: str | None = Field(default=None, description="of a question that waits for a person")


class FunctionCalled(Described):
    """A function the model wants called."""

    name: str
    arguments: str = Field(description="JSON, as the model wrote it")


class ToolCalled(Described):
    """One call of a tool."""

    id: str
    type: Literal["function"]
    function: FunctionCalled


class Said(Described):
    """The assistant's turn."""

    role: Literal["assistant"]
    content: str | None
    refusal: str | None
    tool_calls: list[ToolCalled] | None = None


class Choice(Described):
    """The one answer."""

    index: Literal[0]
    message: Said
    logprobs: None
    finish_reason: Literal["stop", "length", "tool_calls", "content_filter"]


class UsageTold(Described):
    """Tokens of a call."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: dict[str, int]


class ChatCompletionTold(Described):
    """A whole answer."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[Choice] = Field(min_length=1, max_length=1)
    usage: UsageTold
    mandi: WhoAnswered


class ModelKind(Described):
    """What a name stands for."""

    kind: str
    words: str


class ModelTold(Described):
    """A name to ask for."""

    id: str
    object: Literal["model"]
    created: int = Field(description="0: not known")
    owned_by: str
    mandi: ModelKind


class ModelsTold(Described):
    """All names to ask for."""

    object: Literal["list"]
    data: list[ModelTold]


class EmbeddingTold(Described):
    """The vector of one text."""

    object: Literal["embedding"]
    index: int
    embedding: list[float] | str = Field(description="numbers, or base64 of little-endian float32")


class EmbeddingUsage(Described):
    """Tokens of the texts."""

    prompt_tokens: int
    total_tokens: int


class WhoEncoded(Described):
    """Who gave the vectors, and what it cost; nobody is called for those of the service's own encoder."""

    provider: str
    model: str
    cost_usd: float
    usage_estimated: bool
    generation_id: str | None = None
    requested_mode: Mode | None = None
    effective_mode: Mode | None = None
    cache: str | None = None


class EmbeddingsTold(Described):
    """Vectors of all texts, in their order."""

    object: Literal["list"]
    data: list[EmbeddingTold]
    model: str
    usage: EmbeddingUsage
    mandi: WhoEncoded
