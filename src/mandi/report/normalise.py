"""Brings a notebook to one form that depends on its cells alone: no outputs, no traces of who ran it and how.

JupyterLab and papermill write counts, times, identifiers and kernel details into a notebook. DVC hashes bytes, so a
save would rerun everything behind it. The clean copy is what the pipelines depend on.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mandi.core.errors import DataNotFound, ImportRefused

KERNEL = {"display_name": "mandi", "language": "python", "name": "mandi"}


def clean(notebook: Mapping[str, Any]) -> dict[str, Any]:
    """Return a notebook with its cells and their tags, and nothing else that can change by running or saving.

    Parameters
    ----------
    notebook : mapping
        A notebook of format 4 as read from JSON.

    Returns
    -------
    dict
        Fixed kernel, cells numbered in order, no outputs, no parameters injected by an earlier run, no empty cells at
        the end. Cleaning twice changes nothing.

    Examples
    --------
    >>> cell = {"cell_type": "code", "source": "1 + 1", "metadata": {"scrolled": True}, "outputs": [{}], "execution_count": 3}
    >>> clean({"cells": [cell], "nbformat": 4})["cells"]
    [{'cell_type': 'code', 'id': 'cell-01', 'metadata': {}, 'source': ['1 + 1'], 'execution_count': None, 'outputs': []}]
    """
    cells = [cell for cell in notebook["cells"] if "injected-parameters" not in _tags(cell)]
    while cells and not "".join(cells[-1]["source"]).strip():
        cells.pop()
    return {
        "cells": [_cell(cell, number) for number, cell in enumerate(cells, 1)],
        "metadata": {"kernelspec": dict(KERNEL), "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def dumps(notebook: Mapping[str, Any]) -> str:
    """Return the JSON text of a notebook: sorted keys, one line per line of source, newline at the end."""
    return json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def read(path: Path) -> dict[str, Any]:
    """Read a notebook.

    Raises
    ------
    DataNotFound
        There is no such file.
    ImportRefused
        The file is not a notebook of format 4.
    """
    if not path.is_file():
        raise DataNotFound(f"no notebook at {path}", next_command="ls notebooks")
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ImportRefused(f"{path.name} is not a notebook: {error}", allowed="JSON, nbformat 4") from error
    if not isinstance(notebook, dict) or "cells" not in notebook or notebook.get("nbformat") != 4:
        raise ImportRefused(
            f"{path.name} is not a notebook of format 4",
            allowed="nbformat 4",
            next_command=f"jupyter nbconvert --to notebook --inplace {path.name}",
        )
    return notebook


def clean_copy(source: Path, destination: Path) -> Path:
    """Write the clean form of a notebook; the two may be the same file."""
    text = dumps(clean(read(source)))
    destination.parent.mkdir(parents=True, exist_ok=True)
    destination.write_text(text, encoding="utf-8")
    return destination


def _cell(cell: Mapping[str, Any], number: int) -> dict[str, Any]:
    tags = _tags(cell)
    kept: dict[str, Any] = {
        "cell_type": cell["cell_type"],
        "id": f"cell-{number:02d}",
        "metadata": {"tags": tags} if tags else {},
        "source": "".join(cell["source"]).rstrip().splitlines(keepends=True),
    }
    if cell.get("attachments"):
        kept["attachments"] = cell["attachments"]
    if cell["cell_type"] == "code":
        kept |= {"execution_count": None, "outputs": []}
    return kept


def _tags(cell: Mapping[str, Any]) -> list[str]:
    return sorted(cell.get("metadata", {}).get("tags", []))


if __name__ == "__main__":  # python -m mandi.report.normalise notebooks/*.ipynb
    for name in sys.argv[1:]:
        clean_copy(Path(name), Path(name))
