"""Windows against two independent answers: SQL in sqlite, and a loop marked DO NOT OPTIMISE."""

from __future__ import annotations

import sqlite3

import numpy as np
import pandas as pd
import pytest

from mandi.features.windows import shrunken_mean, trailing


def _sales(rows: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    return pd.DataFrame(
        {
            "row": range(rows),
            "market": rng.choice(["Akola", "Latur", "Rajkot"], rows),
            "day": rng.integers(0, 200, rows),
            "price": np.where(rng.random(rows) < 0.15, np.nan, 3000 + np.cumsum(rng.normal(0, 40, rows))),
        }
    )


def _ours(sales: pd.DataFrame, **options: object) -> pd.Series:
    timed = sales.assign(when=pd.Timestamp("2020-01-01", tz="UTC") + pd.to_timedelta(sales["day"], unit="D"))
    return trailing(timed, "price", by=["market"], time="when", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("days", [1, 7, 30, 1000])
def test_sql_agrees(days: int) -> None:
    sales = _sales()
    with sqlite3.connect(":memory:") as base:
        sales.to_sql("sales", base, index=False)
        answer = pd.read_sql(
            """SELECT a.row, AVG(b.price) AS mean, TOTAL(b.price) AS total, COUNT(b.price) AS count
               FROM sales a LEFT JOIN sales b
                 ON b.market = a.market AND b.day < a.day AND b.day >= a.day - ?
               GROUP BY a.row ORDER BY a.row""",
            base,
            params=(days,),
        )
    np.testing.assert_allclose(_ours(sales, days=days), answer["mean"].astype(float), rtol=1e-9)
    np.testing.assert_array_equal(_ours(sales, days=days, statistic="count"), answer["count"])
    total = _ours(sales, days=days, statistic="sum").fillna(0.0)
    np.testing.assert_allclose(total, answer["total"], rtol=1e-9)


@pytest.mark.parametrize("include_now", [False, True])
@pytest.mark.parametrize("days", [7, 45, None])
def test_a_slow_loop_agrees(days: int | None, include_now: bool) -> None:
    sales = _sales(140)
    expected = []
    for _, row in sales.iterrows():  # DO NOT OPTIMISE: this is the second opinion
        seen = []
        for _, other in sales.iterrows():
            age = row["day"] - other["day"]
            inside = age >= 0 if include_now else age > 0
            if days is not None:
                inside = inside and (age < days if include_now else age <= days)
            if other["market"] == row["market"] and inside and not np.isnan(other["price"]):
                seen.append(other["price"])
        expected.append(np.std(seen, ddof=1) if len(seen) > 1 else np.nan)
    found = _ours(sales, days=days, include_now=include_now, statistic="std")
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-4)


def test_a_slow_shrunken_mean_agrees() -> None:
    sales = _sales(150)
    timed = sales.assign(when=pd.Timestamp("2020-01-01", tz="UTC") + pd.to_timedelta(sales["day"], unit="D"))
    expected = []
    for _, row in sales.iterrows():  # DO NOT OPTIMISE
        past = sales[(sales["day"] < row["day"]) & sales["price"].notna()]
        own = past[past["market"] == row["market"]]["price"]
        expected.append((own.sum() + 4.0 * past["price"].mean()) / (len(own) + 4.0) if len(past) else np.nan)
    found = shrunken_mean(timed, "price", by=["market"], time="when", strength=4.0)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
