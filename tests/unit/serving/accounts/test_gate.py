from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from starlette.requests import HTTPConnection

from mandi.core.errors import StoreUnavailable
from mandi.serving.accounts import keys
from mandi.serving.accounts.gate import HEARD_EVERY_S, REMEMBERED_S, TOUCHED_EVERY_S, AccountsGate
from mandi.serving.accounts.secrets import new_secret
from mandi.serving.operations import ROLE_SCOPES, Principal
from mandi.serving.problems import Refused
from mandi.store.records import ApiKey, Organization, User

from .office_bench import Bench


def shows(secret: str) -> HTTPConnection:
    headers = [(b"authorization", f"Bearer {secret}".encode())]
    return HTTPConnection({"type": "http", "method": "POST", "path": "/", "headers": headers})


async def refused(gate: AccountsGate, secret: str) -> bool:
    try:
        await gate.admit(shows(secret))
    except Refused as error:
        assert error.problem.status == 401 and "www-authenticate" in error.problem.headers
        assert not secret or secret not in str(error.problem)
        return True
    return False


def admit(bench: Bench, secret: str) -> Principal:
    return asyncio.run(bench.office.gate.admit(shows(secret)))


def revoke(bench: Bench, key_id: str) -> None:
    bench.database.write(
        lambda session: keys.revoke(session, session.get_one(ApiKey, key_id), bench.office.now())
    )


def test_who_a_key_stands_for(bench: Bench) -> None:
    user = bench.user(bench.organization("narmada"), "analyst")
    key_id, secret = bench.made_key(user)
    assert admit(bench, secret) == Principal(
        user_id=user.id, organization_id=user.organization_id, pseudonym=user.pseudonym, role="analyst",
        scopes=ROLE_SCOPES["analyst"], tier="free", timezone="Asia/Kolkata", key_id=key_id,
    )  # fmt: skip


def test_only_the_operators_administrators_operate(bench: Bench) -> None:
    assert admit(bench, bench.root_key).scopes == ROLE_SCOPES["admin"]
    stranger = bench.user(bench.organization("narmada"), "admin")
    assert admit(bench, bench.key(stranger)).scopes == ROLE_SCOPES["admin"] - {"operate"}
    clerk = bench.user(bench.operator(), "trader")
    assert "operate" not in admit(bench, bench.key(clerk)).scopes


def test_a_key_narrows_a_role_and_never_widens_it(bench: Bench) -> None:
    user = bench.user(bench.organization("narmada"), "admin")
    secret = bench.key(user, ["predict", "people"])
    assert admit(bench, secret).scopes == {"predict", "people"}
    bench.database.write(lambda session: setattr(session.get_one(User, user.id), "role", "trader"))
    bench.clock.now += REMEMBERED_S
    assert admit(bench, secret).scopes == {"predict"}


@pytest.mark.parametrize(
    "shown",
    [new_secret("key"), new_secret("access"), new_secret("refresh"), "", "short", "x" * 200],
    ids=["key", "access", "refresh", "empty", "short", "long"],
)
def test_what_opens_nothing(bench: Bench, shown: str) -> None:
    assert asyncio.run(refused(bench.office.gate, shown))


def test_a_key_that_is_over_or_will_be_soon(bench: Bench) -> None:
    user = bench.user(bench.organization("narmada"))
    secret = bench.key(user, expires_at=bench.office.now() + timedelta(seconds=2))
    admit(bench, secret)
    bench.clock.now += 2.0
    assert asyncio.run(refused(bench.office.gate, secret)), "remembered for longer than it is good"


def _disable_user(bench: Bench, user: User) -> Any:
    return lambda session: setattr(session.get_one(User, user.id), "is_active", False)


def _disable_organization(bench: Bench, user: User) -> Any:
    return lambda session: setattr(session.get_one(Organization, user.organization_id), "active", False)


def _delete_user(bench: Bench, user: User) -> Any:
    return lambda session: setattr(session.get_one(User, user.id), "deleted_at", bench.office.now())


@pytest.mark.parametrize("shut_out", [_disable_user, _disable_organization, _delete_user])
def test_users_and_organisations_that_are_not_active(bench: Bench, shut_out: Any) -> None:
    user = bench.user(bench.organization("narmada"))

    async def run() -> None:
        token = (await bench.office.sessions.begin(user.id)).access
        secret = bench.key(user)
        for shown in (secret, token):
            assert not await refused(bench.office.gate, shown)
        await bench.database.awrite(shut_out(bench, user))
        bench.clock.now += REMEMBERED_S
        for shown in (secret, token):
            assert await refused(bench.office.gate, shown)

    asyncio.run(run())


def two_gates(bench: Bench, run: Callable[[AccountsGate, AccountsGate], Awaitable[None]]) -> None:
    async def both() -> None:
        await run(bench.office.gate, AccountsGate(bench.database, bench.state, bench.clock))

    asyncio.run(both())  # type: ignore[arg-type]


def test_a_revocation_is_heard_at_once_here_and_in_a_second_elsewhere(bench: Bench) -> None:
    key_id, secret = bench.made_key(bench.user(bench.organization("narmada")))

    async def run(here: AccountsGate, there: AccountsGate) -> None:
        for gate in (here, there):
            assert not await refused(gate, secret)
        revoke(bench, key_id)
        await here.announce()
        assert await refused(here, secret)
        assert not await refused(there, secret), "the other worker reads what was announced once a second"
        bench.clock.now += HEARD_EVERY_S
        assert await refused(there, secret)

    two_gates(bench, run)


