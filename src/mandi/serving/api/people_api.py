"""People and organisations over HTTP: added, listed, changed, erased."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anyio.to_thread import run_sync

from mandi.serving.accounts import organizations, people
from mandi.serving.accounts.audit import audit
from mandi.serving.accounts.office import office_of
from mandi.serving.accounts.opening import STATE
from mandi.serving.accounts.passwords import NOBODY
from mandi.serving.accounts.principals import operator_of
from mandi.serving.api.accounts_contracts import (
    ErasedAnswer,
    NewOrganizationAnswer,
    OrganizationAnswer,
    OrganizationChange,
    OrganizationRequest,
    OrganizationsAnswer,
    OrganizationTerms,
    UserAnswer,
    UserChange,
    UserRequest,
    UsersAnswer,
)
from mandi.serving.api.accounts_told import organization_told, usable, user_told
from mandi.serving.api.rooms import room, written_down
from mandi.serving.operations import Asked, Operation

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from mandi.store.async_state import AsyncState

USERS = "/api/v1/users"
OWN = "/api/v1/organization"
ALL = "/api/v1/organizations"
TAG = "accounts"
OWNED = {"user_id": "user"}
CACHED = ("answer:", "answered-from:", "near:", "flight:")
"""Answers and questions that are kept for a while do not say whose words they are, so all of them go."""
NEVER_NULL = ("name", "timezone", "tier", "active")  # null for these says no more than leaving them out


def people_operations() -> list[Operation]:
    """Return what administrators ask about their people and their organisation, and the operator about all organisations."""
    return [
        Operation(
            "POST", USERS, "Add somebody to one's organisation", _add, "people",
            bodies=(UserRequest,), answers=(UserAnswer,), status=201, problems=(409,), tag=TAG, most_kib=8,
            examples={"a trader": {"username": "priya", "password": "seven bags of cotton", "role": "trader"}},
        ),
        Operation("GET", USERS, "The people of one's organisation", _list, "people", answers=(UsersAnswer,), tag=TAG),
        Operation(
            "PATCH", f"{USERS}/{{user_id}}", "Change somebody's role, address or password, or shut them out", _change,
            "people", bodies=(UserChange,), answers=(UserAnswer,), owned=OWNED, problems=(409,), tag=TAG, most_kib=8,
            examples={"another role": {"role": "analyst"}, "shut out": {"is_active": False}},
        ),
        Operation(
            "DELETE", f"{USERS}/{{user_id}}", "Erase somebody: what they wrote is deleted, their keys and logins end",
            _erase, "people", answers=(ErasedAnswer,), owned=OWNED, problems=(409,), tag=TAG,
        ),
        Operation("GET", OWN, "One's organisation", _own, "usage", answers=(OrganizationAnswer,), tag=TAG),
        Operation(
            "PATCH", OWN, "Change the name, the time zone or the consent to learning of one's organisation", _change_own, "people",
            bodies=(OrganizationChange,), answers=(OrganizationAnswer,), problems=(409,), tag=TAG, most_kib=8,
            examples={"another day": {"timezone": "Asia/Kolkata"}, "no learning": {"learning_consent": "refused"}},
        ),
        Operation(
            "POST", ALL, "Add an organisation and its administrator", _add_organization, "operate",
            bodies=(OrganizationRequest,), answers=(NewOrganizationAnswer,), status=201, problems=(409,), tag=TAG,
            most_kib=8,
            examples={"traders": {"name": "Narmada Traders", "administrator": "asha", "password": "seven bags of cotton"}},
        ),
        Operation("GET", ALL, "All organisations", _organizations, "operate", answers=(OrganizationsAnswer,), tag=TAG),
        Operation(
            "PATCH", f"{ALL}/{{organization_id}}", "Change the terms of an organisation, or shut it out", _terms, "operate",
            bodies=(OrganizationTerms,), answers=(OrganizationAnswer,), problems=(409,), tag=TAG, most_kib=8,
            examples={"terms": {"tier": "pro", "daily_budget_usd": 25.0}},
        ),
    ]  # fmt: skip


async def _add(asked: Asked) -> Any:
    office, who, body = office_of(asked.house), asked.who, asked.body
    hashed = NOBODY
    if body.password is not None:
        password = usable(body.password, "password", body.username, body.email)
        hashed = await office.passwords.hashed(password)

    def write(session: Session) -> UserAnswer:
        people.may_give(session, who, who.organization_id, body.role)
        user = people.add(
            session,
            who.organization_id,
            body.username,
            role=body.role,
            hashed_password=hashed,
            email=body.email,
        )
        audit(
            session,
            who,
            "user.create",
            f"user:{user.id}",
            {"role": user.role},
            asked.request_id,
            at=office.now(),
        )
        return user_told(user)

    return await office.write(write)


async def _list(asked: Asked) -> Any:
    found = await office_of(asked.house).read(
        lambda session: people.listed(session, asked.who.organization_id)
    )
    return UsersAnswer(users=[user_told(user) for user in found])


async def _change(asked: Asked) -> Any:
    office, who, body, user_id = office_of(asked.house), asked.who, asked.body, asked.path["user_id"]
    user = await office.read(lambda session: people.find(session, who.organization_id, user_id))
    hashed = None
    if body.password is not None:
        hashed = await office.passwords.hashed(usable(body.password, "password", user.username, user.email))

    def write(session: Session) -> UserAnswer:
        now, user = office.now(), people.find(session, who.organization_id, user_id)
        changed = people.change(
            session, who, user, now,
            role=body.role, is_active=body.is_active, email=body.email, hashed_password=hashed,
        )  # fmt: skip
        details = {"changed": changed, "role": user.role, "is_active": user.is_active}
        audit(session, who, "user.change", f"user:{user_id}", details, asked.request_id, at=now)
        session.flush()
        return user_told(user)

    answer = await office.write(write)
    await office.gate.announce()
    return answer


async def _erase(asked: Asked) -> Any:
    from mandi.store.erasure import erase_user

    office, who, user_id = office_of(asked.house), asked.who, asked.path["user_id"]

    def shut_out(session: Session) -> None:
        now, user = office.now(), people.find(session, who.organization_id, user_id)
        people.may_erase(session, who, user, now)
        audit(session, who, "user.shut_out", f"user:{user_id}", {"role": user.role}, asked.request_id, at=now)

    await office.write(shut_out)
    await office.gate.announce()
    await written_down(asked.house)
    state: AsyncState = room(asked.house, STATE)
    erased = await run_sync(
        lambda: erase_user(
            office.database, user_id,
            actor=who.user_id, request_id=asked.request_id, clock=office.now,
            state=state.state, prefixes=CACHED,
        )
    )  # fmt: skip
    return ErasedAnswer(
        conversations=erased.conversations, deals=erased.deals, generations=erased.generations, opinions=erased.opinions,
        tutor_pairs=erased.tutor_pairs, dataset_versions=list(erased.dataset_versions),
    )  # fmt: skip


async def _own(asked: Asked) -> Any:
    return await office_of(asked.house).read(lambda session: _told(session, asked.who.organization_id))


async def _change_own(asked: Asked) -> Any:
    answer = await _changed(asked, asked.who.organization_id)
    if "learning_consent" in asked.body.model_fields_set:
        await office_of(asked.house).gate.announce()
    return answer


async def _terms(asked: Asked) -> Any:
    answer = await _changed(asked, asked.path["organization_id"])
    await office_of(asked.house).gate.announce()
    return answer


async def _changed(asked: Asked, organization_id: str) -> OrganizationAnswer:
    office, given = office_of(asked.house), asked.body.model_dump(exclude_unset=True)
    wanted = {name: value for name, value in given.items() if value is not None or name not in NEVER_NULL}

    def write(session: Session) -> OrganizationAnswer:
        organization = organizations.find(session, organization_id)
        changed = organizations.change(session, organization, wanted)
        details = {name: wanted[name] for name in changed if name != "name"} | {"changed": changed}
        audit(
            session, asked.who, "organization.change", f"organization:{organization_id}", details, asked.request_id,
            organization_id=organization_id, at=office.now(),
        )  # fmt: skip
        session.flush()
        return _told(session, organization_id)

    return await office.write(write)


async def _add_organization(asked: Asked) -> Any:
    office, body = office_of(asked.house), asked.body
    hashed = await office.passwords.hashed(usable(body.password, "password", body.administrator, body.email))

    def write(session: Session) -> NewOrganizationAnswer:
        made = organizations.add(
            session, body.name,
            tier=body.tier, timezone=body.timezone, daily_budget_usd=body.daily_budget_usd,
        )  # fmt: skip
        user = people.add(
            session, made.id, body.administrator, role="admin", hashed_password=hashed, email=body.email
        )
        details = {"tier": made.tier, "administrator": user.id}
        audit(
            session, asked.who, "organization.create", f"organization:{made.id}", details, asked.request_id,
            organization_id=made.id, at=office.now(),
        )  # fmt: skip
        told = organization_told(made, operator_of(session)).model_dump()
        return NewOrganizationAnswer(**told, administrator=user_told(user))

    return await office.write(write)


async def _organizations(asked: Asked) -> Any:
    def look(session: Session) -> OrganizationsAnswer:
        operator = operator_of(session)
        return OrganizationsAnswer(
            organizations=[organization_told(found, operator) for found in organizations.listed(session)]
        )

    return await office_of(asked.house).read(look)


def _told(session: Session, organization_id: str) -> OrganizationAnswer:
    return organization_told(organizations.find(session, organization_id), operator_of(session))
