"""A question and its answer as two turns: the question is kept before anybody is asked, the answer however it ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from mandi.core.errors import MandiError
from mandi.llm import messages as words
from mandi.serving.conversations.shelf import found, said
from mandi.serving.conversations.titles import title_of
from mandi.store.records import Conversation, Message

if TYPE_CHECKING:
    from mandi.llm.calls import Outcome
    from mandi.serving.operations import Principal

LONGEST_ANSWER = timedelta(minutes=3)
"""An answer that is still being given after this was left by a process that died."""
MOST_TURNS = 100
Status = Literal["complete", "partial", "failed"]


class TurnRefused(MandiError):
    """A message cannot be taken now; ``retry_after`` is in seconds, None when waiting does not help."""

    headline = "the conversation does not take this message"

    def __init__(self, message: str, *, retry_after: float | None = None, allowed: str | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message, allowed=allowed)


@dataclass(frozen=True, slots=True)
class Asking:
    """What a user says.

    Attributes
    ----------
    request_id : str
        Of the message: the same one again finds the answer that was given.
    language : str, optional
        Of the answer; the conversation's if not given.
    again : bool
        An answer that ended early is asked for anew, from its beginning, and takes the place of the old one.
    """

    conversation_id: str
    message: str
    request_id: str
    language: str | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Begun:
    """A question that was kept, and the place of its answer.

    Attributes
    ----------
    message_id : str
        Of the answer.
    history : tuple of Message
        What was said before, the oldest first.
    at : datetime
        When the answer began; only who began it may end it.
    """

    conversation_id: str
    message_id: str
    request_id: str
    question: str
    assistant_type: str
    language: str
    history: tuple[words.Message, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Ending:
    """How an answer ended, and what is kept of it."""

    status: Status
    text: str = ""
    generation_id: str | None = None
    outcome: Outcome | None = None
    sources: Sequence[Mapping[str, Any]] = field(default_factory=tuple)


def begin(session: Session, who: Principal, asking: Asking, now: datetime) -> Begun | Message | None:
    """Keep a question and the place of its answer, in one transaction.

    Parameters
    ----------
    session : Session
        Of a transaction that writes; the conversation is locked in it, so that positions are never given twice.
    who : Principal
    asking : Asking
    now : datetime

    Returns
    -------
    Begun, Message or None
        The message when this request was answered before; None when the conversation is not there for the one who asks.

    Raises
    ------
    TurnRefused
        The conversation is closed, another answer is being given in it, or the request id stands for another message.
    """
    conversation = found(session, who, asking.conversation_id, lock=True)
    if conversation is None:
        return None
    if not conversation.is_active:
        raise TurnRefused("the conversation is closed", allowed='PATCH it with {"is_active": true}')
    turns = {m.role: m for m in session.scalars(_of_request(asking))}
    if "user" in turns:
        return _repeated(session, conversation, turns["user"], turns["assistant"], asking, now)
    _nobody_speaks(session, conversation, now)
    return _new(session, conversation, asking, now)


def end(session: Session, begun: Begun, ending: Ending) -> bool:
    """Write down how an answer ended, and add it to the totals of its conversation.

    Returns
    -------
    bool
        False when there is no such answer any more: the conversation was deleted, or somebody began it anew.
    """
    outcome = ending.outcome
    cost = outcome.cost_usd if outcome else Decimal(0)
    values: dict[str, Any] = {
        "status": ending.status, "content": ending.text, "generation_id": ending.generation_id,
        "sources": [dict(s) for s in ending.sources],
    }  # fmt: skip
    if outcome is not None:
        values |= _routed(outcome, ending.text)
    mine = sa.and_(Message.id == begun.message_id, Message.created_at == begun.at)
    if not session.execute(sa.update(Message).where(mine).values(values)).rowcount:  # type: ignore[attr-defined]
        return False
    session.execute(
        sa.update(Conversation)
        .where(Conversation.id == begun.conversation_id)
        .values(
            total_messages=Conversation.total_messages + (1 if ending.text else 0),
            total_cost_usd=Conversation.total_cost_usd + cost,
        )
    )
    return True


def is_being_given(message: Message, now: datetime) -> bool:
    """Return whether an answer is being given: it has its place and no word of it is kept yet."""
    return message.status == "partial" and not message.content and message.created_at > now - LONGEST_ANSWER


def _of_request(asking: Asking) -> sa.Select[Message]:
    return sa.select(Message).where(
        Message.conversation_id == asking.conversation_id, Message.request_id == asking.request_id
    )


def _nobody_speaks(session: Session, conversation: Conversation, now: datetime) -> None:
    open_ones = sa.select(Message).where(
        Message.conversation_id == conversation.id, Message.status == "partial", Message.content == ""
    )
    for message in session.scalars(open_ones):
        if is_being_given(message, now):
            raise TurnRefused("another message of this conversation is being answered", retry_after=2.0)
        message.status = "failed"


def _new(session: Session, conversation: Conversation, asking: Asking, now: datetime) -> Begun:
    last = session.scalar(
        sa.select(sa.func.max(Message.position)).where(Message.conversation_id == conversation.id)
    )
    position = 1 if last is None else last + 1
    shared: dict[str, Any] = {
        "conversation_id": conversation.id, "request_id": asking.request_id, "created_at": now,
        "language": asking.language or conversation.language,
    }  # fmt: skip
    question = Message(role="user", content=asking.message, position=position, **shared)
    answer = Message(role="assistant", content="", status="partial", position=position + 1, **shared)
    session.add_all([question, answer])
    session.flush()
    _count(session, conversation, +1, now)
    if conversation.title is None:
        conversation.title = title_of(asking.message)
    return _begun(session, conversation, question, answer)


def _repeated(
    session: Session,
    conversation: Conversation,
    question: Message,
    answer: Message,
    asking: Asking,
    now: datetime,
) -> Begun | Message:
    if question.content != asking.message:
        raise TurnRefused("this request_id was given with another message", allowed="a new request_id")
    if is_being_given(answer, now):
        raise TurnRefused("this message is being answered", retry_after=2.0)
    if answer.status == "complete" or (answer.content and not asking.again):
        return answer
    _nobody_speaks(session, conversation, now)
    if answer.content:
        _count(session, conversation, -1, now)
    answer.status, answer.content, answer.created_at = "partial", "", now
    answer.language = asking.language or answer.language
    session.flush()
    return _begun(session, conversation, question, answer)


def _begun(session: Session, conversation: Conversation, question: Message, answer: Message) -> Begun:
    before = said(session, conversation.id, MOST_TURNS, question.position)
    return Begun(
        conversation_id=conversation.id,
        message_id=answer.id,
        request_id=str(question.request_id),
        question=question.content,
        assistant_type=conversation.assistant_type,
        language=answer.language,
        history=tuple(words.Message(_role(m.role), m.content) for m in before),
        at=answer.created_at,
    )


def _count(session: Session, conversation: Conversation, by: int, now: datetime) -> None:
    counted = sa.update(Conversation).where(Conversation.id == conversation.id)
    session.execute(counted.values(total_messages=Conversation.total_messages + by, updated_at=now))


def _routed(outcome: Outcome, text: str) -> dict[str, Any]:
    by_student = outcome.route == "student"
    compared = outcome.student_answer is not None and outcome.route == "teacher"
    return {
        "tokens_used": outcome.completion.usage.total_tokens,
        "cost_usd": outcome.cost_usd,
        "latency_ms": round(outcome.latency_ms),
        "route_decision": outcome.route,
        "confidence_score": outcome.confidence,
        "student_response": text if by_student else outcome.student_answer,
        "teacher_response": text if compared else None,
    }


def _role(role: str) -> words.Role:
    return "assistant" if role == "assistant" else "user"
