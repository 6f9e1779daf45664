"""Nothing that trains, reports or searches is installed where the service only answers."""

from __future__ import annotations

from pathlib import Path

from packaging.requirements import Requirement

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
