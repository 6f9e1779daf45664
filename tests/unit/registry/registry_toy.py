"""A model small enough to train in a line: the price is a premium over the level of its market."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import pandas as pd

from mandi.models.base import Field, Spec


class ToyModel:
    """Price = level x premium of the commodity."""

    name: ClassVar[str] = "toy"
    spec: ClassVar[Spec] = Spec(
        name="toy",
        question="What is a lot worth?",
        inputs=(
            Field("level", "number", "INR/quintal", "level of the market"),
            Field("moisture", "number", "percent", "moisture", required=False),
            Field("bags", "number", "bags", "whole number of bags"),
            Field("commodity", "category", "", "crop"),
            Field("grade", "category", "", "grade", required=False),
            Field("asof", "time", "UTC", "moment of the decision"),
        ),
        outputs=(Field("predicted_price", "number", "INR/quintal", "fair price"),),
        label="price",
        unit="INR/quintal",
        horizons=(0,),
        main_metric="lot.mae",
        lower_is_better=True,
        request=(Field("commodity", "category", "", "crop"),),
    )

    def __init__(self, premium: float = 1.0) -> None:
        self.premium = {"soybean": premium, "tur": premium * 1.5}

    def fit(self, frame: pd.DataFrame) -> Self:
        ratio = frame["price"] / frame["level"]
        self.premium = {k: float(v) for k, v in ratio.groupby(frame["commodity"]).mean().items()}
        return self

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        wet = frame["moisture"].fillna(12.0)
        price = frame["level"] * frame["commodity"].map(self.premium) * np.exp(-wet / 300)
        return pd.DataFrame({"predicted_price": price}, index=frame.index)

    def explain(self, frame: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({"index": frame.index, "feature": "level", "effect": frame["level"]})

    def save(self, folder: Path) -> None:
        (folder / "model.json").write_text(json.dumps(self.premium, sort_keys=True), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = cls()
        model.premium = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        return model


def questions(n: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "level": 4000 + 100 * rng.standard_normal(n),
            "moisture": np.where(np.arange(n) % 2, np.nan, 11.3),
            "bags": np.arange(n) + 10,
            "commodity": np.where(np.arange(n) % 3, "soybean", "tur"),
            "grade": pd.Series(["A", None] * n, dtype=object)[:n],
            "asof": pd.date_range("2025-01-01 06:00", periods=n, freq="D", tz="UTC"),
        }
    )
