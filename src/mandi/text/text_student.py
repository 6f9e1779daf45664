"""A text classifier of our own that knows how sure it is: words, letters, logistic regression, calibrated confidence."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from mandi.core.errors import ContractError, DataNotFound, NotFitted, TooLittleData
from mandi.text.calibration import Calibrator, bands, calibration_error, choose_calibrator
from mandi.text.linear import Floats, Linear, fit_linear, softmax
from mandi.text.near_duplicates import clusters, folds
from mandi.text.terms import Terms

if TYPE_CHECKING:
    from pandas import DataFrame

LEAST = 20
WORDS_FILE, NUMBERS_FILE = "text_student.json", "text_student.npz"


@dataclass(frozen=True)
class TextStudentParams:
    """Settings of the classifier.

    Attributes
    ----------
    words, letters : pair of int
        Runs of words and of letters, shortest and longest.
    strengths : tuple of float
        Penalties tried (C of logistic regression); the out-of-fold log loss chooses.
    folds : int
        Of the out-of-fold scores; near-duplicates are in one fold.
    seed : int
    """

    words: tuple[int, int] = (1, 2)
    letters: tuple[int, int] = (2, 5)
    strengths: tuple[float, ...] = (4.0, 10.0, 25.0)
    folds: int = 4
    seed: int = 0


@dataclass
class TextStudent:
    """Classifies short texts.

    The penalty is chosen, and confidence calibrated, on scores of texts the classifier had not seen, with near-duplicates kept
    on one side. Fitting needs scikit-learn; answering needs numpy and scipy.

    Attributes
    ----------
    report : dict
        Out-of-fold figures: accuracy, calibration error of each way, share and accuracy of the routing bands.

    Examples
    --------
    >>> texts = [f"gold {w} {k} rupees" for k in range(20) for w in ("rises", "falls")]
    >>> student = TextStudent(TextStudentParams(strengths=(5.0,))).fit(texts, ["up", "down"] * 20)
    >>> student.predict(["silver falls"])["label"].tolist()
    ['down']
    """

    params: TextStudentParams = field(default_factory=TextStudentParams)
    report: dict[str, Any] = field(default_factory=dict)
    _terms: Terms | None = None
    _linear: Linear | None = None
    _calibrator: Calibrator | None = None

    def fit(self, texts: Sequence[str], labels: Sequence[str], groups: Sequence[int] | None = None) -> Self:
        """Learn.

        Parameters
        ----------
        texts, labels : sequence of str
        groups : sequence of int, optional
            Texts that must be on one side of every split; near-duplicates if not given.

        Raises
        ------
        TooLittleData
            Fewer than 20 texts, or fewer than two labels.
        """
        names = sorted(set(labels))
        if len(texts) < LEAST or len(names) < 2 or len(texts) != len(labels):
            raise TooLittleData(
                f"{len(texts)} texts with {len(labels)} labels of {len(names)} kinds",
                allowed=f"at least {LEAST} texts, each with a label, of at least 2 kinds",
            )
        right = np.array([names.index(label) for label in labels])
        fold = folds(clusters(texts) if groups is None else groups, self.params.folds, self.params.seed)
        scores = self._out_of_fold(texts, labels, names, fold)
        losses = {c: _log_loss(logits, right) for c, logits in scores.items()}
        best = min(losses, key=lambda c: losses[c])
        self._calibrator, errors = choose_calibrator(scores[best], right, fold)
        probability = self._calibrator.probabilities(scores[best])
        sure, correct = probability.max(axis=1), probability.argmax(axis=1) == right
        self.report = {
            "rows": len(texts), "strength": best, "calibration": self._calibrator.way,
            "calibration_errors": errors, "accuracy": float(correct.mean()),
            "ece": calibration_error(sure, correct), **bands(sure, correct),
        }  # fmt: skip
        self._terms = self._new_terms().fit(texts)
        self._linear = fit_linear(self._terms.transform(texts), labels, best)
        return self

    @property
    def classes(self) -> tuple[str, ...]:
        """Return the labels, in the order of the columns of ``probabilities``."""
        return self._parts()[1].classes

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """Return the calibrated probability of each label, one row per text.

        Raises
        ------
        NotFitted
        """
        terms, linear, calibrator = self._parts()
        return calibrator.probabilities(linear.logits(terms.transform(texts)))

    def predict(self, texts: Sequence[str]) -> DataFrame:
        """Return ``label`` and ``confidence`` of each text; confidence is a calibrated probability in [0, 1]."""
        import pandas as pd

        found = self.probabilities(texts)
        names = np.array(self.classes, dtype=object)
        return pd.DataFrame({"label": names[found.argmax(axis=1)], "confidence": found.max(axis=1)})

    def answer(self, text: str) -> tuple[str, float]:
        """Return label and confidence of one text."""
        row = self.probabilities([text])[0]
        return self.classes[int(row.argmax())], float(row.max())

    def save(self, folder: Path) -> None:
        """Write text_student.json and text_student.npz into an existing folder."""
        terms, linear, calibrator = self._parts()
        numbers = folder / NUMBERS_FILE
        np.savez(numbers, rarity=terms.weights(), weights=linear.weights, intercepts=linear.intercepts)
        state = {
            "params": asdict(self.params), "classes": linear.classes, "vocabulary": terms.vocabulary(),
            "calibrator": asdict(calibrator), "report": self.report, "sha256": _sha256(numbers),
        }  # fmt: skip
        text = json.dumps(state, ensure_ascii=False, sort_keys=True)
        (folder / WORDS_FILE).write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote.

        Raises
        ------
        DataNotFound
            A file is missing.
        ContractError
            The files do not belong together.
        """
        words, numbers = folder / WORDS_FILE, folder / NUMBERS_FILE
        if not (words.is_file() and numbers.is_file()):
            raise DataNotFound(f"no {WORDS_FILE} and {NUMBERS_FILE} in {folder}")
        state = json.loads(words.read_text(encoding="utf-8"))
        if state["sha256"] != _sha256(numbers):
            raise ContractError(f"{NUMBERS_FILE} is not the file {WORDS_FILE} was written with")
        given: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in state["params"].items()
        }
        student = cls(TextStudentParams(**given), state["report"])
        with np.load(numbers, allow_pickle=False) as held:
            student._terms = student._new_terms().restored(state["vocabulary"], held["rarity"])
            student._linear = Linear(tuple(state["classes"]), held["weights"], held["intercepts"])
        shape = (student._terms.width, len(student._linear.classes))
        if student._linear.weights.shape != shape:
            raise ContractError(f"weights of shape {student._linear.weights.shape}", allowed=str(shape))
        bias = tuple(state["calibrator"].pop("bias"))
        student._calibrator = Calibrator(**state["calibrator"], bias=bias)
        return student

    def _new_terms(self) -> Terms:
        return Terms(self.params.words, self.params.letters)

    def _parts(self) -> tuple[Terms, Linear, Calibrator]:
        if self._terms is None or self._linear is None or self._calibrator is None:
            raise NotFitted(
                "the student has learnt nothing", next_command="fit(texts, labels), or load(folder)"
            )
        return self._terms, self._linear, self._calibrator

    def _out_of_fold(
        self, texts: Sequence[str], labels: Sequence[str], names: Sequence[str], fold: Any
    ) -> dict[float, Floats]:
        """Scores of each text by classifiers that did not see its fold; a label they never saw is out of question."""
        scores = {c: np.full((len(texts), len(names)), -30.0) for c in self.params.strengths}
        for number in np.unique(fold):
            learnt, held = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
            terms = self._new_terms().fit([texts[k] for k in learnt])
            matrix, asked = (
                terms.transform([texts[k] for k in learnt]),
                terms.transform([texts[k] for k in held]),
            )
            for c in self.params.strengths:
                linear = fit_linear(matrix, [labels[k] for k in learnt], c)
                columns = np.array([names.index(label) for label in linear.classes])
                scores[c][np.ix_(held, columns)] = linear.logits(asked)
        return scores


def _log_loss(logits: Floats, right: Any) -> float:
    return float(-np.log(np.maximum(softmax(logits)[np.arange(len(right)), right], 1e-12)).mean())


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
