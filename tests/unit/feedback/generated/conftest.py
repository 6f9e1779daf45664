"""A small generated market and a small log of it."""

from __future__ import annotations

import pandas as pd
import pytest

from mandi.feedback.generated import GeneratedCalls, GeneratedParams, generated_calls
from mandi.feedback.generated.ask.market import Market
from mandi.tables.market_params import MarketParams
from mandi.tables.synthetic import generate

NAMES = ("reports", "trades", "partners", "assays", "fraud_cases")


@pytest.fixture(scope="session")
def tables() -> dict[str, pd.DataFrame]:
    sizes = MarketParams(
        days=500,
        markets=8,
        lots_per_day=4,
        suppliers=20,
        buyers=10,
        commodities=("soybean", "wheat"),
        optimal_filter=False,
    )
    made, _ = generate(sizes)
    return {name: made[name] for name in NAMES}


@pytest.fixture(scope="session")
def market(tables: dict[str, pd.DataFrame]) -> Market:
    return Market.of(tables)


@pytest.fixture(scope="session")
def sizes() -> GeneratedParams:
    return GeneratedParams(seed=7, answers=2500, organizations=20, users=100)


@pytest.fixture(scope="session")
def calls(tables: dict[str, pd.DataFrame], sizes: GeneratedParams) -> GeneratedCalls:
    return generated_calls(tables, sizes)
