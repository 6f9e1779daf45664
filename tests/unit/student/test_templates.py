"""An answer is told again only with the figures of the question that is asked now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mandi.student.embedded.templates import Source, Template, leaves_of, templates_of

NOW = datetime(2024, 6, 1, tzinfo=UTC)
OLD = {
    "crop": "cotton",
    "market": "Rajkot",
    "price": 7100.4,
    "low": 6800.0,
    "high": 7400.0,
    "day": "2024-06-08",
}
NEW = {
    "crop": "wheat",
    "market": "Indore",
    "price": 123456.6,
    "low": 2300.0,
    "high": 223456.0,
    "day": "2024-11-09",
}


def template(text: str, facts: dict[str, Any] = OLD, question: str = "price?") -> Template:
    (made,), _ = templates_of([Source(text, question, facts, NOW)], ["cotton", "wheat", "Rajkot", "Indore"])
    return made


def told_again(made: Template, question: str, facts: dict[str, Any]) -> str | None:
    return made.filled(question, leaves_of(question, facts, ["cotton", "wheat", "Rajkot", "Indore"]))


@pytest.mark.parametrize(
    ("told", "again"),
    [
        ("Cotton in Rajkot: ₹7,100", "Wheat in Indore: ₹1,23,457"),
        ("COTTON 7100.40", "WHEAT 123456.60"),
        ("on 2024-06-08 cotton is at 7,100", "on 2024-11-09 wheat is at 1,23,457"),
        ("by 8 June 2024", "by 9 November 2024"),
        ("by 8 Jun", "by 9 Nov"),
        ("from June 8, 2024 on", "from November 9, 2024 on"),
        ("between 6,800 and 7,400", "between 2,300 and 2,23,456"),
        ("71.004 a kilogram", "1234.566 a kilogram"),
    ],
)
def test_what_the_facts_say_is_told_anew(told: str, again: str) -> None:
    assert told_again(template(told), "price?", NEW) == again


def test_a_missing_fact_gives_no_answer() -> None:
    made = template("Cotton in Rajkot: ₹7,100")
    assert told_again(made, "price?", {key: value for key, value in NEW.items() if key != "price"}) is None
    assert told_again(made, "price?", {}) is None


def test_a_figure_that_nothing_explains_is_never_told_again() -> None:
    assert not template("Cotton was at 7,350 last week").usable
    assert told_again(template("Cotton was at 7,350 last week"), "price?", OLD) is None
    assert not template("Offer O002988 is cheaper").usable
    assert not template("since 3 May 2023").usable


def test_an_old_price_said_by_many_within_days_is_still_no_wording() -> None:
    sources = [Source("It costs 4,650 now", f"how much {k}", {}, NOW + timedelta(hours=k)) for k in range(9)]
    assert not any(made.usable for made in templates_of(sources)[0])
    money = [
        Source("It costs ₹4,650 now", f"how much {k}", {}, NOW + timedelta(days=9 * k)) for k in range(9)
    ]
    assert not any(made.usable for made in templates_of(money)[0])


def test_a_figure_of_the_wording_is_kept() -> None:
    sources = [
        Source(f"Likely (95 of 100 times): {p:,}", "price?", {"price": float(p)}, NOW + timedelta(days=9 * k))
        for k, p in enumerate((4100, 4300, 5200, 6100))
    ]
    (made,), _ = templates_of(sources)
    assert told_again(made, "price?", {"price": 8000.0}) == "Likely (95 of 100 times): 8,000"


def test_two_ways_to_a_figure_are_told_apart_by_more_answers_or_not_at_all() -> None:
    twin = {"bid": 4100.0, "ask": 4100.0}
    one = Source("It is 4,100", "price?", twin, NOW)
    (alone,), _ = templates_of([one])
    assert told_again(alone, "price?", {"bid": 4000.0, "ask": 4200.0}) is None
    assert told_again(alone, "price?", {"bid": 4000.0, "ask": 4000.0}) == "It is 4,000"
    (both,), _ = templates_of([one, Source("It is 4,300", "price?", {"bid": 4200.0, "ask": 4300.0}, NOW)])
    assert told_again(both, "price?", {"bid": 4000.0, "ask": 4250.0}) == "It is 4,250"


def test_a_word_about_direction_is_not_kept_when_the_direction_turned() -> None:
    made = template("It rises from 6,800 to 7,400")
    assert told_again(made, "price?", {**NEW, "low": 2300.0, "high": 2200.0}) is None
    change = template("It fell by 3.2 percent", {"change": -3.2})
    assert told_again(change, "price?", {"change": -1.5}) == "It fell by 1.5 percent"
    assert told_again(change, "price?", {"change": 1.5}) is None


def test_a_name_that_no_fact_explains_binds_the_answer_to_questions_that_say_it() -> None:
    made = template("Sell in Indore", {"price": 1.0}, "where to sell?")
    assert told_again(made, "Sell in Rajkot?", {"price": 2.0}) is None
    assert told_again(made, "Is Indore good?", {"price": 2.0}) == "Sell in Indore"


def test_what_the_question_says_may_be_said_back() -> None:
    made = template("For 40 quintals that is fine", {}, "Can I sell 40 quintals?")
    assert told_again(made, "Can I sell 55 quintals?", {}) == "For 55 quintals that is fine"


def test_plain_data_and_back() -> None:
    made = template("Cotton in Rajkot: ₹7,100 on 8 June 2024")
    assert Template.of_dict(made.as_dict()).filled("price?", NEW) == told_again(made, "price?", NEW)
