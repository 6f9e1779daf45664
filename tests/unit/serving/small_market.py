"""A small generated market, a price model fitted on it, and the service folder of both: what endpoints are tested on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mandi.core.config import load_params
from mandi.features import feature_set
from mandi.features.base import snapshot
from mandi.models import new_model
from mandi.serving.package import write_service_folder
from mandi.tables.market_params import MarketParams
from mandi.tables.synthetic import generate

SIZE = MarketParams(
    days=300,
    markets=8,
    suppliers=30,
    commodities=("soybean", "cotton"),
    lots_per_day=10,
    optimal_filter=False,
)
METRICS = {"lot.coverage95": 0.951, "lot.coverage90": 0.902} | {
    f"market.{h}.coverage{level}": level / 100 for h in (0, 1, 7, 30, 60) for level in (90, 95)
}


@dataclass(frozen=True)
class SmallMarket:
    """Everything a test compares: the model and its history as trained, and the folder that is served."""

    model: Any
    features: Any
    history: dict[str, pd.DataFrame]
    questions: pd.DataFrame
    model_folder: Path
    folder: Path
    known_until: pd.Timestamp


def small_market(home: Path, root: Path, with_lots: bool = True) -> SmallMarket:
    """Generate, build features, fit, save and package below ``home``."""
    params = load_params(root / "params.yaml")
    tables, _ = generate(SIZE)
    if not with_lots:
        tables = {"reports": tables["reports"]}
    features = feature_set("price", params)
    history = features.history(tables)
    questions = features.questions(tables)
    frame = features.assemble(questions, history)
    model = new_model("price", params)
    model.fit(frame[frame["part"].isin(["train", "validation", "calibration"])])
    model_folder = home / "model"
    model_folder.mkdir(parents=True)
    model.save(model_folder)
    end = history["levels"]["known_time"].max()
    metrics = METRICS if with_lots else {k: v for k, v in METRICS.items() if not k.startswith("lot.")}
    folder = home / "artifacts" / "service"
    entry = {
        "version": "1",
        "run_id": "r",
        "content_hash": "h",
        "snapshot_time": end.isoformat(),
        "metrics": metrics,
    }
    write_service_folder(
        folder, "price", model_folder, snapshot(history, end, features.keys), entry, params=params
    )
    return SmallMarket(model, features, history, questions, model_folder, folder, end)
