"""Between a request and its operation: who asks, may they, what do they say; and one shape for every refusal."""

from __future__ import annotations

import logging
import math
import re
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from typing import Any

from anyio import move_on_after
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json, to_json
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from mandi.core.errors import MandiError
from mandi.serving.house import House
from mandi.serving.observing.logs import request_in_hand
from mandi.serving.operations import Asked, Operation, Principal, Stream, Told
from mandi.serving.problems import (
    BAD_REQUEST,
    FORBIDDEN,
    LONGEST_NAME,
    NOT_FOUND,
    TOO_LARGE,
    Problem,
    Refused,
    problem_of,
    problem_of_validation,
)

LOG = logging.getLogger("mandi.serving")
REQUEST_ID = "x-request-id"
PLAIN_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
NAME = re.compile(r"[A-Za-z0-9_.:@/-]{1,200}")
NOT_JSON = 415
JSON = "application/json"
UNFIT = (b"\\u0000", b"NaN", b"Infinity")
GONE = 499
CLOSING_S = 10.0  # for what a stream does at its end: stop whoever speaks, keep what was said
Endpoint = Callable[[Request], Awaitable[Response]]


def routes(operations: Iterable[Operation]) -> list[Route]:
    """Return one route a path, so that a wrong method is told all the right ones.

    Parameters
    ----------
    operations : iterable of Operation
    """
    paths: dict[str, dict[str, Endpoint]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method] = endpoint(operation)
    return [Route(path, _by_method(by), methods=list(by)) for path, by in paths.items()]


def _by_method(by: Mapping[str, Endpoint]) -> Endpoint:
    async def answers(request: Request) -> Response:
        return await by["GET" if request.method == "HEAD" else request.method](request)

    return answers


def endpoint(operation: Operation) -> Endpoint:
    """Return the endpoint of an operation for Starlette.

    Parameters
    ----------
    operation : Operation

    Returns
    -------
    callable
        It never raises: what goes wrong is told as a problem, in the shape of the operation's wire.
    """
    name = f"{operation.method} {operation.path}"

    async def answers(request: Request) -> Response:
        house: House = request.app.state.house
        begun, request_id = time.perf_counter(), request_id_of(request)
        request_in_hand.set(request_id)
        house.observer.begun(name, _waited(request))
        seen: list[Principal] = []
        try:
            response = await _response(operation, house, request, request_id, seen)
        except ClientDisconnect:
            response = Response(status_code=GONE)
        except Exception as error:
            problem = _problem(error)
            response = problem_response(problem, operation.wire)
        except BaseException:  # cancelled: the caller left, or the time of the whole request was up
            who = seen[0] if seen else None
            house.observer.ended(name, GONE, time.perf_counter() - begun, request_id, who)
            raise
        response.headers[REQUEST_ID] = request_id

        def ended(status: int) -> None:
            who = seen[0] if seen else None
            house.observer.ended(name, status, time.perf_counter() - begun, request_id, who)

        if isinstance(response, _Events):
            response.body_iterator = _UntilItsEnd(response.body_iterator, lambda: ended(response.status_code))
        else:
            ended(response.status_code)
        return response

    return answers


async def _response(
    operation: Operation, house: House, request: Request, request_id: str, seen: list[Principal]
) -> Response:
    principal = None
    if operation.scope != "open":
        principal = await house.gate.admit(request)
        seen.append(principal)
        if operation.scope not in principal.scopes:
            raise Refused(
                Problem(
                    FORBIDDEN,
                    f"a {principal.role} may not do this with this key",
                    allowed=f'a key with the scope "{operation.scope}"',
                )
            )
    asked = Asked(
        house=house,
        request=request,
        request_id=request_id,
        principal=principal,
        path=_path(operation, request),
        query=_query(operation, request),
        body=await _body(operation, house, request),
    )
    told = await operation.handler(asked)
    if isinstance(told, Response):
        return told
    if isinstance(told, Stream):
        headers = {"cache-control": "no-store", "x-accel-buffering": "no", **told.headers}
        return _Events(told.events, media_type="text/event-stream", headers=headers)
    if told is None:
        return Response(status_code=204)
    if isinstance(told, Told):
        return Response(
            told.answer.model_dump_json(), told.status, dict(told.headers), media_type="application/json"
        )
    text = told.model_dump_json() if isinstance(told, BaseModel) else to_json(told)
    return Response(text, status_code=operation.status, media_type="application/json")


def problem_response(
    problem: Problem, wire: str = "house", headers: Mapping[str, str] | None = None
) -> Response:
    """Return a refusal as a response.

    Parameters
    ----------
    problem : Problem
    wire : str
        ``house``, or ``openai`` for clients that know its errors.
    headers : mapping, optional
        Beside those of the problem.
    """
    body = problem.as_openai() if wire == "openai" else problem.as_dict()
    return JSONResponse(body, status_code=problem.status, headers={**problem.headers, **(headers or {})})


def request_id_of(request: HTTPConnection) -> str:
    """Return the caller's own id of a request, when it is a plain one, or a new one."""
    given = request.headers.get(REQUEST_ID, "")
    return given if PLAIN_ID.fullmatch(given) else uuid.uuid4().hex


