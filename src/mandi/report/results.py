"""Reads back what the pipelines wrote about one model: metrics, answered questions, controls, receipt and card."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from mandi.core.errors import DataNotFound
from mandi.core.paths import Paths
from mandi.evaluation.gate import Reason, Verdict
from mandi.report.figures import known


@dataclass(frozen=True)
class Results:
    """Everything measured on one model by the pipelines.

    Attributes
    ----------
    model : str
    metrics : dict of str to float
        Flat, as DVC shows them; those that could not be measured are left out.
    rows, backtest : DataFrame
        Answered questions of the untouched test, and of the rolling-origin back-test.
    questions, worst : DataFrame
        Figures of each question; the worst slice of each.
    controls : DataFrame
        ``name, passed, text``.
    notes : tuple of str
    receipt : dict
        What the registry answered.
    card : str
        The model card, Markdown.
    """

    model: str
    metrics: dict[str, float]
    rows: pd.DataFrame = field(repr=False)
    backtest: pd.DataFrame = field(repr=False)
    questions: pd.DataFrame = field(repr=False)
    worst: pd.DataFrame = field(repr=False)
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
    metrics = _json(paths.metrics(model), model)
    if "skipped" in metrics:
        raise DataNotFound(
            f"{model} was not trained: it {metrics['skipped']}", next_command="mandi import --help"
        )
    folder = paths.evaluation(model)
    test, receipt = _json(folder / "test.json", model), _json(paths.receipt(model), model)
    card = paths.receipt(model).parent / f"{model}_card.md"
    return Results(
        model=model,
        metrics=known(metrics),
        rows=pd.read_parquet(folder / "predictions.parquet"),
        backtest=pd.read_parquet(folder / "backtest.parquet"),
        questions=pd.DataFrame(test["by_horizon"]),
        worst=pd.DataFrame(test["worst"]),
        controls=pd.DataFrame(_json(folder / "controls.json", model), columns=["name", "passed", "text"]),
        notes=tuple(test["notes"]),
        receipt=receipt,
        card=card.read_text(encoding="utf-8") if card.is_file() else "",
    )


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
