"""What the service can be asked: one declaration an operation, behind its route, its contract page and its tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel

if TYPE_CHECKING:
    from starlette.requests import Request

    from mandi.serving.house import House

Role = Literal["trader", "analyst", "admin"]
Scope = Literal["open", "predict", "ai", "review", "usage", "people", "operate"]
ROLE_SCOPES: Mapping[Role, frozenset[Scope]] = {
    "trader": frozenset({"predict", "ai", "usage"}),
    "analyst": frozenset({"predict", "ai", "usage", "review"}),
    "admin": frozenset({"predict", "ai", "usage", "review", "people", "operate"}),
}
"""What each role may do; ``operate`` counts only in the organisation that runs the service. A key may narrow it."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, once their key or token was found good.

    Attributes
    ----------
    pseudonym : str
        Stands for the user wherever measurements are kept.
    scopes : frozenset of str
        What the role allows, narrowed by the key.
    key_id : str, optional
        Of the API key; None when a token of a login was shown.
    learning : str, optional
        Consent of the organisation to learning from its words; None where it decided nothing.
    """

    user_id: str
    organization_id: str
    pseudonym: str
    role: Role
    scopes: frozenset[Scope]
    tier: str = "free"
    timezone: str = "Asia/Kolkata"
    daily_budget_usd: Decimal | None = None
    key_id: str | None = None
    learning: Literal["granted", "refused"] | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A request after it was let in and read.

    Attributes
    ----------
    principal : Principal, optional
        None only where the operation is open.
    path : mapping of str to str
        Parameters of the path, as text of at most 64 letters, digits, ``_``, ``-`` and ``.``; one declared as
        ``{name:path}`` may also hold ``/``, ``:`` and ``@`` and be 200 long.
    body, query : object
        What the operation declares, validated; None where it declares none. With several shapes of body, the JSON object as it is.
    request_id : str
        Made here or the caller's own, when it is a plain one.
    """

    house: House
    request: Request
    request_id: str
    principal: Principal | None
    path: Mapping[str, str]
    query: Any
    body: Any

    @property
    def who(self) -> Principal:
        """Return the principal of an operation that is not open."""
        if self.principal is None:
            raise RuntimeError("an open operation asked who is there")
        return self.principal


@dataclass(frozen=True, slots=True)
class Stream:
    """Answers with server-sent events; each item is one whole event, its blank line included."""

    events: AsyncIterator[bytes]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """An answer with a status of its own, one of the operation's ``others``, or with headers."""

    status: int
    answer: BaseModel
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Asked], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path.

    Attributes
    ----------
    scope : str
        What the caller must be allowed to do; ``open`` needs nobody.
    bodies, answers : tuple of type
        Shapes of the body and of the answer, one of them each. A single body is validated before the handler is called.
    query : type, optional
        Shape of the query; its fields are read from text.
    streams : bool
        The answer is, or may be, ``text/event-stream``.
    owned : mapping of str to str
        Path parameter to the kind of record it names: the caller's organisation must own it, and others are told it is not there.
    others : mapping of int to type
        Shapes of good answers with another status, as 202 when a person will answer.
    problems : tuple of int
        Statuses beside 400, 401, 403, 413 and 503 that a refusal may have.
    wire : str
        Shape of refusals: ``house`` or ``openai``.
    examples : mapping
        Name to a body that is answered.
    headers : mapping of str to str
        Headers a good answer may have, by the name of their description in the contract.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    summary: str
    handler: Handler
    scope: Scope
    bodies: tuple[type[BaseModel], ...] = ()
    query: type[BaseModel] | None = None
    answers: tuple[type[BaseModel], ...] = ()
    status: int = 200
    streams: bool = False
    owned: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[int, type[BaseModel]] = field(default_factory=dict)
    problems: tuple[int, ...] = ()
    wire: Literal["house", "openai"] = "house"
    examples: Mapping[str, Any] = field(default_factory=dict)
    tag: str = "models"
    most_kib: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
