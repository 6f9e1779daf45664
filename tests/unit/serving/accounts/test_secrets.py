from __future__ import annotations

import base64

import pytest
from starlette.requests import HTTPConnection

from mandi.serving.accounts.secrets import BYTES, digest, kind_of, new_secret, same, shown_in
from mandi.serving.problems import Refused

KEY = "mk_" + 43 * "k"


def connection(method: str = "GET", **headers: str) -> HTTPConnection:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return HTTPConnection({"type": "http", "method": method, "path": "/", "headers": raw})


def basic(password: str, name: str = "anybody") -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def test_a_key_is_256_random_bits_in_43_characters() -> None:
    made = {new_secret("key") for _ in range(100)}
    assert len(made) == 100 and BYTES == 32
    for key in made:
        assert key.startswith("mk_") and len(key) == 46 and kind_of(key) == "key"
        assert len(base64.urlsafe_b64decode(key[3:] + "=")) == 32


def test_kinds_are_told_apart_by_their_prefix() -> None:
    assert [kind_of(new_secret(k)) for k in ("key", "access", "refresh")] == ["key", "access", "refresh"]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["", "mk_", "mk_" + 39 * "a", "a" * 129, "mk_" + 42 * "a" + "'", 43 * "é", KEY + "\n"]
)
def test_what_cannot_be_a_secret(text: str) -> None:
    assert kind_of(text) is None


def test_digests() -> None:
    assert len(digest(KEY)) == 64 and KEY not in digest(KEY)
    assert same(digest(KEY), digest(KEY)) and not same(digest(KEY), digest(KEY + "k"))


def test_where_a_key_may_be_shown() -> None:
    assert shown_in(connection(authorization=f"Bearer {KEY}")) == KEY
    assert shown_in(connection(authorization=f"bearer  {KEY} ")) == KEY
    assert shown_in(connection(x_api_key=KEY)) == KEY
    assert shown_in(connection(authorization=basic(KEY))) == KEY
    assert shown_in(connection("HEAD", authorization=basic(KEY))) == KEY
    assert shown_in(connection(authorization=f"Bearer {KEY}", x_api_key="other")) == KEY


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_password_of_a_browser_changes_nothing(method: str) -> None:
    with pytest.raises(Refused, match="for reading pages"):
        shown_in(connection(method, authorization=basic(KEY)))


def test_a_browser_is_asked_for_a_password_and_a_program_for_a_key() -> None:
    with pytest.raises(Refused) as page:
        shown_in(connection(accept="text/html,application/xhtml+xml"))
    with pytest.raises(Refused) as program:
        shown_in(connection(accept="application/json"))
    with pytest.raises(Refused) as form:
        shown_in(connection("POST", accept="text/html"))
    challenges = [r.value.problem.headers["www-authenticate"].split()[0] for r in (page, program, form)]
    assert challenges == ["Basic", "Bearer", "Bearer"]
    assert {r.value.problem.status for r in (page, program, form)} == {401}


@pytest.mark.parametrize(
    "broken", ["Basic", "Basic !!!", "Basic " + base64.b64encode(b"\xff\xfe").decode(), "Basic aGk="]
)
def test_a_password_that_cannot_be_read_is_no_key(broken: str) -> None:
    assert kind_of(shown_in(connection(authorization=broken))) is None
