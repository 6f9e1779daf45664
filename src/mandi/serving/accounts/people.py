"""People of an organisation: added, changed, shut out and erased by those who may give what they have."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from mandi.serving.accounts import keys, sessions
from mandi.serving.accounts.passwords import NOBODY
from mandi.serving.accounts.principals import operator_of, role_scopes
from mandi.serving.dispatch import not_found
from mandi.serving.operations import Principal, Role
from mandi.serving.problems import CONFLICT, FORBIDDEN, Problem, Refused

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from mandi.store.records import User


def find(session: Session, organization_id: str, user_id: str) -> User:
    """Return a user of an organisation.

    Raises
    ------
    Refused
        404; there is none, or it is another organisation's, or was erased.
    """
    from mandi.store.records import User

    user = session.get(User, user_id)
    if user is None or user.organization_id != organization_id or user.deleted_at is not None:
        raise not_found("user", user_id)
    return user


def by_name(session: Session, username: str) -> User | None:
    """Return the user of a name, in whatever organisation."""
    import sqlalchemy as sa

    from mandi.store.records import User

    return session.scalar(sa.select(User).where(User.username == username, User.deleted_at.is_(None)))


def listed(session: Session, organization_id: str) -> list[User]:
    """Return the users of an organisation by name, those shut out too."""
    import sqlalchemy as sa

    from mandi.store.records import User

    rows = sa.select(User).where(User.organization_id == organization_id, User.deleted_at.is_(None))
    return list(session.scalars(rows.order_by(User.username)))


def add(
    session: Session,
    organization_id: str,
    username: str,
    *,
    role: Role,
    hashed_password: str = NOBODY,
    email: str | None = None,
) -> User:
    """Add a user.

    Parameters
    ----------
    session : Session
    organization_id : str
    username : str
        As ``names.user_name`` gives it.
    role : str
    hashed_password : str
        Without one the user has keys and no login.
    email : str, optional

    Raises
    ------
    Refused
        409; the name or the address is taken.
    """
    from mandi.store.records import User, new_id

    _free(session, "username", username)
    _free(session, "email", email)
    user = User(
        id=new_id(), organization_id=organization_id, username=username, email=email, role=role,
        hashed_password=hashed_password,
    )  # fmt: skip
    session.add(user)
    session.flush()
    return user


def may_give(session: Session, principal: Principal, organization_id: str, role: str) -> None:
    """Refuse who would give somebody more than they have themselves.

    A key that may manage people but was narrowed otherwise could else make an administrator and log in as one.

    Raises
    ------
    Refused
        403.
    """
    scopes = role_scopes(role, operator=organization_id == operator_of(session))
    if scopes - principal.scopes:
        raise Refused(
            Problem(FORBIDDEN, f"a {role} may do more than this key may", "role", "a role that may do less")
        )


def change(
    session: Session,
    principal: Principal,
    user: User,
    now: datetime,
    *,
    role: Role | None = None,
    is_active: bool | None = None,
    email: str | None = None,
    hashed_password: str | None = None,
) -> list[str]:
    """Change a user of one's organisation and return what was changed.

    A new password, or being shut out, ends all logins.

    Raises
    ------
    Refused
        403; who asks may do less than the user may or would. 409; nobody would be left who manages people, or the address is taken.
    """
    may_give(session, principal, user.organization_id, user.role)
    if role is not None and role != user.role:
        may_give(session, principal, user.organization_id, role)
    if user.role == "admin" and (role not in (None, "admin") or is_active is False):
        _keep_one_admin(session, user)
    if email is not None and email != user.email:
        _free(session, "email", email)
    wanted = {"role": role, "is_active": is_active, "email": email, "hashed_password": hashed_password}
    changed = {name: value for name, value in wanted.items() if value not in (None, getattr(user, name))}
    for name, value in changed.items():
        setattr(user, name, value)
    if hashed_password is not None or is_active is False:
        sessions.end_all(session, user.id, now)
    return ["password" if name == "hashed_password" else name for name in changed]


def may_erase(session: Session, principal: Principal, user: User, now: datetime) -> None:
    """Shut a user out for good, before what they left is erased.

    Raises
    ------
    Refused
        403 or 409, as for a change.
    """
    may_give(session, principal, user.organization_id, user.role)
    if user.role == "admin":
        _keep_one_admin(session, user)
    user.is_active = False
    keys.revoke_all(session, user.id, now)
    sessions.end_all(session, user.id, now)


def _keep_one_admin(session: Session, user: User) -> None:
    import sqlalchemy as sa

    from mandi.store.records import User

    # locked, so that two administrators cannot shut each other out at the same moment
    rows = sa.select(User.id).where(
        User.organization_id == user.organization_id,
        User.role == "admin",
        User.is_active.is_(True),
        User.deleted_at.is_(None),
    )
    others = [found for found in session.scalars(rows.with_for_update()) if found != user.id]
    if not others:
        raise Refused(
            Problem(
                CONFLICT, "this is the last administrator of the organisation", None, None,
                "POST /api/v1/users makes another one",
            )
        )  # fmt: skip


def _free(session: Session, field: str, value: str | None) -> None:
    import sqlalchemy as sa

    from mandi.store.records import User

    if value is None:
        return
    if session.scalar(sa.select(User.id).where(getattr(User, field) == value)) is not None:
        raise Refused(Problem(CONFLICT, f"this {field} is taken", field, "another one"))
