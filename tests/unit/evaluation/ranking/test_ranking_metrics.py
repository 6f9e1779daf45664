"""Places, shares and gains of rankings against figures worked out by hand."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError
from mandi.evaluation.ranking.ranking_metrics import chance, interval, places, recall_curve, summary


def ranked() -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "want": ["b", "b", "b", "a", "a", "a", "a", "c"],
            "score": [0.9, 0.5, 0.7, 0.1, 0.4, 0.3, np.nan, 0.2],
            "taken": [False, True, True, True, False, False, False, False],
        }
    )
    return places(frame["want"], frame["score"], frame["taken"])


def test_places_of_the_best_deal() -> None:
    found = ranked()
    assert found.loc["b"].tolist()[:3] == [3.0, 2.0, 2.0]
    assert found.loc["a"].tolist()[:3] == [4.0, 1.0, 3.0]
    assert found.loc["c", "place"] == np.inf and found.loc["c", "gain"] == 0.0


def test_gain_is_that_of_the_textbook() -> None:
    found = ranked()
    ideal = 1 / math.log2(2) + 1 / math.log2(3)
    assert found.loc["b", "gain"] == pytest.approx((1 / math.log2(3) + 1 / math.log2(4)) / ideal)
    assert found.loc["a", "gain"] == pytest.approx(1 / math.log2(4))


def test_shares_and_reciprocal_rank() -> None:
    told = summary(ranked(), (1, 2, 3))
    assert [told["top1"], told["top2"], told["top3"]] == pytest.approx([0.0, 1 / 3, 2 / 3])
    assert told["mrr"] == pytest.approx((1 / 2 + 1 / 3) / 3)
    assert recall_curve(ranked(), 3)["share"].tolist() == pytest.approx([0.0, 1 / 3, 2 / 3])


@pytest.mark.parametrize(("count", "taken"), [(3, 1), (7, 2), (12, 1), (6, 5)])
def test_chance_is_the_share_of_all_draws(count: int, taken: int) -> None:
    found = pd.DataFrame({"candidates": [float(count)], "taken": [float(taken)]})
    draws = list(combinations(range(count), min(5, count)))
    assert chance(found) == pytest.approx(np.mean([any(i < taken for i in drawn) for drawn in draws]))


def test_order_of_rows_breaks_ties_only() -> None:
    want, taken = pd.Series(["a"] * 4), pd.Series([False, True, False, False])
    assert places(want, pd.Series([0.5] * 4), taken)["place"].tolist() == [2.0]
    assert places(want, pd.Series([0.5, 0.6, 0.5, 0.5]), taken)["place"].tolist() == [1.0]


def test_an_interval_holds_its_share_and_narrows() -> None:
    few = pd.DataFrame({"place": [1.0, 9.0] * 10})
    many = pd.DataFrame({"place": [1.0, 9.0] * 500})
    wide, narrow = (interval(found, 5, 400, 1) for found in (few, many))
    assert wide[0] < narrow[0] < 0.5 < narrow[1] < wide[1]


def test_nothing_asked_is_not_a_number() -> None:
    none = places(pd.Series(dtype=object), pd.Series(dtype=float), pd.Series(dtype=bool))
    assert all(math.isnan(value) for value in summary(none).values()) and math.isnan(chance(none))
    with pytest.raises(ContractError):
        places(pd.Series(["a"]), pd.Series([1.0, 2.0]), pd.Series([True]))
