"""Records: Wilson's interval, decay by age, and the summary in fractions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mandi.llm.routing.track import Track, satisfied, summary, tracks, wilson

NOW = datetime(2026, 1, 8, tzinfo=UTC)


def _row(
    success: bool, days: float = 0.0, provider: str = "gemini", model: str = "flash", **more: object
) -> dict[str, object]:
    return {
        "provider": provider,
        "model": model,
        "success": success,
        "at": NOW - timedelta(days=days),
        **more,
    }


def test_wilson_against_published_values() -> None:
    # Newcombe (1998), table I: 81 of 263 and 15 of 148
    assert wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15 / 148, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0 / 20, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)


@pytest.mark.parametrize("rate", [0.0, 0.3, 1.0])
def test_wilson_stays_in_range_and_tightens(rate: float) -> None:
    widths = []
    for n in (1, 10, 100, 10_000):
        low, high = wilson(rate, n)
        assert 0.0 <= low <= rate <= high <= 1.0 or rate == pytest.approx(high) or rate == pytest.approx(low)
        widths.append(high - low)
    assert widths == sorted(widths, reverse=True)


def test_old_calls_count_less() -> None:
    rows = [*(_row(False, 30) for _ in range(50)), *(_row(True, 0.1) for _ in range(50))]
    found = tracks(rows, NOW)["gemini", "flash"]
    assert found.success_rate is not None and found.success_rate > 0.9
    assert found.seen < 100
    even = tracks([_row(True) for _ in range(40)], NOW)["gemini", "flash"]
    assert even.seen == pytest.approx(40)


def test_the_future_is_not_known() -> None:
    assert tracks([_row(True, -1)], NOW) == {}


def test_median_time_of_successes_only() -> None:
    rows = [
        _row(True, latency_ms=100),
        _row(True, latency_ms=300),
        _row(True, latency_ms=200),
        _row(False, latency_ms=9),
    ]
    assert tracks(rows, NOW)["gemini", "flash"].latency_ms == 200


def test_unknown_is_none() -> None:
    assert Track().success_rate is None and Track().satisfaction is None and Track().latency_ms is None
    assert Track().success_bounds() == (0.0, 1.0)


def test_ratings_become_satisfaction() -> None:
    found = tracks([_row(True, rating=5), _row(True, rating=2), _row(True)], NOW)["gemini", "flash"]
    assert found.ratings == 2 and found.satisfaction == pytest.approx((1.0 + 0.25) / 2)
    assert satisfied(9) == 1.0 and satisfied(-1) == 0.0


def test_summary_by_model_in_fractions() -> None:
    rows = [_row(True), _row(True), _row(False), _row(True, provider="openai", model="mini")]
    found = summary(rows, NOW)["models"]
    assert found["flash"]["success_rate"] == pytest.approx(2 / 3) and found["mini"]["success_rate"] == 1.0
    assert 0 < (found["mini"]["success_low"] or 0) < 1.0
    both = summary([_row(True), _row(False, provider="openai")], NOW)["models"]
    assert set(both) == {"gemini/flash", "openai/flash"}
    assert summary([], NOW) == {"models": {}}
