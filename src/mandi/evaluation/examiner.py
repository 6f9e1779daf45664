"""How a model of some kind of task is examined: one interface, one examiner per ``Spec.task``."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import pandas as pd

from mandi.core.lookup import looked_up

if TYPE_CHECKING:
    from mandi.evaluation.controls import ControlResult
    from mandi.features.base import Features
    from mandi.models.base import Model

EXAMINERS: dict[str, str] = {
    "price": "mandi.evaluation.pricing.price_examiner:PriceExaminer",
    "forecast": "mandi.evaluation.forecasting.forecast_examiner:ForecastExaminer",
    "grading": "mandi.evaluation.grading.grading_examiner:GradingExaminer",
    "detection": "mandi.evaluation.detection.detection_examiner:DetectionExaminer",
    "ranking": "mandi.evaluation.ranking.ranking_examiner:RankingExaminer",
}


class Outcome(Protocol):
    """What an examination returns: ``Judged``, or what a task has of its own with the same parts."""

    @property
    def metrics(self) -> dict[str, float]: ...

    @property
    def tables(self) -> dict[str, pd.DataFrame]: ...

    @property
    def rows(self) -> pd.DataFrame: ...

    @property
    def notes(self) -> tuple[str, ...]: ...

    def as_dict(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Judged:
    """Everything measured on one test.

    Attributes
    ----------
    metrics : dict of str to float
        Flat; ``test.rows`` and ``test.fingerprint`` among them.
    tables : dict of str to DataFrame
        What a reader sees, by title, in order: figures beside the baselines, by slice, by class, ...
    rows : DataFrame
        One row per answered question: what was asked, ``label``, the answer, the baselines.
    notes : tuple of str
        What the figures mean where a name does not say it, and what was left out.
    """

    metrics: dict[str, float]
    tables: dict[str, pd.DataFrame]
    rows: pd.DataFrame = field(repr=False)
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return plain data without the rows; what is not finite becomes None, so that it is valid JSON."""
        tables = {title: plain(table.to_dict(orient="records")) for title, table in self.tables.items()}
        return {"metrics": plain(self.metrics), "tables": tables, "notes": list(self.notes)}

    def _repr_html_(self) -> str:
        parts = [
            f"<h4>{html.escape(title)}</h4>"
            f"{table.to_html(index=False, float_format=lambda x: f'{x:.4g}', na_rep='-')}"
            for title, table in self.tables.items()
            if len(table)
        ]
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in self.notes)
        return "".join(parts) + (f"<ul>{notes}</ul>" if notes else "")


@dataclass(frozen=True)
class Standing:
    """One line of the closing table and the index: the main figure, the baseline's, the best possible."""

    main: str
    baseline: str = "-"
    floor: str = ""


class Examiner(Protocol):
    """Measures models of one kind of task. Built from all of params.yaml and the name of the model."""

    task: ClassVar[str]
    limits: ClassVar[tuple[str, ...]]  # sentences for the card that hold for every model of this task

    def __init__(self, params: Mapping[str, Any], model: str) -> None: ...

    def beside(
        self,
        frame: pd.DataFrame,
        tables: Mapping[str, pd.DataFrame],
        fitted: Mapping[str, pd.Series] | None = None,
    ) -> pd.DataFrame:
        """Return one column per baseline on the index of the frame; ``fitted`` is what ``Model.baselines`` returned."""
        ...

    def examine(
        self,
        predictions: pd.DataFrame,
        frame: pd.DataFrame,
        beside: pd.DataFrame,
        truth: Mapping[str, Any] | None = None,
    ) -> Outcome:
        """Measure predictions for some rows of a frame, by index; with the truth of the generated market, the ceiling."""
        ...

    def backtest(
        self, frame: pd.DataFrame, make_model: Callable[[], Model], tell: Callable[[int, int, str], None]
    ) -> pd.DataFrame:
        """Answer a past period as it would have been: outputs and ``origin``, ``fitted_until`` (UTC); may be empty."""
        ...

    def controls(
        self,
        features: Features,
        fitted: Model,
        make_model: Callable[[], Model],
        frame: pd.DataFrame,
        tables: Mapping[str, pd.DataFrame],
        seed: int,
    ) -> list[ControlResult]:
        """Return at least "future perturbation", and "shuffled labels" where the model learns from labels."""
        ...

    def standing(self, metrics: Mapping[str, float]) -> Standing:
        """Return the line of the closing table."""
        ...


def examiner_for(task: str, params: Mapping[str, Any], model: str) -> Examiner:
    """Import and build the examiner of a task.

    Parameters
    ----------
    task : str
        ``Spec.task``.
    params : mapping
        All of params.yaml.
    model : str
        Name of the model.

    Raises
    ------
    UnknownValue
        No examiner for the task.
    """
    built: Examiner = looked_up(task, EXAMINERS, "examiner for")(params, model)
    return built


def fingerprint(rows: pd.DataFrame, columns: list[str]) -> float:
    """Return a number that two tests share only when they hold the same questions with the same answers.

    Order and index do not matter. 48 bits, so that a float holds it exactly.

    Parameters
    ----------
    rows : DataFrame
        Labelled questions.
    columns : list of str
        What makes a question, and ``label``.

    Examples
    --------
    >>> rows = pd.DataFrame({"lot_id": ["L1", "L2"], "label": ["A", "C"]})
    >>> fingerprint(rows, ["lot_id", "label"]) == fingerprint(rows.iloc[::-1], ["lot_id", "label"])
    True
    """
    keys = rows[columns]
    texts = keys.select_dtypes(exclude="number").columns
    hashed = pd.util.hash_pandas_object(
        keys.assign(**{str(c): keys[c].astype(str) for c in texts}), index=False
    )
    return float(int(hashed.sum()) % 2**48)


def plain(value: Any) -> Any:
    """Return plain data: numbers that are not finite become None, times text."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
