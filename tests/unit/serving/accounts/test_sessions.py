from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
import sqlalchemy as sa

from mandi.serving.accounts import sessions
from mandi.serving.accounts.gate import AccountsGate
from mandi.serving.accounts.secrets import digest, new_secret
from mandi.serving.accounts.sessions import ACCESS_S, REFRESH, Sessions, Tokens
from mandi.store.records import RefreshToken, User

from .office_bench import Bench
from .test_gate import refused, shows


def good(outcome: Any) -> Tokens:
    assert isinstance(outcome, Tokens), outcome
    return outcome


@pytest.fixture
def user(bench: Bench) -> User:
    return bench.user(bench.organization("narmada"), "analyst")


def test_a_login_lasts_fifteen_minutes_and_goes_on_by_renewal(bench: Bench, user: User) -> None:
    async def run() -> None:
        tokens, gate = await bench.office.sessions.begin(user.id), bench.office.gate
        who = await gate.admit(shows(tokens.access))
        assert (who.user_id, who.key_id, who.role) == (user.id, None, "analyst")
        bench.clock.now += ACCESS_S - 0.01
        assert not await refused(gate, tokens.access)
        bench.clock.now += 0.01
        assert await refused(gate, tokens.access), "remembered for longer than it is good"
        renewed = good(await bench.office.sessions.renew(tokens.refresh))
        assert not await refused(gate, renewed.access)
        assert len({tokens.access, tokens.refresh, renewed.access, renewed.refresh}) == 4

    asyncio.run(run())


def test_a_second_use_ends_the_whole_login_for_both(bench: Bench, user: User) -> None:
    async def run() -> None:
        office = bench.office
        first = await office.sessions.begin(user.id)
        other = await office.sessions.begin(user.id)
        bench.clock.now += 1
        second = good(await office.sessions.renew(first.refresh))
        bench.clock.now += 1
        third = good(await office.sessions.renew(second.refresh))
        assert not await refused(office.gate, third.access)
        assert await office.sessions.renew(first.refresh) == "reused"
        for access in (first.access, second.access, third.access):
            assert await refused(office.gate, access)
        assert await office.sessions.renew(third.refresh) == "ended"
        assert not await refused(office.gate, other.access), "another login of the same user goes on"

    asyncio.run(run())


def test_a_second_use_is_one_even_when_the_clock_stands(bench: Bench, user: User) -> None:
    async def run() -> None:
        tokens = await bench.office.sessions.begin(user.id)
        good(await bench.office.sessions.renew(tokens.refresh))
        assert await bench.office.sessions.renew(tokens.refresh) == "reused"

    asyncio.run(run())


def test_of_renewals_at_once_one_wins_and_its_login_goes_on(both: Bench) -> None:
    user = both.user(both.organization("narmada"))

    async def run() -> None:
        here = both.office.sessions
        tokens = await here.begin(user.id)
        outcomes = await asyncio.gather(*[here.renew(tokens.refresh) for _ in range(8)])
        won = [o for o in outcomes if isinstance(o, Tokens)]
        assert len(won) == 1 and outcomes.count("raced") == 7, outcomes
        assert not await refused(both.office.gate, won[0].access)
        good(await here.renew(won[0].refresh))

    asyncio.run(run())


def test_workers_never_renew_one_token_twice(both: Bench) -> None:
    user = both.user(both.organization("narmada"))

    async def run() -> None:
        workers = [
            Sessions(both.database, both.state, both.office.gate.announce, time.time) for _ in range(8)
        ]
        for _ in range(5):
            tokens = await workers[0].begin(user.id)
            outcomes = await asyncio.gather(*[worker.renew(tokens.refresh) for worker in workers])
            won = [o for o in outcomes if isinstance(o, Tokens)]
            assert len(won) == 1, outcomes
            goes_on = {"raced"} >= {o for o in outcomes if not isinstance(o, Tokens)}
            gate = AccountsGate(both.database, both.state, time.time)
            assert await refused(gate, won[0].access) != goes_on

    asyncio.run(run())


def test_a_request_that_had_arrived_before_the_token_was_used_is_no_thief(bench: Bench, user: User) -> None:
    async def run() -> None:
        tokens = await bench.office.sessions.begin(user.id)
        arrived = bench.office.now()
        bench.clock.now += 0.5
        renewed = good(await bench.office.sessions.renew(tokens.refresh))
        late = bench.database.write(
            lambda session: bench.office.sessions._renewed(session, digest(tokens.refresh), arrived)
        )
        assert late == "raced"
        assert not await refused(bench.office.gate, renewed.access)

    asyncio.run(run())


