"""What was measured is said in words, whatever the number."""

from __future__ import annotations

import pytest

from mandi.features.fraud import COLUMNS
from mandi.models.detection.fraud_fields import said


@pytest.mark.parametrize("value", [-1e300, -800.0, 0.0, 30.0, 800.0, 1e300, float("inf"), float("nan")])
def test_any_number_is_said_in_a_few_words(value: float) -> None:
    assert all(0 < len(said(name, value)) < 200 for name in COLUMNS)


def test_huge_shares_have_three_digits() -> None:
    assert said("invoice_over_value", 20.0).endswith(": +4.85e+10 %")
    assert said("invoice_over_value", 0.14842).endswith(": +16.0 %")
