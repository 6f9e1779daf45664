from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError, NotFitted
from mandi.models.pricing.lot_pricer import LotPricer, LotPricerParams
from mandi.models.pricing.lot_trees import (
    LightGBMParams,
    QuantileParams,
    TreeParams,
    XGBoostParams,
    device_for,
)

sys.path.insert(0, str(Path(__file__).parents[1]))
from lot_frames import NOISE, lot_frame

FAST = LotPricerParams(
    trees=TreeParams(
        xgboost=XGBoostParams(max_depth=3, n_estimators=60, learning_rate=0.15),
        lightgbm=LightGBMParams(num_leaves=8, n_estimators=60, learning_rate=0.15),
        quantiles=QuantileParams(max_depth=3, n_estimators=40, learning_rate=0.2),
        device="cpu",
    )
)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return lot_frame(2000)


@pytest.fixture(scope="module")
def fitted(frame: pd.DataFrame) -> LotPricer:
    return LotPricer(FAST).fit(frame)


def test_it_learns_the_law_and_not_the_noise(fitted: LotPricer, frame: pd.DataFrame) -> None:
    test = frame[frame["part"] == "test"]
    off = np.log(fitted.predict(test)["predicted_price"]) - test["level"] - test["premium"]
    assert off.std() < 0.5 * NOISE and test["premium"].std() > NOISE


def test_new_lots_are_covered_as_promised(fitted: LotPricer) -> None:
    new = lot_frame(3000, seed=9)
    priced = fitted.predict(new)
    for level in (90, 95):
        inside = (new["label"] >= priced[f"lower_bound_{level}"]) & (
            new["label"] <= priced[f"upper_bound_{level}"]
        )
        assert abs(inside.mean() - level / 100) < 0.025
    width = np.log(priced["upper_bound_95"] / priced["lower_bound_95"]).mean()
    assert width < 1.4 * 2 * 1.96 * NOISE


def test_bounds_are_in_order_and_not_negative(fitted: LotPricer, frame: pd.DataFrame) -> None:
    p = fitted.predict(frame)
    assert (p["lower_bound_95"] >= 0).all()
    for low, high in (("lower_bound_95", "lower_bound_90"), ("lower_bound_90", "predicted_price"),
                      ("predicted_price", "upper_bound_90"), ("upper_bound_90", "upper_bound_95")):  # fmt: skip
        assert (p[low] <= p[high]).all(), (low, high)


def test_the_test_part_is_never_looked_at(fitted: LotPricer, frame: pd.DataFrame) -> None:
    spoilt = frame.assign(label=frame["label"].where(frame["part"] != "test", 1.0))
    again = LotPricer(FAST).fit(spoilt)
    pd.testing.assert_frame_equal(again.predict(frame), fitted.predict(frame), check_exact=True)


def test_effects_sum_to_the_price(fitted: LotPricer, frame: pd.DataFrame) -> None:
    some = frame.sample(50, random_state=1)
    effects = fitted.explain(some)
    total = effects.groupby("index")["effect"].sum().reindex(some.index)
    np.testing.assert_allclose(total, fitted.predict(some)["predicted_price"], rtol=1e-6)
    strongest = (
        effects[~effects["feature"].isin(["market_level", "market_news", "typical_lot"])]
        .groupby("feature")["effect"]
        .apply(lambda e: e.abs().mean())
    )
    assert set(strongest.nlargest(2).index) == {"grade", "staple_length_mm"}


def test_it_says_what_it_did(fitted: LotPricer) -> None:
    record = fitted.record
    assert record["device"] == "cpu" and record["rows"] == {
        "train": 1200,
        "validation": 300,
        "calibration": 300,
    }
    assert {"xgboost", "lightgbm", "line", "lightgbm+xgboost", "line+lightgbm+xgboost"} <= set(
        record["validation_mae"]
    )
    assert min(record["validation_mae"].values()) == record["validation_mae"]["+".join(record["chosen"])]
    assert record["rounds"]["xgboost"] <= 60


def test_saved_and_loaded_it_gives_the_same_bits(
    fitted: LotPricer, frame: pd.DataFrame, tmp_path: Path
) -> None:
    fitted.save(tmp_path)
    loaded = LotPricer.load(tmp_path)
    pd.testing.assert_frame_equal(loaded.predict(frame), fitted.predict(frame), check_exact=True)
    pd.testing.assert_frame_equal(
        loaded.explain(frame.head(5)), fitted.explain(frame.head(5)), check_exact=True
    )
    assert loaded.record == fitted.record and loaded.params == fitted.params


def test_rows_without_a_level_are_counted_and_answered_by_nothing(frame: pd.DataFrame) -> None:
    holes = frame.assign(level=frame["level"].where(frame.index % 10 != 0))
    pricer = LotPricer(replace(FAST, candidates=("lightgbm",), refit=False)).fit(holes)
    assert pricer.record["left_out"] == 200
    priced = pricer.predict(holes)
    assert priced["predicted_price"].isna().equals(holes["level"].isna())


def test_progress_is_told(frame: pd.DataFrame) -> None:
    told: list[tuple[int, int, str]] = []
    LotPricer(replace(FAST, refit=False)).fit(frame, progress=lambda *step: told.append(step))
    assert (
        told[0][0] == 1
        and [step[0] for step in told[:3]] == [1, 2, 3]
        and told[-1][0] == told[-1][1]
        and "lightgbm" in told[1][2]
    )


def test_what_cannot_be_is_said(frame: pd.DataFrame) -> None:
    with pytest.raises(NotFitted):
        LotPricer().predict(frame)
    with pytest.raises(ContractError, match="no lots in calibration"):
        LotPricer(FAST).fit(frame[frame["part"] != "calibration"])
    with pytest.raises(ContractError, match="prophet"):
        LotPricerParams(candidates=("prophet",))
    assert device_for("cuda") == "cuda" and device_for("auto") in {"cpu", "cuda"}
