from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from mandi.core.errors import UnknownValue
from mandi.report.normalise import read
from mandi.report.notebook import NotebookFailed, run_notebook


def write(path: Path, *sources: str) -> Path:
    cells = [
        {"cell_type": "code", "id": f"c{i}", "source": source, "execution_count": None, "outputs": [],
         "metadata": {"tags": ["parameters"]} if i == 0 else {}}
        for i, source in enumerate(sources)
    ]  # fmt: skip
    # a kernel that is installed nowhere: the runner's own interpreter must answer
    metadata = {"kernelspec": {"name": "no-such-kernel", "display_name": "x", "language": "python"}}
    path.write_text(json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}))
    return path


def printed(executed: Path) -> str:
    outputs: list[Any] = [o for c in read(executed)["cells"] for o in c.get("outputs", [])]
    return "".join("".join(o.get("text", [])) for o in outputs)


def test_runs_with_typed_parameters_in_this_interpreter(tmp_path: Path) -> None:
    source = write(
        tmp_path / "n{1}.ipynb", "rate = 0.5\nname = 'a'\ndays = [1]",
        "import sys, pathlib\nprint(repr((rate, name, days)), sys.executable, pathlib.Path.cwd().name)",
    )  # fmt: skip
    (tmp_path / "here").mkdir()
    before = source.read_bytes()
    done = run_notebook(
        source,
        tmp_path / "out" / "n.ipynb",
        {"rate": 1e-4, "name": "007", "days": [7, 30]},
        cwd=tmp_path / "here",
    )
    assert printed(done) == f"(0.0001, '007', [7, 30]) {sys.executable} here\n"
    assert source.read_bytes() == before


def test_a_failing_cell_is_named_and_the_partial_copy_kept(tmp_path: Path) -> None:
    source = write(tmp_path / "n.ipynb", "days = 1", "print('so far')", "days / 0", "print('never')")
    with pytest.raises(NotebookFailed) as error:
        run_notebook(source, tmp_path / "out.ipynb")
    assert 'in code cell 3 of 4 ("days / 0"): ZeroDivisionError: division by zero' in str(error.value)
    assert str(tmp_path / "out.ipynb") in str(error.value)
    assert "so far" in printed(tmp_path / "out.ipynb") and "never" not in printed(tmp_path / "out.ipynb")


def test_leaving_early_is_a_failure_too(tmp_path: Path) -> None:
    source = write(tmp_path / "n.ipynb", "days = 1", "import sys\nsys.exit(0)", "print('never')")
    with pytest.raises(NotebookFailed, match="code cell 2 of 3"):
        run_notebook(source, tmp_path / "out.ipynb")


def test_a_cell_that_takes_too_long(tmp_path: Path) -> None:
    source = write(tmp_path / "n.ipynb", "import time", "time.sleep(30)")
    with pytest.raises(NotebookFailed, match="code cell 2 of 2.*longer than 1 s"):
        run_notebook(source, tmp_path / "out.ipynb", timeout=1)


def test_a_dead_kernel(tmp_path: Path) -> None:
    source = write(tmp_path / "n.ipynb", "import os", "os._exit(9)")
    with pytest.raises(NotebookFailed, match="code cell 2 of 2.*kernel died"):
        run_notebook(source, tmp_path / "out.ipynb")


def test_an_unknown_parameter_stops_before_anything_runs(tmp_path: Path) -> None:
    source = write(tmp_path / "n.ipynb", "alpha = 1")
    with pytest.raises(UnknownValue, match="alhpa") as error:
        run_notebook(source, tmp_path / "out.ipynb", {"alhpa": 9})
    assert 'did you mean "alpha"' in str(error.value)
    assert not (tmp_path / "out.ipynb").exists()
