"""From records of accounts to what is told about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from starlette.responses import Response

from mandi.core.errors import UnknownValue
from mandi.serving.accounts.passwords import NOBODY, check_new
from mandi.serving.api.accounts_contracts import (
    AuditEventAnswer,
    KeyAnswer,
    OrganizationAnswer,
    TokensAnswer,
    UserAnswer,
)
from mandi.serving.problems import BAD_REQUEST, Problem, Refused

if TYPE_CHECKING:
    from pydantic import BaseModel, SecretStr

    from mandi.serving.accounts.sessions import Tokens
    from mandi.store.records import ApiKey, AuditEvent, Organization, User

A = TypeVar("A", bound=KeyAnswer)


def key_told(record: ApiKey, shape: type[A], **more: str) -> A:
    """Return what is told about a key, in its shape with or without the key itself."""
    return shape(
        key_id=record.id,
        name=record.name,
        prefix=record.prefix,
        user_id=record.user_id,
        scopes=record.scopes,
        created_at=record.created_at,
        last_used_at=record.last_used_at,
        expires_at=record.expires_at,
        revoked_at=record.revoked_at,
        replaced_by=record.replaced_by,
        **more,
    )


def user_told(user: User) -> UserAnswer:
    """Return what is told about a user."""
    return UserAnswer(
        user_id=user.id,
        organization_id=user.organization_id,
        username=user.username,
        email=user.email,
        role=user.role,
        is_active=user.is_active,
        has_password=user.hashed_password != NOBODY,
        last_login=user.last_login,
        created_at=user.created_at,
    )


def organization_told(organization: Organization, operator: str | None) -> OrganizationAnswer:
    """Return what is told about an organisation."""
    budget = organization.daily_budget_usd
    return OrganizationAnswer(
        organization_id=organization.id,
        name=organization.name,
        tier=organization.tier,
        timezone=organization.timezone,
        daily_budget_usd=None if budget is None else float(budget),
        active=organization.active,
        operator=organization.id == operator,
        learning_consent=organization.learning_consent,
        created_at=organization.created_at,
    )


def event_told(event: AuditEvent) -> AuditEventAnswer:
    """Return what is told about something that was done."""
    return AuditEventAnswer(
        event_id=event.id,
        at=event.at,
        organization_id=event.organization_id,
        actor=event.actor,
        action=event.action,
        target=event.target,
        details=event.details,
        request_id=event.request_id,
    )


def tokens_told(tokens: Tokens) -> TokensAnswer:
    """Return the tokens of a login."""
    return TokensAnswer(
        access_token=tokens.access,
        expires_in=tokens.access_s,
        refresh_token=tokens.refresh,
        refresh_expires_in=tokens.refresh_s,
    )


def once(answer: BaseModel, status: int = 200) -> Response:
    """Return an answer that holds a secret: nothing on its way may keep it."""
    return Response(
        answer.model_dump_json(),
        status_code=status,
        media_type="application/json",
        headers={"cache-control": "no-store"},
    )


def usable(password: SecretStr, field: str, *names: str | None) -> str:
    """Return a new password.

    Raises
    ------
    Refused
        400; it may not be used, and why.
    """
    try:
        return check_new(password.get_secret_value(), *names)
    except UnknownValue as error:
        raise Refused(Problem(BAD_REQUEST, error.message, field, error.allowed)) from None
