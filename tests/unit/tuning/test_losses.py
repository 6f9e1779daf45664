"""A loss without a stretch of days is the loss of all other rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import slope

from mandi.core.errors import TooLittleData
from mandi.models.base import Task
from mandi.tuning.losses import LOSSES, asked_loss, loss_by_stretch, loss_of

LOTS = slope.lots(60)
MODEL = slope.SlopeModel().fit(LOTS)


def test_each_stretch_is_left_out_once() -> None:
    loss = loss_of("price")
    told = loss_by_stretch(MODEL, LOTS, loss)
    assert told.whole == asked_loss(MODEL, LOTS, loss) and len(told.without) == 9
    for number, found in enumerate(told.without):
        kept = LOTS[~LOTS.index.isin(LOTS.index[7 * number : 7 * number + 7])]
        assert found == pytest.approx(asked_loss(MODEL, kept, loss), abs=0)


def test_one_stretch_has_nothing_to_be_left_out_of() -> None:
    assert loss_by_stretch(MODEL, LOTS.head(7), loss_of("price")).without == ()
    with pytest.raises(TooLittleData, match="can be scored"):
        loss_by_stretch(MODEL, LOTS.assign(label=np.nan), loss_of("price"))


def test_weeks_ahead_overlap_for_as_long_as_they_reach() -> None:
    days: dict[Task, int] = {task: loss.days for task, loss in LOSSES.items()}
    assert days.pop("forecast") >= 28 and set(days.values()) == {7}


def test_a_figure_of_all_rows_together_can_be_left_out_of_too() -> None:
    class Scorer:
        def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
            return pd.DataFrame({"fraud_score": np.arange(len(frame), dtype=float)}, index=frame.index)

    rng = np.random.default_rng(3)
    deals = LOTS.assign(label=(rng.random(60) < 0.3).astype(float))
    told = loss_by_stretch(Scorer(), deals, loss_of("detection"))  # type: ignore[arg-type]
    assert len(told.without) == 9 and np.isfinite(told.without).all() and len(set(told.without)) > 1
