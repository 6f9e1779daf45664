"""The steps of docs/guides, typed as they stand there, in a project of their own."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from benchmarks.running import free_port

ROOT = Path(__file__).resolve().parents[2]
GUIDES = ROOT / "docs" / "guides"
COPIED = (
    ".gitignore",
    "dvc.yaml",
    "params.yaml",
    "pipelines",
    "notebooks",
    ".dvcignore",
    "bentofile.yaml",
    "requirements.lock",
)
SECTIONS = ("When it is worth it", "Before you begin", "Steps", "Check", "Rollback", "Time")
BLOCK = re.compile(
    r"(?:^ *<!-- (run|not run)(?:: ([^\n]+?))? -->\n)?^ *```bash\n(.*?)^ *```$", re.MULTILINE | re.DOTALL
)
EXECUTED = (
    "first-hour",
    "full-loop",
    "auto-labelling",
    "reward-scoring",
    "retraining",
    "postgresql",
    "local-model",
)
POSTGRES = "postgresql+psycopg://postgres@127.0.0.1:5432/test"


@dataclass(frozen=True)
class Step:
    """A block of a guide: what is typed, whether it runs here, and what its output has to hold."""

    guide: str
    number: int
    mark: str
    told: str
    script: str


def steps(guide: str) -> list[Step]:
    text = (GUIDES / f"{guide}.md").read_text(encoding="utf-8")
    found = [
        Step(guide, n, mark, told, textwrap.dedent(script))
        for n, (mark, told, script) in enumerate(BLOCK.findall(text), 1)
    ]
    assert len(found) == text.count("```bash"), f"{guide} has blocks that are not understood"
    return found


def _smaller(params: dict[str, Any]) -> None:
    params["market"] |= {"days": 400, "markets": 5, "lots_per_day": 2.0}
    params["calls"]["generated"]["answers"] = 900
    params["datasets"]["splitting"]["min_gold"] = 10
    params["student"] |= {"strengths": [4.0], "folds": 2, "min_examples": 50, "min_new": 1}
    params["tuning"]["local"] |= {
        "device": "cpu", "max_length": 96, "batch": 6, "accumulate": 1, "least_examples": 10, "least_pairs": 5,
        "gradient_checkpointing": False,
    }  # fmt: skip
    rule = {
        "thresholds": [{"metric": "frozen.accuracy", "at_least": 0.0}]
    }  # so few examples pass no real gate
    params["gates"]["student"] = {"generated": rule, "real": rule}


def _one_model(params: dict[str, Any]) -> None:
    """Leave what the first hour is about: price, on a market with enough past for its back-test."""
    params["market"] |= {"days": 640, "markets": 8, "lots_per_day": 4.0, "commodities": ["cotton", "soybean"]}
    price = params["models"]["price"]
    for kind, trees in (("xgboost", 40), ("lightgbm", 40), ("quantiles", 30)):
        price["lots"]["trees"][kind]["n_estimators"] = trees
    params["models"] = {"price": price}
    params["evaluation"]["backtest"] |= {"refit_every": 12, "validation_days": 60, "calibration_days": 90}
    params["gates"]["price"]["generated"] = {"thresholds": [{"metric": "market.1.skill", "at_least": 0.0}]}
    params["notebooks"] = {"20_price_report": params["notebooks"]["20_price_report"]}


def made(folder: Path, *changes: Callable[[dict[str, Any]], None]) -> Path:
    for name in COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    yaml = YAML(typ="safe", pure=True)
    params = yaml.load((folder / "params.yaml").read_text(encoding="utf-8"))
    for change in changes:
        change(params)
    with (folder / "params.yaml").open("w", encoding="utf-8") as file:
        yaml.dump(params, file)
    bin_ = folder / "bin"
    bin_.mkdir()
    for name, module in (("mandi", "mandi.cli"), ("dvc", "dvc"), ("python", "")):
        words = f"-m {module} " if module else ""
        (bin_ / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words}"$@"\n')
        (bin_ / name).chmod(0o755)
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    subprocess.run([sys.executable, "-m", "dvc", "init", "-q"], cwd=folder, check=True)
    return folder


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("project"), _smaller)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project for the first hour; a service that is left running by a step that failed is ended."""
    folder = made(tmp_path_factory.mktemp("first"), _smaller, _one_model)
    yield folder
    pid = folder / "reports" / "serve.pid"
    if pid.is_file():
        with suppress(ProcessLookupError):
            os.kill(int(pid.read_text()), signal.SIGTERM)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An empty PostgreSQL where there is one (there has to be one in CI), else an empty file."""
    import sqlalchemy as sa

    base = sa.make_url(os.environ.get("MANDI_TEST_POSTGRES", POSTGRES))
    engine, schema = sa.create_engine(base), f"mandi_guide_{os.getpid()}"
    try:
        with engine.begin() as connection:
            connection.execute(sa.text(f"create schema {schema}"))
    except sa.exc.OperationalError:
        assert os.environ.get("CI") != "true", "CI has a PostgreSQL: set MANDI_TEST_POSTGRES"
        yield f"sqlite:///{tmp_path_factory.mktemp('target')}/target.db"
        return
    yield base.update_query_dict({"options": f"-csearch_path={schema}"}).render_as_string(hide_password=False)
    with engine.begin() as connection:
        connection.execute(sa.text(f"drop schema {schema} cascade"))
    engine.dispose()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A model of a few thousand numbers, and examples it can be tuned on in seconds."""
    from tests.fakes import tiny_llm

    base, examples = (
        tiny_llm.make_tiny_llm(tmp_path_factory.mktemp("base")),
        tmp_path_factory.mktemp("examples"),
    )
    tiny_llm.write_rows(examples / "chat" / "sft.train.jsonl", tiny_llm.sft_rows(24))
    tiny_llm.write_rows(examples / "chat" / "preference.train.jsonl", tiny_llm.pair_rows(12))
    (examples / "manifest.json").write_text('{"version": "v1"}', encoding="utf-8")
    return {"TINY_MODEL": str(base), "TINY_EXAMPLES": str(examples)}


