"""``mandi tune`` as it is typed: nothing is sent unless the cost is agreed to, and the guide's commands are those there are."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from mandi.core.errors import MandiError
from mandi.datasets.files import write_rows
from mandi.datasets.rows import Example
from mandi.student.command import receipts_of, tuned_folder
from mandi.student.local.local_student import LocalStudent
from mandi.student.local.server import LlmServer
from mandi.student.local.tuned import ADAPTER, Tuned, digests
from mandi.student.tune_app import tune_app
from tests.fakes.chat_server import ChatServer
from tests.fakes.tuning import FakeTuning

MODEL = "gpt-4.1-nano-2025-04-14"


@contextmanager
def plainly() -> Iterator[None]:
    try:
        yield
    except MandiError as error:
        typer.echo(str(error))
        raise typer.Exit(1) from None


@pytest.fixture
def project(tmp_path: Path, root: Path) -> Path:
    text = (root / "params.yaml").read_text(encoding="utf-8")
    (tmp_path / "params.yaml").write_text(
        text.replace("enabled: false\n    most_usd", "enabled: true\n    most_usd"), encoding="utf-8"
    )
    return tmp_path


def run(project: Path, *arguments: str) -> tuple[int, str]:
    told = CliRunner().invoke(tune_app(plainly, lambda: project), list(arguments))
    return told.exit_code, told.output


@pytest.fixture
def training(tmp_path: Path) -> str:
    row = {"messages": [{"role": "user", "content": "Price?"}, {"role": "assistant", "content": "INR 4,650"}]}
    file = tmp_path / "chat.sft.train.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for _ in range(12)), encoding="utf-8")
    return str(file)


def test_a_job_from_the_command_line(project: Path, training: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(project, "validate", training) == (0, "openai should take this\n")
    code, told = run(project, "estimate", training, "--model", MODEL)
    assert code == 0 and "12 rows" in told and "USD 0.0" in told and "estimated" in told
    with FakeTuning() as vendor:
        monkeypatch.setenv("OPENAI_BASE_URL", vendor.url)
        monkeypatch.setenv("OPENAI_API_KEY", vendor.token)
        code, told = run(project, "submit", training, "--model", MODEL)
        assert code == 0 and "nothing was sent" in told
        code, told = run(project, "submit", training, "--model", MODEL, "--yes")
        assert code == 1 and "ENABLE_VENDOR_TUNING=true" in told and vendor.seen == []
        monkeypatch.setenv("ENABLE_VENDOR_TUNING", "true")
        code, told = run(project, "submit", training, "--model", MODEL, "--yes")
        assert code == 0 and "ftjob-1" in told and "sk-" not in told
        assert "nothing is paid twice" in run(project, "submit", training, "--model", MODEL, "--yes")[1]
        assert "ftjob-1: queued" in run(project, "status", "ftjob-1")[1]
        assert run(project, "status", "ftjob-1", "--forget")[0] == 1
        code, told = run(project, "status", "ftjob-1", "--cancel", "--forget")
        assert code == 0 and "cancelled" in told and "receipt is removed" in told
    assert not list(receipts_of(project).folder.glob("*.json"))


def test_what_is_wrong_is_told(
    project: Path, training: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    assert "OPENAI_API_KEY" in run(project, "status", "ftjob-1")[1]
    assert 'no vendor "azure"' in run(project, "validate", training, "--vendor", "azure")[1]
    assert 'no method "ppo"' in run(project, "validate", training, "--method", "ppo")[1]
    assert "no price" in run(project, "estimate", training, "--model", "gpt-9")[1]
    code, told = run(project, "validate", training, "--vendor", "vertex")
    assert code == 1 and "line 1" in told and "gs://" in told
    assert "no <task>/sft.train.jsonl" in run(project, "local", "--base", "x")[1]
    assert "no tuned model" in run(project, "calibrate")[1]


def test_calibrating_a_served_model(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tuned_folder(project)
    (home / ADAPTER).mkdir(parents=True)
    (home / ADAPTER / "adapter_config.json").write_text("{}", encoding="utf-8")
    files = digests(home / ADAPTER)
    Tuned("k", "b", None, "d", "v1", "e", ("chat",), {}, {}, {}, {}, "own", "own", files, (), home).save()
    turns = ({"role": "user", "content": "what is a mandi?"},)
    first = Example(
        "e0", "sft", "chat", turns, "A market.", datetime(2026, 1, 1, tzinfo=UTC), ("g",), "p", "granted", "own",
        "generated", part="calibration",
    )  # fmt: skip
    rows = [replace(first, example_id=f"e{n}") for n in range(50)]
    (project / "data" / "datasets").mkdir(parents=True)
    write_rows(rows, project / "data" / "datasets")
    with ChatServer(lambda _: ("A market.", [-0.1, -0.2])) as chat:
        monkeypatch.setenv("LLAMA_ENDPOINT", chat.url)
        monkeypatch.setenv("LLAMA_MODEL", "another")
        assert "local-trained" in run(project, "calibrate")[1]
        monkeypatch.setenv("LLAMA_MODEL", "local-trained")
        code, told = run(project, "calibrate")
        assert code == 0 and "50 answered, 50 with probabilities" in told and "right: 1.000" in told
        student = LocalStudent.load(home, LlmServer(chat.url, "local-trained"))
    assert student.calibrated and student.learned == ("chat",)


def test_the_guides_commands_are_those_there_are(root: Path) -> None:
    from typer.main import get_command

    text = (root / "docs" / "guides" / "local-model.md").read_text(encoding="utf-8")
    lines = [line.strip() for line in text.splitlines() if line.strip().startswith("mandi tune ")]
    assert len(lines) >= 6
    group = get_command(tune_app(plainly, Path))
    for line in lines:
        name, *arguments = shlex.split(line)[2:]
        command = group.commands[name]  # type: ignore[attr-defined]
        known = {option for param in command.params for option in param.opts}
        assert {a for a in arguments if a.startswith("--")} <= known, line


def test_the_parameters_of_the_project_are_known(root: Path) -> None:
    from mandi.core.config import build, load_params
    from mandi.student.cadence import cadence_params
    from mandi.student.local.tuning.params import TuneParams
    from mandi.student.vendors.params import VendorParams

    params = load_params(root / "params.yaml")
    local = build(TuneParams, params["tuning"]["local"], "tuning.local")
    assert local == TuneParams(), "params.yaml and the defaults say different things"
    assert not build(VendorParams, params["tuning"]["vendors"], "tuning.vendors").enabled
    assert cadence_params(params).every == "week"
