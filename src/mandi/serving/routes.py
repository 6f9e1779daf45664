"""The HTTP face of the desk: routes, strict reading of bodies, one shape for every refusal. No BentoML here."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from pydantic_core import from_json
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mandi.core.errors import DataNotFound, MandiError, StaleSnapshot
from mandi.serving.counter import shapes
from mandi.serving.counters import COUNTERS, counter_class
from mandi.serving.desk import Desk
from mandi.serving.openapi import document
from mandi.serving.problems import BAD_REQUEST, TOO_LARGE, UNAVAILABLE, BadRow, Problem, Refused, problem_of
from mandi.serving.reading import asked_of
from mandi.serving.snapshot import MAKE_IT

LOG = logging.getLogger("mandi.serving")
MODELS = "/api/v1/models"
NO_DESK = DataNotFound("no champion is loaded", next_command=MAKE_IT)


def routes_app() -> Starlette:
    """Return the application; ``app.state.desk`` is set by whoever opens the desk.

    Routes
    ------
    POST, the path of each counter : a request of one row, or of many when the body has ``rows``.
    GET /api/v1/models : what is served.
    GET /docs.json : the contract as OpenAPI, shown at ``/`` by BentoML's own page.
    """
    app = Starlette(
        routes=[
            *(Route(counter_class(n).path, _told(_asks(n)), methods=["POST"]) for n in COUNTERS),
            Route(MODELS, _told(_models), methods=["GET"]),
            Route("/docs.json", _told(_docs), methods=["GET"]),
        ],
        exception_handlers={HTTPException: _http_problem},
    )
    app.state.desk = None
    app.state.why = NO_DESK
    app.state.one_at_a_time = CapacityLimiter(1)  # a long batch must not keep health checks waiting
    return app


def _asks(name: str) -> Callable[[Request], Awaitable[Response]]:
    shape = shapes(counter_class(name))

    async def asks(request: Request) -> Response:
        desk = _desk(request)
        if name in desk.refused:
            raise Refused(_unavailable(desk.refused[name]))
        if name not in desk.champions:
            raise Refused(
                Problem(
                    UNAVAILABLE, f"no {name} model is served here", None, ", ".join(desk.champions), MAKE_IT
                )
            )
        body = _parsed(await _body(request, desk.limits.max_body_kib * 1024))
        asked = asked_of(body, shape, desk.limits.max_rows)
        answer = getattr(desk, name)
        limiter = request.app.state.one_at_a_time
        try:
            answers = await run_sync(lambda: answer(asked.rows, explain=asked.explain), limiter=limiter)
        except (BadRow, StaleSnapshot) as refused:
            raise refused.at(0 if asked.many and len(asked.rows) == 1 else None) from None
        told = shape.answers.model_construct(answers=answers) if asked.many else answers[0]
        return Response(told.model_dump_json(), media_type="application/json")

    return asks


async def _models(request: Request) -> Response:
    desk = _desk(request)
    not_served = {name: why.message for name, why in desk.refused.items()}
    return JSONResponse({"models": desk.models(), "not_served": not_served})


async def _docs(request: Request) -> Response:
    desk: Desk | None = request.app.state.desk
    described = desk.models() if desk else []
    examples = {m["path"]: m["example"] for m in described if m.get("example") is not None}
    return JSONResponse(document([counter_class(n) for n in COUNTERS], MODELS, examples))


def _desk(request: Request) -> Desk:
    desk: Desk | None = request.app.state.desk
    if desk is None:
        raise Refused(_unavailable(request.app.state.why))
    return desk


def _unavailable(why: MandiError) -> Problem:
    return Problem(UNAVAILABLE, why.message, None, why.allowed, why.next_command or MAKE_IT)


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        asked = from_json(body, allow_inf_nan=True)  # NaN is read here so that its field can be named below
    except ValueError as error:
        raise Refused(
            Problem(BAD_REQUEST, f"the body is not JSON: {error}", "body", "a JSON object")
        ) from None
    if not isinstance(asked, dict):
        shown = type(asked).__name__
        raise Refused(Problem(BAD_REQUEST, f"the body is a {shown}", "body", 'an object, or {"rows": [...]}'))
    return asked


async def _body(request: Request, most: int) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise Refused(
                Problem(TOO_LARGE, f"the body is over {most // 1024} KiB", "body", f"{most // 1024} KiB")
            )
        parts.append(part)
    return b"".join(parts)


def _told(handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def told(request: Request) -> Response:
        try:
            return await handler(request)
        except Refused as refused:
            problem = refused.problem
        except MandiError as error:
            problem = problem_of(error)
            if problem.status >= 500:
                LOG.error("%s: %s", error.headline, error.message)
        except Exception:
            LOG.exception("an error that was not foreseen")
            problem = Problem(500, "something went wrong here; the service log has it")
        return _problem_response(problem)

    return told


def _problem_response(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    body: dict[str, Any] = problem.as_dict()
    return JSONResponse(body, status_code=problem.status, headers=headers)


async def _http_problem(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    problem = Problem(status, f"{request.method} {request.url.path}: {getattr(error, 'detail', '')}")
    return _problem_response(problem, getattr(error, "headers", None))  # Allow, where the method is wrong
