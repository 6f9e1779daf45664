"""Classifies texts for one set of labels, and says how sure it is; less so of texts unlike any it learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from mandi.core.errors import TooLittleData
from mandi.student.chance import Chance, fit_chance, logit
from mandi.student.embedded.folded import Counted, Space, counted, fit_denied, space
from mandi.student.embedded.held_out import dealt, later_blocks
from mandi.student.params import StudentParams
from mandi.text.calibration import Calibrator, fit_calibrator
from mandi.text.linear import Linear, softmax
from mandi.text.terms import Terms

Floats = np.ndarray[Any, np.dtype[np.float64]]
Whole = np.ndarray[Any, np.dtype[np.int64]]
LEAST_GOLD = 60
"""Rows a person vouched for, from which on confidence is calibrated on them alone."""
STRANGE = 0.02
"""Quantile of the nearness of texts not learned; what is further away than that is strange."""
UNSEEN = -30.0
SUPPOSED = 0.3
"""Weight of an answer to a text held back with all that are worded alike, beside one to a text that did come later."""


@dataclass(frozen=True, slots=True)
class Row:
    """A text and its label; or, among those denied, a label it does not have. Asked and known in seconds since 1970."""

    text: str
    label: str
    weight: float
    cluster: int
    gold: bool = True
    asked: float = 0.0
    known: float = 0.0


@dataclass(frozen=True)
class Held:
    """Confidence in answers to texts that were not learned, whether they were right, and what each row weighs."""

    confidence: Floats
    right: Floats
    weight: Floats


@dataclass
class LabelClassifier:
    """One classifier of words and letters by logistic regression.

    Confidence is fitted from the calibrated probability of the label, how near the nearest learned text of that label is, and how much
    nearer than one of another label; on two kinds of answers: to texts held back with all that are worded alike, and to later texts
    from what was known before them. Of strange texts it falls to that of a guess.
    """

    labels: tuple[str, ...]
    params: StudentParams = field(default_factory=StudentParams)
    report: dict[str, Any] = field(default_factory=dict)
    terms: Terms = field(default_factory=Terms)
    linear: Linear | None = None
    calibrator: Calibrator | None = None
    chance: Chance | None = None
    matrix: Any = None
    home: Whole = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
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
        gold = np.array([row.gold for row in rows])
        asked = np.flatnonzero(gold) if gold.sum() >= LEAST_GOLD else np.arange(len(rows))
        learner = _Learner(rows, denied, names, self.params)
        apart_scores, near = learner.out_of_fold()
        best = _least(apart_scores, right, weight)
        # a slope alone: the bias of answers to texts held back by wording tells which labels were held back
        self.calibrator = fit_calibrator(apart_scores[best][asked], right[asked], "temperature")
        later, ahead_scores, ahead_near = learner.from_before(asked, best)
        if not (enough := len(later) >= self.params.least_rows):
            later, ahead_scores, ahead_near = later[:0], ahead_scores[:0], ahead_near[:0]
        self.near_enough = float(np.quantile(near.max(axis=1), STRANGE))
        apart, guess = self._signs(apart_scores[best][asked], near[asked])
        ahead, foretold = self._signs(ahead_scores, ahead_near)
        correct, came_true = (guess == right[asked]) * 1.0, (foretold == right[later]) * 1.0
        self.chance = fit_chance(
            np.vstack([apart, ahead]),
            np.append(correct, came_true),
            np.append(weight[asked] * (SUPPOSED if enough else 1.0), weight[later]),
        )
        self._learn(learner, best)
        self.report = {
            "rows": len(rows), "denied": len(denied), "gold": int(gold.sum()), "strength": best,
            "calibration": self.calibrator.way, "accuracy": float(np.average(correct, weights=weight[asked])), "later": len(later),
        }  # fmt: skip
        if enough:
            return Held(
                self._guarded(self.chance.of(ahead), ahead_near.max(axis=1)), came_true, weight[later]
            )
        return Held(self._guarded(self.chance.of(apart), near[asked].max(axis=1)), correct, weight[asked])

    def answers(self, texts: Sequence[str]) -> list[tuple[str, float]]:
        """Return label and confidence of each text."""
        assert self.linear is not None and self.calibrator is not None and self.chance is not None
        asked = self.terms.transform(texts)
        near = _nearest(asked, self.matrix, self.home, len(self.linear.classes))
        signs, best = self._signs(self.linear.logits(asked), near)
        guarded = self._guarded(self.chance.of(signs), near.max(axis=1))
        return [(self.linear.classes[int(k)], float(c)) for k, c in zip(best, guarded, strict=True)]

    def _signs(self, logits: Floats, near: Floats) -> tuple[Floats, Whole]:
        """Return what speaks for each text's best label, and which that is."""
        assert self.calibrator is not None
        probability = self.calibrator.probabilities(logits)
        best = probability.argmax(axis=1)
        rows = np.arange(len(best))
        own, others = near[rows, best], near.copy()
        others[rows, best] = 0.0
        return np.column_stack([logit(probability.max(axis=1)), own, own - others.max(axis=1)]), best

    def _guarded(self, confidence: Floats, near: Floats) -> Floats:
        guess = 1.0 / max(len(self.labels), 2)
        familiar = np.clip(near / max(self.near_enough, 1e-9), 0.0, 1.0)
        return np.asarray(np.minimum(confidence, guess + (confidence - guess) * familiar))

    def _learn(self, learner: _Learner, strength: float) -> None:
        self.terms, both = learner.texts.learned(np.arange(len(learner.rows)))
        self.matrix = both[: len(learner.rows)]
        self.home = learner.home
        self.linear = _fitted_in(space(both), learner.rows, learner.denied, strength)

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
            "rarity": self.terms.weights(), "weights": self.linear.weights, "home": self.home, "intercepts": self.linear.intercepts,
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
        made.near_enough, made.home = float(told["near_enough"]), arrays["home"]
        shape = (len(arrays["ends"]) - 1, made.terms.width)
        made.matrix = csr_matrix((arrays["data"], arrays["indices"], arrays["ends"]), shape=shape)
        return made


