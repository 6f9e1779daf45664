"""What the gateway is given: who prices, who writes down, and the numbers it goes by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, Protocol

from mandi.llm.cache.classes import CacheRules
from mandi.llm.cache.single_flight import FlightRules
from mandi.llm.messages import Prompt, Usage
from mandi.llm.path.record import CallRecord, Contents
from mandi.llm.resilience.deadline import Patience
from mandi.llm.resilience.retry import Retries
from mandi.llm.routing.situation import Thresholds

OverBudget = Literal["refuse", "free_only"]


class Pricing(Protocol):
    """Whoever knows what a provider charges; nothing that is asked over a wire is free unless somebody said so."""

    def estimate(self, prompt: Prompt, model: str, provider: str) -> Decimal:
        """Return the most a prompt may cost in dollars.

        Raises
        ------
        UnknownPrice
            Nobody knows: that provider is not asked.
        """
        ...

    def cost(self, usage: Usage, model: str, provider: str) -> Decimal:
        """Return what tokens cost in dollars."""
        ...


class Recorder(Protocol):
    """Whoever keeps what is said of calls."""

    async def record(self, record: CallRecord) -> None:
        """Keep a record; it may wait when too many are waiting."""
        ...


class Diary(Protocol):
    """Whoever keeps what was said in calls, where that is allowed."""

    def keep(self, record: CallRecord, contents: Contents) -> None:
        """Take what was said; called in the loop on the way of an answer, so it neither waits nor works."""
        ...


@dataclass(frozen=True, slots=True)
class PathSettings:
    """The numbers of the call path.

    Attributes
    ----------
    over_budget : str
        What mode hybrid does when the day's dollars are used up: ``refuse`` the call, or let it be answered by those who cost
        nothing (``free_only``). The other modes refuse.
    expected_tokens : int
        Tokens of an answer reserved when a prompt sets no maximum.
    versions : mapping
        Versions of the models whose findings answers rest on; part of every cache key.
    default_models : mapping of provider to model
        Model of a provider where a call names none; the provider's first if it is not in here.
    """

    patience: Patience = Patience()
    retries: Retries = Retries()
    cache: CacheRules = field(default_factory=CacheRules)
    flights: FlightRules = FlightRules()
    thresholds: Thresholds = Thresholds()
    over_budget: OverBudget = "refuse"
    expected_tokens: int = 1024
    versions: Mapping[str, str] = field(default_factory=dict)
    default_models: Mapping[str, str] = field(default_factory=dict)
