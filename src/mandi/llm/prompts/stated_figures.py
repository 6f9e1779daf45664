"""Finds figures in an answer's words that no model gave and that do not follow from what was given."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from mandi.llm.prompts.data_block import WEEK, weekly

NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?:[eE][+-]?\d+)?")
NAMES = re.compile(r"\b[A-Za-z]+[-_./]?\d[\w\-./]*|\b\d{4}-\d\d-\d\d[\dT:.+Z-]*|\b\d{1,2}:\d\d\b")
COUNTED_TO = 100.0
"""Whole numbers up to it are counts, days, nominal levels: never held against a text."""
YEARS = (1900, 2200)
MOST_TOLD = 20
SCALES = (1.0, 100.0, 0.01, 1e5, 1e-5, 1e7, 1e-7, 10.0, 0.1)
"""Shares as percent, lakh, crore, tonnes and quintals."""


def stated(text: str) -> list[tuple[str, float]]:
    """Return the numbers of a text as written and as values; ids and dates are none.

    Examples
    --------
    >>> stated("Offer O002988 of 2024-06-03 asks INR 1,23,456.5, grade B")
    [('1,23,456.5', 123456.5)]
    """
    plain = NAMES.sub(" ", text)
    found = []
    for hit in NUMBER.finditer(plain):
        shown = hit.group().rstrip(",")
        found.append((shown, float(shown.replace(",", ""))))
    return found


def unsupported(text: str, facts: Mapping[str, Any], most: int = MOST_TOLD) -> list[str]:
    """Return numbers of a text that are not in the facts and do not follow from them, as written.

    What follows: a figure rounded to the digits shown, a difference of two prices, its percentage, a price or a
    difference times the quantity, tonnes of a week and a day of it, a share as percent, lakh and crore. Small whole numbers and years are not judged.

    Parameters
    ----------
    text : str
    facts : mapping
        ``Prompt.facts``.
    most : int
        Numbers returned at most; a text of thousands of them takes no longer for it.

    Examples
    --------
    >>> facts = {"deal": {"price": 4983.0, "quantity": 122.0}, "findings": {}}
    >>> unsupported("INR 6,07,926 at 4,983; it will rise to 5,600", facts)
    ['5,600']
    """
    known = sorted({abs(value) for value in _known(facts) if math.isfinite(value)})
    numbers = dict(stated(text)).items()
    return list(
        islice((n for n, value in numbers if not _free(n, value) and not _close(n, value, known)), most)
    )


def _free(shown: str, value: float) -> bool:
    whole = "." not in shown and "," not in shown
    return whole and (value <= COUNTED_TO or YEARS[0] <= value <= YEARS[1])


def _close(shown: str, value: float, known: list[float]) -> bool:
    decimals = len(shown.partition(".")[2])
    step = 0.5 * 10.0**-decimals
    return any(abs(value - scale * one) <= step * 1.02 for one in known for scale in SCALES)


def _known(facts: Mapping[str, Any]) -> Iterator[float]:
    base = list(_leaves(facts))
    yield from base
    deal = facts.get("deal") or {}
    price = ((facts.get("findings") or {}).get("price") or {}).get("answer") or {}
    deal_price = price.get("deal_price", deal.get("price"))
    quantities = [q for q in (deal.get("quantity"), facts.get("quintals")) if isinstance(q, (int, float))]
    prices = [v for k, v in price.items() if isinstance(v, (int, float)) and ("price" in k or "bound" in k)]
    matches = (((facts.get("findings") or {}).get("matching") or {}).get("answer") or {}).get("matches") or []
    prices += [m["ask_price"] for m in matches]
    quantities += [m["quantity"] for m in matches]
    yield from _of_arrivals(((facts.get("findings") or {}).get("demand") or {}).get("answer") or {})
    if isinstance(deal_price, (int, float)):
        gaps = [deal_price - other for other in prices]
        yield from gaps
        if deal_price and deal.get("price"):
            yield from (other * deal["price"] / deal_price for other in prices)  # in the deal's own unit
        yield from (100.0 * gap / other for gap, other in zip(gaps, prices) if other)
        yield from (amount * q for amount in (deal_price, *prices, *gaps) for q in quantities)


def _of_arrivals(answer: Mapping[str, Any]) -> Iterator[float]:
    weeks = weekly(answer.get("forecast") or [])
    yield from weeks
    yield from (week / WEEK for week in weeks)
    days = [float(day["predicted_demand"]) for day in answer.get("forecast") or []]
    yield sum(days[-WEEK:]) / WEEK
    total = float(answer.get("total_demand") or 0.0)
    for part in (answer.get("feature_contributions") or {}).values():
        if part:
            yield 100.0 * (total / part - 1.0)


def _leaves(value: Any) -> Iterator[float]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield float(value)
    elif isinstance(value, str):
        yield from (number for _, number in stated(value))
