"""What one thinks of an answer: kept with every version, seen by the router, learned from; a wrong answer leaves the cache."""

from __future__ import annotations

import hashlib
import re
from typing import Any, TypeVar

from anyio import to_thread
from pydantic_core import to_json
from sqlalchemy.orm import Session

from mandi.core.errors import ContractError
from mandi.feedback import ratings
from mandi.feedback.outcomes import keep_outcome
from mandi.feedback.ratings import Author, OpinionRefused, Said
from mandi.serving.accounts.audit import audit
from mandi.serving.api.conversations_talk import storable
from mandi.serving.api.late_records import found_in_time
from mandi.serving.api.ratings_contracts import THUMBS, History, Kept, Opinion, OutcomeKept, Realised, Version
from mandi.serving.api.rooms import (
    database_of,
    gateway_of,
    settings_of,
    words_of,
    written_down,
)
from mandi.serving.dispatch import not_found
from mandi.serving.operations import Asked, Operation
from mandi.serving.problems import BAD_REQUEST, CONFLICT, Problem, Refused
from mandi.store.records import GenerationFeedback

T = TypeVar("T")
PATH = "/api/v1/ai/generations/{generation_id}"
OWNED = {"generation_id": "generation"}
KEY = "idempotency-key"
PLAIN_KEY = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


def rating_operations() -> list[Operation]:
    """Return the operations on what is thought of answers."""
    return [
        Operation(
            "POST", f"{PATH}/feedback", "Rate, correct or choose an answer you were given; the last word counts",
            _say, "ai", bodies=(Opinion,), answers=(Kept,), owned=OWNED, problems=(CONFLICT,), tag="language", most_kib=128,
            examples={
                "wrong": {"thumbs": "down"},
                "corrected": {"rating": 2, "comment": "It was a complaint.", "correction": "delivery"},
            },
        ),
        Operation(
            "GET", f"{PATH}/feedback", "All that was said of an answer you were given", _history, "ai",
            answers=(History,), owned=OWNED, tag="language",
        ),
        Operation(
            "DELETE", f"{PATH}/feedback", "Take back what you think of an answer; its history stays until you are erased",
            _withdraw, "ai", answers=(Kept,), owned=OWNED, tag="language",
        ),
        Operation(
            "POST", f"{PATH}/outcome", "Say which price was paid in the end: it held or missed what the answer said",
            _outcome, "operate", bodies=(Realised,), answers=(OutcomeKept,), owned=OWNED, problems=(CONFLICT,), tag="operation",
            examples={"paid": {"price": 8450.0, "at": "2025-01-08T06:00:00Z"}},
        ),
    ]  # fmt: skip


async def _say(asked: Asked) -> Kept:
    generation_id, author, house = asked.path["generation_id"], _author(asked), asked.house
    await _given(asked, author, generation_id)
    if not settings_of(house).quality_assessment_enabled:
        raise Refused(
            Problem(
                CONFLICT, "this service takes no ratings", None, None, "set QUALITY_ASSESSMENT_ENABLED=true"
            )
        )
    key, changes, now = _key(asked), await _changes(asked), house.now()
    await _recorded(asked, generation_id)
    digest = hashlib.sha256(to_json(sorted(changes.items()))).hexdigest()

    def keep(session: Session) -> Said | None:
        return ratings.say(session, author, generation_id, changes, now, key=key, digest=digest)

    try:
        said = await database_of(house).awrite(keep)
    except OpinionRefused as refused:
        if refused.missing:
            raise not_found("generation", refused.missing) from None
        status = CONFLICT if refused.conflict else BAD_REQUEST
        raise Refused(Problem(status, refused.message, refused.field, refused.allowed)) from None
    if said is None:
        raise not_found("generation", generation_id)
    wrong = (said.row.rating or ratings.LIKED) <= ratings.DISLIKED or said.row.correction is not None
    evicted = False
    if wrong and said.changed:
        evicted = await gateway_of(house).answers.evict(generation_id, author.organization_id)
    return _kept(said.row, changed=said.changed, words=said.words, evicted=evicted)


async def _history(asked: Asked) -> History:
    generation_id, author = asked.path["generation_id"], _author(asked)
    rows = await _given(asked, author, generation_id)
    return History(generation_id=generation_id, versions=[_version(row) for row in rows])


