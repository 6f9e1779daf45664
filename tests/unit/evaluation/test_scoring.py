"""The naive interval: frozen before the test."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mandi.evaluation.scoring import with_naive_bounds


def asked(last: list[float], label: list[float]) -> pd.DataFrame:
    own = {"commodity": "tur", "kind": "market", "horizon_days": 1}
    return pd.DataFrame({"last_price": last, "label": label}).assign(**own)


def test_the_naive_width_is_that_of_before_and_nothing_in_the_test_moves_it():
    earlier = asked([100.0] * 5, [100.0, 101.0, 102.0, 103.0, 104.0])
    rows = asked([50.0, 200.0], [50.0, 200.0])
    found = with_naive_bounds(rows, earlier, "last_price")
    width = np.log(found["naive_upper_90"] / found["naive_lower_90"])
    half = np.quantile(np.log([1.0, 1.01, 1.02, 1.03, 1.04]), 0.9)
    assert width.tolist() == pytest.approx([2 * half] * 2)
    wild = with_naive_bounds(rows.assign(label=[500.0, 2.0]), earlier, "last_price")
    bounds = [name for name in found if name.startswith("naive_")]
    pd.testing.assert_frame_equal(wild[bounds], found[bounds], check_exact=True)
