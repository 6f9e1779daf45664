"""Settings become the parts of the gateway, and what cannot be used is refused when the service opens."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from mandi.core.errors import ConfigError
from mandi.serving.gateway_parts import (
    breaker_policy,
    catalog_of,
    models_checked,
    path_settings,
    teachers,
    tiers_of,
)
from mandi.serving.settings import Settings

from ...fakes.vendor import FakeVendor


def test_the_numbers_arrive_where_they_count() -> None:
    settings = Settings(
        ai_timeout_seconds=12, retry_attempts=2, max_fallback_attempts=4, retry_min_seconds=0.5, retry_max_seconds=3,
        cache_ttl_seconds=60, cache_task_ttl_seconds=90, threshold_high=0.8, threshold_low=0.3, breaker_failures=3,
        breaker_open_seconds=7,
    )  # fmt: skip
    path = path_settings(settings, {"price": "3"})
    assert (path.patience.total_s, path.patience.attempt_s) == (12, pytest.approx(8))
    assert (path.retries.attempts, path.retries.in_all, path.retries.most_s) == (2, 8, 3)
    assert path.cache.ttl_s["deal_analysis"] == 60 and path.cache.ttl_s["scoring"] == 90
    assert "chat" not in path.cache.ttl_s and path.versions == {"price": "3"}
    assert (path.thresholds.high, path.thresholds.low) == (0.8, 0.3)
    assert (breaker_policy(settings).threshold, breaker_policy(settings).open_s) == (3, 7)


def test_a_vendor_with_a_key_and_a_local_server_are_there() -> None:
    settings = Settings(openai_api_key="sk-x", local_url="http://127.0.0.1:11434")
    assert [p.name for p in teachers(catalog_of(settings), settings)] == ["openai", "local"]
    alone = Settings(openai_api_key="sk-x", local_url="http://127.0.0.1:11434", local_fallback_enabled=False)
    assert [p.name for p in teachers(catalog_of(alone), alone)] == ["openai"]
    named = Settings(openai_api_key="sk-x", local_url="http://127.0.0.1:11434", ai_provider="local")
    assert [p.name for p in teachers(catalog_of(named), named)] == ["local"]


def test_the_only_provider_must_be_configured() -> None:
    settings = Settings(ai_provider="anthropic")
    with pytest.raises(ConfigError, match="ANTHROPIC_API_KEY"):
        teachers(catalog_of(settings), settings)


def test_tiers_are_changed_and_added() -> None:
    tiers = tiers_of({"free": {"calls_per_hour": 10}, "school": {"usd_per_day": "0.5"}})
    assert tiers["free"].calls_per_hour == 10 and tiers["free"].tokens_per_day == 50_000
    assert tiers["school"].usd_per_day == Decimal("0.5")


@pytest.mark.parametrize(
    "limits", [{"calls": 1}, {"calls_per_hour": -1}, {"calls_per_hour": "many"}, {"usd_per_day": "NaN"}]
)
def test_a_limit_that_is_none_is_refused(limits: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="AI_TIERS"):
        tiers_of({"free": limits})


def test_a_model_its_server_does_not_have_is_told() -> None:
    async def asked() -> tuple[tuple[str, bool], tuple[str, bool]]:
        async with FakeVendor() as vendor:
            known = Settings(local_url=vendor.url, local_model="fake-small")
            gone = Settings(local_url=vendor.url, local_model="retired:8b")
            return await asyncio.to_thread(models_checked, known), await asyncio.to_thread(
                models_checked, gone
            )

    (good, is_good), (bad, is_bad) = asyncio.run(asked())
    assert is_good and "local has fake-small" in good and "OPENAI_API_KEY is not set" in good
    assert not is_bad and 'does not have "retired:8b"' in bad
