"""Answers a question with the wording of the nearest accepted answers and the figures of its own facts."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mandi.student.embedded.figures import Leaf, is_name, leaves, mentions
from mandi.student.embedded.templates import ASKED, Source, Template, leaves_of, templates_of
from mandi.student.embedded.wraps import unwrapped, wraps
from mandi.student.encoder import words_of
from mandi.text.terms import Terms

Floats = np.ndarray[Any, np.dtype[np.float64]]
Whole = np.ndarray[Any, np.dtype[np.int64]]

NEIGHBOURS = 12
SHARPNESS = 3
"""Power of the similarity in a vote."""
TRIED, TRIED_FROM = 3, 0.5
"""Wordings that are tried in turn, as long as they have this share of the first one's votes."""
FEW_VALUES = 6
LONGEST_NAME = 4  # words
SIGNS = ("similarity", "agreement", "margin", "right", "support", "first", "known_words")
_ITEM = re.compile(r"/-?\d+(?=/|$)")


@dataclass(frozen=True, slots=True)
class Found:
    """An answer and the signs that speak for it, in the order of ``SIGNS``."""

    text: str
    signs: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: what it and its facts say, its words with names and figures replaced by what they are, how its facts are built."""

    question: str
    known: Mapping[str, Leaf]
    masked: str
    shape: tuple[str, ...]


@dataclass
class Bank:
    """Accepted and rejected answers by their questions.

    Names are replaced by what they are and figures by a sign before questions are compared, so that "cotton in Rajkot" finds what was
    said of wheat in Indore. Votes of neighbours are their similarity, cubed, times their weight; rejected answers vote against
    their wording.

    Examples
    --------
    >>> Bank(names={"wheat": "commodity"}).asked("Wheat at 2,400?", {}).masked
    'commodity__ at figure__?'
    """

    names: dict[str, str] = field(default_factory=dict)
    few: dict[str, list[str]] = field(default_factory=dict)
    templates: list[Template] = field(default_factory=list)
    home: Whole = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    votes: Floats = field(default_factory=lambda: np.zeros(0))
    kinds: list[tuple[str, ...]] = field(default_factory=list)
    kind: Whole = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    terms: Terms = field(default_factory=lambda: Terms((1, 2), (3, 4)))
    matrix: Any = None
    _known: frozenset[str] = frozenset()

    def fit(self, accepted: Sequence[Source], rejected: Sequence[Source] = ()) -> list[Asked]:
        """Learn the wordings of answers and the questions they go with; return the questions as the bank looks at them."""
        rows = [*accepted, *rejected]
        known = wraps([row.text for row in rows])
        rows = [replace(row, text=unwrapped(row.text, known)) for row in rows]
        self.names, self.few = _names_and_few(rows)
        questions = [self.asked(row.question, row.facts) for row in rows]
        self.templates, home = templates_of(rows, sorted(self.names), [one.known for one in questions])
        self.home = np.array(home, dtype=np.int64)
        sign = np.repeat([1.0, -1.0], [len(accepted), len(rejected)])
        self.votes = sign * np.array([row.weight for row in rows])
        shapes = [one.shape for one in questions]
        self.kinds = sorted(set(shapes))
        at = {shape: number for number, shape in enumerate(self.kinds)}
        self.kind = np.array([at[shape] for shape in shapes], dtype=np.int64)
        masked = [one.masked for one in questions]
        self.terms = Terms((1, 2), (3, 4)).fit(masked)
        self.matrix = self.terms.transform(masked)
        self._known = frozenset(self.terms.vocabulary()[0])
        return questions

    def restored(self, terms: Terms, rows: tuple[Any, Any, Any]) -> None:
        """Take up terms and the sparse rows (data, indices, ends) of the questions."""
        from scipy.sparse import csr_matrix

        self.terms, self._known = terms, frozenset(terms.vocabulary()[0])
        self.matrix = csr_matrix(rows, shape=(len(rows[2]) - 1, terms.width))

    def asked(self, question: str, facts: Mapping[str, Any]) -> Asked:
        """Return a question as the bank looks at it."""
        known = leaves_of(question, facts, list(self.names))
        shape = set()
        for path, leaf in known.items():
            if not path.startswith(ASKED):
                plain = _ITEM.sub("", path)
                shape.add(plain)
                if leaf in self.few.get(plain, ()):
                    shape.add(f"{plain}={leaf}")
        return Asked(question, known, self._masked(question, known), tuple(sorted(shape)))

    def similar(self, questions: Sequence[Asked], *, own: bool = False) -> Floats:
        """Return how near each question is to each of the bank, in [0, 1]: words, times how alike the facts are built.

        ``own`` says that the questions are those of the bank, in its order.
        """
        terms = self.matrix if own else self.terms.transform([one.masked for one in questions])
        near = np.asarray((terms @ self.matrix.T).todense(), dtype=np.float64) / 2
        mine = [set(shape) for shape in self.kinds]
        alike: dict[tuple[str, ...], Floats] = {}
        for row, one in enumerate(questions):
            if one.shape not in alike:
                theirs = set(one.shape)
                alike[one.shape] = np.array([len(m & theirs) / max(len(m | theirs), 1) for m in mine])
            near[row] *= 0.5 + 0.5 * alike[one.shape][self.kind]
        return near

    def answer(self, asked: Asked, near: Floats, allowed: Any | None = None) -> Found | None:
        """Return an answer and its signs, or None.

        Parameters
        ----------
        asked : Asked
        near : ndarray
            Row of ``similar``.
        allowed : ndarray of bool, optional
            Rows of the bank that may be used; all if not given.
        """
        usable = near if allowed is None else np.where(allowed, near, 0.0)
        top = np.argsort(-usable, kind="stable")[:NEIGHBOURS]
        top = top[usable[top] > 0]
        if not len(top):
            return None
        votes = self.votes if allowed is None else np.where(allowed, self.votes, 0.0)
        good = np.bincount(self.home, np.maximum(votes, 0), len(self.templates))
        bad = np.bincount(self.home, np.maximum(-votes, 0), len(self.templates))
        right = (good + 1.0) / (good + bad + 1.5)
        power = usable[top] ** SHARPNESS * self.votes[top]
        scores = np.bincount(self.home[top], power, len(self.templates)) * right
        ranked = [int(t) for t in np.argsort(-scores, kind="stable")[:NEIGHBOURS] if scores[t] > 0]
        for rank, number in enumerate(ranked[:TRIED]):
            if scores[number] < TRIED_FROM * scores[ranked[0]]:
                return None
            text = self.templates[number].filled(asked.question, asked.known)
            if text is not None:
                signs = self._signs(asked, number, rank, ranked, scores, usable[top], top, right, good)
                return Found(text, signs)
        return None

    def _masked(self, question: str, known: Mapping[str, Leaf]) -> str:
        own = {
            leaf: _last(path)
            for path, leaf in known.items()
            if isinstance(leaf, str) and not path.startswith(ASKED) and is_name(leaf)
        }
        kinds = {name.casefold().replace("_", " "): kind for name, kind in {**own, **self.names}.items()}
        text, at = [], 0
        for mention in mentions(question, [*own, *self.names]):
            text.append(question[at : mention.start])
            plain = mention.text.casefold().replace("_", " ")
            text.append(f"{kinds.get(plain, 'figure' if mention.kind == 'number' else mention.kind)}__")
            at = mention.end
        return "".join([*text, question[at:]])

    def _signs(
        self, asked: Asked, number: int, rank: int, ranked: list[int], scores: Any,
        near: Any, top: Whole, right: Any, good: Any,
    ) -> tuple[float, ...]:  # fmt: skip
        meaning = self.templates[number].meaning
        same = [t for t in ranked if self.templates[t].meaning == meaning]
        total = sum(scores[t] for t in ranked)
        others = max((scores[t] for t in ranked if t not in same), default=0.0)
        together = sum(scores[t] for t in same)
        words = words_of(asked.masked)
        return (
            float(near[self.home[top] == number].max()),
            float(together / total),
            float((together - others) / max(together, others)),
            float(right[number]),
            float(np.log1p(good[same].sum())),
            1.0 if rank == 0 else 0.0,
            float(np.mean([word in self._known for word in words])) if words else 0.0,
        )


def _names_and_few(rows: Sequence[Source]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Names by what they are (texts of facts that questions say too), and texts of facts that are one of a few."""
    values: dict[str, Counter[str]] = defaultdict(Counter)
    asked = "\n".join(row.question for row in rows).casefold()
    for row in rows:
        for path, leaf in leaves(row.facts):
            if isinstance(leaf, str):
                values[_ITEM.sub("", path)][leaf] += 1
    names: dict[str, str] = {}
    few: dict[str, list[str]] = {}
    for path in sorted(values, key=lambda p: (p.count("/"), p)):
        texts = values[path]
        if len(texts) <= FEW_VALUES:
            few[path] = sorted(texts)
        if len(texts) >= 2 and sum(texts.values()) >= 2 * len(texts):
            for text in sorted(texts):
                plain = text.casefold().replace("_", " ")
                if is_name(text) and len(plain.split()) <= LONGEST_NAME and plain in asked:
                    names.setdefault(text, _last(path))
    return names, few


def _last(path: str) -> str:
    return re.sub(r"\W", "", _ITEM.sub("", path).rpartition("/")[2]) or "name"
