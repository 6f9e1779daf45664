"""The contract of the service as an OpenAPI 3.1 document, made from the contracts themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pydantic.json_schema import models_json_schema

from mandi.serving.counter import Counter, shapes

REF = "#/components/schemas/"
PROBLEM = {
    "type": "object",
    "description": "Why a question was not answered.",
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


def document(
    counters: Sequence[type[Counter]],
    models_path: str,
    examples: Mapping[str, dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Return the document.

    Parameters
    ----------
    counters : sequence of type
        Their paths, rows and answers.
    models_path : str
        Route of the list of models.
    examples : mapping of str to dict, optional
        By path, a request that is answered now.

    Examples
    --------
    >>> from mandi.serving.counters.price import PriceCounter
    >>> sorted(document([PriceCounter], "/m")["paths"])
    ['/api/v1/price/predict', '/healthz', '/m', '/readyz']
    """
    made = [shapes(counter) for counter in counters]
    models: list[Any] = [m for s in made for m in (s.request, s.batch, s.answer, s.answers)]
    _, schemas = models_json_schema([(m, "validation") for m in models], ref_template=REF + "{model}")
    asked = {
        counter.path: {"post": _post(counter, (examples or {}).get(counter.path))} for counter in counters
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mandi",
            "version": _version(),
            "description": "Models for commodity trading in India.",
        },
        "paths": {
            **asked,
            models_path: {"get": _plain("Models served: version, history, figures, names known")},
            "/healthz": {"get": _plain("The process is alive")},
            "/readyz": {"get": _plain("A champion is loaded; 503 until it is")},
        },
        "components": {"schemas": {**schemas["$defs"], "Problem": PROBLEM}},
    }


def _post(counter: type[Counter], example: dict[str, Any] | None) -> dict[str, Any]:
    shape = shapes(counter)
    content: dict[str, Any] = {
        "schema": {"oneOf": [_ref(shape.request.__name__), _ref(shape.batch.__name__)]}
    }
    if example is not None:
        content["examples"] = {
            "one": {"value": example},
            "many": {"value": {"rows": [example], "explain": True}},
        }
    return {
        "summary": counter.summary,
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": {
            "200": _json(
                "the answer, or the answers in the order of the rows",
                (shape.answer.__name__, shape.answers.__name__),
            ),
            "400": _json("a field is wrong; it is named", ("Problem",)),
            "413": _json("the body is too large", ("Problem",)),
            "503": _json("the history is too old, or no champion is loaded", ("Problem",)),
        },
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": REF + name}


def _json(description: str, names: tuple[str, ...]) -> dict[str, Any]:
    schema = _ref(names[0]) if len(names) == 1 else {"oneOf": [_ref(n) for n in names]}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _plain(summary: str) -> dict[str, Any]:
    return {"summary": summary, "responses": {"200": {"description": "yes"}}}


def _version() -> str:
    try:
        return version("mandi")
    except PackageNotFoundError:  # in a Bento the package is a folder, not a distribution
        return "0"
