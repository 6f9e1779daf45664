"""API keys: made and shown once, kept as a digest, narrowed to scopes, rotated with a grace, revoked at once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

from mandi.serving.accounts.principals import operator_of, role_scopes
from mandi.serving.accounts.secrets import digest, new_secret
from mandi.serving.operations import Scope
from mandi.serving.problems import CONFLICT, FORBIDDEN, Problem, Refused

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from mandi.store.records import ApiKey, User

SHOWN = 8  # characters of a key by which people tell keys apart


def make(
    session: Session,
    user: User,
    name: str,
    now: datetime,
    *,
    scopes: Iterable[Scope] | None = None,
    within: frozenset[Scope] | None = None,
    expires_at: datetime | None = None,
    secret: str | None = None,
) -> tuple[ApiKey, str]:
    """Add a key and return its record and the key itself, which nobody can tell again.

    Parameters
    ----------
    session : Session
    user : User
        Whose key it is: it never allows more than its user's role.
    name : str
        What it is for.
    now : datetime
    scopes : iterable of str, optional
        What it allows; if not given, all that may be given.
    within : frozenset of str, optional
        What whoever makes it may do: nobody makes a key that allows more than that.
    expires_at : datetime, optional
        When it ends; never if not given.
    secret : str, optional
        The key, where it was chosen elsewhere.

    Raises
    ------
    Refused
        403; a scope is outside what may be given.
    """
    from mandi.store.records import ApiKey, new_id

    own = role_scopes(user.role, operator=user.organization_id == operator_of(session))
    most = own if within is None else own & within
    asked = most if scopes is None else frozenset(scopes)
    if more := sorted(asked - most):
        raise Refused(
            Problem(FORBIDDEN, f"{more[0]} is more than may be given here", "scopes", ", ".join(sorted(most)))
        )
    secret = secret or new_secret("key")
    key = ApiKey(
        id=new_id(),
        organization_id=user.organization_id,
        user_id=user.id,
        name=name,
        prefix=secret[:SHOWN],
        hash=digest(secret),
        scopes=sorted(asked),
        created_at=now,
        expires_at=expires_at,
    )
    session.add(key)
    return key, secret


def listed(session: Session, organization_id: str, user_id: str | None = None) -> list[ApiKey]:
    """Return the keys of an organisation, or of one of its users, newest first; revoked ones too."""
    import sqlalchemy as sa

    from mandi.store.records import ApiKey

    rows = sa.select(ApiKey).where(ApiKey.organization_id == organization_id)
    if user_id is not None:
        rows = rows.where(ApiKey.user_id == user_id)
    return list(session.scalars(rows.order_by(ApiKey.created_at.desc(), ApiKey.id)))


def rotate(
    session: Session, key: ApiKey, user: User, now: datetime, grace: timedelta, within: frozenset[Scope]
) -> tuple[ApiKey, str]:
    """Add a key that does what another one does, and let the other one end after a grace.

    Parameters
    ----------
    session : Session
    key : ApiKey
    user : User
        Of the key.
    now : datetime
    grace : timedelta
        How long the old one stays good; it never lives longer than it would have.
    within : frozenset of str
        What whoever rotates may do.

    Raises
    ------
    Refused
        409; the key is revoked, over, or was rotated. 403; it allows more than ``within``.
    """
    import sqlalchemy as sa

    from mandi.store.records import ApiKey

    old = ApiKey.__table__.c
    over = old.expires_at.is_not(None) & (old.expires_at <= now)
    ends = now + grace if key.expires_at is None else min(now + grace, key.expires_at)
    record, secret = make(
        session, user, key.name, now,
        scopes=cast(list[Scope], key.scopes), within=within, expires_at=_as_long(key, now),
    )  # fmt: skip
    session.flush()
    won = session.execute(
        sa.update(ApiKey)
        .where(ApiKey.id == key.id, ApiKey.replaced_by.is_(None), ApiKey.revoked_at.is_(None), ~over)
        .values(replaced_by=record.id, expires_at=ends)
    )
    if won.rowcount != 1:  # type: ignore[attr-defined]
        raise Refused(
            Problem(CONFLICT, f"the key {key.prefix}... is revoked, over, or was rotated", None, "a good key")
        )
    return record, secret


def revoke(session: Session, key: ApiKey, now: datetime) -> None:
    """End a key. One that was ended stays as it is."""
    import sqlalchemy as sa

    from mandi.store.records import ApiKey

    session.execute(
        sa.update(ApiKey).where(ApiKey.id == key.id, ApiKey.revoked_at.is_(None)).values(revoked_at=now)
    )


def revoke_all(session: Session, user_id: str, now: datetime) -> None:
    """End all keys of a user."""
    import sqlalchemy as sa

    from mandi.store.records import ApiKey

    session.execute(
        sa.update(ApiKey).where(ApiKey.user_id == user_id, ApiKey.revoked_at.is_(None)).values(revoked_at=now)
    )


def _as_long(key: ApiKey, now: datetime) -> datetime | None:
    return None if key.expires_at is None else now + (key.expires_at - key.created_at)
