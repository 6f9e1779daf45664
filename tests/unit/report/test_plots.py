from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from questions import answered, coverage_table, explained

from mandi.core.errors import ContractError
from mandi.evaluation.slices import slices as measure_slices
from mandi.report import breakdown, plots
from mandi.report.canvas import Chart


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return answered()


def _charts(rows: pd.DataFrame) -> dict[str, Chart]:
    market = rows[rows["kind"] == "market"]
    past = pd.DataFrame(
        {"day": pd.date_range("2022-12-01", periods=30), "price": np.linspace(4200, 4300, 30)}
    )
    ahead = market[market["commodity"] == "soybean"].groupby("horizon_days").head(1)
    week = measure_slices(market.assign(baseline=market["last_price"]), 20)
    effects = explained()
    return {
        "forecast": plots.forecast(past, ahead),
        "one answer": plots.forecast(past, ahead.head(1).drop(columns="label")),
        "errors": plots.error_by_horizon(market),
        "skill": plots.skill_by_quarter(market),
        "coverage": plots.coverage(coverage_table()),
        "actual": plots.predicted_against_actual(rows, most=50),
        "residuals": plots.residuals(market),
        "contributions": breakdown.contributions(effects, float(effects["effect"].sum()), most=4),
        "slices": breakdown.slices(week[week["horizon_days"] == 7], "market"),
        "no baseline": breakdown.slices(measure_slices(rows[rows["kind"] == "lot"], 20), "commodity"),
        "floor": breakdown.against_floor({"model": 44.0, "last report": 93.0, "absent": float("nan")}, 40.0),
    }


def test_every_chart_draws_says_what_it_shows_and_changes_nothing(rows: pd.DataFrame) -> None:
    kept = rows.copy(deep=True)
    for name, figure in _charts(rows).items():
        data, metadata = figure._repr_png_()
        assert data.startswith(b"\x89PNG") and len(data) > 4000, name
        assert metadata["alt"], name
        assert figure.axes[0].get_xlabel() or figure.axes[0].get_ylabel(), name
    pd.testing.assert_frame_equal(rows, kept)


def test_the_same_rows_give_the_same_picture(rows: pd.DataFrame) -> None:
    assert plots.residuals(rows).png() == plots.residuals(rows).png()


def test_bars_are_mean_absolute_errors(rows: pd.DataFrame) -> None:
    market = rows[rows["kind"] == "market"]
    axes = plots.error_by_horizon(market).axes[0]
    heights = [bar.get_height() for bar in axes.containers[0]]
    wanted = (market["predicted_price"] - market["label"]).abs().groupby(market["horizon_days"]).mean()
    assert heights == pytest.approx(wanted.tolist())


def test_a_quarter_below_zero_is_named(rows: pd.DataFrame) -> None:
    spoilt = rows[rows["kind"] == "market"].copy()
    late = spoilt["asof"] >= pd.Timestamp("2024-10-01", tz="UTC")
    spoilt.loc[late, "predicted_price"] += 900
    texts = [t.get_text() for t in plots.skill_by_quarter(spoilt).axes[0].texts]
    assert any(text.startswith("worst: -") for text in texts)


def test_less_than_a_year_is_drawn_by_month(rows: pd.DataFrame) -> None:
    market = rows[rows["kind"] == "market"]
    short = market[market["asof"] < pd.Timestamp("2023-06-01", tz="UTC")]
    labels = [t.get_text() for t in plots.skill_by_quarter(short).axes[0].get_xticklabels()]
    assert labels == ["Jan 2023", "Feb 2023", "Mar 2023", "Apr 2023", "May 2023"]
    assert plots.skill_by_quarter(market).axes[0].get_xticklabels()[0].get_text() == "2023 Q1"


def test_a_waterfall_must_add_up() -> None:
    effects = explained()
    total = float(effects["effect"].sum())
    with pytest.raises(ContractError, match="add up to"):
        breakdown.contributions(effects, total + 1)
    steps = breakdown._steps(effects.set_index("feature")["effect"], 3)
    assert steps.sum() == pytest.approx(total)
    assert list(steps.index)[0] == "base" and steps.index[-1] == "all others (6)"
    level = pd.Series({"typical lot": -3.0, "market level": 2589.8, "grade": 42.0})
    assert list(breakdown._steps(level, 5).index) == ["market level", "grade", "typical lot"]


def test_the_worst_slice_is_named(rows: pd.DataFrame) -> None:
    market = rows[(rows["kind"] == "market") & (rows["horizon_days"] == 7)]
    table = measure_slices(market.assign(baseline=market["last_price"]), 20)
    worst = table.loc[table["worst"], "value"].iloc[0]
    assert worst in breakdown.slices(table, "market").alt


def test_a_missing_column_is_named(rows: pd.DataFrame) -> None:
    with pytest.raises(ContractError, match='no column "predicted_price"') as error:
        plots.residuals(rows.rename(columns={"predicted_price": "predicted_prices"}))
    assert "predicted_prices" in str(error.value)
    with pytest.raises(ContractError, match="last_price"):
        plots.error_by_horizon(rows.drop(columns=["last_price", "seasonal_naive"]))


def test_past_prices_are_the_median_of_a_day() -> None:
    reports = pd.DataFrame({
        "commodity": "tur", "market": ["Latur", "Latur", "Latur", "Kadi"], "modal_price": [7000.0, 7200.0, 7300.0, 1.0],
        "event_time": pd.to_datetime(["2024-01-01 18:30", "2024-01-01 18:30", "2024-05-01 18:30", "2024-05-02 18:30"], utc=True),
    })  # fmt: skip
    assert plots.past_prices(reports, "tur", "Latur", 365)["price"].tolist() == [7100.0, 7300.0]
    assert plots.past_prices(reports, "tur", "Latur", 30)["day"].tolist() == [pd.Timestamp("2024-05-01")]
