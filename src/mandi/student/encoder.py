"""The student's own text encoder: hashed words and letter runs, projected to 256 numbers; nothing is trained."""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

Vectors = np.ndarray[Any, np.dtype[np.float32]]
Hashes = np.ndarray[Any, np.dtype[np.uint64]]
Whole = np.ndarray[Any, np.dtype[np.int64]]

DIMENSIONS = 256
NAME = "mandi-hashed-256"
"""Changes whenever the same text would get another vector."""

RUNS = (3, 4)  # letters, inside a word and its two edges
TOUCHED = 4  # places of the vector a feature adds to or takes from
WORD, PAIR, RUN = (
    6,
    3,
    1,
)  # weights; whole numbers keep every sum exact, so that every machine finds the same bytes
CONTENT, FUNCTION = 3, 1

_BETWEEN = re.compile(r"[\s!-/:-@\[-`{-~\u00a0-\u00bf\u0964\u0965\u2010-\u205e\u20a0-\u20cf]+")
_GROUPED = re.compile(r"(?<=\d)[,\u00a0](?=\d)")
_JOINERS = re.compile("[\u200b-\u200d\ufeff]")
_GRAMMAR = (
    "a an the and or of to in on at by for from with as is are was were be been am do does did has have had will would "
    "can could should shall may might it its this that these those there what which who whom how why when where i you "
    "he she we they me my your our their us them not no so if then than please tell give show about into per also just "
    "है हैं था थी थे हो का की के को में से पर और या यह वह ये वे क्या कैसे कब कहाँ कौन ने भी तो ही एक इस उस मुझे मेरा "
    "आहे आणि च्या काय का मध्ये"
)
_FUNCTION_WORDS = frozenset(_GRAMMAR.split())


class Encoder:
    """Vectors of texts in any script, by the letters and words they share.

    Each word, each pair of neighbouring words, and each run of three or four letters of a word is a feature; its hash
    names four of the 256 places and a sign for each (a sparse random projection: Li, Hastie and Church, 2006; hashed
    features: Weinberger et al., 2009). Words of grammar weigh a third of the others. There is nothing to load and nothing
    to learn, and the bytes of a vector are the same on every machine. It sees spelling, not meaning: "groundnut" and
    "peanut" are strangers to it.

    Attributes
    ----------
    name : str
        Of the way texts are turned into vectors; part of whatever is kept beside them.
    dimensions : int

    Examples
    --------
    >>> vectors = Encoder().encode(["soybean price in Indore", "price of soybean at Indore", "iron ore fines"])
    >>> vectors.shape, vectors.dtype.name
    ((3, 256), 'float32')
    >>> bool(vectors[0] @ vectors[1] > 0.6 > 0.3 > vectors[0] @ vectors[2])
    True
    """

    name = NAME
    dimensions = DIMENSIONS

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row of length one per text; zeros for a text without a word.

        Parameters
        ----------
        texts : sequence of str

        Returns
        -------
        ndarray of float32, shape (len(texts), 256)
            The dot product of two rows is their cosine.
        """
        if isinstance(texts, str):
            raise TypeError("encode takes a sequence of texts, not one text")
        features, owners, weights = _features([words_of(text) for text in texts])
        sums = np.zeros(len(texts) * DIMENSIONS)
        base = owners * DIMENSIONS
        for turn in range(TOUCHED):
            bits = features >> np.uint64(9 * turn)
            place = (bits & np.uint64(DIMENSIONS - 1)).astype(np.int64)
            sign = 1 - 2 * ((bits >> np.uint64(8)) & np.uint64(1)).astype(np.int64)
            sums += np.bincount(base + place, sign * weights, len(sums))
        rows = sums.reshape(len(texts), DIMENSIONS)
        length = np.sqrt((rows * rows).sum(axis=1, keepdims=True))
        return (rows / np.where(length > 0, length, 1.0)).astype(np.float32)


def words_of(text: str) -> list[str]:
    """Return the words of a text, folded: case, width and compatibility forms, commas in numbers, punctuation.

    Examples
    --------
    >>> words_of("Buy 1,200 quintals @ ₹4,650.50 - OK?")
    ['buy', '1200', 'quintals', '4650', '50', 'ok']
    >>> words_of("सोयाबीन का भाव?")
    ['सोयाबीन', 'का', 'भाव']
    """
    if not text.isascii():
        text = _JOINERS.sub("", unicodedata.normalize("NFKC", text))
    return _BETWEEN.sub(" ", _GROUPED.sub("", text.casefold())).split()


def _features(texts: Sequence[Sequence[str]]) -> tuple[Hashes, Whole, Whole]:
    """Hash, text and weight of every feature of every text."""
    words = [word for text in texts for word in text]
    if not words:
        return np.zeros(0, np.uint64), np.zeros(0, np.int64), np.zeros(0, np.int64)
    owner = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    weight = np.array([FUNCTION if word in _FUNCTION_WORDS else CONTENT for word in words])
    hashed = np.array([zlib.crc32(word.encode("utf-8", "replace")) for word in words], np.uint64)

    beside = np.flatnonzero(owner[1:] == owner[:-1])
    pairs = hashed[beside] * np.uint64(0x9E3779B97F4A7C15) + hashed[beside + 1] + np.uint64(1 << 40)
    hashes, owners = [hashed, pairs], [owner, owner[beside]]
    weights = [WORD * weight, PAIR * np.minimum(weight[beside], weight[beside + 1])]

    letters = np.frombuffer((" " + " ".join(words) + " ").encode("utf-32-le", "replace"), "<u4").astype(
        np.uint64
    )
    edge = letters == np.uint64(32)
    word_at = np.cumsum(edge) - 1  # the edge before a word counts as its own
    for run in RUNS:
        ends = len(letters) - run + 1
        if ends <= 0:
            continue
        inside = np.ones(ends, bool)
        code = np.full(ends, run, np.uint64)
        for step in range(run):
            code = code * np.uint64(0x100000001B3) + letters[step : step + ends]
            if 0 < step < run - 1:
                inside &= ~edge[step : step + ends]
        at = word_at[:ends][inside]
        hashes.append(code[inside])
        owners.append(owner[at])
        weights.append(RUN * weight[at])
    return _mixed(np.concatenate(hashes)), np.concatenate(owners), np.concatenate(weights)


def _mixed(value: Hashes) -> Hashes:
    """Spread every bit over all 64 (the finaliser of SplitMix64: Steele, Lea and Flood, 2014)."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))
