"""Baselines against slow loops, and against changed futures."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError
from mandi.evaluation.baselines import BaselineParams, baselines, last_price, mean_last_lots, seasonal_naive


@pytest.fixture(scope="module")
def asked(frame) -> pd.DataFrame:
    return frame.sample(150, random_state=3)


@pytest.fixture(scope="module")
def trades(reports) -> pd.DataFrame:
    sold = reports.sample(400, random_state=5).copy()
    sold.loc[sold["commodity"] == "tur", "market"] = "Latur"  # no lot of tur in Gulbarga
    delay = pd.to_timedelta(np.random.default_rng(5).uniform(0, 9, len(sold)), unit="D")
    return sold.assign(price=sold["modal_price"] + 50.0, known_time=sold["event_time"] + delay).reset_index(
        drop=True
    )


def test_the_last_price_is_the_last_report(asked):
    assert np.allclose(last_price(asked), np.exp(asked["last_log"]))


def test_seasonal_naive_is_the_loop_over_last_years_window(asked, reports):
    got = seasonal_naive(asked, reports, half_window=7)
    day = reports["event_time"].dt.tz_localize(None).dt.normalize()
    for index, row in asked.iterrows():
        centre = row["target_day"] - pd.Timedelta(days=365)
        near = (day - centre).abs() <= pd.Timedelta(days=7)
        own = reports[
            (reports["commodity"] == row["commodity"]) & (reports["market"] == row["market"]) & near
        ]
        want = own["modal_price"].mean()
        assert got[index] == pytest.approx(want) if len(own) else np.isnan(got[index])
    assert 0 < got.notna().sum() < len(got)


def test_mean_of_the_last_lots_is_the_loop_over_known_ones(asked, trades):
    got = mean_last_lots(asked, trades, count=5)
    for index, row in asked.iterrows():
        known = trades[(trades["commodity"] == row["commodity"]) & (trades["known_time"] <= row["asof"])]
        own = known[known["market"] == row["market"]]
        used = (own if len(own) else known).sort_values("known_time", kind="stable").tail(5)
        assert got[index] == pytest.approx(used["price"].mean(), abs=0.005, nan_ok=True)


def test_changed_futures_change_no_baseline_bit_for_bit(asked, reports, trades):
    when = asked["asof"].quantile(0.8)
    past = asked[asked["asof"] <= when].assign(kind="lot")
    before = baselines(past, {"reports": reports, "trades": trades})

    def later(table: pd.DataFrame, column: str) -> pd.DataFrame:
        return table.assign(
            **{column: table[column].where(table["known_time"] <= when, table[column] * 7 + 0.01)}
        )

    changed = {"reports": later(reports, "modal_price"), "trades": later(trades, "price")}
    pd.testing.assert_frame_equal(baselines(past, changed), before, check_exact=True)
    fewer = {
        name: table[table["known_time"] <= when]
        for name, table in {"reports": reports, "trades": trades}.items()
    }
    pd.testing.assert_frame_equal(baselines(past, fewer), before, check_exact=True)
    nearer = {"reports": reports, "trades": trades.assign(price=trades["price"] * 2)}
    assert not baselines(past, nearer).equals(before)


def test_reports_that_came_a_year_late_and_implausible_ones_are_not_used(asked, reports):
    before = seasonal_naive(asked, reports)
    wrong = reports.head(40).assign(modal_price=1e6)
    late = wrong.assign(known_time=wrong["known_time"] + pd.Timedelta(days=400))
    flagged = wrong.assign(flags="implausible;other")
    pd.testing.assert_series_equal(seasonal_naive(asked, pd.concat([reports, late, flagged])), before)


def test_the_mean_of_lots_is_for_lots(asked, trades):
    mixed = asked.assign(kind=np.where(np.arange(len(asked)) < 10, "lot", "market"))
    found = baselines(mixed, {"trades": trades})["mean_last_lots"]
    assert found.iloc[10:].isna().all()
    assert found.head(10).equals(mean_last_lots(mixed.head(10), trades))


def test_nothing_to_go_by_is_nan(asked, reports, trades):
    assert seasonal_naive(asked, reports.head(0)).isna().all()
    stranger = asked.assign(commodity="jute")
    assert mean_last_lots(stranger, trades).isna().all()


def test_only_the_baselines_that_have_tables(asked, reports):
    assert list(baselines(asked, {"reports": reports}, BaselineParams(3, 5))) == [
        "last_price",
        "seasonal_naive",
    ]
    with pytest.raises(ContractError, match="last_log"):
        baselines(asked.drop(columns="last_log"), {})
    with pytest.raises(ContractError, match='"modal_price".*did you mean'):
        seasonal_naive(asked, reports.rename(columns={"modal_price": "model_price"}))
