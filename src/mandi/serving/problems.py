"""What is said when a question cannot be answered: a status, the field at fault, what is allowed, what to do next."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mandi.core.errors import (
    DataNotFound,
    MandiError,
    NotFitted,
    StaleSnapshot,
    StoreUnavailable,
    UnknownValue,
)

BAD_REQUEST = 400
UNAUTHORIZED = 401
FORBIDDEN = 403
NOT_FOUND = 404
CONFLICT = 409
TOO_LARGE = 413
TOO_MANY = 429
UNAVAILABLE = 503
OPENAI_TYPES = {
    UNAUTHORIZED: "authentication_error",
    FORBIDDEN: "permission_error",
    NOT_FOUND: "not_found_error",
    TOO_MANY: "rate_limit_error",
}
MOST_SHOWN = 20
LONGEST_NAME = 120


class BadRow(UnknownValue):
    """A field of a request cannot be used; ``field`` is its path, as in ``rows.3.market``.

    Examples
    --------
    >>> BadRow("market", 'no market "Indor"').at(3).field
    'rows.3.market'
    """

    headline = "the request cannot be answered"

    def __init__(
        self, field: str, message: str, *, allowed: str | None = None, next_command: str | None = None
    ):
        self.field = field
        super().__init__(message, allowed=allowed, next_command=next_command)

    def at(self, row: int | None) -> BadRow:
        """Return the same refusal with the field placed in its row; None is a request of a single row."""
        if row is None:
            return self
        return BadRow(
            f"rows.{row}.{self.field}", self.message, allowed=self.allowed, next_command=self.next_command
        )


@dataclass(frozen=True)
class Problem:
    """The JSON body of every refusal, and its HTTP status."""

    status: int
    error: str
    field: str | None = None
    allowed: str | None = None
    next: str | None = None
    problems: tuple[Mapping[str, str], ...] = ()
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    code: str | None = None

    def as_openai(self) -> dict[str, Any]:
        """Return the body as clients of OpenAI's routes read it.

        Examples
        --------
        >>> Problem(404, 'no model "x"', "model").as_openai()["error"]["type"]
        'not_found_error'
        """
        kind = OPENAI_TYPES.get(self.status, "invalid_request_error" if self.status < 500 else "server_error")
        message = self.error if self.allowed is None else f"{self.error}; allowed: {self.allowed}"
        return {"error": {"message": message, "type": kind, "param": self.field, "code": self.code}}

    def as_dict(self) -> dict[str, Any]:
        """Return the body: error, field, allowed, next, and all problems when there is more than one."""
        body: dict[str, Any] = {
            "error": self.error, "field": self.field, "allowed": self.allowed, "next": self.next,
        }  # fmt: skip
        if len(self.problems) > 1:
            body["problems"] = [dict(p) for p in self.problems]
        return body


class Refused(Exception):
    """Ends a request with a problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.error)
        self.problem = problem


def problem_of(error: MandiError) -> Problem:
    """Return the problem an error of the package is told as.

    Parameters
    ----------
    error : MandiError
        UnknownValue is the caller's to mend (400); StaleSnapshot, DataNotFound and NotFitted are ours (503).

    Examples
    --------
    >>> problem_of(StaleSnapshot("the history ends on 2024-05-31", next_command="mandi repro")).status
    503
    """
    if isinstance(error, (StaleSnapshot, DataNotFound, NotFitted, StoreUnavailable)):
        status = UNAVAILABLE
    else:
        status = BAD_REQUEST if isinstance(error, UnknownValue) else 500
    return Problem(status, error.message, getattr(error, "field", None), error.allowed, error.next_command)


def problem_of_validation(errors: Sequence[Mapping[str, Any]]) -> Problem:
    """Return the problem of a body that does not have the shape of its contract.

    Parameters
    ----------
    errors : sequence of mapping
        ``ValidationError.errors()`` of pydantic: type, loc, msg.

    Examples
    --------
    >>> problem_of_validation([{"type": "extra_forbidden", "loc": ("rows", 0, "colour"), "msg": "..."}]).field
    'rows.0.colour'
    """
    told = tuple({"field": _path(e), "error": _sentence(e)} for e in errors[:MOST_SHOWN])
    return Problem(BAD_REQUEST, told[0]["error"], told[0]["field"], None, "GET /docs.json", told)


def _path(error: Mapping[str, Any]) -> str:
    return ".".join(str(part)[:LONGEST_NAME] for part in error["loc"]) or "body"


def _sentence(error: Mapping[str, Any]) -> str:
    if error["type"] == "extra_forbidden":
        return f"there is no field {_path(error)}"
    if error["type"] == "missing":
        return f"the field {_path(error)} is missing"
    return f"{_path(error)}: {error['msg']}"
