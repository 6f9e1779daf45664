"""Bodies and answers of conversations."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from mandi.core.strict import Strict
from mandi.llm.prompts.chat_prompts import Assistant, Language
from mandi.serving.api.deal_contracts import EvidenceUsed
from mandi.serving.api.openai_answers_contracts import Described

LONGEST_MESSAGE = 16_000
PLAIN_ID = r"^[A-Za-z0-9_.-]{1,64}$"


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("the letter NUL cannot be kept")
    if not text.strip():
        raise ValueError("there is nothing to read in it")
    return text


READABLE: dict[str, Any] = {"pattern": r"^[^\x00]*[^\s\x00][^\x00]*$"}
Message = Annotated[
    str,
    Field(min_length=1, max_length=LONGEST_MESSAGE, json_schema_extra=READABLE),
    AfterValidator(_storable),
]
Title = Annotated[
    str, Field(min_length=1, max_length=200, json_schema_extra=READABLE), AfterValidator(_storable)
]


class NewConversation(Strict):
    """A conversation to begin."""

    assistant_type: Assistant = Field(default="general", description="whom to talk to")
    language: Language = Field(default="en", description="of the answers")
    title: Title | None = Field(default=None, description="taken from the first message if not given")


class ChangedConversation(Strict):
    """What to change of a conversation."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": ["title"], "properties": {"title": {"type": "string"}}},
                {"required": ["is_active"], "properties": {"is_active": {"type": "boolean"}}},
            ]
        }
    )

    title: Title | None = None
    is_active: bool | None = Field(default=None, description="false closes it: it takes no more messages")

    @model_validator(mode="after")
    def _changes_something(self) -> ChangedConversation:
        if self.title is None and self.is_active is None:
            raise ValueError("give title or is_active")
        return self


class ChatMessage(Strict):
    """What a user says."""

    model_config = ConfigDict(populate_by_name=False)

    message: Message
    language: Language | None = Field(
        default=None, description="of this answer; the conversation's if not given"
    )
    request_id: str | None = Field(
        default=None,
        pattern=PLAIN_ID,
        description="of this message: the same one again finds the answer given",
    )
    again: bool = Field(
        default=False,
        alias="continue",
        description="an answer that ended early is asked for anew, from its beginning, and replaces the old one",
    )


class ConversationsQuery(BaseModel):
    """Which conversations to list."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=50, ge=1, le=200)
    before: str | None = Field(
        default=None, pattern=PLAIN_ID, description="a conversation_id: those older than it"
    )


class HistoryQuery(BaseModel):
    """How much of a conversation to read."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=50, ge=1, le=200, description="the newest ones")
    before: int | None = Field(default=None, ge=1, le=2**31 - 1, description="those below this position")


class ResumeQuery(BaseModel):
    """From where an answer is told again."""

    model_config = ConfigDict(extra="forbid")

    after: int = Field(
        default=0, ge=0, le=2**31 - 1, description="letters that arrived: the id of the last event"
    )


class ConversationMade(Described):
    """A conversation that was begun."""

    conversation_id: str
    session_id: str
    language: str
    assistant_type: str
    title: str | None
    created_at: datetime


class ConversationTold(ConversationMade):
    """A conversation."""

    is_active: bool
    updated_at: datetime
    ended_at: datetime | None
    total_messages: int
    total_cost_usd: float


class ConversationsTold(Described):
    """One's conversations, the newest first."""

    conversations: list[ConversationTold]
    next: str | None = Field(description="give it as before to read on; null at the end")


class MessageTold(Described):
    """What was said."""

    message_id: str
    position: int
    role: Literal["user", "assistant", "system"]
    content: str
    language: str
    timestamp: datetime
    status: Literal["complete", "partial", "failed"] = Field(description="partial: the answer ended early")
    request_id: str | None
    generation_id: str | None = Field(description="of an answer; feedback names it")
    route: str
    confidence: float | None = Field(ge=0, le=1, description="calibrated; null when unknown")
    tokens: int
    cost_usd: float
    latency_ms: int
    sources: list[EvidenceUsed] = Field(description="what the models said, that the answer rests on")


class HistoryTold(Described):
    """What was said in a conversation, the oldest first."""

    conversation_id: str
    messages: list[MessageTold]
    total_messages: int
    total_cost_usd: float


class ExportTold(Described):
    """A conversation and all that was said in it."""

    conversation: ConversationTold
    messages: list[MessageTold]


class ChatMetadata(Described):
    """Who answered, why they were chosen, and what it cost."""

    message_id: str
    request_id: str
    status: Literal["complete", "partial"]
    replayed: bool = Field(description="told again from what was kept; nobody was asked")
    generation_id: str | None
    tokens: int
    cost_usd: float
    latency_ms: float
    first_token_ms: float | None
    requested_mode: str | None
    effective_mode: str | None
    provider: str | None
    model: str | None
    route: str
    route_reason: str | None
    fallback: bool | None
    fallback_reason: str | None
    degraded: bool | None
    confidence: float | None
    cache: str | None
    usage_estimated: bool | None
    ticket_id: str | None
    sources: list[EvidenceUsed]


class ChatTold(Described):
    """An answer."""

    conversation_id: str
    message_id: str
    content: str
    language: str
    metadata: ChatMetadata
