"""Back-tests: no origin sees what came after it, and what is not known yet stays hidden."""

from __future__ import annotations

import numpy as np
import pytest

from mandi.core.errors import ContractError
from mandi.models.forecasting.series_backtest import rolling_backtest
from mandi.models.forecasting.series_members import MemberForecast, StatMember
from mandi.models.forecasting.series_panel import Floats, SeriesPanel

MEMBERS = {"drift": StatMember("drift"), "naive": StatMember("naive")}


def _panel(shift: float = 0.0) -> SeriesPanel:
    values = {name: np.random.default_rng(seed).uniform(5, 9, 30) for seed, name in enumerate("ab")}
    return SeriesPanel.of({k: np.concatenate([v[:-6], v[-6:] + shift]) for k, v in values.items()})


def test_what_comes_later_changes_no_forecast_of_an_origin() -> None:
    first, second = (rolling_backtest(MEMBERS, _panel(s), 4, [6, 12]) for s in (0.0, 100.0))
    assert np.array_equal(first.forecasts, second.forecasts)
    assert np.array_equal(first.units, second.units)
    assert not np.array_equal(first.truth, second.truth)


def test_origins_are_kept_latest_first_and_truth_ends_with_the_panel() -> None:
    past = rolling_backtest(MEMBERS, _panel(), 4, [12, 2, 0])
    assert past.offsets == (0, 2, 12)
    assert np.isfinite(past.truth).sum(axis=(1, 2)).tolist() == [0, 4, 8]


def test_an_earlier_moment_knows_only_what_had_come_by_then() -> None:
    past = rolling_backtest(MEMBERS, _panel(), 4, [2, 5, 6, 12])
    then = past.known_at(3)
    assert then.offsets == (5, 6, 12)
    known = np.isfinite(then.truth[:, 0])
    assert known.sum(axis=1).tolist() == [2, 3, 4]
    assert known[0].tolist() == [True, True, False, False]
    assert past.known_at(3, count=1).offsets == (5,)


def test_a_series_that_had_not_begun_has_no_truth() -> None:
    panel = SeriesPanel.of({"long": np.arange(1.0, 20.0), "short": [1.0, 2.0, 3.0]})
    past = rolling_backtest(MEMBERS, panel, 3, [6])
    assert np.isfinite(past.truth[0]).all(axis=1).tolist() == [True, False]


def test_a_member_that_raises_gives_fallbacks_and_is_told() -> None:
    def broken(panel: SeriesPanel, horizon: int) -> MemberForecast:
        raise RuntimeError("no licence")

    def partial(panel: SeriesPanel, horizon: int) -> MemberForecast:
        values: Floats = np.ones((len(panel), horizon))
        values[1, 0] = np.inf
        return MemberForecast(values)

    past = rolling_backtest({"broken": broken, "partial": partial}, _panel(), 2, [4], season=3)
    panel = _panel().before(4)
    assert np.array_equal(past.forecasts[0, 0, 0], panel.values[0][-3:-1])
    assert np.array_equal(past.forecasts[0, 1], [[1.0, 1.0], panel.values[1][-3:-1].tolist()])
    told = {(f.member, f.series): f.reason for f in past.failures}
    assert told[("broken", "a")] == "RuntimeError: no licence"
    assert told[("partial", "b")] == "the forecast is not finite"
    assert len(told) == 3


def test_back_tests_side_by_side_are_those_of_all_members_at_once() -> None:
    together = rolling_backtest(MEMBERS, _panel(), 4, [6, 12])
    apart = [rolling_backtest({k: m}, _panel(), 4, [6, 12]) for k, m in MEMBERS.items()]
    joined = apart[0].beside(apart[1])
    assert joined.members == together.members
    assert np.array_equal(joined.forecasts, together.forecasts)
    with pytest.raises(ContractError, match="different series or origins"):
        joined.beside(rolling_backtest(MEMBERS, _panel(), 4, [6]))


def test_errors_are_long_rows_where_the_truth_is_known() -> None:
    errors = rolling_backtest(MEMBERS, _panel(), 4, [2, 12]).errors()
    assert len(errors) == 2 * 2 * (2 + 4)
    one = errors[(errors["member"] == "naive") & (errors["offset"] == 2) & (errors["series"] == "a")]
    assert one["actual"].tolist() == _panel().values[0][-2:].tolist()
    assert (one["forecast"] == _panel().values[0][-3]).all()


def test_progress_is_told_to_the_end() -> None:
    seen: list[tuple[int, int]] = []
    rolling_backtest(MEMBERS, _panel(), 4, [6, 12], progress=lambda done, of, what: seen.append((done, of)))
    assert seen == [(i, 4) for i in range(5)]
