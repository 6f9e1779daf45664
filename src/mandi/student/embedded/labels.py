"""Classifies texts for one set of labels, and says how sure it is; less so of texts unlike any it learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from mandi.core.errors import TooLittleData
from mandi.student.chance import Chance, fit_chance, logit
from mandi.student.embedded.folded import Space, counted, fit_denied, space
from mandi.student.params import StudentParams
from mandi.text.calibration import Calibrator, choose_calibrator
from mandi.text.linear import Linear, softmax
from mandi.text.near_duplicates import folds
from mandi.text.terms import Terms

Floats = np.ndarray[Any, np.dtype[np.float64]]
Whole = np.ndarray[Any, np.dtype[np.int64]]
LEAST_GOLD = 60
"""Rows a person vouched for, from which on confidence is calibrated on them alone."""
STRANGE = 0.02
"""Quantile of the nearness of texts not learned; what is further away than that is strange."""
UNSEEN = -30.0


@dataclass(frozen=True, slots=True)
class Row:
    """A text and its label; or, among those denied, a label it does not have."""

    text: str
    label: str
    weight: float
    cluster: int
    gold: bool = True


@dataclass(frozen=True)
class Held:
    """Confidence in answers to texts that were not learned, whether they were right, and what each row weighs."""

    confidence: Floats
    right: Floats
    weight: Floats


@dataclass
class LabelClassifier:
    """One classifier of words and letters by logistic regression.

    Confidence is fitted on out-of-fold answers with near-duplicates on one side: from the calibrated probability of the label and
    from how near the nearest learned text is. Of strange texts it falls to that of a guess.
    """

    labels: tuple[str, ...]
    params: StudentParams = field(default_factory=StudentParams)
    report: dict[str, Any] = field(default_factory=dict)
    terms: Terms = field(default_factory=Terms)
    linear: Linear | None = None
    calibrator: Calibrator | None = None
    chance: Chance | None = None
    matrix: Any = None
    near_enough: float = 0.0

    def fit(self, rows: Sequence[Row], denied: Sequence[Row] = ()) -> Held:
        """Learn; return what confidence and thresholds are fitted on.

        Raises
        ------
        TooLittleData
            Too few rows, or fewer than two labels among them.
        """
        names = sorted({row.label for row in rows})
        if len(rows) < self.params.least_rows or len(names) < 2:
            raise TooLittleData(
                f"{len(rows)} texts of {len(names)} labels",
                allowed=f"at least {self.params.least_rows} texts of at least 2 labels",
            )
        right = np.array([names.index(row.label) for row in rows], dtype=np.int64)
        weight = np.array([row.weight for row in rows])
        groups = np.array([row.cluster for row in rows])
        fold = folds(groups, min(self.params.folds, len(np.unique(groups))), self.params.seed)
        scores, near = self._out_of_fold(rows, denied, names, fold)
        losses = {c: _log_loss(one, right, weight) for c, one in scores.items()}
        best = min(losses, key=lambda c: losses[c])
        gold = np.array([row.gold for row in rows])
        asked = np.flatnonzero(gold) if gold.sum() >= LEAST_GOLD else np.arange(len(rows))
        self.calibrator, _ = choose_calibrator(scores[best][asked], right[asked], fold[asked])
        probability = self.calibrator.probabilities(scores[best])
        signs = np.column_stack([logit(probability.max(axis=1)), near])
        correct = (probability.argmax(axis=1) == right).astype(np.float64)
        self.chance = fit_chance(signs[asked], correct[asked], weight[asked])
        self.near_enough = float(np.quantile(near, STRANGE))
        self._learn(rows, denied, best)
        confidence = self._guarded(self.chance.of(signs), near)
        self.report = {
            "rows": len(rows), "denied": len(denied), "gold": int(gold.sum()), "strength": best,
            "calibration": self.calibrator.way, "accuracy": float(np.average(correct[asked], weights=weight[asked])),
        }  # fmt: skip
        return Held(confidence[asked], correct[asked], weight[asked])

    def answers(self, texts: Sequence[str]) -> list[tuple[str, float]]:
        """Return label and confidence of each text."""
        assert self.linear is not None and self.calibrator is not None and self.chance is not None
        asked = self.terms.transform(texts)
        probability = self.calibrator.probabilities(self.linear.logits(asked))
        near = _nearest(asked, self.matrix)
        sure = self.chance.of(np.column_stack([logit(probability.max(axis=1)), near]))
        guarded = self._guarded(sure, near)
        best = probability.argmax(axis=1)
        return [(self.linear.classes[int(k)], float(c)) for k, c in zip(best, guarded, strict=True)]

    def _guarded(self, confidence: Floats, near: Floats) -> Floats:
        guess = 1.0 / max(len(self.labels), 2)
        familiar = np.clip(near / max(self.near_enough, 1e-9), 0.0, 1.0)
        return np.asarray(np.minimum(confidence, guess + (confidence - guess) * familiar))

    def _learn(self, rows: Sequence[Row], denied: Sequence[Row], strength: float) -> None:
        self.terms = Terms(self.params.words, self.params.letters).fit([row.text for row in rows])
        self.matrix = self.terms.transform([row.text for row in rows])
        both = self.terms.transform([row.text for row in [*rows, *denied]])
        self.linear = _fitted_in(space(both), rows, denied, strength)

    def _out_of_fold(
        self, rows: Sequence[Row], denied: Sequence[Row], names: Sequence[str], fold: Whole
    ) -> tuple[dict[float, Floats], Floats]:
        scores = {c: np.full((len(rows), len(names)), UNSEEN) for c in self.params.strengths}
        near = np.zeros(len(rows))
        texts = counted([row.text for row in [*rows, *denied]], self.params.words, self.params.letters)
        for number in np.unique(fold):
            learnt, held = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
            if not len(learnt):
                continue
            own = [rows[k] for k in learnt]
            away = {rows[k].cluster for k in held}
            others = [k for k, row in enumerate(denied) if row.cluster not in away]
            everything = texts.of(learnt)
            near[held] = _nearest(everything[held], everything[learnt])
            where = space(everything[[*learnt, *(len(rows) + k for k in others)]])
            for c in self.params.strengths:
                linear = _fitted_in(where, own, [denied[k] for k in others], c)
                columns = np.array([names.index(label) for label in linear.classes])
                scores[c][np.ix_(held, columns)] = linear.logits(everything[held])
        return scores, near

    def state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return plain data and arrays, which ``restored`` takes up."""
        assert self.linear is not None and self.calibrator is not None and self.chance is not None
        told = {
            "labels": self.labels, "classes": self.linear.classes, "vocabulary": self.terms.vocabulary(),
            "calibrator": {"way": self.calibrator.way, "slope": self.calibrator.slope, "bias": self.calibrator.bias},
            "chance": self.chance.as_dict(), "near_enough": self.near_enough, "report": self.report,
        }  # fmt: skip
        matrix = self.matrix.tocsr()
        arrays = {
            "rarity": self.terms.weights(), "weights": self.linear.weights, "intercepts": self.linear.intercepts,
            "data": matrix.data, "indices": matrix.indices, "ends": matrix.indptr,
        }  # fmt: skip
        return told, arrays

    @classmethod
    def restored(cls, told: Mapping[str, Any], arrays: Mapping[str, Any], params: StudentParams) -> Self:
        """Take up what ``state`` returned."""
        from scipy.sparse import csr_matrix

        made = cls(tuple(told["labels"]), params, dict(told["report"]))
        made.terms = Terms(params.words, params.letters).restored(told["vocabulary"], arrays["rarity"])
        made.linear = Linear(tuple(told["classes"]), arrays["weights"], arrays["intercepts"])
        way = told["calibrator"]
        made.calibrator = Calibrator(way["way"], float(way["slope"]), tuple(map(float, way["bias"])))
        made.chance = Chance.of_dict(told["chance"])
        made.near_enough = float(told["near_enough"])
        shape = (len(arrays["ends"]) - 1, made.terms.width)
        made.matrix = csr_matrix((arrays["data"], arrays["indices"], arrays["ends"]), shape=shape)
        return made


def _fitted_in(where: Space, rows: Sequence[Row], denied: Sequence[Row], strength: float) -> Linear:
    return fit_denied(
        where,
        [row.label for row in rows],
        [row.weight for row in rows],
        [(row.label, row.weight) for row in denied],
        strength,
    )


def _nearest(asked: Any, matrix: Any) -> Floats:
    """Cosine of the nearest row; both blocks of columns have length one."""
    if not matrix.shape[0]:
        return np.zeros(asked.shape[0])
    return np.asarray((asked @ matrix.T).max(axis=1).todense(), dtype=np.float64).ravel() / 2


def _log_loss(scores: Floats, right: Whole, weight: Floats) -> float:
    likely = np.maximum(softmax(scores)[np.arange(len(right)), right], 1e-12)
    return float(np.average(-np.log(likely), weights=weight))
