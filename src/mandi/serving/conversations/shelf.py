"""Conversations of one user: making, finding, listing, reading and deleting them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Session

from mandi.store.erasure import forget_generations
from mandi.store.records import AiMetric, Conversation, GenerationRecord, Message

if TYPE_CHECKING:
    from mandi.serving.operations import Principal


def made(
    session: Session, who: Principal, assistant_type: str, language: str, title: str | None, now: datetime
) -> Conversation:
    """Add a conversation and return it.

    Parameters
    ----------
    session : Session
        Of a transaction that writes.
    who : Principal
        Whose it is.
    assistant_type, language : str
    title : str, optional
        Taken from the first message if not given.
    now : datetime
    """
    conversation = Conversation(
        organization_id=who.organization_id, user_id=who.user_id, title=title, assistant_type=assistant_type,
        language=language, session_id=f"sess_{secrets.token_hex(16)}", created_at=now, updated_at=now,
    )  # fmt: skip
    session.add(conversation)
    session.flush()
    return conversation


def found(
    session: Session, who: Principal, conversation_id: str, *, lock: bool = False
) -> Conversation | None:
    """Return a conversation of the one who asks; None when there is none, or it is somebody else's.

    Parameters
    ----------
    lock : bool
        Nobody else writes into it until the transaction ends.
    """
    asked = sa.select(Conversation).where(
        Conversation.id == conversation_id,
        Conversation.organization_id == who.organization_id,
        Conversation.user_id == who.user_id,
    )
    return session.scalars(asked.with_for_update() if lock else asked).one_or_none()


def listed(session: Session, who: Principal, limit: int, before: str | None) -> Sequence[Conversation] | None:
    """Return one's conversations, the newest first.

    Parameters
    ----------
    limit : int
    before : str, optional
        Id of a conversation: those older than it.

    Returns
    -------
    sequence or None
        None when ``before`` is not one of one's own.
    """
    asked = sa.select(Conversation).where(
        Conversation.organization_id == who.organization_id, Conversation.user_id == who.user_id
    )
    if before is not None:
        last = found(session, who, before)
        if last is None:
            return None
        older = sa.tuple_(Conversation.created_at, Conversation.id) < sa.tuple_(
            sa.bindparam("at", last.created_at, Conversation.created_at.type),
            sa.bindparam("last", last.id, Conversation.id.type),
        )
        asked = asked.where(older)
    asked = asked.order_by(Conversation.created_at.desc(), Conversation.id.desc()).limit(limit)
    return session.scalars(asked).all()


def said(
    session: Session, conversation_id: str, limit: int | None, before: int | None = None
) -> Sequence[Message]:
    """Return what was said, the oldest first; the newest ``limit`` of it, below the position ``before``.

    An answer that is still being given, or of which no word came, is left out.
    """
    asked = sa.select(Message).where(Message.conversation_id == conversation_id, Message.content != "")
    if before is not None:
        asked = asked.where(Message.position < before)
    asked = asked.order_by(Message.position.desc())
    return session.scalars(asked if limit is None else asked.limit(limit)).all()[::-1]


def message_of(session: Session, conversation_id: str, message_id: str) -> Message | None:
    """Return a message of a conversation."""
    message = session.get(Message, message_id)
    return message if message is not None and message.conversation_id == conversation_id else None


def call_of(session: Session, organization_id: str, generation_id: str | None) -> AiMetric | None:
    """Return what was measured of the call behind an answer; None when it is not written yet."""
    if generation_id is None:
        return None
    asked = sa.select(AiMetric).where(
        AiMetric.organization_id == organization_id, AiMetric.generation_id == generation_id
    )
    return session.scalars(asked).one_or_none()


def deleted(session: Session, who: Principal, conversation_id: str) -> bool:
    """Delete a conversation and all that was said in it, for good; whether there was one."""
    conversation = found(session, who, conversation_id, lock=True)
    if conversation is None:
        return False
    forget_generations(session, GenerationRecord.conversation_id == conversation.id)
    session.delete(conversation)
    return True
