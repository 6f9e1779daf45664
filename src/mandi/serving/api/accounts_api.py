"""Logins over HTTP, who one is, and all that can be asked about accounts."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Any

from mandi.serving.accounts import organizations, people, sessions
from mandi.serving.accounts.audit import audit
from mandi.serving.accounts.names import user_name
from mandi.serving.accounts.office import Office, office_of
from mandi.serving.accounts.principals import active, operator_of
from mandi.serving.accounts.secrets import shown_in, unknown
from mandi.serving.accounts.sessions import Tokens
from mandi.serving.api.accounts_contracts import (
    LoginRequest,
    MeAnswer,
    PasswordRequest,
    RefreshRequest,
    TokensAnswer,
)
from mandi.serving.api.accounts_told import once, organization_told, tokens_told, usable, user_told
from mandi.serving.api.audit_api import audit_operations
from mandi.serving.api.keys_api import key_operations
from mandi.serving.api.people_api import people_operations
from mandi.serving.operations import Asked, Operation
from mandi.serving.problems import BAD_REQUEST, FORBIDDEN, TOO_MANY, UNAUTHORIZED, Problem, Refused

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from mandi.store.records import User

LOG = logging.getLogger("mandi.serving.accounts")
TAG = "accounts"
WRONG = "the name or the password is not right"
NOT_RENEWED = {
    "unknown": "this refresh token is not known",
    "over": "this refresh token is over",
    "ended": "this login was ended",
    "raced": "another request renewed this login just now; use its answer",
    "reused": "this refresh token was used before, so the login was ended",
}


def accounts_operations() -> list[Operation]:
    """Return what can be asked about accounts: logins, oneself, keys, people, organisations, the record."""
    return [
        Operation(
            "POST", "/api/v1/auth/login", "Log in: tokens for a name and its password", _login, "open",
            bodies=(LoginRequest,), answers=(TokensAnswer,), problems=(401, 429), tag=TAG, most_kib=4,
            examples={"a login": {"username": "priya", "password": "seven bags of cotton"}},
        ),
        Operation(
            "POST", "/api/v1/auth/refresh", "Go on with a login: new tokens for a refresh token", _refresh, "open",
            bodies=(RefreshRequest,), answers=(TokensAnswer,), problems=(401,), tag=TAG, most_kib=4,
        ),
        Operation("POST", "/api/v1/auth/logout", "End the login whose token is shown", _logout, "usage", tag=TAG),
        Operation("GET", "/api/v1/me", "Who asks, and what they may do", _me, "usage", answers=(MeAnswer,), tag=TAG),
        Operation(
            "POST", "/api/v1/me/password", "Choose another password; ends one's logins", _password, "usage",
            bodies=(PasswordRequest,), problems=(429,), tag=TAG, most_kib=4,
            examples={"a change": {"current_password": "seven bags of cotton", "new_password": "eight bags of turmeric"}},
        ),
        *key_operations(),
        *people_operations(),
        *audit_operations(),
    ]  # fmt: skip


async def _login(asked: Asked) -> Any:
    office, body = office_of(asked.house), asked.body
    name, address = _plain(body.username), _address(asked)
    await _patiently(office, name, address)
    user, may = await office.read(lambda session: _who(session, name))
    right, renewed = await office.passwords.matches(
        user.hashed_password if user else None, body.password.get_secret_value()
    )
    if user is None or not right or not may:
        LOG.info("a login was refused (request %s)", asked.request_id)
        raise Refused(
            Problem(
                UNAUTHORIZED, WRONG, None, None, "ask an administrator of your organisation for a new password",
                headers={"www-authenticate": 'Bearer realm="mandi"'},
            )
        )  # fmt: skip
    now, who = office.now(), user

    def also(session: Session) -> None:
        kept = people.find(session, who.organization_id, who.id)
        kept.last_login = now
        if renewed is not None and kept.hashed_password == who.hashed_password:
            kept.hashed_password = renewed
        event = audit(
            session, None, "login", f"user:{who.id}", request_id=asked.request_id,
            organization_id=who.organization_id, at=now,
        )  # fmt: skip
        event.actor = who.id

    tokens = await office.sessions.begin(user.id, also)
    await office.limits.forgive(name, address)
    return once(tokens_told(tokens))


async def _refresh(asked: Asked) -> Any:
    office = office_of(asked.house)
    outcome = await office.sessions.renew(asked.body.refresh_token.get_secret_value())
    if isinstance(outcome, Tokens):
        return once(tokens_told(outcome))
    if outcome == "reused":
        LOG.warning("a refresh token was used twice; its login was ended (request %s)", asked.request_id)
    raise Refused(
        Problem(
            UNAUTHORIZED, NOT_RENEWED[outcome], "refresh_token", None, "POST /api/v1/auth/login",
            headers={"www-authenticate": 'Bearer realm="mandi"'},
        )
    )  # fmt: skip


async def _logout(asked: Asked) -> Any:
    office = office_of(asked.house)
    if asked.who.key_id is not None:
        said = Problem(
            FORBIDDEN, "a key is not a login", None, "a token", f"DELETE /api/v1/keys/{asked.who.key_id}"
        )
        raise Refused(said)
    if not await office.sessions.end(shown_in(asked.request)):
        raise unknown("this login was ended", asked.request)


async def _me(asked: Asked) -> Any:
    who = asked.who

    def look(session: Session) -> MeAnswer:
        return MeAnswer(
            user=user_told(people.find(session, who.organization_id, who.user_id)),
            organization=organization_told(
                organizations.find(session, who.organization_id), operator_of(session)
            ),
            scopes=sorted(who.scopes),
            key_id=who.key_id,
        )

    return await office_of(asked.house).read(look)


async def _password(asked: Asked) -> Any:
    office, who, body = office_of(asked.house), asked.who, asked.body
    user = await office.read(lambda session: people.find(session, who.organization_id, who.user_id))
    address = _address(asked)
    await _patiently(office, user.username, address)
    right, _ = await office.passwords.matches(user.hashed_password, body.current_password.get_secret_value())
    if not right:
        raise Refused(Problem(BAD_REQUEST, "this is not the password", "current_password"))
    await office.limits.forgive(user.username, address)
    hashed = await office.passwords.hashed(
        usable(body.new_password, "new_password", user.username, user.email)
    )
    now = office.now()

    def write(session: Session) -> None:
        people.find(session, who.organization_id, who.user_id).hashed_password = hashed
        sessions.end_all(session, who.user_id, now)
        audit(session, who, "user.password", f"user:{who.user_id}", request_id=asked.request_id, at=now)

    await office.write(write)
    await office.gate.announce()


async def _patiently(office: Office, name: str, address: str) -> None:
    wait = await office.limits.begin(name, address)
    if wait > 0:
        seconds = math.ceil(wait)
        raise Refused(
            Problem(
                TOO_MANY, f"too many tries; the next one may be in {seconds} s", None, None,
                "wait, then log in again", headers={"retry-after": str(seconds)}, code="rate_limit_exceeded",
            )
        )  # fmt: skip


def _who(session: Session, name: str) -> tuple[User | None, bool]:
    user = people.by_name(session, name)
    if user is None:
        return None, False
    return user, active(user, organizations.find(session, user.organization_id))


def _plain(given: str) -> str:
    try:
        return user_name(given)
    except ValueError:
        return given[:100]  # nobody's name; it is compared with a password as any other


def _address(asked: Asked) -> str:
    return asked.request.client.host if asked.request.client else ""
