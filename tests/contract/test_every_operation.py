"""Every operation of the service, also those added later: nobody without a key, nothing of another organisation."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from mandi.serving.dispatch import REQUEST_ID
from mandi.serving.openapi import document
from mandi.serving.operations import ROLE_SCOPES, Operation, Role, Scope
from mandi.serving.routes import all_operations
from mandi.serving.service_operations import service_operations
from mandi.store.records import (
    AiMetric,
    Base,
    BatchJob,
    Conversation,
    Deal,
    Escalation,
    GenerationFeedback,
    GenerationRecord,
    Message,
    Prediction,
    PredictionOutcome,
    User,
)

from ..unit.serving.accounts.office_bench import Bench, bearer, opened

OPERATIONS = all_operations(service_operations())
OPEN = {("POST", "/api/v1/auth/login"), ("POST", "/api/v1/auth/refresh")}
PLANTED = "planted words of the first organisation"
WRONG_KEY = "mk_" + 43 * "w"
UNTOUCHED_BUT = {"shared_state", "alembic_version"}
PERSONAL = {"conversation", "generation", "key"}
"""Kinds that belong to one user, so that a colleague is told the same as a stranger."""


def names(operations: list[Operation]) -> list[str]:
    return [f"{o.method} {o.path}" for o in operations]


CLOSED = [o for o in OPERATIONS if o.scope != "open"]
OWNING = [
    o for o in CLOSED if o.owned and o.scope != "operate"
]  # what operators see belongs to no organisation
LISTING = [o for o in CLOSED if o.method == "GET" and "{" not in o.path]


@dataclass(frozen=True)
class Owner:
    """Whoever planted records."""

    user: User
    key_id: str


def make_conversation(session: Session, owner: Owner) -> str:
    made = Conversation(
        organization_id=owner.user.organization_id,
        user_id=owner.user.id,
        title=PLANTED,
        session_id="sess_planted",
    )
    session.add(made)
    session.flush()
    session.add(
        Message(conversation_id=made.id, position=0, role="user", content=PLANTED, route_decision="none")
    )
    return made.id


def make_ticket(session: Session, owner: Owner) -> str:
    made = Escalation(
        organization_id=owner.user.organization_id, user_id=owner.user.id, user_pseudonym=owner.user.pseudonym,
        question=PLANTED, expires_at=datetime.now(UTC) + timedelta(days=1),
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made.id


def make_deal(session: Session, owner: Owner) -> str:
    made = Deal(organization_id=owner.user.organization_id, user_id=owner.user.id, title=PLANTED)
    session.add(made)
    session.flush()
    return made.id


def make_message(session: Session, owner: Owner) -> str:
    conversation = session.get_one(Conversation, make_conversation(session, owner))
    return session.scalars(sa.select(Message.id).filter_by(conversation_id=conversation.id)).one()


def make_generation(session: Session, owner: Owner) -> str:
    made = AiMetric(
        request_id="planted", generation_id="gen_planted", organization_id=owner.user.organization_id,
        user_pseudonym=owner.user.pseudonym, endpoint="/planted", task_type="chat", requested_mode="mock",
        effective_mode="mock", provider="planted", model="planted", route="mock", status="success",
    )  # fmt: skip
    words = GenerationRecord(
        request_id="planted", generation_id="gen_planted", organization_id=owner.user.organization_id,
        user_pseudonym=owner.user.pseudonym, endpoint="/planted", task_type="chat", requested_mode="mock",
        effective_mode="mock", provider="planted", model="planted", route="mock", status="success", messages=[],
        question=PLANTED, answer=PLANTED, consent="granted", licence="own",
    )  # fmt: skip
    said = GenerationFeedback(
        generation_id="gen_planted", organization_id=owner.user.organization_id, author="user",
        author_pseudonym=owner.user.pseudonym, version=1, rating=1, comment=PLANTED,
    )  # fmt: skip
    session.add_all([made, words, said])
    session.flush()
    return made.generation_id


def make_prediction(session: Session, owner: Owner) -> str:
    now, mine = datetime.now(UTC), owner.user.organization_id
    made = Prediction(
        id="prediction_planted", request_id="planted", organization_id=mine, user_pseudonym=owner.user.pseudonym, model="price",
        model_version=PLANTED, inputs_digest="d", subject="s", figure=1.0, latency_ms=1.0, cpu_ms=1.0, due_at=now,
        answer={"predicted": 1.0, "low95": 0.0, "high95": 2.0, "low90": 0.5, "high90": 1.5},
    )  # fmt: skip
    told = PredictionOutcome(
        prediction_id=made.id, organization_id=mine, author_pseudonym="p", version=1, actual=1.0, known_at=now
    )
    session.add_all([made, told])
    session.flush()
    return made.id


def make_job(session: Session, owner: Owner) -> str:
    made = BatchJob(
        organization_id=owner.user.organization_id, user_pseudonym=owner.user.pseudonym, model="price", folder="planted-folder",
        error={"error": PLANTED},
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made.id


OWNED: dict[str, Callable[[Session, Owner], str]] = {
    "conversation": make_conversation,
    "deal": make_deal,
    "generation": make_generation,
    "job": make_job,
    "key": lambda _, owner: owner.key_id,
    "message": make_message,
    "model": lambda _, owner: "planted-model",
    "prediction": make_prediction,
    "provider": lambda _, owner: "planted-provider",
    "ticket": make_ticket,
    "user": lambda _, owner: owner.user.id,
}
"""Kind of record, as ``Operation.owned`` names it, to what plants one."""


class _Nobody:
    """A room that may not be entered before the owner was checked."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, asked: str) -> Any:
        raise AssertionError(f"{self._name}.{asked} was used before the owner of the record was checked")


