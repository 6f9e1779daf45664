"""The join over time against two slow second opinions: SQL in SQLite and a loop in plain Python."""

from __future__ import annotations

import sqlite3

import numpy as np
import pandas as pd
import pytest

from mandi.tables import asof


def frames(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    start = pd.Timestamp("2024-01-01", tz="UTC")

    def one(size: int, time: str) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "commodity": rng.choice(["soybean", "tur"], size),
                "market": rng.choice(["Adoni", "Kadi", "Indore"], size),
                time: start + pd.to_timedelta(rng.integers(0, 40, size), unit="h"),
            }
        )

    right = one(60, "known_time")
    return one(80, "asof"), right.assign(value=np.arange(60))


def in_sql(left: pd.DataFrame, right: pd.DataFrame, strict: bool, max_hours: int | None) -> list[float]:
    base = sqlite3.connect(":memory:")
    hours = pd.Timestamp("2024-01-01", tz="UTC")
    for name, frame, time in (("l", left, "asof"), ("r", right, "known_time")):
        plain = frame.assign(t=(frame[time] - hours) // pd.Timedelta("1h")).drop(columns=time)
        plain.reset_index(drop=True).to_sql(name, base, index_label="row")
    age = "" if max_hours is None else f"and l.t - r.t <= {max_hours}"
    rows = base.execute(
        f"""select (select r.value from r where r.commodity = l.commodity and r.market = l.market
            and r.t {"<" if strict else "<="} l.t {age} order by r.t desc, r.row desc limit 1)
            from l order by l.row"""
    ).fetchall()
    return [np.nan if value is None else float(value) for (value,) in rows]


def in_a_loop(left: pd.DataFrame, right: pd.DataFrame, strict: bool, max_hours: int | None) -> list[float]:
    answers = []
    for _, asked in left.iterrows():
        best, answer = None, np.nan
        for _, row in right.iterrows():
            if (row["commodity"], row["market"]) != (asked["commodity"], asked["market"]):
                continue
            if row["known_time"] > asked["asof"] or (strict and row["known_time"] == asked["asof"]):
                continue
            if max_hours is not None and asked["asof"] - row["known_time"] > pd.Timedelta(hours=max_hours):
                continue
            if best is None or row["known_time"] >= best:
                best, answer = row["known_time"], float(row["value"])
        answers.append(answer)
    return answers


@pytest.mark.parametrize("max_hours", [None, 6])
@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_against_sql_and_a_loop(seed: int, strict: bool, max_hours: int | None) -> None:
    left, right = frames(seed)
    age = None if max_hours is None else pd.Timedelta(hours=max_hours)
    got = asof.join(left, right, by=["commodity", "market"], strict=strict, max_age=age)["value"].tolist()
    assert got == pytest.approx(in_sql(left, right, strict, max_hours), nan_ok=True)
    assert got == pytest.approx(in_a_loop(left, right, strict, max_hours), nan_ok=True)
    assert 5 < np.isfinite(got).sum() < 80
