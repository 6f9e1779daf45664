from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError
from mandi.models.pricing.level_line import LevelLine
from mandi.models.pricing.lot_matrix import LotMatrix
from mandi.models.pricing.lot_pricer import LotPricer
from mandi.models.pricing.lot_rows import LEARNT, LotRows, lots_in_blocks, market_questions
from mandi.tables.parts import Parts, split_into

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))
from lot_frames import lot_frame
from test_lot_pricer import FAST


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    lots = lot_frame(3000).assign(kind="lot")
    market = lots.head(200).assign(kind="market")
    return pd.concat([lots.iloc[:1000], market, lots.iloc[1000:]], ignore_index=True)


@pytest.fixture
def parts(frame: pd.DataFrame, tmp_path: Path) -> Parts:
    return split_into(frame, tmp_path / "frame", 450)


def test_blocks_hold_the_matrix_of_the_whole_frame(parts: Parts, frame: pd.DataFrame, tmp_path: Path) -> None:
    matrix, blocks, rows = lots_in_blocks(LotRows(parts, LevelLine()), tmp_path / "room", (), 0.75)
    lots = frame[frame["kind"] == "lot"]
    whole = LotMatrix.learn(lots[lots["part"] == "train"])
    assert matrix == whole
    for name in LEARNT:
        own = lots[lots["part"] == name]
        assert len(blocks[name]) == len(own) == len(rows[name]) > 100
        np.testing.assert_array_equal(np.concatenate(list(blocks[name])), whole.build(own))
        np.testing.assert_array_equal(rows[name]["label"], own["label"])
    assert len(blocks["train"].paths) > 1


def test_a_part_without_lots_is_told(parts: Parts, frame: pd.DataFrame, tmp_path: Path) -> None:
    lots = frame[frame["part"] != "calibration"]
    with pytest.raises(ContractError, match="no lots in calibration"):
        lots_in_blocks(
            LotRows(split_into(lots, tmp_path / "few", 900), LevelLine()), tmp_path / "room", (), 0.75
        )


def test_lightgbm_and_the_line_learn_the_same_from_blocks(
    parts: Parts, frame: pd.DataFrame, tmp_path: Path
) -> None:
    rows = frame[frame["part"] == "test"]
    for candidate in ("lightgbm", "line"):
        params = replace(FAST, candidates=(candidate,))
        whole = LotPricer(params).fit(frame[frame["kind"] == "lot"])
        apart = LotPricer(params).fit_parts(parts, None, tmp_path / candidate)
        told = [one.predict(rows)["predicted_price"].to_numpy() for one in (whole, apart)]
        np.testing.assert_allclose(told[1], told[0], rtol=1e-9)
        assert apart.record["rows"] == whole.record["rows"]


def test_xgboost_and_the_bounds_learn_as_much_from_blocks(
    parts: Parts, frame: pd.DataFrame, tmp_path: Path
) -> None:
    # its bins come from sketches of the blocks that are joined, so that trees are cut a little elsewhere
    params = replace(FAST, candidates=("xgboost",))
    rows = frame[frame["part"] == "test"]
    whole = LotPricer(params).fit(frame[frame["kind"] == "lot"])
    apart = LotPricer(params).fit_parts(parts, None, tmp_path / "room")
    told = {name: one.predict(rows) for name, one in (("whole", whole), ("apart", apart))}
    off = {name: (t["predicted_price"] - rows["label"]).abs().mean() for name, t in told.items()}
    assert off["apart"] == pytest.approx(off["whole"], rel=0.02)
    inside = rows["label"].between(told["apart"]["lower_bound_90"], told["apart"]["upper_bound_90"]).mean()
    assert 0.84 < inside < 0.96


def test_market_questions_are_thinned_evenly(
    parts: Parts, frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = market_questions(parts)
    assert len(every) == (frame["kind"] == "market").sum() == 200
    monkeypatch.setattr("mandi.models.pricing.lot_rows.MOST_REPORTS", 50)
    few = market_questions(parts)
    assert 45 <= len(few) <= 55 and set(few.index) <= set(every.index)
