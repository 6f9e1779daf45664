from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from mandi.serving.accounts import keys
from mandi.serving.accounts.secrets import digest
from mandi.serving.operations import ROLE_SCOPES
from mandi.serving.problems import Refused
from mandi.store.records import ApiKey, User

from .office_bench import Bench

HOUR = timedelta(hours=1)
ALL = ROLE_SCOPES["admin"]


@pytest.fixture
def user(bench: Bench) -> User:
    return bench.user(bench.organization("narmada"), "analyst")


def kept(bench: Bench, key_id: str) -> ApiKey:
    return bench.database.read(lambda session: session.get_one(ApiKey, key_id))


def rotate(
    bench: Bench, key_id: str, user: User, grace: timedelta = HOUR, within: Any = ALL
) -> tuple[ApiKey, str]:
    now = bench.office.now()
    return bench.database.write(
        lambda session: keys.rotate(session, session.get_one(ApiKey, key_id), user, now, grace, within)
    )


def test_of_a_key_the_digest_and_its_beginning_are_kept(bench: Bench, user: User) -> None:
    key_id, secret = bench.made_key(user, ["predict"])
    record = kept(bench, key_id)
    assert (record.hash, record.prefix, record.scopes) == (digest(secret), secret[:8], ["predict"])
    values = [str(getattr(record, column.name)) for column in ApiKey.__table__.columns]
    assert not any(secret in value for value in values)
    assert secret not in repr(record)


def test_a_key_allows_what_its_user_and_its_maker_may(bench: Bench, user: User) -> None:
    assert set(kept(bench, bench.made_key(user)[0]).scopes) == ROLE_SCOPES["analyst"]
    assert kept(bench, bench.made_key(user, within=frozenset({"predict", "people"}))[0]).scopes == ["predict"]
    for scopes, within in ((["people"], None), (["operate"], None), (["ai"], frozenset({"predict"}))):
        with pytest.raises(Refused, match="more than may be given") as refused:
            bench.made_key(user, scopes, within=within)  # type: ignore[arg-type]
        assert refused.value.problem.status == 403


def test_a_rotated_key_ends_after_the_grace_and_not_later_than_it_would_have(
    bench: Bench, user: User
) -> None:
    now = bench.office.now()
    for ends, expected in (
        (None, now + HOUR),
        (now + 2 * HOUR, now + HOUR),
        (now + HOUR / 2, now + HOUR / 2),
    ):
        old, _ = bench.made_key(user, ["predict"], expires_at=ends)
        new, secret = rotate(bench, old, user)
        record = kept(bench, old)
        assert (record.expires_at, record.replaced_by, record.revoked_at) == (expected, new.id, None)
        assert new.scopes == ["predict"] and digest(secret) == new.hash
        assert new.expires_at == ends, "the new key lives as long as the old one was to live"


def test_a_key_is_rotated_once_and_only_while_it_is_good(bench: Bench, user: User) -> None:
    once, _ = bench.made_key(user)
    rotate(bench, once, user)
    gone, _ = bench.made_key(user)
    bench.database.write(
        lambda session: keys.revoke(session, session.get_one(ApiKey, gone), bench.office.now())
    )
    over, _ = bench.made_key(user, expires_at=bench.office.now())
    before = bench.database.read(lambda session: len(keys.listed(session, user.organization_id)))
    for key_id in (once, gone, over):
        with pytest.raises(Refused) as refused:
            rotate(bench, key_id, user)
        assert refused.value.problem.status == 409
    after = bench.database.read(lambda session: len(keys.listed(session, user.organization_id)))
    assert before == after, "a rotation that was refused left a key behind"


def test_a_narrow_key_rotates_no_wide_one(bench: Bench, user: User) -> None:
    wide, _ = bench.made_key(user)
    with pytest.raises(Refused, match="more than may be given"):
        rotate(bench, wide, user, within=frozenset({"usage"}))
    assert kept(bench, wide).replaced_by is None


def test_of_two_rotations_at_once_one_wins(both: Bench) -> None:
    user = both.user(both.organization("narmada"))
    key_id, _ = both.made_key(user)
    start, outcomes = threading.Barrier(4), []

    def work() -> None:
        start.wait()
        try:
            outcomes.append(rotate(both, key_id, user)[1])
        except Refused as refused:
            outcomes.append(refused.problem.status)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(409) == 3, outcomes
    assert both.database.read(lambda session: len(keys.listed(session, user.organization_id))) == 2


def test_revoking_twice_keeps_the_first_moment(bench: Bench, user: User) -> None:
    key_id, _ = bench.made_key(user)
    first = bench.office.now()
    for _ in range(2):
        bench.database.write(
            lambda session: keys.revoke(session, session.get_one(ApiKey, key_id), bench.office.now())
        )
        bench.clock.now += 10
    assert kept(bench, key_id).revoked_at == first


def test_listings_are_of_an_organisation_or_of_a_user(bench: Bench, user: User) -> None:
    mine, _ = bench.made_key(user)
    colleague, _ = bench.made_key(bench.user(user.organization_id))
    bench.made_key(bench.user(bench.organization("godavari")))
    listed = lambda *who: {k.id for k in bench.database.read(lambda session: keys.listed(session, *who))}  # noqa: E731
    assert listed(user.organization_id) == {mine, colleague}
    assert listed(user.organization_id, user.id) == {mine}
