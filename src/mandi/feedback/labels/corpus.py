"""The sentences that ship with the package to learn labels from: what traders ask for, and how people sound."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

from mandi.core.errors import ContractError
from mandi.feedback.vocabulary import EMOTIONS, INTENTS, KINDS, SENTIMENTS

MARKS = {
    "!!": ("angry", "negative"),
    "!": ("frustrated", "negative"),
    "?": ("worried", "negative"),
    "+": ("pleased", "positive"),
}
LATIN_HINDI = "hi-Latn"
SLOTS = {
    "c": ("cotton", "soybean", "tur", "wheat", "maize", "chana", "mustard", "onion", "jeera", "kapas", "soya", "arhar", "iron ore", "groundnut"),
    "m": ("Latur", "Akola", "Unjha", "Guntur", "Sirsa", "Nagpur", "Rajkot", "Dewas", "Kota", "Amreli", "Bathinda", "Hubli"),
    "p": ("Rs 6,450", "₹7,100", "5200", "INR 4850", "8300/-", "1.2 lakh", "₹2,45,000", "Rs. 3,975"),
    "q": ("40 quintals", "12 tonnes", "150 qtl", "8 ton", "300 bags", "2 truckloads", "75 quintal"),
    "d": ("3", "5", "7", "10", "15", "20", "45"),
}  # fmt: skip
HINDI = {
    "c": ("कपास", "सोयाबीन", "अरहर", "गेहूं", "मक्का", "चना", "सरसों"),
    "m": ("लातूर", "अकोला", "राजकोट", "देवास", "कोटा"),
}
MIXED = 3
"""Sentences each mood is put beside."""
_SLOT = re.compile(r"\{(\w)\}")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence with its labels; sentences of one ``group`` are never on both sides of a split."""

    text: str
    language: str
    intent: str
    kind: str
    emotion: str
    sentiment: str
    group: int


def sentences(seed: int = 0, fillings: int = 2) -> list[Sentence]:
    """Return what traders ask, each wording filled with goods and places as often as asked.

    Parameters
    ----------
    seed : int
        Of the fillings.
    fillings : int

    Examples
    --------
    >>> found = sentences(fillings=1)
    >>> len(found) > 450, sorted({s.intent for s in found})[:3]
    (True, ['delivery', 'demand', 'fraud'])
    """
    rng = np.random.default_rng(seed)
    found = []
    for group, (head, line) in enumerate(_lines("cores.txt")):
        intent, kind = _one_of(head, INTENTS, KINDS)
        language, words = _spoken(line)
        emotion, sentiment = "calm", "neutral"
        mark, _, rest = words.partition(" ")
        if mark in MARKS:
            (emotion, sentiment), words = MARKS[mark], rest
        for _ in range(fillings if "{" in words else 1):
            text = _filled(words, language, rng)
            found.append(Sentence(text, language, intent, kind, emotion, sentiment, group))
    return found


def moods(seed: int = 0) -> list[Sentence]:
    """Return how people sound: each phrase alone and beside sentences of its language; and sentences alone.

    Parameters
    ----------
    seed : int
        Of which sentences stand beside a phrase.

    Examples
    --------
    >>> found = moods()
    >>> sorted({s.emotion for s in found})
    ['angry', 'calm', 'frustrated', 'pleased', 'worried']
    """
    rng = np.random.default_rng(seed + 1)
    alone = sentences(seed, 1)
    calm = {
        language: [s for s in alone if s.language == language and s.emotion == "calm"]
        for language in ("en", LATIN_HINDI, "hi")
    }
    found = list(alone)
    first = 1 + max(s.group for s in alone)
    for number, (head, line) in enumerate(_lines("moods.txt")):
        emotion, sentiment = _one_of(head, EMOTIONS, SENTIMENTS)
        language, words = _spoken(line)
        group = first + number
        found.append(Sentence(words, language, "other", "smalltalk", emotion, sentiment, group))
        if emotion == "calm":
            continue  # a plain judgement of an answer stands alone
        for k in rng.choice(len(calm[language]), MIXED, replace=False):
            core = calm[language][int(k)]
            text = f"{core.text} {words}" if rng.random() < 0.75 else f"{words} {core.text}"
            found.append(Sentence(text, language, core.intent, core.kind, emotion, sentiment, group))
    return found


def tongues() -> list[tuple[str, str]]:
    """Return language and text of the sentences that languages are told apart by.

    Examples
    --------
    >>> sorted({language for language, _ in tongues()})
    ['en', 'hi', 'hi-Latn', 'mr']
    """
    return [(head, line) for head, line in _lines("tongues.txt")]


def _lines(name: str) -> Iterator[tuple[str, str]]:
    text = files("mandi.feedback.labels").joinpath("words", name).read_text(encoding="utf-8")
    head = ""
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("[") and line.endswith("]"):
            head = line[1:-1]
        elif not line.startswith("#"):
            yield head, line


def _one_of(head: str, first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, str]:
    one, _, other = head.partition(" ")
    if one not in first or other not in second:
        raise ContractError(f"the sentences have a section [{head}]", allowed=f"{first} and {second}")
    return one, other


def _spoken(line: str) -> tuple[str, str]:
    if line.startswith("h|"):
        return LATIN_HINDI, line[2:]
    return ("hi" if re.search(r"[\u0900-\u097f]", line) else "en"), line


def _filled(words: str, language: str, rng: np.random.Generator) -> str:
    def choose(hit: re.Match[str]) -> str:
        choices = HINDI.get(hit[1], SLOTS[hit[1]]) if language == "hi" else SLOTS[hit[1]]
        return choices[int(rng.integers(len(choices)))]

    return _SLOT.sub(choose, words)
