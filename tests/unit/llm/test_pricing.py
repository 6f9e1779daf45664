"""Prices against a table computed by hand, and never zero for what nobody knows."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from mandi.core.errors import ConfigError
from mandi.llm.messages import Message, Prompt, Usage
from mandi.llm.pricing import Price, Prices, UnknownPrice
from mandi.llm.token_estimate import prompt_tokens

VENDORS = {"openai": "openai", "anthropic": "anthropic", "gemini": "google"}
OWN = {
    "house-small": {"input": "0.15", "output": "0.60", "cached": "0.075"},
    "openai/house-small": {"input": 1, "output": 2},
    "house-free-output": {"input": "0.02"},
    "compatible/*": {"input": "3", "output": "15"},
}
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def _prices(**changed: Any) -> Prices:
    return Prices(VENDORS, overrides=OWN, now=lambda: NOW, **changed)


@pytest.mark.parametrize(
    ("usage", "model", "provider", "dollars"),
    [
        # 1000 * 0.15 + 500 * 0.60 = 450 millionths
        (Usage(1000, 500), "house-small", "gemini", "0.000450"),
        # 800 * 0.15 + 200 * 0.075 + 500 * 0.60 = 435
        (Usage(1000, 500, cached_tokens=200), "house-small", "gemini", "0.000435"),
        # the price of one provider before the price of all: 1000 * 1 + 500 * 2 = 2000
        (Usage(1000, 500), "house-small", "openai", "0.002000"),
        # more cached than read is no discount beyond all of it: 10 * 0.075
        (Usage(10, 0, cached_tokens=99), "house-small", "gemini", "0.000001"),
        # one token of 0.15 millionths is rounded up, not away
        (Usage(1, 0), "house-small", "gemini", "0.000001"),
        (Usage(100, 0), "house-free-output", "openai", "0.000002"),
        # a date at the end of a model's name is not another model
        (Usage(1000, 500), "house-small-2026-01-01", "gemini", "0.000450"),
        (Usage(1000, 500), "house-small-20260101", "gemini", "0.000450"),
        # the ceiling of a provider: 1000 * 3 + 500 * 15 = 10500
        (Usage(1000, 500), "whatever", "compatible", "0.010500"),
        (Usage(0, 0), "house-small", "openai", "0.000000"),
    ],
)
def test_by_hand(usage: Usage, model: str, provider: str, dollars: str) -> None:
    assert _prices().cost(usage, model, provider) == Decimal(dollars)


@pytest.mark.parametrize("provider", ["local", "student", "mock", "analyst"])
def test_our_own_machines_charge_nothing(provider: str) -> None:
    prices = _prices(unknown="refuse")
    assert prices.cost(Usage(10**6, 10**6), "any", provider) == 0
    assert prices.check("any", provider) == "free"


@pytest.mark.parametrize("provider", VENDORS)
def test_an_unknown_model_costs_as_much_as_the_dearest_known_one(provider: str) -> None:
    from genai_prices.data_snapshot import get_snapshot

    prices = _prices()
    usage = Usage(3000, 700)
    unknown = prices.cost(usage, "no-such-model", provider)
    vendor = next(p for p in get_snapshot().providers if p.id == VENDORS[provider])
    known = [m.id for m in vendor.models]
    assert len(known) > 10
    assert unknown == max(prices.cost(usage, model, provider) for model in known)
    assert unknown > 0
    assert prices.check("no-such-model", provider) == "worst"


def test_nobody_known_costs_as_much_as_anybody() -> None:
    prices = Prices({}, now=lambda: NOW)
    assert prices.cost(Usage(1000, 1000), "m", "nobody") >= _prices().cost(Usage(1000, 1000), "m", "openai")
    assert Prices({"x": "no-such-vendor"}, now=lambda: NOW).cost(Usage(1000), "m", "x") > 0


def test_refusing_names_the_model() -> None:
    prices = Prices(VENDORS, unknown={"openai": "refuse"}, now=lambda: NOW)
    with pytest.raises(UnknownPrice, match="no-such-model"):
        prices.cost(Usage(1), "no-such-model", "openai")
    with pytest.raises(UnknownPrice):
        prices.estimate(Prompt((Message("user", "x"),)), "no-such-model", "openai")
    with pytest.raises(UnknownPrice):
        prices.check("no-such-model", "openai")
    assert prices.cost(Usage(1), "no-such-model", "anthropic") > 0


def test_public_prices_are_those_of_the_package() -> None:
    from genai_prices import Usage as Told
    from genai_prices import calc_price
    from genai_prices.data_snapshot import get_snapshot

    prices = _prices()
    compared = 0
    for provider, vendor in VENDORS.items():
        for model in next(p for p in get_snapshot().providers if p.id == vendor).models:
            for read, cached, written in ((1200, 300, 80), (250_000, 1000, 900)):
                told = Told(input_tokens=read, output_tokens=written, cache_read_tokens=cached)
                try:
                    there = calc_price(told, model.id, provider_id=vendor, genai_request_timestamp=NOW)
                except LookupError:
                    continue
                if there.total_price > 0 and prices.check(model.id, provider) == "public":
                    ours = prices.cost(Usage(read, written, cached), model.id, provider)
                    assert Decimal(0) <= ours - there.total_price < Decimal("0.000001"), model.id
                    compared += 1
    assert compared > 200


def test_a_vendor_is_found_by_its_address() -> None:
    prices = Prices({"compatible": "https://api.groq.com/openai/v1"}, now=lambda: NOW)
    anywhere = Prices({}, now=lambda: NOW)
    assert 0 < prices.cost(Usage(1000, 1000), "m", "compatible") < anywhere.cost(Usage(1000, 1000), "m", "x")


def test_a_price_that_changes_on_a_day_is_that_of_the_day() -> None:
    from genai_prices.data_snapshot import get_snapshot
    from genai_prices.types import StartDateConstraint

    model, day = next(
        (model, conditional.constraint.start_date)
        for model in next(p for p in get_snapshot().providers if p.id == "openai").models
        if isinstance(model.prices, list)
        for earlier, conditional in zip(model.prices, model.prices[1:])
        if isinstance(conditional.constraint, StartDateConstraint)
        and conditional.prices.input_mtok != earlier.prices.input_mtok
    )
    before = datetime(day.year - 1, 1, 1, tzinfo=UTC)
    clock = [before]
    prices = Prices(VENDORS, now=lambda: clock[0])
    old = prices.cost(Usage(10**6, 10**6), model.id, "openai")
    clock[0] = NOW
    assert prices.cost(Usage(10**6, 10**6), model.id, "openai") != old


def test_the_estimate_before_a_call_covers_the_cost_after_it() -> None:
    prices = _prices(max_tokens={"house-small": 200}, default_max_tokens=50)
    prompt = Prompt((Message("user", "कपास का उचित भाव क्या है?"),), max_tokens=100)
    estimate = prices.estimate(prompt, "house-small", "openai")
    assert estimate == Decimal(prompt_tokens(prompt) + 2 * 100) / 1_000_000
    assert estimate >= prices.cost(
        Usage(prompt_tokens(prompt), 100, cached_tokens=9), "house-small", "openai"
    )
    unbounded = Prompt(prompt.messages)
    assert prices.writes_at_most(unbounded, "house-small") == 200
    assert prices.writes_at_most(unbounded, "other") == 50
    assert prices.writes_at_most(prompt, "other") == 100


@pytest.mark.parametrize(
    "told",
    [{"output": 1}, {"input": "many"}, {"input": -1}, {"input": "nan"}, {"input": "inf"}, {"input": 1, "per": "day"}, 3],
)  # fmt: skip
def test_a_price_in_the_settings_is_a_number(told: Any) -> None:
    with pytest.raises(ConfigError, match='"m"'):
        Prices(overrides={"m": told})


def test_the_source_is_dated() -> None:
    source = _prices().source
    assert source.startswith("genai-prices ")
    assert source[-10:] <= NOW.date().isoformat()
    assert source[-10:-6] == "2026"


def test_a_name_a_vendor_makes_up_does_not_fill_the_memory() -> None:
    prices = _prices()
    for n in range(2000):
        prices.cost(Usage(1), f"made-up-{n}", "openai")
    assert len(prices._known) < 600


def test_a_price() -> None:
    price = Price(Decimal(2), Decimal(8), Decimal("0.5"))
    assert price.of(Usage(1_000_000, 1_000_000, cached_tokens=400_000)) == Decimal("9.4")
