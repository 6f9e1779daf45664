"""Labels of texts by classifiers that say nothing where they are unsure, and nothing at all where they are measured to be poor."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from mandi.core.errors import ConfigError, ContractError, DataNotFound
from mandi.feedback.vocabulary import UNLABELLED
from mandi.text.calibration import Calibrator, calibration_error, choose_calibrator
from mandi.text.linear import Floats, Linear
from mandi.text.near_duplicates import folds
from mandi.text.terms import Terms

if TYPE_CHECKING:
    from pandas import DataFrame

WORDS_FILE, NUMBERS_FILE = "labels.json", "labels.npz"
NEVER = 2.0
"""A confidence no text reaches."""
STEPS = np.round(np.arange(0.20, 0.96, 0.01), 2)
LONGEST = 2_000
_DIGITS = re.compile(r"\d[\d,.]*")
_SIGNS = {"!": " xshout ", "?": " xask "}


@dataclass(frozen=True)
class LabelParams:
    """When a label is given.

    Attributes
    ----------
    right : float
        Share of given labels that should be right: the least confidence from which it is, out of fold, is the threshold.
    minimum : float
        Accuracy of the given labels over wordings the model has not seen; below it, or where fewer than ``coverage`` of the texts would get
        one, the whole label is off.
    coverage : float
    strength : float
        Penalty: the larger, the weaker.
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
    minimum: float = 0.75
    coverage: float = 0.15
    strength: float = 10.0
    fillings: int = 1
    folds: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse a share that is none."""
        for name in ("right", "minimum", "coverage"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ConfigError(f"feedback.labels.{name} is {getattr(self, name)}", allowed="0 to 1")


@dataclass(frozen=True)
class Head:
    """One label: its weights, its calibration, and the confidence from which it is given (2 for never)."""

    linear: Linear
    calibrator: Calibrator
    threshold: float
    report: Mapping[str, Any]


@dataclass(frozen=True)
class LabelModels:
    """Several labels over one set of terms.

    Attributes
    ----------
    terms : Terms
    heads : mapping of str to Head
        ``report`` of each, out of fold over wordings it had not seen: ``accuracy`` of all, ``accuracy_given``, ``coverage``, ``ece``, ``rows``,
        ``given``.
    """

    terms: Terms
    heads: Mapping[str, Head]

    @classmethod
    def fit(
        cls,
        texts: Sequence[str],
        lessons: Mapping[str, Sequence[str | None]],
        groups: Sequence[int],
        params: LabelParams,
    ) -> Self:
        """Learn every label, and from which confidence each may be given.

        Parameters
        ----------
        texts : sequence of str
        lessons : mapping of str to sequence
            Of each label the one of every text; None where a text has none.
        groups : sequence of int
            Texts that share a wording have one number.
        params : LabelParams
        """
        terms = _terms().fit([prepared(text) for text in texts])
        matrix = terms.transform([prepared(text) for text in texts])
        numbers = np.asarray(groups)
        heads = {}
        for name, lesson in sorted(lessons.items()):
            at = np.flatnonzero([label is not None for label in lesson])
            heads[name] = _head(matrix[at], [str(lesson[k]) for k in at], numbers[at], params)
        return cls(terms, heads)

    def predict(self, texts: Sequence[str], names: Sequence[str] | None = None) -> dict[str, DataFrame]:
        """Return of each label ``label`` (or "unlabelled"), ``sure`` and ``guess``: the label whatever the confidence.

        What one text is called never depends on the others.

        Parameters
        ----------
        texts : sequence of str
        names : sequence of str, optional
            Labels asked for; all if not given.
        """
        import pandas as pd

        distinct = sorted(set(texts))
        row = {text: k for k, text in enumerate(distinct)}
        at = np.array([row[text] for text in texts], dtype=np.int64)
        matrix = self.terms.transform([prepared(text) for text in distinct])
        found = {}
        for name in names or sorted(self.heads):
            head = self.heads[name]
            chances = head.calibrator.probabilities(head.linear.logits(matrix))
            guess = np.array(head.linear.classes, dtype=object)[chances.argmax(axis=1)]
            sure = chances.max(axis=1)
            label = np.where(sure >= head.threshold, guess, UNLABELLED)
            found[name] = pd.DataFrame({"label": label[at], "sure": sure[at], "guess": guess[at]})
        return found

    def save(self, folder: Path) -> None:
        """Write labels.json and labels.npz into an existing folder."""
        numbers = folder / NUMBERS_FILE
        held = {
            f"{name}/{part}": getattr(head.linear, part)
            for name, head in self.heads.items()
            for part in ("weights", "intercepts")
        }
        np.savez(numbers, rarity=self.terms.weights(), **held)
        heads = {
            name: {
                "classes": head.linear.classes, "calibrator": asdict(head.calibrator), "threshold": head.threshold,
                "report": dict(head.report),
            }
            for name, head in self.heads.items()
        }  # fmt: skip
        state = {"vocabulary": self.terms.vocabulary(), "heads": heads, "sha256": _sha256(numbers)}
        (folder / WORDS_FILE).write_text(
            json.dumps(state, ensure_ascii=False, sort_keys=True), encoding="utf-8"
        )

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote.

        Raises
        ------
        DataNotFound, ContractError
            A file is missing, or the files do not belong together.
        """
        words, numbers = folder / WORDS_FILE, folder / NUMBERS_FILE
        if not (words.is_file() and numbers.is_file()):
            raise DataNotFound(f"no {WORDS_FILE} and {NUMBERS_FILE} in {folder}", next_command="mandi repro")
        state = json.loads(words.read_text(encoding="utf-8"))
        if state["sha256"] != _sha256(numbers):
            raise ContractError(f"{NUMBERS_FILE} is not the file {WORDS_FILE} was written with")
        with np.load(numbers, allow_pickle=False) as held:
            terms = _terms().restored(state["vocabulary"], held["rarity"])
            heads = {
                name: Head(
                    Linear(tuple(one["classes"]), held[f"{name}/weights"], held[f"{name}/intercepts"]),
                    Calibrator(one["calibrator"]["way"], one["calibrator"]["slope"], tuple(one["calibrator"]["bias"])),
                    one["threshold"], one["report"],
                )
                for name, one in state["heads"].items()
            }  # fmt: skip
        return cls(terms, heads)


