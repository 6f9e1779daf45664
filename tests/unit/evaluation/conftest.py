"""A toy market of two crops with a known signal, and the smallest features and model that fit the interfaces."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import pandas as pd
import pytest

from mandi.tables.asof import join

MARKETS = {"tur": ("Latur", "Gulbarga"), "soybean": ("Indore", "Latur")}
DAYS = 500
END_OF_DAY = pd.Timedelta(hours=18, minutes=30)


def make_reports(seed: int = 1, days: int = DAYS) -> pd.DataFrame:
    """Return daily reports in which half of yesterday's arrivals moves today's price."""
    rng = np.random.default_rng(seed)
    rows = []
    for commodity, markets in MARKETS.items():
        nation = (9.0 if commodity == "tur" else 8.2) + np.cumsum(rng.normal(0, 0.004, days))
        for market in markets:
            arrivals = rng.normal(0, 1, days)
            price = np.exp(nation + 0.03 * np.roll(arrivals, 1) + rng.normal(0, 0.01, days))
            day = pd.date_range("2023-01-01", periods=days, tz="UTC")
            rows.append(pd.DataFrame({"commodity": commodity, "market": market, "event_time": day + END_OF_DAY,
                                      "modal_price": price.round(2), "arrivals": arrivals}))  # fmt: skip
    reports = pd.concat(rows, ignore_index=True)
    return reports.assign(known_time=reports["event_time"], flags="", state="MP")


class ToyFeatures:
    """Yesterday's price and arrivals, by the as-of join."""

    name: ClassVar[str] = "toy"
    requires: ClassVar[frozenset[str]] = frozenset({"reports"})
    uses: ClassVar[frozenset[str]] = frozenset()

    def history(self, tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
        reports = tables["reports"]
        state = reports[["commodity", "market", "known_time", "arrivals"]].copy()
        state["last_log"] = np.log(reports["modal_price"])
        state["national_vol_30"] = reports["arrivals"].abs()
        return {"levels": state}

    def questions(
        self, tables: Mapping[str, pd.DataFrame], history: Mapping[str, pd.DataFrame] | None = None
    ) -> pd.DataFrame:
        reports = tables["reports"].sort_values(["commodity", "market", "event_time"])
        asked = reports[["commodity", "market"]].assign(
            asof=reports["event_time"] - pd.Timedelta(hours=12),
            target_day=reports["event_time"].dt.tz_localize(None).dt.normalize(),
            horizon_days=1,
            kind="market",
            label=reports["modal_price"],
            label_known_time=reports["known_time"],
        )
        first = asked["asof"] == asked["asof"].min()
        part = np.select(
            [asked["asof"] < "2023-10-01", asked["asof"] < "2023-12-01", asked["asof"] < "2024-02-01"],
            ["train", "validation", "calibration"],
            "test",
        )
        return asked.assign(part=part)[~first].reset_index(drop=True)

    def assemble(self, questions: pd.DataFrame, history: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
        found = join(questions, history["levels"], by=["commodity", "market"])
        return found.drop(columns="known_time").assign(level=found["last_log"])


class ToyModel:
    """A line through yesterday's arrivals, on top of the last price, with constant relative intervals."""

    name: ClassVar[str] = "toy"

    def fit(self, frame: pd.DataFrame) -> Self:
        learned = frame.dropna(subset=["label", "level", "arrivals"])
        left = np.log(learned["label"]) - learned["level"]
        self.slope, self.constant = np.polyfit(learned["arrivals"], left, 1)
        missed = (left - self.constant - self.slope * learned["arrivals"]).abs()
        self.half = {"90": float(missed.quantile(0.9)), "95": float(missed.quantile(0.95))}
        return self

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        middle = frame["level"] + self.constant + self.slope * frame["arrivals"]
        bounds = {
            f"{side}_bound_{level}": np.exp(middle + sign * half)
            for level, half in self.half.items()
            for side, sign in (("lower", -1), ("upper", 1))
        }
        return pd.DataFrame({"predicted_price": np.exp(middle), **bounds}, index=frame.index)

    def explain(self, frame: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame(columns=["index", "feature", "effect"])

    def save(self, folder: Path) -> None:
        (folder / "toy.txt").write_text(f"{self.slope} {self.constant}")

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = cls()
        model.slope, model.constant = map(float, (folder / "toy.txt").read_text().split())
        return model


@pytest.fixture(scope="session")
def reports() -> pd.DataFrame:
    return make_reports()


@pytest.fixture(scope="session")
def frame(reports) -> pd.DataFrame:
    features = ToyFeatures()
    tables = {"reports": reports}
    return features.assemble(features.questions(tables), features.history(tables))


@pytest.fixture
def toy_features() -> type[ToyFeatures]:
    return ToyFeatures


@pytest.fixture
def toy_model() -> type[ToyModel]:
    return ToyModel


@pytest.fixture(scope="session")
def predictions(frame) -> pd.DataFrame:
    model = ToyModel().fit(frame[frame["part"] != "test"])
    return model.predict(frame[frame["part"] == "test"])
