from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError, DataNotFound
from mandi.tables.parts import Parts, join_into, split_into


def _frame(rows: int = 25) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "price": np.arange(rows, dtype=float),
            "days": np.arange(rows),
            "note": [None] * 10 + ["late"] * (rows - 10),  # of the first part nothing but missing
            "asof": pd.date_range("2024-01-01", periods=rows, tz="UTC"),
        }
    )


def test_split_and_joined_it_is_the_frame_it_was(tmp_path: Path) -> None:
    frame = _frame()
    parts = split_into(frame, tmp_path / "parts", 10)
    assert parts.rows() == [10, 10, 5] and len(parts) == 3
    assert join_into(parts, tmp_path / "joined.parquet") == 25
    frame.to_parquet(tmp_path / "whole.parquet")
    whole, joined = (pd.read_parquet(tmp_path / f"{name}.parquet") for name in ("whole", "joined"))
    pd.testing.assert_frame_equal(joined, whole, check_exact=True)


def test_an_index_of_its_own_is_kept(tmp_path: Path) -> None:
    frame = _frame().sample(frac=1.0, random_state=0)
    join_into(split_into(frame, tmp_path / "parts", 7), tmp_path / "joined.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "joined.parquet"), frame)


def test_a_frame_without_rows_is_one_part(tmp_path: Path) -> None:
    parts = split_into(_frame().iloc[:0], tmp_path / "parts", 10)
    assert parts.rows() == [0] and list(parts.read(0).columns) == parts.columns()


def test_what_a_dead_writer_left_is_no_part(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    (tmp_path / ".begun-00000-1").write_bytes(b"PAR1 half of it")
    assert len(parts) == 0
    parts.write(0, _frame())
    assert [len(part) for part in parts] == [25]


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    parts = split_into(_frame(), tmp_path, 10)
    with pytest.raises(DataNotFound, match="no part 3"):
        parts.read(3)
    with pytest.raises(ContractError, match="lacks prise"):
        parts.read(0, ["prise"])
    assert list(parts.read(0, ["days"]).columns) == ["days"]
