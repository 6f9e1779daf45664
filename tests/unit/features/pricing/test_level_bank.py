"""The filter: follows one shared move from others' reports, weighs its members by error, survives silence."""

from __future__ import annotations

import numpy as np

from mandi.features.pricing.level_bank import HORIZONS, BankParams, run_bank

STATES = np.zeros(20, dtype=np.int64)


def _steady(days: int, markets: int, noise: float, seed: int = 2) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return 8.3 + rng.normal(0.0, 0.1, markets) + rng.normal(0.0, noise, (days, markets))


def test_a_move_of_all_others_reaches_a_silent_market() -> None:
    log_price = _steady(120, 20, 0.005)
    log_price[100:] += 0.06
    log_price[100:, 0] = np.nan
    trace = run_bank(log_price, STATES, BankParams())
    assert 0.05 < trace.level[-1, 0, 0] - trace.level[99, 0, 0] < 0.065
    assert trace.age[-1, 0] == 20


def test_a_state_moves_without_the_nation() -> None:
    log_price = _steady(160, 20, 0.005)
    states = (np.arange(20) >= 14).astype(np.int64)
    log_price[100:, 14:] += 0.04
    log_price[100:, 14] = np.nan
    trace = run_bank(log_price, states, BankParams())
    assert trace.level[-1, 0, 14] - trace.level[99, 0, 14] > 0.025
    assert abs(trace.level[-1, 0, 0] - trace.level[99, 0, 0]) < 0.01


def test_moves_of_a_market_do_not_hold_its_own_report() -> None:
    log_price = _steady(80, 20, 0.01)
    other = log_price.copy()
    other[79, 3] += 0.5
    first, second = (run_bank(matrix, STATES, BankParams()) for matrix in (log_price, other))
    np.testing.assert_array_equal(first.moves[79, 3], second.moves[79, 3])
    assert first.before[79, 3] == second.before[79, 3]
    assert first.moves[79, 4, 0] != second.moves[79, 4, 0]


def test_noise_alone_is_averaged_away_and_a_walk_is_followed() -> None:
    noise = run_bank(_steady(400, 20, 0.03), STATES, BankParams())
    moved = np.abs(np.diff(noise.level[300:, 0], axis=0)).mean()
    assert moved < 0.3 * 0.03
    rng = np.random.default_rng(9)
    walk = 8.3 + np.cumsum(rng.normal(0.0, 0.02, (400, 20)), axis=0)
    followed = run_bank(walk, STATES, BankParams())
    gap = np.abs(followed.level[300:, 0] - walk[300:]).mean()
    assert gap < 0.5 * 0.02


def test_sums_are_exact_so_order_of_markets_does_not_matter() -> None:
    log_price = _steady(60, 20, 0.02)
    order = np.random.default_rng(1).permutation(20)
    straight, shuffled = (
        run_bank(log_price, STATES, BankParams()),
        run_bank(log_price[:, order], STATES, BankParams()),
    )
    np.testing.assert_array_equal(straight.moves[:, order], shuffled.moves)
    np.testing.assert_allclose(straight.level[:, :, order], shuffled.level, rtol=1e-12)


def test_an_unseen_market_has_no_level_until_it_reports() -> None:
    log_price = _steady(40, 20, 0.01)
    log_price[:30, 5] = np.nan
    trace = run_bank(log_price, STATES, BankParams())
    assert np.isnan(trace.level[29, :, 5]).all()
    assert np.isfinite(trace.level[30, :, 5]).all()
    assert np.isfinite(trace.level[30:, :, :]).all()
    assert trace.level.shape == (40, len(HORIZONS), 20)
