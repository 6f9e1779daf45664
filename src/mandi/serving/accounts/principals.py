"""From a key or a session to who asks: what the role allows, narrowed by the key, while user and organisation are active."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal, cast

from mandi.serving.accounts.secrets import same
from mandi.serving.operations import ROLE_SCOPES, Principal, Role, Scope

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from mandi.store.records import Organization, User

OPERATOR = "operator_organization"
"""Key in system_config that names the organisation which runs the service."""


def role_scopes(role: str, *, operator: bool) -> frozenset[Scope]:
    """Return what a role may do.

    Parameters
    ----------
    role : str
    operator : bool
        In the organisation that runs the service; nowhere else anybody operates it.

    Examples
    --------
    >>> sorted(role_scopes("admin", operator=True) - role_scopes("admin", operator=False))
    ['operate']
    >>> role_scopes("juggler", operator=True)
    frozenset()
    """
    allowed = ROLE_SCOPES.get(cast(Role, role), frozenset())
    return allowed if operator else allowed - {"operate"}


def operator_of(session: Session) -> str | None:
    """Return the id of the organisation that runs the service."""
    from mandi.store.records import SystemConfig

    kept = session.get(SystemConfig, OPERATOR)
    return None if kept is None else str(kept.value)


def of_key(session: Session, digest: str, now: datetime) -> tuple[Principal, datetime | None] | None:
    """Return who a key stands for and when it ends, or None when it is not good.

    Parameters
    ----------
    session : Session
    digest : str
        Of the key.
    now : datetime
    """
    import sqlalchemy as sa

    from mandi.store.records import ApiKey, Organization, User

    found = session.execute(
        sa.select(ApiKey, User, Organization)
        .join(User, User.id == ApiKey.user_id)
        .join(Organization, Organization.id == User.organization_id)
        .where(ApiKey.hash == digest)
    ).first()
    if found is None:
        return None
    key, user, organization = found
    good = same(key.hash, digest) and key.revoked_at is None and key.organization_id == organization.id
    if not good or (key.expires_at is not None and key.expires_at <= now) or not active(user, organization):
        return None
    narrowed = frozenset(cast(list[Scope], key.scopes))
    return _principal(session, user, organization, narrowed, key.id), key.expires_at


def of_session(session: Session, user_id: str, family: str, now: datetime) -> Principal | None:
    """Return who a login stands for, or None when it was ended.

    Parameters
    ----------
    session : Session
    user_id : str
    family : str
        The login's tokens; once one of them is revoked, all are.
    now : datetime
    """
    import sqlalchemy as sa

    from mandi.store.records import Organization, RefreshToken, User

    tokens = sa.exists().where(RefreshToken.family == family, RefreshToken.user_id == user_id)
    ended = sa.exists().where(RefreshToken.family == family, RefreshToken.revoked_at.is_not(None))
    found = session.execute(
        sa.select(User, Organization)
        .join(Organization, Organization.id == User.organization_id)
        .where(User.id == user_id, tokens, ~ended)
    ).first()
    if found is None or not active(*found):
        return None
    user, organization = found
    return _principal(session, user, organization, None, None)


def active(user: User, organization: Organization) -> bool:
    """Return whether a user may ask at all."""
    return user.is_active and user.deleted_at is None and organization.active


def _principal(
    session: Session,
    user: User,
    organization: Organization,
    narrowed: frozenset[Scope] | None,
    key_id: str | None,
) -> Principal:
    scopes = role_scopes(user.role, operator=organization.id == operator_of(session))
    return Principal(
        user_id=user.id,
        organization_id=organization.id,
        pseudonym=user.pseudonym,
        role=cast(Role, user.role),
        scopes=scopes if narrowed is None else scopes & narrowed,
        tier=organization.tier,
        timezone=organization.timezone,
        daily_budget_usd=organization.daily_budget_usd,
        key_id=key_id,
        learning=cast(Literal["granted", "refused"] | None, organization.learning_consent),
    )
