from __future__ import annotations

import json

import numpy as np

from mandi.models.forecasting.demand_intervals import Asked, DemandIntervals, Errors


def _asked(
    count: int, place: str = "India", level: str = "country", kind: str = "week", steps: float = 14.0
) -> Asked:
    words = [np.full(count, w, dtype=object) for w in ("tur", place, level, kind)]
    return Asked(*words, np.full(count, steps), np.ones(count))


def _joined(*parts: Asked) -> Asked:
    return Asked(*(np.concatenate(c) for c in zip(*(tuple(vars(p).values()) for p in parts))))


def test_nineteen_of_twenty_lie_inside_in_every_group() -> None:
    rng = np.random.default_rng(0)
    near, far = _asked(2000, steps=14.0), _asked(2000, steps=80.0)
    asked = _joined(near, far)
    sd = np.repeat([0.05, 0.4], 2000)
    truth = 100.0 * np.exp(sd * rng.standard_normal(4000))
    made = DemandIntervals.fit(Errors(asked, np.full(4000, 100.0), truth), 0.95)
    fresh = 100.0 * np.exp(sd * rng.standard_normal(4000))
    low, high = made.around(asked, np.full(4000, 100.0))
    inside = (fresh >= low) & (fresh <= high)
    assert abs(inside[:2000].mean() - 0.95) < 0.02 and abs(inside[2000:].mean() - 0.95) < 0.02
    assert (high - low)[2000:].mean() > 4 * (high - low)[:2000].mean()


def test_a_restless_place_has_wider_bounds() -> None:
    rng = np.random.default_rng(1)
    asked = _joined(_asked(400, "calm", "state"), _asked(400, "restless", "state"))
    truth = 100.0 * np.exp(np.repeat([0.05, 0.3], 400) * rng.standard_normal(800))
    made = DemandIntervals.fit(Errors(asked, np.full(800, 100.0), truth), 0.95)
    low, high = made.around(asked, np.full(800, 100.0))
    assert (high - low)[400:].mean() > 2 * (high - low)[:400].mean()


def test_bounds_surround_the_forecast_and_are_never_negative() -> None:
    rng = np.random.default_rng(2)
    asked = _asked(300)
    made = DemandIntervals.fit(
        Errors(asked, np.full(300, 10.0), 10.0 * np.exp(2.0 * rng.standard_normal(300))), 0.95
    )
    forecast = np.array([0.0, 1.0, 1e6])
    low, high = made.around(_asked(3), forecast)
    assert (low >= 0).all() and (low <= forecast).all() and (high >= forecast).all()


def test_small_groups_and_places_not_seen_use_the_wider_group() -> None:
    asked = _joined(_asked(200), _asked(5, steps=80.0))
    truth = np.full(205, 110.0)
    made = DemandIntervals.fit(Errors(asked, np.full(205, 100.0), truth), 0.9)
    assert "week, country, open, 90" not in made.quantiles and "week, country, open, 30" in made.quantiles
    low, high = made.around(_asked(1, "Atlantis", "market", "day", 50.0), np.array([100.0]))
    assert low[0] <= 100.0 <= high[0]


def test_no_error_at_all_is_said_by_the_width() -> None:
    made = DemandIntervals.fit(Errors(_asked(3), np.full(3, np.nan), np.ones(3)), 0.95)
    low, high = made.around(_asked(1), np.array([5.0]))
    assert low[0] == 0.0 and high[0] >= 100.0


def test_it_is_plain_data() -> None:
    made = DemandIntervals.fit(Errors(_asked(100), np.full(100, 10.0), np.linspace(8.0, 12.0, 100)), 0.95)
    assert DemandIntervals.from_dict(json.loads(json.dumps(made.as_dict()))) == made
