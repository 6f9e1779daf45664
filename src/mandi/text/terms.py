"""Words and letter runs of a text as weighted columns (TF-IDF), with nothing but numpy and scipy."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from mandi.core.errors import ContractError, NotFitted

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Floats = np.ndarray[Any, np.dtype[np.float64]]
Span = tuple[int, int]

WORD = r"[\w\u0900-\u0963\u0966-\u0d7f]+"
"""A word; vowel signs of the Indian scripts belong to it."""

_WORD = re.compile(WORD)
_SPACES = re.compile(r"\s\s+")


class Terms:
    """Columns of words, of runs of words, and of runs of letters inside words.

    The count c of a term weighs 1 + ln c times its inverse document frequency ln((1 + n) / (1 + df)) + 1; words and letters
    are each scaled to length one (Salton and Buckley, 1988). The same as scikit-learn's ``TfidfVectorizer`` with
    ``sublinear_tf`` and this module's ``WORD``, so that what is fitted there can be served here.

    Parameters
    ----------
    words : pair of int, optional
        Shortest and longest run of words; None for no words.
    letters : pair of int, optional
        The same of letters, edges of the word included.
    least_words, least_letters : int
        Texts a term must be in.

    Examples
    --------
    >>> terms = Terms(words=(1, 1)).fit(["gold rises", "gold falls"])
    >>> terms.vocabulary()[0], terms.transform(["gold gold falls"]).shape
    (['falls', 'gold', 'rises'], (1, 3))
    """

    def __init__(
        self,
        words: Span | None = (1, 2),
        letters: Span | None = None,
        least_words: int = 1,
        least_letters: int = 2,
    ) -> None:
        if words is None and letters is None:
            raise ContractError("neither words nor letters are asked for")
        self.words, self.letters = words, letters
        self.least_words, self.least_letters = least_words, least_letters
        self._columns: list[dict[str, int]] = []
        self._weights: list[Floats] = []

    def fit(self, texts: Sequence[str]) -> Self:
        """Learn the terms and how rare they are.

        Raises
        ------
        ContractError
            No term is in enough texts.
        """
        self._columns, self._weights = [], []
        for block, least in zip(self._blocks(), self._least(), strict=True):
            counts = Counter(term for text in texts for term in set(block(text)))
            kept = sorted(term for term, count in counts.items() if count >= least)
            if not kept:
                raise ContractError(f"no term is in {least} of {len(texts)} texts")
            self._columns.append({term: k for k, term in enumerate(kept)})
            known = np.array([counts[term] for term in kept], dtype=np.float64)
            self._weights.append(np.log((1.0 + len(texts)) / (1.0 + known)) + 1.0)
        return self

    @property
    def width(self) -> int:
        """Return the number of columns."""
        return sum(map(len, self._columns))

    def transform(self, texts: Sequence[str]) -> csr_matrix:
        """Return one sparse row per text; terms that were never seen are nothing.

        Raises
        ------
        NotFitted
        """
        from scipy.sparse import csr_matrix

        if not self._columns:
            raise NotFitted("the terms have not been learnt", next_command="fit(texts)")
        values: list[float] = []
        columns: list[int] = []
        ends = [0]
        for text in texts:
            base = 0
            for block, known, weights in zip(self._blocks(), self._columns, self._weights, strict=True):
                found = Counter(known[term] for term in block(text) if term in known)
                if found:
                    at = sorted(found)
                    row = (1.0 + np.log([found[k] for k in at])) * weights[at]
                    values.extend((row / np.sqrt(row @ row)).tolist())
                    columns.extend(base + k for k in at)
                base += len(known)
            ends.append(len(values))
        return csr_matrix((values, columns, ends), shape=(len(texts), self.width), dtype=np.float64)

    def vocabulary(self) -> list[list[str]]:
        """Return the terms of each block, in the order of their columns."""
        return [list(columns) for columns in self._columns]

    def weights(self) -> Floats:
        """Return the inverse document frequency of every column."""
        return np.concatenate(self._weights)

    def restored(self, vocabulary: Sequence[Sequence[str]], weights: Floats) -> Self:
        """Take up what ``vocabulary`` and ``weights`` returned.

        Raises
        ------
        ContractError
            They do not fit each other or these settings.
        """
        sizes = [len(terms) for terms in vocabulary]
        if len(sizes) != len(list(self._blocks())) or weights.shape != (sum(sizes),):
            raise ContractError(f"a vocabulary of {sizes} terms does not go with {weights.shape} weights")
        self._columns = [{term: k for k, term in enumerate(terms)} for terms in vocabulary]
        self._weights = np.split(np.asarray(weights, dtype=np.float64), np.cumsum(sizes)[:-1])
        return self

    def _blocks(self) -> Iterator[Any]:
        if self.words is not None:
            yield self._word_runs
        if self.letters is not None:
            yield self._letter_runs

    def _least(self) -> list[int]:
        blocks = ((self.words, self.least_words), (self.letters, self.least_letters))
        return [least for span, least in blocks if span is not None]

    def _word_runs(self, text: str) -> Iterable[str]:
        assert self.words is not None
        found = _WORD.findall(text.lower())
        low, high = self.words
        runs = found if low == 1 else []
        return runs + [
            " ".join(found[k : k + n])
            for n in range(max(low, 2), high + 1)
            for k in range(len(found) - n + 1)
        ]

    def _letter_runs(self, text: str) -> Iterable[str]:
        assert self.letters is not None
        low, high = self.letters
        runs: list[str] = []
        for word in _SPACES.sub(" ", text.lower()).split():
            padded = f" {word} "
            for n in range(low, high + 1):
                runs.extend(padded[k : k + n] for k in range(max(len(padded) - n, 0) + 1))
                if len(padded) <= n:  # longer runs would be the whole word again
                    break
        return runs
