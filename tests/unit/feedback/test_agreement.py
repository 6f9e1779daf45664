"""Two answers say the same when their figures do, however they are written."""

from __future__ import annotations

import pytest

from mandi.feedback.agreement import Figure, agreement, figures, label_of, same

PRICE = "Cotton in Rajkot: ₹7,250 per quintal expected for 3 Jun 2024. 95 of 100 such prices should lie between ₹6,900 and ₹7,600."


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("₹1,25,000", [(125_000.0, "inr")]),
        ("Rs. 1,25,000/-", [(125_000.0, "inr")]),
        ("Rs5,000", [(5_000.0, "inr")]),
        ("1.25 lakh rupees", [(125_000.0, "inr")]),
        ("2.5 crore", [(25_000_000.0, "")]),
        ("१,२५,००० रुपये", [(125_000.0, "inr")]),
        ("7,250 रुपये प्रति क्विंटल", [(7_250.0, "inr/quintal")]),
        ("INR 72.50 per kg", [(7_250.0, "inr/quintal")]),
        ("₹72,500/tonne", [(7_250.0, "inr/quintal")]),
        ("12.5k rs per qtl", [(12_500.0, "inr/quintal")]),
        ("2 tonnes", [(20.0, "quintal")]),
        ("-3 % or 3 percent", [(-3.0, "percent"), (3.0, "percent")]),
        ("in 2 weeks", [(14.0, "days")]),
        ("$ 1,160", [(1_160.0, "usd")]),
        ("2024-06-03T06:00:00Z, June 3, 2024 and 3rd June 2024", [(739_040.0, "date")] * 3),
        ("offer O002988 of lot AB-12 at 10:30", []),
        ("31 Feb 2024 is no day", []),
    ],
)  # fmt: skip
def test_figures_come_to_one_measure(text: str, found: list[tuple[float, str]]) -> None:
    assert figures(text) == [Figure(*one) for one in found]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (PRICE, "For 3 Jun 2024 I expect 7250 rupees per quintal for cotton at Rajkot, 95 of 100 between 6900 and 7600"),
        (PRICE, "₹7,250"),
        (PRICE, "cotton Rajkot ₹72.50 per kg"),
        ("Prices will rise next week", "Next week the prices will be rising"),
        ("Do not sell the cotton now", "don't sell cotton now"),
    ],
)  # fmt: skip
def test_the_same_in_other_words(one: str, other: str) -> None:
    assert same(one, other) and same(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (PRICE, PRICE.replace("7,250", "7,450")),
        (PRICE, PRICE.replace("3 Jun", "4 Jun")),
        (PRICE, "I know no figure that answers this."),
        ("Prices will rise next week", "Prices will fall next week"),
        ("Sell the cotton now", "Do not sell the cotton now"),
        ("₹7,250 per quintal", "7,250 kg"),
        ("12 %", "12 quintal"),
        (PRICE, ""),
    ],
)
def test_another_figure_or_the_opposite_is_not_the_same(one: str, other: str) -> None:
    assert not same(one, other) and not same(other, one)


def test_agreement_is_symmetric_and_whole_for_the_same_text() -> None:
    assert agreement(PRICE, PRICE) == 1.0
    assert agreement("", "") == 1.0
    assert agreement(PRICE, "₹7,250 for cotton") == agreement("₹7,250 for cotton", PRICE)


def test_labels_are_equal_or_not() -> None:
    assert agreement('{"label": "price"}', "Price", "classification") == 1.0
    assert agreement('{"label": "price"}', '{"label": "demand"}', "classification") == 0.0
    assert agreement("{broken", "{broken", "classification") == 0.0
    assert label_of("Category: fraud.") == "fraud"
