from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from mandi.serving.accounts import people
from mandi.serving.operations import Role
from mandi.store.records import Base, Conversation, User

from .office_bench import PASSWORD, Bench, bearer

LOGIN, REFRESH, LOGOUT, ME = (f"/api/v1/{p}" for p in ("auth/login", "auth/refresh", "auth/logout", "me"))
KEYS, USERS, OWN, ALL, AUDIT = (
    f"/api/v1/{p}" for p in ("keys", "users", "organization", "organizations", "audit")
)


@pytest.fixture
def client(bench: Bench) -> Iterator[TestClient]:
    with TestClient(bench.app) as client:
        yield client


class Someone:
    """A user with a key and a password, and the calls they make."""

    def __init__(self, client: TestClient, bench: Bench, where: str, role: Role, name: str) -> None:
        self.client, self.user = client, bench.user(where, role, name, PASSWORD)
        self.key_id, self.secret = bench.made_key(self.user)

    def ask(self, method: str, path: str, status: int = 200, **body: Any) -> Any:
        return asked(self.client, method, path, status, self.secret, **body)


def asked(client: TestClient, method: str, path: str, status: int, secret: str = "", **body: Any) -> Any:
    headers = bearer(secret) if secret else {}
    answer = client.request(method, path, json=body or None, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


def login(client: TestClient, name: str = "priya", password: str = PASSWORD, status: int = 200) -> Any:
    return asked(client, "POST", LOGIN, status, username=name, password=password)


@pytest.fixture
def admin(client: TestClient, bench: Bench) -> Someone:
    return Someone(client, bench, bench.organization("narmada"), "admin", "priya")


@pytest.fixture
def trader(client: TestClient, bench: Bench, admin: Someone) -> Someone:
    return Someone(client, bench, admin.user.organization_id, "trader", "ravi")


@pytest.fixture
def stranger(client: TestClient, bench: Bench) -> Someone:
    return Someone(client, bench, bench.organization("godavari"), "admin", "lakshmi")


def actions(bench: Bench) -> list[str]:
    from mandi.serving.accounts.audit import events

    return [e.action for e in bench.database.read(lambda session: events(session, None, limit=99))][::-1]


def test_a_login_from_beginning_to_end(client: TestClient, admin: Someone, bench: Bench) -> None:
    tokens = login(client, "PRIYA")
    assert (tokens["token_type"], tokens["expires_in"], tokens["refresh_expires_in"]) == (
        "bearer",
        900,
        2_592_000,
    )
    me = asked(client, "GET", ME, 200, tokens["access_token"])
    assert (me["user"]["username"], me["key_id"], me["organization"]["name"]) == ("priya", None, "narmada")
    assert me["user"]["last_login"] is not None
    again = asked(client, "POST", REFRESH, 200, refresh_token=tokens["refresh_token"])
    bench.clock.now += 1
    told = asked(client, "POST", REFRESH, 401, refresh_token=tokens["refresh_token"])
    assert "used before" in told["error"] and told["next"] == f"POST {LOGIN}"
    asked(client, "GET", ME, 401, again["access_token"])
    last = login(client)
    asked(client, "POST", LOGOUT, 204, last["access_token"])
    asked(client, "GET", ME, 401, last["access_token"])
    asked(client, "POST", REFRESH, 401, refresh_token=last["refresh_token"])
    assert actions(bench)[-2:] == ["login", "login"]


def test_secrets_may_be_kept_by_nobody_on_the_way(client: TestClient, admin: Someone) -> None:
    answers = [
        client.post(LOGIN, json={"username": "priya", "password": PASSWORD}),
        client.post(KEYS, json={"name": "k"}, headers=bearer(admin.secret)),
    ]
    assert [a.headers["cache-control"] for a in answers] == ["no-store", "no-store"]


def test_all_ways_of_not_getting_in_are_told_alike(client: TestClient, admin: Someone, bench: Bench) -> None:
    bench.user(admin.user.organization_id, name="nopassword")
    shut_out = bench.user(admin.user.organization_id, name="gone", password=PASSWORD)
    bench.database.write(lambda session: setattr(session.get_one(User, shut_out.id), "is_active", False))
    told = [
        login(client, name, password, 401)
        for name, password in [
            ("priya", "a wrong password"), ("nobody", PASSWORD), ("nopassword", "!"), ("gone", PASSWORD), ("a b", PASSWORD),
        ]
    ]  # fmt: skip
    assert all(t == told[0] for t in told)


def test_the_letter_nul_is_refused_at_the_door(client: TestClient, admin: Someone) -> None:
    told = asked(client, "POST", LOGIN, 400, username="priya\0", password=PASSWORD)
    assert "NUL" in told["error"]
    asked(
        client, "POST", LOGIN, 401, username="\\u0000", password=PASSWORD
    )  # a stroke and five letters are text


def test_an_unknown_name_costs_a_comparison_too(
    client: TestClient, admin: Someone, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = []
    matches = type(bench.office.passwords)._compared
    monkeypatch.setattr(
        type(bench.office.passwords), "_compared", lambda *given: (compared.append(1), matches(*given))[1]
    )
    login(client, "priya", "a wrong password", 401)
    login(client, "nobody", "a wrong password", 401)
    assert len(compared) == 2


def test_too_many_tries_are_told_when_to_come_back(client: TestClient, admin: Someone, bench: Bench) -> None:
    for _ in range(5):
        login(client, "priya", "a wrong password", 401)
    answer = client.post(LOGIN, json={"username": "priya", "password": PASSWORD})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    bench.clock.now += 1
    login(client)
    for _ in range(5):
        login(client, "priya", "a wrong password", 401)


def test_a_hash_of_older_parameters_is_renewed_by_a_login(
    client: TestClient, admin: Someone, bench: Bench
) -> None:
    from argon2 import PasswordHasher

    old = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1).hash(PASSWORD)
    set_hash = lambda session: setattr(session.get_one(User, admin.user.id), "hashed_password", old)  # noqa: E731
    bench.database.write(set_hash)
    login(client)
    assert "t=1" in bench.database.read(lambda session: session.get_one(User, admin.user.id)).hashed_password
    login(client)


def test_a_key_is_no_login(client: TestClient, admin: Someone) -> None:
    told = admin.ask("POST", LOGOUT, 403)
    assert told["next"] == f"DELETE {KEYS}/{admin.key_id}"


def test_ones_own_password(client: TestClient, trader: Someone, bench: Bench) -> None:
    path, tokens = f"{ME}/password", login(client, "ravi")
    new = "eight bags of turmeric"
    told = trader.ask("POST", path, 400, current_password="not the password", new_password=new)
    assert told["field"] == "current_password"
    told = trader.ask("POST", path, 400, current_password=PASSWORD, new_password="short")
    assert (told["field"], told["allowed"]) == ("new_password", "12 to 128 characters")
    trader.ask("POST", path, 204, current_password=PASSWORD, new_password=new)
    asked(client, "GET", ME, 401, tokens["access_token"])
    login(client, "ravi", PASSWORD, 401)
    login(client, "ravi", new)
    assert "user.password" in actions(bench)
    for _ in range(5):
        trader.ask("POST", path, 400, current_password="not the password", new_password=new)
    trader.ask("POST", path, 429, current_password=new, new_password=PASSWORD)


def test_a_key_is_shown_once_and_works_until_it_is_revoked(
    client: TestClient, trader: Someone, bench: Bench
) -> None:
    made = trader.ask("POST", KEYS, 201, name="  price   board ", scopes=["usage", "predict"])
    assert (made["name"], made["scopes"], made["prefix"]) == (
        "price board",
        ["predict", "usage"],
        made["key"][:8],
    )
    assert asked(client, "GET", ME, 200, made["key"])["scopes"] == ["predict", "usage"]
    listed = client.get(KEYS, headers=bearer(trader.secret))
    assert made["key"] not in listed.text
    assert {k["key_id"] for k in listed.json()["keys"]} == {made["key_id"], trader.key_id}
    trader.ask("DELETE", f"{KEYS}/{made['key_id']}", 204)
    asked(client, "GET", ME, 401, made["key"])
    trader.ask("DELETE", f"{KEYS}/{made['key_id']}", 204)
    assert {"key.create", "key.revoke"} <= set(actions(bench))


def test_a_key_ends(client: TestClient, trader: Someone, bench: Bench) -> None:
    made = trader.ask("POST", KEYS, 201, name="for a day", expires_in_days=1)
    never = trader.ask("POST", KEYS, 201, name="for ever", expires_in_days=None)
    bench.clock.now += 24 * 3600
    asked(client, "GET", ME, 401, made["key"])
    asked(client, "GET", ME, 200, never["key"])


def test_a_key_makes_no_key_that_outlives_it(client: TestClient, trader: Someone, bench: Bench) -> None:
    short = trader.ask("POST", KEYS, 201, name="for a day", expires_in_days=1)
    for days in (None, 365):
        made = asked(client, "POST", KEYS, 201, short["key"], name="longer", expires_in_days=days)
        assert made["expires_at"] == short["expires_at"]
    bench.clock.now += 24 * 3600
    asked(client, "GET", ME, 401, made["key"])


def test_nobody_makes_a_key_that_does_more(client: TestClient, trader: Someone, admin: Someone) -> None:
    assert trader.ask("POST", KEYS, 403, name="wide", scopes=["people"])["field"] == "scopes"
    admin.ask("POST", KEYS, 403, name="wide", scopes=["operate"])
    narrow = trader.ask("POST", KEYS, 201, name="narrow", scopes=["usage"])["key"]
    asked(client, "POST", KEYS, 403, narrow, name="wide", scopes=["predict"])
    assert asked(client, "POST", KEYS, 201, narrow, name="all it has")["scopes"] == ["usage"]
    asked(client, "POST", f"{KEYS}/{trader.key_id}/rotate", 403, narrow, grace_minutes=1)


def test_a_rotated_key_stays_good_for_a_while(client: TestClient, trader: Someone, bench: Bench) -> None:
    new = trader.ask("POST", f"{KEYS}/{trader.key_id}/rotate", 201, grace_minutes=10)
    for secret in (trader.secret, new["key"]):
        asked(client, "GET", ME, 200, secret)
    bench.clock.now += 600
    asked(client, "GET", ME, 401, trader.secret)
    listed = asked(client, "GET", KEYS, 200, new["key"])["keys"]
    assert {k["key_id"]: k["replaced_by"] for k in listed}[trader.key_id] == new["key_id"]
    asked(client, "POST", f"{KEYS}/{trader.key_id}/rotate", 409, new["key"], grace_minutes=10)


def test_administrators_see_and_end_the_keys_of_their_people_alone(
    client: TestClient, admin: Someone, trader: Someone, stranger: Someone
) -> None:
    assert {k["key_id"] for k in admin.ask("GET", KEYS)["keys"]} == {admin.key_id, trader.key_id}
    assert {k["key_id"] for k in trader.ask("GET", KEYS)["keys"]} == {trader.key_id}
    trader.ask("DELETE", f"{KEYS}/{admin.key_id}", 404)
    stranger.ask("DELETE", f"{KEYS}/{trader.key_id}", 404)
    admin.ask("POST", f"{KEYS}/{trader.key_id}/rotate", 403, grace_minutes=0)
    admin.ask("DELETE", f"{KEYS}/{trader.key_id}", 204)
    trader.ask("GET", ME, 401)


def test_people_come_change_and_go(client: TestClient, admin: Someone, bench: Bench) -> None:
    made = admin.ask("POST", USERS, 201, username="प्रिया", password=PASSWORD, email="P@Example.org")
    assert (made["role"], made["email"], made["has_password"]) == ("trader", "p@example.org", True)
    user = f"{USERS}/{made['user_id']}"
    tokens = login(client, "प्रिया")
    assert admin.ask("PATCH", user, role="analyst")["role"] == "analyst"
    assert "review" in asked(client, "GET", ME, 200, tokens["access_token"])["scopes"], "heard at once"
    admin.ask("PATCH", user, is_active=False)
    asked(client, "GET", ME, 401, tokens["access_token"])
    login(client, "प्रिया", PASSWORD, 401)
    admin.ask("PATCH", user, is_active=True, password="another long password")
    asked(client, "GET", ME, 401, tokens["access_token"])
    login(client, "प्रिया", "another long password")
    assert [u["username"] for u in admin.ask("GET", USERS)["users"]] == ["priya", "प्रिया"]
    admin.ask("DELETE", user, 200)
    login(client, "प्रिया", "another long password", 401)
    admin.ask("DELETE", user, 404)
    assert [u["username"] for u in admin.ask("GET", USERS)["users"]] == ["priya"]
    admin.ask("POST", USERS, 201, username="प्रिया", password=PASSWORD)


def test_what_was_written_by_somebody_goes_with_them(
    client: TestClient, admin: Someone, bench: Bench
) -> None:
    user = bench.user(admin.user.organization_id, name="planted-name", password=PASSWORD)
    _, secret = bench.made_key(user)
    login(client, "planted-name")
    bench.database.write(
        lambda session: session.add(
            Conversation(organization_id=user.organization_id, user_id=user.id, title="planted words")
        )
    )
    for key in ("answer:all:0.0:k", "near:bucket", "answered-from:g", "flight:k"):
        bench.state.state.write(key, b"planted words")
    bench.state.state.write("quota:one", b"counted")
    admin.ask("DELETE", f"{USERS}/{user.id}", 200)
    asked(client, "GET", ME, 401, secret)
    assert bench.state.state.read("quota:one") == b"counted"
    kept = bench.database.read(
        lambda session: [
            repr(row) for t in Base.metadata.tables.values() for row in session.execute(sa.select(t))
        ]
    )
    assert not [row for row in kept if "planted" in row or user.pseudonym in row]
    assert {"user.shut_out", "user.erased"} <= set(actions(bench))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"username": "a b"}, "username"),
        ({"username": "x"}, "username"),
        ({"username": "ravi", "password": "short"}, "password"),
        ({"username": "narmada-ravi", "password": "narmada-ravi!"}, "password"),
        ({"username": "ravi", "email": "nowhere"}, "email"),
        ({"username": "ravi", "role": "reviewer"}, "role"),
        ({"username": "ravi", "organization_id": "x"}, "organization_id"),
        ({"username": "ravi", "hashed_password": "x"}, "hashed_password"),
    ],
)
def test_a_field_that_cannot_be_used_is_named(admin: Someone, body: dict[str, Any], field: str) -> None:
    told = admin.ask("POST", USERS, 400, **body)
    assert told["field"] == field
    assert "short" not in told["error"]


