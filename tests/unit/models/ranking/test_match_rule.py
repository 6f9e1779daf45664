"""The rule of thumb: five parts with fixed weights that sum to at most a hundred."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mandi.core.errors import ContractError
from mandi.models.ranking.match_rule import PARTS, READS, WEIGHTS, RuleParams, rule_points


def points(params: RuleParams | None = None, **changed: float) -> dict[str, float]:
    pair: dict[str, Any] = {"quantity_ratio": 0.0, "price_saved": 0.1, "grade_steps": 2.0, "distance_share": 0.0,
                            "distance_km": 0.0, "window_share": 1.0, **changed}  # fmt: skip
    return {
        n: float(v[0]) for n, v in rule_points({n: np.array([v]) for n, v in pair.items()}, params).items()
    }


def test_the_weights_are_thirty_twice_twenty_five_and_twice_ten() -> None:
    assert [WEIGHTS[part] for part in PARTS] == [30.0, 25.0, 25.0, 10.0, 10.0]
    assert points() == WEIGHTS


@pytest.mark.parametrize(
    ("part", "changed", "expected"),
    [
        ("quantity", {"quantity_ratio": np.log(0.5)}, 15.0),
        ("quantity", {"quantity_ratio": np.log(3.0)}, 30.0),
        ("price", {"price_saved": 0.02}, 5.0),
        ("price", {"price_saved": -0.02}, 0.0),
        ("quality", {"grade_steps": 0.0}, 20.0),
        ("quality", {"grade_steps": 1.0}, 22.5),
        ("quality", {"grade_steps": -1.0}, 0.0),
        ("location", {"distance_share": 0.25}, 7.5),
        ("location", {"distance_share": np.nan, "distance_km": 750.0}, 5.0),
        ("location", {"distance_share": np.nan, "distance_km": np.nan}, 0.0),
        ("delivery", {"window_share": 0.4}, 4.0),
    ],
)
def test_each_part_by_itself(part: str, changed: dict[str, float], expected: float) -> None:
    found = points(**changed)
    assert found[part] == pytest.approx(expected)
    assert {n: v for n, v in found.items() if n != part} == {n: v for n, v in WEIGHTS.items() if n != part}


def test_settings_say_where_a_part_is_full() -> None:
    assert points(RuleParams(full_saving=0.2))["price"] == pytest.approx(12.5)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ContractError, match="window_share"):
        rule_points({name: np.zeros(1) for name in READS if name != "window_share"})
