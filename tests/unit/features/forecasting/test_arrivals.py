from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError, UnknownValue
from mandi.features.forecasting.arrivals import COUNTRY, daily_arrivals, ledgers


def _reports(rows: list[tuple[str, str, float, int]]) -> pd.DataFrame:
    told = pd.DataFrame(rows, columns=["day", "market", "arrivals", "late"])
    end = pd.to_datetime(told["day"], utc=True).astype("datetime64[ns, UTC]") + pd.Timedelta(
        hours=18, minutes=30
    )
    known = end + pd.to_timedelta(told["late"], unit="D")
    return told.assign(commodity="tur", state="Karnataka", event_time=end, known_time=known)


def _day(text: str) -> np.datetime64:
    return np.datetime64(text, "D")


def test_a_late_report_is_counted_from_when_it_came() -> None:
    reports = _reports([("2024-05-01", "Bidar", 10.0, 0), ("2024-05-02", "Bidar", 20.0, 0), ("2024-05-01", "Yadgir", 5.0, 3),
                        ("2024-05-05", "Bidar", 1.0, 0)])  # fmt: skip
    told = daily_arrivals(reports)
    assert told[(told["level"] == "country") & (told["day"] == "2024-05-01")]["arrivals"].tolist() == [
        10.0,
        15.0,
    ]
    book = ledgers(told)["tur"]
    before, after = np.datetime64("2024-05-02T18:30"), np.datetime64("2024-05-05T18:30")
    assert book.daily(COUNTRY, before, book.last_day(before), 3).tolist()[1:] == [10.0, 20.0]
    assert book.last_day(after) == _day("2024-05-05")
    assert book.daily(COUNTRY, after, _day("2024-05-02"), 2).tolist() == [15.0, 20.0]
    assert book.daily("Karnataka", after, _day("2024-05-02"), 2).tolist() == [15.0, 20.0]
    assert np.isnat(book.last_day(np.datetime64("2024-04-30")))


def test_a_day_of_rest_is_zero_and_a_hole_in_the_file_is_not() -> None:
    reports = _reports(
        [("2024-01-01", "Bidar", 3.0, 0), ("2024-01-04", "Bidar", 4.0, 0), ("2024-03-01", "Bidar", 5.0, 0)]
    )
    book = ledgers(daily_arrivals(reports))["tur"]
    whole = book.daily(COUNTRY, np.datetime64("2024-03-02"), _day("2024-03-01"), 61)
    assert whole[:4].tolist() == [3.0, 0.0, 0.0, 4.0] and whole[-1] == 5.0
    assert np.isnan(whole[4:-1]).all()
    early = book.daily(COUNTRY, np.datetime64("2024-03-02"), _day("2024-01-04"), 6)
    assert np.isnan(early[:2]).all() and early[2:].tolist() == [3.0, 0.0, 0.0, 4.0]


def test_markets_are_places_only_where_asked() -> None:
    reports = _reports([("2024-05-01", "Bidar", 10.0, 0), ("2024-05-01", "Yadgir", float("nan"), 0)])
    assert set(daily_arrivals(reports)["level"]) == {"country", "state"}
    told = daily_arrivals(reports, ("market",))
    assert dict(zip(told["location"], told["arrivals"])) == {COUNTRY: 10.0, "Bidar": 10.0, "Yadgir": 0.0}


def test_what_is_missing_or_unknown_is_named() -> None:
    reports = _reports([("2024-05-01", "Bidar", 10.0, 0)])
    with pytest.raises(ContractError, match="arrivals"):
        daily_arrivals(reports.drop(columns="arrivals"))
    with pytest.raises(UnknownValue, match="district"):
        daily_arrivals(reports, ("district",))
