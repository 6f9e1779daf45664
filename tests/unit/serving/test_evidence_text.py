"""Names in sentences: whole words, any case, three scripts; what is no name is not found."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from mandi.serving.desk import Desk
from mandi.serving.evidence_questions import Question
from mandi.serving.evidence_text import COMMODITY_WORDS, LONGEST_READ, PLACE_WORDS, Meant, TextNames
from mandi.tables.market_crops import CROPS
from mandi.tables.market_places import TOWNS

NOW = datetime(2024, 6, 1, 6, 0, tzinfo=UTC)


@pytest.fixture
def names(desk: Desk) -> TextNames:
    return TextNames(desk)


def meant(names: TextNames, text: str) -> Meant:
    found = names.meant(text)
    assert found is not None, text
    return found


@pytest.mark.parametrize(
    ("text", "commodity", "place"),
    [
        ("price of SOYBEAN in indore?", "soybean", "Indore"),
        ("soya bean, Madhya   Pradesh", "soybean", "Madhya Pradesh"),
        ("soyabeans? no: soyabean at Dewas", "soybean", "Dewas"),
        ("kapas rate rajkot", "cotton", "Rajkot"),
        ("इंदौर में सोयाबीन का भाव", "soybean", "Indore"),
        ("मध्य प्रदेश में सोयाबीन?", "soybean", "Madhya Pradesh"),
        ("राजकोट की कपास", "cotton", "Rajkot"),
        ("ராஜ்கோட்டில் பருத்தியின் விலை", "cotton", "Rajkot"),
        ("இந்தூர் சோயாபீன்", "soybean", "Indore"),
    ],
)
def test_names_are_found_in_every_script(names: TextNames, text: str, commodity: str, place: str) -> None:
    found = meant(names, text)
    assert (found.commodity, found.place, found.place_named) == (commodity, place, True)


@pytest.mark.parametrize(
    "text",
    ["", "cottonseed and soybeanish things", "कपासिया", "wheat in Indore", "Indore", "🙂", "soy", "कप"],
)
def test_a_part_of_a_word_or_a_name_unknown_here_is_nothing(names: TextNames, text: str) -> None:
    assert names.meant(text) is None


def test_of_several_names_the_first_is_meant(names: TextNames) -> None:
    assert meant(names, "cotton or soybean?").commodity == "cotton"
    assert meant(names, "soybean in Latur or Dewas").place == "Latur"
    assert meant(names, "cotton in Indore").place == "Rajkot"  # no market of cotton: its own stands in
    assert not meant(names, "cotton in Indore").place_named


def test_without_a_place_the_steadiest_market_that_still_reports_stands_in(names: TextNames) -> None:
    found = meant(names, "soybean price")
    assert (found.place, found.place_named) == ("Dewas", False)
    price = found.questions(NOW)["price"]
    assert isinstance(price, Question) and "no market was named" in price.notes[0]


@pytest.mark.parametrize(
    ("text", "days", "horizon"),
    [
        ("soybean", None, None), ("soybean tomorrow", 1, 1), ("soybean next week", 7, 7), ("soybean in 10 days", 10, 7),
        ("soybean 30-day outlook", 30, 30), ("soybean in 3 weeks", 21, 30), ("soybean next month", 30, 30),
        ("soybean in two months", 60, 60), ("soybean in 400 days", 400, 60), ("सोयाबीन 15 दिन", 15, 7),
        ("सोयाबीन अगले हफ्ते", 7, 7), ("சோயாபீன் 14 நாட்கள்", 14, 7), ("சோயாபீன் அடுத்த வாரம்", 7, 7),
        ("soybean 4600 today", None, None),
    ],
)  # fmt: skip
def test_days_ahead(names: TextNames, text: str, days: int | None, horizon: int | None) -> None:
    found = meant(names, text)
    assert (found.days, found.horizon) == (days, horizon)
    demand = found.questions(NOW)["demand"]
    assert isinstance(demand, Question)
    assert demand.row.forecast_days == min(days or 30, 90)  # type: ignore[attr-defined]


def test_a_day_that_is_named_is_the_moment(names: TextNames) -> None:
    found = meant(names, "soybean on 2024-06-03")
    assert found.day == date(2024, 6, 3)
    assert found.moment(NOW) == datetime(2024, 6, 3, 12, 0, tzinfo=UTC)
    for question in found.questions(NOW).values():
        assert isinstance(question, Question)
    assert meant(names, "soybean 2024-13-45 and 20240603").day is None
    assert meant(names, "soybean").moment(NOW) == NOW


def test_the_last_day_of_the_history_is_asked_as_it_closed(names: TextNames) -> None:
    found = meant(names, "soybean in Indore on 2024-05-31")  # whose reports are known at midnight in India
    assert found.moment(NOW) == datetime(2024, 5, 31, 18, 30, tzinfo=UTC)
    price = found.questions(NOW)["price"]
    assert isinstance(price, Question) and price.row.horizon_days == 0  # type: ignore[attr-defined]
    later = meant(names, "soybean in Indore on 2024-05-31, 7 days").questions(NOW)["price"]
    assert isinstance(later, Question) and later.row.horizon_days == 7  # type: ignore[attr-defined]
    assert "known_until" not in found.as_dict()


def test_a_grade_is_heard_and_said_to_be_of_no_use(names: TextNames) -> None:
    for text in ("soybean grade A", "b grade soybean", "सोयाबीन ग्रेड C"):
        found = meant(names, text)
        price = found.questions(NOW)["price"]
        assert found.grade in {"A", "B", "C"} and isinstance(price, Question)
        assert any("grade" in note for note in price.notes)
    assert meant(names, "soybean upgrade bonus").grade is None


def test_a_long_text_is_read_to_its_limit(names: TextNames) -> None:
    assert names.meant("x " * LONGEST_READ + "soybean") is None
    assert names.meant("soybean " + "x " * 10**5) is not None


def test_no_desk_knows_no_name() -> None:
    assert TextNames(None).meant("cotton in Rajkot") is None


def test_the_tables_of_words_are_of_names_that_exist_and_unambiguous() -> None:
    assert set(COMMODITY_WORDS) == set(CROPS)
    assert set(PLACE_WORDS) <= {town for town, *_ in TOWNS} | {state for _, _, state, *_ in TOWNS}
    for table in (COMMODITY_WORDS, PLACE_WORDS):
        words = [word for listed in table.values() for word in listed]
        assert len(words) == len(set(words))
