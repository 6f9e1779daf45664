"""A toy price model and its history, registered under the real name, and a service folder that holds them."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest

from mandi.features import FEATURES
from mandi.models import MODELS
from mandi.models.base import Spec
from mandi.serving.desk import Desk
from mandi.serving.package import write_service_folder

KNOWN = pd.Timestamp("2024-05-31T18:30:00Z")
CLOSED = pd.Timestamp("2024-03-31T18:30:00Z")
PARAMS = {"seed": 1, "models": {"price": {"premium": 1.0}, "other": {}}, "tables": {"location": "secret"}}
STEPS = np.array([0, 1, 7, 30, 60])
METRICS = {
    "lot.coverage95": 0.951,
    "lot.coverage90": 0.899,
    "market.1.coverage95": 0.947,
    "market.7.coverage95": 0.94,
}


@dataclass(frozen=True)
class ToyParams:
    premium: float = 1.0


class ToyFeatures:
    name: ClassVar[str] = "price"

    def __init__(self, params: ToyParams) -> None:
        self.params = params

    def assemble(self, questions: pd.DataFrame, history: dict[str, pd.DataFrame]) -> pd.DataFrame:
        levels = history["levels"].set_index(["commodity", "market"])
        keys = pd.MultiIndex.from_frame(questions[["commodity", "market"]])
        found = levels.loc[keys]
        day = found["day"].to_numpy(dtype="datetime64[D]")
        today = (
            questions["asof"]
            .dt.tz_convert("Asia/Kolkata")
            .dt.tz_localize(None)
            .to_numpy(dtype="datetime64[D]")
        )
        ahead = (questions["target_day"].to_numpy(dtype="datetime64[D]") - day) / np.timedelta64(1, "D")
        ahead = ahead - np.busday_count(day, today, weekmask="Sun")
        step = STEPS[np.searchsorted(STEPS, ahead)]
        base = np.exp(found["level_1"].to_numpy())
        return questions.assign(step=step, base=base + self.params.premium)


class ToyModel:
    name: ClassVar[str] = "price"
    spec: ClassVar[Spec] = Spec(
        "price", "what is it worth?", (), (), "label", "INR/quintal", (0, 1, 7, 30, 60), "mae", True, ()
    )

    def __init__(self, discount: float = 0.001) -> None:
        self.discount = discount

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        price = frame["base"] - self.discount * frame["quantity"].fillna(0.0)
        half = 10.0 + frame["step"]
        bounds = {
            f"{side}_bound_{level}": price + sign * half * (1 if level == 90 else 1.2)
            for level in (90, 95)
            for side, sign in (("lower", -1), ("upper", 1))
        }
        return pd.DataFrame({"predicted_price": price, **bounds}, index=frame.index)

    def explain(self, frame: pd.DataFrame) -> pd.DataFrame:
        parts = {"base": frame["base"], "quantity": -self.discount * frame["quantity"].fillna(0.0)}
        return pd.concat(
            [
                pd.DataFrame({"index": frame.index, "feature": f, "effect": e.to_numpy()})
                for f, e in parts.items()
            ]
        )

    def known(self, name: str) -> tuple[str, ...]:
        return {"variety": ("Yellow", "Black"), "grade": ("A", "B")}[name]

    def save(self, folder: Path) -> None:
        (folder / "toy.json").write_text(json.dumps({"discount": self.discount}))

    @classmethod
    def load(cls, folder: Path) -> ToyModel:
        return cls(**json.loads((folder / "toy.json").read_text()))


def toy_snapshot(days: int = 0) -> dict[str, pd.DataFrame]:
    later = pd.Timedelta(days=days)
    rows = [
        ("soybean", "Indore", "Madhya Pradesh", KNOWN, 4600.0, 1, 0.03),
        ("soybean", "Dewas", "Madhya Pradesh", KNOWN, 4550.0, 0, 0.02),
        ("soybean", "Latur", "Maharashtra", CLOSED, 4700.0, 20, 0.01),
        ("cotton", "Rajkot", "Gujarat", KNOWN, 7100.0, 9, 0.02),
    ]
    columns = ["commodity", "market", "state", "known_time", "day", "level_1", "last_age", "noise_sd"]
    levels = pd.DataFrame(
        [
            (c, m, s, k + later, (k + later).tz_localize(None).normalize(), np.log(p), a, n)
            for c, m, s, k, p, a, n in rows
        ],
        columns=columns,
    )
    suppliers = pd.DataFrame({"supplier_id": ["S1"], "known_time": [KNOWN], "credit_score": [70.0]})
    return {"levels": levels, "suppliers": suppliers}


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("toy_price")
    module.ToyModel, module.ToyFeatures = ToyModel, ToyFeatures  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "toy_price", module)
    monkeypatch.setitem(MODELS, "price", "toy_price:ToyModel")
    monkeypatch.setitem(FEATURES, "price", "toy_price:ToyFeatures")


@pytest.fixture
def model_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    ToyModel().save(folder)
    return folder


def entry(**changed: Any) -> dict[str, Any]:
    return {
        "version": "3", "run_id": "r", "content_hash": "h", "snapshot_time": KNOWN.isoformat(),
        "metrics": METRICS, **changed,
    }  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, model_folder: Path, toy: None) -> Path:
    destination = tmp_path / "artifacts" / "service"
    write_service_folder(
        destination,
        "price",
        model_folder,
        toy_snapshot(),
        entry(),
        params=PARAMS,
        source="generated",
    )
    return destination


@pytest.fixture
def desk(folder: Path) -> Desk:
    return Desk.open(folder)
