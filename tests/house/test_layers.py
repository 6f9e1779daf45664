"""The house stands: imports point downward, mlflow has one door, and what computes opens no files."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from imports import everything_imported, imported, modules

# each floor may use itself and the floors below it
FLOORS = ["core", "compute", "tables", "features", "models", "evaluation", "registry", "serving"]
LANGUAGE = {
    "store",
    "text",
    "feedback",
    "datasets",
    "llm",
    "student",
}  # the other tower: it knows no model, and serving stands on both
BESIDE = {
    "report": {"core", "compute", "tables", "features", "models", "evaluation", "report"},
    "store": {"core", "store"},
    "llm": {"core", "store", "llm"},
    "text": {"core", "text"},
    "feedback": {"core", "store", "text", "feedback"},
    "datasets": {"core", "store", "text", "feedback", "datasets"},
    "student": {"core", "store", "text", "feedback", "datasets", "student"},
    "tuning": {
        "core",
        "compute",
        "tables",
        "features",
        "models",
        "evaluation",
        "registry",
        "report",
        "tuning",
    },
    "serving": {*FLOORS, *LANGUAGE},
    "loop": {*FLOORS, *LANGUAGE, "report", "loop"},  # commands over the whole learning loop
}
OPENERS = {
    "open", "read_csv", "read_parquet", "read_json", "read_sql", "read_excel", "read_pickle", "read_table",
    "to_csv", "to_parquet", "to_json", "to_sql", "to_pickle", "read_text", "write_text", "read_bytes", "write_bytes",
    "mkdir", "unlink", "rmtree", "savefig",
}  # fmt: skip


def _floor(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def test_imports_point_downward(root: Path) -> None:
    known = modules(root)
    wrong = []
    for module, path in known.items():
        floor = _floor(module)
        if not module.startswith("mandi.") or floor == "cli":
            continue
        if floor in BESIDE:
            allowed = BESIDE[floor]
        elif floor in FLOORS:
            allowed = set(FLOORS[: FLOORS.index(floor) + 1])
        else:
            wrong.append(f"{module}: the floor {floor!r} is not in the house")
            continue
        wrong += [
            f"{module} imports {other}"
            for other in imported(path, known)
            if other.startswith("mandi.") and _floor(other) not in allowed
        ]
    assert not wrong, "\n".join(wrong)


def test_pipelines_are_imported_by_nothing(root: Path) -> None:
    known = modules(root)
    wrong = [
        m
        for m, p in known.items()
        if m.startswith("mandi") and any(i.startswith("pipelines") for i in imported(p, known))
    ]
    assert not wrong


def test_only_registry_imports_mlflow(root: Path) -> None:
    files = [
        *(root / "src").rglob("*.py"),
        *(root / "pipelines").rglob("*.py"),
        *(root / "benchmarks").rglob("*.py"),
    ]
    wrong = [
        str(path.relative_to(root))
        for path in files
        if "mlflow" in everything_imported(path) and "registry" not in path.parts
    ]
    assert not wrong


@pytest.mark.parametrize("floor", ["features", "models", "evaluation"])
def test_what_computes_opens_no_files(root: Path, floor: str) -> None:
    wrong = []
    for path in sorted((root / "src" / "mandi" / floor).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        allowed: set[int] = set()
        for node in ast.walk(tree):
            if floor == "models" and isinstance(node, ast.FunctionDef) and node.name in {"save", "load"}:
                allowed |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or node.lineno in allowed:
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in OPENERS:
                wrong.append(f"{path.relative_to(root)}:{node.lineno} calls {called}")
    assert not wrong, "\n".join(wrong)


def test_nobody_unpickles(root: Path) -> None:
    wrong = [
        str(path.relative_to(root))
        for path in (root / "src").rglob("*.py")
        if everything_imported(path) & {"pickle", "cloudpickle", "joblib", "dill", "skops"}
    ]
    assert not wrong


def test_modules_are_one_idea(root: Path) -> None:
    long = []
    for base in ("src", "pipelines", "benchmarks"):
        for path in (root / base).rglob("*.py"):
            lines = path.read_text(encoding="utf-8").count("\n")
            if lines > 350:
                long.append(f"{path.relative_to(root)}: {lines} lines")
    assert not long, "\n".join(long)


def test_public_things_say_what_they_are(root: Path) -> None:
    silent = []
    for path in (root / "src").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if not ast.get_docstring(tree):
            silent.append(str(path.relative_to(root)))
        for node in tree.body:
            public = isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_")
            if public and not ast.get_docstring(node):
                silent.append(f"{path.relative_to(root)}:{node.lineno} {node.name}")
    assert not silent, "\n".join(silent)


def test_five_files_tell_the_whole_house(root: Path) -> None:
    tour = [
        "dvc.yaml",
        "pipelines/train.py",
        "src/mandi/models/base.py",
        "src/mandi/models/price.py",
        "src/mandi/serving/desk.py",
    ]
    lengths = {name: (root / name).read_text(encoding="utf-8").count("\n") for name in tour}
    assert sum(lengths.values()) < 800, lengths
    readme = (root / "README.md").read_text(encoding="utf-8")
    assert [name for name in tour if name not in readme] == []


def test_the_text_holds_no_path_of_one_machine(root: Path) -> None:
    import re

    place = re.compile(r"(?<![\w.])/(work|root|home|farm)/[a-z.]")
    wrong = []
    for path in [
        *root.glob("*"),
        *(
            p
            for d in ("src", "pipelines", "docs", "notebooks", "benchmarks", "tests")
            for p in (root / d).rglob("*")
        ),
    ]:
        if path.is_file() and path.suffix in {".py", ".md", ".yaml", ".toml", ".ipynb", ".json", ".lock", ""}:
            for n, line in enumerate(path.read_text(encoding="utf-8", errors="ignore").splitlines(), 1):
                if place.search(line) and "(work|root|home|farm)" not in line:
                    wrong.append(f"{path.relative_to(root)}:{n}")
    assert not wrong
