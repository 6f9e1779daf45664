"""What is said about accounts over HTTP, field by field. No answer holds a hash; a secret is in the answer that made it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from mandi.core.strict import WHOLE, Strict
from mandi.serving.accounts.names import Email, Title, UserName, Zone
from mandi.serving.accounts.organizations import TIMEZONE, Tier
from mandi.serving.accounts.passwords import SHORTEST
from mandi.serving.operations import Role

GivenScope = Literal["predict", "ai", "review", "usage", "people", "operate"]
Secret = Annotated[SecretStr, Field(min_length=1, max_length=128)]
NewSecret = Annotated[Secret, Field(json_schema_extra={"minLength": SHORTEST})]
Days = Annotated[int, Field(ge=1, le=3650), WHOLE]
Usd = Annotated[float, Field(ge=0, le=100_000)]


class Answer(BaseModel):
    """An answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class _Change(Strict):
    """Changes what is given and leaves the rest."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    @model_validator(mode="after")
    def _something(self) -> _Change:
        if not self.model_fields_set:
            raise ValueError(f"nothing is to be changed; allowed: {', '.join(type(self).model_fields)}")
        return self


class LoginRequest(Strict):
    """A name and its password."""

    username: str = Field(min_length=1, max_length=100, description="case does not matter")
    password: Secret


class RefreshRequest(Strict):
    """Asks for the next tokens of a login."""

    refresh_token: Secret = Field(description="good once; using it a second time ends the login")


class TokensAnswer(Answer):
    """Tokens of a login, shown once."""

    access_token: str = Field(description="for Authorization: Bearer")
    token_type: Literal["bearer"] = "bearer"
    expires_in: int = Field(description="seconds until the access token is over")
    refresh_token: str = Field(description="for POST /api/v1/auth/refresh, once")
    refresh_expires_in: int = Field(description="seconds until the refresh token is over")


class PasswordRequest(Strict):
    """A new password of one's own."""

    current_password: Secret
    new_password: NewSecret = Field(description="12 to 128 characters, not the name")


class KeyRequest(Strict):
    """A key that is to be made."""

    name: Title = Field(description="what it is for")
    scopes: list[GivenScope] | None = Field(
        default=None, min_length=1, max_length=6, description="what it allows; all that you may if not given"
    )
    expires_in_days: Days | None = Field(default=365, description="days; null is a key that does not end")


class RotateRequest(Strict):
    """Replaces a key by a new one."""

    grace_minutes: Annotated[int, Field(ge=0, le=7 * 24 * 60), WHOLE] = Field(
        default=60, description="minutes that the old key stays good"
    )


class KeyAnswer(Answer):
    """A key, without what would let one use it."""

    key_id: str
    name: str
    prefix: str = Field(description="its first characters, to tell keys apart")
    user_id: str
    scopes: list[str] = Field(description="narrowed further by what its user may do")
    created_at: datetime
    last_used_at: datetime | None = Field(description="to the minute; null if never")
    expires_at: datetime | None
    revoked_at: datetime | None
    replaced_by: str | None = Field(description="the key it was rotated to")


class NewKeyAnswer(KeyAnswer):
    """A key that was made just now."""

    key: str = Field(description="the key itself, shown this once")


class KeysAnswer(Answer):
    """Keys, newest first."""

    keys: list[KeyAnswer]


class UserRequest(Strict):
    """Somebody who is to be added to one's organisation."""

    username: UserName = Field(description="letters of any script, digits, . _ - @ +; unique in the service")
    password: NewSecret | None = Field(
        default=None, description="12 to 128 characters; without one, no login"
    )
    email: Email | None = None
    role: Role = "trader"


class UserChange(_Change):
    """What changes about somebody; a new password or being shut out ends their logins."""

    role: Role | None = None
    is_active: bool | None = None
    email: Email | None = None
    password: NewSecret | None = Field(default=None, description="12 to 128 characters")


class UserAnswer(Answer):
    """Somebody of an organisation."""

    user_id: str
    organization_id: str
    username: str
    email: str | None
    role: str
    is_active: bool
    has_password: bool = Field(description="whether a login is possible")
    last_login: datetime | None
    created_at: datetime


class UsersAnswer(Answer):
    """People by name."""

    users: list[UserAnswer]


class ErasedAnswer(Answer):
    """What was deleted of somebody who was erased."""

    conversations: int
    deals: int
    generations: int = Field(description="answers that were kept to learn from")
    opinions: int
    tutor_pairs: int
    dataset_versions: list[str] = Field(
        description="versions of the datasets that were made before and still hold words of theirs; the next one has none"
    )


class OrganizationChange(_Change):
    """What changes about one's own organisation."""

    name: Title | None = None
    timezone: Zone | None = Field(default=None, description="when its day begins")
    learning_consent: Literal["granted", "refused"] | None = Field(
        default=None,
        description="whether words of its calls may be kept, scrubbed, to learn from; refused deletes what was kept, null is "
        "what the service does by default",
    )


class OrganizationTerms(_Change):
    """What the operator changes about an organisation."""

    name: Title | None = None
    timezone: Zone | None = None
    tier: Tier | None = None
    daily_budget_usd: Usd | None = Field(
        default=None, description="US dollars a day for answers in language; null is that of the tier"
    )
    active: bool | None = Field(default=None, description="false shuts all its people out")


class OrganizationRequest(Strict):
    """An organisation that is to be added, with its first administrator."""

    name: Title
    tier: Tier = "free"
    timezone: Zone = TIMEZONE
    daily_budget_usd: Usd | None = None
    administrator: UserName
    password: NewSecret = Field(description="of the administrator; 12 to 128 characters")
    email: Email | None = None


class OrganizationAnswer(Answer):
    """An organisation."""

    organization_id: str
    name: str
    tier: str
    timezone: str
    daily_budget_usd: float | None = Field(description="US dollars; null is that of the tier")
    active: bool
    operator: bool = Field(description="whether it runs the service")
    learning_consent: str | None = Field(
        description="granted or refused, to learning from the words of its calls; null is what the service does by default"
    )
    created_at: datetime


class OrganizationsAnswer(Answer):
    """Organisations by name."""

    organizations: list[OrganizationAnswer]


class NewOrganizationAnswer(OrganizationAnswer):
    """An organisation that was added just now."""

    administrator: UserAnswer


class MeAnswer(Answer):
    """Who asks, and what they may do."""

    user: UserAnswer
    organization: OrganizationAnswer
    scopes: list[str]
    key_id: str | None = Field(description="of the key that was shown; null for a login")


class AuditQuery(Strict):
    """A page of the record."""

    limit: int = Field(default=50, ge=1, le=500)
    before: str | None = Field(
        default=None, pattern="^[A-Za-z0-9_-]{1,64}$", description="`next` of the page before"
    )
    action: str | None = Field(
        default=None, pattern=r"^[a-z_.]{1,64}$", description="only these, as in user.create"
    )
    organization_id: str | None = Field(
        default=None, pattern="^[A-Za-z0-9_-]{1,64}$", description="whose; the operator sees all if not given"
    )


class AuditEventAnswer(Answer):
    """Something that was done."""

    event_id: str
    at: datetime
    organization_id: str | None
    actor: str = Field(description="id of a user, or system")
    action: str
    target: str
    details: dict[str, object]
    request_id: str | None


class AuditAnswer(Answer):
    """What was done, newest first."""

    events: list[AuditEventAnswer]
    next: str | None = Field(description="give it as `before` for the next page; null at the end")
