"""One label of texts: a classifier that says nothing where it is unsure, and nothing at all where it is measured to be poor."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from mandi.core.errors import ConfigError, DataNotFound
from mandi.feedback.vocabulary import UNLABELLED
from mandi.text.text_student import TextStudent, TextStudentParams

if TYPE_CHECKING:
    from pandas import DataFrame

FILE = "label.json"
NEVER = 2.0
"""A confidence no text reaches."""
STEPS = np.round(np.arange(0.20, 0.96, 0.01), 2)


@dataclass(frozen=True)
class LabelParams:
    """When a label is given.

    Attributes
    ----------
    right : float
        Share of given labels that should be right; the least confidence from which it is, out of fold, is the threshold.
    minimum : float
        Accuracy over all wordings it has not seen, whatever the confidence; below it nothing is labelled at all.
    fillings : int
        Times each wording of the package is filled with goods and places.
    folds : int
    seed : int

    Raises
    ------
    ConfigError
        A share outside [0, 1].
    """

    right: float = 0.85
    minimum: float = 0.60
    fillings: int = 2
    folds: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse a share that is none."""
        for name in ("right", "minimum"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ConfigError(f"feedback.labels.{name} is {getattr(self, name)}", allowed="0 to 1")


@dataclass
class LabelModel:
    """A classifier with the confidence from which its label is given.

    Attributes
    ----------
    threshold : float
        2 when no label is ever given.
    report : dict
        Out of fold, over wordings it had not seen: ``accuracy`` of all, ``accuracy_given``, ``coverage``, ``ece``, ``rows``, ``given``.
    """

    student: TextStudent
    threshold: float
    report: dict[str, Any]

    @classmethod
    def fit(
        cls, texts: Sequence[str], labels: Sequence[str], groups: Sequence[int], params: LabelParams
    ) -> Self:
        """Learn a label, and from which confidence it may be given.

        Parameters
        ----------
        texts, labels : sequence of str
        groups : sequence of int
            Texts that share a wording.
        params : LabelParams

        Raises
        ------
        TooLittleData
            See ``TextStudent.fit``.
        """
        settings = TextStudentParams(letters=(2, 4), strengths=(10.0,), folds=params.folds, seed=params.seed)
        student = TextStudent(settings).fit(texts, labels, groups)
        assert student.unseen is not None
        sure, correct = student.unseen
        accuracy = float(np.mean(correct))
        threshold = _threshold(sure, correct, params.right) if accuracy >= params.minimum else NEVER
        given = sure >= threshold
        report = {
            "rows": len(texts), "accuracy": accuracy, "coverage": float(given.mean()),
            "accuracy_given": float(np.mean(correct[given])) if given.any() else None, "ece": student.report["ece"],
            "given": threshold < NEVER,
        }  # fmt: skip
        return cls(student, threshold, report)

    def predict(self, texts: Sequence[str]) -> DataFrame:
        """Return ``label`` (or "unlabelled"), ``confidence``, and ``guess``: the label whatever the confidence.

        One text's label never depends on the others.
        """
        distinct = sorted(set(texts))
        found = self.student.predict(distinct) if distinct else self.student.predict(["-"]).iloc[:0]
        found.index = distinct
        told = found.loc[list(texts)].reset_index(drop=True)
        sure = told["confidence"] >= self.threshold
        return told.assign(guess=told["label"], label=told["label"].where(sure, UNLABELLED))

    def save(self, folder: Path) -> None:
        """Write the classifier and label.json into an existing folder."""
        self.student.save(folder)
        state = json.dumps({"threshold": self.threshold, "report": self.report}, sort_keys=True, indent=1)
        (folder / FILE).write_text(state, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote.

        Raises
        ------
        DataNotFound, ContractError
            A file is missing, or files do not belong together.
        """
        if not (folder / FILE).is_file():
            raise DataNotFound(f"no {FILE} in {folder}", next_command="mandi repro")
        state = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return cls(TextStudent.load(folder), state["threshold"], state["report"])


def _threshold(sure: Any, correct: Any, right: float) -> float:
    for step in STEPS:
        given = sure >= step
        if not given.any():
            break
        if float(np.mean(correct[given])) >= right:
            return float(step)
    return NEVER
