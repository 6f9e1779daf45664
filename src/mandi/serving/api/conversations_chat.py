"""Messages of a conversation and their answers, in one body or streamed, and answers told again after a lost connection."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from sqlalchemy.orm import Session

from mandi.serving.api.call_problems import retry_after
from mandi.serving.api.conversations_contracts import ChatMessage, ChatMetadata, ChatTold, ResumeQuery
from mandi.serving.api.conversations_events import again, metadata_again, metadata_of
from mandi.serving.api.conversations_talk import Talk
from mandi.serving.api.rooms import database_of
from mandi.serving.conversations import shelf, turns
from mandi.serving.conversations.turns import Asking, Begun, TurnRefused
from mandi.serving.dispatch import not_found
from mandi.serving.operations import Asked, Operation, Stream
from mandi.serving.problems import CONFLICT, Problem, Refused
from mandi.store.records import AiMetric, Message, new_id

LAST_EVENT = "last-event-id"
MESSAGE_ID, REQUEST_ID = "x-mandi-message", "x-mandi-request"


def chat_operations(one: str, owned: Mapping[str, str]) -> list[Operation]:
    """Return the operations.

    Parameters
    ----------
    one : str
        Path of a conversation.
    owned : mapping
        Its parameters, for the check of whose it is.
    """
    examples = {"a question": {"message": "Is 7,200 a fair price for cotton at Rajkot?", "request_id": "q-1"}}
    problems = (CONFLICT, 429, 502, 504)
    return [
        Operation(
            "POST", f"{one}/chat", "Say something and have the whole answer", _chat, "ai",
            bodies=(ChatMessage,), answers=(ChatTold,), owned=owned, problems=problems, tag="conversations",
            examples=examples,
        ),
        Operation(
            "POST", f"{one}/chat/stream", "Say something and hear the answer as it is given", _stream, "ai",
            bodies=(ChatMessage,), streams=True, owned=owned, problems=problems, tag="conversations",
            examples=examples,
        ),
        Operation(
            "GET", f"{one}/messages/{{message_id}}/stream", "Hear an answer again, from a letter on", _resume, "ai",
            query=ResumeQuery, streams=True, owned=owned, problems=(CONFLICT,), tag="conversations",
        ),
    ]  # fmt: skip


async def _chat(asked: Asked) -> ChatTold:
    begun = await _begun(asked)
    if isinstance(begun, Message):
        told = metadata_again(begun, await _measured(asked, begun))
        return _answer(begun.conversation_id, begun.id, begun.content, begun.language, ChatMetadata(**told))
    talk = Talk(asked, begun, asked.request.scope["route"].path)
    outcome = await talk.whole()
    metadata = ChatMetadata(**metadata_of(begun, outcome, talk.sources, talk.ticket_id))
    return _answer(begun.conversation_id, begun.message_id, outcome.completion.text, begun.language, metadata)


async def _stream(asked: Asked) -> Stream:
    begun = await _begun(asked)
    if isinstance(begun, Message):
        return await _again(asked, begun, _last_event(asked))
    talk = Talk(asked, begun, asked.request.scope["route"].path)
    headers = {MESSAGE_ID: begun.message_id, REQUEST_ID: begun.request_id}
    return Stream(await talk.opened(), headers)


async def _resume(asked: Asked) -> Stream:
    def look(session: Session) -> Message | None:
        conversation = shelf.found(session, asked.who, asked.path["conversation_id"])
        if conversation is None:
            raise not_found("conversation", asked.path["conversation_id"])
        return shelf.message_of(session, conversation.id, asked.path["message_id"])

    message = await database_of(asked.house).aread(look)
    if message is None or message.role != "assistant":
        raise not_found("message", asked.path["message_id"])
    if turns.is_being_given(message, asked.house.now()):
        raise _conflict(TurnRefused("the answer is being given", retry_after=2.0))
    return await _again(asked, message, max(asked.query.after, _last_event(asked)))


async def _begun(asked: Asked) -> Begun | Message:
    body: ChatMessage = asked.body
    asking = Asking(
        conversation_id=asked.path["conversation_id"],
        message=body.message,
        request_id=body.request_id or new_id(),  # a header may be the same for a whole trace of requests
        language=body.language,
        again=body.again,
    )
    now = asked.house.now()
    try:
        begun = await database_of(asked.house).awrite(
            lambda session: turns.begin(session, asked.who, asking, now)
        )
    except TurnRefused as refused:
        raise _conflict(refused) from None
    if begun is None:
        raise not_found("conversation", asking.conversation_id)
    return begun


async def _again(asked: Asked, message: Message, after: int) -> Stream:
    events = again(message, await _measured(asked, message), after)
    headers = {MESSAGE_ID: message.id, REQUEST_ID: message.request_id or ""}
    return Stream(_one(events), headers)


async def _one(events: bytes) -> AsyncIterator[bytes]:
    yield events


async def _measured(asked: Asked, message: Message) -> AiMetric | None:
    who = asked.who.organization_id
    return await database_of(asked.house).aread(
        lambda session: shelf.call_of(session, who, message.generation_id)
    )


def _answer(
    conversation_id: str, message_id: str, content: str, language: str, metadata: ChatMetadata
) -> ChatTold:
    return ChatTold(
        conversation_id=conversation_id,
        message_id=message_id,
        content=content,
        language=language,
        metadata=metadata,
    )


def _last_event(asked: Asked) -> int:
    given = asked.request.headers.get(LAST_EVENT, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0


def _conflict(refused: TurnRefused) -> Refused:
    headers = retry_after(refused.retry_after)
    return Refused(Problem(CONFLICT, refused.message, None, refused.allowed, headers=headers))
