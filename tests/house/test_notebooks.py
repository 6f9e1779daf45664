"""Notebooks call and look: short, clean, without code of their own, and every report of params.yaml can be run."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from mandi.core.config import load_params
from mandi.report.look import entries
from mandi.report.normalise import clean, dumps, read
from mandi.report.parameters import check_parameters, declared_parameters

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MOST_CELLS = 15
LONGEST_LINE = 112
IMPORTED = {"mandi", "pandas", "numpy", "IPython", "pathlib", "dataclasses"}


def _code(path: Path) -> list[str]:
    return ["".join(cell["source"]) for cell in read(path)["cells"] if cell["cell_type"] == "code"]


def test_there_are_notebooks() -> None:
    names = {path.stem for path in NOTEBOOKS}
    assert {"00_quickstart", "20_model_report", "21_price", "30_registry"} <= names


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_no_outputs_and_no_traces_of_a_run(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == dumps(clean(read(path))), (
        f"clean it: python -m mandi.report.normalise notebooks/{path.name}"
    )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebooks_call_and_look(path: Path) -> None:
    cells = _code(path)
    assert 0 < len(cells) <= MOST_CELLS, f"{len(cells)} code cells"
    assert declared_parameters(read(path)), "no cell tagged parameters"
    for source in cells:
        for node in ast.walk(ast.parse(source)):
            assert not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)), source
            assert not isinstance(node, (ast.For, ast.While, ast.Try, ast.Global)), (
                f"move it to the package:\n{source}"
            )
            modules: list[str] = []
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                modules = [node.module or ""]
            strangers = [m for m in modules if m.split(".")[0] not in IMPORTED]
            assert not strangers, f"{strangers}: imports are from the package"
        assert max(map(len, source.splitlines())) <= LONGEST_LINE, f"JupyterLab hides the end of:\n{source}"
        assert "filterwarnings" not in source and "sys.path" not in source, source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_what_a_notebook_imports_is_there(path: Path) -> None:
    from importlib import import_module

    for source in _code(path):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mandi"):
                module = import_module(str(node.module))
                for alias in node.names:
                    if not hasattr(module, alias.name):
                        import_module(f"{node.module}.{alias.name}")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_teaches(path: Path) -> None:
    cells = read(path)["cells"]
    assert cells[0]["cell_type"] == "markdown" and "".join(cells[0]["source"]).startswith("# ")
    words = sum(len("".join(c["source"]).split()) for c in cells if c["cell_type"] == "markdown")
    assert words >= 100, f"{words} words of prose"


def _reports() -> dict[str, Any]:
    return entries(load_params(ROOT / "params.yaml"))


def test_every_report_names_a_notebook_and_parameters_it_declares() -> None:
    for key, entry in _reports().items():
        path = ROOT / "notebooks" / f"{entry.notebook or key}.ipynb"
        check_parameters(read(path), entry.parameters, key)


def test_every_notebook_is_run_by_the_pipelines() -> None:
    run = {entry.notebook or key for key, entry in _reports().items()}
    assert run == {path.stem for path in NOTEBOOKS}


def test_every_model_has_its_report() -> None:
    models = set(load_params(ROOT / "params.yaml")["models"])
    reported = {e.parameters.get("model") for e in _reports().values() if e.notebook == "20_model_report"}
    assert models == reported, (
        "add it under notebooks in params.yaml: {notebook: 20_model_report, parameters: {model: ...}}"
    )
