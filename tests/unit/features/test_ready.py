from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError
from mandi.features.ready import Ready, numbers, positions
from mandi.tables import asof

KEYS = {"levels": ["commodity", "market"], "suppliers": ["supplier_id"]}


def history(rows: int = 400) -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(3)
    days = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(rng.integers(0, 90, rows), unit="D")
    levels = pd.DataFrame(
        {
            "commodity": rng.choice(["cotton", "wheat"], rows),
            "market": rng.choice(["Adoni", "Kadi", "Dewas"], rows),
            "known_time": days,
            "level": rng.normal(8.5, 0.2, rows),
            "state": "Gujarat",
            "noise_sd": rng.uniform(0.01, 0.1, rows),
        }
    )
    suppliers = pd.DataFrame(
        {
            "supplier_id": rng.choice(["S1", "S2", "S3"], rows),
            "known_time": days,
            "score": rng.normal(size=rows),
        }
    )
    return {"levels": levels, "suppliers": suppliers}


def questions(rows: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    days = pd.Timestamp("2023-12-20", tz="UTC") + pd.to_timedelta(rng.integers(0, 110, rows), unit="D")
    return pd.DataFrame(
        {
            "commodity": rng.choice(["cotton", "wheat", "guar"], rows),
            "market": rng.choice(["Adoni", "Kadi", "Dewas"], rows),
            "supplier_id": rng.choice(np.array(["S1", "S3", "S9", None], dtype=object), rows),
            "asof": days,
        }
    )


@pytest.mark.parametrize(("name", "strict"), [("levels", False), ("suppliers", True)])
def test_a_ready_history_is_looked_into_as_a_plain_one(name: str, strict: bool) -> None:
    plain, asked = history(), questions()
    ready = Ready(plain, KEYS, strict=("suppliers",))
    found = positions(asked, ready, name, by=KEYS[name], strict=strict)
    expected = asof.positions(asked, plain[name], by=KEYS[name], strict=strict)
    assert (expected >= 0).any() and (expected < 0).any()
    assert np.array_equal(found, expected)
    assert np.array_equal(positions(asked, plain, name, by=KEYS[name], strict=strict), expected)
    for i in range(20):
        one = asked.iloc[[i]]
        assert positions(one, ready, name, by=KEYS[name], strict=strict)[0] == expected[i]


def test_numbers_are_the_columns_of_numbers_side_by_side() -> None:
    plain = history()
    for made in (plain, Ready(plain, KEYS)):
        names, block = numbers(made, "levels")
        assert names == ["level", "noise_sd"]
        assert np.array_equal(block, plain["levels"][names].to_numpy().T)


def test_it_is_a_history_like_any_other() -> None:
    plain = history()
    ready = Ready({"levels": plain["levels"]}, KEYS)
    assert set(ready) == {"levels"} and ready["levels"] is plain["levels"]
    with pytest.raises(ContractError, match="known_time"):
        Ready({"levels": plain["levels"].drop(columns="known_time")}, KEYS)
