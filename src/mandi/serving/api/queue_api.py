"""The human queue over HTTP: who asked may look, who reviews may claim and answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from anyio import to_thread
from pydantic import Field
from sqlalchemy.orm import Session

from mandi.core.strict import Strict
from mandi.feedback.ratings import Author, answered_by_person
from mandi.serving.api.rooms import database_of, settings_of, words_of, written_down
from mandi.serving.dispatch import not_found
from mandi.serving.operations import Asked, Operation
from mandi.serving.problems import CONFLICT, Problem, Refused
from mandi.serving.queue import tickets
from mandi.serving.queue.tickets import TicketTaken
from mandi.store.records import Escalation

OWNED = {"ticket_id": "ticket"}


class Ticket(Strict):
    """A question that waits for a person, or what was answered."""

    ticket_id: str
    status: str = Field(description="waiting, claimed, answered or expired")
    question: str
    context: dict[str, Any] = Field(description="what was known when it was asked")
    student_answer: str | None = None
    student_confidence: float | None = Field(default=None, ge=0, le=1, description="calibrated")
    answer: str | None = None
    generation_id: str | None = None
    created_at: datetime
    expires_at: datetime
    claim_expires_at: datetime | None = None
    answered_at: datetime | None = None


class Tickets(Strict):
    """What waits, oldest first."""

    tickets: list[Ticket]


class PersonsAnswer(Strict):
    """What a person answers."""

    answer: str = Field(min_length=1, max_length=20_000)


def queue_operations() -> list[Operation]:
    """Return the operations of the queue."""
    path = "/api/v1/ai/queue/{ticket_id}"
    return [
        Operation(
            "GET", "/api/v1/ai/queue", "Questions of your organisation that wait for a person", _waiting, "review",
            answers=(Tickets,), tag="queue",
        ),
        Operation(
            "GET", path, "One question: its state, and the answer once there is one", _one, "ai",
            answers=(Ticket,), owned=OWNED, tag="queue",
        ),
        Operation(
            "POST", f"{path}/claim", "Take a question for a quarter of an hour", _claim, "review",
            answers=(Ticket,), owned=OWNED, problems=(CONFLICT,), tag="queue",
        ),
        Operation(
            "POST", f"{path}/release", "Let a question you have claimed wait again", _release, "review",
            answers=(Ticket,), owned=OWNED, problems=(CONFLICT,), tag="queue",
        ),
        Operation(
            "POST", f"{path}/answer", "Answer a question you have claimed", _answer, "review",
            bodies=(PersonsAnswer,), answers=(Ticket,), owned=OWNED, problems=(CONFLICT,), tag="queue",
            examples={"an answer": {"answer": "Hold: the arrivals of the week will press the price."}},
        ),
    ]  # fmt: skip


def shown(ticket: Escalation, now: datetime) -> Ticket:
    """Return a ticket as it is told."""
    return Ticket(
        ticket_id=ticket.id,
        status=tickets.standing(ticket, now),
        question=ticket.question,
        context=ticket.context,
        student_answer=ticket.student_answer,
        student_confidence=ticket.student_confidence,
        answer=ticket.answer,
        generation_id=ticket.generation_id,
        created_at=ticket.created_at,
        expires_at=ticket.expires_at,
        claim_expires_at=ticket.claim_expires_at,
        answered_at=ticket.answered_at,
    )


async def _waiting(asked: Asked) -> Tickets:
    organization, now = asked.who.organization_id, asked.house.now()
    found = await database_of(asked.house).aread(
        lambda session: [shown(t, now) for t in tickets.waiting(session, organization, now)]
    )
    return Tickets(tickets=found)


async def _one(asked: Asked) -> Ticket:
    who, now = asked.who, asked.house.now()

    def look(session: Session) -> Ticket | None:
        ticket = tickets.find(session, asked.path["ticket_id"], who.organization_id)
        may = ticket is not None and (ticket.user_id == who.user_id or "review" in who.scopes)
        return shown(ticket, now) if ticket is not None and may else None

    return _there(await database_of(asked.house).aread(look), asked)


async def _claim(asked: Asked) -> Ticket:
    return await _change(asked, tickets.claim)


async def _release(asked: Asked) -> Ticket:
    return await _change(asked, tickets.give_back)


async def _answer(asked: Asked) -> Ticket:
    text, words = asked.body.answer, words_of(asked.house)
    clean = None
    if words is not None:
        await written_down(asked.house)
        clean = await to_thread.run_sync(lambda: words().text(text))
    author = Author(asked.who.organization_id, asked.who.pseudonym)
    tutor = clean is not None and settings_of(asked.house).enable_tutor_logging

    def answered(
        session: Session, ticket: str, organization: str, user: str, now: datetime
    ) -> Escalation | None:
        answered = tickets.answer(session, ticket, organization, user, text, now)
        if answered is not None and clean is not None:
            answered_by_person(session, answered, author, clean, now, tutor=tutor)
        return answered

    return await _change(asked, answered)


async def _change(asked: Asked, change: Any) -> Ticket:
    who, now = asked.who, asked.house.now()

    def write(session: Session) -> Ticket | None:
        ticket = change(session, asked.path["ticket_id"], who.organization_id, who.user_id, now)
        return None if ticket is None else shown(ticket, now)

    try:
        return _there(await database_of(asked.house).awrite(write), asked)
    except TicketTaken as taken:
        raise Refused(Problem(CONFLICT, taken.message, "ticket_id", taken.allowed)) from None


def _there(ticket: Ticket | None, asked: Asked) -> Ticket:
    if ticket is None:
        raise not_found("ticket", asked.path["ticket_id"])
    return ticket
