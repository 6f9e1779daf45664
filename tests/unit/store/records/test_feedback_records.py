"""Opinions are never changed, also not by those who can write; what comes late of somebody who is gone is not written."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from mandi.store.database import Database
from mandi.store.erasure import erase_user
from mandi.store.records import GenerationFeedback, GenerationRecord, TutorPair
from mandi.store.spool import Spool

sys.path.insert(0, str(Path(__file__).parents[1]))
from store_places import Desk, settle


def opinion(desk: Desk, version: int = 1, **more: Any) -> GenerationFeedback:
    given = {
        "generation_id": "g1", "organization_id": desk.organization, "author": "user",
        "author_pseudonym": desk.pseudonym, "version": version, "rating": 4,
    }  # fmt: skip
    return GenerationFeedback(**(given | more))


def record(desk: Desk, generation_id: str, **more: Any) -> GenerationRecord:
    given: dict[str, Any] = {
        "generation_id": generation_id, "request_id": "r", "organization_id": desk.organization,
        "user_pseudonym": desk.pseudonym, "endpoint": "/x", "task_type": "chat", "messages": [], "question": "q",
        "answer": "a", "requested_mode": "real", "effective_mode": "real", "route": "teacher", "provider": "openai",
        "model": "m", "status": "success", "consent": "granted", "licence": "vendor-terms",
    }  # fmt: skip
    return GenerationRecord(**(given | more))


def put(database: Database, *rows: Any) -> None:
    database.write(lambda session: session.add_all(rows))


def test_an_opinion_is_added_and_never_changed(database: Database, desk: Desk) -> None:
    put(database, opinion(desk), opinion(desk, 2, rating=1))
    with pytest.raises(sa.exc.DBAPIError, match="append-only"):
        database.write(lambda session: session.execute(sa.update(GenerationFeedback).values(rating=5)))
    ratings = database.read(lambda session: list(session.scalars(sa.select(GenerationFeedback.rating))))
    assert sorted(ratings) == [1, 4]


@pytest.mark.parametrize("wrong", [{"rating": 6}, {"rating": 0}, {"author": "robot"}, {"version": 0}])
def test_an_opinion_that_says_nothing_known_is_refused(
    database: Database, desk: Desk, wrong: dict[str, Any]
) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        put(database, opinion(desk, **wrong))


def test_a_version_of_an_author_is_there_once(database: Database, desk: Desk) -> None:
    put(database, opinion(desk))
    with pytest.raises(sa.exc.IntegrityError):
        put(database, opinion(desk, rating=2))


def test_what_waited_while_its_user_was_erased_is_not_written(database: Database, desk: Desk) -> None:
    other = settle(database, "two")
    spool = Spool(database, every_s=30.0)
    try:
        for who, name in ((desk, "gone"), (other, "stays")):
            spool.put(record(who, name))
            spool.put(record(who, f"{name}-late", conversation_id="deleted"))
        spool.put(
            TutorPair(
                generation_id="gone", organization_id=desk.organization, user_pseudonym=desk.pseudonym, task_type="chat",
                input_text="q", student_output="s", teacher_output="t", consent="granted", licence="own",
            )
        )  # fmt: skip
        erase_user(database, desk.user)
        assert spool.flush()
    finally:
        spool.close()
    found = database.read(lambda session: list(session.scalars(sa.select(GenerationRecord.generation_id))))
    assert found == ["stays"] and spool.refused == 0
    assert database.read(lambda session: session.scalar(sa.select(sa.func.count(TutorPair.id)))) == 0
