from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from mandi.serving.accounts.audit import audit, events
from mandi.store.records import AuditEvent

from .office_bench import Bench


def add(bench: Bench, organization_id: str, count: int, *, same_moment: bool = False) -> None:
    def write(session: sa.orm.Session) -> None:
        for i in range(count):
            at = bench.office.now() + (timedelta() if same_moment else timedelta(seconds=i))
            audit(session, None, "user.change", f"user:{i}", {"n": i}, organization_id=organization_id, at=at)

    bench.database.write(write)


@pytest.mark.parametrize("same_moment", [False, True])
def test_pages_hold_every_row_once(bench: Bench, same_moment: bool) -> None:
    where = bench.organization("narmada")
    add(bench, where, 23, same_moment=same_moment)
    add(bench, bench.organization("godavari"), 5)
    seen: list[str] = []
    before = None
    while page := bench.database.read(lambda session, b=before: events(session, where, limit=5, before=b)):  # type: ignore[misc]
        seen += [event.target for event in page]
        before = page[-1].id
    assert sorted(seen) == sorted(f"user:{i}" for i in range(23))
    if not same_moment:
        assert seen == [f"user:{i}" for i in reversed(range(23))]


def test_a_page_after_somebody_elses_row_is_empty(bench: Bench) -> None:
    where, elsewhere = bench.organization("narmada"), bench.organization("godavari")
    add(bench, where, 3)
    add(bench, elsewhere, 1)
    theirs = bench.database.read(lambda session: events(session, elsewhere, limit=1))[0].id
    assert bench.database.read(lambda session: events(session, where, limit=9, before=theirs)) == []
    assert bench.database.read(lambda session: events(session, where, limit=9, before="never")) == []
    assert len(bench.database.read(lambda session: events(session, None, limit=99, before=theirs))) >= 1


def test_rows_are_chosen_by_action(bench: Bench) -> None:
    add(bench, bench.operator(), 2)
    told = bench.database.read(lambda session: events(session, None, limit=9, action="bootstrap"))
    assert [event.actor for event in told] == ["system"]


def test_a_row_is_neither_changed_nor_deleted(both: Bench) -> None:
    add(both, both.operator(), 1)
    for statement in (sa.update(AuditEvent).values(actor="nobody"), sa.delete(AuditEvent)):
        with pytest.raises(sa.exc.SQLAlchemyError):
            both.database.write(lambda session, statement=statement: session.execute(statement))  # type: ignore[misc]


def test_nothing_is_recorded_of_what_did_not_happen(bench: Bench) -> None:
    def write(session: sa.orm.Session) -> None:
        audit(session, None, "never", "user:x", organization_id=bench.operator())
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        bench.database.write(write)
    assert bench.database.read(lambda session: events(session, None, limit=9, action="never")) == []
