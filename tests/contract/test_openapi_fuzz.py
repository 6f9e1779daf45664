"""Schemathesis over everything that can be asked: no server error, no answer that is not as promised, no bad input taken.

A short run is part of every test run; ``MANDI_FUZZ_EXAMPLES=200 pytest tests/contract/test_openapi_fuzz.py`` is a long one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mandi.serving.counters import COUNTERS, counter_class
from mandi.serving.operations import Role
from mandi.serving.routes import all_operations
from mandi.serving.service_operations import service_operations

from .whole_service import WholeService, champions, whole_service

CONFIG = Path(__file__).with_name("fuzzing.toml")
EXAMPLES = os.environ.get("MANDI_FUZZ_EXAMPLES")
ELSEWHERE = ("/healthz", "/readyz")  # of the server around the application; test_service.py asks for them

MODELS = [counter_class(name).path for name in COUNTERS]
PASSED_OVER = {*MODELS, "/docs.json"}  # where the contract was read from is left out by Schemathesis itself
OTHERS = [o for o in all_operations(service_operations()) if o.path not in PASSED_OVER]


@pytest.fixture(scope="module")
def service(
    workshop: Callable[[str], Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WholeService]:
    home = tmp_path_factory.mktemp("fuzzed")
    folder, now = champions(workshop, home)
    with whole_service(folder, now, home) as served:
        yield served


@pytest.mark.postgres
def test_an_administrator_finds_no_fault(service: WholeService, tmp_path: Path) -> None:
    report = fuzzed(
        service, tmp_path, "admin", "--phases", "examples,coverage,fuzzing", *but(MODELS), examples=2
    )
    assert report["operations"]["tested"] == report["operations"]["selected"] == len(OTHERS)
    assert report["test_cases"]["generated"] > 2000


@pytest.mark.postgres
def test_the_models_are_asked_well_and_badly(service: WholeService, tmp_path: Path) -> None:
    # the boundaries of every field of every row are half of all cases: for the long run
    phases = "examples,coverage,fuzzing" if EXAMPLES else "examples,fuzzing"
    report = fuzzed(service, tmp_path, "analyst", "--phases", phases, *only(MODELS), examples=10)
    assert report["operations"]["tested"] == 5
    assert report["test_cases"]["generated"] >= 50


@pytest.mark.postgres
def test_a_trader_finds_no_fault(service: WholeService, tmp_path: Path) -> None:
    report = fuzzed(service, tmp_path, "trader", "--phases", "fuzzing", *but(MODELS), examples=1)
    assert report["operations"]["tested"] == report["operations"]["selected"] == len(OTHERS)


def only(paths: Iterable[str]) -> list[str]:
    return [word for path in paths for word in ("--include-path", path)]


def but(paths: Iterable[str]) -> list[str]:
    return [word for path in paths for word in ("--exclude-path", path)]


def fuzzed(service: WholeService, folder: Path, role: Role, *more: str, examples: int) -> dict[str, Any]:
    """Run Schemathesis with the key of somebody; the report of a run without a failure."""
    key, own = service.somebody(role, f"fuzzing-{role}")
    report = folder / "report.json"
    command = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG), "run", f"{service.url}/docs.json",
        "--header", f"Authorization: Bearer {key}", "--max-examples", EXAMPLES or str(examples), *but(ELSEWHERE), *more,
        "--report", "json", "--report-json-path", str(report),
    ]  # fmt: skip
    environment = {**os.environ, "MANDI_FUZZ_OWN": ",".join(own), "PYTHONPATH": str(CONFIG.parent)}
    done = subprocess.run(command, env=environment, cwd=folder, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    told: dict[str, Any] = json.loads(report.read_text())
    return told
