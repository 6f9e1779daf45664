from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from mandi.compute import Compute, ComputeParams, computing
from mandi.models.pricing.lot_ranks import CANDIDATES, Lesson, grown
from mandi.models.pricing.lot_trees import QUANTILES, QuantileParams, TreeParams, XGBoostParams, XGBoostTrees

NAMES = ["commodity", "a", "b"]
PARAMS = TreeParams(
    xgboost=XGBoostParams(n_estimators=40, max_depth=4, learning_rate=0.2),
    quantiles=QuantileParams(n_estimators=40, learning_rate=0.2), early_stopping_rounds=10, device="cpu",
)  # fmt: skip


@pytest.fixture(scope="module")
def workers() -> Iterator[Compute]:
    with computing(ComputeParams("dask", None, 2)) as opened:
        yield opened


def _data(seed: int, rows: int = 4000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(rows, 3)).astype(np.float32)
    matrix[:, 0] = rng.integers(0, 2, rows)
    target = matrix[:, 1] * 2.0 + np.abs(matrix[:, 2]) + rng.normal(0, 0.3, rows)
    return matrix, target, np.ones(rows)


def _fit(name: str, kind: type, objective: str, rounds: int | None = None):  # type: ignore[no-untyped-def]
    lesson = Lesson(PARAMS, "cpu", objective, NAMES, rounds)
    return grown(kind, _data(0), None if rounds else _data(1), lesson)


@pytest.mark.parametrize("name", ["xgboost", "lightgbm", "line"])
def test_together_they_learn_what_one_learns_and_always_the_same(workers: Compute, name: str) -> None:
    kind, objective = CANDIDATES[name]
    together, again = _fit(name, kind, objective), _fit(name, kind, objective)
    with computing(ComputeParams()):
        alone = _fit(name, kind, objective)
    matrix, target, _ = _data(2)
    told = [trees.predict(matrix) for trees in (together, again, alone)]
    np.testing.assert_array_equal(told[0], told[1])
    assert together.rounds == again.rounds
    off = [np.abs(target - t).mean() for t in told]
    assert off[0] == pytest.approx(off[2], rel=0.03) and off[0] < 0.6
    if name == "line":
        np.testing.assert_array_equal(told[0], told[2])


def test_rounds_that_are_given_are_grown(workers: Compute) -> None:
    for name in ("xgboost", "lightgbm"):
        assert _fit(name, *CANDIDATES[name], rounds=7).rounds == 7


def test_quantiles_cover_what_they_say(workers: Compute) -> None:
    trees = _fit("quantiles", XGBoostTrees, "reg:quantileerror")
    matrix, target, _ = _data(3)
    told = trees.predict(matrix)
    assert told.shape == (len(matrix), len(QUANTILES))
    assert 0.85 < np.mean((target > told[:, 1]) & (target < told[:, 2])) < 0.95