def test_a_taken_name_is_409_also_in_another_organisation(admin: Someone, stranger: Someone) -> None:
    assert admin.ask("POST", USERS, 409, username="PRIYA")["field"] == "username"
    stranger.ask("POST", USERS, 409, username="priya")


def test_a_name_taken_at_the_same_moment_is_409(
    admin: Someone, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "_free", lambda *_: None)  # as if the other one were not committed yet
    admin.ask("POST", USERS, 409, username="priya")


def test_a_change_of_nothing_is_told(admin: Someone, trader: Someone) -> None:
    answer = admin.client.patch(f"{USERS}/{trader.user.id}", content="{}", headers=bearer(admin.secret))
    assert answer.status_code == 400 and "nothing is to be changed" in answer.json()["error"]


def test_ones_organisation(admin: Someone, trader: Someone, stranger: Someone) -> None:
    assert trader.ask("GET", OWN)["name"] == "narmada"
    trader.ask("PATCH", OWN, 403, timezone="UTC")
    told = admin.ask("PATCH", OWN, name="Narmada Traders", timezone="Asia/Dubai")
    assert (told["name"], told["timezone"], told["operator"]) == ("Narmada Traders", "Asia/Dubai", False)
    assert admin.ask("PATCH", OWN, 400, tier="enterprise")["field"] == "tier"
    assert admin.ask("PATCH", OWN, 400, timezone="Asia/Nowhere")["field"] == "timezone"
    admin.ask("PATCH", OWN, 409, name="godavari")


