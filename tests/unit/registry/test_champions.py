from __future__ import annotations

import pytest

from mandi.registry.champions import Promotion, line_of


@pytest.mark.parametrize(
    ("stored", "now", "line"),
    [
        ([], 0, []),
        ([], 4, [4]),
        ([1, 2, 3], 3, [1, 2, 3]),
        ([1, 2, 1], 1, [1, 2, 1]),
        ([1, 2, 3], 2, [1, 2]),
        ([1, 2], 5, [1, 2, 5]),
        ([1, 2], 0, [1, 2]),
    ],
)
def test_the_line_ends_with_the_present_champion(stored: list[int], now: int, line: list[int]) -> None:
    before = list(stored)
    assert line_of(stored, now) == line
    assert stored == before


def test_a_promotion_says_whether_anything_changed() -> None:
    assert Promotion("toy", "promoted", 2, 1, "").changed
    assert not Promotion("toy", "kept", 1, 1, "").changed
