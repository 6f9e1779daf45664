"""A few replays of a generated market: calm weeks are no alarm, moved columns are one; make bench-drift has two hundred."""

from __future__ import annotations

import pandas as pd
import pytest

from benchmarks.drift import Watch
from benchmarks.drift_markets import SHIFT, filter_answers, frames_of
from mandi.core.config import build, load_params
from mandi.evaluation.drift.params import DriftParams


@pytest.mark.slow
def test_calm_weeks_are_no_alarm_and_half_of_the_columns_moved_is_one(root) -> None:  # type: ignore[no-untyped-def]
    params = load_params(root / "params.yaml")
    drift = build(DriftParams, params["drift"], "drift")
    frames = frames_of(params, {"seed": 901, "start": "2020-01-01", "days": 1288, "markets": 12})
    watch = Watch(frames, filter_answers(frames["price"]), drift, SHIFT + pd.Timedelta(days=28))
    replays = [watch.replay(SHIFT - pd.Timedelta(days=28 + 49 * k)) for k in range(6)]
    assert sum(replay["any"] is not None for replay in replays) <= 1, replays
    assert watch.planted("quality", 0.5) and not watch.planted("quality", 0.2)
