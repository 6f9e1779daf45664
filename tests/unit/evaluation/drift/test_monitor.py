"""What is watched of each model, and the last days of a history, which are never like the others."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError
from mandi.evaluation.drift.monitor import look, watched_columns, watched_rows
from mandi.evaluation.drift.params import DriftParams
from mandi.models import MODELS, model_class
from mandi.models.base import Field, Spec

PARAMS = DriftParams(min_rows=20)
NEVER = {
    "asof", "target_day", "last_day", "month", "quarter", "day_of_week", "day_of_year", "days_since_harvest_start", "is_harvest_season",
    "steps", "step", "supplier_trade_count", "supplier_lots", "level", "national_log", "state_log", "last_log", "msp",
}  # fmt: skip
SPEC = Spec(
    name="demand", question="?", label="label", unit="tonne", horizons=(7,), main_metric="mae", lower_is_better=True, request=(),
    inputs=tuple(Field(f"c{k}", "number", "", "") for k in range(5)), task="forecast", watched=("c0", "c1", "c2", "c3"),
    outputs=tuple(Field(n, "number", "tonne", "") for n in ("predicted_demand", "lower_bound", "upper_bound")),
)  # fmt: skip


@pytest.mark.parametrize("model", list(MODELS))
def test_no_model_watches_ids_dates_or_what_only_grows(model: str) -> None:
    watched = watched_columns(model_class(model).spec)
    assert len(watched) >= 8
    assert not NEVER & set(watched)
    assert not [name for name in watched if name.endswith(("_id", "_past"))]


def test_a_column_that_is_no_input_is_refused() -> None:
    wrong = Spec(**{**SPEC.__dict__, "watched": ("c9",)})
    with pytest.raises(ContractError, match="demand watches c9"):
        watched_columns(wrong)


def weekly(days: int = 1300, seed: int = 0) -> pd.DataFrame:
    """Questions of eight places each week, 7 to 90 days ahead; those whose week is not over are not asked yet."""
    rng = np.random.default_rng(seed)
    end = pd.Timestamp("2024-07-01", tz="UTC")
    rows = []
    for asof in pd.date_range(end=end - pd.Timedelta(hours=6), periods=days // 7, freq="7D"):
        for place in range(8):
            columns = {f"c{k}": rng.normal() + 6.0 * place for k in range(5)}
            # places ask for as many weeks as they are large
            for ahead in range(7, 14 * (place + 1), 14):
                known = asof + pd.Timedelta(days=ahead)
                if known < end:
                    label = float(np.exp(5 + 0.1 * rng.normal()))
                    rows.append({"asof": asof, "commodity": f"crop {place % 2}", "kind": "week", "horizon_days": ahead,
                                 "label": label, "label_known_time": known, **columns})  # fmt: skip
    return pd.DataFrame(rows)


def test_the_last_days_do_not_differ_by_the_far_questions_they_lack() -> None:
    frame = weekly()
    kinds = watched_columns(SPEC)
    rows = watched_rows(frame, kinds)
    assert not rows.duplicated().any()
    assert len(rows) == len(frame[["asof", *kinds]].drop_duplicates())
    drift = look(frame, None, SPEC, PARAMS)
    columns = drift.checks[0]
    assert columns.judged and not columns.alert, columns.text
    assert [check.judged for check in drift.checks[1:]] == [False] * 4


def test_a_whole_look_tells_every_test_and_measures_performance() -> None:
    frame = weekly(seed=1)
    rng = np.random.default_rng(2)
    said = np.exp(5 + 0.05 * rng.normal(size=len(frame)))
    answered = pd.DataFrame(
        {"predicted_demand": said, "lower_bound": said * 0.8, "upper_bound": said * 1.25}, index=frame.index
    )
    calm = look(frame, answered, SPEC, PARAMS)
    assert not calm.alerts
    late = frame["asof"] >= frame["asof"].max() - pd.Timedelta(days=40)
    broken = look(frame.assign(label=frame["label"] * np.where(late, 3.0, 1.0)), answered, SPEC, PARAMS)
    assert {check.test for check in broken.alerts} >= {"residuals", "calibration", "performance"}
    table = broken.checks[-1].table.set_index("figure")
    assert table.loc["mae", "now"] > 2 * table.loc["mae", "before"]
    metrics = broken.metrics()
    assert metrics["alert"] == 1.0 and metrics["residuals.alert"] == 1.0
    assert "DRIFT" in str(broken) and broken.as_dict()["alert"] is True


def test_nothing_after_the_moment_is_looked_at() -> None:
    frame = weekly(seed=3)
    until = pd.Timestamp("2024-05-01", tz="UTC")
    later = frame.assign(c0=frame["c0"].where(frame["asof"] < until, 1e6))
    assert str(look(frame, None, SPEC, PARAMS, until)) == str(look(later, None, SPEC, PARAMS, until))
