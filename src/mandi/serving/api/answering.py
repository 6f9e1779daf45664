"""Whoever answers in language, as routes know them; and a question that waits for a person, told as an answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from starlette.requests import ClientDisconnect

from mandi.llm.calls import Call, Caller, Interrupted, Outcome
from mandi.llm.messages import Completion, Delta
from mandi.llm.refusals import EscalationRequired
from mandi.serving.api.rooms import EVIDENCE, GATEWAY, database_of, room
from mandi.serving.queue.tickets import open_ticket

if TYPE_CHECKING:
    import numpy as np
    from starlette.requests import Request

    from mandi.llm.cache.exact import AnswerCache
    from mandi.llm.evidence import Evidence, Finding
    from mandi.llm.path.embedding import Embedded
    from mandi.llm.provider import Provider
    from mandi.serving.house import House
    from mandi.serving.operations import Asked

LOG = logging.getLogger("mandi.serving")
ENCODER, PROVIDERS = "encoder", "providers"
PERSON = "person"
LEARN = "x-mandi-learn"
NO = frozenset({"no", "false", "0", "off"})
T = TypeVar("T")
Item = Delta | Outcome | Interrupted


class Answering(Protocol):
    """The gateway, as far as routes know it."""

    @property
    def answers(self) -> AnswerCache:
        """Answers that are kept."""
        ...

    async def complete(self, call: Call) -> Outcome:
        """Answer a call."""
        ...

    def stream(self, call: Call) -> AsyncIterator[Item]:
        """Answer in pieces; the last item is an Outcome, or Interrupted when it failed after its first piece."""
        ...

    async def embed(self, call: Call) -> Embedded:
        """Return a vector of each message's text."""
        ...


class Encoder(Protocol):
    """The service's own encoder: one vector a text, of length 1."""

    dimensions: int

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return an array of shape (texts, dimensions), float32."""
        ...


def answers_of(house: House) -> Answering:
    """Return the gateway.

    Raises
    ------
    Refused
        503; this service was started without one.
    """
    found: Answering = room(house, GATEWAY)
    return found


def providers_of(house: House) -> Mapping[str, Provider]:
    """Return everybody who is configured, by name."""
    everybody: Mapping[str, Provider] = house.rooms.get(PROVIDERS, {})
    return everybody


def encoder_of(house: House) -> Encoder | None:
    """Return the service's own encoder; None where there is none."""
    found: Encoder | None = house.rooms.get(ENCODER)
    return found


def caller_of(asked: Asked) -> Caller:
    """Return for whom a call is counted, and whether what is said may be kept: the header ``x-mandi-learn: no`` forbids it."""
    who = asked.who
    forbidden = asked.request.headers.get(LEARN, "").strip().lower() in NO
    return Caller(
        who.organization_id, who.user_id, who.tier, who.timezone, who.daily_budget_usd, who.pseudonym,
        "refused" if forbidden else who.learning,
    )  # fmt: skip


async def while_listened(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Do work for somebody who waits for it, and stop it when they are gone: a client that gave up asks again, and pays again.

    Parameters
    ----------
    request : Request
        Its body has been read.
    work : coroutine

    Raises
    ------
    ClientDisconnect
        They are gone; the work has tidied up.
    """
    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise ClientDisconnect
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.wait({working, leaving})


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def findings_about(house: House, text: str) -> Mapping[str, Finding]:
    """Return what the models say about a text; empty where no model is served, or when asking them failed."""
    evidence: Evidence | None = house.rooms.get(EVIDENCE)
    if evidence is None or not text:
        return {}
    try:
        return await evidence.about_text(text, house.now())
    except Exception:  # an answer without evidence says so; a question is not lost for it
        LOG.exception("the models could not be asked about a text")
        return {}


async def handed_over(
    asked: Asked, error: EscalationRequired, context: Mapping[str, Any]
) -> tuple[Outcome, str]:
    """Open a ticket for a question that a person answers, and return what is told meanwhile.

    Parameters
    ----------
    asked : Asked
    error : EscalationRequired
    context : mapping
        What the person should see beside the question.

    Returns
    -------
    outcome : Outcome
        Of the route ``human``, degraded, so that nothing learns from it.
    ticket_id : str
    """
    who, now = asked.who, asked.house.now()

    def opened(session: Any) -> str:
        ticket = open_ticket(
            session, organization_id=who.organization_id, user_id=who.user_id, pseudonym=who.pseudonym,
            generation_id=error.generation_id, question=error.question,
            context={"reason": error.reason, **context},
            student_answer=error.student_answer, student_confidence=error.student_confidence, now=now,
        )  # fmt: skip
        return ticket.id

    ticket_id = await database_of(asked.house).awrite(opened)
    text = f"A person will answer this. GET /api/v1/ai/queue/{ticket_id} tells when."
    outcome = Outcome(
        completion=Completion(text, PERSON, PERSON),
        generation_id=error.generation_id,
        requested_mode=error.requested_mode,
        effective_mode=error.requested_mode,
        route="human",
        route_reason=error.reason,
        degraded=True,
        student_answer=error.student_answer,
        student_confidence=error.student_confidence,
    )
    return outcome, ticket_id
