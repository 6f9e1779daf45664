"""Reads back what the pipelines wrote about one model: metrics, answered questions, controls, receipt and card."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from mandi.core.errors import DataNotFound
from mandi.core.paths import Paths
from mandi.evaluation.gate import Reason, Verdict
from mandi.models import model_class
from mandi.report.figures import known
from mandi.report.frames import Table, table

MOST_ROWS = 30


@dataclass(frozen=True)
class Results:
    """Everything measured on one model by the pipelines.

    Attributes
    ----------
    model, task : str
    metrics : dict of str to float
        Flat, as DVC shows them; those that could not be measured are left out.
    rows, backtest : DataFrame
        Answered questions of the untouched test, and of the rolling-origin back-test.
    tables : dict of str to DataFrame
        What was measured on the test, by title, in reading order.
    controls : DataFrame
        ``name, passed, text``.
    notes : tuple of str
    receipt : dict
        What the registry answered.
    card : str
        The model card, Markdown.
    """

    model: str
    task: str
    metrics: dict[str, float]
    rows: pd.DataFrame = field(repr=False)
    backtest: pd.DataFrame = field(repr=False)
    tables: dict[str, pd.DataFrame] = field(repr=False)
    controls: pd.DataFrame = field(repr=False)
    notes: tuple[str, ...]
    receipt: dict[str, Any]
    card: str = field(repr=False)

    @property
    def verdict(self) -> Verdict:
        """The gate's verdict as it was given."""
        return verdict_of(self.receipt.get("verdict") or {})


def read_results(root: Path, model: str) -> Results:
    """Read what the pipelines wrote about one model.

    Parameters
    ----------
    root : Path
        The project.
    model : str

    Raises
    ------
    DataNotFound
        A file is not there, or the model was not trained; the message says why.
    """
    paths = Paths(root)
    card = paths.receipt(model).parent / f"{model}_card.md"
    return replace(
        read_evaluation(root, model),
        receipt=_json(paths.receipt(model), model),
        card=card.read_text(encoding="utf-8") if card.is_file() else "",
    )


def read_evaluation(root: Path, model: str) -> Results:
    """Read what the evaluation wrote about one model, before the registry has answered: receipt and card are empty.

    Parameters
    ----------
    root : Path
        The project.
    model : str

    Raises
    ------
    DataNotFound
        As ``read_results``.
    """
    paths = Paths(root)
    metrics = _json(paths.metrics(model), model)
    if "skipped" in metrics:
        raise DataNotFound(
            f"{model} was not trained: it {metrics['skipped']}", next_command="mandi import --help"
        )
    folder = paths.evaluation(model)
    test = _json(folder / "test.json", model)
    return Results(
        model=model,
        task=model_class(model).spec.task,
        metrics=known(metrics),
        rows=pd.read_parquet(folder / "predictions.parquet"),
        backtest=pd.read_parquet(folder / "backtest.parquet"),
        tables={title: pd.DataFrame(rows) for title, rows in test["tables"].items()},
        controls=pd.DataFrame(_json(folder / "controls.json", model), columns=["name", "passed", "text"]),
        notes=tuple(test["notes"]),
        receipt={},
        card="",
    )


def shown_tables(results: Results) -> list[Table]:
    """Return what was measured as tables that show themselves, in reading order.

    Parameters
    ----------
    results : Results
    """
    return [table(figures, title, rows=MOST_ROWS, mixed=True) for title, figures in results.tables.items()]


def read_truth(root: Path) -> dict[str, Any]:
    """Read what only the generated market knows: latent values and noise floors; empty for real tables."""
    folder = Paths(root).truth
    written = folder / "truth.json"
    truth: dict[str, Any] = json.loads(written.read_text(encoding="utf-8")) if written.is_file() else {}
    return {
        **truth,
        "frames": {path.stem: pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))},
    }


def verdict_of(plain: Mapping[str, Any]) -> Verdict:
    """Return a verdict that was stored as plain data.

    Examples
    --------
    >>> verdict_of({}).passed
    False
    >>> row = {"check": "threshold", "metric": "lot.mae", "value": 44.0, "wanted": "at most 50", "passed": True, "text": "ok"}
    >>> verdict_of({"passed": True, "rule": "price/generated", "reasons": [row]}).reasons[0].metric
    'lot.mae'
    """
    reasons = tuple(Reason(**row) for row in plain.get("reasons", ()))
    return Verdict(bool(plain.get("passed", False)), str(plain.get("rule", "not judged")), reasons)


def _json(path: Path, model: str) -> Any:
    if not path.is_file():
        raise DataNotFound(f"nothing at {path.name} about {model}", next_command="mandi repro")
    return json.loads(path.read_text(encoding="utf-8"))