def prepared(text: str) -> str:
    """Return a text as the models read it: numbers are all alike, and marks that sound like something are words.

    Examples
    --------
    >>> prepared("Pay 5,000 now!").split()
    ['Pay', '0', 'now', 'xshout']
    """
    told = _DIGITS.sub("0", text[:LONGEST])
    for sign, word in _SIGNS.items():
        told = told.replace(sign, word)
    return told


def _terms() -> Terms:
    return Terms(words=(1, 2), letters=(3, 4), least_words=2, least_letters=3)


def _head(matrix: Any, labels: Sequence[str], groups: Any, params: LabelParams) -> Head:
    names = sorted(set(labels))
    right = np.array([names.index(label) for label in labels])
    fold = folds(groups, params.folds, params.seed)
    logits = np.full((len(labels), len(names)), -30.0)
    for number in np.unique(fold):
        learnt, held = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        linear = _each_against_the_rest(matrix[learnt], [labels[k] for k in learnt], params.strength)
        logits[np.ix_(held, np.array([names.index(label) for label in linear.classes]))] = linear.logits(
            matrix[held]
        )
    calibrator, _ = choose_calibrator(logits, right, fold)
    chances = calibrator.probabilities(logits)
    sure, correct = chances.max(axis=1), chances.argmax(axis=1) == right
    threshold = _threshold(sure, correct, params)
    given = sure >= threshold
    report = {
        "rows": len(labels), "accuracy": float(correct.mean()), "majority": float(np.bincount(right).max() / len(right)),
        "coverage": float(given.mean()), "accuracy_given": float(correct[given].mean()) if given.any() else None,
        "ece": calibration_error(sure, correct), "given": threshold < NEVER,
    }  # fmt: skip
    return Head(_each_against_the_rest(matrix, labels, params.strength), calibrator, threshold, report)


def _each_against_the_rest(matrix: Any, labels: Sequence[str], strength: float) -> Linear:
    """Logistic regressions of one label against the others: on a thousand short texts ten times as fast as all at once."""
    from sklearn.linear_model import LogisticRegression

    classes = tuple(sorted(set(labels)))
    told = np.array(labels, dtype=object)
    weights, intercepts = np.zeros((matrix.shape[1], len(classes))), np.zeros(len(classes))
    for k, name in enumerate(classes if len(classes) > 1 else ()):
        one = LogisticRegression(
            C=strength, solver="liblinear", dual=True, random_state=0, max_iter=200, tol=1e-3
        )
        one.fit(matrix, told == name)
        weights[:, k], intercepts[k] = one.coef_[0], one.intercept_[0]
    return Linear(classes, weights, intercepts)


def _threshold(sure: Floats, correct: Any, params: LabelParams) -> float:
    """Least confidence from which labels are right often enough; else the best one that covers enough, if it is above the minimum."""
    enough = [
        (float(step), sure >= step) for step in STEPS if float((sure >= step).mean()) >= params.coverage
    ]
    for step, given in enough:
        if float(correct[given].mean()) >= params.right:
            return step
    best = max(enough, key=lambda one: float(correct[one[1]].mean()), default=None)
    if best is None or float(correct[best[1]].mean()) < params.minimum:
        return NEVER
    return best[0]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
