"""What is unusual for a supplier: calibrated alarms, each detector, and one reference per commodity."""

from __future__ import annotations

import numpy as np
import pytest

from mandi.core.errors import ConfigError, NotFitted
from mandi.models.grading.quality_watch import DETECTORS, Watch, WatchParams


def deviations(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two commodities, the first measured by two measures, the second by the other two."""
    rng = np.random.default_rng(seed)
    commodity = rng.integers(0, 2, count)
    rows = rng.standard_normal((count, 4))
    rows[commodity == 0, 2:] = np.nan
    rows[commodity == 1, :2] = np.nan
    return rows, commodity.astype(np.intp)


@pytest.fixture(scope="module")
def watch() -> Watch:
    return (
        Watch(WatchParams(trees=40, alarm_share=0.05))
        .fit(*deviations(2000, 0))
        .calibrate(*deviations(1500, 1))
    )


def test_usual_lots_are_flagged_as_often_as_asked(watch: Watch) -> None:
    scores = watch.scores(*deviations(4000, 2))
    assert ((scores >= 0.0) & (scores <= 1.0)).all()
    assert watch.alarms(scores).mean() == pytest.approx(0.05, abs=0.015)
    assert np.quantile(scores, [0.25, 0.5, 0.75]) == pytest.approx([0.25, 0.5, 0.75], abs=0.04)


@pytest.mark.parametrize("detector", DETECTORS)
def test_each_detector_alone_ranks_far_lots_higher(detector: str) -> None:
    one = (
        Watch(WatchParams(trees=40, detectors=(detector,)))
        .fit(*deviations(2000, 0))
        .calibrate(*deviations(1500, 1))
    )
    rows, commodity = deviations(300, 3)
    usual, moved = one.scores(rows, commodity), one.scores(rows + 4.0, commodity)
    assert (moved > usual).mean() > 0.97 and moved.mean() > 0.97


def test_far_lots_still_rank_and_never_pass_one(watch: Watch) -> None:
    steps = np.array([[size, size, np.nan, np.nan] for size in (4.0, 6.0, 12.0, 100.0)])
    scores = watch.scores(steps, np.zeros(4, dtype=np.intp))
    assert (np.diff(scores) > 0).all() and scores[-1] < 1.0


def test_a_score_is_the_same_alone_and_nothing_measured_is_usual(watch: Watch) -> None:
    rows, commodity = deviations(200, 4)
    whole = watch.scores(rows, commodity)
    for place in (0, 99, 199):
        np.testing.assert_array_equal(watch.scores(rows[[place]], commodity[[place]]), whole[[place]])
    nothing = watch.scores(np.full((1, 4), np.nan), np.zeros(1, dtype=np.intp))
    assert nothing[0] < 0.5 and not watch.alarms(nothing)[0]
    assert np.isfinite(watch.scores(np.ones((1, 4)), np.array([-1]))).all()
    assert len(watch.scores(rows[:0], commodity[:0])) == 0


def test_it_is_plain_arrays(watch: Watch) -> None:
    again = Watch(watch.params)
    again.kept = {name: values.copy() for name, values in watch.kept.items()}
    rows, commodity = deviations(50, 5)
    np.testing.assert_array_equal(again.scores(rows, commodity), watch.scores(rows, commodity))
    assert all(values.dtype.kind in "fiub" for values in watch.kept.values())


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ConfigError, match="forest"):
        WatchParams(detectors=("forest",))
    with pytest.raises(ConfigError, match="alarm_share"):
        WatchParams(alarm_share=0.0)
    with pytest.raises(NotFitted):
        Watch().scores(np.zeros((1, 2)), np.zeros(1, dtype=np.intp))


def test_a_single_lot_of_a_commodity_tells_nothing_and_warns_of_nothing() -> None:
    rows, commodity = deviations(300, 0)
    alone = np.array([[0.5, 0.5, np.nan, np.nan]])
    with np.errstate(all="raise"):
        watch = Watch(WatchParams(trees=10)).fit(
            np.vstack([rows, alone]), np.append(commodity, 2).astype(np.intp)
        )
        watch.calibrate(*deviations(200, 1))
    far = watch.distances(np.array([[9.0, 9.0, np.nan, np.nan]] * 2), np.array([2, 0], dtype=np.intp))
    assert far["isolation"][0] == pytest.approx(0.5) and far["isolation"][1] > 0.6
