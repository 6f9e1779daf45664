from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from mandi.models.forecasting.demand_arima import HORIZON, arima_forecasts

sys.path.insert(0, str(Path(__file__).parents[2]))
from demand_market import taught


def test_it_answers_the_country_to_thirty_days_and_nothing_else() -> None:
    frame = taught()[2]
    rows = frame[frame["part"] == "test"]
    told = arima_forecasts(frame, rows, (2, 0, 1))
    assert told.index.equals(rows.index)
    country = rows["location"] == "India"
    assert told[country & (rows["horizon_days"] <= HORIZON)].notna().all()
    assert told[~country | (rows["horizon_days"] > HORIZON)].isna().all()
    week = country & (rows["kind"] == "week") & (rows["horizon_days"] <= HORIZON)
    error = (told - rows["label"]).abs()[week] / rows["label"][week]
    assert error.mean() < 0.6 and (told[week] >= 0).all()


def test_a_fit_that_fails_leaves_the_row_out(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = taught()[2]
    rows = frame[frame["part"] == "test"]
    from statsforecast import models

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(models, "ARIMA", broken)
    assert np.isnan(arima_forecasts(frame, rows, (2, 0, 1)).to_numpy()).all()
