"""What a target has to be: whole, readable, in the language of the question, and with no figure that nobody gave."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from mandi.datasets.rows import Example
from mandi.datasets.settings import Cleaning
from mandi.feedback.figures import Figure, figures

STAND_IN = re.compile(r"\[[A-Z][A-Z_]{1,18}_[bcdfghjkmnpqrstvwxz]{6}\]|<[A-Z_]+(?:_\w+)?>|\{\{?\w+\}?\}")
"""What a scrubber left behind, or a template that was never filled."""
ENDS = (".", "!", "?", "।", "॥", "…", ")", "]", "}", '"', "'", "”", "’", ":", "%", "`", "*", "|", "؟", "।।")
PRINTED = re.compile("[\n\r\t\u200c\u200d\u00a0]")
MISREAD = re.compile(r"[ÃÂ][\u0080-\u00bf]|â€|à[¤¥®¯][\u0080-\u00bf]?")
"""What UTF-8 looks like when it was read as Latin-1."""
MARKS = re.compile(r"[^\w\s\u0900-\u0dff]")
OPENERS = {"(": ")", "[": "]", "{": "}"}
REPEATED = re.compile(r"(.)\1{9,}|(\b\w+\b)(?:\s+\2\b){5,}", re.DOTALL)
MONEY = frozenset({"inr", "inr/quintal", "usd", "usd/quintal"})
CLOSE = 0.006
"""A figure may be rounded by so much of itself."""
SCRIPTS = (
    ("latin", "A", "ɏ"), ("devanagari", "\u0900", "\u097f"), ("bengali", "\u0980", "\u09ff"), ("gurmukhi", "\u0a00", "\u0a7f"),
    ("gujarati", "\u0a80", "\u0aff"), ("odia", "\u0b00", "\u0b7f"), ("tamil", "\u0b80", "\u0bff"), ("telugu", "\u0c00", "\u0c7f"),
    ("kannada", "\u0c80", "\u0cff"), ("malayalam", "\u0d00", "\u0d7f"), ("arabic", "\u0600", "\u06ff"),
)  # fmt: skip
LETTERS = {
    name: re.compile(rf"[{first}-{last}]" if name != "latin" else r"[A-Za-zÀ-ɏ]")
    for name, first, last in SCRIPTS
}
FEWEST_LETTERS = 12


def fault(example: Example, cleaning: Cleaning) -> str:
    """Return the first thing wrong with an example; empty when nothing is.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> asked = ({"role": "user", "content": "Hold the soybean?"},)
    >>> one = Example("a", "sft", "chat", asked, "Hold the soybean?", datetime(2024, 5, 1, tzinfo=UTC), ("g",), "p", "granted", "own", "service")
    >>> fault(one, Cleaning())
    'the answer repeats the question'
    """
    if not example.question.strip():
        return "the question is empty"
    texts = [example.chosen] + ([example.rejected] if example.rejected is not None else [])
    for text in texts:
        for found in _CHECKS:
            if reason := found(text, example, cleaning):
                return reason
    return _figures(example, cleaning)


def _label_task(example: Example) -> bool:
    return bool(example.facts.get("labels"))


def _empty(text: str, example: Example, cleaning: Cleaning) -> str:
    return "" if text.strip() else "the answer is empty"


def _length(text: str, example: Example, cleaning: Cleaning) -> str:
    if len(text.strip()) < cleaning.min_letters:
        return "the answer is too short"
    return "the answer is too long" if len(text) > cleaning.max_letters else ""


def _label(text: str, example: Example, cleaning: Cleaning) -> str:
    if not _label_task(example):
        return ""
    try:
        named = json.loads(text)["label"]
    except (ValueError, KeyError, TypeError):
        return "the answer is none of the labels"
    return "" if named in example.facts["labels"] else "the answer is none of the labels"


def _placeholder(text: str, example: Example, cleaning: Cleaning) -> str:
    if not STAND_IN.search(text):
        return ""
    left = STAND_IN.sub(" ", text)
    return "" if sum(c.isalnum() for c in left) >= 3 else "the answer is a placeholder alone"


def _garbled(text: str, example: Example, cleaning: Cleaning) -> str:
    return "the answer is garbled" if _is_garbled(text) else ""


@lru_cache(maxsize=20_000)
def _is_garbled(text: str) -> bool:
    if "\ufffd" in text or not PRINTED.sub("", text).isprintable() or len(MISREAD.findall(text)) >= 2:
        return True
    marks = len(MARKS.findall(text))
    return (len(text) >= 20 and marks > 0.65 * (len(text) - text.count(" "))) or REPEATED.search(
        text
    ) is not None


def _truncated(text: str, example: Example, cleaning: Cleaning) -> str:
    if _label_task(example):
        return ""
    whole = text.rstrip()
    if whole.startswith("{"):
        try:
            json.loads(whole)
        except ValueError:
            return "the answer is cut off"
        return ""
    if whole.count("```") % 2 or whole.endswith((" ...", ",", ";", " -")) or _left_open(whole):
        return "the answer is cut off"
    return (
        "the answer is cut off"
        if len(whole.split()) >= cleaning.whole_words and not whole.endswith(ENDS)
        else ""
    )


def _repeats(text: str, example: Example, cleaning: Cleaning) -> str:
    if _label_task(example):
        return ""
    one, other = _plain(text), _plain(example.question)
    return (
        "the answer repeats the question"
        if one and (one == other or (one in other and len(one) > 0.8 * len(other)))
        else ""
    )


def _language(text: str, example: Example, cleaning: Cleaning) -> str:
    if _label_task(example) or text.lstrip().startswith("{"):
        return ""
    asked, answered = script(example.question), script(text)
    return "the answer is in another language" if asked and answered and asked != answered else ""


_CHECKS: tuple[Callable[[str, Example, Cleaning], str], ...] = (
    _empty, _placeholder, _label, _length, _garbled, _truncated, _repeats, _language,
)  # fmt: skip


@lru_cache(maxsize=20_000)
def script(text: str) -> str:
    """Return the script most letters of a text are in; empty when they are few or mixed.

    Examples
    --------
    >>> script("सोयाबीन का भाव क्या रहेगा"), script("12,400")
    ('devanagari', '')
    """
    plain = STAND_IN.sub(" ", text)
    counted = {name: len(letters.findall(plain)) for name, letters in LETTERS.items()}
    total = sum(counted.values())
    if total < FEWEST_LETTERS:
        return ""
    name = max(sorted(counted), key=lambda n: counted[n])
    return name if counted[name] >= 0.7 * total else ""


def _figures(example: Example, cleaning: Cleaning) -> str:
    # a person may know a figure that the models did not find; a model that says one has made it up
    if (
        not cleaning.figures
        or example.licence == "human"
        or _label_task(example)
        or example.chosen.startswith("{")
    ):
        return ""
    if example.purpose != "sft" and not (example.purpose == "unpaired" and example.label):
        return ""
    told = [figure.value for figure in figures(STAND_IN.sub(" ", example.chosen)) if _counts(figure)]
    if not told:
        return ""
    found = _numbers(json.dumps(example.facts, ensure_ascii=False, sort_keys=True))
    if not found:  # a rule of the trade, not a finding
        return ""
    asked = _numbers(example.question)
    given = found.union(asked, *(_numbers(m["content"]) for m in example.messages))
    worth = {one * other for one in found for other in asked}  # so many quintals at such a price
    return (
        ""
        if all(_near(value, given) or _near(value, worth) for value in told)
        else "a figure that nobody gave"
    )


def _counts(figure: Figure) -> bool:
    # of money alone: a share or a mean is often worked out from what was given
    return figure.unit in MONEY


def _near(value: float, known: Iterable[float]) -> bool:
    rounded = 0.5 if float(value).is_integer() else 0.05
    return any(abs(value - k) <= max(CLOSE * max(abs(value), abs(k)), rounded) for k in known)


@lru_cache(maxsize=20_000)
def _numbers(text: str) -> frozenset[float]:
    plain = {float(hit.replace(",", "")) for hit in re.findall(r"\d+(?:,\d+)*(?:\.\d+)?", text)}
    read: Iterable[float] = (figure.value for figure in figures(text) if figure.unit != "date")
    known = {value for value in (*plain, *read) if value}
    shares = {value for value in known if 0 < value < 1}
    return frozenset(known | {100 * value for value in shares} | {100 * (1 - value) for value in shares})


def _left_open(text: str) -> bool:
    return any(text.count(opened) > text.count(closed) for opened, closed in OPENERS.items())


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[\W_]+", " ", text.casefold()).split())
