"""What the models say about a deal: one finding a model, plain data, gathered by whoever holds the models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from mandi.llm.deal import Deal

Standing = Literal["answered", "refused", "not_served", "not_asked"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one model said.

    Attributes
    ----------
    model : str
        price, demand, quality, fraud or matching.
    standing : str
        ``answered``; ``refused`` when the model cannot answer this deal; ``not_served`` when there is no such model here;
        ``not_asked`` when the deal does not say what the question needs.
    answer : mapping
        The model's answer, field by field as its route gives it; of a model that did not answer, at most what is known
        without it: ``deal_price`` (INR per quintal) under price, and of a text what was understood (``asked``).
    why : str, optional
        Why there is no answer.
    version : str, optional
        Of the model in the registry.
    """

    model: str
    standing: Standing
    answer: Mapping[str, Any]
    why: str | None = None
    version: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "model": self.model, "standing": self.standing, "answer": dict(self.answer), "why": self.why,
            "version": self.version,
        }  # fmt: skip


class Evidence(Protocol):
    """Whoever can ask the models."""

    async def about(self, deal: Deal, now: datetime) -> Mapping[str, Finding]:
        """Return one finding a model, by its name; it never raises for what a model cannot answer."""
        ...

    async def about_text(self, text: str, now: datetime) -> Mapping[str, Finding]:
        """Return findings about the commodity and the market a text names; empty when it names none."""
        ...
