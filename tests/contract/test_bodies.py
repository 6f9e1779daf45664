"""Bodies that are no bodies, for every operation that reads one: refused with a status of the contract, and a reason."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator
from starlette.testclient import TestClient

from mandi.serving.openapi import REF, document
from mandi.serving.operations import Operation
from mandi.serving.routes import all_operations
from mandi.serving.service_operations import service_operations

from ..unit.serving.accounts.office_bench import Bench, bearer, opened

READING = [o for o in all_operations(service_operations()) if o.bodies]
NAMES = [f"{o.method} {o.path}" for o in READING]
TOLD = document(READING)
DEEP = b'{"a":' * 1000 + b"1" + b"}" * 1000
NOT_BODIES = {
    "nothing": b"",
    "words": b"hello",
    "a list": b"[]",
    "a text": b'"x"',
    "a number": b"3",
    "null": b"null",
    "bare NaN": b"NaN",
    "two bodies": b"{} {}",
    "cut off": b'{"a": 1',
    "not UTF-8": b'{"a": "\xff"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "half a letter": b'{"a": "\\ud800"}',
    "NUL in a value": b'{"a": "\\u0000"}',
    "NUL in a name": b'{"\\u0000": 1}',
    "deep": DEEP,
    "deeper": b"[" * 100_000,
    "a long number": b'{"a": ' + b"9" * 5000 + b"}",
    "3 MB": b'{"a": "' + b"x" * 3_000_000 + b'"}',
    "no finite number": b'{"a": [1, {"b": -Infinity}]}',
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with opened(tmp_path_factory.mktemp("bodies"), service_operations()) as made:
        yield made


@pytest.fixture(scope="module")
def client(bench: Bench) -> Iterator[TestClient]:
    with TestClient(bench.app, headers=bearer(bench.root_key)) as made:
        yield made


def sent(client: TestClient, operation: Operation, body: bytes, **headers: str) -> Any:
    path = re.sub(r"{\w+}", "x", operation.path)
    headers = {"content-type": "application/json", **{n.replace("_", "-"): v for n, v in headers.items()}}
    return client.request(operation.method, path, content=body, headers=headers)


def refused(answer: Any, operation: Operation, *statuses: int) -> dict[str, Any]:
    """Check that an answer is a refusal as the contract describes it; what it says."""
    assert answer.status_code in statuses, answer.text
    entry = TOLD["paths"][operation.path][operation.method.lower()]["responses"][str(answer.status_code)]
    shape = entry["content"]["application/json"]["schema"]["$ref"].removeprefix(REF)
    told: dict[str, Any] = answer.json()
    Draft202012Validator(TOLD["components"]["schemas"][shape]).validate(told)
    said = told["error"]
    assert said["message"] if operation.wire == "openai" else said
    return told


@pytest.mark.parametrize("operation", READING, ids=NAMES)
def test_what_is_no_body_is_refused_and_told(client: TestClient, operation: Operation) -> None:
    for name, body in NOT_BODIES.items():
        told = refused(sent(client, operation, body), operation, 400, 413)
        large = len(body) > 1024 * (operation.most_kib or 2048)
        assert ("KiB" in json.dumps(told)) == large, (name, told)


@pytest.mark.parametrize("operation", READING, ids=NAMES)
def test_what_is_said_to_be_no_json_is_refused(client: TestClient, operation: Operation) -> None:
    body = json.dumps(next(iter(operation.examples.values()), {})).encode()
    for kind in (
        "application/xml",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
    ):
        refused(sent(client, operation, body, content_type=kind), operation, 415)
    refused(sent(client, operation, gzip.compress(body), content_encoding="gzip"), operation, 415)
    for kind in ("application/json; charset=utf-8", "application/vnd.mandi+json", ""):
        assert sent(client, operation, body, content_type=kind).status_code != 415, kind


@pytest.mark.parametrize("operation", READING, ids=NAMES)
def test_every_text_is_free_of_nul_and_the_contract_says_so(client: TestClient, operation: Operation) -> None:
    validators = [
        Draft202012Validator(
            {"$ref": REF + body.__name__, "components": TOLD["components"]}, validate_formats=True
        )
        for body in operation.bodies
    ]
    for example in operation.examples.values():
        assert any(v.is_valid(example) for v in validators)
        for place in texts_in(example):
            spoilt = with_nul(example, place)
            assert not any(v.is_valid(spoilt) for v in validators), place
            answer = sent(client, operation, json.dumps(spoilt).encode())
            told = json.dumps(refused(answer, operation, 400))
            assert "letter NUL" in told and ".".join(map(str, place)) in told


def test_of_a_name_that_is_given_twice_the_last_one_counts(client: TestClient) -> None:
    answer = client.post("/api/v1/keys", content=b'{"name": "one", "name": "other"}')
    assert (answer.status_code, answer.json()["name"]) == (201, "other")


def test_whole_numbers_may_be_written_with_a_point(client: TestClient) -> None:
    told = client.post("/api/v1/keys", json={"name": "a key", "expires_in_days": 3.0})
    assert told.status_code == 201
    assert client.post("/api/v1/keys", json={"name": "a key", "expires_in_days": 3.5}).status_code == 400


def texts_in(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, str):
        yield place
    elif isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from texts_in(each, (*place, key))


def with_nul(value: Any, place: tuple[Any, ...]) -> Any:
    if not place:
        return value + "\x00"
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[place[0]] = with_nul(value[place[0]], place[1:])
    return changed