class _Rooms(dict[str, Any]):
    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> Any:
        return _Nobody(name)


@dataclass
class Town:
    """The service with records of a first organisation, and others who would like to see them."""

    bench: Bench
    client: TestClient
    planted: dict[str, str]
    owner: Owner
    secrets: tuple[str, ...]

    def other_key(self, scope: Scope, *, colleague: bool = False) -> str:
        roles: tuple[Role, ...] = ("trader", "analyst", "admin")
        role = next(role for role in roles if scope in ROLE_SCOPES[role])
        where = (
            self.owner.user.organization_id
            if colleague
            else self.bench.organization(f"other {self.bench.made}")
        )
        return self.bench.key(self.bench.user(where, role))

    def ask(
        self, operation: Operation, headers: Mapping[str, str], ids: Mapping[str, str] | None = None
    ) -> Any:
        path = operation.path
        for name in operation.owned:
            path = path.replace(f"{{{name}}}", (ids or {}).get(name, "x"))
        path = path.replace("{", "").replace("}", "").split(":")[0]
        sent = json.dumps(body_of(operation)) if operation.bodies else None
        return self.client.request(operation.method, path, content=sent, headers=dict(headers))

    def ids(self, operation: Operation) -> dict[str, str]:
        return {name: self.planted[kind] for name, kind in operation.owned.items()}

    def kept(self) -> dict[str, list[str]]:
        def look(session: Session) -> dict[str, list[str]]:
            return {
                name: sorted(repr(tuple(row)) for row in session.execute(_columns(table)))
                for name, table in Base.metadata.tables.items()
                if name not in UNTOUCHED_BUT
            }

        return self.bench.database.read(look)


def _columns(table: sa.Table) -> sa.Select[Any]:
    return sa.select(*(column for column in table.c if column.name != "last_used_at"))


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder: Path = tmp_path_factory.mktemp("town")
    with opened(folder, service_operations()) as bench:
        user = bench.user(bench.organization("planted organisation"), "admin", "planted-person")
        key_id, secret = bench.made_key(user)
        owner = Owner(user, key_id)
        planted = {}
        for kind, make in OWNED.items():
            with_one: Callable[[Session], str] = lambda session, make=make: make(session, owner)  # type: ignore[misc]  # noqa: E731
            try:
                planted[kind] = bench.database.write(with_one)
            except sa.exc.IntegrityError:  # a conversation may be planted by two kinds
                planted[kind] = bench.database.read(
                    lambda session: session.scalars(sa.select(Message.id)).first() or ""
                )
        rooms = _Rooms(bench.house.rooms)
        bench.house.rooms = rooms
        with TestClient(bench.app) as client:
            yield Town(
                bench, client, planted, owner, (secret, user.id, user.username, "planted organisation")
            )


def body_of(operation: Operation) -> dict[str, Any]:
    if operation.examples:
        return dict(next(iter(operation.examples.values())))
    return _smallest(operation.bodies[0].model_json_schema())


def _smallest(schema: dict[str, Any], root: dict[str, Any] | None = None) -> Any:
    root = root or schema
    if "$ref" in schema:
        return _smallest(root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root)
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return _smallest(schema[choice][0], root)
    if "default" in schema or "const" in schema:
        return schema.get("const", schema.get("default"))
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        required = schema.get("required", [])
        return {n: _smallest(s, root) for n, s in schema.get("properties", {}).items() if n in required}
    if kind == "array":
        return [_smallest(schema["items"], root)] * schema.get("minItems", 0)
    if kind == "string":
        return "x" * max(1, schema.get("minLength", 1))
    return {"integer": schema.get("minimum", 1), "number": 1.0, "boolean": False}.get(str(kind))


def test_only_logins_are_open() -> None:
    assert {(o.method, o.path) for o in OPERATIONS if o.scope == "open"} == OPEN


def test_every_kind_that_is_owned_can_be_planted() -> None:
    lacking = {kind for o in OPERATIONS for kind in o.owned.values()} - set(OWNED)
    assert not lacking, f"add a factory of {sorted(lacking)} to OWNED, so that tenancy is tested for them"


