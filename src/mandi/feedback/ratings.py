"""Opinions of answers in the records: one author's latest version counts, every earlier one stays, and nobody judges for another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from mandi.core.errors import MandiError
from mandi.store.records import AiMetric, Escalation, GenerationFeedback, GenerationRecord, TutorPair

FIELDS = ("rating", "comment", "correction", "preferred_over")
WORDS = ("comment", "correction")
LIKED, DISLIKED = 4, 2
"""Least stars of a thumb up, most of a thumb down."""
LICENCE_OF: Mapping[str, str] = {
    "vendor": "vendor-terms", "local": "local-model", "student": "own", "mock": "own", "person": "human",
}  # fmt: skip
"""Whose the words of an answer are, by the kind of who gave it."""
Verdict = Literal["student", "teacher", "both", "neither"]


class OpinionRefused(MandiError):
    """An opinion cannot be kept; ``field`` is what is wrong with it, ``missing`` that it names what is not there."""

    headline = "the opinion cannot be kept"

    def __init__(
        self,
        message: str,
        field: str,
        *,
        allowed: str | None = None,
        conflict: bool = False,
        missing: str = "",
    ) -> None:
        self.field, self.conflict, self.missing = field, conflict, missing
        super().__init__(message, allowed=allowed)


@dataclass(frozen=True, slots=True)
class Author:
    """Who has an opinion: somebody of an organisation, by pseudonym."""

    organization_id: str
    pseudonym: str


@dataclass(frozen=True, slots=True)
class Said:
    """An opinion as it is kept now; ``changed`` is False when it was the same before. ``words`` says whether words are kept."""

    row: GenerationFeedback
    changed: bool
    words: bool


def say(
    session: Session,
    author: Author,
    generation_id: str,
    changes: Mapping[str, Any],
    now: datetime,
    *,
    key: str | None = None,
    digest: str | None = None,
) -> Said | None:
    """Keep what somebody thinks of an answer they were given; what they do not mention stays as they said it before.

    Parameters
    ----------
    session : Session
        Of a transaction that writes.
    author : Author
    generation_id : str
    changes : mapping
        Some of ``FIELDS``, words scrubbed; a field that is None takes back what was said.
    now : datetime
        Aware.
    key, digest : str, optional
        Names the request, and what it asked for: the same one again changes nothing.

    Returns
    -------
    Said or None
        None: there is no such answer, or it was given to somebody else.

    Raises
    ------
    OpinionRefused
        The key came with another opinion, the correction is none of the labels, the answer cannot be compared with the other
        one, or only words were said and the words of this call are not kept.
    """
    call = _call(session, author, generation_id, lock=True)
    if call is None:
        return None
    record = record_of(session, generation_id)
    repeated = _repeated(session, author, generation_id, key)
    if repeated is not None:
        if repeated.asked_digest != digest:
            raise OpinionRefused(
                "this Idempotency-Key came with another opinion",
                "idempotency-key",
                conflict=True,
                allowed="a new key",
            )
        return Said(repeated, False, record is not None)
    _check(session, author, generation_id, record, changes)
    last = latest(session, author, generation_id)
    stands = last is not None and not last.withdrawn and last.author == "user"
    before = _content(last) if last is not None and stands else dict.fromkeys(FIELDS)
    kept = before | {n: v for n, v in changes.items() if record is not None or n not in WORDS}
    if last is not None and stands and kept == before:
        return Said(last, False, record is not None)
    row = _added(session, author, "user", generation_id, last, kept, now, key, digest)
    call.stars = kept["rating"]
    call.rating = thumb(kept["rating"])
    if kept["correction"] is not None:
        _judge(session, generation_id, kept["correction"])
    return Said(row, True, record is not None)


def withdraw(
    session: Session, author: Author, generation_id: str, now: datetime
) -> GenerationFeedback | None:
    """Take back what somebody thinks of an answer; the history of it stays until they are erased.

    Returns
    -------
    GenerationFeedback or None
        None: they were not given this answer, or said nothing of it.
    """
    call = _call(session, author, generation_id, lock=True)
    last = latest(session, author, generation_id) if call is not None else None
    if call is None or last is None or last.withdrawn:
        return last
    call.stars = call.rating = None
    nothing = dict.fromkeys(FIELDS)
    return _added(session, author, "user", generation_id, last, nothing, now, None, None, withdrawn=True)


def history(session: Session, author: Author, generation_id: str) -> Sequence[GenerationFeedback] | None:
    """Return everything that was said of an answer, oldest first; None when the author was not given it."""
    if _call(session, author, generation_id) is None:
        return None
    said = sa.select(GenerationFeedback).where(GenerationFeedback.generation_id == generation_id)
    return session.scalars(said.order_by(GenerationFeedback.said_at, GenerationFeedback.version)).all()


def latest(session: Session, author: Author, generation_id: str) -> GenerationFeedback | None:
    """Return the last version of an author's opinion of an answer."""
    said = sa.select(GenerationFeedback).where(
        GenerationFeedback.generation_id == generation_id,
        GenerationFeedback.author_pseudonym == author.pseudonym,
    )
    return session.scalars(said.order_by(GenerationFeedback.version.desc()).limit(1)).one_or_none()


