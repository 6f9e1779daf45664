"""The level tables: causal to the bit, leaving a market's own report out of its nowcast, and following a known truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError
from mandi.features.pricing.level_intervals import IntervalParams
from mandi.features.pricing.levels import LevelParams, gate, market_levels

DAYS, MARKETS = 260, 9
KEYS = ["commodity", "market", "known_time", "day", "state"]
BEFORE = ["prev_log", "prev_age", "level_0", "scale_0", "half90_0", "half95_0"]
PARAMS = LevelParams(long=IntervalParams(window=1100, half_life=365.0, step=0.0))


def _reports(seed: int = 5) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    national = np.cumsum(rng.normal(0.0, 0.01, DAYS))[:, None]
    truth = (
        8.3
        + national
        + rng.normal(0.0, 0.1, MARKETS)
        + np.cumsum(rng.normal(0, 0.002, (DAYS, MARKETS)), axis=0)
    )
    paid = np.exp(truth + rng.normal(0.0, 0.03, truth.shape))
    day, market = np.nonzero(rng.random(truth.shape) < 0.7)
    event = pd.to_datetime("2021-01-01 18:30", utc=True) + pd.to_timedelta(day, unit="D")
    frame = pd.DataFrame(
        {
            "commodity": "soybean",
            "state": np.where(market < 5, "Maharashtra", "Karnataka"),
            "market": [f"m{number}" for number in market],
            "min_price": paid[day, market] * 0.97,
            "max_price": paid[day, market] * 1.02,
            "modal_price": paid[day, market],
            "arrivals": np.exp(rng.normal(3.0, 1.0, len(day))),
            "event_time": event,
            "known_time": event + pd.Timedelta(hours=2),
        }
    )
    return frame, truth


@pytest.fixture(scope="module")
def reports() -> pd.DataFrame:
    return _reports()[0]


@pytest.fixture(scope="module")
def levels(reports: pd.DataFrame) -> pd.DataFrame:
    return market_levels(reports, PARAMS)


def test_changing_the_future_leaves_the_past_bit_identical(
    reports: pd.DataFrame, levels: pd.DataFrame
) -> None:
    cut = pd.Timestamp("2021-07-01 20:30", tz="UTC")
    changed = reports.copy()
    later = changed["known_time"] > cut
    changed.loc[later, ["min_price", "max_price", "modal_price"]] *= np.linspace(0.6, 1.7, later.sum())[
        :, None
    ]
    again = market_levels(changed, PARAMS)
    past = levels["known_time"] <= cut
    pd.testing.assert_frame_equal(levels[past], again[again["known_time"] <= cut], check_exact=True)
    assert (
        not levels[~past]["level_1"]
        .reset_index(drop=True)
        .equals(again[again["known_time"] > cut]["level_1"].reset_index(drop=True))
    )


def test_a_days_own_report_changes_nothing_before_it(reports: pd.DataFrame, levels: pd.DataFrame) -> None:
    day = pd.Timestamp("2021-08-03")
    own = (reports["event_time"].dt.tz_convert(None).dt.normalize() == day) & (reports["market"] == "m2")
    assert own.any()
    changed = reports.copy()
    changed.loc[own, ["min_price", "max_price", "modal_price", "arrivals"]] *= [0.9, 1.3, 1.07, 0.2]
    again = market_levels(changed, PARAMS)
    boosting = [name for name in levels if name.startswith("b_") and not name.startswith("b_own_")]
    before = BEFORE + boosting + ["national_move", "state_move", "neighbour_move"]

    def row(frame: pd.DataFrame, market: str) -> pd.DataFrame:
        return frame[(frame["day"] == day) & (frame["market"] == market)].reset_index(drop=True)

    pd.testing.assert_frame_equal(row(levels, "m2")[before], row(again, "m2")[before], check_exact=True)
    assert row(levels, "m2")["level_1"][0] != row(again, "m2")["level_1"][0]
    assert row(levels, "m3")["level_0"][0] != row(again, "m3")["level_0"][0]


def test_the_filter_beats_the_last_report_on_a_known_market(
    reports: pd.DataFrame, levels: pd.DataFrame
) -> None:
    truth = _reports()[1]
    late = levels[levels["day"] >= "2021-04-01"]
    number = (late["day"] - pd.Timestamp("2021-01-01")).dt.days.to_numpy()
    real = truth[number, late["market"].str[1:].astype(int)]
    for column, baseline, share in (("level_1", "last_log", 0.75), ("level_0", "prev_log", 0.75)):
        ours, last = np.abs(late[column] - real).mean(), np.abs(late[baseline] - real).mean()
        assert ours < share * last


def test_a_row_for_every_day_while_active_and_none_after(reports: pd.DataFrame) -> None:
    event = reports["event_time"].dt.tz_convert(None).dt.normalize()
    silent = reports[~((reports["market"] == "m1") & event.between("2021-03-01", "2021-06-30"))]
    rows = market_levels(silent, PARAMS)
    own = rows[rows["market"] == "m1"]
    ages = own["last_age"]
    assert ages.max() == PARAMS.active_days
    assert own["day"].is_monotonic_increasing
    assert own["day"].diff().max() > pd.Timedelta(days=70)
    assert not rows[rows["market"] == "m0"]["day"].diff().dropna().ne(pd.Timedelta(days=1)).any()


def test_a_year_without_reports_is_crossed(reports: pd.DataFrame) -> None:
    event = reports["event_time"]
    late = event >= "2021-06-01"
    shifted = reports.assign(
        event_time=event.where(~late, event + pd.Timedelta(days=366)),
        known_time=reports["known_time"].where(~late, reports["known_time"] + pd.Timedelta(days=366)),
        modal_price=reports["modal_price"].where(~late, reports["modal_price"] * 1.4),
    )
    rows = market_levels(shifted, PARAMS)
    after = rows[rows["day"] >= "2022-06-10"]
    assert np.isfinite(after[["level_1", "level_60", "half90_1", "national_log"]]).all(axis=None)
    assert np.abs(after["level_1"] - after["last_log"]).median() < 0.1


def test_known_time_is_end_of_day_plus_lag(levels: pd.DataFrame) -> None:
    expected = levels["day"].dt.tz_localize("UTC") + pd.Timedelta(hours=20, minutes=30)
    assert (levels["known_time"] == expected).all()
    assert levels["known_time"].dtype == "datetime64[ns, UTC]"


def test_columns_are_floats_and_input_is_not_touched(reports: pd.DataFrame) -> None:
    copy = reports.copy(deep=True)
    rows = market_levels(reports, PARAMS)
    pd.testing.assert_frame_equal(reports, copy)
    assert (rows.drop(columns=KEYS).dtypes == np.float64).all()


def test_crops_do_not_see_each_other(reports: pd.DataFrame, levels: pd.DataFrame) -> None:
    two = pd.concat([reports, reports.assign(commodity="tur", modal_price=reports["modal_price"] * 1.3)])
    both = market_levels(two, PARAMS)
    alone = both[both["commodity"] == "soybean"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, levels, check_exact=True)


def test_varieties_of_a_day_count_once_by_their_median(reports: pd.DataFrame, levels: pd.DataFrame) -> None:
    odd = pd.concat([reports, reports.assign(modal_price=reports["modal_price"] * 1.1), reports])
    pd.testing.assert_frame_equal(market_levels(odd, PARAMS)[["level_1"]], levels[["level_1"]])


def test_gate_leaves_out_the_implausible_and_never_by_its_own_day() -> None:
    price = pd.DataFrame(
        {"a": [4000.0] * 5, "c": [4050.0] * 5, "b": [4100.0, 47500.0, 4100.0, 1000.0, 4100.0]}
    )
    kept = gate(price, 2.5, 30)
    assert kept["b"].isna().tolist() == [False, True, False, True, False]
    first = pd.DataFrame({"a": [4000.0], "b": [47500.0]})
    assert gate(first, 2.5, 30).notna().all(axis=None)


def test_a_missing_column_is_named(reports: pd.DataFrame) -> None:
    with pytest.raises(ContractError, match="modal_price"):
        market_levels(reports.drop(columns="modal_price"), PARAMS)


def test_clipping_keeps_one_wild_report_from_moving_the_level(
    reports: pd.DataFrame, levels: pd.DataFrame
) -> None:
    wild = reports.copy()
    place = wild.index[(wild["market"] == "m4") & (wild["event_time"] >= "2021-06-01")][0]
    wild.loc[place, "modal_price"] *= 2.2
    day = wild.loc[place, "event_time"].tz_convert(None).normalize()
    moved = market_levels(wild, PARAMS)

    def level(frame: pd.DataFrame) -> float:
        return float(frame[(frame["day"] == day) & (frame["market"] == "m4")]["level_30"].iloc[0])

    assert abs(level(moved) - level(levels)) < 0.3 * np.log(2.2)
