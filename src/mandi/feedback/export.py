"""From the records of a service to the frames of the loop: only what its owner lets be learned from, scrubbed, under pseudonyms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from mandi.feedback.frames import FEEDBACK, GENERATIONS, TUTOR_PAIRS, Frame
from mandi.feedback.pseudonyms import Pseudonyms
from mandi.store.records import GenerationFeedback, GenerationRecord, Organization, TutorPair, User

if TYPE_CHECKING:
    from pandas import DataFrame
    from sqlalchemy.orm import Session

    from mandi.feedback.words import Words
    from mandi.store.database import Database

PAGE = 2_000
AS_THEY_ARE = (
    "generation_id", "conversation_id", "endpoint", "task_type", "assistant", "language", "requested_mode", "effective_mode",
    "route", "provider", "model", "status", "cache", "fallback", "degraded", "confidence", "student_confidence", "outcome_at",
    "consent", "licence", "provenance",
)  # fmt: skip


@dataclass(frozen=True)
class Exported:
    """The frames ``GENERATIONS``, ``FEEDBACK`` and ``TUTOR_PAIRS`` of a service."""

    generations: DataFrame
    feedback: DataFrame
    tutor_pairs: DataFrame


def exported(
    database: Database,
    *,
    salt: str,
    since: datetime | None = None,
    default_consent: str = "granted",
    words: Words | None = None,
) -> Exported:
    """Return what may be learned from, read page by page.

    Left out is whatever its owner did not allow when it was said or does not allow now, whatever belongs to somebody who was
    erased, and every opinion of an answer that is left out. Ids of organisations, users and requests are replaced by keyed
    pseudonyms.

    Parameters
    ----------
    database : Database
    salt : str
        Key of the pseudonyms; see ``salt_of``.
    since : datetime, optional
        Aware; answers from then on, and what was said of them.
    default_consent : str
        Of organisations that decided nothing, as the service is set.
    words : Words, optional
        Scrubs once more; the project's scrubber if not given.

    Raises
    ------
    StoreUnavailable
    """
    if words is None:
        from mandi.feedback.words import ScrubbedWords

        words = ScrubbedWords(salt)
    names = Pseudonyms(salt)
    allowed = _allowed(default_consent)
    return Exported(
        _frame(GENERATIONS, _pages(database, GenerationRecord, GenerationRecord.timestamp, since, allowed),
               lambda row: _generation(row, names, words)),
        _frame(FEEDBACK, _opinions(database, since, default_consent), lambda row: _opinion(row, names, words)),
        _frame(TUTOR_PAIRS, _pages(database, TutorPair, TutorPair.created_at, since, allowed),
               lambda row: _tutor_pair(row, names, words)),
    )  # fmt: skip


def fingerprint(database: Database) -> dict[str, Any]:
    """Return a few numbers that are others whenever ``exported`` would be; labels and rewards change none of them.

    Parameters
    ----------
    database : Database

    Raises
    ------
    StoreUnavailable
    """

    def look(session: Session) -> dict[str, Any]:
        of = session.execute
        generations = of(
            sa.select(
                sa.func.count(), sa.func.max(GenerationRecord.timestamp), sa.func.count(GenerationRecord.outcome_at),
                sa.func.max(GenerationRecord.outcome_at),
            )
        ).one()  # fmt: skip
        said = of(sa.select(sa.func.count(), sa.func.max(GenerationFeedback.said_at))).one()
        pairs = of(
            sa.select(
                sa.func.count(), sa.func.max(TutorPair.created_at), sa.func.count(TutorPair.human_verdict)
            )
        ).one()
        consents = of(
            sa.select(Organization.learning_consent, sa.func.count()).group_by(Organization.learning_consent)
        )
        return {
            "generations": [_plain(value) for value in generations],
            "feedback": [_plain(value) for value in said],
            "tutor_pairs": [_plain(value) for value in pairs],
            "consents": {str(consent or "default"): count for consent, count in sorted(consents, key=str)},
        }

    return database.read(look)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _allowed(default_consent: str) -> Callable[[Any], list[sa.ColumnElement[bool]]]:
    """Conditions on rows of a table with an organisation, a user and a consent."""

    def conditions(table: Any) -> list[sa.ColumnElement[bool]]:
        decided = sa.func.coalesce(Organization.learning_consent, default_consent)
        return [
            table.consent == "granted",
            table.organization_id.in_(sa.select(Organization.id).where(decided == "granted")),
            table.user_pseudonym.in_(sa.select(User.pseudonym).where(User.deleted_at.is_(None))),
        ]

    return conditions


def _pages(
    database: Database,
    table: Any,
    at: Any,
    since: datetime | None,
    allowed: Callable[[Any], list[sa.ColumnElement[bool]]],
) -> Iterator[list[Any]]:
    conditions = [*allowed(table), *([] if since is None else [at >= since])]
    yield from _paged(database, table, conditions)


def _opinions(database: Database, since: datetime | None, default_consent: str) -> Iterator[list[Any]]:
    of = sa.select(GenerationRecord.generation_id).where(*_allowed(default_consent)(GenerationRecord))
    if since is not None:
        of = of.where(GenerationRecord.timestamp >= since)
    yield from _paged(database, GenerationFeedback, [GenerationFeedback.generation_id.in_(of)])


def _paged(database: Database, table: Any, conditions: list[sa.ColumnElement[bool]]) -> Iterator[list[Any]]:
    last = ""
    while True:
        page = sa.select(table).where(*conditions, table.id > last).order_by(table.id).limit(PAGE)
        rows = database.read(lambda session, page=page: list(session.scalars(page)))  # type: ignore[misc]
        if not rows:
            return
        yield rows
        last = rows[-1].id


def _frame(frame: Frame, pages: Iterator[list[Any]], row_of: Callable[[Any], dict[str, Any]]) -> DataFrame:
    import pandas as pd

    parts = [frame.shaped([row_of(row) for row in page]) for page in pages]
    if not parts:
        return frame.empty()
    whole = pd.concat(parts, ignore_index=True).sort_values(frame.key, kind="stable", ignore_index=True)
    frame.check(whole)
    return whole


def _generation(row: GenerationRecord, names: Pseudonyms, words: Words) -> dict[str, Any]:
    return {
        **{name: getattr(row, name) for name in AS_THEY_ARE},
        **_who(row, names),
        "request_id": names.of("request", row.request_id),
        "asked_at": row.timestamp,
        "messages": _json([{**turn, "content": words.text(turn["content"])} for turn in row.messages]),
        "question": words.text(row.question),
        "facts": _json(words.value(row.facts)),
        "answer": words.text(row.answer),
        "student_answer": None if row.student_answer is None else words.text(row.student_answer),
        "cost_usd": float(row.cost_usd),
        "latency_ms": float(row.latency_ms),
        "outcome": None if row.outcome is None else _json(row.outcome),
    }


def _opinion(row: GenerationFeedback, names: Pseudonyms, words: Words) -> dict[str, Any]:
    return {
        "feedback_id": row.id,
        "generation_id": row.generation_id,
        "author": row.author,
        "author_pseudonym": names.of("user", row.author_pseudonym),
        "said_at": row.said_at,
        "version": row.version,
        "rating": row.rating,
        "comment": None if row.comment is None else words.text(row.comment),
        "correction": None if row.correction is None else words.text(row.correction),
        "preferred_over": row.preferred_over,
        "withdrawn": row.withdrawn,
        "provenance": "service",
    }


def _tutor_pair(row: TutorPair, names: Pseudonyms, words: Words) -> dict[str, Any]:
    as_they_are = (
        "generation_id", "conversation_id", "task_type", "created_at", "confidence_score", "human_verdict", "consent", "licence",
        "provenance",
    )  # fmt: skip
    return {
        **{name: getattr(row, name) for name in as_they_are},
        **_who(row, names),
        "pair_id": row.id,
        "reward_score": None,  # of the records, written there by the loop itself: what it reads must not change by that
        **{
            name: words.text(getattr(row, name))
            for name in ("input_text", "student_output", "teacher_output")
        },
    }


def _who(row: GenerationRecord | TutorPair, names: Pseudonyms) -> dict[str, str]:
    return {
        "organization_id": names.of("organization", row.organization_id),
        "user_pseudonym": names.of("user", row.user_pseudonym),
    }


def _json(value: Mapping[str, Any] | list[Any]) -> str:
    import json

    return json.dumps(value, ensure_ascii=False, sort_keys=True)
