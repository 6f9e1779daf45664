"""Numbers that describe a question and one of its candidates, both records with texts, a code and amounts.

Each pair is described by the question, the candidate and the question's own list of candidates; another question is
never looked at. Names say what a column holds: cosines of TF-IDF views, how much of one side's words the other has,
the rarest word it lacks, numbers shared and missing, codes, log ratios of amounts, and rank and gap within the list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mandi.core.errors import NotFitted
from mandi.models.ranking.pair_words import COMPARED, Record, compare
from mandi.models.ranking.text_views import TextViews, View, plain

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame
    from scipy.sparse import csr_matrix

COMMON = (
    40  # words that most records of the catalogue have, each with a say of its own when only one side has it
)
Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Roles:
    """Which columns of both sides play which part; a part nobody plays is left out.

    Attributes
    ----------
    title : str
    brand, code, text : str, optional
        Maker, model number, longer description.
    whole : tuple of str
        Columns whose texts together tell a record apart; searched first. The title alone when empty.
    amounts : tuple of str
        Positive numbers (price, weight); 0 and what is no number count as missing.
    """

    title: str
    brand: str | None = None
    code: str | None = None
    text: str | None = None
    whole: tuple[str, ...] = ()
    amounts: tuple[str, ...] = ()


class PairFeatures:
    """Views and word weights of a catalogue, and the numbers of pairs made with them.

    Parameters
    ----------
    roles : Roles

    Examples
    --------
    >>> import pandas as pd
    >>> catalogue = pd.DataFrame({"title": ["red onion 40 kg", "red onion 50 kg", "tur dal"]})
    >>> pairs = PairFeatures(Roles("title")).fit(catalogue)
    >>> asked = pairs.describe(pd.DataFrame({"title": ["onion, red, 50 kg"]}))
    >>> rows, found = pairs.candidates(asked, top=2)
    >>> rows.tolist()
    [[1, 0]]
    >>> frame = pairs.frame(asked, rows, found)
    >>> frame["numbers shared"].tolist()
    [1.0, 0.0]
    """

    def __init__(self, roles: Roles) -> None:
        self.roles = roles
        self.views = TextViews(_views(roles))
        self.idf: dict[str, float] = {}
        self.unknown = 0.0
        self.common: list[str] = []
        self.catalogue: Described | None = None

    def fit(self, catalogue: DataFrame) -> PairFeatures:
        """Learn terms, their weights and the catalogue (one row a record, columns named by the roles)."""
        from collections import Counter

        texts = self.texts(catalogue, question=False)
        pictures = self.views.fit_vectors(texts)
        records = _records(texts)
        having = Counter(word for record in records for word in record.words)
        total = len(records)
        self.idf = {word: float(np.log((1 + total) / (1 + count)) + 1.0) for word, count in having.items()}
        self.unknown = float(np.log(1.0 + total) + 1.0)
        self.common = sorted(having, key=lambda word: (-having[word], word))[:COMMON]
        self.catalogue = self._described(pictures, records, catalogue)
        return self

    def texts(self, records: DataFrame, question: bool) -> dict[str, list[str]]:
        """Return the texts of records by field of the views; some fields differ between the two sides."""
        return _texts(records, self.roles, question)

    def describe(self, questions: DataFrame) -> Described:
        """Return questions ready to be paired."""
        texts = self.texts(questions, question=True)
        records = _records(texts)
        return self._described(self.views.vectors(texts), records, questions)

    def candidates(self, asked: Described, top: int) -> tuple[NDArray[np.intp], Floats]:
        """Return rows of the catalogue (n_questions, top), best first, and the search's score: the untrained order."""
        return self.views.search(asked.pictures, self.held.pictures, top)

    def frame(self, asked: Described, rows: NDArray[np.intp], found: Floats) -> DataFrame:
        """Return one line of numbers per pair, questions one after another, candidates in the order of ``rows``.

        Parameters
        ----------
        asked : Described
        rows, found : arrays of shape (n_questions, top)
            As ``candidates`` returns them, without -1.
        """
        import pandas as pd

        held = self.held
        left, right = np.repeat(np.arange(len(rows)), rows.shape[1]).tolist(), rows.ravel().tolist()
        columns: dict[str, Any] = {"search": found.ravel()}
        for view in self.views.views:
            columns[f"cosine {view.name}"] = _cosine(asked.pictures, held.pictures, view.name, left, right)
        if self.roles.brand:
            name = f"cosine {View('brand', 'chars', 3, 3).name}"
            silent = [
                not (asked.records[i].maker and held.records[j].maker)
                for i, j in zip(left, right, strict=True)
            ]
            columns[name] = np.where(silent, np.nan, columns[name])
        words = [
            compare(asked.records[i], held.records[j], self.idf, self.unknown)
            for i, j in zip(left, right, strict=True)
        ]
        columns |= dict(
            zip(COMPARED, np.array(words, dtype=np.float64).reshape(-1, len(COMPARED)).T, strict=True)
        )
        for place, name in enumerate(self.roles.amounts):
            ratio = asked.amounts[left, place] - held.amounts[right, place]
            columns |= {f"{name} log ratio": ratio, f"{name} apart": np.abs(ratio)}
        had, has = asked.common[left], held.common[right]
        for place, word in enumerate(self.common):
            columns[f"only the candidate says {word}"] = (has[:, place] & ~had[:, place]).astype(float)
            columns[f"only the question says {word}"] = (had[:, place] & ~has[:, place]).astype(float)
        frame = pd.DataFrame(columns)
        return pd.concat([frame, _within(frame, rows.shape)], axis=1)

    def _described(
        self, pictures: Mapping[str, csr_matrix], records: Sequence[Record], rows: DataFrame
    ) -> Described:
        common = np.array([[word in record.words for word in self.common] for record in records], dtype=bool)
        common = common.reshape(len(records), len(self.common))
        return Described(pictures, records, _amounts(rows, self.roles), common)

    @property
    def held(self) -> Described:
        """The catalogue, ready to be paired."""
        if self.catalogue is None:
            raise NotFitted("the pair features have seen no catalogue", next_command="call fit")
        return self.catalogue


