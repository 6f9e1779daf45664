"""The forest baseline learns from training lots alone, per commodity, and is the same each time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError
from mandi.models.pricing.lot_forest import READS, forest_prices


def _lots(count: int = 120) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({name: rng.normal(size=count) for name in READS})
    frame["commodity"] = np.where(np.arange(count) % 2, "cotton", "tur")
    frame["label"] = 5000 + 300 * frame["micronaire"] + np.where(frame["commodity"] == "tur", 2000, 0)
    return frame.assign(kind="lot", part=np.where(np.arange(count) < 90, "train", "test"))


def test_it_learns_what_its_attributes_say() -> None:
    lots = _lots()
    test = lots[lots["part"] == "test"]
    error = (forest_prices(lots, 1).loc[test.index] - test["label"]).abs().mean()
    constant = (test["label"] - lots["label"].median()).abs().mean()
    assert error < 0.3 * constant


def test_labels_of_the_test_are_not_looked_at() -> None:
    lots = _lots()
    changed = lots.assign(label=lots["label"].where(lots["part"] == "train", 1.0))
    pd.testing.assert_series_equal(forest_prices(lots, 1), forest_prices(changed, 1))


def test_market_questions_and_thin_commodities_have_no_answer() -> None:
    lots = _lots()
    mixed = pd.concat([lots.head(40), lots.tail(80).assign(kind="market")], ignore_index=True)
    assert forest_prices(mixed, 1).isna().all()


def test_a_missing_attribute_is_named() -> None:
    with pytest.raises(ContractError, match="micronaire"):
        forest_prices(_lots().drop(columns="micronaire"), 1)