@pytest.mark.parametrize("path", sorted(GUIDES.glob("*.md")), ids=lambda path: path.stem)
def test_every_block_says_whether_it_is_executed(path: Path) -> None:
    unmarked = [step.script for step in steps(path.stem) if not step.mark]
    assert not unmarked, "put <!-- run --> or <!-- not run: why --> above it"
    assert all(step.told for step in steps(path.stem) if step.mark == "not run"), "say why it is not run"


@pytest.mark.parametrize("name", EXECUTED)
def test_a_guide_says_when_how_and_how_back(name: str) -> None:
    text = (GUIDES / f"{name}.md").read_text(encoding="utf-8")
    assert [s for s in SECTIONS if f"## {s}" not in text] == []
    assert f"({name}.md)" in (GUIDES / "README.md").read_text(encoding="utf-8")
    assert any(step.mark == "run" for step in steps(name))


@pytest.mark.slow
@pytest.mark.parametrize("name", EXECUTED)
def test_the_steps_do_what_they_say(name: str, target: str, request: pytest.FixtureRequest) -> None:
    project: Path = request.getfixturevalue("first" if name == "first-hour" else "project")
    env = {
        **os.environ,
        "MANDI_ROOT": str(project), "PYTHONPATH": f"{project / 'src'}{os.pathsep}{project}", "OMP_NUM_THREADS": "1",
        "PATH": f"{project / 'bin'}{os.pathsep}{os.environ['PATH']}", "TARGET": target, "COLUMNS": "110",
    }  # fmt: skip
    if name == "local-model":
        env |= request.getfixturevalue("tiny")
    if name == "first-hour":
        port = free_port()
        env |= {"MANDI_PORT": str(port), "MANDI_URL": f"http://127.0.0.1:{port}"}
        env |= {f"GIT_{who}_{what}": "test" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    for unset in ("MLFLOW_TRACKING_URI", "POSTGRESQL_URL", "DATABASE_URL", "REDIS_URL"):
        env.pop(unset, None)
    for step in steps(name):
        if step.mark != "run":
            continue
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", step.script], cwd=project, env=env, capture_output=True, text=True, check=False
        )  # fmt: skip
        told = done.stdout + done.stderr
        assert done.returncode == 0, f"{name}, step {step.number}:\n{step.script}\n{told[-4000:]}"
        for wanted in filter(None, step.told.split(" | ")):
            assert wanted in told, f"{name}, step {step.number} should say {wanted!r}:\n{told[-4000:]}"
