"""An examination: the shipped section, baselines beside, the floor where the truth is known, no answers shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mandi.core.config import load_params
from mandi.core.errors import ConfigError
from mandi.evaluation.backtest import LEAST_ORIGINS
from mandi.evaluation.examination import examination_params, examine, predict_blind, with_baselines


def test_the_shipped_section_builds_and_a_wrong_one_is_refused():
    shipped = load_params(Path(__file__).parents[3] / "params.yaml")
    assert examination_params(shipped).backtest.origins >= LEAST_ORIGINS
    with pytest.raises(ConfigError, match="evaluation.backtest.origin"):
        examination_params({"evaluation": {"backtest": {"origin": 12}}})


def test_fitted_baselines_stand_beside_the_others(frame, reports):
    forest = pd.Series(1.0, index=frame.index[:10])
    beside = with_baselines(frame, {"reports": reports}, examination_params({}), {"random_forest": forest})
    assert list(beside) == ["last_price", "seasonal_naive", "random_forest"]
    assert beside["random_forest"].notna().sum() == 10
    assert beside.index.equals(frame.index)


def test_the_floor_is_beside_the_lots_where_the_truth_is_known(frame, predictions, reports):
    lots = frame.assign(kind="lot", horizon_days=0, trade_id=[f"T{i}" for i in range(len(frame))])
    told = pd.DataFrame(
        {
            "trade_id": lots["trade_id"],
            "oracle_public": lots["label"] + 5,
            "oracle_known": lots["label"] + 3,
            "oracle_full": lots["label"],
        }
    )
    params = examination_params({"evaluation": {"bootstrap_draws": 20}})
    beside = with_baselines(lots, {"reports": reports}, params)
    found = examine(predictions, lots, beside, params, {"frames": {"trades": told}}).metrics
    assert found["lot.floor_mae"] == pytest.approx(5.0)
    assert found["lot.floor_ratio"] == pytest.approx(found["lot.mae"] / 5.0)
    for truth in (None, {}, {"frames": {}}):
        assert "lot.floor_mae" not in examine(predictions, lots, beside, params, truth).metrics


def test_a_model_answers_without_seeing_what_came_with_the_label(frame, toy_model):
    class Peeking(toy_model):
        def predict(self, rows):
            assert not {"label", "label_known_time", "national_ahead"} & set(rows.columns)
            return super().predict(rows)

    model = Peeking().fit(frame)
    told = predict_blind(model, frame.assign(national_ahead=0.0))
    assert np.isfinite(told["predicted_price"]).all()
