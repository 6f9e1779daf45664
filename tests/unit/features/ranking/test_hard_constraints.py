"""Hard constraints: each is satisfied or violated by itself, and what is not known is violated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mandi.core.errors import ContractError
from mandi.features.ranking.hard_constraints import (
    CONSTRAINTS,
    ConstraintParams,
    grade_rank,
    hard_constraints,
)

DAY = np.datetime64("2024-06-10", "ns")
LATER = np.timedelta64(24, "h")


def pair(**changed: Any) -> dict[str, np.ndarray[Any, Any]]:
    told = {
        "commodity": "tur", "quantity": 100.0, "max_price": 7000.0, "min_grade": "B", "max_distance_km": 500.0,
        "deliver_from": DAY, "deliver_until": DAY + 9 * LATER, "asof": DAY, "offer_commodity": "tur",
        "offer_quantity": 100.0, "ask_price": 7000.0, "grade": "B", "distance_km": 500.0, "ready_from": DAY + 9 * LATER,
        "ready_until": DAY + 20 * LATER, **changed,
    }  # fmt: skip
    return {n: np.array([v], dtype=object if isinstance(v, str | None) else None) for n, v in told.items()}


def violated(**changed: Any) -> list[str]:
    told = hard_constraints(pair(**changed))
    assert tuple(told) == CONSTRAINTS
    return [name for name, satisfied in told.items() if not satisfied[0]]


def test_at_every_edge_all_are_satisfied() -> None:
    assert violated() == []
    assert violated(offer_quantity=10.0) == []  # a tenth of what is wanted


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("commodity", {"offer_commodity": "soybean"}),
        ("quantity", {"offer_quantity": 9.9}),
        ("price_ceiling", {"ask_price": 7001.0}),
        ("quality_floor", {"grade": "C"}),
        ("distance", {"distance_km": 500.1}),
        ("delivery_window", {"ready_from": DAY + 10 * LATER}),
        ("delivery_window", {"ready_from": DAY - 9 * LATER, "ready_until": DAY - LATER}),
        ("delivery_window", {"deliver_from": DAY - 30 * LATER, "ready_from": DAY - 20 * LATER, "ready_until": DAY - LATER}),
        ("delivery_window", {"ready_from": DAY, "asof": DAY + 10 * LATER}),  # the want itself is over
        ("delivery_window", {"asof": DAY + 9 * LATER + np.timedelta64(19, "h")}),  # so it is in India by now
    ],
)  # fmt: skip
def test_each_is_violated_alone(name: str, changed: dict[str, Any]) -> None:
    assert violated(**changed) == [name]


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("commodity", {"offer_commodity": None}),
        ("quantity", {"offer_quantity": np.nan}),
        ("price_ceiling", {"ask_price": np.nan}),
        ("quality_floor", {"grade": "unknown"}),
        ("distance", {"distance_km": np.nan}),
        ("delivery_window", {"ready_until": np.datetime64("NaT", "ns")}),
    ],
)
def test_what_is_not_known_is_not_promised(name: str, changed: dict[str, Any]) -> None:
    assert violated(**changed) == [name]


def test_who_names_no_floor_and_no_distance_takes_any() -> None:
    assert violated(min_grade="unknown", grade="D", max_distance_km=np.nan, distance_km=np.nan) == []
    assert violated(min_grade="best", grade="A") == ["quality_floor"]  # a floor nobody can read


def test_settings_decide_how_strict_it_is() -> None:
    strict = ConstraintParams(grades=("X", "B"), min_quantity_share=1.0)
    told = hard_constraints(pair(offer_quantity=99.0, grade="X"), strict)
    assert [n for n, s in told.items() if not s[0]] == ["quantity"]
    assert grade_rank(np.array(["B", "X", None], dtype=object), strict.grades).tolist()[:2] == [1.0, 0.0]


def test_a_missing_column_is_named() -> None:
    told = pair()
    del told["ready_until"]
    with pytest.raises(ContractError, match="ready_until"):
        hard_constraints(told)
