from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError, UnknownValue
from mandi.features.windows import shrunken_mean, trailing


def _sales(rows: int = 300, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    start = pd.Timestamp("2024-01-01", tz="UTC")
    return pd.DataFrame(
        {
            "crop": rng.choice(["cotton", "tur", "wheat"], rows),
            "when": start + pd.to_timedelta(rng.integers(0, 90, rows), unit="D"),
            "price": np.where(rng.random(rows) < 0.1, np.nan, 5000 + rng.normal(0, 100, rows)),
        },
        index=rng.permutation(rows) + 1000,
    )


@pytest.mark.parametrize("statistic", ["mean", "std", "sum", "count"])
@pytest.mark.parametrize("include_now", [False, True])
def test_the_present_and_the_future_change_nothing(statistic: str, include_now: bool) -> None:
    sales = _sales()
    moment = pd.Timestamp("2024-02-10", tz="UTC")
    changed = sales.copy()
    later = sales["when"] > moment if include_now else sales["when"] >= moment
    changed.loc[later, "price"] = 1e9
    keep = sales["when"] <= moment
    options = {"by": ["crop"], "time": "when", "days": 30, "statistic": statistic, "include_now": include_now}
    before, after = (trailing(f, "price", **options) for f in (sales, changed))
    pd.testing.assert_series_equal(before[keep], after[keep], check_exact=True)
    assert not before[~keep].equals(after[~keep])


def test_another_key_changes_nothing() -> None:
    sales = _sales()
    changed = sales.assign(price=sales["price"].where(sales["crop"] != "cotton", 7.7e8))
    tur = sales["crop"] != "cotton"
    for statistic in ("mean", "std"):
        options = {"by": ["crop"], "time": "when", "days": 30, "statistic": statistic}
        before, after = (trailing(f, "price", **options)[tur] for f in (sales, changed))
        pd.testing.assert_series_equal(before, after, check_exact=True)


def test_rows_of_the_same_moment_do_not_see_each_other() -> None:
    day = pd.Timestamp("2024-01-01", tz="UTC")
    sales = pd.DataFrame({"crop": "tur", "when": [day, day], "price": [1.0, 3.0]})
    assert trailing(sales, "price", by=["crop"], time="when", days=7).isna().all()
    assert trailing(sales, "price", by=["crop"], time="when", days=7, include_now=True).tolist() == [2.0, 2.0]


def test_edges_of_the_window() -> None:
    days = pd.to_datetime(["2024-01-01", "2024-01-08"], utc=True)
    sales = pd.DataFrame({"crop": "tur", "when": days, "price": [1.0, 3.0]})
    assert trailing(sales, "price", by=["crop"], time="when", days=7).tolist()[1] == 1.0
    assert trailing(sales, "price", by=["crop"], time="when", days=7, include_now=True).tolist()[1] == 3.0
    assert np.isnan(trailing(sales, "price", by=["crop"], time="when", days=6.9)[1])


def test_min_periods_and_cold_start() -> None:
    sales = _sales()
    count = trailing(sales, "price", by=["crop"], time="when", days=10, statistic="count")
    mean = trailing(sales, "price", by=["crop"], time="when", days=10, min_periods=5)
    assert (mean.isna() == (count < 5)).all()
    assert trailing(sales.iloc[:0], "price", by=["crop"], time="when", days=10).empty


def test_order_of_rows_does_not_matter_and_nothing_is_mutated() -> None:
    sales = _sales()
    kept = sales.copy()
    shuffled = sales.sample(frac=1.0, random_state=3)
    options = {"by": ["crop"], "time": "when", "days": 30}
    # rows of one moment may be added in another order, so equal to rounding, not to the bit
    pd.testing.assert_series_equal(
        trailing(sales, "price", **options), trailing(shuffled, "price", **options)[sales.index]
    )
    pd.testing.assert_frame_equal(sales, kept, check_exact=True)


def test_a_shrunken_mean_moves_from_the_prior_to_the_data() -> None:
    days = pd.date_range("2024-01-01", periods=40, tz="UTC")
    frame = pd.DataFrame({"who": ["a"] * 20 + ["b"] * 20, "when": days, "score": [0.0] * 20 + [1.0] * 20})
    mean = shrunken_mean(frame, "score", by=["who"], time="when", strength=5.0)
    assert np.isnan(mean[0]) and mean[20] == 0.0 and 0.0 < mean[21] < mean[39] < 1.0


def test_errors_name_what_is_wrong() -> None:
    sales = _sales()
    with pytest.raises(ContractError, match='no column "prise".*"price"'):
        trailing(sales, "prise", by=["crop"], time="when", days=7)
    with pytest.raises(UnknownValue, match="median"):
        trailing(sales, "price", by=["crop"], time="when", days=7, statistic="median")  # type: ignore[arg-type]
    with pytest.raises(ContractError, match="missing in 1 rows"):
        trailing(
            sales.assign(when=sales["when"].where(sales.index != sales.index[0])),
            "price",
            by=["crop"],
            time="when",
            days=7,
        )
