"""The HTTP face of the service: every operation as a route. No BentoML here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mandi.core.errors import MandiError, StaleSnapshot
from mandi.serving.api.rooms import DATABASE
from mandi.serving.contracts import Contract, ServedModels
from mandi.serving.counter import shapes
from mandi.serving.counters import COUNTERS, counter_class
from mandi.serving.desk import Desk
from mandi.serving.dispatch import problem_response, routes
from mandi.serving.house import House
from mandi.serving.openapi import document
from mandi.serving.operations import Asked, Operation, Told
from mandi.serving.problems import TOO_MANY, UNAVAILABLE, BadRow, Problem, Refused
from mandi.serving.reading import asked_of
from mandi.serving.rollouts.book import rollouts, told
from mandi.serving.rollouts.serving import answered
from mandi.serving.snapshot import MAKE_IT

MODELS = "/api/v1/models"
DOCS = "/docs.json"
PREDICTION_ID = "x-prediction-id"
BATCHES_AT_ONCE = 2  # full ones, of one organisation: a third would keep all others waiting longer


def routes_app(house: House, more: Sequence[Operation] = ()) -> Starlette:
    """Return the application.

    Parameters
    ----------
    house : House
        What operations work with; it may be furnished after this call and before the first request.
    more : sequence of Operation
        Beside those of the models.

    Routes
    ------
    POST, the path of each counter : a request of one row, or of many when the body has ``rows``.
    GET /api/v1/models : what is served.
    GET /docs.json : the contract as OpenAPI, shown at ``/`` by BentoML's own page.
    """
    app = Starlette(
        routes=list(routes(all_operations(more))),
        exception_handlers={HTTPException: _http_problem},
    )
    app.state.house = house
    return app


def all_operations(more: Sequence[Operation] = ()) -> list[Operation]:
    """Return every operation: those of the models, more, and the contract that describes them."""
    operations = [*model_operations(), *more]
    docs = Operation(
        "GET", DOCS, "The contract, as OpenAPI", _docs(operations), "predict", answers=(Contract,), tag="service"
    )  # fmt: skip
    operations.append(docs)
    return operations


def model_operations() -> list[Operation]:
    """Return one operation a counter, and the list of what is served."""
    return [
        *(_asks(name) for name in COUNTERS),
        Operation(
            "GET", MODELS, "Models served: version, history, figures, names known", _models, "predict",
            answers=(ServedModels,),
        ),
    ]  # fmt: skip


def desk_of(house: House) -> Desk:
    """Return the desk.

    Raises
    ------
    Refused
        503; no champion is loaded, and why.
    """
    if house.desk is None:
        raise Refused(_unavailable(house.why))
    return house.desk


def _asks(name: str) -> Operation:
    counter = counter_class(name)
    shape = shapes(counter)

    async def asks(asked: Asked) -> Any:
        desk = desk_of(asked.house)
        if name in desk.refused:
            raise Refused(_unavailable(desk.refused[name]))
        if name not in desk.champions:
            known = ", ".join(desk.champions)
            raise Refused(Problem(UNAVAILABLE, f"no {name} model is served here", None, known, MAKE_IT))
        question = asked_of(asked.body, shape, desk.limits.max_rows)
        try:
            most = BATCHES_AT_ONCE * desk.limits.max_rows
            with asked.house.in_hand(asked.who.organization_id, len(question.rows), most):
                answers, prediction_id = await answered(asked, desk, name, question)
        except (BadRow, StaleSnapshot) as refused:
            raise refused.at(0 if question.many and len(question.rows) == 1 else None) from None
        answer = shape.answers.model_construct(answers=answers) if question.many else answers[0]
        return Told(200, answer, {} if prediction_id is None else {PREDICTION_ID: prediction_id})

    return Operation(
        "POST", counter.path, counter.summary, asks, "predict",
        bodies=(shape.request, shape.batch), answers=(shape.answer, shape.answers),
        problems=(TOO_MANY,), headers={"X-Prediction-Id": "PredictionId"},
    )  # fmt: skip


async def _models(asked: Asked) -> Any:
    desk = desk_of(asked.house)
    described, database = desk.models(), asked.house.rooms.get(DATABASE)
    if database is not None:
        trials = {name: told(one) for name, one in (await database.aread(rollouts)).items()}
        described = [{**about, "rollout": trials.get(about["name"])} for about in described]
    return {"models": described, "not_served": {n: why.message for n, why in desk.refused.items()}}


def _docs(operations: Sequence[Operation]) -> Callable[[Asked], Awaitable[Any]]:
    async def docs(asked: Asked) -> Any:
        desk = asked.house.desk
        described = desk.models() if desk else []
        examples = {m["path"]: m["example"] for m in described if m.get("example") is not None}
        return JSONResponse(document(operations, examples))

    return docs


def _unavailable(why: MandiError) -> Problem:
    return Problem(UNAVAILABLE, why.message, None, why.allowed, why.next_command or MAKE_IT)


async def _http_problem(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    problem = Problem(status, f"{request.method} {request.url.path}: {getattr(error, 'detail', '')}")
    wire = "openai" if request.url.path.startswith("/v1/") else "house"
    return problem_response(
        problem, wire, getattr(error, "headers", None)
    )  # Allow, where the method is wrong
