"""The first start: an organisation that runs the service, an administrator, and the one key that opens everything."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mandi.core.errors import ConfigError
from mandi.serving.accounts import keys, organizations, people
from mandi.serving.accounts.audit import audit
from mandi.serving.accounts.principals import OPERATOR
from mandi.serving.accounts.secrets import kind_of
from mandi.serving.problems import Refused

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from mandi.store.database import Database
    from mandi.store.records import User

ORGANIZATION = "local"
ADMINISTRATOR = "admin"
FIRST_KEY = "first key"
GIVEN_KEY = "MANDI_BOOTSTRAP_KEY"
DIFFERENT = 12  # characters; 43 random ones have about 32


@dataclass(frozen=True)
class FirstKey:
    """What the first start made.

    Attributes
    ----------
    secret : str
        The only copy of the key; left out of the text of this object.
    given : bool
        It was chosen by whoever runs the service, who knows it already.
    """

    secret: str = field(repr=False)
    given: bool


def bootstrap(database: Database, given: str | None = None) -> FirstKey | None:
    """Make the first accounts of an empty database; do nothing to one that has some.

    Workers may start together: one of them makes the accounts.

    Parameters
    ----------
    database : Database
        Upgraded.
    given : str, optional
        The key, chosen by whoever runs the service; made here if not given.

    Returns
    -------
    FirstKey or None
        None when there were accounts.

    Raises
    ------
    ConfigError
        The given key is too short to be one.
    """
    from sqlalchemy.exc import IntegrityError

    if given is not None:
        check_given(given)
    if database.read(any_account):
        return None
    try:
        secret = database.write(lambda session: _first(session, given))
    except (IntegrityError, Refused):  # another worker was first, under the same unique names
        if not database.read(any_account):
            raise
        return None
    return None if secret is None else FirstKey(secret, given is not None)


def any_account(session: Session) -> bool:
    """Return whether there are accounts."""
    import sqlalchemy as sa

    from mandi.store.records import Organization

    return session.scalar(sa.select(Organization.id).limit(1)) is not None


def check_given(secret: str) -> None:
    """Raise ConfigError unless a key from outside is long enough to be one; it is not told back.

    Examples
    --------
    >>> check_given("mk_admin")
    Traceback (most recent call last):
    ...
    mandi.core.errors.ConfigError: MANDI_BOOTSTRAP_KEY has 8 characters, or repeats few
      allowed: 43 to 128 letters, digits, - and _, at random
      next: python -c "import secrets; print('mk_' + secrets.token_urlsafe(32))"
    """
    if kind_of(secret) != "key" or len(set(secret)) < DIFFERENT:
        raise ConfigError(
            f"{GIVEN_KEY} has {len(secret)} characters, or repeats few",
            allowed="43 to 128 letters, digits, - and _, at random",
            next_command="python -c \"import secrets; print('mk_' + secrets.token_urlsafe(32))\"",
        )


def first_accounts(session: Session, now: datetime) -> User | None:
    """Add the organisation that runs the service and its administrator, who has no key and no password yet.

    Returns
    -------
    User or None
        None when there were accounts.
    """
    from mandi.store.records import SystemConfig

    if any_account(session):
        return None
    organization = organizations.add(session, ORGANIZATION, tier="enterprise")
    session.add(SystemConfig(key=OPERATOR, value=organization.id))
    session.flush()
    user = people.add(session, organization.id, ADMINISTRATOR, role="admin")
    audit(session, None, "bootstrap", f"user:{user.id}", organization_id=organization.id, at=now)
    return user


def _first(session: Session, given: str | None) -> str | None:
    now = datetime.now(UTC)
    user = first_accounts(session, now)
    if user is None:
        return None
    key, secret = keys.make(session, user, FIRST_KEY, now, secret=given)
    audit(session, None, "key.create", f"key:{key.id}", organization_id=user.organization_id, at=now)
    return secret
