"""Several TF-IDF pictures of a text, learnt from a catalogue once, and a search that looks only where terms are shared.

A view counts character n-grams or words of one field. Terms and weights come from the catalogue alone, so that a
question's picture depends on no other question. The search multiplies sparse blocks: a question meets only the records
that share a term with it.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from mandi.core.errors import ContractError, NotFitted, UnknownValue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

FORMAT = "text-views/1"
BLOCK = 256  # questions searched at a time
WORD = r"[a-z0-9]+(?:\.[0-9]+)*"
ZEROS = re.compile(r"(\d+)(?:\.0+)+(?![\d.])")
Unit = Literal["chars", "chars in words", "words"]
ANALYZERS = {"chars": "char", "chars in words": "char_wb", "words": "word"}
Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class View:
    """One picture: n-grams of a field, ``low`` to ``high`` characters or words long; ``weight`` is its say in a search.

    Examples
    --------
    >>> View("title", "chars", 2, 4).name
    'title chars 2-4'
    """

    field: str
    unit: Unit
    low: int
    high: int
    weight: float = 0.0

    @property
    def name(self) -> str:
        """Field, unit and lengths."""
        return f"{self.field} {self.unit} {self.low}-{self.high}"


class TextViews:
    """Fitted views of a catalogue.

    Parameters
    ----------
    views : sequence of View
        ``unit`` is chars, chars in words, or words.

    Examples
    --------
    >>> views = TextViews([View("title", "chars", 3, 3, 1.0), View("title", "words", 1, 1, 1.0)])
    >>> catalogue = {"title": ["red onion 40 kg", "white onion", "tur dal"]}
    >>> pictures = views.fit(catalogue).vectors(catalogue)
    >>> rows, scores = views.search(views.vectors({"title": ["onion, red"]}), pictures, 2)
    >>> rows.tolist()
    [[0, 1]]
    """

    def __init__(self, views: Sequence[View]) -> None:
        for view in views:
            if view.unit not in ANALYZERS:
                raise UnknownValue(f"unit is {view.unit}", allowed=", ".join(ANALYZERS))
        self.views = tuple(views)
        self.terms: dict[str, list[str]] = {}
        self.weights: dict[str, Floats] = {}

    def fit(self, catalogue: Mapping[str, Sequence[str]]) -> Self:
        """Learn the terms of a catalogue and their weights, ln((1 + records) / (1 + records with the term)) + 1.

        Parameters
        ----------
        catalogue : mapping of field to a sequence of str
        """
        self.fit_vectors(catalogue)
        return self

    def fit_vectors(self, catalogue: Mapping[str, Sequence[str]]) -> dict[str, csr_matrix]:
        """Return ``fit(catalogue).vectors(catalogue)``, counted once."""
        from scipy.sparse import csr_matrix

        pictures = {}
        texts = _plain_fields(catalogue, self.views)
        for view in self.views:
            counter = _counter(view)
            records = len(texts[view.field])
            try:
                counts = counter.fit_transform(texts[view.field])
            except ValueError:  # not one term in the whole catalogue
                counts = csr_matrix((records, 0))
            having = np.bincount(counts.indices, minlength=counts.shape[1])
            self.terms[view.name] = counter.get_feature_names_out().tolist() if counts.shape[1] else []
            self.weights[view.name] = np.log((1 + records) / (1 + having)) + 1.0
            pictures[view.name] = self._weighted(view, counts)
        return pictures

    def vectors(self, records: Mapping[str, Sequence[str]]) -> dict[str, csr_matrix]:
        """Return one sparse matrix (n_records, n_terms) per view.

        Values are (1 + ln count) x weight; rows have length one, or are empty where no term is known.
        """
        from scipy.sparse import csr_matrix

        if not self.terms:
            raise NotFitted("the views have seen no catalogue", next_command="call fit or load")
        pictures = {}
        texts = _plain_fields(records, self.views)
        for view in self.views:
            terms, asked = self.terms[view.name], texts[view.field]
            counts = _counter(view, terms).transform(asked) if terms else csr_matrix((len(asked), 0))
            pictures[view.name] = self._weighted(view, counts)
        return pictures

    def search(
        self, questions: Mapping[str, csr_matrix], catalogue: Mapping[str, csr_matrix], top: int
    ) -> tuple[NDArray[np.intp], Floats]:
        """Return the best ``top`` records per question by the weighted mean cosine of the views with a weight.

        Parameters
        ----------
        questions, catalogue : dict of sparse matrices
            From ``vectors``.

        Returns
        -------
        rows : integer array of shape (n_questions, top)
            Best first, ties by row; -1 where fewer records share a term.
        scores : array of shape (n_questions, top)
            In [0, 1]; 0 where there is none.
        """
        asked, held = (self.joined(side) for side in (questions, catalogue))
        turned = held.T.tocsr()
        rows = np.full((asked.shape[0], top), -1, dtype=np.intp)
        scores = np.zeros((asked.shape[0], top))
        for start in range(0, asked.shape[0], BLOCK):
            found = asked[start : start + BLOCK] @ turned
            for number in range(found.shape[0]):
                near = slice(found.indptr[number], found.indptr[number + 1])
                best, value = _best(found.indices[near], found.data[near], top)
                rows[start + number, : len(best)], scores[start + number, : len(best)] = best, value
        return rows, scores

    def save(self, folder: Path) -> None:
        """Write text_views.json (views, terms) and text_views.npz (weights) into an existing folder."""
        if not self.terms:
            raise NotFitted("the views have seen no catalogue", next_command="call fit or load")
        path = folder / "text_views.npz"
        arrays: dict[str, Any] = {f"v{i}": self.weights[view.name] for i, view in enumerate(self.views)}
        np.savez(path, **arrays)
        state = {"format": FORMAT, "views": [asdict(view) for view in self.views],
                 "terms": [self.terms[view.name] for view in self.views],
                 "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}  # fmt: skip
        (folder / "text_views.json").write_text(json.dumps(state), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote; a file that is missing, changed or of another format is refused (ContractError)."""
        try:
            state = json.loads((folder / "text_views.json").read_text(encoding="utf-8"))
            if state.get("format") != FORMAT:
                raise ContractError(f"text views of format {state.get('format')!r}", allowed=FORMAT)
            path = folder / "text_views.npz"
            if hashlib.sha256(path.read_bytes()).hexdigest() != state["sha256"]:
                raise ContractError(f"{path.name} is not the file that was saved")
            views = cls([View(**view) for view in state["views"]])
            with np.load(path, allow_pickle=False) as arrays:
                for number, view in enumerate(views.views):
                    views.terms[view.name] = list(state["terms"][number])
                    views.weights[view.name] = arrays[f"v{number}"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ContractError(f"no text views can be read from {folder}: {error}") from error
        return views

    def _weighted(self, view: View, counts: csr_matrix) -> csr_matrix:
        from scipy.sparse import diags

        values = counts.astype(np.float64)
        values.data = (1.0 + np.log(values.data)) * self.weights[view.name][values.indices]
        length = np.sqrt(np.asarray(values.multiply(values).sum(axis=1)).ravel())
        return diags(1.0 / np.where(length > 0, length, 1.0)).dot(values).tocsr()

    def joined(self, side: Mapping[str, csr_matrix]) -> csr_matrix:
        """Return the views with a weight side by side (n_records, all terms): two rows' product is their search score."""
        from scipy.sparse import hstack

        total = sum(view.weight for view in self.views)
        if total <= 0:
            raise ContractError("no view has a weight for the search", allowed="at least one above 0")
        return hstack(
            [np.sqrt(v.weight / total) * side[v.name] for v in self.views if v.weight > 0], format="csr"
        )


def plain(text: object) -> str:
    """Return a text in lower case without accents, and versions without trailing zeros; nothing for a missing one.

    Examples
    --------
    >>> plain("Büro Suite 6.0"), plain(float("nan")), plain(None)
    ('buro suite 6', '', '')
    """
    if text is None or text != text:
        return ""
    bare = str(text)
    if not bare.isascii():
        bare = "".join(
            sign for sign in unicodedata.normalize("NFKD", bare) if not unicodedata.combining(sign)
        )
    return ZEROS.sub(r"\1", bare.lower())


def _plain_fields(records: Mapping[str, Sequence[str]], views: Sequence[View]) -> dict[str, list[str]]:
    return {field: [plain(text) for text in records[field]] for field in {view.field for view in views}}


def _counter(view: View, terms: Sequence[str] | None = None) -> Any:
    from sklearn.feature_extraction.text import CountVectorizer

    pattern = {"token_pattern": WORD} if view.unit == "words" else {}
    return CountVectorizer(
        analyzer=ANALYZERS[view.unit],
        ngram_range=(view.low, view.high),
        vocabulary=terms,
        lowercase=False,
        **pattern,
    )


def _best(rows: NDArray[Any], values: Floats, top: int) -> tuple[NDArray[Any], Floats]:
    if len(values) > top:
        edge = np.partition(values, len(values) - top)[len(values) - top]
        kept = values >= edge
        rows, values = rows[kept], values[kept]
    order = np.lexsort((rows, -values))[:top]
    return rows[order], values[order]