async def _withdraw(asked: Asked) -> Kept:
    generation_id, author, now = asked.path["generation_id"], _author(asked), asked.house.now()
    await _given(asked, author, generation_id)
    row = await database_of(asked.house).awrite(
        lambda session: ratings.withdraw(session, author, generation_id, now)
    )
    if row is None:
        raise not_found("feedback", generation_id)
    return _kept(row, changed=row.said_at == now, words=False, evicted=False)


async def _outcome(asked: Asked) -> OutcomeKept:
    generation_id, body, who = asked.path["generation_id"], asked.body, asked.who

    def keep(session: Session) -> dict[str, Any] | None:
        found = keep_outcome(session, generation_id, body.price, body.at)
        if found is not None:
            target, details = f"generation:{generation_id}", {"held": found["held"]}
            audit(session, who, "generation.outcome", target, details, asked.request_id, at=asked.house.now())
        return found

    try:
        found = await found_in_time(asked, lambda: database_of(asked.house).awrite(keep))
    except ContractError as error:
        raise Refused(Problem(CONFLICT, error.message, "generation_id", error.allowed)) from None
    if found is None:
        raise not_found("generation", generation_id)
    return OutcomeKept(generation_id=generation_id, at=body.at, **found)


async def _given(asked: Asked, author: Author, generation_id: str) -> list[GenerationFeedback]:
    """Return what was said of an answer; refuse one that was not given to the author."""

    def look(session: Session) -> list[GenerationFeedback] | None:
        found = ratings.history(session, author, generation_id)
        return None if found is None else list(found)

    rows = await found_in_time(asked, lambda: database_of(asked.house).aread(look))
    if rows is None:
        raise not_found("generation", generation_id)
    return rows


async def _recorded(asked: Asked, generation_id: str) -> None:
    """Wait for the words of an answer, if they are on their way."""

    def look(session: Session) -> bool:
        return ratings.record_of(session, generation_id) is not None

    if words_of(asked.house) is not None and not await database_of(asked.house).aread(look):
        await written_down(asked.house)


async def _changes(asked: Asked) -> dict[str, Any]:
    body: Opinion = asked.body
    given = body.model_fields_set
    changes: dict[str, Any] = {}
    if "thumbs" in given:
        changes["rating"] = None if body.thumbs is None else THUMBS[body.thumbs]
    if "rating" in given:
        changes["rating"] = body.rating
    if "chosen" in given:
        changes["preferred_over"] = None if body.chosen is None else body.chosen.over
    said = {name: getattr(body, name) for name in ratings.WORDS if name in given}
    words = words_of(asked.house)
    if not any(said.values()):
        return changes | said
    if words is None:
        raise Refused(Problem(CONFLICT, "this service keeps no words", next(iter(said)), "a rating"))

    def scrubbed() -> dict[str, str | None]:
        clean = words()
        return {name: None if text is None else clean.text(storable(text)) for name, text in said.items()}

    return changes | await to_thread.run_sync(scrubbed)


def _author(asked: Asked) -> Author:
    return Author(asked.who.organization_id, asked.who.pseudonym)


def _key(asked: Asked) -> str | None:
    given = asked.request.headers.get(KEY)
    if given is not None and not PLAIN_KEY.fullmatch(given):
        allowed = "1 to 64 letters, digits, _ - . :"
        raise Refused(Problem(BAD_REQUEST, "the Idempotency-Key cannot be used", KEY, allowed))
    return given


def _kept(row: GenerationFeedback, *, changed: bool, words: bool, evicted: bool) -> Kept:
    stars = ratings.thumb(row.rating)
    return Kept(
        generation_id=row.generation_id, thumbs=None if stars is None else "up" if stars > 0 else "down",
        changed=changed, learned_from=words, evicted=evicted, **_said(row),
    )  # fmt: skip


def _version(row: GenerationFeedback) -> Version:
    return Version(author=row.author, **_said(row))


def _said(row: GenerationFeedback) -> dict[str, Any]:
    return {
        "feedback_id": row.id, "version": row.version, "rating": row.rating, "comment": row.comment,
        "correction": row.correction, "chosen_over": row.preferred_over, "withdrawn": row.withdrawn, "said_at": row.said_at,
    }  # fmt: skip