async def read_body(request: Request, most_kib: int) -> bytes:
    """Return the body of a request, if it is not too large.

    Raises
    ------
    Refused
        413; what was read until then is forgotten.
    """
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most_kib * 1024:
            allowed = f"{most_kib} KiB"
            raise Refused(Problem(TOO_LARGE, f"the body is over {allowed}", "body", allowed))
        parts.append(part)
    return b"".join(parts)


def parsed(body: bytes) -> dict[str, Any]:
    """Return the JSON object a body is.

    Raises
    ------
    Refused
        400; it is not JSON, not an object, or holds the letter NUL.
    """
    try:
        asked = from_json(body, allow_inf_nan=True)  # NaN is read here so that its field can be named below
    except ValueError as error:
        raise Refused(
            Problem(BAD_REQUEST, f"the body is not JSON: {error}", "body", "a JSON object")
        ) from None
    if not isinstance(asked, dict):
        raise Refused(Problem(BAD_REQUEST, f"the body is a {type(asked).__name__}", "body", "an object"))
    if any(mark in body for mark in UNFIT) and (unfit := _unfit(asked)) is not None:
        raise Refused(Problem(BAD_REQUEST, *unfit))
    return asked


def not_found(what: str, given: str) -> Refused:
    """Return the refusal of a record that is not there, or not the caller's: both are told the same.

    Parameters
    ----------
    what : str
        Kind of record.
    given : str
        The id as given.
    """
    return Refused(Problem(NOT_FOUND, f'no {what} "{given[:64]}"', None, "one of your organisation"))


async def _body(operation: Operation, house: House, request: Request) -> Any:
    if not operation.bodies:
        return None
    _check_kind(request)
    given = parsed(await read_body(request, operation.most_kib or house.most_kib))
    if len(operation.bodies) > 1:
        return given
    return _validated(operation.bodies[0], given)


def _check_kind(request: Request) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind and kind != JSON and not kind.endswith("+json"):
        raise Refused(Problem(NOT_JSON, f'the body is said to be "{kind[:64]}"', "content-type", JSON))
    coding = request.headers.get("content-encoding", "").strip().lower()
    if coding not in ("", "identity"):
        raise Refused(
            Problem(NOT_JSON, f'the body is said to be packed, "{coding[:64]}"', "content-encoding", "none")
        )


def _unfit(asked: Any) -> tuple[str, str, str] | None:
    waiting: list[tuple[str, Any]] = [("", asked)]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [(f"{place}.{str(key)[:LONGEST_NAME]}", each) for key, each in value.items()]
            value = "".join(value)
        elif isinstance(value, list):
            waiting += [(f"{place}.{i}", each) for i, each in enumerate(value)]
        field = place[1:] or "body"
        if isinstance(value, str) and "\x00" in value:
            return f"{field} holds the letter NUL, which cannot be kept", field, "text without it"
        if isinstance(value, float) and not math.isfinite(value):
            return f"{field} is {value}", field, "a finite number"
    return None


def _query(operation: Operation, request: Request) -> Any:
    given: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        if name in given:
            raise Refused(Problem(BAD_REQUEST, f"{name[:64]} is given twice", name[:64], "once"))
        given[name] = value
    if operation.query is None:
        if given:
            unknown = next(iter(given))[:64]
            raise Refused(Problem(BAD_REQUEST, f"there is no field {unknown}", unknown, "no query"))
        return None
    return _validated(operation.query, given, strict=False)


def _validated(shape: type[BaseModel], given: dict[str, Any], strict: bool | None = None) -> BaseModel:
    try:
        return shape.model_validate(given, strict=strict)
    except ValidationError as error:
        told = error.errors(include_url=False, include_context=False, include_input=False)
        raise Refused(problem_of_validation([dict(e) for e in told])) from None


def _path(operation: Operation, request: Request) -> Mapping[str, str]:
    for name, value in request.path_params.items():
        named = NAME if f"{{{name}:path}}" in operation.path else PLAIN_ID
        if not named.fullmatch(value):
            raise Refused(Problem(NOT_FOUND, f"{name} is not an id", name, "letters, digits, _ - ."))
    return request.path_params


def _waited(request: Request) -> float | None:
    arrived = request.scope.get("state", {}).get("arrived")
    return None if arrived is None else time.perf_counter() - arrived


def _problem(error: Exception) -> Problem:
    if isinstance(error, Refused):
        return error.problem
    if isinstance(error, MandiError):
        problem = problem_of(error)
        if problem.status >= 500:
            LOG.error("%s: %s", error.headline, error.message)
        return problem
    LOG.error("an error that was not foreseen", exc_info=error)
    return Problem(500, "something went wrong here; the service log has it")


class _Events(StreamingResponse):
    """Closes its events however it ends: a client that went away must not leave somebody speaking to nobody."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with move_on_after(CLOSING_S, shield=True):
                await _close(self.body_iterator)


class _UntilItsEnd:
    """Events, and a word when they have ended; nothing is added to the way of an event."""

    def __init__(self, events: Any, ended: Callable[[], None]) -> None:
        self._events = events
        self._ended: Callable[[], None] | None = ended

    def __aiter__(self) -> AsyncIterator[Any]:
        return aiter(self._events)

    async def aclose(self) -> None:
        try:
            await _close(self._events)
        finally:
            if self._ended is not None:
                ended, self._ended = self._ended, None
                ended()


async def _close(events: Any) -> None:
    if hasattr(events, "aclose"):
        await events.aclose()
