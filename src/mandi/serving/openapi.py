"""The contract of the service as an OpenAPI 3.1 document, made from the operations themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
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
    "properties": {
        "error": {"type": "string"},
        "field": {
            "type": ["string", "null"],
            "description": "path of the field at fault, as in rows.3.market",
        },
        "allowed": {"type": ["string", "null"]},
        "next": {"type": ["string", "null"], "description": "what to type or ask next"},
        "problems": {"type": "array", "items": {"type": "object"}, "description": "all, when more than one"},
    },
}
OPENAI_PROBLEM = {
    "type": "object",
    "description": "Why a question was not answered, as clients of OpenAI's routes read it.",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type"],
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
    429: "a limit is reached; Retry-After says when to ask again",
    500: "something went wrong here",
    502: "whoever was asked did not answer",
    503: "not available now, and why",
    504: "nobody answered in time",
}
HEALTH = {"/healthz": "The process is alive", "/readyz": "A champion is loaded; 503 until it is"}


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
    _, schemas = models_json_schema(named, ref_template=REF + "{model}")
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        entry = _operation(operation, (examples or {}).get(operation.path))
        path = operation.path.replace(":path}", "}")
        paths.setdefault(path, {})[operation.method.lower()] = entry
    for path, summary in HEALTH.items():
        told = {"200": {"description": "yes"}, "503": {"description": "no"}}
        paths[path] = {"get": {"summary": summary, "security": [], "tags": ["service"], "responses": told}}
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
            "schemas": {**schemas.get("$defs", {}), "Problem": PROBLEM, "OpenaiProblem": OPENAI_PROBLEM},
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
    good: dict[str, Any] = {"description": "the answer"}
    if operation.answers:
        good["content"] = {"application/json": {"schema": _one_of(operation.answers)}}
    if operation.streams:
        good.setdefault("content", {})["text/event-stream"] = {"schema": EVENT}
    status = (
        operation.status if operation.answers or operation.streams or operation.path == "/docs.json" else 204
    )
    shape = "OpenaiProblem" if operation.wire == "openai" else "Problem"
    refused = {"application/json": {"schema": {"$ref": REF + shape}}}
    statuses = {400, 500, 503, *operation.problems}
    if operation.scope != "open":
        statuses |= {401, 403}
    if PATH_PARAMETER.search(operation.path):
        statuses.add(404)
    if operation.bodies:
        statuses.add(413)
    others = {
        str(status): {
            "description": "the answer",
            "content": {"application/json": {"schema": _one_of([shape])}},
        }
        for status, shape in operation.others.items()
    }
    refusals = {str(s): {"description": TOLD[s], "content": refused} for s in sorted(statuses)}
    return {str(status): good, **others, **refusals}


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
