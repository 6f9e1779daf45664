"""Rated questions that confidence remembers: of a question like one that was rated, it is known how the student fared there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mandi.student.base import Question
from mandi.student.chance import Chance, fit_chance, logit
from mandi.student.embedded.lessons import text_of
from mandi.student.encoder import Encoder
from mandi.student.scaling import Scaling, fit_scaling

Floats = np.ndarray[Any, np.dtype[np.float64]]
POWER = 4
"""Of the cosine: how much less a question counts that is less like another."""
OWN_WEIGHT = 0.3
"""What the student's own confidence weighs beside rated questions, each of which weighs at most 1; chosen on logs of other seeds."""
MOST_SURE = 0.97
FIRM = 1.0
"""How firmly the shift of each kind of question is held to nothing; chosen on logs of other seeds."""
ROUNDS = 8
PENALTY = 0.1


@dataclass(frozen=True)
class Ratings:
    """How the student fared on rated questions.

    Attributes
    ----------
    keys : tuple of str
        Kind of each question: only those of one kind are compared.
    vectors : ndarray, questions x 256
    right : ndarray
        How probably the student's answer to each was right.
    chance : Chance
        Of the student's confidence, and of how it fared on questions like the one asked.
    scaling : Scaling
        A slope, and a shift of each kind: the same confidence is not worth the same in a label and in a wording.
    """

    keys: tuple[str, ...]
    vectors: Any
    right: Floats
    chance: Chance
    scaling: Scaling = field(default_factory=Scaling)

    def of(self, question: Question, confidence: float) -> float:
        """Return the confidence as it is meant now."""
        vector = Encoder().encode([text_of(question.text, question.facts)])[0]
        alike = _weights(self.vectors @ vector) * np.array([key == key_of(question) for key in self.keys])
        fared = (alike @ self.right + OWN_WEIGHT * confidence) / (alike.sum() + OWN_WEIGHT)
        sure = float(self.chance.of(_signs(np.array([confidence]), np.array([fared])))[0])
        return self.scaling.of(key_of(question), sure)

    def state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return plain data and arrays, which ``restored`` takes up."""
        return {"keys": self.keys, "chance": self.chance.as_dict(), "scaling": self.scaling.as_dict()}, {
            "vectors": self.vectors,
            "right": self.right,
        }

    @classmethod
    def restored(cls, told: Mapping[str, Any], arrays: Mapping[str, Any]) -> Ratings:
        """Take up what ``state`` returned."""
        chance, scaling = Chance.of_dict(told["chance"]), Scaling.of_dict(told["scaling"])
        return cls(tuple(told["keys"]), arrays["vectors"], arrays["right"], chance, scaling)


def key_of(question: Question) -> str:
    """Return the kind of a question: its task, and the labels of a classification.

    Examples
    --------
    >>> key_of(Question("classification", (), {"labels": ["up", "down"]})), key_of(Question("chat", ()))
    ('classification down up', 'chat')
    """
    labels = question.facts.get("labels")
    names = sorted(map(str, labels)) if isinstance(labels, (list, tuple)) else []
    return " ".join([question.task, *names])


def remember(
    questions: Sequence[Question], confidence: Floats, rightness: Callable[[Floats], Floats]
) -> tuple[Ratings, Floats, Floats]:
    """Fit by expectation and maximisation, each question by what is known of the others.

    Parameters
    ----------
    questions : sequence of Question
        That were rated.
    confidence : ndarray
        Of the student's answers.
    rightness : callable
        Returns how probably each answer was right, from the confidence held now and what people said.

    Returns
    -------
    Ratings
    ndarray, ndarray
        How probably each answer was right, and confidence as it is meant now.
    """
    vectors = Encoder().encode([text_of(one.text, one.facts) for one in questions])
    keys = tuple(key_of(one) for one in questions)
    kinds = np.array(keys)
    alike = _weights(vectors @ vectors.T) * (kinds[:, None] == kinds[None])
    np.fill_diagonal(alike, 0.0)
    own = np.asarray(confidence, dtype=np.float64)
    moved = own
    for _ in range(ROUNDS):
        right = rightness(moved)
        fared = (alike @ right + OWN_WEIGHT * own) / (alike.sum(axis=1) + OWN_WEIGHT)
        chance = fit_chance(_signs(own, fared), right, penalty=PENALTY)
        sure = chance.of(_signs(own, fared))
        scaling = fit_scaling(keys, sure, right, firm=FIRM)
        moved = np.array([scaling.of(key, float(c)) for key, c in zip(keys, sure, strict=True)])
    return Ratings(keys, vectors, right, chance, scaling), right, moved


def _weights(cosine: Any) -> Floats:
    return np.asarray(np.clip(cosine, 0.0, None), dtype=np.float64) ** POWER


def _signs(confidence: Floats, fared: Floats) -> Floats:
    return np.column_stack([logit(confidence), logit(np.clip(fared, 1 - MOST_SURE, MOST_SURE))])
