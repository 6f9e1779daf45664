"""What is broken, contradicts itself or is there twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from mandi.datasets.clean import best_of, clean
from mandi.datasets.quality import fault
from mandi.datasets.rows import Example
from mandi.datasets.settings import Cleaning

MAY = datetime(2024, 5, 1, tzinfo=UTC)
CLEANING = Cleaning()
LONG = "soybean arrivals at Indore were heavy this week and the mills bought less than a year before because of the rain so hold"


def example(
    number: int = 0, question: str = "Should I hold the soybean?", chosen: str = "Hold it for a week.", **more
) -> Example:
    held = {
        "example_id": f"e{number:03d}", "purpose": "sft", "task": "chat", "messages": ({"role": "user", "content": question},),
        "chosen": chosen, "asked_at": MAY + timedelta(hours=number), "generation_ids": (f"g{number}",), "party": f"p{number}",
        "consent": "granted", "licence": "own", "provenance": "service",
    }  # fmt: skip
    return Example(**{**held, **more})


FOUND = {"findings": {"price": {"answer": {"predicted_price": 4983.4}}}}
FAULTS = [
    ("", {}, "the answer is empty"),
    ("  \n ", {}, "the answer is empty"),
    ("K", {}, "the answer is too short"),
    ("word " * 2000, {}, "the answer is too long"),
    ("The pri\ufffdce is fine.", {}, "the answer is garbled"),
    ("Kurs fÃ¼r MÃ¤rkte ist gut.", {}, "the answer is garbled"),
    ("!!!! ???? ---- #### %%%% a", {}, "the answer is garbled"),
    ("hold hold hold hold hold hold hold hold", {}, "the answer is garbled"),
    (LONG + " until the", {}, "the answer is cut off"),
    ('{"verdict": "fair", "risk', {}, "the answer is cut off"),
    ("Sell now (at the price of", {}, "the answer is cut off"),
    ("[PERSON_kqzmtb]", {}, "the answer is a placeholder alone"),
    ("{{answer}}", {}, "the answer is a placeholder alone"),
    ("Should I hold the soybean", {}, "the answer repeats the question"),
    ("सोयाबीन को एक हफ्ते रोक कर रखें", {}, "the answer is in another language"),
    ("The price is ₹5,400 per quintal.", {"facts": FOUND}, "a figure that nobody gave"),
    ('{"label":"maybe"}', {"facts": {"labels": ["up", "down"]}}, "the answer is none of the labels"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("chosen", "more", "reason"), FAULTS, ids=[f"{k}: {f[2]}" for k, f in enumerate(FAULTS)]
)
def test_what_is_wrong_is_said(chosen: str, more: dict[str, object], reason: str) -> None:
    assert fault(example(chosen=chosen, **more), CLEANING) == reason


@pytest.mark.parametrize(
    ("chosen", "more"),
    [
        ("Hold.", {}),
        ("The price is ₹4,983 per quintal.", {"facts": FOUND}),
        ("The price is ₹49.83/kg.", {"facts": FOUND}),
        ("It stands at ₹5,400.", {"facts": FOUND, "licence": "human"}),
        ("Call [PERSON_kqzmtb] and sell.", {}),
        ("सोयाबीन रोकें", {"messages": ({"role": "user", "content": "सोयाबीन का भाव क्या रहेगा कल"},)}),
        ('{"label":"up"}', {"facts": {"labels": ["up", "down"]}}),
        (LONG + ".", {}),
    ],
)
def test_what_is_right_stays(chosen: str, more: dict[str, object]) -> None:
    assert fault(example(chosen=chosen, **more), CLEANING) == ""


def test_the_heavier_half_wins_and_a_tie_loses() -> None:
    one, two, three = (
        example(k, chosen=c, weight=w)
        for k, (c, w) in enumerate((("Hold.", 0.9), ("Hold!", 0.5), ("Sell.", 0.8)))
    )
    kept = clean([one, two, three], CLEANING)
    assert [e.chosen for e in kept.examples] == ["Hold."] and kept.conflicts == {"sft": 1}
    tied = clean([one, replace(three, weight=0.9)], CLEANING)
    assert tied.examples == [] and tied.conflicts == {"sft": 2}
    frozen = clean([one, replace(three, weight=0.9)], CLEANING, frozen=["e002"])
    assert [e.example_id for e in frozen.examples] == ["e002"]


def test_other_facts_are_another_question() -> None:
    one = example(0, chosen="₹4,983", facts=FOUND)
    two = example(1, chosen="₹6,100", facts={"findings": {"price": {"answer": {"predicted_price": 6100}}}})
    assert len(clean([one, two], CLEANING).examples) == 2


def test_near_duplicates_with_the_same_figures_are_there_once() -> None:
    asked = "What will the price of soybean be in the mandi of Indore after {} days, please tell me"
    one, again, other = (
        example(k, question=asked.format(d) + tail, chosen="It may rise.", weight=w)
        for k, (d, tail, w) in enumerate(((7, "", 0.8), (7, "!!", 0.9), (30, "", 0.7)))
    )  # fmt: skip
    done = clean([one, again, other], CLEANING)
    assert {e.example_id for e in done.examples} == {"e001", "e002"}
    assert done.near_duplicates == {"sft": 1}
    assert len({e.cluster for e in done.examples}) == 1


def test_both_ways_of_a_preference_and_both_labels_of_an_answer_conflict() -> None:
    one = example(0, purpose="preference", chosen="Hold it.", rejected="Sell it.", weight=0.9)
    two = example(1, purpose="preference", chosen="Sell it.", rejected="Hold it.", weight=0.4)
    assert [e.example_id for e in clean([one, two], CLEANING).examples] == ["e000"]
    good, bad = (example(k, purpose="unpaired", label=k == 0, weight=0.5) for k in (0, 1))
    assert clean([good, bad], CLEANING).examples == []


def test_the_best_of_each_group() -> None:
    assert best_of(np.array([3, 3, 1, 1]), np.array([1.0, 0.0, 2.0, 2.0])).tolist() == [1, 2]
