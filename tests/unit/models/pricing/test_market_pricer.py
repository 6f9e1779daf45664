"""The market pricer: trees where they help and nowhere else, the same row the same price, effects that sum to it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError, NotFitted
from mandi.models.pricing.market_pricer import OUTPUTS, MarketParams, MarketPricer

PARAMS = MarketParams(rounds=40, least_rows=20, learning_rate=0.1, stop_after=10)
PARTS = ("train", "validation", "calibration", "test")


def _frame(rows: int = 4000, seed: int = 11) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    step = rng.choice([0, 1, 7, 30, 60], rows)
    level = 8.3 + rng.normal(0.0, 0.1, rows)
    neighbour, national = rng.normal(0.0, 0.02, rows), rng.normal(0.0, 0.02, rows)
    noise = rng.normal(0.0, 0.02, rows)
    frame = pd.DataFrame(
        {
            "step": step,
            "target_day": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(rows) % 300, unit="D"),
            "level": level,
            "scale": 0.02,
            "half90": 0.06,
            "half95": 0.08,
            "last_log": level + rng.normal(0.0, 0.02, rows),
            "last_age": rng.integers(0, 5, rows).astype(float),
            "national_log": 8.2,
            "state_log": 8.25,
            "national_move": 0.0,
            "state_move": 0.0,
            "neighbour_move": neighbour,
            "national_ahead": national,
            "innovation_1": rng.normal(0.0, 0.02, rows),
            "noise_sd": 0.02,
            "market_lead": 0.1,
            "b_own_bias": rng.normal(0.0, 0.02, rows),
            "b_range": rng.normal(0.0, 0.02, rows),
            "part": np.repeat(PARTS, rows // 4),
        }
    )
    frame["label"] = np.exp(level + neighbour + national + noise)
    return frame


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return _frame()


@pytest.fixture(scope="module")
def pricer(frame: pd.DataFrame) -> MarketPricer:
    return MarketPricer(PARAMS).fit(frame)


def _error(frame: pd.DataFrame, logs: pd.Series) -> float:
    relative = np.log(frame["label"]) - frame["national_ahead"]
    return float(np.abs(relative - logs).mean())


def test_trees_learn_what_the_level_leaves(frame: pd.DataFrame, pricer: MarketPricer) -> None:
    later = frame[(frame["part"] == "test") & frame["step"].isin([0, 1])]
    priced = np.log(pricer.predict(later)["predicted_price"])
    assert _error(later, priced) < 0.85 * _error(later, later["level"])


def test_beyond_a_week_the_level_stands_alone(frame: pd.DataFrame, pricer: MarketPricer) -> None:
    far = frame[frame["step"] >= 30]
    priced = pricer.predict(far)
    np.testing.assert_array_equal(priced["predicted_price"], np.exp(far["level"]))
    np.testing.assert_allclose(np.log(priced["upper_bound_95"] / priced["predicted_price"]), far["half95"])


def test_weights_stay_under_their_caps(pricer: MarketPricer) -> None:
    assert set(pricer.weights) == {0, 1, 7}
    assert 0.0 < pricer.weights[7] <= 0.5
    assert pricer.weights[1] > 0.8


def test_trees_on_noise_get_no_weight(frame: pd.DataFrame) -> None:
    rng = np.random.default_rng(3)
    noise = frame.assign(
        label=np.exp(frame["level"] + frame["national_ahead"] + rng.normal(0, 0.02, len(frame)))
    )
    fitted = MarketPricer(PARAMS).fit(noise)
    moved = np.log(fitted.predict(noise)["predicted_price"]) - noise["level"]
    assert np.abs(moved).mean() < 0.002


def test_national_moves_are_not_learnt(frame: pd.DataFrame) -> None:
    driven = frame.assign(
        b_range=frame["national_ahead"], label=np.exp(frame["level"] + frame["national_ahead"])
    )
    fitted = MarketPricer(PARAMS).fit(driven)
    np.testing.assert_allclose(np.log(fitted.predict(driven)["predicted_price"]), driven["level"], atol=1e-9)


def test_corrected_intervals_are_narrower_and_cover_as_before(
    frame: pd.DataFrame, pricer: MarketPricer
) -> None:
    assert all(factor < 1.0 for factors in pricer.factors.values() for factor in factors.values())
    later = frame[(frame["part"] == "test") & (frame["step"] == 1)]
    priced = pricer.predict(later)
    ours = later["label"].between(priced["lower_bound_95"], priced["upper_bound_95"]).mean()
    level = (np.abs(np.log(later["label"]) - later["level"]) <= later["half95"]).mean()
    assert abs(ours - level) < 0.04
    assert (priced["lower_bound_95"] <= priced["lower_bound_90"]).all()
    assert (priced[list(OUTPUTS)] >= 0.0).all(axis=None)


def test_a_row_does_not_depend_on_the_others(frame: pd.DataFrame, pricer: MarketPricer) -> None:
    together = pricer.predict(frame)
    shuffled = pricer.predict(frame.sample(frac=1.0, random_state=2)).loc[frame.index]
    pd.testing.assert_frame_equal(together, shuffled, check_exact=True)
    for place in (0, 7, 1999):
        pd.testing.assert_frame_equal(
            pricer.predict(frame.iloc[[place]]), together.iloc[[place]], check_exact=True
        )


def test_a_nowcast_does_not_read_the_own_report_of_the_day(frame: pd.DataFrame, pricer: MarketPricer) -> None:
    today = frame[frame["step"] == 0]
    other = today.assign(b_own_bias=9.0, innovation_1=9.0, noise_sd=9.0, market_lead=9.0)
    pd.testing.assert_frame_equal(pricer.predict(today), pricer.predict(other), check_exact=True)


def test_labels_of_the_test_part_change_nothing(frame: pd.DataFrame, pricer: MarketPricer) -> None:
    changed = frame.assign(label=frame["label"].where(frame["part"] != "test", 1.0))
    again = MarketPricer(PARAMS).fit(changed)
    pd.testing.assert_frame_equal(pricer.predict(frame), again.predict(frame), check_exact=True)


def test_effects_sum_to_the_price(frame: pd.DataFrame, pricer: MarketPricer) -> None:
    rows = frame.iloc[:60]
    effects = pricer.explain(rows)
    assert list(effects.columns) == ["index", "feature", "effect"]
    total = effects.groupby("index")["effect"].sum()
    np.testing.assert_allclose(total, pricer.predict(rows)["predicted_price"], rtol=1e-9)
    far = effects[effects["index"].isin(rows.index[rows["step"] >= 30])]
    assert set(far["feature"]) == {"national_level", "state_lead", "market_lead"}


def test_saved_and_loaded_is_the_same(frame: pd.DataFrame, pricer: MarketPricer, tmp_path: Path) -> None:
    pricer.save(tmp_path)
    loaded = MarketPricer.load(tmp_path)
    pd.testing.assert_frame_equal(pricer.predict(frame), loaded.predict(frame), check_exact=True)
    pd.testing.assert_frame_equal(pricer.explain(frame[:20]), loaded.explain(frame[:20]), check_exact=True)
    assert loaded.params == pricer.params
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".txt"}


def test_a_market_without_history_has_no_price(frame: pd.DataFrame, pricer: MarketPricer) -> None:
    row = frame.iloc[[0]].assign(step=np.nan, level=np.nan, scale=np.nan, half90=np.nan, half95=np.nan)
    assert pricer.predict(row).isna().all(axis=None)


def test_too_few_rows_leave_the_filter_alone(frame: pd.DataFrame) -> None:
    few = frame.iloc[:200]
    fitted = MarketPricer(PARAMS).fit(few)
    assert fitted.weights == {}
    np.testing.assert_array_equal(fitted.predict(few)["predicted_price"], np.exp(few["level"]))


def test_errors_name_what_is_missing(frame: pd.DataFrame, pricer: MarketPricer) -> None:
    with pytest.raises(ContractError, match="half95"):
        pricer.predict(frame.drop(columns="half95"))
    with pytest.raises(ContractError, match="national_ahead"):
        MarketPricer(PARAMS).fit(frame.drop(columns="national_ahead"))
    with pytest.raises(NotFitted):
        MarketPricer(PARAMS).predict(frame)
