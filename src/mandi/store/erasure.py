"""Forgets a person: what they wrote is deleted, what was counted stays without a link to them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from mandi.core.errors import DataNotFound
from mandi.store.database import Database
from mandi.store.records import (
    AiAnalysis,
    AiMetric,
    ApiKey,
    AuditEvent,
    Conversation,
    DatasetMember,
    Deal,
    Escalation,
    GenerationFeedback,
    GenerationRecord,
    Message,
    RefreshToken,
    SystemConfig,
    TutorPair,
    User,
    new_id,
    utc_now,
)
from mandi.store.shared_state import SharedState

log = logging.getLogger(__name__)
ACTION = "user.erased"


@dataclass(frozen=True, slots=True)
class Erased:
    """How much was deleted, by kind; ``dataset_versions`` were made before and still hold answers that are gone here."""

    conversations: int
    messages: int
    deals: int
    analyses: int
    escalations: int
    tokens: int
    keys: int
    metrics: int
    generations: int = 0
    opinions: int = 0
    tutor_pairs: int = 0
    documents: int = 0
    dataset_versions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Answers, opinions and tutor pairs that were deleted, and the versions of datasets that still hold some of them."""

    generations: int
    opinions: int
    tutor_pairs: int
    dataset_versions: tuple[str, ...]


def forget_generations(session: Session, *which: sa.ColumnElement[bool]) -> Forgotten:
    """Delete answers with what was said of them, in the transaction of a session.

    Parameters
    ----------
    session : Session
    *which : conditions
        On ``GenerationRecord``: all of them must hold.
    """
    ids = sa.select(GenerationRecord.generation_id).where(*which)
    held = sa.select(DatasetMember.version).where(DatasetMember.generation_id.in_(ids)).distinct()
    versions = tuple(session.scalars(held.order_by(DatasetMember.version)))
    opinions = _delete(session, GenerationFeedback, GenerationFeedback.generation_id.in_(ids))
    pairs = _delete(session, TutorPair, TutorPair.generation_id.in_(ids))
    counted = session.execute(sa.delete(GenerationRecord).where(*which)).rowcount  # type: ignore[attr-defined]
    return Forgotten(counted, opinions, pairs, versions)


def erase_user(
    database: Database,
    user_id: str,
    *,
    actor: str = "service",
    request_id: str | None = None,
    state: SharedState | None = None,
    prefixes: Sequence[str] = (),
    clock: Callable[[], datetime] = utc_now,
) -> Erased:
    """Delete what a user wrote and every way in, in one transaction; an audit row says that it was done.

    Conversations, deals, analyses and escalations go. Rows of calls stay for the accounts, under a pseudonym that no user
    has any more, without texts and without the conversation they belonged to. The user's row stays as an empty shell, because
    audit rows and settings name its id. Answers given by this user to others' questions stay; their name on them goes. Their
    own answers and what was said of them are in no dataset that is made later; those made before are named.

    Parameters
    ----------
    database : Database
    user_id : str
    actor : str
        Who asked for it, for the audit row: an id, never a name.
    request_id : str, optional
    state : SharedState, optional
        Where answers may be cached; documents below ``prefixes`` are removed from it once the transaction is done.
    prefixes : sequence of str
        For example the namespace of the cache of the user's organisation.
    clock : callable
        Now, aware.

    Raises
    ------
    DataNotFound
        There is no such user, or it was erased before.
    StoreUnavailable
        The database does not answer; nothing was deleted.
    """
    erased = database.write(lambda session: _erase(session, user_id, actor, request_id, clock()))
    if not database.settle():
        log.warning(
            "the write-ahead log of %s is being read: deleted pages leave it a little later", database.place
        )
    if state is None:
        return erased
    documents = 0
    for prefix in prefixes:
        for key in list(state.keys(prefix)):
            state.remove(key)
            documents += 1
    return replace(erased, documents=documents)


def _erase(session: Session, user_id: str, actor: str, request_id: str | None, now: datetime) -> Erased:
    user = session.get(User, user_id, with_for_update=True)
    if user is None or user.deleted_at is not None:
        raise DataNotFound(f"there is no user {user_id}")
    conversations = sa.select(Conversation.id).where(Conversation.user_id == user_id)
    deals = sa.select(Deal.id).where(Deal.user_id == user_id)
    forgotten = forget_generations(session, GenerationRecord.user_pseudonym == user.pseudonym)
    said = sa.and_(GenerationFeedback.author == "user", GenerationFeedback.author_pseudonym == user.pseudonym)
    erased = Erased(
        generations=forgotten.generations,
        opinions=forgotten.opinions + _delete(session, GenerationFeedback, said),
        tutor_pairs=forgotten.tutor_pairs
        + _delete(session, TutorPair, TutorPair.user_pseudonym == user.pseudonym),
        dataset_versions=forgotten.dataset_versions,
        messages=_delete(session, Message, Message.conversation_id.in_(conversations)),
        conversations=_delete(session, Conversation, Conversation.user_id == user_id),
        analyses=_delete(session, AiAnalysis, AiAnalysis.deal_id.in_(deals)),
        deals=_delete(session, Deal, Deal.user_id == user_id),
        escalations=_delete(session, Escalation, Escalation.user_id == user_id),
        tokens=_delete(session, RefreshToken, RefreshToken.user_id == user_id),
        keys=_end_keys(session, user_id, now),
        metrics=_unlink_metrics(session, user.pseudonym),
    )
    session.execute(sa.update(Escalation).where(Escalation.claimed_by == user_id).values(claimed_by=None))
    session.execute(
        sa.update(SystemConfig)
        .where(SystemConfig.updated_by == user_id)
        .values(updated_by=None, updated_at=SystemConfig.updated_at)
    )
    _empty(user, now)
    session.add(
        AuditEvent(
            at=now,
            organization_id=user.organization_id,
            actor=actor,
            action=ACTION,
            target=f"user:{user_id}",
            details={
                name: list(value) if isinstance(value, tuple) else value
                for name in erased.__slots__
                if name != "documents" and (value := getattr(erased, name)) is not None
            },
            request_id=request_id,
        )
    )
    return erased


def _delete(session: Session, table: type, condition: sa.ColumnElement[bool]) -> int:
    return session.execute(sa.delete(table).where(condition)).rowcount  # type: ignore[attr-defined]


def _end_keys(session: Session, user_id: str, now: datetime) -> int:
    keys = list(session.scalars(sa.select(ApiKey).where(ApiKey.user_id == user_id)))
    for key in keys:
        key.revoked_at = key.revoked_at or now
        key.name, key.prefix, key.scopes = "erased", "", []
        key.hash = f"erased-{new_id()}"  # of nothing: the key opens no door even if somebody forgets to ask whether it ended
    return len(keys)


def _unlink_metrics(session: Session, pseudonym: str) -> int:
    theirs = AiMetric.user_pseudonym == pseudonym
    for metric in session.scalars(sa.select(AiMetric).where(theirs)):
        # a vendor's message may repeat what it was asked
        metric.error_message = metric.fallback_reason = None
        metric.conversation_id = None
        metric.attempts = [
            {name: value for name, value in attempt.items() if name != "message"}
            for attempt in metric.attempts
        ]
    return session.scalar(sa.select(sa.func.count()).where(theirs)) or 0


def _empty(user: User, now: datetime) -> None:
    user.username = f"erased-{new_id()}"
    user.email = None
    user.hashed_password = ""
    user.pseudonym = new_id()
    user.is_active = False
    user.last_login = None
    user.deleted_at = now
