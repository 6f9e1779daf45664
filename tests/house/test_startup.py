"""Starting is instant: help needs no heavy package, and importing does nothing but define."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

HEAVY = [
    "pandas",
    "numpy",
    "sklearn",
    "torch",
    "mlflow",
    "bentoml",
    "xgboost",
    "lightgbm",
    "matplotlib",
    "dvc",
    "evidently",
]


def _run(code: str, cwd: Path) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_help_loads_nothing_heavy(root: Path) -> None:
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom mandi.cli import app\n"
        "result = CliRunner().invoke(app, ['--help'])\nassert result.exit_code == 0, result.output\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    assert _run(code, root).strip() == "[]"


def test_help_is_instant(root: Path) -> None:
    spent = []
    for _ in range(
        4
    ):  # processor seconds, best of four: a busy machine must not decide what the program costs
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-m", "mandi.cli", "--help"], cwd=root, capture_output=True, check=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(spent) < 0.5, spent


def test_importing_every_module_leaves_no_trace(root: Path, tmp_path: Path) -> None:
    names = sorted(
        ".".join(p.relative_to(root / "src").with_suffix("").parts)
        for p in (root / "src" / "mandi").rglob("*.py")
        if p.name not in {"__init__.py", "pyfunc_model.py", "service.py"}
    )
    code = (
        "import importlib, logging\nbefore = list(logging.getLogger().handlers)\n"
        f"for name in {names!r}:\n    importlib.import_module(name)\n"
        "assert list(logging.getLogger().handlers) == before\n"
    )
    assert _run(code, tmp_path) == "", "importing printed something"
    assert list(tmp_path.iterdir()) == [], "importing wrote files"
