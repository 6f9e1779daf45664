"""A small generated market, a price model fitted on it, and the service folder of both: what endpoints are tested on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mandi.core.config import load_params
from mandi.features import feature_set
from mandi.features.base import snapshot
from mandi.models import new_model
from mandi.serving.contracts import QualityParams
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
_SHARED: dict[str, SmallMarket] = {}
FEW_TREES = {
    "market": {"rounds": 30},
    "lots": {
        "candidates": ["xgboost", "lightgbm"],
        "trees": {kind: {"n_estimators": 20} for kind in ("xgboost", "lightgbm", "quantiles")},
    },
}
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

    def todays(self) -> pd.DataFrame:
        """Questions asked when the history served ended, and of lots on the day after."""
        asof, kind = self.questions["asof"], self.questions["kind"]
        lots = (kind == "lot") & asof.between(self.known_until, self.known_until + pd.Timedelta("23h"))
        return self.questions[lots | ((kind == "market") & (asof == self.known_until))].reset_index(drop=True)

    def known(self) -> dict[str, pd.DataFrame]:
        """The whole history up to the moment the one served ends."""
        return {name: state[state["known_time"] <= self.known_until] for name, state in self.history.items()}


def shared_market(tmp_path_factory: pytest.TempPathFactory, root: Path) -> SmallMarket:
    """The same market for every test of a run."""
    if "market" not in _SHARED:
        _SHARED["market"] = small_market(tmp_path_factory.mktemp("project"), root)
    return _SHARED["market"]


def request_row(question: Any) -> dict[str, Any]:
    """Write a question of the training frame as a caller would ask it."""
    row = {"commodity_id": question.commodity, "market": question.market, "asof": question.asof.isoformat()}
    row["horizon_days"] = int(question.horizon_days)
    if question.kind == "lot":
        quality = {n: getattr(question, n) for n in QualityParams.model_fields}
        row |= {n: getattr(question, n) for n in ("quantity", "variety", "grade", "supplier_id")}
        row["quality_params"] = {n: v for n, v in quality.items() if not pd.isna(v)}
    return {n: v for n, v in row.items() if isinstance(v, dict) or not pd.isna(v)}


def small_market(home: Path, root: Path, with_lots: bool = True) -> SmallMarket:
    """Generate, build features, fit, save and package below ``home``."""
    params = load_params(root / "params.yaml")
    params["models"]["price"] |= FEW_TREES
    tables, _ = generate(SIZE)
    if not with_lots:
        tables = {"reports": tables["reports"]}
    features = feature_set("price", params)
    history = features.history(tables)
    questions = features.questions(tables, history)
    frame = features.assemble(questions, history)
    model = new_model("price", params)
    model.fit(frame[frame["part"].isin(["train", "validation", "calibration"])])
    model_folder = home / "model"
    model_folder.mkdir(parents=True)
    model.save(model_folder)
    end = questions.loc[questions["horizon_days"] == 30, "asof"].max()
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
