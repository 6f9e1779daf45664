"""Openings that say nothing are left out, and those that turn a meaning round are kept; standing rules keep their figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from mandi.student.embedded.templates import Source, leaves_of, templates_of
from mandi.student.embedded.wraps import unwrapped, wraps

START = datetime(2024, 1, 1, tzinfo=UTC)
FACTS = {"findings": {}, "language": "en"}
RESTS = (
    "The fee is due in a week.",
    "Grade A is clean.",
    "A quintal is a hundred kilograms.",
    "Bags are of jute.",
)


def rule(number: int, days: int, text: str = "The desk allows 2 % of foreign matter.") -> Source:
    return Source(
        text, f"How much foreign matter, case {'abcdefgh'[number]}?", FACTS, START + timedelta(days=days)
    )


def test_what_stands_around_many_answers_is_left_out() -> None:
    told = [
        *RESTS,
        *(f"In short: {rest} I hope this helps." for rest in RESTS),
        *(f"In short: {rest}" for rest in RESTS),
    ]
    assert unwrapped(f"In short: {RESTS[0]} I hope this helps.", wraps(told)) == RESTS[0]
    assert unwrapped("I hope this helps.", wraps(told)) == "I hope this helps."


def test_yes_and_no_are_no_wraps() -> None:
    told = [*RESTS, *(f"Yes. {rest}" for rest in RESTS), *(f"No. {rest}" for rest in RESTS)]
    assert wraps(told) == (frozenset(), frozenset())


def test_a_share_of_a_standing_rule_is_a_part_of_the_wording() -> None:
    (template,), _ = templates_of([rule(0, 0), rule(1, 20), rule(2, 40)])
    assert (
        template.filled("And here?", leaves_of("And here?", FACTS))
        == "The desk allows 2 % of foreign matter."
    )


def test_a_rule_told_too_few_times_or_too_soon_is_none() -> None:
    for told in ([rule(0, 0), rule(1, 40)], [rule(0, 0), rule(1, 8), rule(2, 16)]):
        assert not any(one.usable for one in templates_of(told)[0])


def test_a_wrong_figure_does_not_spoil_the_right_one() -> None:
    wrong = rule(3, 10, "The desk allows 4 % of foreign matter.")
    made, home = templates_of([rule(0, 0), rule(1, 20), wrong, rule(2, 40)])
    assert [made[k].usable for k in home] == [True, True, False, True]


def test_beside_facts_with_figures_a_price_is_never_wording() -> None:
    facts = {"findings": {"price": {"answer": {"predicted_price": 5000.0}}}}
    told = [replace(rule(k, 20 * k, "Cotton is at Rs 7,250."), facts=facts) for k in range(4)]
    assert not any(one.usable for one in templates_of(told)[0])
