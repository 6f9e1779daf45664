"""Whether two answers say the same: equal labels, or the same figures in words that overlap."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import lru_cache

from mandi.feedback.figures import MASSES, PERCENTS, SCALES, Figure, figures

SAME_AT = 0.55
CLOSE = 0.002
"""Two amounts are the same when they are this near, as a share of the larger: 4,983 and 4,980 are, 4,983 and 5,000 are not."""
BARE = 0.7
"""Overlap of words when one answer is figures alone."""
CONTRADICTED = 0.3
"""What is left of an agreement when one text says rise and the other fall."""

_IDLE = (
    "a an the this that these those it its is are was were be been being am do does did have has had will would shall should can could "
    "may might of in on at to for from by with as and or so if then than there here about into over per i me my we us our you your they "
    "their he she his her what which who how when where why please kindly also very just only all any some each expected "
    "hai hain tha the ka ki ke ko se mein me par aur ya yeh ye woh wo bhi kya liye rs inr rupees rupee "
    "है हैं था थी थे का की के को से में पर और या यह ये वह वे भी लिए प्रति रुपये रुपए"
)
IDLE = frozenset(_IDLE.split()) | MASSES.keys() | SCALES.keys() | frozenset(PERCENTS)
"""Words that say nothing, or only how a figure is meant."""
_NEGATIONS = (
    "not no never dont don't doesn't isn't won't cannot can't without nahi nahin mat bina नहीं मत ना बिना"
)
NEGATIONS = frozenset(_NEGATIONS.split())
OPPOSITES = (
    ("rise rises rising rose increase increases up higher badhega बढ़ेगा बढ़ती", "fall falls falling fell decrease decreases down lower girega गिरेगा घटती"),
    ("above over more", "below under less"), ("yes accept accepted fair haan favourable हाँ", "reject rejected unfair unfavourable"),
    ("buy kharido खरीदें", "sell becho बेचें"), ("safe genuine clean", "fraud fraudulent suspicious"), ("wait hold ruko", "now immediately abhi"),
)  # fmt: skip
"""Words of which one text may not say the first where another says the second."""

_WORD = re.compile(r"[^\W\d_][\w\u0900-\u0963\u0b80-\u0bff'’]*")


def agreement(one: str, other: str, task: str = "chat") -> float:
    """Return how far two answers say the same, in [0, 1]; the same both ways round.

    Of a classification: 1 for equal labels, else 0. Of a text: with c the share of the figures of whichever has fewer that
    the other has too, d the Dice overlap of all figures, and w the overlap of content words,
    c³ (0.8 + 0.2 d) (0.5 + 0.5 w), half of it where c is below 1, or w alone where neither has a figure; a figure against none
    counts as a quarter of w. Opposite words (rise, fall) and a denied word leave three tenths.

    Parameters
    ----------
    one, other : str
        Answers; of a classification a label, or JSON with one.
    task : str
        ``classification`` compares labels; anything else compares texts.

    Examples
    --------
    >>> agreement('{"label": "up"}', "Up", "classification")
    1.0
    >>> agreement("Cotton in Rajkot: ₹7,250 per quintal", "₹72.50/kg for cotton in Rajkot") > 0.9
    True
    >>> agreement("Cotton in Rajkot: ₹7,250 per quintal", "Cotton in Rajkot: ₹7,600 per quintal")
    0.0
    """
    if task == "classification":
        return float(bool(label_of(one)) and label_of(one) == label_of(other))
    if one.strip() == other.strip():
        return 1.0
    words, theirs = _content(one), _content(other)
    overlap = _overlap(words, theirs)
    mine, yours = figures(one), figures(other)
    if not (mine and yours) and not (words and theirs):
        return 0.0
    if mine and yours:
        matched = _matched(mine, yours)
        contained = matched / min(len(mine), len(yours))
        dice = 2 * matched / (len(mine) + len(yours))
        score = contained**3 * (0.8 + 0.2 * dice) * (0.5 + 0.5 * overlap)
        score *= 1.0 if contained == 1.0 else 0.5
    else:
        score = overlap * (0.25 if mine or yours else 1.0)
    return score * (CONTRADICTED if _opposed(words, theirs) else 1.0)


def same(one: str, other: str, task: str = "chat", *, at: float = SAME_AT) -> bool:
    """Return whether two answers say the same: their agreement is at least ``at``.

    Examples
    --------
    >>> same("Prices will rise next week", "Prices will fall next week")
    False
    """
    return agreement(one, other, task) >= at


def label_of(answer: str) -> str:
    """Return the label of a classification's answer, in small letters; empty when it names none.

    Examples
    --------
    >>> label_of('{"label": "Up", "confidence": 0.9}'), label_of("label: up."), label_of("  ")
    ('up', 'up', '')
    """
    text = answer.strip()
    if text.startswith("{"):
        try:
            held = json.loads(text)
        except ValueError:
            return ""
        named = next((held[key] for key in ("label", "class", "category") if key in held), "")
        return str(named).strip().casefold()
    return re.sub(r"^(label|class|category)\s*[:=]\s*", "", text.casefold()).strip(" \t\n.\"'`*")


def content_words(text: str) -> frozenset[str]:
    """Return the words of a text that say something, in small letters and without endings; a denied word begins with ``¬``.

    Examples
    --------
    >>> sorted(content_words("Do not sell the prices"))
    ['price', '¬sell']
    """
    return _content(text)


@lru_cache(maxsize=20_000)
def _content(text: str) -> frozenset[str]:
    kept, denied = set(), False
    for word in _WORD.findall(text.casefold().replace("’", "'")):
        if word in NEGATIONS:
            denied = True
        elif word not in IDLE:
            kept.add(("¬" if denied else "") + _stem(word))
            denied = False
    return frozenset(kept | ({"¬"} if denied else set()))


def _stem(word: str) -> str:
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)] + ("e" if ending == "es" and word[-3] in "cgvz" else "")
    return word


_STEMMED = [
    (frozenset(map(_stem, one.split())), frozenset(map(_stem, other.split()))) for one, other in OPPOSITES
]


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    if not one and not other:
        return 1.0
    if not one or not other:
        return BARE
    shared = len(one & other)
    return 0.5 * (2 * shared / (len(one) + len(other)) + shared / min(len(one), len(other)))


def _matched(one: Sequence[Figure], other: Sequence[Figure]) -> int:
    left, found = list(other), 0
    for figure in one:
        at = next((k for k, held in enumerate(left) if _equal(figure, held)), None)
        if at is not None:
            del left[at]
            found += 1
    return found


def _equal(one: Figure, other: Figure) -> bool:
    units = {one.unit, other.unit}
    if len(units) > 1 and "" not in units and units not in ({"inr", "inr/quintal"}, {"usd", "usd/quintal"}):
        return False
    if "date" in units:
        return len(units) == 1 and one.value == other.value
    return abs(one.value - other.value) <= CLOSE * max(abs(one.value), abs(other.value))


def _opposed(one: frozenset[str], other: frozenset[str]) -> bool:
    if any("¬" + word in other for word in one) or any("¬" + word in one for word in other):
        return True
    for up, down in _STEMMED:
        mine, yours = (bool(one & up), bool(one & down)), (bool(other & up), bool(other & down))
        if (mine, yours) in (((True, False), (False, True)), ((False, True), (True, False))):
            return True
    return False
