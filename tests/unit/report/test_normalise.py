from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from mandi.core.errors import DataNotFound, ImportRefused
from mandi.report.normalise import clean, clean_copy, dumps, read


def notebook() -> dict[str, Any]:
    code = {
        "cell_type": "code", "id": "a1b2", "source": "x = 1\nprint(x)\n", "execution_count": 7,
        "metadata": {"tags": ["parameters"], "papermill": {"duration": 1.2}, "collapsed": False},
        "outputs": [{"output_type": "stream", "name": "stdout", "text": "1\n"}],
    }  # fmt: skip
    text = {"cell_type": "markdown", "id": "zz", "source": ["# Title\n", "text"], "metadata": {"jp": 1}}
    empty = {"cell_type": "code", "source": "", "metadata": {}, "outputs": [], "execution_count": None}
    return {
        "cells": [text, code, empty], "nbformat": 4, "nbformat_minor": 4,
        "metadata": {"kernelspec": {"name": "python3"}, "papermill": {"parameters": {}}, "widgets": {}},
    }  # fmt: skip


def test_keeps_sources_and_tags_only() -> None:
    cells = clean(notebook())["cells"]
    assert [c["cell_type"] for c in cells] == ["markdown", "code"]
    assert cells[1]["metadata"] == {"tags": ["parameters"]}
    assert cells[1]["source"] == ["x = 1\n", "print(x)"]
    assert cells[1]["outputs"] == [] and cells[1]["execution_count"] is None
    assert clean(notebook())["metadata"]["kernelspec"]["name"] == "mandi"


def test_cleaning_twice_changes_nothing_and_input_is_left_alone() -> None:
    before = notebook()
    kept = copy.deepcopy(before)
    once = clean(before)
    assert dumps(clean(once)) == dumps(once)
    assert before == kept


def test_what_running_and_saving_write_does_not_show() -> None:
    saved = notebook()
    saved["cells"][1] |= {"execution_count": 99, "id": "other", "outputs": []}
    saved["cells"][1]["metadata"]["papermill"] = {"duration": 77}
    saved["metadata"]["language_info"] = {"version": "3.12.1"}
    assert dumps(clean(saved)) == dumps(clean(notebook()))


def test_an_edit_shows() -> None:
    edited = notebook()
    edited["cells"][1]["source"] = "x = 2\nprint(x)"
    assert dumps(clean(edited)) != dumps(clean(notebook()))


def test_parameters_injected_by_an_earlier_run_do_not_survive() -> None:
    ran = notebook()
    ran["cells"].insert(
        2, {"cell_type": "code", "source": "x = 9", "metadata": {"tags": ["injected-parameters"]}}
    )
    assert dumps(clean(ran)) == dumps(clean(notebook()))


def test_the_clean_copy_is_a_valid_notebook(tmp_path: Path) -> None:
    import nbformat

    source = tmp_path / "n.ipynb"
    source.write_text(json.dumps(notebook()), encoding="utf-8")
    copied = clean_copy(source, tmp_path / "clean" / "n.ipynb")
    nbformat.validate(nbformat.read(copied, as_version=4))
    assert copied.read_text(encoding="utf-8") == dumps(clean(notebook()))


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(DataNotFound, match="no notebook at"):
        read(tmp_path / "absent.ipynb")
    broken = tmp_path / "broken.ipynb"
    broken.write_text("<<<<<<< HEAD", encoding="utf-8")
    with pytest.raises(ImportRefused, match="is not a notebook"):
        read(broken)
    broken.write_text('{"nbformat": 3, "worksheets": []}', encoding="utf-8")
    with pytest.raises(ImportRefused, match="format 4"):
        read(broken)
