"""What a question says that decides its answer: numbers in one unit, dates, currencies, commodities, names, sides, negations.

Two questions may share an answer only when their facts are equal. The gate is closed by default: a word is a fact unless it is
known to say nothing or to say the same as another (``words.py``), so a name nobody listed still keeps two questions
apart. Where one word binds another (a negation, a comparison, a condition), or two facts are of one kind, their order counts too.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping

from mandi.core.units import ALIASES, KG
from mandi.llm.cache.words import (
    BINDING,
    COMMODITIES,
    DOLLAR_WORDS,
    IDLE,
    MASS_WORDS,
    MONTHS,
    PERCENT_WORDS,
    RUPEE_WORDS,
    SAME,
    SCALES,
)

_APOSTROPHES = str.maketrans("", "", "'\u2019\u02bc")
_ISO = re.compile(r"\b(\d{4})-(\d{1,2})-(\d{1,2})\b")
_SLASHED = re.compile(r"\b(\d{1,2})[/.](\d{1,2})[/.](\d{4})\b")
_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_DAY_FIRST = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?({_MONTH})\b(?:,?\s+(\d{{4}}))?")
_MONTH_FIRST = re.compile(rf"\b({_MONTH})\s+(\d{{1,2}})(?:st|nd|rd|th)?\b(?!\d)(?:,?\s+(\d{{4}}))?")
_TOKEN = re.compile(
    r"⟦(?P<date>[^⟦⟧]*)⟧|(?P<number>[-\u2212]?\d+(?:,\d+)*(?:\.\d+)?)|(?P<mark>[%₹$<>=+*/!]|[-\u2212](?=\w))|(?P<word>[^\W\d_][\w\u0900-\u097f]*)"
)
_PER = frozenset({"per", "/", "प्रति", "each", "a"})
_SPACES = re.compile(r"\s+")


def facts_of(text: str, names: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Return the facts of a question; equal for two questions only if one answer may serve both.

    Parameters
    ----------
    text : str
    names : mapping, optional
        Kind and name, for example ``market:indore``, by word in lower case. Words that are not in it, and are no everyday words,
        are names of an unknown kind.

    Examples
    --------
    >>> facts_of("Is ₹4,600 per quintal fair for 20 tonnes of soybean?")
    ('commodity:soybean', 'fair', 'inr:4600', 'mass:20000', 'per:quintal', 'script:latin')
    >>> facts_of("Would 4600 rupees/quintal be a reasonable rate for 200 quintals of soyabean?") == facts_of(
    ...     "Is a price of ₹4,600 per quintal fair for 20 tonnes of soybean?")
    True
    >>> facts_of("Is wheat dearer than chana?") == facts_of("Is chana dearer than wheat?")
    False
    """
    found = list(_facts(_TOKEN.finditer(_prepared(text)), names or {}))
    scripts = [f"script:{name}" for name in sorted(_scripts(text))]
    kinds = Counter(fact.partition(":")[0] if ":" in fact else fact for fact in found)
    sides = (
        {"buy", "sell"} <= kinds.keys()
        or {"rise", "fall"} <= kinds.keys()
        or {"above", "below"} <= kinds.keys()
    )
    binds = sides or any(fact in BINDING for fact in found)
    twice = any(count > 1 for kind, count in kinds.items() if any(f.startswith(f"{kind}:") for f in found))
    return tuple(found + scripts) if binds or twice else tuple(sorted({*found, *scripts}))


def _prepared(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold().translate(_APOSTROPHES)
    plain = "".join(str(unicodedata.digit(c)) if c.isdigit() and not c.isascii() else c for c in plain)
    plain = _ISO.sub(lambda m: _date(m[1], m[2], m[3]), plain)
    plain = _SLASHED.sub(lambda m: _date(m[3], m[2], m[1]), plain)
    plain = _DAY_FIRST.sub(lambda m: _date(m[3], MONTHS[m[2]], m[1]), plain)
    plain = _MONTH_FIRST.sub(lambda m: _date(m[3], MONTHS[m[1]], m[2]), plain)
    return _SPACES.sub(" ", plain)


def _date(year: str | None, month: str | int, day: str) -> str:
    return f" ⟦{year or ''}-{int(month):02d}-{int(day):02d}⟧ "


def _facts(matches: Iterator[re.Match[str]], names: Mapping[str, str]) -> Iterator[str]:
    tokens = [(m.lastgroup or "", m[m.lastgroup or 0]) for m in matches]
    place = 0
    while place < len(tokens):
        kind, word = tokens[place]
        after = [token[1] for token in tokens[place + 1 : place + 3]]
        if kind == "date":
            yield f"date:{word}"
        elif kind == "number":
            fact, used = _number(word, after)
            yield fact
            place += used
        elif (
            word in RUPEE_WORDS | DOLLAR_WORDS
            and place + 1 < len(tokens)
            and tokens[place + 1][0] == "number"
        ):
            currency = "inr" if word in RUPEE_WORDS else "usd"
            amount, used = _scaled(
                tokens[place + 1][1], [token[1] for token in tokens[place + 2 : place + 3]]
            )
            yield f"{currency}:{amount:g}"
            place += 1 + used
        elif word in _PER and after and (unit := _mass(after[0])):
            yield f"per:{unit}"
            place += 1
        else:
            yield from _word(word, names)
        place += 1


def _number(text: str, after: list[str]) -> tuple[str, int]:
    amount, used = _scaled(text, after)
    unit = after[used] if used < len(after) else ""
    if unit in RUPEE_WORDS:
        return f"inr:{amount:.10g}", used + 1
    if unit in DOLLAR_WORDS:
        return f"usd:{amount:.10g}", used + 1
    if unit in PERCENT_WORDS:
        return f"percent:{amount:.10g}", used + 1
    if mass := _mass(unit):
        return f"mass:{amount * KG[mass]:.10g}", used + 1
    return f"number:{amount:.10g}", used


def _scaled(text: str, after: list[str]) -> tuple[float, int]:
    amount = float(text.replace(",", "").replace("\u2212", "-"))
    if after and after[0] in SCALES:
        return amount * SCALES[after[0]], 1
    return amount, 0


def _mass(word: str) -> str | None:
    name = MASS_WORDS.get(word) or ALIASES.get(word, word)
    return name if name in KG else None


def _word(word: str, names: Mapping[str, str]) -> Iterator[str]:
    if word in names:
        yield names[word]
    elif word in COMMODITIES:
        yield f"commodity:{COMMODITIES[word]}"
    elif word in SAME:
        yield SAME[word]
    elif word in RUPEE_WORDS or word in DOLLAR_WORDS:
        yield "currency:inr" if word in RUPEE_WORDS else "currency:usd"
    elif word in MONTHS:
        yield f"date:{MONTHS[word]:02d}"
    elif mass := _mass(word):
        yield f"unit:{mass}"
    elif word not in IDLE:
        yield f"name:{word}"


def _scripts(text: str) -> set[str]:
    return {unicodedata.name(c, "?").split(" ")[0].lower() for c in set(text) if c.isalpha()}
