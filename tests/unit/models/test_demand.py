from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError, NotFitted
from mandi.models.demand import FILE, DemandModel

sys.path.insert(0, str(Path(__file__).parents[1]))
from demand_market import DIWALI, small_params, taught


@pytest.fixture(scope="module")
def test_rows() -> pd.DataFrame:
    frame = taught()[2]
    return frame[frame["part"] == "test"]


def test_it_is_better_than_the_same_days_of_last_year(test_rows: pd.DataFrame) -> None:
    model = taught()[3]
    told = model.predict(test_rows)
    weeks = test_rows[(test_rows["kind"] == "week") & (test_rows["level"] == "country")]
    naive = model.baselines(taught()[2], 1)["seasonal_naive"]
    off = {
        name: (values.loc[weeks.index] - weeks["label"]).abs().sum() / weeks["label"].sum()
        for name, values in (("blend", told["predicted_demand"]), ("naive", naive))
    }
    assert off["blend"] < 0.06 and off["blend"] < off["naive"]


def test_diwali_and_sundays_are_in_the_daily_forecast() -> None:
    params, history, _, model = taught()
    from mandi.features.demand import DemandFeatures

    asof = pd.Timestamp("2023-09-10 18:30", tz="UTC")
    asked = pd.DataFrame(
        {
            "commodity": "tur",
            "location": "India",
            "asof": asof,
            "horizon_days": np.arange(1, 91),
            "kind": "day",
        }
    )
    frame = DemandFeatures(params).assemble(asked, history)
    told = model.predict(frame)["predicted_demand"].to_numpy()
    sunday = (frame["target_day"].dt.dayofweek == 6).to_numpy()
    near = (frame["target_day"] >= DIWALI[-1]).to_numpy() & (
        frame["target_day"] <= DIWALI[-1] + pd.Timedelta(days=2)
    ).to_numpy()
    usual = np.median(told[~sunday & ~near])
    assert (
        told[sunday & ~near].max() < 0.3 * usual and told[near].max() < 0.6 * usual and len(told[near]) == 3
    )


def test_most_of_the_truth_lies_inside_the_bounds(test_rows: pd.DataFrame) -> None:
    told = taught()[3].predict(test_rows)
    inside = (test_rows["label"] >= told["lower_bound"]) & (test_rows["label"] <= told["upper_bound"])
    assert 0.85 < inside[test_rows["level"] == "country"].mean() <= 1.0


def test_explanations_sum_to_the_forecast_and_name_every_part(test_rows: pd.DataFrame) -> None:
    model = taught()[3]
    some = test_rows.sample(40, random_state=0)
    told = model.explain(some)
    total = told.groupby("index")["effect"].sum().reindex(some.index)
    np.testing.assert_allclose(total, model.predict(some)["predicted_demand"], rtol=1e-9)
    assert {"level of the last year", "weekday", "festivals", "same_weeks"} <= set(told["feature"])


def test_a_place_it_was_not_taught_is_answered_with_the_usual_weights(test_rows: pd.DataFrame) -> None:
    one = test_rows[test_rows["level"] == "state"].head(3)
    told = taught()[3].predict(one.assign(location="Kerala", commodity="rice"))
    assert np.isfinite(told.to_numpy()).all() and (told["lower_bound"] <= told["predicted_demand"]).all()


def test_too_little_past_or_too_far_ahead_is_not_answered(test_rows: pd.DataFrame) -> None:
    model, one = taught()[3], test_rows.head(1)
    short = one.assign(**{f"w_{k}": np.nan for k in range(6, 121)})
    assert model.predict(short)["predicted_demand"].isna().all()
    assert model.predict(one.assign(steps=200.0))["predicted_demand"].isna().all()
    assert model.explain(short).empty


def test_what_it_is_made_of_is_logged_by_commodity() -> None:
    told = taught()[3].logged()
    assert (
        told["demand_forecast_tur.order_yearly"] == 10 and told["demand_forecast_soybean.changepoints"] == 25
    )
    weights = [v for k, v in told.items() if k.startswith("demand_forecast_tur.weight.")]
    assert sum(weights) == pytest.approx(1.0, abs=1e-3)


def test_it_is_never_taught_by_the_test() -> None:
    with pytest.raises(ContractError, match="test"):
        DemandModel(small_params()).fit(taught()[2])


def test_it_is_saved_as_plain_data_and_another_format_is_refused(
    tmp_path: Path, test_rows: pd.DataFrame
) -> None:
    model = taught()[3]
    model.save(tmp_path)
    assert {p.suffix for p in tmp_path.iterdir()} == {".json", ".txt"}
    again = DemandModel.load(tmp_path)
    pd.testing.assert_frame_equal(again.predict(test_rows), model.predict(test_rows), check_exact=True)
    state = json.loads((tmp_path / FILE).read_text(encoding="utf-8"))
    (tmp_path / FILE).write_text(json.dumps(state | {"format": 0}), encoding="utf-8")
    with pytest.raises(ContractError, match="format 0"):
        DemandModel.load(tmp_path)


def test_unfitted_says_so(test_rows: pd.DataFrame) -> None:
    with pytest.raises(NotFitted):
        DemandModel().explain(test_rows)
