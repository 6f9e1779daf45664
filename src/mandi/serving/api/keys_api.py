"""API keys over HTTP: made, listed, rotated, revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mandi.serving.accounts import keys, people
from mandi.serving.accounts.audit import audit
from mandi.serving.accounts.office import office_of
from mandi.serving.api.accounts_contracts import (
    KeyAnswer,
    KeyRequest,
    KeysAnswer,
    NewKeyAnswer,
    RotateRequest,
)
from mandi.serving.api.accounts_told import key_told, once
from mandi.serving.dispatch import not_found
from mandi.serving.operations import Asked, Operation, Principal
from mandi.serving.problems import FORBIDDEN, Problem, Refused

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from mandi.store.records import ApiKey

KEYS = "/api/v1/keys"
TAG = "accounts"
OWNED = {"key_id": "key"}


def key_operations() -> list[Operation]:
    """Return what can be asked about keys. Everybody has keys of their own; administrators see and end those of their people."""
    return [
        Operation(
            "POST", KEYS, "Make a key; it is shown once", _make, "usage",
            bodies=(KeyRequest,), answers=(NewKeyAnswer,), status=201, tag=TAG, most_kib=8,
            examples={"for prices": {"name": "price board", "scopes": ["usage"], "expires_in_days": 90}},
        ),
        Operation(
            "GET", KEYS, "One's keys; of the whole organisation for administrators", _list, "usage",
            answers=(KeysAnswer,), tag=TAG,
        ),
        Operation(
            "POST", f"{KEYS}/{{key_id}}/rotate", "Replace a key of one's own; the old one stays good for a while", _rotate,
            "usage", bodies=(RotateRequest,), answers=(NewKeyAnswer,), status=201, owned=OWNED, problems=(409,),
            tag=TAG, most_kib=8, examples={"after an hour": {"grace_minutes": 60}},
        ),
        Operation(
            "DELETE", f"{KEYS}/{{key_id}}", "Revoke a key", _revoke, "usage", owned=OWNED, tag=TAG,
        ),
    ]  # fmt: skip


async def _make(asked: Asked) -> Any:
    office, who, body, now = office_of(asked.house), asked.who, asked.body, office_of(asked.house).now()
    ends = None if body.expires_in_days is None else now + timedelta(days=body.expires_in_days)

    def write(session: Session) -> tuple[ApiKey, str]:
        user = people.find(session, who.organization_id, who.user_id)
        key, secret = keys.make(
            session, user, body.name, now,
            scopes=body.scopes, within=who.scopes, expires_at=keys.not_after(session, who.key_id, ends),
        )  # fmt: skip
        audit(session, who, "key.create", f"key:{key.id}", {"scopes": key.scopes}, asked.request_id, at=now)
        return key, secret

    key, secret = await office.write(write)
    return once(key_told(key, NewKeyAnswer, key=secret), 201)


async def _list(asked: Asked) -> Any:
    who = asked.who
    whose = None if "people" in who.scopes else who.user_id
    found = await office_of(asked.house).read(
        lambda session: keys.listed(session, who.organization_id, whose)
    )
    return KeysAnswer(keys=[key_told(key, KeyAnswer) for key in found])


async def _rotate(asked: Asked) -> Any:
    office, who, now = office_of(asked.house), asked.who, office_of(asked.house).now()
    grace = timedelta(minutes=asked.body.grace_minutes)

    def write(session: Session) -> tuple[ApiKey, str]:
        key = _find(session, who, asked.path["key_id"])
        if key.user_id != who.user_id:  # the new key would let its maker be somebody else
            raise Refused(Problem(FORBIDDEN, "a key is rotated by its own user", None, "DELETE"))
        user = people.find(session, who.organization_id, who.user_id)
        new, secret = keys.rotate(session, key, user, now, grace, who.scopes)
        audit(session, who, "key.rotate", f"key:{key.id}", {"new": new.id}, asked.request_id, at=now)
        return new, secret

    new, secret = await office.write(write)
    await office.gate.announce()
    return once(key_told(new, NewKeyAnswer, key=secret), 201)


async def _revoke(asked: Asked) -> Any:
    office, who, now = office_of(asked.house), asked.who, office_of(asked.house).now()

    def write(session: Session) -> None:
        key = _find(session, who, asked.path["key_id"])
        keys.revoke(session, key, now)
        audit(session, who, "key.revoke", f"key:{key.id}", request_id=asked.request_id, at=now)

    await office.write(write)
    await office.gate.announce()


def _find(session: Session, who: Principal, key_id: str) -> ApiKey:
    from mandi.store.records import ApiKey

    key = session.get(ApiKey, key_id)
    if key is None or key.organization_id != who.organization_id:
        raise not_found("key", key_id)
    if key.user_id != who.user_id and "people" not in who.scopes:
        raise not_found("key", key_id)
    return key
