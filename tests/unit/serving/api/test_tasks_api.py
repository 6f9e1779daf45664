from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from mandi.llm.refusals import EscalationRequired, QuotaExceeded
from mandi.serving.api.tasks_api import EXECUTE, task_operations
from mandi.serving.routes import routes_app
from mandi.store.records import Escalation

from ....scripted_gateway import FakeProvider, ScriptedGateway, outcome
from .talking import talking

LABELS = {
    "task_type": "classification",
    "prompt": "late by a week",
    "context": {"labels": ["price", "delivery"]},
}


def asked(folder: Path, gateway: ScriptedGateway, body: dict[str, Any]) -> Any:
    with talking(folder, gateway) as talk:
        house = talk.app.state.house
        house.rooms["providers"] = {"fake": FakeProvider()}
        answer = TestClient(routes_app(house, task_operations())).post(EXECUTE, json=body)
        tickets = talk.database.read(lambda s: [t.id for t in s.query(Escalation)])
    return answer.status_code, answer.json(), tickets


def test_work_is_done_and_says_by_whom(tmp_path: Path) -> None:
    gateway = ScriptedGateway(outcome('{"label": "delivery"}'))
    status, told, _ = asked(tmp_path, gateway, {**LABELS, "model": "fake/fake-1"})
    assert status == 200 and told["result"] == "delivery" and told["provider"] == "fake"
    assert told["metadata"]["cost_usd"] == 0.000123 and told["tokens_used"] == 17
    assert (gateway.calls[0].provider, gateway.calls[0].model) == ("fake", "fake-1")


def test_a_vector_comes_from_the_model_that_makes_it(tmp_path: Path) -> None:
    gateway = ScriptedGateway()
    body = {"task_type": "embedding", "prompt": "cotton", "model": "fake/fake-embed"}
    status, told, _ = asked(tmp_path, gateway, body)
    assert status == 200 and told["result"] == [0.0, 0.5, -1.0] and gateway.calls[0].model == "fake-embed"


@pytest.mark.parametrize(
    ("steps", "body", "status"),
    [
        ([outcome("not JSON")], LABELS, 502),
        ([QuotaExceeded("calls_per_hour", 1, 1, 1, 9.0)], LABELS, 429),
        ([outcome()], {**LABELS, "context": {}}, 400),
        ([outcome()], {**LABELS, "task_type": "image_analysis"}, 400),
        ([outcome()], {**LABELS, "model": "none"}, 404),
    ],
)
def test_what_goes_wrong_has_its_status(
    tmp_path: Path, steps: list[Any], body: dict[str, Any], status: int
) -> None:
    assert asked(tmp_path, ScriptedGateway(*steps), body)[0] == status


def test_a_person_does_what_nobody_is_sure_of(tmp_path: Path) -> None:
    unsure = EscalationRequired("g1", "late by a week", "confidence 0.2", requested_mode="hybrid")
    status, told, tickets = asked(tmp_path, ScriptedGateway(unsure), LABELS)
    assert status == 202 and [told["ticket_id"]] == tickets
