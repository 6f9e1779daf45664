"""Calls as the gateway tells of them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from mandi.llm.calls import Attempt


@dataclass(frozen=True)
class Told:
    organization_id: str = "org-1"
    provider: str = "openai"
    model: str = "m"
    route: str = "teacher"
    requested_mode: str = "hybrid"
    effective_mode: str = "real"
    status: str = "success"
    fallback: bool = False
    degraded: bool = False
    cache: str = "off"
    prompt_tokens: int = 10
    completion_tokens: int = 5
    cost_usd: Decimal = Decimal("0.002")
    latency_ms: float = 250.0
    first_token_ms: float | None = 40.0
    attempts: tuple[Attempt, ...] = ()


def tried(provider: str = "openai", fault: str | None = None) -> Attempt:
    return Attempt(provider, "m", 1.0, fault)
