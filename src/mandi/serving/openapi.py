"""The contract of the service as an OpenAPI 3.1 document, made from the operations themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from mandi.serving.operations import Operation

REF = "#/components/schemas/"
PATH_PARAMETER = re.compile(r"{(\w+)(:path)?}")
NAME = {"type": "string", "pattern": "^[A-Za-z0-9_.:@/-]{1,200}$"}
ID = {"type": "string", "pattern": "^[A-Za-z0-9_.-]{1,64}$"}
PROBLEM = {
    "type": "object",
    "description": "Why a question was not answered.",
    "required": ["error", "field", "allowed", "next"],
    "additionalProperties": False,
    "properties": {
        "error": {"type": "string", "description": "what is wrong, in a sentence"},
        "field": {
            "type": ["string", "null"],
            "description": "path of the field at fault, as in rows.3.market",
        },
        "allowed": {"type": ["string", "null"], "description": "what would be accepted"},
        "next": {"type": ["string", "null"], "description": "what to type or ask next"},
        "problems": {
            "type": "array",
            "description": "all, when more than one",
            "minItems": 2,
            "items": {
                "type": "object",
                "required": ["field", "error"],
                "additionalProperties": False,
                "properties": {"field": {"type": "string"}, "error": {"type": "string"}},
            },
        },
    },
}
OPENAI_PROBLEM = {
    "type": "object",
    "description": "Why a question was not answered, as clients of OpenAI's routes read it.",
    "required": ["error"],
    "additionalProperties": False,
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "additionalProperties": False,
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
                "code": {"type": ["string", "null"]},
            },
        }
    },
}
EVENT = {
    "type": "object",
    "description": "One server-sent event; its data is JSON, or the end mark of OpenAI's streams.",
    "required": ["data"],
    "properties": {"data": {"type": "string"}, "event": {"type": "string"}, "id": {"type": "string"}},
}
TOLD = {
    400: "a field is wrong; it is named",
    401: "no key, or one that is not good",
    403: "the key may not do this",
    404: "there is no such thing here, or it is somebody else's",
    409: "it is no longer as it has to be for this",
    413: "the body is too large",
    415: "the body is said to be something else than JSON",
    429: "a limit is reached; Retry-After says when to ask again",
    500: "something went wrong here",
    502: "whoever was asked did not answer",
    503: "not available now, and why",
    504: "nobody answered in time",
}
HEALTH = {"/healthz": "The process is alive", "/readyz": "A champion is loaded; 503 until it is"}
NO_NUL = r"^[^\x00]*$"  # no text that is read may hold the letter, as the database cannot keep it
FREE_OF_NUL = {"enum", "const", "pattern"}
HEADERS = {
    "RequestId": ("of this request: the caller's own where it was a plain one", {"type": "string"}, True),
    "Challenge": ("how to say who one is", {"type": "string", "pattern": "^Bearer"}, True),
    "PredictionId": (
        "names the answer, for its outcome; of a batch the row in place i, from 0, is this name, a full stop and i",
        {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        False,
    ),
    "RetryAfter": ("seconds to wait; absent where waiting does not help", {"type": "integer"}, False),
}
ALWAYS = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
BESIDE = {
    401: {"WWW-Authenticate": {"$ref": "#/components/headers/Challenge"}},
    429: {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}},
}


def document(
    operations: Sequence[Operation], examples: Mapping[str, dict[str, Any]] | None = None
) -> dict[str, Any]:
    """Return the document.

    Parameters
    ----------
    operations : sequence of Operation
    examples : mapping of str to dict, optional
        By path, a request of a model that is answered now.

    Examples
    --------
    >>> from mandi.serving.routes import model_operations
    >>> [p for p in document(model_operations())["paths"] if p.startswith("/api/v1/p")]
    ['/api/v1/price/predict']
    """
    shapes = {m for o in operations for m in (*o.bodies, *o.answers, *o.others.values())}
    named: list[Any] = [(m, "validation") for m in sorted(shapes, key=lambda m: m.__name__)]
    _, told = models_json_schema(named, ref_template=REF + "{model}")
    schemas: dict[str, Any] = told.get("$defs", {})
    _say_no_nul(schemas, [m.__name__ for o in operations for m in o.bodies])
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        entry = _operation(operation, (examples or {}).get(operation.path))
        path = operation.path.replace(":path}", "}")
        paths.setdefault(path, {})[operation.method.lower()] = entry
    for path, summary in HEALTH.items():
        paths[path] = {"get": _health(path, summary)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mandi",
            "version": _version(),
            "description": "Models for commodity trading in India, and answers in language.",
        },
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "an API key, or the token of a login",
                }
            },
            "headers": {
                name: {"description": says, "schema": shape, "required": always}
                for name, (says, shape, always) in HEADERS.items()
            },
            "schemas": {**schemas, "Problem": PROBLEM, "OpenaiProblem": OPENAI_PROBLEM},
        },
    }


def _operation(operation: Operation, example: dict[str, Any] | None) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "summary": operation.summary,
        "tags": [operation.tag],
        "operationId": _operation_id(operation),
        "responses": _responses(operation),
    }
    if operation.scope == "open":
        entry["security"] = []
    if parameters := [*_path_parameters(operation.path), *_query_parameters(operation.query)]:
        entry["parameters"] = parameters
    if operation.bodies:
        entry["requestBody"] = {"required": True, "content": {"application/json": _body(operation, example)}}
    return entry


def _body(operation: Operation, example: dict[str, Any] | None) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": _one_of(operation.bodies)}
    examples = {name: {"value": value} for name, value in operation.examples.items()}
    if example is not None:
        examples = {"one": {"value": example}, "many": {"value": {"rows": [example], "explain": True}}}
    if examples:
        content["examples"] = examples
    return content


def _responses(operation: Operation) -> dict[str, Any]:
    also = {name: {"$ref": f"#/components/headers/{shape}"} for name, shape in operation.headers.items()}
    good: dict[str, Any] = {"description": "the answer", "headers": {**ALWAYS, **also}}
    if operation.answers:
        good["content"] = {"application/json": {"schema": _one_of(operation.answers)}}
    if operation.streams:
        good.setdefault("content", {})["text/event-stream"] = {"schema": EVENT}
    status = operation.status if operation.answers or operation.streams else 204
    shape = "OpenaiProblem" if operation.wire == "openai" else "Problem"
    refused = {"application/json": {"schema": {"$ref": REF + shape}}}
    statuses = {400, 500, 503, *operation.problems}
    if operation.scope != "open":
        statuses |= {401, 403}
    if PATH_PARAMETER.search(operation.path):
        statuses.add(404)
    if operation.bodies:
        statuses |= {413, 415}
    others = {
        str(status): {
            "description": "the answer",
            "headers": ALWAYS,
            "content": {"application/json": {"schema": _one_of([shape])}},
        }
        for status, shape in operation.others.items()
    }
    refusals = {
        str(s): {"description": TOLD[s], "headers": {**ALWAYS, **BESIDE.get(s, {})}, "content": refused}
        for s in sorted(statuses)
    }
    return {str(status): good, **others, **refusals}


def _health(path: str, summary: str) -> dict[str, Any]:
    plain = {"text/plain": {"schema": {"type": "string"}}}
    return {
        "summary": summary,
        "operationId": f"get_{path[1:]}",
        "security": [],
        "tags": ["service"],
        "responses": {
            "200": {"description": "yes", "content": plain},
            "503": {"description": "no", "content": plain},
        },
    }


def _say_no_nul(schemas: dict[str, Any], bodies: Iterable[str]) -> None:
    waiting, seen = list(bodies), set[str]()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += _without_nul(schemas[name])


def _without_nul(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for each in node:
            yield from _without_nul(each)
    elif isinstance(node, dict):
        if isinstance(ref := node.get("$ref"), str):
            yield ref.removeprefix(REF)
        if (
            node.get("type") == "string"
            and not FREE_OF_NUL & node.keys()
            and "date" not in node.get("format", "")
        ):
            node["pattern"] = NO_NUL
        for each in node.values():
            yield from _without_nul(each)


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": NAME if slashes else ID}
        for name, slashes in PATH_PARAMETER.findall(path)
    ]


def _query_parameters(query: type[BaseModel] | None) -> list[dict[str, Any]]:
    if query is None:
        return []
    schema = query.model_json_schema()
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": shape}
        for name, shape in schema["properties"].items()
    ]


def _one_of(shapes: Iterable[type[BaseModel]]) -> dict[str, Any]:
    refs = [{"$ref": REF + shape.__name__} for shape in shapes]
    return refs[0] if len(refs) == 1 else {"oneOf": refs}


def _operation_id(operation: Operation) -> str:
    words = [w for w in re.split(r"\W+", operation.path.replace(":path}", "}")) if w]
    return "_".join([operation.method.lower(), *words])


def _version() -> str:
    try:
        return version("mandi")
    except PackageNotFoundError:  # in a Bento the package is a folder, not a distribution
        return "0"