def test_the_operator_adds_an_organisation_and_sets_its_terms(
    client: TestClient, bench: Bench, admin: Someone
) -> None:
    root = bench.root_key
    for method, path in (("POST", ALL), ("GET", ALL), ("PATCH", f"{ALL}/{admin.user.organization_id}")):
        asked(client, method, path, 403, admin.secret)
    made = asked(
        client, "POST", ALL, 201, root, name="Kaveri", tier="pro", administrator="kavya", password=PASSWORD
    )
    tokens = login(client, "kavya")
    assert asked(client, "GET", ME, 200, tokens["access_token"])["organization"]["tier"] == "pro"
    one = f"{ALL}/{made['organization_id']}"
    told = asked(client, "PATCH", one, 200, root, tier="free", daily_budget_usd=2.5)
    assert (told["tier"], told["daily_budget_usd"]) == ("free", 2.5)
    assert asked(client, "PATCH", one, 200, root, daily_budget_usd=None)["daily_budget_usd"] is None
    asked(client, "PATCH", one, 200, root, active=False)
    asked(client, "GET", ME, 401, tokens["access_token"])
    login(client, "kavya", PASSWORD, 401)
    asked(client, "PATCH", f"{ALL}/nowhere", 404, root, tier="free")
    asked(client, "PATCH", f"{ALL}/{bench.operator()}", 409, root, active=False)
    asked(client, "POST", ALL, 409, root, name="Kaveri", administrator="other", password=PASSWORD)
    names = [o["name"] for o in asked(client, "GET", ALL, 200, root)["organizations"]]
    assert names == ["Kaveri", "local", "narmada"]


