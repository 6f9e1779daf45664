from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError
from mandi.models.pricing.lot_matrix import FEATURES, LotMatrix

sys.path.insert(0, str(Path(__file__).parents[1]))
from lot_frames import lot_frame


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return lot_frame(400)


def _column(matrix: LotMatrix, frame: pd.DataFrame, name: str) -> np.ndarray:
    return matrix.build(frame)[:, matrix.names().index(name)]


def test_the_bulk_cut_is_of_the_training_part(frame: pd.DataFrame) -> None:
    matrix = LotMatrix.learn(frame[frame["part"] == "train"])
    assert np.isclose(matrix.bulk_cut, frame.loc[frame["part"] == "train", "quantity"].quantile(0.75))
    big = frame.iloc[[0]].assign(
        quantity=matrix.bulk_cut + 1
    )  # alone, it is above its own batch's every quantile
    assert _column(matrix, big, "is_bulk_order")[0] == 1.0
    assert np.isnan(_column(matrix, big.assign(quantity=np.nan), "is_bulk_order")[0])


def test_unknown_names_have_a_code_of_their_own_and_missing_ones_none(frame: pd.DataFrame) -> None:
    matrix = LotMatrix.learn(frame)
    rows = frame.head(3).assign(market=["Latur", "Atlantis", None])
    known, unknown, missing = _column(matrix, rows, "market")
    assert known == 1.0 and unknown == 3.0 and np.isnan(missing)


def test_prices_are_read_relative_to_the_level(frame: pd.DataFrame) -> None:
    matrix = LotMatrix.learn(frame)
    dearer = frame.assign(
        level=frame["level"] + np.log(2.0),
        **{
            name: frame[name] * 2.0
            for name in ("price_ma_7", "price_ma_30", "price_ma_60", "price_ma_90", "msp", "price_volatility")
        },
        **{name: frame[name] + np.log(2.0) for name in ("last_log", "national_log", "state_log")},
    )
    np.testing.assert_allclose(matrix.build(dearer), matrix.build(frame), rtol=1e-4, atol=1e-5)


def test_left_out_features_are_not_in_the_matrix(frame: pd.DataFrame) -> None:
    matrix = LotMatrix.learn(frame, left_out=("month", "quarter"))
    assert matrix.build(frame).shape == (400, len(FEATURES) - 2) and "month" not in matrix.names()


def test_missing_columns_are_named(frame: pd.DataFrame) -> None:
    with pytest.raises(ContractError, match="micronaire"):
        LotMatrix.learn(frame.drop(columns="micronaire"))
