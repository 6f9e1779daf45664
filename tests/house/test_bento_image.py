"""The Bento has all that answering needs, and nothing that trains, reports or searches."""

from __future__ import annotations

import sys
from importlib.metadata import packages_distributions
from pathlib import Path, PurePosixPath

from packaging.requirements import Requirement

sys.path.insert(0, str(Path(__file__).parent))
from imports import closure as reached
from imports import modules, third_party

from benchmarks.image import TRAINING, bentos_requirements, closure, plain_name


def test_no_training_package_comes_with_the_bento(root: Path) -> None:
    brought = closure(bentos_requirements(root))
    assert {"bentoml", "pandas", "xgboost", "lightgbm", "onnxruntime", "sqlalchemy", "starlette"} <= brought
    assert brought & set(TRAINING) == set()


def test_what_trains_is_told_when_it_comes(root: Path) -> None:
    assert "scikit-learn" in closure(["mlflow"]) & set(TRAINING)


def test_every_pin_is_exact_and_of_the_lock(root: Path) -> None:
    locked = {
        plain_name(Requirement(line.split(";")[0]).name)
        for line in (root / "requirements.lock").read_text(encoding="utf-8").splitlines()
        if line.strip()
    }
    for text in bentos_requirements(root):
        wanted = Requirement(text)
        assert [spec.operator for spec in wanted.specifier] == ["=="], text
        assert plain_name(wanted.name).replace("xgboost-cpu", "xgboost") in locked, text


SERVED = ("mandi.serving.service", "mandi.serving.jobs.apart", "mandi.serving.rollouts.beside")
ELSEWHERE = {
    "anthropic": "the extra `vendors`, said so when such a vendor is configured without it",
    "pydantic-ai-slim": "as above",
    "distributed": "spreads what is fitted over workers",
    "holidays": "days of festivals are in the history that is packaged",
    "onnx": "networks are written with it and read by onnxruntime",
    "pandera": "tables are judged when they are imported",
    "prophet": "fits; what it found is a table",
    "scikit-learn": "fits; what it found is arrays of ours",
    "statsforecast": "fits",
    "torch": "fits; networks are served as ONNX",
}
"""Packages the modules of the service name in functions it never calls, with why."""


def test_whatever_the_service_imports_is_in_the_bento(root: Path) -> None:
    known, brought = modules(root), closure(bentos_requirements(root))
    named = {
        name for start in SERVED for module in reached(start, known) for name in third_party(known[module])
    }
    owners = packages_distributions()
    lacking = {
        plain_name(owners[name][0]) for name in named if not {plain_name(o) for o in owners[name]} & brought
    }
    assert lacking - set(ELSEWHERE) == set(), (
        "pin it in bentofile.yaml, or say in ELSEWHERE why it is not needed"
    )
    assert set(ELSEWHERE) - lacking == set(), "this is needed no more in ELSEWHERE"


def test_files_of_the_package_that_are_no_code_are_in_the_bento(root: Path) -> None:
    from mandi.core.config import load_params

    include = load_params(root / "bentofile.yaml")["include"]
    others = [
        p for p in (root / "src" / "mandi").rglob("*") if p.is_file() and p.suffix not in (".py", ".pyc")
    ]
    assert others
    for path in others:
        place = PurePosixPath(path.relative_to(root).as_posix())
        endings = {PurePosixPath(pattern).name for pattern in include if pattern.startswith("src/mandi/**")}
        assert any(place.match(ending) for ending in endings), f"{place} is not in the Bento"
