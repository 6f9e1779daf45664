from __future__ import annotations

import pandas as pd
import pytest

from mandi.core.errors import ConfigError, ContractError
from mandi.features.splits import PARTS, SplitParams, boundaries, split


def _questions(lag_days: int = 0) -> pd.DataFrame:
    asof = pd.Series(pd.date_range("2020-01-01", periods=400, tz="UTC"))
    return pd.DataFrame({"asof": asof, "label_known_time": asof + pd.Timedelta(days=lag_days)})


def test_parts_follow_each_other_in_time() -> None:
    questions = _questions()
    part = split(questions, SplitParams())
    assert set(part) == set(PARTS)
    spans = questions["asof"].groupby(part).agg(["min", "max"]).loc[list(PARTS)]
    assert (spans["max"].to_numpy()[:-1] < spans["min"].to_numpy()[1:]).all()


@pytest.mark.parametrize("lag", [1, 30, 60])
def test_no_label_is_known_after_the_next_part_begins(lag: int) -> None:
    questions = _questions(lag)
    part = split(questions, SplitParams())
    starts = boundaries(questions["asof"], SplitParams())
    for name, following in zip(PARTS, PARTS[1:]):
        assert (questions.loc[part == name, "label_known_time"] <= starts[following]).all()
    assert (part == "purged").sum() > 0
    assert (part[questions["asof"] >= starts["test"]] == "test").all()


def test_order_of_rows_does_not_matter() -> None:
    questions = _questions(3)
    shuffled = questions.sample(frac=1.0, random_state=0)
    pd.testing.assert_series_equal(
        split(shuffled, SplitParams()).sort_index(), split(questions, SplitParams())
    )


@pytest.mark.parametrize(
    "params",
    [
        SplitParams(0.8, 0.7, 0.9),
        SplitParams(0.0, 0.5, 0.9),
        SplitParams(0.5, 0.7, "soon"),
        SplitParams(0.5, 0.7, 1),
    ],
)
def test_boundaries_must_make_sense(params: SplitParams) -> None:
    with pytest.raises(ConfigError):
        split(_questions(), params)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ContractError, match="label_known_time"):
        split(_questions().drop(columns="label_known_time"), SplitParams())
