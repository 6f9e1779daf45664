"""A job is taken up by one worker, goes on after that one's death, and is ended once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from mandi.serving.jobs import book
from mandi.serving.operations import Principal
from mandi.store.database import Database
from mandi.store.records import BatchJob
from mandi.store.schema import upgrade

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
ME = Principal("u", "o", "p", "trader", frozenset({"predict"}))
REPORT = {"rows_in_all": 7, "files": []}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(f"sqlite:///{tmp_path}/service.db")
    upgrade(opened)
    yield opened
    opened.close()


def hand_in(database: Database, folder: str = "lots", who: Principal = ME, at: datetime = NOON) -> str:
    job = database.write(lambda s: book.submit(s, who, "price", folder, explain=False, asof=None, now=at))
    return job.id


def claimed(database: Database, worker: str, at: datetime = NOON) -> BatchJob | None:
    return database.write(lambda s: book.claim(s, worker, at))


def status(database: Database, job_id: str) -> str:
    job = database.read(lambda s: book.found(s, "o", job_id))
    assert job is not None
    return job.status


def test_the_oldest_is_taken_up_first_and_by_one(database: Database) -> None:
    assert not database.read(lambda s: book.waits(s, NOON))
    second = hand_in(database, "b", at=NOON + timedelta(seconds=1))
    first = hand_in(database, "a")
    assert database.read(lambda s: book.waits(s, NOON))
    taken = [claimed(database, worker) for worker in ("w1", "w2", "w3")]
    assert [job.id if job else None for job in taken] == [first, second, None]


def test_one_folder_is_answered_once_at_a_time(database: Database) -> None:
    hand_in(database)
    with pytest.raises(book.JobRefused, match="answers this folder"):
        hand_in(database)
    other = Principal("v", "o2", "q", "trader", frozenset({"predict"}))
    hand_in(database, who=other)


def test_no_more_are_open_than_may_be(database: Database) -> None:
    for n in range(book.MOST_OPEN):
        hand_in(database, f"f{n}")
    with pytest.raises(book.TooManyJobs):
        hand_in(database, "one-more")


def test_a_job_whose_worker_died_is_taken_up_again_but_not_for_ever(database: Database) -> None:
    job_id, at = hand_in(database), NOON
    for attempt in range(book.MOST_ATTEMPTS):
        job = claimed(database, f"w{attempt}", at)
        assert job is not None and job.attempts == attempt + 1
        assert claimed(database, "x", at + book.STALE) is None, "its beat is not old yet"
        at += book.STALE + timedelta(seconds=1)
    assert claimed(database, "w", at) is None
    assert status(database, job_id) == "failed"


def test_whoever_lost_a_job_neither_beats_nor_ends_it(database: Database) -> None:
    job_id = hand_in(database)
    claimed(database, "w1")
    later = NOON + book.STALE + timedelta(seconds=1)
    claimed(database, "w2", later)
    assert not database.write(lambda s: book.beat(s, job_id, "w1", 3, 7, later))
    database.write(lambda s: book.finish(s, job_id, "w1", later, report=REPORT))
    assert status(database, job_id) == "running"
    assert database.write(lambda s: book.beat(s, job_id, "w2", 3, 7, later))
    database.write(lambda s: book.finish(s, job_id, "w2", later, report=REPORT))
    assert status(database, job_id) == "done"


ENDS: dict[str, Callable[[Session, str], Any]] = {
    "done": lambda s, job_id: book.finish(s, job_id, "w", NOON, report=REPORT),
    "failed": lambda s, job_id: book.finish(s, job_id, "w", NOON, error={"error": "x"}),
    "canceled": lambda s, job_id: book.finish(s, job_id, "w", NOON),
}


@pytest.mark.parametrize("end", ENDS)
def test_what_has_ended_is_not_cancelled_and_the_folder_is_free(database: Database, end: str) -> None:
    job_id = hand_in(database)
    claimed(database, "w")
    database.write(lambda s: ENDS[end](s, job_id))
    assert status(database, job_id) == end
    with pytest.raises(book.JobRefused, match=end):
        database.write(lambda s: book.cancel(s, "o", job_id, NOON))
    hand_in(database)


def test_cancelled_before_it_is_taken_up_it_never_is(database: Database) -> None:
    job_id = hand_in(database)
    assert database.write(lambda s: book.cancel(s, "another", job_id, NOON)) is None
    database.write(lambda s: book.cancel(s, "o", job_id, NOON))
    assert status(database, job_id) == "canceled" and claimed(database, "w") is None


def test_cancelled_while_it_is_answered_the_next_beat_says_so(database: Database) -> None:
    job_id = hand_in(database)
    claimed(database, "w")
    assert database.write(lambda s: book.beat(s, job_id, "w", 1, 7, NOON))
    database.write(lambda s: book.cancel(s, "o", job_id, NOON))
    assert not database.write(lambda s: book.beat(s, job_id, "w", 2, 7, NOON))


def test_put_back_it_waits_and_the_attempt_does_not_count(database: Database) -> None:
    job_id = hand_in(database)
    claimed(database, "w")
    database.write(lambda s: book.put_back(s, job_id, "w"))
    again = claimed(database, "w2")
    assert again is not None and (again.id, again.attempts) == (job_id, 1)


def test_jobs_are_those_of_one_organisation(database: Database) -> None:
    other = Principal("v", "o2", "q", "trader", frozenset({"predict"}))
    theirs, mine = hand_in(database, who=other), hand_in(database)
    assert [job.id for job in database.read(lambda s: book.jobs_of(s, "o"))] == [mine]
    assert database.read(lambda s: book.found(s, "o", theirs)) is None
