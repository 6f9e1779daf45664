"""Conversations over HTTP: one's own, and nobody else's, whatever one's role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from mandi.serving.api.conversations_chat import chat_operations
from mandi.serving.api.conversations_contracts import (
    ChangedConversation,
    ConversationMade,
    ConversationsQuery,
    ConversationsTold,
    ConversationTold,
    ExportTold,
    HistoryQuery,
    HistoryTold,
    MessageTold,
    NewConversation,
)
from mandi.serving.api.rooms import database_of
from mandi.serving.conversations import shelf
from mandi.serving.dispatch import not_found
from mandi.serving.operations import Asked, Operation

if TYPE_CHECKING:
    from mandi.store.records import Conversation, Message

CONVERSATIONS = "/api/v1/ai/conversations"
ONE = CONVERSATIONS + "/{conversation_id}"
OWNED = {"conversation_id": "conversation"}


def conversation_operations() -> list[Operation]:
    """Return the operations of conversations."""
    return [
        Operation(
            "POST", CONVERSATIONS, "Begin a conversation", _make, "ai",
            bodies=(NewConversation,), answers=(ConversationMade,), status=201, tag="conversations",
            examples={"in Hindi": {"assistant_type": "trade", "language": "hi"}},
        ),
        Operation(
            "GET", CONVERSATIONS, "Your conversations, the newest first", _list, "ai",
            query=ConversationsQuery, answers=(ConversationsTold,), problems=(404,), tag="conversations",
        ),
        Operation(
            "GET", ONE, "One conversation", _one, "ai",
            answers=(ConversationTold,), owned=OWNED, tag="conversations",
        ),
        Operation(
            "PATCH", ONE, "Rename, close or open a conversation", _change, "ai",
            bodies=(ChangedConversation,), answers=(ConversationTold,), owned=OWNED, tag="conversations",
            examples={"close": {"is_active": False}},
        ),
        Operation(
            "DELETE", ONE, "Delete a conversation and all that was said in it, for good", _delete, "ai",
            status=204, owned=OWNED, tag="conversations",
        ),
        Operation(
            "GET", f"{ONE}/history", "What was said, the oldest first", _history, "ai",
            query=HistoryQuery, answers=(HistoryTold,), owned=OWNED, tag="conversations",
        ),
        Operation(
            "GET", f"{ONE}/export", "A conversation and all that was said in it", _export, "ai",
            answers=(ExportTold,), owned=OWNED, tag="conversations",
        ),
        *chat_operations(ONE, OWNED),
    ]  # fmt: skip


async def _make(asked: Asked) -> ConversationMade:
    body: NewConversation = asked.body
    made = await database_of(asked.house).awrite(
        lambda session: shelf.made(
            session, asked.who, body.assistant_type, body.language, body.title, asked.house.now()
        )
    )
    return ConversationMade(**_head(made))


async def _list(asked: Asked) -> ConversationsTold:
    query: ConversationsQuery = asked.query
    found = await database_of(asked.house).aread(
        lambda session: shelf.listed(session, asked.who, query.limit + 1, query.before)
    )
    if found is None:
        raise not_found("conversation", query.before or "")
    page = found[: query.limit]
    more = page[-1].id if len(found) > query.limit else None
    return ConversationsTold(conversations=[_told(c) for c in page], next=more)


async def _one(asked: Asked) -> ConversationTold:
    return _told(await _found(asked))


async def _change(asked: Asked) -> ConversationTold:
    body: ChangedConversation = asked.body

    def change(session: Session) -> Conversation | None:
        conversation = shelf.found(session, asked.who, asked.path["conversation_id"], lock=True)
        if conversation is None:
            return None
        if body.title is not None:
            conversation.title = body.title
        if body.is_active is not None:
            conversation.is_active = body.is_active
            conversation.ended_at = None if body.is_active else asked.house.now()
        session.flush()
        return conversation

    return _told(_there(await database_of(asked.house).awrite(change), asked))


async def _delete(asked: Asked) -> None:
    given = asked.path["conversation_id"]
    if not await database_of(asked.house).awrite(lambda session: shelf.deleted(session, asked.who, given)):
        raise not_found("conversation", given)


async def _history(asked: Asked) -> HistoryTold:
    query: HistoryQuery = asked.query
    conversation, messages = await _read(asked, query.limit, query.before)
    return HistoryTold(
        conversation_id=conversation.id,
        messages=[_said(m) for m in messages],
        total_messages=conversation.total_messages,
        total_cost_usd=_usd(conversation.total_cost_usd),
    )


async def _export(asked: Asked) -> ExportTold:
    conversation, messages = await _read(asked, None, None)
    return ExportTold(conversation=_told(conversation), messages=[_said(m) for m in messages])


async def _read(asked: Asked, limit: int | None, before: int | None) -> tuple[Conversation, list[Message]]:
    def read(session: Session) -> tuple[Conversation | None, list[Message]]:
        conversation = shelf.found(session, asked.who, asked.path["conversation_id"])
        if conversation is None:
            return None, []
        return conversation, list(shelf.said(session, conversation.id, limit, before))

    conversation, messages = await database_of(asked.house).aread(read)
    return _there(conversation, asked), messages


async def _found(asked: Asked) -> Conversation:
    given = asked.path["conversation_id"]
    return _there(
        await database_of(asked.house).aread(lambda session: shelf.found(session, asked.who, given)), asked
    )


def _there(conversation: Conversation | None, asked: Asked) -> Conversation:
    if conversation is None:
        raise not_found("conversation", asked.path["conversation_id"])
    return conversation


def _head(conversation: Conversation) -> dict[str, Any]:
    return {
        "conversation_id": conversation.id,
        "session_id": conversation.session_id,
        "language": conversation.language,
        "assistant_type": conversation.assistant_type,
        "title": conversation.title,
        "created_at": conversation.created_at,
    }


def _told(conversation: Conversation) -> ConversationTold:
    return ConversationTold(
        **_head(conversation),
        is_active=conversation.is_active,
        updated_at=conversation.updated_at,
        ended_at=conversation.ended_at,
        total_messages=conversation.total_messages,
        total_cost_usd=_usd(conversation.total_cost_usd),
    )


def _said(message: Message) -> MessageTold:
    told = {
        "message_id": message.id,
        "position": message.position,
        "role": message.role,
        "content": message.content,
        "language": message.language,
        "timestamp": message.created_at,
        "status": message.status,
        "request_id": message.request_id,
        "generation_id": message.generation_id,
        "route": message.route_decision,
        "confidence": message.confidence_score,
        "tokens": message.tokens_used,
        "cost_usd": _usd(message.cost_usd),
        "latency_ms": message.latency_ms,
        "sources": list(message.sources),
    }
    return MessageTold.model_validate(told)


def _usd(amount: Any) -> float:
    return round(float(amount), 6)
