"""The contract as a document: valid, closed, and exact where a shape is known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
import schemathesis

from mandi.serving.contracts import PriceRow
from mandi.serving.openapi import HEALTH, REF, document
from mandi.serving.routes import all_operations
from mandi.serving.service_operations import service_operations

OPERATIONS = all_operations(service_operations())
TOLD = document(OPERATIONS)
SHAPES: dict[str, Any] = TOLD["components"]["schemas"]
OPEN_BY_NATURE = {
    "AnswerShape", "ToolFunction",  # schemas a caller brings
    "AuditEventAnswer", "Dependency", "EvidenceUsed", "Ticket", "ServedModel", "TaskAnswer", "Contract",  # each kind holds something else
}  # fmt: skip
ENTRIES = [(f"{m} {p}", entry) for p, by in TOLD["paths"].items() for m, entry in by.items()]


def objects(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if node.get("type") == "object":
            yield node
        for each in node.values():
            yield from objects(each)
    elif isinstance(node, list):
        for each in node:
            yield from objects(each)


def test_it_is_an_openapi_document() -> None:
    schema = schemathesis.openapi.from_dict(TOLD)
    schema.validate()
    assert schema.specification.version == "3.1.0"


def test_every_shape_is_closed() -> None:
    closed = {name: shape for name, shape in SHAPES.items() if name not in OPEN_BY_NATURE}
    unclosed = [
        name for name, shape in closed.items() if shape.get("type") == "object" and shape.get("additionalProperties") is not False
    ]  # fmt: skip
    assert not unclosed
    anything = [
        n for n, s in closed.items() if any(o.get("additionalProperties") is True for o in objects(s))
    ]
    assert not anything, f"say what these hold: {anything}"


@pytest.mark.parametrize(("name", "entry"), ENTRIES, ids=[name for name, _ in ENTRIES])
def test_every_answer_says_what_it_is(name: str, entry: dict[str, Any]) -> None:
    for status, response in entry["responses"].items():
        assert response["description"]
        assert ("content" in response) == (status != "204"), f"{name} {status} has no shape"
        if not any(path in name for path in HEALTH):
            assert "X-Request-Id" in response["headers"]
    assert ("415" in entry["responses"]) == ("requestBody" in entry)
    refusals = [r for s, r in entry["responses"].items() if s[0] in "45" and "headers" in r]
    shapes = {r["content"]["application/json"]["schema"]["$ref"].removeprefix(REF) for r in refusals}
    assert shapes <= {"Problem", "OpenaiProblem"} and len(shapes) <= 1


def test_operations_have_names_of_their_own_and_the_document_is_one_of_them() -> None:
    names = [entry["operationId"] for _, entry in ENTRIES]
    assert len(set(names)) == len(names) == len(OPERATIONS) + len(HEALTH)
    assert "/docs.json" in TOLD["paths"]


def test_only_texts_of_bodies_are_said_to_be_free_of_nul() -> None:
    assert SHAPES["PriceRow"]["properties"]["commodity_id"]["pattern"] == r"^[^\x00]*$"
    assert "pattern" not in SHAPES["PriceAnswer"]["properties"]["commodity_id"]
    assert "pattern" not in str(PriceRow.model_json_schema()), "the shape itself is not changed"


@pytest.mark.parametrize(
    ("shape", "body", "good"),
    [
        ("MatchingRequest", {"requirement_id": "r"}, True),
        ("MatchingRequest", {"requirement_id": "r", "k": 3, "buyer_id": None}, True),
        ("MatchingRequest", {"requirement_id": "r", "buyer_id": "b"}, False),
        ("MatchingRequest", {"commodity_id": "c", "location": "l", "quantity": 1, "max_price": 1}, True),
        ("MatchingRequest", {"commodity_id": "c", "location": "l", "quantity": 1}, False),
        ("QualityParams", {"staple_length": 29, "strength": 30}, True),
        ("QualityParams", {"staple_length": 29, "staple_length_mm": 29}, False),
        ("OrganizationChange", {}, False),
        ("OrganizationChange", {"timezone": "Asia/Kolkata"}, True),
        ("OrganizationChange", {"timezone": "Asia/Bombay"}, False),
        ("SwitchMode", {"new_mode": "hybrid"}, True),
        ("SwitchMode", {"new_mode": "hybris"}, False),
        ("UserRequest", {"username": "\u092a\u094d\u0930\u093f\u092f\u093e", "email": "p@b.org"}, True),
        ("UserRequest", {"username": "a b"}, False),
        ("UserRequest", {"username": "priya", "password": "short"}, False),
        ("Turn", {"role": "user", "content": [{"type": "refusal", "refusal": "no"}]}, True),
        ("Turn", {"role": "user", "content": [{"type": "image_url"}]}, False),
    ],
)  # fmt: skip
def test_the_contract_and_its_reader_agree(shape: str, body: dict[str, Any], good: bool) -> None:
    schema = {"$ref": REF + shape, "components": TOLD["components"]}
    assert jsonschema_rs.validator_for(schema, validate_formats=True).is_valid(body) == good
    (reader,) = {b for o in OPERATIONS for b in _with_parts(o.bodies) if b.__name__ == shape}
    try:
        reader.model_validate(body)
    except ValueError:
        assert not good
    else:
        assert good or shape == "SwitchMode" or "password" in body  # their handlers have more to say


def _with_parts(bodies: Any) -> Iterator[Any]:
    from mandi.serving.api.openai_contracts import Turn
    from mandi.serving.contracts import QualityParams

    yield from (*bodies, QualityParams, Turn)
