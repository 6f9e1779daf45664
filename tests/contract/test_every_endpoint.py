"""What every endpoint promises, for each model in COUNTERS, on the small market of the contract suite."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from mandi.core.errors import ContractError
from mandi.features.base import known_until, served_state
from mandi.serving.counters import COUNTERS, counter_class
from mandi.serving.desk import Desk
from mandi.serving.package import write_service_folder

from ..gates import app_of

TRAINING_PACKAGES = {
    "torch", "shap", "prophet", "statsforecast", "mlflow", "evidently", "dask", "optuna", "matplotlib", "dvc", "holidays",
    "sklearn", "pydantic_ai",
}  # fmt: skip


@dataclass(frozen=True)
class Served:
    """One champion of the small market behind its route."""

    name: str
    folder: Path
    client: TestClient
    path: str
    example: dict[str, Any]

    def post(self, body: dict[str, Any]) -> Any:
        return self.client.post(self.path, content=json.dumps(body))


@pytest.fixture(scope="module")
def served(built: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp(built.name)
    (home / "model").mkdir()
    built.model.save(home / "model")
    until = known_until(built.features, built.history)
    entry = {
        "version": "7", "run_id": "r", "content_hash": "h", "snapshot_time": until.isoformat(),
        "metrics": {"lot.coverage95": 0.95, "lot.coverage90": 0.9},
    }  # fmt: skip
    state = served_state(built.features, built.history, built.model)
    write_service_folder(home / "service", built.name, home / "model", state, entry, params=built.params)
    app = app_of(Desk.open(home / "service"))
    client = TestClient(app)
    (model,) = client.get("/api/v1/models").json()["models"]
    yield Served(built.name, home / "service", client, model["path"], model["example"])


def told(answer: Any) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()


def same(one: Any, other: Any, where: str = "answer") -> None:
    """Compare answers: numbers within 1e-6, all else exactly."""
    assert type(one) is type(other) or {type(one), type(other)} <= {int, float}, where
    if isinstance(one, dict):
        assert set(one) == set(other), where
        for key in one:
            same(one[key], other[key], f"{where}.{key}")
    elif isinstance(one, list):
        assert len(one) == len(other), where
        for i, pair in enumerate(zip(one, other)):
            same(*pair, f"{where}.{i}")
    elif isinstance(one, float):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-6, err_msg=where)
    else:
        assert one == other, where


def test_each_model_has_a_counter_with_a_path_of_its_own(built: Any) -> None:
    assert built.name in COUNTERS
    assert len({counter_class(name).path for name in COUNTERS}) == len(COUNTERS)


def test_the_example_is_answered_and_says_which_version_answered(served: Served) -> None:
    answer = told(served.post(served.example))
    assert answer["model_version"] == "7" and answer["known_until"]
    assert isinstance(answer["notes"], list)


def test_alone_in_a_batch_and_explained_the_answer_is_the_same(served: Served) -> None:
    alone = told(served.post(served.example))
    batch = told(served.post({"rows": [served.example] * 7}))["answers"]
    assert len(batch) == 7
    for one in batch:
        same(one, alone)
    explained = told(served.post({**served.example, "explain": True}))
    kept = {key: value for key, value in alone.items() if value is not None and value != []}
    same({key: explained[key] for key in kept}, kept)


def test_the_desk_answers_as_the_route_does(served: Served) -> None:
    desk = Desk.open(served.folder)
    row = counter_class(served.name).row.model_validate(served.example)
    (answer,) = getattr(desk, served.name)([row])
    same(json.loads(answer.model_dump_json()), told(served.post(served.example)))


def test_an_unknown_field_is_named_alone_and_in_its_row(served: Served) -> None:
    wrong = {**served.example, "no_such_field": 1}
    answer = served.post(wrong)
    assert (answer.status_code, answer.json()["field"]) == (400, "no_such_field")
    answer = served.post({"rows": [served.example, wrong]})
    assert (answer.status_code, answer.json()["field"]) == (400, "rows.1.no_such_field")


def test_what_is_no_number_is_refused_by_name(served: Served) -> None:
    fields = counter_class(served.name).row.model_fields
    numbers = [
        n for n, f in fields.items() if "float" in str(f.annotation) and "dict" not in str(f.annotation)
    ]
    for name in numbers:
        for bad in (float("nan"), float("inf"), "12"):
            answer = served.post({**served.example, name: bad})
            assert answer.status_code == 400 and answer.json()["field"].startswith(name), (name, bad)


@pytest.mark.parametrize("body", [{"rows": []}, {"rows": {}}, {"rows": [3]}, {}])
def test_a_body_without_a_question_is_refused(served: Served, body: dict[str, Any]) -> None:
    answer = served.post(body)
    assert answer.status_code == 400 and answer.json()["error"]


def test_more_rows_than_allowed_are_refused(served: Served) -> None:
    answer = served.post({"rows": [served.example] * 1001})
    assert (answer.status_code, answer.json()["field"]) == (400, "rows")


def test_the_contract_describes_it_with_an_example(served: Served) -> None:
    document = served.client.get("/docs.json").json()
    post = document["paths"][served.path]["post"]
    content = post["requestBody"]["content"]["application/json"]
    assert content["examples"]["one"]["value"] == served.example
    assert post["summary"]
    row = counter_class(served.name).row
    undescribed = [n for n, f in row.model_fields.items() if not f.description and n not in PLAIN]
    assert not undescribed, f"fields without a description: {undescribed}"


PLAIN = {"quality_params", "market", "variety", "grade"}  # they say what they are


def test_a_champion_that_answers_nothing_sane_is_not_packaged(
    built: Any, served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absurd(*_: object) -> None:
        raise ContractError("absurd")

    monkeypatch.setattr(counter_class(built.name), "check", absurd)
    (tmp_path / "model").mkdir()
    built.model.save(tmp_path / "model")
    state = served_state(built.features, built.history, built.model)
    entry = {"version": "8", "snapshot_time": known_until(built.features, built.history), "metrics": {}}
    with pytest.raises(ContractError, match="absurd"):
        write_service_folder(
            tmp_path / "service", built.name, tmp_path / "model", state, entry, params=built.params
        )
    assert not (tmp_path / "service").exists()


ASK = """
import json, os, sys
from starlette.testclient import TestClient
from mandi.serving.service import Mandi

key = {"authorization": "Bearer " + os.environ["MANDI_BOOTSTRAP_KEY"]}
with TestClient(Mandi.to_asgi(), headers=key) as client:
    for model in client.get("/api/v1/models").json()["models"]:
        answer = client.post(model["path"], json={"rows": [model["example"]], "explain": True})
        assert answer.status_code == 200, answer.text
print(json.dumps(sorted({name.split(".")[0] for name, module in sys.modules.items() if module})))
"""


def test_the_process_that_answers_has_imported_nothing_that_trains(served: Served, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "MANDI_SERVICE_FOLDER": str(served.folder),
        "MANDI_DATA_FOLDER": str(tmp_path / "data"),
        "MANDI_BOOTSTRAP_KEY": "mk_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ",
        "BENTOML_HOME": str(tmp_path),
        "BENTOML_DO_NOT_TRACK": "True",
    }
    done = subprocess.run(
        [sys.executable, "-c", ASK], env=environment, cwd=tmp_path, text=True, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    imported = set(json.loads(done.stdout.strip().splitlines()[-1]))
    assert not imported & TRAINING_PACKAGES
