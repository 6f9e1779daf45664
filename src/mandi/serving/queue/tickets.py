"""Tickets of the human queue; every change is one statement that finds the ticket as it must be, so that two people never win."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from mandi.core.errors import MandiError
from mandi.store.records import Escalation

OPEN_FOR = timedelta(hours=24)
CLAIM_LASTS = timedelta(minutes=15)
MOST_LISTED = 100


class TicketTaken(MandiError):
    """The ticket is not as it must be for this: claimed by another, answered, or over."""

    headline = "the ticket cannot be taken"


def open_ticket(
    session: Session,
    *,
    organization_id: str,
    user_id: str,
    pseudonym: str,
    generation_id: str,
    question: str,
    context: dict[str, Any],
    student_answer: str | None,
    student_confidence: float | None,
    now: datetime,
    lasts: timedelta = OPEN_FOR,
) -> Escalation:
    """Add a question to the queue.

    Parameters
    ----------
    session : Session
        Of a transaction that writes.
    context : dict
        What the person should see beside the question: the route's reason, the findings.
    now : datetime
    lasts : timedelta
        How long it waits before it is over.
    """
    ticket = Escalation(
        organization_id=organization_id,
        user_id=user_id,
        user_pseudonym=pseudonym,
        generation_id=generation_id,
        question=question,
        context=context,
        student_answer=student_answer,
        student_confidence=student_confidence,
        created_at=now,
        expires_at=now + lasts,
    )
    session.add(ticket)
    session.flush()
    return ticket


def waiting(
    session: Session, organization_id: str, now: datetime, limit: int = MOST_LISTED
) -> Sequence[Escalation]:
    """Return the tickets that can be claimed, oldest first; a claim that ran out waits again."""
    claimable = sa.or_(
        Escalation.status == "waiting",
        sa.and_(Escalation.status == "claimed", Escalation.claim_expires_at <= now),
    )
    asked = (
        sa.select(Escalation)
        .where(Escalation.organization_id == organization_id, claimable, Escalation.expires_at > now)
        .order_by(Escalation.created_at, Escalation.id)
        .limit(limit)
    )
    return session.scalars(asked).all()


def standing(ticket: Escalation, now: datetime) -> str:
    """Return what a ticket is at a moment: waiting, claimed, answered or expired."""
    if ticket.status == "answered":
        return "answered"
    if ticket.expires_at <= now:
        return "expired"
    claimed = (
        ticket.status == "claimed" and ticket.claim_expires_at is not None and ticket.claim_expires_at > now
    )
    return "claimed" if claimed else "waiting"


def claim(
    session: Session, ticket_id: str, organization_id: str, user_id: str, now: datetime
) -> Escalation | None:
    """Take a ticket for a quarter of an hour; one's own claim is renewed.

    Returns
    -------
    Escalation or None
        None: the organisation has no such ticket.

    Raises
    ------
    TicketTaken
        Somebody else has it, it is answered, or it is over.
    """
    free = sa.or_(
        Escalation.status == "waiting",
        sa.and_(
            Escalation.status == "claimed",
            sa.or_(Escalation.claim_expires_at <= now, Escalation.claimed_by == user_id),
        ),
    )
    values = {
        "status": "claimed", "claimed_by": user_id, "claimed_at": now, "claim_expires_at": now + CLAIM_LASTS,
    }  # fmt: skip
    return _changed(session, ticket_id, organization_id, [free, Escalation.expires_at > now], values, now)


def give_back(
    session: Session, ticket_id: str, organization_id: str, user_id: str, now: datetime
) -> Escalation | None:
    """Let a ticket wait again; as ``claim``, of one's own claim."""
    values = {"status": "waiting", "claimed_by": None, "claimed_at": None, "claim_expires_at": None}
    return _changed(session, ticket_id, organization_id, _held_by(user_id, now), values, now)


def answer(
    session: Session, ticket_id: str, organization_id: str, user_id: str, text: str, now: datetime
) -> Escalation | None:
    """Answer a ticket one has claimed; as ``claim``, and the claim must not have run out."""
    values = {"status": "answered", "answer": text, "answered_at": now}
    return _changed(session, ticket_id, organization_id, _held_by(user_id, now), values, now)


def find(session: Session, ticket_id: str, organization_id: str) -> Escalation | None:
    """Return a ticket of an organisation."""
    ticket = session.get(Escalation, ticket_id)
    return ticket if ticket is not None and ticket.organization_id == organization_id else None


def _held_by(user_id: str, now: datetime) -> list[sa.ColumnElement[bool]]:
    return [
        Escalation.status == "claimed",
        Escalation.claimed_by == user_id,
        Escalation.claim_expires_at > now,
        Escalation.expires_at > now,
    ]


def _changed(
    session: Session,
    ticket_id: str,
    organization_id: str,
    conditions: Sequence[sa.ColumnElement[bool]],
    values: dict[str, Any],
    now: datetime,
) -> Escalation | None:
    mine = (Escalation.id == ticket_id, Escalation.organization_id == organization_id)
    changed = session.execute(sa.update(Escalation).where(*mine, *conditions).values(**values))
    session.expire_all()
    ticket = find(session, ticket_id, organization_id)
    if ticket is not None and not changed.rowcount:  # type: ignore[attr-defined]
        raise TicketTaken(
            f"the ticket is {standing(ticket, now)}", allowed="a ticket you have claimed, or one that waits"
        )
    return ticket
