from __future__ import annotations

import threading
from typing import Any

import pytest

from mandi.serving.accounts import people
from mandi.serving.accounts.principals import role_scopes
from mandi.serving.operations import Principal, Scope
from mandi.serving.problems import Refused
from mandi.store.records import User

from .office_bench import Bench


def acting(user: User, scopes: frozenset[Scope] | None = None, *, operator: bool = False) -> Principal:
    allowed = role_scopes(user.role, operator=operator) if scopes is None else scopes
    return Principal(user.id, user.organization_id, user.pseudonym, "admin", allowed)


def change(bench: Bench, principal: Principal, user: User, **wanted: Any) -> list[str]:
    return bench.database.write(
        lambda session: people.change(
            session, principal, session.get_one(User, user.id), bench.office.now(), **wanted
        )
    )


def status(work: Any) -> int:
    with pytest.raises(Refused) as refused:
        work()
    return refused.value.problem.status


@pytest.fixture
def admin(bench: Bench) -> User:
    return bench.user(bench.organization("narmada"), "admin")


def test_a_user_is_found_in_their_own_organisation_alone(bench: Bench, admin: User) -> None:
    elsewhere = bench.organization("godavari")
    find = lambda where, who: bench.database.read(lambda session: people.find(session, where, who))  # noqa: E731
    assert find(admin.organization_id, admin.id).id == admin.id
    assert status(lambda: find(elsewhere, admin.id)) == 404
    assert status(lambda: find(admin.organization_id, "nobody")) == 404
    bench.database.write(
        lambda session: setattr(session.get_one(User, admin.id), "deleted_at", bench.office.now())
    )
    assert status(lambda: find(admin.organization_id, admin.id)) == 404


def test_a_name_and_an_address_belong_to_one_person(bench: Bench, admin: User) -> None:
    elsewhere = bench.organization("godavari")
    add = lambda **who: bench.database.write(lambda s: people.add(s, elsewhere, role="trader", **who))  # noqa: E731
    add(username="priya", email="priya@example.org")
    assert status(lambda: add(username="priya")) == 409
    assert status(lambda: add(username="other", email="priya@example.org")) == 409
    add(username="no-address")
    add(username="no-address-either")


def test_nobody_gives_more_than_they_have(bench: Bench, admin: User) -> None:
    clerk = bench.user(admin.organization_id, "trader")
    narrow = acting(admin, frozenset({"people", "usage"}))
    assert status(lambda: change(bench, narrow, clerk, role="admin")) == 403
    assert status(lambda: change(bench, narrow, clerk, hashed_password="x")) == 403, "it would log in as them"
    assert status(lambda: change(bench, narrow, admin, is_active=False)) == 403
    assert change(bench, acting(admin), clerk, role="admin") == ["role"]


def test_a_key_that_does_not_operate_makes_no_operator(bench: Bench) -> None:
    operator = bench.user(bench.operator(), "admin")
    clerk = bench.user(bench.operator(), "trader")
    without = acting(operator, operator=False)
    assert status(lambda: change(bench, without, clerk, role="admin")) == 403
    assert change(bench, acting(operator, operator=True), clerk, role="admin") == ["role"]


def test_somebody_who_manages_people_is_always_left(bench: Bench, admin: User) -> None:
    me = acting(admin)
    assert status(lambda: change(bench, me, admin, is_active=False)) == 409
    assert status(lambda: change(bench, me, admin, role="trader")) == 409
    erase = lambda who: bench.database.write(  # noqa: E731
        lambda session: people.may_erase(session, me, session.get_one(User, who.id), bench.office.now())
    )
    assert status(lambda: erase(admin)) == 409
    other = bench.user(admin.organization_id, "admin")
    bench.database.write(lambda session: setattr(session.get_one(User, other.id), "is_active", False))
    assert status(lambda: change(bench, me, admin, role="trader")) == 409, "the other one is shut out"
    change(bench, me, other, is_active=True)
    assert change(bench, me, admin, role="trader") == ["role"]


def test_two_administrators_cannot_shut_each_other_out_at_once(both: Bench) -> None:
    where = both.organization("narmada")
    for _ in range(5):
        pair = [both.user(where, "admin"), both.user(where, "admin")]
        start, outcomes = threading.Barrier(2), []

        def work(me: User, other: User, start: Any = start, outcomes: Any = outcomes) -> None:
            start.wait()
            try:
                change(both, acting(me), other, is_active=False)
                outcomes.append(200)
            except Refused as refused:
                outcomes.append(refused.problem.status)

        threads = [threading.Thread(target=work, args=p) for p in (pair, pair[::-1])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        left = both.database.read(
            lambda session: [u for u in people.listed(session, where) if u.is_active and u.role == "admin"]
        )
        assert len(left) == 1 and sorted(outcomes) == [200, 409], outcomes
        both.database.write(
            lambda session, left=left: setattr(session.get_one(User, left[0].id), "role", "trader")
        )


def test_what_was_changed_is_told_without_what_it_was_changed_to(bench: Bench, admin: User) -> None:
    clerk = bench.user(admin.organization_id)
    changed = change(bench, acting(admin), clerk, role="analyst", email="a@example.org", hashed_password="$x")
    assert changed == ["role", "email", "password"]
    assert change(bench, acting(admin), clerk, role="analyst") == []
