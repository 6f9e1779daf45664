"""Counters, one per model: where its questions are completed and answered. A model is served by one line in COUNTERS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mandi.core.lookup import looked_up

if TYPE_CHECKING:
    from mandi.serving.counter import Counter

COUNTERS: dict[str, str] = {
    "price": "mandi.serving.counters.price:PriceCounter",
    "demand": "mandi.serving.counters.demand:DemandCounter",
    "quality": "mandi.serving.counters.quality:QualityCounter",
    "fraud": "mandi.serving.counters.fraud:FraudCounter",
    "matching": "mandi.serving.counters.matching:MatchingCounter",
}


def counter_class(name: str) -> type[Counter]:
    """Import and return the counter of a model.

    Parameters
    ----------
    name : str
        A model.

    Raises
    ------
    UnknownValue
        The name is not in COUNTERS.
    """
    found: type[Counter] = looked_up(name, COUNTERS, "counter for")
    return found
