"""What is kept is found again by value alone, and only while a search remembers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from mandi.core.memo import MOST, remembered, remembering


@dataclass(frozen=True)
class Settings:
    depth: int = 3
    rate: float = 0.1


def made(parts: tuple[Any, ...], seen: list[Any], name: str = "x") -> Any:
    def make() -> object:
        seen.append(parts)
        return object()

    return remembered(name, make, *parts)


def test_nothing_is_kept_outside() -> None:
    seen: list[Any] = []
    made((1,), seen), made((1,), seen)
    with remembering():
        made((1,), seen), made((1,), seen)
    made((1,), seen)
    assert len(seen) == 4


def test_equal_values_are_one_and_others_are_not() -> None:
    rows = np.arange(12.0)
    different: list[tuple[Any, ...]] = [
        (rows,), (rows.reshape(3, 4),), (rows.astype(np.float32),), (rows + 1.0,), (rows[::2],),
        (1,), (1.0,), (True,), ("1",), (None,), (["1", "2"],), (["12"],), (["1"], "2"), (("1", ["2"]),),
        (Settings(),), (Settings(depth=4),), ({"depth": 3, "rate": 0.1},), ({"a": rows},), ({"a": rows[:3]},),
        (np.array(["a", None], dtype=object),), (np.array(["a", "None"], dtype=object),),
    ]  # fmt: skip
    seen: list[Any] = []
    with remembering():
        first = [made(parts, seen) for parts in different]
        again = [
            made((rows.copy(),), seen),
            made((Settings(),), seen),
            made(({"rate": 0.1, "depth": 3},), seen),
        ]
        assert again == [first[0], first[14], first[16]]
        assert made((np.array(["a", None], dtype=object),), seen) is first[-2]
        assert made((1,), seen, "another name") not in first
    assert len(seen) == len(different) + 1


def test_what_was_not_asked_for_longest_goes_first() -> None:
    seen: list[Any] = []
    with remembering():
        for number in range(MOST + 1):
            made((number,), seen)
            made((0,), seen)
        assert len(seen) == MOST + 1
        made((0,), seen)
        assert len(seen) == MOST + 1
        made((1,), seen)
        assert len(seen) == MOST + 2


def test_a_block_inside_shares_and_a_failure_keeps_nothing() -> None:
    seen: list[Any] = []
    with remembering():
        with remembering():
            made((1,), seen)
        made((1,), seen)
        with pytest.raises(ZeroDivisionError):
            remembered("x", lambda: 1 // 0, 2)
        made((2,), seen)
    assert len(seen) == 2
    with pytest.raises(TypeError, match="set"), remembering():
        remembered("x", lambda: 1, {1, 2})