def test_a_logout_and_a_renewal_at_once_leave_nothing_open(both: Bench) -> None:
    user = both.user(both.organization("narmada"))

    async def told() -> None:
        return None

    async def run() -> None:
        here = Sessions(both.database, both.state, told, time.time)
        for _ in range(10):
            tokens = await here.begin(user.id)
            outcome, ended = await asyncio.gather(here.renew(tokens.refresh), here.end(tokens.access))
            assert ended
            gate = AccountsGate(both.database, both.state, time.time)
            for access in [tokens.access, *([outcome.access] if isinstance(outcome, Tokens) else [])]:
                assert await refused(gate, access)
            if isinstance(outcome, Tokens):
                assert await here.renew(outcome.refresh) == "ended"

    asyncio.run(run())


def test_why_a_refresh_token_is_not_good(bench: Bench, user: User) -> None:
    async def run() -> None:
        here = bench.office.sessions
        tokens = await here.begin(user.id)
        assert await here.renew(new_secret("refresh")) == "unknown"
        assert await here.renew(tokens.access) == "unknown"
        assert await here.renew("'; DROP TABLE users") == "unknown"
        bench.clock.now += REFRESH.total_seconds()
        assert await here.renew(tokens.refresh) == "over"

    asyncio.run(run())


def test_a_user_who_was_shut_out_goes_on_with_nothing(bench: Bench, user: User) -> None:
    async def run() -> None:
        tokens = await bench.office.sessions.begin(user.id)
        bench.database.write(lambda session: setattr(session.get_one(User, user.id), "is_active", False))
        assert await bench.office.sessions.renew(tokens.refresh) == "ended"
        bench.database.write(lambda session: setattr(session.get_one(User, user.id), "is_active", True))
        assert await bench.office.sessions.renew(tokens.refresh) == "ended", (
            "being let in again revives no login"
        )

    asyncio.run(run())


def test_a_logout_ends_this_login_and_no_other(bench: Bench, user: User) -> None:
    async def run() -> None:
        office = bench.office
        one, two = await office.sessions.begin(user.id), await office.sessions.begin(user.id)
        assert await office.sessions.end(one.access)
        assert await refused(office.gate, one.access) and not await refused(office.gate, two.access)
        assert await office.sessions.renew(one.refresh) == "ended"
        assert not await office.sessions.end(one.access)

    asyncio.run(run())


def test_all_logins_of_a_user_end_together(bench: Bench, user: User) -> None:
    async def run() -> None:
        office, other = bench.office, bench.user(user.organization_id)
        mine = [await office.sessions.begin(user.id) for _ in range(3)]
        theirs = await office.sessions.begin(other.id)
        bench.database.write(lambda session: sessions.end_all(session, user.id, office.now()))
        await office.gate.announce()
        assert [await refused(office.gate, t.access) for t in [*mine, theirs]] == [True, True, True, False]

    asyncio.run(run())


def test_tokens_are_kept_as_digests_and_swept(bench: Bench, user: User) -> None:
    async def run() -> None:
        tokens = await bench.office.sessions.begin(user.id)
        kept = bench.database.read(lambda session: list(session.scalars(sa.select(RefreshToken.hash))))
        assert kept == [digest(tokens.refresh)]
        document = await bench.state.read(sessions.place(digest(tokens.access)))
        assert document is not None and tokens.access.encode() not in document
        bench.clock.now += 2 * REFRESH.total_seconds() + 1
        again = await bench.office.sessions.begin(user.id)
        kept = bench.database.read(lambda session: list(session.scalars(sa.select(RefreshToken.hash))))
        assert kept == [digest(again.refresh)]

    asyncio.run(run())


def test_what_else_is_written_is_written_with_it_or_not_at_all(bench: Bench, user: User) -> None:
    def broken(_: Any) -> None:
        raise RuntimeError("no")

    async def run() -> None:
        with pytest.raises(RuntimeError):
            await bench.office.sessions.begin(user.id, broken)
        assert await bench.state.keys("session:") == []

    asyncio.run(run())
    assert (
        bench.database.read(
            lambda session: session.scalar(sa.select(sa.func.count()).select_from(RefreshToken))
        )
        == 0
    )


def test_made_up_tokens_take_no_writers_turn(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: object) -> None:
        raise AssertionError("a write")

    monkeypatch.setattr(type(bench.database), "awrite", never)
    assert asyncio.run(bench.office.sessions.renew(new_secret("refresh"))) == "unknown"
