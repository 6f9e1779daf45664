"""Reads a parsed body into questions: sizes are checked first, so that a refusal costs no more than an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from mandi.serving.contracts import OTHER_NAMES, QualityParams
from mandi.serving.counter import Shapes
from mandi.serving.problems import (
    BAD_REQUEST,
    LONGEST_NAME,
    MOST_SHOWN,
    Problem,
    Refused,
    problem_of_validation,
)

QUALITY = "quality_params"
T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True)
class Asked:
    """The rows of a request, whether reasons are wanted, and whether it was a batch."""

    rows: list[Any]
    explain: bool
    many: bool


def asked_of(body: Mapping[str, Any], shape: Shapes, max_rows: int) -> Asked:
    """Return the request a JSON object is.

    Parameters
    ----------
    body : mapping
        Many rows when it has ``rows``, else one.
    shape : Shapes
        Of the counter it is for.
    max_rows : int
        Rows allowed in one request.

    Raises
    ------
    Refused
        The body does not have the shape of its contract. No more errors are built than are shown.

    Examples
    --------
    >>> from mandi.serving.counter import shapes
    >>> from mandi.serving.counters.price import PriceCounter
    >>> asked_of({"commodity_id": "soybean"}, shapes(PriceCounter), max_rows=10).rows[0].commodity_id
    'soybean'
    """
    if "rows" not in body:
        _few_keys(body, shape.request, ())
        one: Any = _validated(shape.request, body)
        return Asked([one], one.explain, False)
    _few_keys(body, shape.batch, ())
    rows = body["rows"]
    if not isinstance(rows, list) or not rows:
        many: Any = _validated(shape.batch, body)
    elif len(rows) > max_rows:
        allowed = f"1 to {max_rows} in a request"
        raise Refused(Problem(BAD_REQUEST, f"{len(rows)} rows", "rows", allowed))
    else:
        many = _validated(shape.batch, {**body, "rows": _rows(rows, shape.row)})
    return Asked(many.rows, many.explain, True)


def _rows(rows: list[Any], contract: type[BaseModel]) -> list[BaseModel]:
    for i, row in enumerate(rows):
        if isinstance(row, dict):
            _few_keys(row, contract, ("rows", i))
    try:
        return _many(contract).validate_python(rows)
    except ValidationError:
        return _one_by_one(rows, contract)


@cache
def _many(contract: type[BaseModel]) -> TypeAdapter[list[BaseModel]]:
    return TypeAdapter(list[contract])  # type: ignore[valid-type]


def _one_by_one(rows: list[Any], contract: type[BaseModel]) -> list[BaseModel]:
    # some cannot be read: of the first of them it is told what is wrong, and the others are not looked at
    read: list[BaseModel] = []
    errors: list[dict[str, Any]] = []
    for i, row in enumerate(rows):
        try:
            read.append(contract.model_validate(row))
        except ValidationError as error:
            errors += [{**e, "loc": ("rows", i, *e["loc"])} for e in _told(error)]
        if len(errors) >= MOST_SHOWN:
            break
    if errors:
        raise Refused(problem_of_validation(errors))
    return read


def _validated(contract: type[T], body: Mapping[str, Any]) -> T:
    try:
        return contract.model_validate(body)
    except ValidationError as error:
        raise Refused(problem_of_validation(_told(error))) from None


def _told(error: ValidationError) -> list[dict[str, Any]]:
    return [dict(e) for e in error.errors(include_url=False, include_context=False, include_input=False)]


def _few_keys(given: Mapping[str, Any], contract: type[BaseModel], path: tuple[str | int, ...]) -> None:
    known = _known(contract)
    if len(given) > len(known):  # one of them is then unknown
        unknown = next(name for name in given if name not in known)[:LONGEST_NAME]
        place = ".".join(map(str, (*path, unknown)))
        raise Refused(
            Problem(
                BAD_REQUEST, f"there is no field {place}", place, ", ".join(sorted(known)), "GET /docs.json"
            )
        )
    quality = given.get(QUALITY)
    if QUALITY in known and isinstance(quality, dict):
        _few_keys(quality, QualityParams, (*path, QUALITY))


@cache
def _known(contract: type[BaseModel]) -> frozenset[str]:
    other = OTHER_NAMES if contract is QualityParams else {}
    return frozenset({*contract.model_fields, *other})
