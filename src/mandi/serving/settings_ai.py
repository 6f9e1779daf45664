"""Variables of the language tower: mode, providers and their keys, routing, patience, cache, quotas and prices."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, SecretStr

from mandi.llm.calls import Mode
from mandi.serving.settings_field import variable

ProviderChoice = Literal["hybrid", "openai", "anthropic", "gemini", "local", "compatible"]
RouterChoice = Literal["simple", "complexity", "confidence", "performance"]
GATEWAY = "the gateway"
CATALOG = "the providers"
ROUTING = "routing"


class ModeVariables(BaseModel):
    """Mode and routing."""

    ai_mode: Mode = variable(
        "AI_MODE", default="hybrid", read_by=GATEWAY,
        says="mock: the analyst answers, no key is needed; real: vendors and local servers only; hybrid: those, and the "
        "analyst when none of them can. An administrator may switch it while the service runs.",
    )  # fmt: skip
    ai_provider: ProviderChoice = variable(
        "AI_PROVIDER", default="hybrid", read_by=ROUTING,
        says="hybrid lets routing choose among all that are configured; a name asks that one only.",
    )  # fmt: skip
    ai_router: RouterChoice = variable(
        "AI_ROUTER",
        default="confidence",
        read_by=ROUTING,
        says="Policy that chooses; simple always asks a teacher.",
    )
    threshold_high: float = variable(
        "CONFIDENCE_THRESHOLD_HIGH", "GEMINI_CONFIDENCE_THRESHOLD", default=0.75, ge=0, le=1, unit="confidence",
        read_by=ROUTING, says="From this calibrated confidence on, the student's answer is given.",
    )  # fmt: skip
    threshold_low: float = variable(
        "CONFIDENCE_THRESHOLD_LOW", default=0.40, ge=0, le=1, unit="confidence", read_by=ROUTING,
        says="Below this a person is asked; between both, a teacher.",
    )  # fmt: skip
    local_fallback_enabled: bool = variable(
        "LOCAL_FALLBACK_ENABLED",
        default=True,
        read_by=ROUTING,
        says="The local server may stand in for a vendor.",
    )


class ProviderVariables(BaseModel):
    """Who can be asked."""

    openai_api_key: SecretStr | None = variable("OPENAI_API_KEY", read_by=CATALOG, says="Key of OpenAI.")
    openai_model: str = variable("OPENAI_MODEL", default="gpt-4o-mini", read_by=CATALOG, says="Its model.")
    openai_embedding_model: str = variable(
        "OPENAI_EMBEDDING_MODEL",
        default="text-embedding-3-small",
        read_by=CATALOG,
        says="Its model of embeddings.",
    )
    openai_base_url: str | None = variable(
        "OPENAI_BASE_URL", unit="URL", read_by=CATALOG, says="Another address that OpenAI's models answer at.",
        example="https://api.openai.com/v1",
    )  # fmt: skip
    anthropic_api_key: SecretStr | None = variable(
        "ANTHROPIC_API_KEY", read_by=CATALOG, says="Key of Anthropic."
    )
    anthropic_model: str = variable(
        "ANTHROPIC_MODEL", default="claude-haiku-4-5", read_by=CATALOG, says="Its model."
    )
    anthropic_base_url: str | None = variable(
        "ANTHROPIC_BASE_URL", unit="URL", read_by=CATALOG, says="Another address it answers at.",
        example="https://api.anthropic.com",
    )  # fmt: skip
    gemini_api_key: SecretStr | None = variable(
        "GOOGLE_AI_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY", read_by=CATALOG, says="Key of Gemini."
    )
    gemini_model: str = variable(
        "GEMINI_MODEL", default="gemini-2.5-flash", read_by=CATALOG, says="Its model."
    )
    gemini_embedding_model: str | None = variable(
        "GEMINI_EMBEDDING_MODEL", example="an-embedding-model", read_by=CATALOG, says="Its model of embeddings; without one it gives none.",
    )  # fmt: skip
    gemini_base_url: str | None = variable(
        "GEMINI_BASE_URL", unit="URL", read_by=CATALOG, says="Another address it answers at.",
        example="https://generativelanguage.googleapis.com",
    )  # fmt: skip
    local_url: str | None = variable(
        "LLAMA_ENDPOINT", "LOCAL_INFER_URL", unit="URL", example="http://localhost:11434", read_by=CATALOG,
        says="A local OpenAI-shaped server: Ollama, vLLM, llama.cpp. What it says costs nothing and stays here.",
    )  # fmt: skip
    local_model: str = variable(
        "LLAMA_MODEL", "LOCAL_INFER_MODEL", default="llama3:8b", read_by=CATALOG, says="Its model."
    )
    local_embedding_model: str | None = variable(
        "LOCAL_EMBEDDING_MODEL", example="an-embedding-model", read_by=CATALOG, says="Its model of embeddings; without one it gives none.",
    )  # fmt: skip
    local_api_key: SecretStr | None = variable(
        "LOCAL_API_KEY", "LOCAL_INFER_API_KEY", read_by=CATALOG, says="Its key, if it asks for one."
    )
    compatible_base_url: str | None = variable(
        "COMPATIBLE_BASE_URL", unit="URL", example="https://llm.example.com/v1", read_by=CATALOG,
        says="Any other OpenAI-shaped vendor.",
    )  # fmt: skip
    compatible_api_key: SecretStr | None = variable("COMPATIBLE_API_KEY", read_by=CATALOG, says="Its key.")
    compatible_model: str | None = variable(
        "COMPATIBLE_MODEL", example="a-model", read_by=CATALOG, says="Its model; needed with its address."
    )
    compatible_embedding_model: str | None = variable(
        "COMPATIBLE_EMBEDDING_MODEL", example="an-embedding-model", read_by=CATALOG, says="Its model of embeddings; without one it gives none.",
    )  # fmt: skip


class PatienceVariables(BaseModel):
    """How long and how often providers are asked."""

    ai_timeout_seconds: float = variable(
        "AI_TIMEOUT_SECONDS",
        default=30.0,
        gt=0,
        unit="seconds",
        read_by=GATEWAY,
        says="Whole time of a call, retries and fallbacks included.",
    )
    max_fallback_attempts: int = variable(
        "MAX_FALLBACK_ATTEMPTS",
        default=3,
        ge=1,
        le=10,
        read_by=GATEWAY,
        says="Providers that are asked for one call at most.",
    )
    retry_attempts: int = variable(
        "AI_RETRY_ATTEMPTS",
        default=3,
        ge=1,
        le=10,
        read_by=GATEWAY,
        says="Times one provider is asked for one call at most.",
    )
    retry_min_seconds: float = variable(
        "AI_RETRY_MIN_SECONDS",
        default=2.0,
        ge=0,
        unit="seconds",
        read_by=GATEWAY,
        says="Longest first pause between two tries; it doubles.",
    )
    retry_max_seconds: float = variable(
        "AI_RETRY_MAX_SECONDS",
        default=10.0,
        ge=0,
        unit="seconds",
        read_by=GATEWAY,
        says="Longest pause between two tries.",
    )
    breaker_failures: int = variable(
        "AI_BREAKER_FAILURES",
        default=5,
        ge=1,
        read_by=GATEWAY,
        says="Failures until a provider is left alone.",
    )
    breaker_open_seconds: float = variable(
        "AI_BREAKER_OPEN_SECONDS", default=60.0, gt=0, unit="seconds", read_by=GATEWAY,
        says="How long it is left alone before one call tries it again.",
    )  # fmt: skip


class SpendingVariables(BaseModel):
    """Cache, quotas and prices."""

    cache_ai_responses: bool = variable(
        "CACHE_AI_RESPONSES", default=True, read_by=GATEWAY,
        says="Give the same answer to the same question of the same organisation; chat is never cached.",
    )  # fmt: skip
    cache_ttl_seconds: float = variable(
        "CACHE_TTL_SECONDS",
        default=300.0,
        gt=0,
        unit="seconds",
        read_by=GATEWAY,
        says="Life of a cached analysis of a deal.",
    )
    cache_task_ttl_seconds: float = variable(
        "AI_CACHE_TASK_TTL_SECONDS", default=3600.0, gt=0, unit="seconds", read_by=GATEWAY,
        says="Life of a cached classification, score or summary.",
    )  # fmt: skip
    cache_embedding_ttl_seconds: float = variable(
        "AI_CACHE_EMBEDDING_TTL_SECONDS",
        default=86400.0,
        gt=0,
        unit="seconds",
        read_by=GATEWAY,
        says="Life of a cached embedding.",
    )
    semantic_cache: bool = variable(
        "AI_SEMANTIC_CACHE", default=False, read_by=GATEWAY,
        says="Also give it to a rewording with the same numbers, dates, commodity and market.",
    )  # fmt: skip
    semantic_threshold: float = variable(
        "AI_SEMANTIC_THRESHOLD",
        default=0.6,  # of the student's own encoder: mandi.llm.cache.semantic says how it was found
        gt=0,
        le=1,
        unit="cosine",
        read_by=GATEWAY,
        says="How alike a rewording must be.",
    )
    daily_budget_usd: Decimal | None = variable(
        "AI_DAILY_BUDGET_USD", ge=0, unit="USD a day", example="25", read_by=GATEWAY,
        says="Budget of every organisation that has none of its own; its tier's if not given.",
    )  # fmt: skip
    tiers: dict[str, dict[str, Any]] | None = variable(
        "AI_TIERS", unit="JSON", example='{"free": {"calls_per_hour": 50}}', read_by=GATEWAY,
        says="Limits by tier, in place of the built-in ones.",
    )  # fmt: skip
    unknown_price: Literal["worst", "refuse"] = variable(
        "AI_UNKNOWN_PRICE", default="worst", read_by=GATEWAY,
        says="A model without a known price is counted as its vendor's dearest one, or refused; never free.",
    )  # fmt: skip
    prices: dict[str, dict[str, Any]] | None = variable(
        "AI_PRICES", unit="JSON, USD a million tokens", example='{"openai/gpt-4o-mini": {"input": 0.15, "output": 0.6}}',
        read_by=GATEWAY, says="Prices in place of the known ones.",
    )  # fmt: skip