def test_every_id_in_a_path_says_whose_it_is() -> None:
    public = {"/v1/models/{model}", "/v1/models/{model:path}"}  # names of models, the same for everybody
    silent = [
        f"{o.method} {o.path}"
        for o in OPERATIONS
        if "{" in o.path and not o.owned and o.scope != "operate" and o.path not in public
    ]
    assert not silent, f"say in Operation.owned what the path names: {silent}"


@pytest.mark.parametrize("operation", CLOSED, ids=names(CLOSED))
def test_without_a_key_it_is_401(town: Town, operation: Operation) -> None:
    answer = town.ask(operation, {})
    assert answer.status_code == 401, answer.text
    assert answer.headers["www-authenticate"].startswith("Bearer") and REQUEST_ID in answer.headers
    told = answer.json()
    if operation.wire == "openai":
        assert told["error"]["type"] == "authentication_error"
    else:
        assert "mandi key create" in told["next"]


@pytest.mark.parametrize("operation", CLOSED, ids=names(CLOSED))
def test_with_a_wrong_key_it_is_401(town: Town, operation: Operation) -> None:
    wrong = [
        {"authorization": f"Bearer {WRONG_KEY}"}, {"x-api-key": WRONG_KEY}, {"authorization": "Bearer "},
        {"authorization": "Bearer ' OR 1=1 --"}, {"authorization": f"Digest {town.secrets[0]}"},
    ]  # fmt: skip
    for headers in wrong:
        answer = town.ask(operation, headers)
        assert answer.status_code == 401, (headers, answer.text)
        assert WRONG_KEY not in answer.text


@pytest.mark.parametrize("operation", CLOSED, ids=names(CLOSED))
def test_with_a_key_for_other_things_it_is_403(town: Town, operation: Operation) -> None:
    scopes: list[Scope] = sorted(ROLE_SCOPES["admin"] - {operation.scope})
    operators = town.bench.user(town.bench.operator(), "admin")
    before = town.kept()
    key = town.bench.made_key(operators, scopes)
    answer = town.ask(operation, bearer(key[1]), town.ids(operation))
    assert answer.status_code == 403, answer.text
    after = town.kept()
    after["api_keys"] = [row for row in after["api_keys"] if key[0] not in row]
    assert after == before


@pytest.mark.parametrize("operation", OWNING, ids=names(OWNING))
def test_what_is_another_organisations_is_not_there(town: Town, operation: Operation) -> None:
    key = town.other_key(operation.scope)
    before = town.kept()
    answer = town.ask(operation, bearer(key), town.ids(operation))
    assert answer.status_code == 404, (
        f"{answer.status_code} {answer.text}; if this is a 400, give the operation an example of its body"
    )
    assert PLANTED not in answer.text
    nowhere = dict.fromkeys(operation.owned, "f" * 32)
    never = town.ask(operation, bearer(key), nowhere)
    told = answer.text
    for name, given in town.ids(operation).items():
        told = told.replace(given, nowhere[name])
    assert told == never.text, "what is another's is told differently from what is not there"
    assert never.status_code == 404
    assert town.kept() == before


@pytest.mark.parametrize(
    "operation",
    [o for o in OWNING if set(o.owned.values()) & PERSONAL],
    ids=names([o for o in OWNING if set(o.owned.values()) & PERSONAL]),
)
def test_what_is_a_colleagues_own_is_not_there_either(town: Town, operation: Operation) -> None:
    key = town.other_key("usage", colleague=True)
    before = town.kept()
    answer = town.ask(operation, bearer(key), town.ids(operation))
    assert answer.status_code == 404, answer.text
    assert town.kept() == before


@pytest.mark.parametrize("operation", LISTING, ids=names(LISTING))
def test_a_listing_shows_ones_own(town: Town, operation: Operation) -> None:
    if operation.scope == "operate":
        answer = town.ask(operation, bearer(town.other_key("people")))
        assert answer.status_code == 403, "an administrator of another organisation operates nothing"
        return
    answer = town.ask(operation, bearer(town.other_key(operation.scope)))
    assert answer.status_code in (200, 503), answer.text
    seen = answer.text
    for secret in (PLANTED, *town.secrets, *town.planted.values()):
        assert secret not in seen, f"{secret} of another organisation is in the listing"


def test_the_contract_lists_every_operation_with_its_security() -> None:
    told = document(OPERATIONS)
    scheme = told["components"]["securitySchemes"]["key"]
    assert (scheme["type"], scheme["scheme"], told["security"]) == ("http", "bearer", [{"key": []}])
    for operation in OPERATIONS:
        entry = told["paths"][re.sub(r":\w+}", "}", operation.path)][operation.method.lower()]
        assert entry.get("security") == ([] if operation.scope == "open" else None)
        assert ("401" in entry["responses"]) == (operation.scope != "open" or 401 in operation.problems)
    identities = [
        e["operationId"] for path in told["paths"].values() for e in path.values() if "operationId" in e
    ]
    assert len(identities) == len(set(identities))


def test_no_answer_has_a_field_for_a_hash() -> None:
    text = json.dumps(document(OPERATIONS)["components"]["schemas"])
    assert "hash" not in text.replace("content_hash", "")
