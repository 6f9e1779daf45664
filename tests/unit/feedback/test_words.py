"""Names of trade come from tables, and whoever scrubs words leaves them alone."""

from __future__ import annotations

import pandas as pd

from mandi.feedback.words import ScrubbedWords, trade_names

REPORTS = pd.DataFrame(
    {
        "commodity": ["iron_ore", "wheat", None],
        "market": ["Barbil", "Kishanwala", "Kishanwala"],
        "state": ["Odisha", "Bihar", "Bihar"],
        "district": ["Kendujhar", "Sagar", "Sagar"],
        "variety": ["Fines", "Shankar-6", "Rajbhog"],
    }
)
PARTNERS = pd.DataFrame({"name": ["Ramesh Patel & Sons"], "market": ["Akola"]})


def test_names_come_from_the_columns_that_name_trade() -> None:
    assert trade_names([REPORTS, PARTNERS]) == {
        *("iron_ore", "wheat", "Barbil", "Kishanwala", "Odisha", "Bihar", "Fines", "Rajbhog", "Akola")
    }


def test_no_tables_name_nothing() -> None:
    assert trade_names([]) == frozenset()


def test_what_tables_name_is_kept_and_people_are_not() -> None:
    words = ScrubbedWords("salt", trade_names([REPORTS]))
    assert words.text("Kishanwala quoted Rajbhog at 2450") == "Kishanwala quoted Rajbhog at 2450"
    assert "Patel" not in words.text("Ramesh Patel quoted Rajbhog at 2450")


def test_a_variety_with_a_number_does_not_shield_a_person() -> None:
    words = ScrubbedWords("salt", trade_names([REPORTS]))
    assert "Shankar" not in words.text("Please call Shankar Yadav about the wheat")