def answered_by_person(
    session: Session, ticket: Escalation, author: Author, text: str, now: datetime, *, tutor: bool = False
) -> bool:
    """Keep a person's answer to a question of the queue as an opinion of the highest grade, where words are kept.

    An answer that is none of the labels the question allowed is a comment, not a correction.

    Parameters
    ----------
    session : Session
    ticket : Escalation
        That was just answered.
    author : Author
        Whoever answered.
    text : str
        Scrubbed.
    now : datetime
    tutor : bool
        Keep the student's answer beside the person's.

    Returns
    -------
    bool
        Whether it was kept.
    """
    record = None if ticket.generation_id is None else record_of(session, ticket.generation_id)
    if record is None:
        return False
    label = text.strip() if labels_of(record) else text
    fits = not labels_of(record) or label in labels_of(record)
    kept = dict.fromkeys(FIELDS) | {"correction" if fits else "comment": label}
    last = latest(session, author, record.generation_id)
    _added(session, author, "human", record.generation_id, last, kept, now, None, None)
    if not fits:
        return True
    if _pair(session, record.generation_id) is None and tutor and record.student_answer is not None:
        session.add(
            TutorPair(
                generation_id=record.generation_id, conversation_id=record.conversation_id,
                organization_id=record.organization_id, user_pseudonym=record.user_pseudonym, task_type=record.task_type,
                input_text=record.question, student_output=record.student_answer, teacher_output=label,
                confidence_score=record.student_confidence, consent=record.consent, licence="human",
                provenance=record.provenance, created_at=now,
            )
        )  # fmt: skip
        session.flush()
    _judge(session, record.generation_id, label)
    return True


def verdict(right: str, student: str, teacher: str) -> Verdict:
    """Return whose answer says what a person says; case and blanks do not matter.

    Examples
    --------
    >>> verdict("Price", "price", "quality"), verdict("delivery", "price", "quality")
    ('student', 'neither')
    """
    by_student, by_teacher = _same(right, student), _same(right, teacher)
    if by_student and by_teacher:
        return "both"
    return "student" if by_student else "teacher" if by_teacher else "neither"


def thumb(stars: int | None) -> int | None:
    """Return stars as a thumb: 1 up, -1 down, None for three of them or none.

    Examples
    --------
    >>> [thumb(stars) for stars in (5, 4, 3, 2, 1, None)]
    [1, 1, None, -1, -1, None]
    """
    if stars is None or DISLIKED < stars < LIKED:
        return None
    return 1 if stars >= LIKED else -1


def labels_of(record: GenerationRecord) -> list[str]:
    """Return the labels an answer had to choose from; empty when it did not have to."""
    labels = (record.facts or {}).get("labels")
    return [str(label) for label in labels] if isinstance(labels, list) else []


def record_of(session: Session, generation_id: str) -> GenerationRecord | None:
    """Return what was said in a call, if it was kept."""
    return session.scalars(sa.select(GenerationRecord).filter_by(generation_id=generation_id)).one_or_none()


def _call(session: Session, author: Author, generation_id: str, *, lock: bool = False) -> AiMetric | None:
    given = sa.select(AiMetric).where(
        AiMetric.generation_id == generation_id,
        AiMetric.organization_id == author.organization_id,
        AiMetric.user_pseudonym == author.pseudonym,
    )
    return session.scalars(given.with_for_update() if lock else given).one_or_none()


def _pair(session: Session, generation_id: str) -> TutorPair | None:
    return session.scalars(sa.select(TutorPair).filter_by(generation_id=generation_id)).one_or_none()


def _repeated(
    session: Session, author: Author, generation_id: str, key: str | None
) -> GenerationFeedback | None:
    if key is None:
        return None
    with_it = sa.select(GenerationFeedback).filter_by(
        generation_id=generation_id, author_pseudonym=author.pseudonym, idempotency_key=key
    )
    return session.scalars(with_it.order_by(GenerationFeedback.version).limit(1)).one_or_none()


def _check(
    session: Session,
    author: Author,
    generation_id: str,
    record: GenerationRecord | None,
    changes: Mapping[str, Any],
) -> None:
    said = {name for name, value in changes.items() if value is not None}
    if record is None and said and said <= set(WORDS):
        raise OpinionRefused(
            "the words of this call are not kept, so neither is what is said of them", sorted(said)[0],
            allowed="a rating", conflict=True,
        )  # fmt: skip
    labels = labels_of(record) if record is not None else []
    if labels and changes.get("correction") is not None and changes["correction"] not in labels:
        raise OpinionRefused("the correction is none of the labels", "correction", allowed=", ".join(labels))
    over = changes.get("preferred_over")
    if over is None:
        return
    if over == generation_id:
        raise OpinionRefused(
            "an answer cannot be chosen over itself", "chosen.over", allowed="another generation_id"
        )
    if _call(session, author, over) is None:
        raise OpinionRefused("there is no such answer", "chosen.over", missing=over)
    other = record_of(session, over)
    if record is not None and other is not None and not _same(record.question, other.question):
        raise OpinionRefused(
            "the other answer is one to another question", "chosen.over",
            allowed="an answer to the same question", conflict=True,
        )  # fmt: skip


def _added(
    session: Session,
    author: Author,
    kind: str,
    generation_id: str,
    last: GenerationFeedback | None,
    kept: Mapping[str, Any],
    now: datetime,
    key: str | None,
    digest: str | None,
    *,
    withdrawn: bool = False,
) -> GenerationFeedback:
    row = GenerationFeedback(
        generation_id=generation_id, organization_id=author.organization_id, author=kind,
        author_pseudonym=author.pseudonym, version=1 if last is None else last.version + 1, withdrawn=withdrawn,
        said_at=now, idempotency_key=key, asked_digest=digest, **kept,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def _judge(session: Session, generation_id: str, right: str) -> None:
    pair = _pair(session, generation_id)
    if pair is not None:
        pair.human_verdict = verdict(right, pair.student_output, pair.teacher_output)


def _content(row: GenerationFeedback) -> dict[str, Any]:
    return {name: getattr(row, name) for name in FIELDS}


def _same(one: str, other: str) -> bool:
    return one.casefold().split() == other.casefold().split()
