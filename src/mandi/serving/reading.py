"""Reads a parsed body into price questions: sizes are checked first, so that a refusal costs no more than an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from mandi.serving.contracts import OTHER_NAMES, PriceBatch, PriceRequest, PriceRow, QualityParams
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


def asked_of(body: Mapping[str, Any], max_rows: int) -> PriceRequest | PriceBatch:
    """Return the request a JSON object is.

    Parameters
    ----------
    body : mapping
        A ``PriceBatch`` when it has ``rows``, else a ``PriceRequest``.
    max_rows : int
        Rows allowed in one request.

    Raises
    ------
    Refused
        The body does not have the shape of its contract. No more errors are built than are shown.

    Examples
    --------
    >>> asked_of({"commodity_id": "soybean"}, max_rows=10).commodity_id
    'soybean'
    """
    if "rows" not in body:
        _few_keys(body, PriceRequest, ())
        return _validated(PriceRequest, body)
    _few_keys(body, PriceBatch, ())
    rows = body["rows"]
    if not isinstance(rows, list) or not rows:
        return _validated(PriceBatch, body)
    if len(rows) > max_rows:
        allowed = f"1 to {max_rows} in a request"
        raise Refused(Problem(BAD_REQUEST, f"{len(rows)} rows", "rows", allowed))
    read = _rows(rows)
    return _validated(PriceBatch, {**body, "rows": read})


def _rows(rows: list[Any]) -> list[PriceRow]:
    read: list[PriceRow] = []
    errors: list[dict[str, Any]] = []
    for i, row in enumerate(rows):
        if isinstance(row, dict):
            _few_keys(row, PriceRow, ("rows", i))
        try:
            read.append(PriceRow.model_validate(row))
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
    known = set(contract.model_fields)
    if contract is QualityParams:
        known |= set(OTHER_NAMES)
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
