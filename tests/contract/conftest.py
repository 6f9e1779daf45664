"""Every model fitted once on a small generated market, and the features it was fitted on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mandi.core.config import load_params
from mandi.features import feature_set
from mandi.models import MODELS, new_model
from mandi.tables.market_params import MarketParams
from mandi.tables.synthetic import generate

MARKET = MarketParams(
    days=260, markets=6, suppliers=20, commodities=("cotton", "soybean"), lots_per_day=6, optimal_filter=False
)
# a model's own settings with fewer trees and the like: the same code on less work
SMALL: dict[str, dict[str, Any]] = {
    "price": {
        "features": {"market_every": 3, "horizons": [0, 1, 7]},
        "market": {"rounds": 20, "least_rows": 50},
        "lots": {"trees": {kind: {"n_estimators": 25} for kind in ("xgboost", "lightgbm", "quantiles")}},
    },
    "demand": {
        "features": {
            "past_weeks": 30,
            "least_share": 0.1,
            "origin_days": {"country": 4, "state": 6},
            "then_every": 2,
            "every_day_to": 7,
            "weeks_ahead": 6,
        },
        "splits": {"validation_from": 0.5, "calibration_from": 0.6, "test_from": 0.7},
        "country": ["seasonal_naive", "theta", "prophet_half_year", "same_weeks", "lightgbm"],
        "place": ["drift", "prophet_two_months", "lightgbm"],
        "prophet": {"least_days": 60},
        "trees": {"n_estimators": 15, "least_rows": 50},
        "backtest_days": 14,
    },
    "quality": {
        "jury": {
            "folds": 2,
            "settings": {name: {"n_estimators": 20} for name in ("lightgbm", "random-forest")},
        },
        "watch": {"trees": 20},
    },
    "matching": {"scorers": {"siamese": {"epochs": 2}, "ranker": {"trees": {"n_estimators": 25}}}},
    "fraud": {
        "features": {"label_matures_days": 20},
        "detector": {
            "nets": 2,
            "nets_large": 2,
            "steps": 40,
            "full_steps": 40,
            "reference": 300,
            "latent_reference": 200,
        },
        "flags": {"false_alarms": 0.05},
    },
}


@dataclass(frozen=True)
class Built:
    """One model with everything it was made from."""

    name: str
    params: dict[str, Any]
    tables: dict[str, pd.DataFrame]
    features: Any
    history: dict[str, pd.DataFrame]
    questions: pd.DataFrame
    frame: pd.DataFrame
    model: Any

    def fit(self) -> Any:
        return new_model(self.name, self.params).fit(
            self.frame[self.frame["part"].isin(["train", "validation", "calibration"])]
        )


@pytest.fixture(scope="package")
def small_tables() -> dict[str, pd.DataFrame]:
    return generate(MARKET)[0]


@pytest.fixture(scope="package")
def workshop(small_tables: dict[str, pd.DataFrame]) -> Callable[[str], Built]:
    """Fits a model the first time it is asked for."""
    made: dict[str, Built] = {}

    def get(name: str) -> Built:
        if name not in made:
            made[name] = _made(name, small_tables)
        return made[name]

    return get


@pytest.fixture(scope="package", params=sorted(MODELS))
def built(request: pytest.FixtureRequest, workshop: Callable[[str], Built]) -> Built:
    return workshop(request.param)


def _made(name: str, small_tables: dict[str, pd.DataFrame]) -> Built:
    root = Path(__file__).resolve().parents[2]
    params = load_params(root / "params.yaml")
    assert name in SMALL, f"say in SMALL how {name} is made small"
    params["models"][name] = _merged(params["models"][name], SMALL[name])
    features = feature_set(name, params)
    history = features.history(small_tables)
    questions = features.questions(small_tables, history)
    frame = features.assemble(questions, history)
    made = Built(name, params, small_tables, features, history, questions, frame, None)
    return Built(**(vars(made) | {"model": made.fit()}))


def _merged(settings: Any, small: dict[str, Any]) -> dict[str, Any]:
    merged = dict(settings)
    for key, value in small.items():
        merged[key] = _merged(merged.get(key, {}), value) if isinstance(value, dict) else value
    return merged
