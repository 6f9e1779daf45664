"""A small generated market of lots and its quality features, made once for every test that reads them."""

from __future__ import annotations

from functools import cache
from typing import Any

from mandi.core.config import load_params
from mandi.core.paths import project_root
from mandi.features import feature_set
from mandi.tables.market_params import MarketParams
from mandi.tables.synthetic import generate

SIZE = MarketParams(
    days=400, markets=6, suppliers=25, commodities=("cotton", "wheat", "soybean"), lots_per_day=9, optimal_filter=False
)  # fmt: skip


@cache
def quality_market() -> tuple[dict[str, Any], dict[str, Any], Any, dict[str, Any], Any]:
    """Return tables, truth, features, history and questions."""
    tables, truth = generate(SIZE)
    features = feature_set("quality", load_params(project_root() / "params.yaml"))
    history = features.history(tables)
    return tables, truth, features, history, features.questions(tables, history)