def test_a_revocation_that_is_not_announced_is_seen_in_five_seconds(bench: Bench) -> None:
    key_id, secret = bench.made_key(bench.user(bench.organization("narmada")))

    async def run(here: AccountsGate, there: AccountsGate) -> None:
        for gate in (here, there):
            assert not await refused(gate, secret)
        revoke(bench, key_id)
        bench.clock.now += REMEMBERED_S - 0.01
        assert not await refused(there, secret)
        bench.clock.now += 0.01
        assert await refused(here, secret) and await refused(there, secret)

    two_gates(bench, run)


class Deaf:
    """A shared state that does not answer."""

    async def read(self, key: str) -> bytes | None:
        raise StoreUnavailable("nobody answers")

    async def write(self, key: str, document: bytes, ttl_s: float | None = None) -> None:
        raise StoreUnavailable("nobody answers")


def test_without_shared_state_keys_are_good_and_the_five_seconds_hold(bench: Bench) -> None:
    key_id, secret = bench.made_key(bench.user(bench.organization("narmada")))
    gate = AccountsGate(bench.database, Deaf(), bench.clock)  # type: ignore[arg-type]

    async def run() -> None:
        assert not await refused(gate, secret)
        revoke(bench, key_id)
        await gate.announce()
        assert await refused(gate, secret)

    asyncio.run(run())


def test_a_database_that_does_not_answer_is_no_401(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(_: Any) -> Any:
        raise StoreUnavailable("nobody answers")

    monkeypatch.setattr(bench.database, "aread", silent)
    with pytest.raises(StoreUnavailable):
        admit(bench, bench.root_key)


def test_what_was_looked_up_before_a_change_is_not_remembered_after_it(bench: Bench) -> None:
    key_id, secret = bench.made_key(bench.user(bench.organization("narmada")))
    gate, looked, go_on = bench.office.gate, asyncio.Event(), asyncio.Event()
    aread = bench.database.aread

    async def slowly(look: Any) -> Any:
        found = await aread(look)
        looked.set()
        await go_on.wait()
        return found

    async def run() -> None:
        bench.database.aread = slowly  # type: ignore[method-assign]
        first = asyncio.create_task(gate.admit(shows(secret)))
        await looked.wait()
        revoke(bench, key_id)
        await gate.announce()
        go_on.set()
        await first
        assert await refused(gate, secret)

    asyncio.run(run())


def test_lookups_are_few(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = []
    aread = bench.database.aread

    async def counting(look: Any) -> Any:
        counted.append(1)
        return await aread(look)

    monkeypatch.setattr(bench.database, "aread", counting)

    async def run() -> None:
        for _ in range(200):
            await bench.office.gate.admit(shows(bench.root_key))

    asyncio.run(run())
    assert len(counted) == 1


def test_the_last_use_is_noted_once_a_minute_and_beside_the_request(bench: Bench) -> None:
    key_id, secret = bench.made_key(bench.user(bench.organization("narmada")))
    noted = []

    async def use(after: float) -> None:
        bench.clock.now += after
        await bench.office.gate.admit(shows(secret))
        await bench.office.gate.settle()
        noted.append(bench.database.read(lambda session: session.get_one(ApiKey, key_id).last_used_at))

    async def run() -> None:
        began = bench.office.now()
        for after in (0.0, 30.0, 29.9, 0.2):
            await use(after)
        assert noted[0] == noted[1] == noted[2] == began
        assert noted[3] == began + timedelta(seconds=60.1) and TOUCHED_EVERY_S == 60.0

    asyncio.run(run())


def test_a_use_that_cannot_be_noted_harms_nobody(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def full(_: Any) -> Any:
        raise StoreUnavailable("the disk is full")

    monkeypatch.setattr(bench.database, "awrite", full)

    async def run() -> None:
        await bench.office.gate.admit(shows(bench.root_key))
        await bench.office.gate.settle()

    asyncio.run(run())
    assert "was not noted" in caplog.text and bench.root_key not in caplog.text


def test_a_key_moves_with_nobody_to_another_organisation(bench: Bench) -> None:
    user = bench.user(bench.organization("narmada"))
    secret, elsewhere = bench.key(user), bench.organization("godavari")
    bench.database.write(
        lambda session: setattr(session.get_one(User, user.id), "organization_id", elsewhere)
    )
    assert asyncio.run(refused(bench.office.gate, secret))


def test_nothing_kept_lets_anybody_in(bench: Bench) -> None:
    user = bench.user(bench.organization("narmada"))
    bench.key(user)
    tokens = asyncio.run(bench.office.sessions.begin(user.id))
    kept = bench.database.read(
        lambda session: [
            row[0] for row in session.execute(ApiKey.__table__.select().with_only_columns(ApiKey.hash))
        ]
    )
    documents = asyncio.run(bench.state.keys("session:"))
    for shown in [*kept, *documents, *(d.split(":")[1] for d in documents), f"mk_{kept[0]}"]:
        assert asyncio.run(refused(bench.office.gate, shown))
    assert all(tokens.access not in d and tokens.refresh not in d for d in documents)
