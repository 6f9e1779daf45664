"""Which of two answers people would choose, or neither, from the texts alone; exchanging the answers exchanges the verdict."""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, Self

import numpy as np

from mandi.core.errors import NotFitted
from mandi.feedback.agreement import content_words
from mandi.feedback.figures import figures
from mandi.feedback.reward.checks import refuses
from mandi.text.linear import Floats, Linear, fit_linear, softmax

Verdict = Literal["tie", "first", "second"]
VERDICTS: tuple[Verdict, ...] = ("tie", "first", "second")
SWAPPED = {"tie": "tie", "first": "second", "second": "first"}
_WORD = re.compile(r"\w+")
_SENTENCE = re.compile(r"[.!?।]+(?:\s|$)")
_LIST = re.compile(r"(?m)^\s*(?:[-*•]|\d+[.)])\s")
_ASKS = {
    "list": r"\blist|\bname\b|\bsuggest|\bexamples?\b|\bideas?\b", "rewrite": r"\brewrite|\bparaphras|\bcorrect|\bedit|\bconcise|\bsimplif",
    "write": r"\bwrite|\bdraft|\bcompose|\bcreate|\bgenerate", "short": r"\bclassif|\bidentif|\bextract|\bdetermine|\bwhich\b|\byes or no",
    "explain": r"\bexplain|\bdescribe|\bsummar|\bhow\b|\bwhy\b", "code": r"\bcode\b|\bfunction\b|\bsql\b|\bpython\b|\bformula\b",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers to one question.

    Attributes
    ----------
    asked : str
        The instruction.
    given : str
        What it is about; may be empty.
    first, second : str
    """

    asked: str
    given: str
    first: str
    second: str

    def swapped(self) -> Pair:
        """Return the pair with its answers exchanged."""
        return Pair(self.asked, self.given, self.second, self.first)


@dataclass
class PairModel:
    """Bradley-Terry with ties over features of both texts: a multinomial logistic regression on their differences and likenesses.

    Every pair is learned from both ways round, and asked both ways round.

    Parameters
    ----------
    strength : float
        Penalty: the larger, the weaker.
    crossed : bool
        Whether differences may count otherwise for each kind of request.

    Examples
    --------
    >>> pairs = [Pair("Name a fruit", "", "apple apple apple apple", "An apple."), Pair("Name a crop", "", "Wheat.", "wheat wheat wheat wheat")] * 5
    >>> model = PairModel().fit(pairs, ["second", "first"] * 5)
    >>> model.predict([Pair("Name a metal", "", "iron iron iron iron", "Iron.")])
    ['second']
    """

    strength: float = 0.1
    crossed: bool = False
    _linear: Linear | None = None
    _scale: tuple[Floats, Floats] | None = None

    def fit(self, pairs: Sequence[Pair], verdicts: Sequence[Verdict]) -> Self:
        """Learn from verdicts: tie, first, second."""
        both = [*pairs, *(pair.swapped() for pair in pairs)]
        labels = [*verdicts, *(SWAPPED[verdict] for verdict in verdicts)]
        values = self._columns(both)
        spread = values.std(axis=0)
        self._scale = (values.mean(axis=0), np.where(spread > 1e-9, spread, 1.0))
        self._linear = fit_linear(self._scaled(values), labels, self.strength)
        return self

    def probabilities(self, pairs: Sequence[Pair]) -> Floats:
        """Return the chance of each of ``VERDICTS``, one row a pair.

        Raises
        ------
        NotFitted
        """
        if self._linear is None:
            raise NotFitted("no preferences have been learned", next_command="fit(pairs, verdicts)")
        order = [
            self._linear.classes.index(name) if name in self._linear.classes else -1 for name in VERDICTS
        ]
        one, other = (
            _ordered(softmax(self._linear.logits(self._scaled(self._columns(asked)))), order)
            for asked in (pairs, [pair.swapped() for pair in pairs])
        )
        return np.asarray((one + other[:, [0, 2, 1]]) / 2.0)

    def predict(self, pairs: Sequence[Pair]) -> list[Verdict]:
        """Return the likeliest verdict of each pair."""
        return [VERDICTS[int(k)] for k in self.probabilities(pairs).argmax(axis=1)]

    def _columns(self, pairs: Sequence[Pair]) -> Floats:
        return np.array([_row(pair, self.crossed) for pair in pairs], dtype=np.float64)

    def _scaled(self, values: Floats) -> Floats:
        assert self._scale is not None
        return np.asarray(np.clip((values - self._scale[0]) / self._scale[1], -4.0, 4.0))


def _ordered(found: Floats, order: Sequence[int]) -> Floats:
    return np.column_stack([found[:, k] if k >= 0 else np.zeros(len(found)) for k in order])


@lru_cache(maxsize=20_000)
def _row(pair: Pair, crossed: bool) -> list[float]:
    one, other = features(pair.asked, pair.given, pair.first), features(pair.asked, pair.given, pair.second)
    apart = [a - b for a, b in zip(one, other, strict=True)]
    like = _cosine(pair.first, pair.second)
    row = [
        *apart,
        *map(abs, apart),
        like,
        float(pair.first.strip() == pair.second.strip()),
        min(one[0], other[0]),
    ]
    if crossed:
        asks = [bool(re.search(words, pair.asked, re.IGNORECASE)) for words in _ASKS.values()]
        row += [value * is_so for is_so in asks for value in apart[:6]]
    return row


def features(asked: str, given: str, answer: str) -> list[float]:
    """Return what can be seen of an answer to a request.

    Length, repetition, words of the request and of what it is about, how much is copied, refusal, form, figures.

    Examples
    --------
    >>> len(features("Name a crop", "", "Wheat."))
    24
    """
    words = [word.casefold() for word in _WORD.findall(answer)]
    count = len(words)
    wanted, about, told = content_words(asked), content_words(given), content_words(answer)
    runs = Counter(zip(words, words[1:], words[2:], strict=False))
    packed = len(zlib.compress(answer.encode())) / max(len(answer.encode()), 1)
    sentences = len(_SENTENCE.findall(answer))
    lines = [line.strip() for line in answer.splitlines() if line.strip()]
    stripped = answer.strip()
    return [
        math.log1p(count), math.log1p(len(answer)), min(packed, 1.5), 1.0 - len(set(words)) / max(count, 1),
        max(runs.values(), default=0) / max(count, 1), sum(k - 1 for k in runs.values()) / max(count, 1),
        _share(told, wanted), _share(wanted, told), _share(told, about), _share(about, told), _copied(given, answer), _copied(asked, answer),
        float(bool(given) and stripped == given.strip()), float(refuses(answer)), float(not stripped), float(stripped.endswith((".", "!", "?", '"'))),
        float(stripped[:1].isupper()), math.log1p(sentences), count / max(sentences, 1) / 30.0, math.log1p(len(lines)),
        1.0 - len(set(lines)) / max(len(lines), 1), math.log1p(len(_LIST.findall(answer))), math.log1p(len(figures(answer[:4000]))),
        float(any(mark in answer for mark in ("###", "Instruction:", "Input:", "Output:", "Response:"))),
    ]  # fmt: skip


def _share(of: frozenset[str], there: frozenset[str]) -> float:
    return len(of & there) / len(of) if of else 0.0


def _copied(source: str, answer: str) -> float:
    """Share of the answer's runs of four words that the source has."""
    there, told = ([word.casefold() for word in _WORD.findall(text)] for text in (source, answer))
    runs = [tuple(told[k : k + 4]) for k in range(len(told) - 3)]
    known = {tuple(there[k : k + 4]) for k in range(len(there) - 3)}
    return sum(run in known for run in runs) / len(runs) if runs else 0.0


def _cosine(one: str, other: str) -> float:
    first, second = (Counter(word.casefold() for word in _WORD.findall(text)) for text in (one, other))
    dot: Any = sum(count * second[word] for word, count in first.items())
    size = math.sqrt(sum(c * c for c in first.values()) * sum(c * c for c in second.values()))
    return float(dot / size) if size else 0.0
