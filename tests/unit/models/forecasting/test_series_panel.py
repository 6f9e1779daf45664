"""Panels of series: what is cut is gone, what is kept keeps its days."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError
from mandi.models.forecasting.series_panel import SeriesPanel


def _panel() -> SeriesPanel:
    return SeriesPanel.of(
        {"a": [1.0, 2.0, 3.0], "b": [5.0, 6.0]}, last={"a": "2015-01-03", "b": "2015-02-02"}
    )


def test_a_frame_and_a_panel_say_the_same() -> None:
    frame = _panel().to_frame()
    again = SeriesPanel.from_frame(frame.sample(frac=1.0, random_state=0))
    assert again.names == ("a", "b")
    assert again.last.astype(str).tolist() == ["2015-01-03", "2015-02-02"]
    assert [v.tolist() for v in again.values] == [[1.0, 2.0, 3.0], [5.0, 6.0]]
    assert frame["ds"].iloc[0] == pd.Timestamp("2015-01-01")


def test_before_hides_the_last_steps_and_never_empties_a_series() -> None:
    then = _panel().before(2)
    assert [v.tolist() for v in then.values] == [[1.0], [5.0]]
    assert then.last.astype(str).tolist() == ["2015-01-01", "2015-02-01"]


def test_days_ahead_follow_the_last_day_by_the_step() -> None:
    weekly = SeriesPanel.of({"a": [1.0, 2.0]}, last="2015-01-08", step_days=7)
    assert weekly.days(0).astype(str).tolist() == ["2015-01-01", "2015-01-08"]
    assert weekly.days_ahead(0, 2).astype(str).tolist() == ["2015-01-15", "2015-01-22"]


@pytest.mark.parametrize("days", [["2015-01-01", "2015-01-03"], ["2015-01-01", "2015-01-01"]])
def test_a_gap_or_a_day_twice_is_refused(days: list[str]) -> None:
    frame = pd.DataFrame({"unique_id": "a", "ds": pd.to_datetime(days), "y": 1.0})
    with pytest.raises(ContractError, match="series a has gaps"):
        SeriesPanel.from_frame(frame)


@pytest.mark.parametrize("values", [[], [1.0, np.nan]])
def test_values_that_are_not_finite_are_refused(values: list[float]) -> None:
    with pytest.raises(ContractError, match="not finite"):
        SeriesPanel.of({"a": values})


def test_names_are_different() -> None:
    with pytest.raises(ContractError, match="share one name"):
        SeriesPanel(("a", "a"), (np.ones(2), np.ones(2)), np.array(["2015-01-01"] * 2, dtype="datetime64[D]"))
