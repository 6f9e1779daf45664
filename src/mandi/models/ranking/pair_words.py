"""Two records word by word: what one says and the other does not, numbers, model-like words, maker and code.

A word is *nearly* there when it is in the other record without its gaps ("quick books"), or begins a word of it or is
begun by one ("mac", "macintosh"). Sums are exactly rounded, so that they do not hang on the order of a set.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import fsum, log, nan
from typing import Self

WORD = re.compile(r"[a-z0-9]+(?:\.[0-9]+)*")
NUMBER = re.compile(r"\d+(?:\.\d+)?")
GAP = re.compile(r"[^a-z0-9]")
LONG = 4  # letters from which a piece of text is no longer found by chance


@dataclass(frozen=True)
class Record:
    """What is compared word by word: words of title, maker and code, numbers of the title, text without gaps."""

    words: frozenset[str]
    numbers: frozenset[float]
    models: frozenset[str]
    maker: frozenset[str]
    code: str
    squeezed: str
    title: tuple[str, ...]
    starts: frozenset[str]

    @classmethod
    def of(cls, named: str, title: str, maker: str, code: str) -> Self:
        """Read plain texts; ``named`` is title, maker and code together.

        Examples
        --------
        >>> record = Record.of("office 2007 pro ab-12 acme", "office 2007 pro", "acme", "ab-12")
        >>> sorted(record.numbers), record.code, sorted(record.words)
        ([2007.0], 'ab12', ['12', '2007', 'ab', 'acme', 'office', 'pro'])
        """
        words = frozenset(WORD.findall(named))
        return cls(
            words,
            frozenset(map(float, NUMBER.findall(title))),
            frozenset(w for w in words if len(w) > 2 and not w.isalpha() and not w.isdigit()),
            frozenset(WORD.findall(maker)),
            GAP.sub("", code),
            GAP.sub("", named),
            tuple(WORD.findall(title)),
            frozenset(w[:3] for w in words if len(w) > 2),
        )


COMPARED = (
    "words found of question", "words found of candidate",
    "words nearly found of question", "words nearly found of candidate",
    "rarest word lacking in candidate", "rarest word lacking in question",
    "rarest word not nearly in candidate", "rarest word not nearly in question",
    "rarest plain word not nearly in candidate", "rarest plain word not nearly in question",
    "plain words not nearly in candidate", "plain words not nearly in question",
    "count not nearly in candidate", "count not nearly in question",
    "numbers shared", "numbers lacking in candidate", "numbers lacking in question", "numbers shared of all",
    "models shared", "models lacking in candidate", "models lacking in question",
    "same code", "code of question said", "code of candidate said",
    "maker of question said", "maker of candidate said",
    "same first word", "same start", "words of question", "words of candidate", "words log ratio",
)  # fmt: skip


def compare(a: Record, b: Record, weights: Mapping[str, float], unknown: float) -> tuple[float, ...]:
    """Return the numbers named by ``COMPARED`` for a question and a candidate; NaN where there is nothing to compare.

    Parameters
    ----------
    a, b : Record
    weights : mapping of str to float
        Of words, high when rare; ``unknown`` is the weight of any other.

    Examples
    --------
    >>> a, b = (Record.of(text, text, "", "") for text in ("quickbooks 2007 mac", "quick books 2007 macintosh"))
    >>> found = dict(zip(COMPARED, compare(a, b, {}, 1.0)))
    >>> found["words nearly found of question"], found["numbers shared"], found["count not nearly in question"]
    (1.0, 1.0, 0)
    """
    left, right = _side(a, b, weights, unknown), _side(b, a, weights, unknown)
    both = len(a.numbers & b.numbers)
    return (
        *(value for pair in zip(left, right, strict=True) for value in pair),
        float(both), len(a.numbers - b.numbers), len(b.numbers - a.numbers),
        both / len(a.numbers | b.numbers) if a.numbers or b.numbers else nan,
        len(a.models & b.models), len(a.models - b.models), len(b.models - a.models),
        _same_code(a.code, b.code), _said(a.code, b), _said(b.code, a),
        _share(a.maker, b.words), _share(b.maker, a.words),
        float(a.title[:1] == b.title[:1]), _same_start(a.title, b.title),
        len(a.words), len(b.words), log((1 + len(a.words)) / (1 + len(b.words))),
    )  # fmt: skip


def _side(a: Record, b: Record, weights: Mapping[str, float], unknown: float) -> tuple[float, ...]:
    total = fsum(weights.get(word, unknown) for word in a.words)
    lacking = {word: weights.get(word, unknown) for word in a.words - b.words}
    away = {word: weight for word, weight in lacking.items() if not _nearly(word, b)}
    plain = [weight for word, weight in away.items() if word.isalpha()]
    return (
        1.0 - fsum(lacking.values()) / total if total else nan,
        1.0 - fsum(away.values()) / total if total else nan,
        max(lacking.values(), default=0.0),
        max(away.values(), default=0.0),
        max(plain, default=0.0),
        fsum(plain),
        len(away),
    )


def _nearly(word: str, other: Record) -> bool:
    if len(word) >= LONG and word.replace(".", "") in other.squeezed:
        return True
    if not word.isalpha() or word[:3] not in other.starts:
        return False
    return any(w.startswith(word) or word.startswith(w) for w in other.words if len(w) > 2)


def _same_code(a: str, b: str) -> float:
    if not a or not b:
        return nan
    if a == b:
        return 1.0
    return 0.5 if min(len(a), len(b)) >= LONG and (a in b or b in a) else 0.0


def _said(code: str, other: Record) -> float:
    return float(code in other.squeezed) if len(code) >= LONG else nan


def _share(maker: frozenset[str], words: frozenset[str]) -> float:
    return len(maker & words) / len(maker) if maker else nan


def _same_start(a: tuple[str, ...], b: tuple[str, ...]) -> float:
    same = 0
    for one, other in zip(a, b, strict=False):
        if one != other:
            break
        same += 1
    return float(same)
