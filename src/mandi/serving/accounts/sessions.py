"""A login: a token for fifteen minutes, and one that renews it once; a second use of that one ends them all."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from pydantic_core import from_json, to_json

from mandi.serving.accounts.secrets import digest, kind_of, new_secret

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from mandi.store.async_state import AsyncState
    from mandi.store.database import Database

ACCESS_S = 15 * 60
REFRESH = timedelta(days=30)
Why = Literal["unknown", "over", "ended", "raced", "reused"]


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a login gives; shown once and kept as digests.

    Attributes
    ----------
    access : str
        Good for ``access_s`` seconds.
    refresh : str
        Good for one renewal within ``refresh_s`` seconds.
    """

    user_id: str
    access: str
    refresh: str
    access_s: int = ACCESS_S
    refresh_s: int = int(REFRESH.total_seconds())


@dataclass(frozen=True, slots=True)
class Began:
    """What is kept of an access token: whose it is, of which login, and until when (seconds since 1970)."""

    user_id: str
    family: str
    until: float


class Sessions:
    """Begins, renews and ends logins.

    Refresh tokens are rotated and a reuse is answered as RFC 9700 (section 4.14.2) says. Two renewals that are under way
    together are no theft: one wins, and the other is told so. They are together when the second arrives before the first is
    answered, in this worker, or before the token was used, in another one.

    Parameters
    ----------
    database : Database
    state : AsyncState
        Keeps access tokens, in the namespace ``session``.
    told : callable
        Called after somebody was shut out.
    clock : callable
        Seconds since 1970.
    """

    def __init__(
        self,
        database: Database,
        state: AsyncState,
        told: Callable[[], Awaitable[None]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._state = state
        self._told = told
        self._clock = clock
        self._under_way: set[str] = set()

    async def begin(self, user_id: str, also: Callable[[Session], None] = lambda _: None) -> Tokens:
        """Return the tokens of a new login.

        Parameters
        ----------
        user_id : str
            Of somebody whose password was right.
        also : callable
            What else is written in the same transaction.
        """
        from mandi.store.records import new_id

        tokens, family, now = _new(user_id), new_id(), self._now()

        def write(session: Session) -> None:
            _sweep(session, user_id, now)
            session.add(_record(tokens, family, now))
            also(session)

        await self._database.awrite(write)
        await self._open(tokens, family)
        return tokens

    async def renew(self, refresh: str) -> Tokens | Why:
        """Return new tokens for a refresh token, or why there are none.

        Parameters
        ----------
        refresh : str

        Returns
        -------
        Tokens or str
            ``reused``: it had been used before, so that one of the two who have it is a thief: the login is over for both.
            ``raced``: another request that was under way used it first. ``over``: it is too old. ``ended``: by a logout, or
            the user is not active. ``unknown``.
        """
        if kind_of(refresh) != "refresh":
            return "unknown"
        arrived, hashed = self._now(), digest(refresh)
        if hashed in self._under_way:
            return "raced"
        self._under_way.add(hashed)
        try:
            if not await self._database.aread(lambda session: _is_known(session, hashed)):
                return "unknown"  # whoever makes tokens up takes no writer's turn
            outcome = await self._database.awrite(lambda session: self._renewed(session, hashed, arrived))
            if isinstance(outcome, tuple):
                tokens, family = outcome
                await self._open(tokens, family)
                return tokens
        finally:
            self._under_way.discard(hashed)
        if outcome == "reused":
            await self._told()
        return outcome

    async def end(self, access: str) -> bool:
        """End the login of an access token: both its tokens are good no more. Returns whether there was one."""
        key = place(digest(access))
        began = read(await self._state.read(key), self._clock())
        if began is None:
            return False
        now = self._now()
        await self._database.awrite(lambda session: end_family(session, began.family, now))
        await self._state.remove(key)
        await self._told()
        return True

    def _renewed(self, session: Session, hashed: str, arrived: datetime) -> tuple[Tokens, str] | Why:
        import sqlalchemy as sa

        from mandi.serving.accounts.principals import active
        from mandi.store.records import Organization, RefreshToken, User

        now = self._now()
        other = sa.orm.aliased(RefreshToken)
        ended = sa.exists().where(other.family == RefreshToken.family, other.revoked_at.is_not(None))
        won = session.execute(
            sa.update(RefreshToken)
            .where(RefreshToken.hash == hashed, RefreshToken.used_at.is_(None), RefreshToken.expires_at > now)
            .where(RefreshToken.revoked_at.is_(None), ~ended)
            .values(used_at=now)
            .execution_options(synchronize_session=False)
        )
        kept = session.get(RefreshToken, hashed)
        if kept is None:
            return "unknown"
        if won.rowcount != 1:  # type: ignore[attr-defined]
            return self._lost(session, kept, arrived, now)
        user = session.get_one(User, kept.user_id)
        if not active(user, session.get_one(Organization, user.organization_id)):
            end_family(session, kept.family, now)
            return "ended"
        tokens = _new(user.id)
        session.add(_record(tokens, kept.family, now))
        return tokens, kept.family

    def _lost(self, session: Session, kept: Any, arrived: datetime, now: datetime) -> Why:
        if kept.revoked_at is not None:
            return "ended"
        if kept.used_at is None:
            return "over" if kept.expires_at <= now else "ended"
        if arrived < kept.used_at:
            return "raced"
        end_family(session, kept.family, now)
        return "reused"

    async def _open(self, tokens: Tokens, family: str) -> None:
        began = {"user": tokens.user_id, "family": family, "until": self._clock() + ACCESS_S}
        await self._state.write(place(digest(tokens.access)), to_json(began), ttl_s=ACCESS_S)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)


def place(hashed: str) -> str:
    """Return the key of an access token in the shared state."""
    return f"session:{hashed}"


def read(document: bytes | None, now: float) -> Began | None:
    """Return what is kept of an access token, None when there is nothing or it is over.

    Examples
    --------
    >>> kept = b'{"user": "u", "family": "f", "until": 100.0}'
    >>> read(kept, 99.0), read(kept, 100.0)
    (Began(user_id='u', family='f', until=100.0), None)
    """
    if document is None:
        return None
    kept = from_json(document)
    began = Began(kept["user"], kept["family"], kept["until"])
    return began if now < began.until else None


def end_family(session: Session, family: str, now: datetime) -> None:
    """End a login. One revoked token ends its family, so a token that is added meanwhile is not good either."""
    _revoke(session, now, family=family)


def end_all(session: Session, user_id: str, now: datetime) -> None:
    """End all logins of a user."""
    _revoke(session, now, user_id=user_id)


def _revoke(session: Session, now: datetime, **whose: str) -> None:
    import sqlalchemy as sa

    from mandi.store.records import RefreshToken

    session.execute(
        sa.update(RefreshToken)
        .filter_by(**whose)
        .where(RefreshToken.revoked_at.is_(None))
        .values(revoked_at=now)
        .execution_options(synchronize_session=False)
    )


def _is_known(session: Session, hashed: str) -> bool:
    from mandi.store.records import RefreshToken

    return session.get(RefreshToken, hashed) is not None


def _sweep(session: Session, user_id: str, now: datetime) -> None:
    import sqlalchemy as sa

    from mandi.store.records import RefreshToken

    over = now - REFRESH  # families hold a revoked token as long as an access token may live
    session.execute(
        sa.delete(RefreshToken).where(RefreshToken.user_id == user_id, RefreshToken.expires_at < over)
    )


def _new(user_id: str) -> Tokens:
    return Tokens(user_id, new_secret("access"), new_secret("refresh"))


def _record(tokens: Tokens, family: str, now: datetime) -> Any:
    from mandi.store.records import RefreshToken

    return RefreshToken(
        hash=digest(tokens.refresh),
        user_id=tokens.user_id,
        family=family,
        created_at=now,
        expires_at=now + REFRESH,
    )
