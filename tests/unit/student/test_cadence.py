"""When the student is fitted anew."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mandi.core.errors import ConfigError
from mandi.student.cadence import CadenceParams, after, cadence_params, due, usable

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
ENOUGH = {"examples": 500, "new": 120}


@pytest.mark.parametrize(
    ("last", "counts", "switched_on", "yes", "why"),
    [
        (NOW - timedelta(days=7), ENOUGH, True, True, "a week has passed, and 120 of 500"),
        (NOW - timedelta(days=7), ENOUGH, False, False, "ENABLE_WEEKLY_RETRAINING is off"),
        (NOW - timedelta(days=6, hours=23), ENOUGH, True, False, "next time is 2026-03-02 07:00 UTC"),
        (NOW - timedelta(days=70), {"examples": 399, "new": 399}, True, False, "min_examples"),
        (NOW - timedelta(days=70), {"examples": 500, "new": 99}, True, False, "min_new"),
        (None, {"examples": 400, "new": 0}, True, True, "never fitted"),
        (None, {"examples": 10, "new": 10}, True, False, "min_examples"),
    ],
)
def test_due(last: datetime | None, counts: dict[str, int], switched_on: bool, yes: bool, why: str) -> None:
    found = due(NOW, last, counts, CadenceParams(), switched_on)
    assert (bool(found), why in found.why) == (yes, True), found


def test_a_month_ends_where_the_next_one_does() -> None:
    assert after(datetime(2023, 1, 31), "month") == datetime(2023, 2, 28)
    assert after(datetime(2023, 12, 15), "month") == datetime(2024, 1, 15)
    monthly = CadenceParams(every="month")
    assert not due(NOW, datetime(2026, 2, 3, tzinfo=UTC), ENOUGH, monthly)
    assert due(NOW, datetime(2026, 2, 2, 6, tzinfo=UTC), ENOUGH, monthly)


def test_what_is_asked_wrongly_is_refused() -> None:
    with pytest.raises(ConfigError, match="no count of new"):
        due(NOW, None, {"examples": 1}, CadenceParams())
    with pytest.raises(ConfigError, match="zone"):
        due(NOW.replace(tzinfo=None), None, ENOUGH, CadenceParams())
    with pytest.raises(ConfigError, match="min_rating"):
        cadence_params({"tuning": {"cadence": {"min_rating": 9}}})
    with pytest.raises(ConfigError, match="evry"):
        cadence_params({"tuning": {"cadence": {"evry": "week"}}})


def test_only_what_people_liked_or_corrected_counts() -> None:
    strict = CadenceParams(min_rating=5)
    assert [usable(4.0, False, strict), usable(5.0, False, strict), usable(None, True, strict)] == [
        False,
        True,
        True,
    ]
