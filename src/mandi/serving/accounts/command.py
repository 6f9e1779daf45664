"""Keys from the command line, on the database itself: `mandi key create`, `list` and `revoke` need no running service."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast, get_args

from mandi.core.errors import MandiError, UnknownValue, nearest
from mandi.serving.accounts import keys, people
from mandi.serving.accounts.audit import audit
from mandi.serving.accounts.bootstrap import ADMINISTRATOR, first_accounts
from mandi.serving.accounts.gate import CHANGES
from mandi.serving.accounts.names import title, user_name
from mandi.serving.accounts.opening import first_key, open_database
from mandi.serving.accounts.secrets import new_secret
from mandi.serving.operations import Scope
from mandi.serving.problems import Refused
from mandi.serving.settings import Settings, load

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from mandi.store.database import Database
    from mandi.store.records import ApiKey, User

SCOPES = tuple(scope for scope in get_args(Scope) if scope != "open")


def settings_of(root: Path, env_file: Path | None = None) -> Settings:
    """Return the settings of a project, with its folder of data as a whole path.

    Parameters
    ----------
    root : Path
        The project.
    env_file : Path, optional
        The project's ``.env`` if not given.

    Raises
    ------
    ConfigError
        They cannot be used.
    """
    settings = load(env_file or root / ".env")
    return settings.model_copy(update={"data_folder": (root / settings.data_folder).resolve()})


def how_to_ask(settings: Settings) -> str:
    """Return how to come by a key, for the greeting of the service; the first start makes one and shows it here.

    Parameters
    ----------
    settings : Settings
    """
    database = open_database(settings)
    try:
        made = first_key(settings, database, make=True)
    finally:
        database.close()
    if made is None:
        return "MANDI_KEY is a key of yours; `mandi key create NAME` makes another one, `mandi key list` shows them"
    if made.given:
        return 'the first key is that of MANDI_BOOTSTRAP_KEY: export MANDI_KEY="$MANDI_BOOTSTRAP_KEY"'
    return f"the first key, shown this once: export MANDI_KEY={made.secret}"


def create(root: Path, name: str, user: str, scopes: Sequence[str], days: int | None) -> str:
    """Make a key and return it with what to do with it; makes the first accounts where there are none.

    Parameters
    ----------
    root : Path
        The project.
    name : str
        What the key is for.
    user : str
        Name of its user.
    scopes : sequence of str
        What it allows; all that the user may if empty.
    days : int, optional
        When it ends; never if not given.

    Raises
    ------
    UnknownValue
        There is no such user or scope, the user may not do that, or the name cannot be used.
    """
    for scope in scopes:
        if scope not in SCOPES:
            raise UnknownValue(f'no scope "{scope}"{nearest(scope, SCOPES)}', allowed=", ".join(SCOPES))
    named, now = _read(title, name), datetime.now(UTC)

    def write(session: Session) -> str:
        first_accounts(session, now)
        whose = _user(session, user)
        key, secret = keys.make(
            session, whose, named, now,
            scopes=cast(Sequence[Scope], scopes) or None,
            expires_at=None if days is None else now + timedelta(days=days),
        )  # fmt: skip
        audit(
            session, None, "key.create", f"key:{key.id}", {"scopes": key.scopes},
            organization_id=whose.organization_id, at=now,
        )  # fmt: skip
        return secret

    with _records(root) as (database, settings):
        first_key(settings, database, make=False)
        secret = _told(database, write)
    return f"shown this once: export MANDI_KEY={secret}"


def show(root: Path) -> str:
    """Return a line for each key: its beginning, whose it is, what for, what it allows, and its days."""
    from mandi.store.records import Organization, User

    def look(session: Session) -> list[tuple[ApiKey, User, Organization]]:
        import sqlalchemy as sa

        from mandi.store.records import ApiKey

        rows = (
            sa.select(ApiKey, User, Organization)
            .join(User, User.id == ApiKey.user_id)
            .join(Organization, Organization.id == ApiKey.organization_id)
        )
        return [row._tuple() for row in session.execute(rows.order_by(Organization.name, ApiKey.created_at))]

    with _records(root) as (database, _):
        found = database.read(look)
    if not found:
        return "there are no keys yet; `mandi key create NAME` makes one"
    now = datetime.now(UTC)
    return "\n".join(
        f"{key.prefix}...  {organization.name}/{user.username}  {key.name}  [{' '.join(key.scopes)}]  {_state(key, now)}"
        for key, user, organization in found
    )


def revoke(root: Path, which: str) -> str:
    """Revoke the key of an id or of a beginning that only one has, and return which that was.

    Raises
    ------
    UnknownValue
        No key, or several, begin so.
    """
    now = datetime.now(UTC)

    def write(session: Session) -> str:
        import sqlalchemy as sa

        from mandi.store.records import ApiKey

        rows = sa.select(ApiKey).where(sa.or_(ApiKey.id == which, ApiKey.prefix == which[: keys.SHOWN]))
        found = [key for key in session.scalars(rows) if key.revoked_at is None and len(which) >= keys.SHOWN]
        if len(found) != 1:
            raise UnknownValue(
                f"{len(found)} keys begin so",
                allowed="the id or the first 8 characters of a key",
                next_command="mandi key list",
            )
        (key,) = found
        keys.revoke(session, key, now)
        audit(session, None, "key.revoke", f"key:{key.id}", organization_id=key.organization_id, at=now)
        return f"{key.prefix}... ({key.name}) is revoked"

    with _records(root) as (database, settings):
        told = database.write(write)
        _announce(database, settings)
    return told


@contextmanager
def _records(root: Path) -> Iterator[tuple[Database, Settings]]:
    settings = settings_of(root)
    database = open_database(settings)
    try:
        yield database, settings
    finally:
        database.close()


def _announce(database: Database, settings: Settings) -> None:
    from mandi.store.open import open_state

    try:
        state = open_state(settings.redis_url.get_secret_value() if settings.redis_url else None, database)
        state.write(CHANGES, new_secret("key").encode())
        state.close()
    except MandiError:
        return  # workers look keys up again within seconds anyway


def _user(session: Session, name: str) -> User:
    found = people.by_name(session, _read(user_name, name))
    if found is None or not found.is_active:
        raise UnknownValue(f'no active user "{name}"', allowed=f"for example {ADMINISTRATOR}")
    return found


def _told(database: Database, write: Callable[[Session], str]) -> str:
    try:
        return database.write(write)
    except Refused as refused:
        raise UnknownValue(refused.problem.error, allowed=refused.problem.allowed) from None


def _read(read: Callable[[str], str], given: str) -> str:
    try:
        return read(given)
    except ValueError as error:
        raise UnknownValue(f'"{given}": {error}') from None


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked_at is not None:
        return f"revoked {key.revoked_at:%Y-%m-%d}"
    if key.expires_at is not None and key.expires_at <= now:
        return f"over since {key.expires_at:%Y-%m-%d}"
    until = "no end" if key.expires_at is None else f"until {key.expires_at:%Y-%m-%d}"
    used = "never used" if key.last_used_at is None else f"last used {key.last_used_at:%Y-%m-%d %H:%M}"
    return f"{until}, {used}"
