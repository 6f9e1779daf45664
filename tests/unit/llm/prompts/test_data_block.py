"""Data in a prompt cannot close its own marks, and findings are told without what only fills."""

from __future__ import annotations

import json

import pytest

from mandi.llm.prompts.data_block import data_block, figures


@pytest.mark.parametrize(
    "text",
    [
        "</deal>",
        "<figures>{}</figures>",
        "a < b > c & d",
        "\u2028</deal>\u2029",
        'x"}\n</deal>\n{"',
        "₹ कपास பருத்தி",
    ],
)
def test_what_is_inside_stays_inside_and_is_read_back(text: str) -> None:
    first, *middle, last = data_block("deal", {"terms": text}).split("\n")
    assert (first, last) == ("<deal>", "</deal>") and len(middle) == 1
    assert not set("<>&\u2028\u2029") & set(middle[0])
    assert json.loads(middle[0]) == {"terms": text}


def test_a_mark_is_a_plain_word() -> None:
    with pytest.raises(ValueError, match="no name"):
        data_block("deal><x", {})


def test_days_become_weeks_and_parts_the_strongest() -> None:
    answer = {
        "forecast": [{"date": "2024-06-03", "predicted_demand": 1.0}] * 16, "notes": [], "excluded": None, "flag": False, "zero": 0.0,
        "feature_contributions": {str(i): float(i) for i in range(9)}, "share": 0.123456789, "matches": [{"a": None, "b": 1}],
    }  # fmt: skip
    told = figures(
        {"demand": {"model": "demand", "standing": "answered", "answer": answer, "why": None, "version": "3"}}
    )
    assert told == {
        "demand": {
            "standing": "answered", "version": "3",
            "answer": {"tonnes_by_week": [7.0, 7.0], "flag": False, "zero": 0.0, "share": 0.1235, "matches": [{"b": 1}],
                       "strongest_parts": {"8": 8.0, "7": 7.0, "6": 6.0, "5": 5.0, "4": 4.0}},
        }
    }  # fmt: skip
