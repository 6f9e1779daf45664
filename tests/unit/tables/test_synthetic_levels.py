"""Latent levels, reports and the best filter: dated shift, co-movement, publication delay, no look-ahead."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mandi.tables.market_calendar import calendar
from mandi.tables.market_drivers import (
    FOLLOW_DAYS,
    driver_paths,
    drivers_table,
    followed_move,
    support_prices,
)
from mandi.tables.market_levels import levels
from mandi.tables.market_oracle import filtered_levels
from mandi.tables.market_params import MarketParams
from mandi.tables.market_places import cells, kilometres, places
from mandi.tables.market_reports import reporting, reports_table

PARAMS = MarketParams(days=500, markets=20, commodities=("soybean",), shift_date="2021-09-01")


class World:
    def __init__(self, params: MarketParams) -> None:
        self.params = params
        self.days = calendar(params.start, params.days)
        self.day = pd.DatetimeIndex(self.days["day"])
        self.cells = cells(params, places(params))
        self.paths = driver_paths(params, self.day)
        self.support = support_prices(params, self.day)
        self.levels = levels(params, self.cells, self.days, self.paths, self.support)
        self.told = reporting(params, self.days, self.levels)


@pytest.fixture(scope="module")
def world():
    return World(PARAMS)


def test_the_shift_changes_nothing_before_its_date(world):
    later = World(replace(PARAMS, shift_date="2021-11-01"))
    cut = int((world.day < "2021-09-01").sum())
    ours, theirs = world.levels["soybean"].log_level, later.levels["soybean"].log_level
    assert np.array_equal(ours[:cut], theirs[:cut])
    assert not np.allclose(ours[cut:], theirs[cut:])


def test_national_moves_are_larger_after_the_shift(world):
    own = world.levels["soybean"]
    before = own.national_sd[:100] / own.move_scale[:100]
    after = own.national_sd[-100:] / own.move_scale[-100:]
    assert after[0] / before[0] == pytest.approx(PARAMS.shift_volatility)


def test_near_markets_move_together():
    world = World(replace(PARAMS, markets=30, days=1200, state_move_sd=1e-9))
    own = world.levels["soybean"]
    moves = np.diff(own.log_level - own.national[:, None], axis=0)
    correlation = np.corrcoef(moves.T)
    spot = own.cells[["latitude", "longitude"]].to_numpy()
    apart = kilometres(spot[:, :1], spot[:, 1:], spot[:, 0], spot[:, 1])
    upper = np.triu(np.ones_like(apart, dtype=bool), 1)
    assert correlation[upper & (apart < 60)].mean() > 0.5
    assert correlation[upper & (apart > 800)].mean() < 0.15


def test_a_driver_is_public_before_the_level_follows_it(world):
    jumped = world.paths.copy()
    jumped.iloc[101:] *= 1.10
    moved = np.flatnonzero(followed_move("soybean", jumped) - followed_move("soybean", world.paths) > 1e-6)
    assert moved[0] == 101 + FOLLOW_DAYS
    table = drivers_table(PARAMS, world.paths, world.support)
    published = (
        table["known_time"].dt.tz_localize(None).dt.normalize()
        - table["event_time"].dt.tz_localize(None).dt.normalize()
    )
    assert (published <= pd.Timedelta(days=FOLLOW_DAYS - 1)).all()


def test_the_best_filter_sees_no_report_of_the_day_or_later(world):
    def forecast(told):
        return filtered_levels(PARAMS, world.levels["soybean"], told, world.day, world.paths, world.support)

    told = world.told["soybean"]
    changed = told.observed.copy()
    changed[300:] += 0.1
    first, second = forecast(told), forecast(replace(told, observed=changed))
    assert np.array_equal(first[:301], second[:301])
    assert not np.allclose(first[301:], second[301:])


def test_the_best_filter_beats_the_last_report(world):
    own, told = world.levels["soybean"], world.told["soybean"]
    forecast = filtered_levels(PARAMS, own, told, world.day, world.paths, world.support)
    last = pd.DataFrame(told.observed).ffill().shift(1).to_numpy()
    error = np.abs(forecast - own.log_level)[100:].mean()
    naive = np.nanmean(np.abs(last - own.log_level)[100:])
    assert error < 0.8 * naive


def test_reports_are_as_noisy_as_asked(world):
    own, told = world.levels["soybean"], world.told["soybean"]
    noise = told.observed - own.log_level
    robust = np.nanmedian(np.abs(noise), axis=0) / 0.6745
    assert np.median(robust / told.noise_sd) == pytest.approx(1.0, abs=0.08)


def test_markets_close_on_sundays_and_holidays(world):
    reported = world.told["soybean"].reported.mean(axis=1)
    weekday = world.day.dayofweek
    assert reported[weekday == 6].mean() < 0.4 * reported[weekday < 6].mean()
    diwali = np.abs(world.days["to_diwali"].to_numpy()) < 1
    assert diwali.any()
    assert reported[diwali].mean() < 0.3


def test_bad_reports_are_there_and_rare(world):
    table = reports_table(replace(PARAMS, dirt=5.0), world.days, world.levels, world.told)
    clean = reports_table(replace(PARAMS, dirt=0.0), world.days, world.levels, world.told)
    assert (table["modal_price"] == 0).any()
    assert (clean["modal_price"] > 1000).all()
    assert len(table) > len(clean)
