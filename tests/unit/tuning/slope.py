"""A model that learns in no time: the price of a lot is its level times one plus a share of the premium learnt, or a little more."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from mandi.models.base import Spec
from mandi.tuning.spaces import Setting

SEEN: list[pd.DataFrame] = []  # every frame a model of this process was fitted on
SPACE = (Setting("slope.share", "float", 0.0, 1.0), Setting("lift", "int", 1, 64, True))
PARAMS = """# all of it
seed: 7
tables: {source: generated}   # where from
registry: {wait_seconds: 30.0}
search:
  trials: 8
  folds: {count: 3}
  study: {startup: 4, prune_after: 3, seed: 5}
models:
  slope:
    lift: 30       # thousandths
    slope: {share: 0.2, floor: 0.0}   # of the premium
"""


@dataclass(frozen=True)
class Share:
    share: float = 0.5
    floor: float = 0.0


@dataclass(frozen=True)
class SlopeParams:
    slope: Share = field(default_factory=Share)
    lift: int = 10


class SlopeModel:
    name: ClassVar[str] = "slope"
    spec: ClassVar[Spec] = Spec(
        "slope", "What is a lot worth?", (), (), "label", "INR/quintal", (0,), "lot.mae", True, ()
    )

    def __init__(self, params: SlopeParams | None = None) -> None:
        self.params = params or SlopeParams()
        self.premium = 0.0

    def fit(self, frame: pd.DataFrame, progress: Any = None) -> Self:
        SEEN.append(frame)
        train = frame[frame["part"] == "train"]
        self.premium = float((train["label"] / train["level"] - 1.0).mean())
        return self

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        assert not {"label", "label_known_time"} & set(frame.columns)
        share = self.params.slope.share * self.premium + self.params.lift / 1000.0
        return pd.DataFrame({"predicted_price": frame["level"] * (1.0 + share)}, index=frame.index)

    def save(self, folder: Path) -> None:
        (folder / "slope.json").write_text(json.dumps(asdict(self.params)), encoding="utf-8")


def lots(rows: int = 400, seed: int = 0) -> pd.DataFrame:
    """Return lots in order of time with all four parts and labels that are known three days later."""
    rng = np.random.default_rng(seed)
    asof = pd.Timestamp("2023-01-01", tz="UTC") + pd.to_timedelta(np.arange(rows), unit="D")
    level = rng.uniform(3000, 6000, rows)
    part = np.select(
        [np.arange(rows) < rows * s for s in (0.5, 0.7, 0.85)], ["train", "validation", "calibration"], "test"
    )
    return pd.DataFrame(
        {
            "kind": "lot", "horizon_days": 0, "level": level, "label": level * (1.05 + rng.normal(0, 0.01, rows)),
            "asof": asof, "label_known_time": asof + pd.Timedelta(days=3), "part": part,
        }
    )  # fmt: skip
