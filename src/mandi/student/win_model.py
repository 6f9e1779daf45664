"""How much a stronger provider is expected to add to the answer of a weaker one, from the question alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from mandi.core.errors import ContractError, DataNotFound, NotFitted, TooLittleData
from mandi.text.linear import Floats, Linear, fit_linear, softmax
from mandi.text.terms import Terms

Values = Sequence[float] | Floats

LEAST = 50
WORDS_FILE, NUMBERS_FILE = "win_model.json", "win_model.npz"
_PROVIDERS = ("weak", "strong")


@dataclass(frozen=True)
class WinModelParams:
    """Settings: runs of words, texts a run must be in, penalties (C) of the regressions on words and on the look."""

    words: tuple[int, int] = (1, 2)
    least_words: int = 2
    words_strength: float = 1.0
    look_strength: float = 0.1


class WinModel:
    """Learns from questions that both providers answered, each right or wrong.

    Two views, of equal weight: the words of the question, and its look (length, numbers, marks: a few columns the caller
    gives). Each view has one logistic regression for each provider; the gain is the difference of their probabilities of
    being right. Words carry over to questions of a known kind, the look to questions of a new one.

    Examples
    --------
    >>> texts = [f"{kind} question {k}" for k in range(40) for kind in ("easy", "hard")]
    >>> weak = [1, 0] * 40
    >>> model = WinModel().fit(texts, [[len(t)] for t in texts], weak, [1] * 80)
    >>> easy, hard = model.hardness(["easy question", "hard question"], [[13], [13]])
    >>> bool(easy < hard)
    True
    """

    def __init__(self, params: WinModelParams | None = None) -> None:
        self.params = params or WinModelParams()
        self._terms: Terms | None = None
        self._centre, self._spread = np.zeros(0), np.zeros(0)
        self._linear: dict[str, Linear] = {}

    def fit(self, texts: Sequence[str], look: Any, weak: Values, strong: Values) -> Self:
        """Learn.

        Parameters
        ----------
        texts : sequence of str
        look : array, one row per text
            Numbers that describe a text, the same columns every time.
        weak, strong : sequence of 0 or 1
            Whether each provider was right; a quality counts as right from 0.5.

        Raises
        ------
        TooLittleData
            Fewer than 50 questions.
        ContractError
            The lengths differ.
        """
        columns = np.asarray(look, dtype=np.float64)
        if not len(texts) == len(columns) == len(weak) == len(strong):
            raise ContractError(
                f"{len(texts)} texts, {len(columns)} looks, {len(weak)} and {len(strong)} outcomes"
            )
        if len(texts) < LEAST:
            raise TooLittleData(f"{len(texts)} questions were answered by both", allowed=f"at least {LEAST}")
        self._terms = Terms(self.params.words, least_words=self.params.least_words).fit(texts)
        self._centre, spread = columns.mean(axis=0), columns.std(axis=0)
        self._spread = np.where(spread > 0, spread, 1.0)
        views = self._views(texts, columns)
        strengths = {"words": self.params.words_strength, "look": self.params.look_strength}
        self._linear = {
            f"{view}_{provider}": fit_linear(
                matrix, ["right" if v >= 0.5 else "wrong" for v in values], strengths[view]
            )
            for view, matrix in views.items()
            for provider, values in zip(_PROVIDERS, (weak, strong), strict=True)
        }
        return self

    def gain(self, texts: Sequence[str], look: Any) -> Floats:
        """Return what the stronger one adds to the probability of a right answer, in [-1, 1].

        Raises
        ------
        NotFitted
        """
        views = self._views(texts, np.asarray(look, dtype=np.float64))
        total = np.zeros(len(texts))
        for view, matrix in views.items():
            weak, strong = (_right(self._linear[f"{view}_{p}"], matrix) for p in _PROVIDERS)
            total += strong - weak
        return total / len(views)

    def hardness(self, texts: Sequence[str], look: Any) -> Floats:
        """Return the gain scaled to [0, 1]: what a situation calls ``hardness``."""
        return (self.gain(texts, look) + 1.0) / 2.0

    def save(self, folder: Path) -> None:
        """Write win_model.json and win_model.npz into an existing folder."""
        terms = self._fitted()
        arrays = {"rarity": terms.weights(), "centre": self._centre, "spread": self._spread}
        for name, linear in self._linear.items():
            arrays |= {f"{name}_weights": linear.weights, f"{name}_intercepts": linear.intercepts}
        np.savez(folder / NUMBERS_FILE, **arrays)  # type: ignore[arg-type]
        state = {
            "params": vars(self.params), "vocabulary": terms.vocabulary(),
            "classes": {name: linear.classes for name, linear in self._linear.items()},
        }  # fmt: skip
        (folder / WORDS_FILE).write_text(
            json.dumps(state, ensure_ascii=False, sort_keys=True), encoding="utf-8"
        )

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote.

        Raises
        ------
        DataNotFound
        """
        if not ((folder / WORDS_FILE).is_file() and (folder / NUMBERS_FILE).is_file()):
            raise DataNotFound(f"no {WORDS_FILE} and {NUMBERS_FILE} in {folder}")
        state = json.loads((folder / WORDS_FILE).read_text(encoding="utf-8"))
        given: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in state["params"].items()
        }
        model = cls(WinModelParams(**given))
        with np.load(folder / NUMBERS_FILE, allow_pickle=False) as held:
            terms = Terms(model.params.words, least_words=model.params.least_words)
            model._terms = terms.restored(state["vocabulary"], held["rarity"])
            model._centre, model._spread = held["centre"], held["spread"]
            model._linear = {
                name: Linear(tuple(classes), held[f"{name}_weights"], held[f"{name}_intercepts"])
                for name, classes in state["classes"].items()
            }
        return model

    def _fitted(self) -> Terms:
        if self._terms is None:
            raise NotFitted("the model has learnt nothing", next_command="fit(texts, look, weak, strong)")
        return self._terms

    def _views(self, texts: Sequence[str], look: Floats) -> dict[str, Any]:
        terms = self._fitted()
        if look.shape != (len(texts), len(self._centre)):
            raise ContractError(
                f"the look is of shape {look.shape}", allowed=f"({len(texts)}, {len(self._centre)})"
            )
        return {"words": terms.transform(texts), "look": (look - self._centre) / self._spread}


def _right(linear: Linear, matrix: Any) -> Floats:
    probability = softmax(linear.logits(matrix))
    if "right" not in linear.classes:
        return np.zeros(len(probability))
    return probability[:, linear.classes.index("right")]
