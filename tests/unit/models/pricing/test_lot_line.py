from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mandi.models.pricing.lot_line import CLIP, CODES, CURVED, LotLine
from mandi.models.pricing.lot_matrix import LotMatrix
from mandi.models.pricing.lot_trees import TreeParams

sys.path.insert(0, str(Path(__file__).parents[1]))
from lot_frames import NOISE, lot_frame


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return lot_frame(1200)


@pytest.fixture(scope="module")
def matrix(frame: pd.DataFrame) -> LotMatrix:
    return LotMatrix.learn(frame)


@pytest.fixture(scope="module")
def line(frame: pd.DataFrame, matrix: LotMatrix) -> LotLine:
    target = 100.0 * (np.log(frame["label"]) - frame["level"]).to_numpy()
    return LotLine.fit(
        (matrix.build(frame), target, np.ones(len(frame))),
        TreeParams(),
        "cpu",
        objective="ridge",
        names=matrix.names(),
    )


def test_it_learns_slopes_and_names(line: LotLine, matrix: LotMatrix) -> None:
    new = lot_frame(800, seed=5)
    off = line.predict(matrix.build(new)) / 100.0 - new["premium"]
    assert off.std() < NOISE < new["premium"].std() * 2


def test_a_rows_bits_do_not_depend_on_the_others(
    line: LotLine, matrix: LotMatrix, frame: pd.DataFrame
) -> None:
    rows = matrix.build(frame.head(40))
    np.testing.assert_array_equal([line.predict(rows[[i]])[0] for i in range(40)], line.predict(rows))


def test_a_contribution_is_what_its_regressors_add_one_by_one(
    line: LotLine, matrix: LotMatrix, frame: pd.DataFrame
) -> None:
    """Written out for a single row, without the arrays that are kept ready."""
    rows, names = matrix.build(frame.head(20)).astype(float), matrix.names()
    for values, told in zip(rows, line.contributions(rows)):
        fitted = line.lines[int(values[names.index("commodity")])]
        coded = [name for name in names if name in CODES]
        plain = [n for n in names if n not in (*coded, "commodity") and not n.endswith("_missing")]
        terms = [(len(names), 1.0)]
        for power, chosen in ((1, plain), (2, [n for n in plain if n in CURVED])):
            for name in chosen:
                k = plain.index(name)
                scaled = (values[names.index(name)] - fitted["centre"][k]) / fitted["spread"][k]
                value = 0.0 if np.isnan(scaled) else float(np.clip(scaled, -CLIP, CLIP))
                terms.append((names.index(name), value**power))
        for name, known in zip(coded, fitted["codes"]):
            terms += [(names.index(name), float(values[names.index(name)] == code)) for code in known]
        expected = np.zeros(len(names) + 1)
        for (place, value), weight in zip(terms, fitted["weights"], strict=True):
            expected[place] += value * weight
        np.testing.assert_allclose(told, expected, rtol=1e-12, atol=1e-12)


def test_contributions_sum_and_belong_to_their_features(
    line: LotLine, matrix: LotMatrix, frame: pd.DataFrame
) -> None:
    rows = matrix.build(frame.head(100))
    parts = line.contributions(rows)
    np.testing.assert_allclose(parts.sum(axis=1), line.predict(rows), rtol=1e-9, atol=1e-9)
    cotton = (frame.head(100)["commodity"] == "cotton").to_numpy()
    staple = parts[:, matrix.names().index("staple_length_mm")]
    assert np.abs(staple[cotton]).mean() > 0.5 and (staple[~cotton] == 0.0).all()


def test_a_commodity_never_seen_adds_nothing(line: LotLine, matrix: LotMatrix, frame: pd.DataFrame) -> None:
    strange = matrix.build(frame.head(5).assign(commodity="saffron"))
    assert (line.predict(strange) == 0.0).all()


def test_a_wild_value_moves_no_further_than_the_edge(
    line: LotLine, matrix: LotMatrix, frame: pd.DataFrame
) -> None:
    cotton = frame[frame["commodity"] == "cotton"].head(1)
    far, farther = (line.predict(matrix.build(cotton.assign(staple_length_mm=v)))[0] for v in (60.0, 6000.0))
    assert far == farther


def test_saved_and_loaded_it_gives_the_same_bits(
    line: LotLine, matrix: LotMatrix, frame: pd.DataFrame, tmp_path: Path
) -> None:
    line.save(tmp_path / "line.json")
    np.testing.assert_array_equal(
        LotLine.load(tmp_path / "line.json").predict(matrix.build(frame)), line.predict(matrix.build(frame))
    )
