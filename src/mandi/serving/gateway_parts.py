"""From the settings of the service to the parts of its gateway: who is asked, how patiently, at which price, within which limits."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mandi.core.errors import ConfigError
from mandi.llm.cache.classes import TTL_S, CacheRules
from mandi.llm.path.ports import PathSettings
from mandi.llm.pricing import Prices
from mandi.llm.provider import Provider
from mandi.llm.providers.catalog import Catalog, Verdict, catalog, verify
from mandi.llm.quota.quota import Quota
from mandi.llm.quota.tiers import TIERS, Allowance
from mandi.llm.resilience.breaker import BreakerPolicy
from mandi.llm.resilience.deadline import Patience
from mandi.llm.resilience.retry import Retries
from mandi.llm.routing.situation import Thresholds

if TYPE_CHECKING:
    from mandi.llm.calls import Caller
    from mandi.llm.quota.ledger import Alert
    from mandi.serving.settings import Settings
    from mandi.store.async_state import AsyncState

ATTEMPT_SHARE = 2 / 3  # of the whole call, so that somebody else can still be asked


def catalog_of(settings: Settings) -> Catalog:
    """Return the providers that the settings configure.

    Parameters
    ----------
    settings : Settings
    """
    return catalog(
        {
            "OPENAI_API_KEY": settings.openai_api_key,
            "OPENAI_BASE_URL": settings.openai_base_url,
            "OPENAI_MODEL": settings.openai_model,
            "OPENAI_EMBEDDING_MODEL": settings.openai_embedding_model,
            "ANTHROPIC_API_KEY": settings.anthropic_api_key,
            "ANTHROPIC_BASE_URL": settings.anthropic_base_url,
            "ANTHROPIC_MODEL": settings.anthropic_model,
            "GOOGLE_AI_API_KEY": settings.gemini_api_key,
            "GEMINI_BASE_URL": settings.gemini_base_url,
            "GEMINI_MODEL": settings.gemini_model,
            "GEMINI_EMBEDDING_MODEL": settings.gemini_embedding_model,
            "LOCAL_INFER_URL": settings.local_url,
            "LOCAL_INFER_MODEL": settings.local_model,
            "LOCAL_EMBEDDING_MODEL": settings.local_embedding_model,
            "LOCAL_INFER_API_KEY": settings.local_api_key,
            "COMPATIBLE_BASE_URL": settings.compatible_base_url,
            "COMPATIBLE_MODEL": settings.compatible_model,
            "COMPATIBLE_EMBEDDING_MODEL": settings.compatible_embedding_model,
            "COMPATIBLE_API_KEY": settings.compatible_api_key,
        }
    )


def models_checked(settings: Settings) -> tuple[str, bool]:
    """Ask every provider that is configured whether it has its models.

    Returns
    -------
    text : str
        A line each, and why another one is not configured.
    good : bool
        Nobody said that a model is not there.
    """
    found = catalog_of(settings)

    async def ask() -> list[Verdict]:
        try:
            return list(await asyncio.gather(*(verify(provider) for provider in found.providers.values())))
        finally:
            await found.close()

    verdicts = asyncio.run(ask())
    lines = [v.message for v in verdicts] + [
        f"{name}: not configured, {why}" for name, why in found.missing.items()
    ]
    return "\n".join(lines), all(v.ok is not False for v in verdicts)


def teachers(found: Catalog, settings: Settings) -> list[Provider]:
    """Return those of the catalogue that may be asked, the favourite first.

    Parameters
    ----------
    found : Catalog
    settings : Settings
        ``ai_provider`` may name the only one; ``local_fallback_enabled`` keeps a local server out where vendors are configured.

    Raises
    ------
    ConfigError
        The one that is named is not configured.
    """
    if settings.ai_provider != "hybrid":
        return [found.provider(settings.ai_provider)]
    everybody = list(found.providers.values())
    vendors = [provider for provider in everybody if provider.kind == "vendor"]
    return vendors if vendors and not settings.local_fallback_enabled else everybody


def path_settings(
    settings: Settings, versions: Mapping[str, str], of_student: Mapping[str, float] | None = None
) -> PathSettings:
    """Return the numbers of the call path.

    Parameters
    ----------
    settings : Settings
    versions : mapping
        Versions of the models that are served, by name.
    of_student : mapping, optional
        Thresholds that were chosen for the version of the student that is served.
    """
    total = settings.ai_timeout_seconds
    tasks = settings.cache_task_ttl_seconds
    life = {
        **TTL_S,
        "deal_analysis": settings.cache_ttl_seconds,
        "classification": tasks,
        "scoring": tasks,
        "summarization": tasks,
        "embedding": settings.cache_embedding_ttl_seconds,
    }
    return PathSettings(
        patience=Patience(total_s=total, attempt_s=total * ATTEMPT_SHARE, kept_s=min(2.0, total / 10)),
        retries=Retries(
            attempts=settings.retry_attempts,
            in_all=settings.retry_attempts * settings.max_fallback_attempts,
            least_s=settings.retry_min_seconds,
            base_s=max(1.0, settings.retry_min_seconds),
            most_s=settings.retry_max_seconds,
        ),
        cache=CacheRules(enabled=settings.cache_ai_responses, ttl_s=life),
        thresholds=thresholds_in_force(settings, of_student),
        versions=dict(versions),
    )


def thresholds_in_force(settings: Settings, of_student: Mapping[str, float] | None) -> Thresholds:
    """Return from which confidence the student answers and below which a person does: its own, unless the operator set others.

    Parameters
    ----------
    settings : Settings
    of_student : mapping, optional
        ``high`` and ``low`` of the student that is served.

    Examples
    --------
    >>> from mandi.serving.settings import Settings
    >>> thresholds_in_force(Settings(), {"high": 0.83, "low": 0.35})
    Thresholds(high=0.83, low=0.35)
    >>> thresholds_in_force(Settings(threshold_high=0.7), {"high": 0.83, "low": 0.35})
    Thresholds(high=0.7, low=0.35)
    """
    own = of_student or {}
    high, low = (
        getattr(settings, f"threshold_{name}")
        if f"threshold_{name}" in settings.model_fields_set or name not in own
        else float(own[name])
        for name in ("high", "low")
    )
    return Thresholds(high=high, low=min(low, high))


def breaker_policy(settings: Settings) -> BreakerPolicy:
    """Return when a provider rests."""
    return BreakerPolicy(threshold=settings.breaker_failures, open_s=settings.breaker_open_seconds)


def prices_of(settings: Settings, found: Catalog) -> Prices:
    """Return what providers charge."""
    return Prices(found.vendors, overrides=settings.prices, unknown=settings.unknown_price)


def quota_of(
    settings: Settings,
    state: AsyncState,
    on_alert: Callable[[str, Alert], None] | None,
    clock: Callable[[], float] = time.time,
) -> Quota:
    """Return the books of the organisations.

    Parameters
    ----------
    settings : Settings
    state : AsyncState
    on_alert : callable, optional
        Told an organisation and what it has used up.
    clock : callable
        Seconds since the epoch, the same for all workers.

    Raises
    ------
    ConfigError
        A limit of ``AI_TIERS`` is not one.
    """

    def budget(caller: Caller) -> Decimal | None:
        return settings.daily_budget_usd if caller.daily_budget_usd is None else caller.daily_budget_usd

    return Quota(
        state,
        tiers_of(settings.tiers),
        lease_s=settings.ai_timeout_seconds + 30.0,
        budget_of=budget,
        on_alert=on_alert,
        clock=clock,
    )


def tiers_of(given: Mapping[str, Mapping[str, Any]] | None) -> dict[str, Allowance]:
    """Return the limits of each tier, with those that are given in place of the built-in ones.

    Raises
    ------
    ConfigError
        A tier or a limit is not known, or is not a number from zero on.

    Examples
    --------
    >>> tiers_of({"free": {"calls_per_hour": 10}})["free"].calls_per_hour
    10
    """
    tiers = dict(TIERS)
    known = {field.name for field in dataclasses.fields(Allowance)}
    for tier, limits in (given or {}).items():
        if unknown := sorted(set(limits) - known):
            raise ConfigError(f'AI_TIERS: no limit "{unknown[0]}"', allowed=", ".join(sorted(known)))
        try:
            read = {n: Decimal(str(v)) if n == "usd_per_day" else int(v) for n, v in limits.items()}
        except (ValueError, ArithmeticError, TypeError):
            raise ConfigError(
                f"AI_TIERS: a limit of {tier} is no number", allowed="numbers from 0 on"
            ) from None
        if not all(0 <= float(value) < float("inf") for value in read.values()):
            raise ConfigError(f"AI_TIERS: a limit of {tier} is not from zero on", allowed="numbers from 0 on")
        tiers[tier] = dataclasses.replace(tiers.get(tier, TIERS["free"]), **read)  # type: ignore[arg-type]
    return tiers
