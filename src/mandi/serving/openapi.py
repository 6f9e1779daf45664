"""The contract of the service as an OpenAPI 3.1 document, made from the contracts themselves."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pydantic.json_schema import models_json_schema

from mandi.serving.contracts import PriceAnswer, PriceAnswers, PriceBatch, PriceRequest

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


def document(price_path: str, models_path: str, example: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the document.

    Parameters
    ----------
    price_path, models_path : str
        Routes as served.
    example : dict, optional
        A request that is answered now.

    Examples
    --------
    >>> sorted(document("/p", "/m")["paths"])
    ['/healthz', '/m', '/p', '/readyz']
    """
    models: tuple[Any, ...] = (PriceRequest, PriceBatch, PriceAnswer, PriceAnswers)
    _, schemas = models_json_schema([(m, "validation") for m in models], ref_template=REF + "{model}")
    asked: dict[str, Any] = {"schema": {"oneOf": [_ref("PriceRequest"), _ref("PriceBatch")]}}
    if example is not None:
        asked["examples"] = {
            "one": {"value": example},
            "many": {"value": {"rows": [example], "explain": True}},
        }
    price = {
        "summary": "A lot's fair price, or a market's price, with 90 and 95 % bounds, INR per quintal",
        "requestBody": {"required": True, "content": {"application/json": asked}},
        "responses": {
            "200": _json(
                "the answer, or the answers in the order of the rows", ("PriceAnswer", "PriceAnswers")
            ),
            "400": _json("a field is wrong; it is named", ("Problem",)),
            "413": _json("the body is too large", ("Problem",)),
            "503": _json("the history is too old, or no champion is loaded", ("Problem",)),
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mandi",
            "version": _version(),
            "description": "Prices for commodity trading in India.",
        },
        "paths": {
            price_path: {"post": price},
            models_path: {"get": _plain("Models served: version, history, coverage, names known")},
            "/healthz": {"get": _plain("The process is alive")},
            "/readyz": {"get": _plain("The champion is loaded; 503 until it is")},
        },
        "components": {"schemas": {**schemas["$defs"], "Problem": PROBLEM}},
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
