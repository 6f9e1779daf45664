"""Runs the notebooks that params.yaml lists and writes each as one HTML page; `mandi look` runs a model's again."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mandi.core.config import build, load_params
from mandi.core.errors import ConfigError, UnknownValue, nearest
from mandi.core.paths import Paths
from mandi.report.html import page, to_html
from mandi.report.normalise import clean_copy
from mandi.report.notebook import run_notebook


@dataclass(frozen=True)
class Entry:
    """One report: a section of ``notebooks`` in params.yaml.

    Attributes
    ----------
    notebook : str
        Name of the file in notebooks/, without its ending; the section's own name if empty.
    parameters : mapping
        Typed values for the cell tagged ``parameters``.
    timeout : int
        Seconds one cell may take.
    """

    notebook: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    timeout: int = 600


def entries(params: Mapping[str, Any]) -> dict[str, Entry]:
    """Return the reports that the parameters list, by name.

    Examples
    --------
    >>> entries({"notebooks": {"21_price": {}}})["21_price"].timeout
    600
    """
    listed = params.get("notebooks") or {}
    return {str(key): build(Entry, values or {}, f"notebooks.{key}") for key, values in listed.items()}


def prepare(root: Path, destination: Path) -> list[Path]:
    """Write a clean copy of every listed notebook to ``destination``, named after its report."""
    return [
        clean_copy(_source(root, key, entry), destination / f"{key}.ipynb")
        for key, entry in entries(load_params(Paths(root).params)).items()
    ]


def render(root: Path, key: str, source: Path | None = None) -> Path:
    """Run one report and write its page.

    Parameters
    ----------
    root : Path
        The project.
    key : str
        A section of ``notebooks`` in params.yaml.
    source : Path, optional
        The notebook to run, for example its clean copy; the one in notebooks/ if not given.

    Returns
    -------
    Path
        reports/notebooks/<key>.html; the executed notebook lies beside it.

    Raises
    ------
    UnknownValue
        There is no such report, or the notebook does not declare a parameter.
    NotebookFailed
        A cell failed; the executed notebook up to there is kept.
    """
    listed = entries(load_params(Paths(root).params))
    if key not in listed:
        raise UnknownValue(f'no report "{key}"{nearest(key, listed)}', allowed=", ".join(listed) or "(none)")
    entry = listed[key]
    folder = Paths(root).reports / "notebooks"
    written = folder / f"{key}.html"
    if reason := _not_trained(root, entry):
        folder.mkdir(parents=True, exist_ok=True)
        written.write_text(
            page(key, f"<h1>{key}</h1><p>Not trained: {html.escape(reason)}</p>"), encoding="utf-8"
        )
        return written
    executed = run_notebook(
        source or _source(root, key, entry),
        folder / f"{key}.ipynb",
        entry.parameters,
        cwd=root / "notebooks",
        timeout=entry.timeout,
    )
    written.write_text(to_html(executed), encoding="utf-8")
    return written


def look(root: Path, model: str) -> str:
    """Run the report of one model again.

    Parameters
    ----------
    root : Path
        The project.
    model : str

    Returns
    -------
    str
        Where the page is.

    Raises
    ------
    UnknownValue
        No such model.
    ConfigError
        The model has no report in params.yaml.
    """
    params = load_params(Paths(root).params)
    models = params.get("models") or {}
    if model not in models:
        raise UnknownValue(
            f'no model "{model}"{nearest(model, models)}', allowed=", ".join(models) or "(none)"
        )
    for key, entry in entries(params).items():
        if entry.notebook == "20_model_report" and entry.parameters.get("model") == model:
            return f"{render(root, key).relative_to(root)}"
    raise ConfigError(
        f'no report in params.yaml has notebook 20_model_report and model "{model}"',
        allowed=f"notebooks.20_{model}_report: {{notebook: 20_model_report, parameters: {{model: {model}}}}}",
    )


def _source(root: Path, key: str, entry: Entry) -> Path:
    return root / "notebooks" / f"{entry.notebook or key}.ipynb"


def _not_trained(root: Path, entry: Entry) -> str:
    receipt = Paths(root).receipt(str(entry.parameters.get("model", "")))
    if not receipt.is_file():
        return ""
    return str(json.loads(receipt.read_text(encoding="utf-8")).get("skipped", ""))