def test_the_record_is_ones_own_and_the_operators(
    client: TestClient, admin: Someone, trader: Someone, stranger: Someone, bench: Bench
) -> None:
    made = admin.ask("POST", USERS, 201, username="asha")
    stranger.ask("POST", USERS, 201, username="usha")
    trader.ask("GET", AUDIT, 403)
    (mine,) = admin.ask("GET", AUDIT)["events"]
    assert (mine["action"], mine["actor"], mine["target"]) == (
        "user.create",
        admin.user.id,
        f"user:{made['user_id']}",
    )
    assert "asha" not in str(mine)
    admin.ask("GET", f"{AUDIT}?organization_id={stranger.user.organization_id}", 404)
    admin.ask("GET", f"{AUDIT}?organization_id={admin.user.organization_id}")
    everything = asked(client, "GET", f"{AUDIT}?limit=2", 200, bench.root_key)
    assert len(everything["events"]) == 2 and everything["next"] == everything["events"][-1]["event_id"]
    rest = asked(client, "GET", f"{AUDIT}?limit=500&before={everything['next']}", 200, bench.root_key)
    assert rest["next"] is None and "bootstrap" in {e["action"] for e in rest["events"]}
    other = asked(
        client, "GET", f"{AUDIT}?organization_id={stranger.user.organization_id}", 200, bench.root_key
    )
    assert len(other["events"]) == 1
    admin.ask("GET", f"{AUDIT}?limit=0", 400)


def test_no_answer_holds_a_digest(client: TestClient, admin: Someone, bench: Bench) -> None:
    kept = bench.database.read(lambda session: session.get_one(User, admin.user.id)).hashed_password
    for path in (ME, KEYS, USERS, OWN, AUDIT):
        text = client.get(path, headers=bearer(admin.secret)).text
        assert kept not in text and "argon2" not in text and admin.secret not in text


def test_without_accounts_it_is_503(bench: Bench) -> None:
    del bench.house.rooms["accounts"]
    with TestClient(bench.app) as client:
        assert client.post(LOGIN, json={"username": "priya", "password": PASSWORD}).status_code == 503