@dataclass
class _Learner:
    """Learns some of the rows and is asked the others; each text is read once."""

    rows: Sequence[Row]
    denied: Sequence[Row]
    names: Sequence[str]
    params: StudentParams
    texts: Counted = field(init=False)

    def __post_init__(self) -> None:
        both = [row.text for row in [*self.rows, *self.denied]]
        self.texts = counted(both, self.params.words, self.params.letters)
        self.cluster = np.array([row.cluster for row in [*self.rows, *self.denied]], dtype=np.int64)
        self.home = np.array([self.names.index(row.label) for row in self.rows], dtype=np.int64)
        self.known = np.array([row.known for row in [*self.rows, *self.denied]])

    def folds(self) -> Whole:
        """Return the fold of each row and of each denied row, wordings that are alike in one."""
        everything = self.texts.of(np.arange(len(self.rows)))
        near = np.asarray((everything @ everything.T).todense()) / 2
        return dealt(near, self.cluster, np.arange(len(self.rows)), self.params.folds, self.params.seed)

    def out_of_fold(self) -> tuple[dict[float, Floats], Floats]:
        """Return scores of all rows for each strength, and how near the nearest learned text of each label was."""
        count, fold, strengths = len(self.rows), self.folds(), self.params.strengths
        scores = {c: np.full((count, len(self.names)), UNSEEN) for c in strengths}
        near = np.zeros((count, len(self.names)))
        for number in np.unique(fold[:count]):
            held = np.flatnonzero(fold[:count] == number)
            found, near[held] = self._asked(held, np.flatnonzero(fold != number), strengths)
            for c, rows in found.items():
                scores[c][held] = rows
        return scores, near

    def from_before(self, asked: Whole, strength: float) -> tuple[Whole, Floats, Floats]:
        """Return later ones of the rows asked, their scores from what was known before their block, and how near the nearest text of
        each label was."""
        when = np.array([row.asked for row in self.rows])
        nothing = np.zeros((0, len(self.names)))
        rows, scores, near = [asked[:0]], [nothing], [nothing]
        for begin, end in later_blocks(when[asked]):
            held = asked[(when[asked] >= begin) & (when[asked] < end)]
            before = (self.known < begin) & ~np.isin(self.cluster, self.cluster[held])
            if before[: len(self.rows)].sum() < self.params.least_rows:
                continue
            found, close = self._asked(held, np.flatnonzero(before), [strength])
            rows.append(held)
            scores.append(found[strength])
            near.append(close)
        return np.concatenate(rows), np.vstack(scores), np.vstack(near)

    def _asked(
        self, held: Whole, learnt: Whole, strengths: Sequence[float]
    ) -> tuple[dict[float, Floats], Floats]:
        count = len(self.rows)
        own, others = learnt[learnt < count], learnt[learnt >= count]
        scores = {c: np.full((len(held), len(self.names)), UNSEEN) for c in strengths}
        if not len(own):
            return scores, np.zeros((len(held), len(self.names)))
        everything = self.texts.of(own)
        where = space(everything[np.concatenate([own, others])])
        for c in strengths:
            linear = _fitted_in(
                where, [self.rows[k] for k in own], [self.denied[k - count] for k in others], c
            )
            scores[c][:, [self.names.index(label) for label in linear.classes]] = linear.logits(
                everything[held]
            )
        return scores, _nearest(everything[held], everything[own], self.home[own], len(self.names))


def _fitted_in(where: Space, rows: Sequence[Row], denied: Sequence[Row], strength: float) -> Linear:
    return fit_denied(
        where,
        [row.label for row in rows],
        [row.weight for row in rows],
        [(row.label, row.weight) for row in denied],
        strength,
    )


def _nearest(asked: Any, matrix: Any, home: Whole, classes: int) -> Floats:
    """Cosine of the nearest row of each class; both blocks of columns have length one."""
    cosine = np.asarray((asked @ matrix.T).todense(), dtype=np.float64) / 2
    found = np.zeros((cosine.shape[0], classes))
    for number in np.unique(home):
        found[:, number] = cosine[:, home == number].max(axis=1)
    return found


def _least(scores: Mapping[float, Floats], right: Whole, weight: Floats) -> float:
    """Return the strength whose scores have the least log loss."""

    def loss(strength: float) -> float:
        likely = softmax(scores[strength])[np.arange(len(right)), right]
        return float(np.average(-np.log(np.maximum(likely, 1e-12)), weights=weight))

    return min(scores, key=loss)
