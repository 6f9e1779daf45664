"""Market questions: who is asked, what the answer was, when it was known, and what moved the nation meanwhile."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import UnknownValue
from mandi.features.pricing.level_questions import level_questions


def _levels(days: int = 100, gap: tuple[int, int] = (40, 60)) -> pd.DataFrame:
    number = np.arange(days)
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(number, unit="D")
    reported = (number < gap[0]) | (number >= gap[1])
    place = np.maximum.accumulate(np.where(reported, number, 0))
    age = (number - place).astype(float)
    return pd.DataFrame(
        {
            "commodity": "soybean",
            "market": "Ujjain",
            "day": day,
            "known_time": day.tz_localize("UTC") + pd.Timedelta(hours=18.5),
            "last_log": np.log(4000.0 + place),
            "last_age": age,
            "prev_age": np.concatenate([[np.nan], age[:-1] + 1.0]),
            "national_log": 8.0 + 0.001 * number,
        }
    )


@pytest.mark.parametrize("horizon", [1, 7, 30, 60])
def test_labels_are_the_reports_of_the_target_day(horizon: int) -> None:
    asked = level_questions(_levels(), [horizon])
    origin = asked["asof"].dt.tz_convert(None).dt.normalize()
    assert ((asked["target_day"] - origin).dt.days == horizon).all()
    number = (asked["target_day"] - pd.Timestamp("2024-01-01")).dt.days
    np.testing.assert_allclose(asked["label"], 4000.0 + number)
    assert (asked["label_known_time"] - asked["asof"] == pd.Timedelta(days=horizon)).all()
    np.testing.assert_allclose(asked["national_ahead"], 0.001 * horizon)
    assert not asked["target_day"].between("2024-02-10", "2024-02-29").any()


def test_a_nowcast_is_asked_on_days_with_a_report_after_an_earlier_one() -> None:
    asked = level_questions(_levels(), [0])
    assert (
        len(asked) == 100 - 20 - 1 - 1
    )  # the gap, the first day, and the day after a gap longer than 14 days
    assert (asked["national_ahead"] == 0.0).all()
    assert (asked["asof"] == asked["label_known_time"]).all()


def test_markets_silent_for_long_are_not_asked() -> None:
    origin = level_questions(_levels(gap=(40, 70)), [30])["asof"].dt.tz_convert(None).dt.normalize()
    silent = pd.Timestamp("2024-01-01") + pd.Timedelta(days=39)
    assert origin[origin.between(silent, "2024-03-10")].max() == silent + pd.Timedelta(days=14)


def test_every_and_since_thin_the_origins() -> None:
    asked = level_questions(_levels(), [1], every=3, since=pd.Timestamp("2024-01-15"))
    origin = asked["asof"].dt.tz_convert(None).dt.normalize()
    assert origin.min() >= pd.Timestamp("2024-01-15")
    assert ((origin - pd.Timestamp("1970-01-01")).dt.days % 3 == 0).all()


def test_nonsense_is_refused() -> None:
    with pytest.raises(UnknownValue, match="-1"):
        level_questions(_levels(), [-1])
    with pytest.raises(UnknownValue, match="every 0"):
        level_questions(_levels(), [1], every=0)
