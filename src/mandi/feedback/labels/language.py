"""Which language a text is in: by its script, and by runs of letters where languages share one."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache

from mandi.feedback.labels.corpus import LATIN_HINDI, sentences, tongues
from mandi.feedback.vocabulary import UNLABELLED

SCRIPTS: tuple[tuple[str, str], ...] = (
    ("bn", r"\u0980-\u09ff"), ("pa", r"\u0a00-\u0a7f"), ("gu", r"\u0a80-\u0aff"), ("or", r"\u0b00-\u0b7f"), ("ta", r"\u0b80-\u0bff"),
    ("te", r"\u0c00-\u0c7f"), ("kn", r"\u0c80-\u0cff"), ("ml", r"\u0d00-\u0d7f"), ("ur", r"\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff"),
    ("deva", r"\u0900-\u097f"), ("latn", r"A-Za-z\u00c0-\u024f"),
)  # fmt: skip
SHARED = {"deva": ("hi", "mr"), "latn": ("en", LATIN_HINDI)}
"""Languages of a script that more than one is written in."""
ENOUGH = 0.8
"""Share of Latin letters below which a text is in its other script: names, addresses and units are Latin in any language."""
LONGEST_RUN = 4
SMOOTH = 0.5
_LETTERS = [(name, re.compile(f"[{letters}]")) for name, letters in SCRIPTS]
_WORDS = {"deva": re.compile(r"[\u0900-\u097f]+"), "latn": re.compile(r"[A-Za-z]+(?:'[a-z]+)?")}
_NAMES = re.compile(r"\b[A-Z][\w-]*|\S*[\d@]\S*")


class Runs:
    """Tells two languages of one script apart by runs of letters (Cavnar and Trenkle, 1994), counted as naive Bayes does.

    Parameters
    ----------
    texts : iterable of (language, text)
    languages : pair of str
    script : str
        deva or latn.

    Examples
    --------
    >>> runs = Runs([("en", "the price of cotton"), ("hi-Latn", "kapas ka bhav kya hai")], ("en", "hi-Latn"), "latn")
    >>> runs.odds("bhav kya") > 0 > runs.odds("price of")
    True
    """

    def __init__(self, texts: Iterable[tuple[str, str]], languages: tuple[str, str], script: str) -> None:
        self.languages, self._script = languages, script
        counts: dict[str, Counter[str]] = {language: Counter() for language in languages}
        for language, text in texts:
            if language in counts:
                counts[language].update(run for word in self._words(text) for run in _runs(word))
        known = set().union(*counts.values())
        sizes = [sum(counts[language].values()) + SMOOTH * len(known) for language in languages]
        self._odds = {
            run: math.log((counts[languages[1]][run] + SMOOTH) / sizes[1])
            - math.log((counts[languages[0]][run] + SMOOTH) / sizes[0])
            for run in known
        }

    def odds(self, text: str) -> float:
        """Return the mean log-odds per word that a text is in the second language, times the square root of its words."""
        words = self._words(text)
        if not words:
            return 0.0
        total = sum(self._odds.get(run, 0.0) / LONGEST_RUN for word in words for run in _runs(word))
        return total / math.sqrt(len(words))

    def _words(self, text: str) -> list[str]:
        return [word.casefold() for word in _WORDS[self._script].findall(text)]


def language_of(text: str) -> tuple[str, float]:
    """Return the language of a text and how sure that is; a text without letters has none.

    Parameters
    ----------
    text : str

    Returns
    -------
    str, float
        bn, gu, hi, kn, ml, mr, or, pa, ta, te, ur, en, hi-Latn (Hindi in Latin letters), or unlabelled; in [0, 1].

    Examples
    --------
    >>> [language_of(text)[0] for text in ("कपास का भाव क्या है?", "கபாஸ் விலை", "kapas ka bhav kya hai", "what does cotton cost", "12")]
    ['hi', 'ta', 'hi-Latn', 'en', 'unlabelled']
    """
    counts = {name: len(letters.findall(text)) for name, letters in _LETTERS}
    total = sum(counts.values())
    if not total:
        return UNLABELLED, 0.0
    best = max(
        counts, key=lambda name: counts[name] if name != "latn" or counts[name] > ENOUGH * total else 0
    )
    share = counts[best] / total if best == "latn" else 1.0 - max(0.0, ENOUGH - counts[best] / total)
    if best not in SHARED:
        return best, share
    plain = _NAMES.sub(" ", text[:1].lower() + text[1:]) if best == "latn" else text
    odds = _known(best).odds(plain)
    sure = 1.0 / (1.0 + math.exp(-abs(odds)))
    return _known(best).languages[int(odds > 0.0)], sure * share


@cache
def _known(script: str) -> Runs:
    texts: list[tuple[str, str]] = [*tongues(), *((s.language, s.text) for s in sentences(fillings=1))]
    return Runs(texts, SHARED[script], script)


def _runs(word: str) -> Sequence[str]:
    marked = f" {word} "
    return [
        marked[k : k + n]
        for n in range(1, LONGEST_RUN + 1)
        for k in range(len(marked) - n + 1)
        if marked[k : k + n] != " "
    ]
