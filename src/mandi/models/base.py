"""The one model interface: a declaration (Spec) and five methods that every model has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, Self, runtime_checkable

if TYPE_CHECKING:
    from pandas import DataFrame, Series

Kind = Literal["number", "category", "boolean", "time", "text"]
Task = Literal["price", "forecast", "grading", "detection", "ranking"]
Progress = Callable[[int, int, str], None]  # steps done, steps in all, a line of text


class Told:
    """Counts the steps of a fit and tells them."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0

    def __call__(self, text: str) -> None:
        self.done += 1
        if self.progress is not None:
            self.progress(self.done, self.total, text)

    def finish(self, text: str) -> None:
        """Tell the last step, whatever was left out before it."""
        self.done = self.total - 1
        self(text)


@dataclass(frozen=True)
class Field:
    """One column or one value of a request: its name, kind, unit, meaning and domain.

    Examples
    --------
    >>> Field("quantity", "number", "quintal", "size of the lot", low=0.0).required
    True
    """

    name: str
    kind: Kind
    unit: str
    meaning: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    required: bool = True


@dataclass(frozen=True)
class Spec:
    """The single declaration behind table contract, signature, request, drift reference, dictionary and card.

    Attributes
    ----------
    name : str
        Name of the model, of its section in params.yaml and of its registered model.
    question : str
        The question it answers, in one sentence.
    inputs, outputs : tuple of Field
        Columns ``predict`` reads and returns.
    label : str
        Column with the truth, in ``unit``.
    horizons : tuple of int
        Days ahead that may be asked; 0 is today.
    main_metric : str
        Metric shown first and compared with the champion.
    lower_is_better : bool
    request : tuple of Field
        What a caller sends; everything else comes from the history.
    example : dict
        A request that is answered.
    watched : tuple of str
        Inputs whose distribution is watched for drift: neither ids nor dates, no level that wanders and no count that only grows.
    task : str
        What kind of answer it is: decides how it is examined (``mandi.evaluation.examiner``) and drawn.
    """

    name: str
    question: str
    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...]
    label: str
    unit: str
    horizons: tuple[int, ...]
    main_metric: str
    lower_is_better: bool
    request: tuple[Field, ...]
    example: dict[str, Any] = field(default_factory=dict)
    task: Task = "price"
    watched: tuple[str, ...] = ()

    def input_names(self) -> list[str]:
        """Names of the columns ``predict`` reads, in order."""
        return [f.name for f in self.inputs]

    def output_names(self) -> list[str]:
        """Names of the columns ``predict`` returns, in order."""
        return [f.name for f in self.outputs]


@runtime_checkable
class Model(Protocol):
    """What every model does. A row of ``predict`` never depends on another row."""

    name: ClassVar[str]
    spec: ClassVar[Spec]

    def fit(self, frame: DataFrame, progress: Progress | None = None) -> Self:
        """Learn from ``spec.inputs``, ``spec.label`` and ``part`` (train, validation, calibration), saying how far it is."""
        ...

    def predict(self, frame: DataFrame) -> DataFrame:
        """Return ``spec.outputs`` on the index of ``frame``."""
        ...

    def explain(self, frame: DataFrame) -> DataFrame:
        """Return columns index, feature, effect (in ``spec.unit``), base included, in long form."""
        ...

    @staticmethod
    def baselines(frame: DataFrame, seed: int) -> dict[str, Series]:
        """Return, by name, predictions of simpler models fitted on the part train; on the index of ``frame``."""
        ...

    def save(self, folder: Path) -> None:
        """Write the fitted model as plain data (no pickle) into an existing folder."""
        ...

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote."""
        ...
