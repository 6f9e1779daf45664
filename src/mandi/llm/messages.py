"""What is asked of a provider and what it answers: messages, tools, tokens; the same for every vendor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

Role = Literal["system", "user", "assistant", "tool"]
Task = Literal[
    "chat", "generation", "classification", "scoring", "summarization", "deal_analysis", "embedding"
]
Finish = Literal["stop", "length", "tool_calls", "content_filter"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function the model wants called; ``arguments`` is the JSON text as the model wrote it."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. ``tool_call_id`` names the call a tool's turn answers."""

    role: Role
    content: str | None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """A function a model may call: its name, what it does, and the JSON schema of its arguments.

    ``strict`` holds the vendor to the schema, where it can.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Prompt:
    """Everything that decides an answer, whoever gives it.

    Attributes
    ----------
    task : str
        Kind of work; it decides the class of the cache and is part of the routing features.
    parallel_tools : bool
        Several tools may be called in one turn.
    answer_schema : mapping, optional
        JSON schema of a typed answer; the completion's text is then JSON of that shape.
    facts : mapping
        What the models say about the question (findings by model name, plain data). A vendor reads them in the messages;
        the analyst and the student read them here.
    version : str
        Version of the words around the question (system prompt, template): part of every cache key.
    """

    messages: tuple[Message, ...]
    task: Task = "chat"
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    tools: tuple[Tool, ...] = ()
    tool_choice: str | Mapping[str, Any] | None = None
    parallel_tools: bool = True
    answer_schema: Mapping[str, Any] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    version: str = "1"

    @property
    def question(self) -> str:
        """Return the last turn of the user, or an empty text."""
        return next((m.content or "" for m in reversed(self.messages) if m.role == "user"), "")


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call as the vendor counts them; ``estimated`` when the vendor did not say."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    estimated: bool = False

    @property
    def total_tokens(self) -> int:
        """Return tokens in and out."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of a streamed answer: text, or pieces of tool calls by their index."""

    text: str = ""
    tool_calls: tuple[tuple[int, ToolCall], ...] = ()


@dataclass(frozen=True, slots=True)
class Completion:
    """A whole answer.

    Attributes
    ----------
    confidence : float, optional
        Calibrated probability that the answer is right, in [0, 1]; None when nobody knows (every vendor).
    cost_usd : Decimal, optional
        What the vendor charges; None when it is not priced yet.
    latency_ms : float
        From the request to the last byte, as the provider measured it.
    """

    text: str
    provider: str
    model: str
    tool_calls: tuple[ToolCall, ...] = ()
    finish: Finish = "stop"
    usage: Usage = Usage()
    confidence: float | None = None
    cost_usd: Decimal | None = None
    latency_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Embeddings:
    """Vectors of texts, in their order, each of the same length."""

    vectors: tuple[tuple[float, ...], ...]
    provider: str
    model: str
    usage: Usage = Usage()
    cost_usd: Decimal | None = None
    latency_ms: float = 0.0