@dataclass(frozen=True)
class Described:
    """Records of one side: pictures by view, word sets, log amounts (n_records, n_amounts), common words."""

    pictures: Mapping[str, csr_matrix]
    records: Sequence[Record]
    amounts: Floats
    common: NDArray[np.bool_]


def _views(roles: Roles) -> list[View]:
    views = [
        View("whole", "chars", 3, 3, 1.0),
        View("named", "chars in words", 3, 5, 1.0),
        View("named", "words", 1, 2, 1.0),
        View("named", "words", 1, 1),
        View("named", "chars in words", 2, 4),
        View("title", "chars", 3, 3),
        View("title", "chars in words", 4, 5),
        View("title", "words", 1, 1),
    ]
    if roles.brand:
        views.append(View("brand", "chars", 3, 3))
    if roles.code:
        views.append(View("code", "chars", 2, 3))
    if roles.text:
        views += [View("described", "words", 1, 1), View("text", "words", 1, 1)]
        views += [
            View("forward", "words", 1, 1),
            View("backward", "words", 1, 1),
            View("backward", "chars", 3, 3),
        ]
    return views


def _texts(records: DataFrame, roles: Roles, question: bool) -> dict[str, list[str]]:
    def of(*columns: str | None) -> list[str]:
        parts = [records[c].map(plain) for c in columns if c]
        return (
            [" ".join(filter(None, row)) for row in zip(*parts, strict=True)]
            if parts
            else [""] * len(records)
        )

    texts = {
        "title": of(roles.title),
        "named": of(roles.title, roles.brand, roles.code),
        "whole": of(*(roles.whole or (roles.title,))),
        "brand": of(roles.brand),
        "code": of(roles.code),
    }
    if roles.text:
        told = of(roles.title, roles.brand, roles.text)
        texts |= {"described": told, "text": of(roles.text)}
        texts |= {
            "forward": texts["title"] if question else told,
            "backward": told if question else texts["title"],
        }
    return texts


def _records(texts: Mapping[str, Sequence[str]]) -> list[Record]:
    parts = (texts[part] for part in ("named", "title", "brand", "code"))
    return [Record.of(*text) for text in zip(*parts, strict=True)]


def _amounts(records: DataFrame, roles: Roles) -> Floats:
    import pandas as pd

    found = np.full((len(records), len(roles.amounts)), np.nan)
    for place, name in enumerate(roles.amounts):
        number = pd.to_numeric(
            records[name].astype(str).str.extract(r"([\d.]+)")[0], errors="coerce"
        ).to_numpy()
        positive = number > 0
        found[positive, place] = np.log(number[positive])
    return found


def _cosine(
    asked: Mapping[str, csr_matrix],
    held: Mapping[str, csr_matrix],
    name: str,
    left: list[int],
    right: list[int],
) -> Floats:
    return np.asarray(asked[name][left].multiply(held[name][right]).sum(axis=1)).ravel()


def _within(frame: DataFrame, shape: tuple[int, int]) -> DataFrame:
    import pandas as pd

    columns: dict[str, Any] = {}
    names = [
        c for c in map(str, frame) if c == "search" or c.startswith(("cosine", "words found", "words nearly"))
    ]
    for name in names:
        values = np.nan_to_num(frame[name].to_numpy().reshape(shape), nan=0.0)
        ordered = np.sort(values, axis=1)[:, ::-1]
        rival = np.where(values == ordered[:, :1], ordered[:, 1:2] if shape[1] > 1 else 0.0, ordered[:, :1])
        columns[f"{name} gap"] = (values - rival).ravel()
    place = np.arange(shape[1])
    columns["search rank"] = np.log1p(np.tile(place, shape[0]))
    return pd.DataFrame(columns)
