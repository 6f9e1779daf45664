"""Charts of the market tables draw what they are given, change nothing, and do without real files."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from mandi.core.errors import ContractError
from mandi.report import market_plots
from mandi.tables.market_params import MarketParams
from mandi.tables.market_reality import real_reports, side_by_side
from mandi.tables.synthetic import generate

NOW = pd.Timestamp("2026-06-01", tz="UTC")


@pytest.fixture(scope="module")
def market():
    return generate(MarketParams(days=400, markets=10, lots_per_day=3, commodities=("soybean", "wheat")))


@pytest.fixture(scope="module")
def reports(market) -> pd.DataFrame:
    return market[0]["reports"]


@pytest.mark.parametrize(
    "draw",
    [
        lambda r: market_plots.coverage(r),
        lambda r: market_plots.levels(r, "2021-06-01"),
        lambda r: market_plots.moves(r, {}),
        lambda r: market_plots.moves(r, {"real soybean": r[r["commodity"] == "soybean"]}),
        lambda r: market_plots.arrivals_by_month(r, {}),
    ],
)
def test_charts_draw_and_change_nothing(reports, draw):
    before = reports.copy()
    figure = draw(reports)
    assert figure.png()[:4] == b"\x89PNG"
    assert figure.axes[0].lines
    pd.testing.assert_frame_equal(reports, before)


def test_weekly_coverage_is_a_share(reports):
    for line in market_plots.coverage(reports).axes[0].lines:
        assert 0 < max(line.get_ydata()) <= 1


def test_measures_are_drawn_for_both_sources(reports):
    measures = side_by_side(reports, {"other": reports[reports["commodity"] == "wheat"]})
    assert set(measures["source"]) == {"generated", "real"}
    figure = market_plots.generated_and_real(measures)
    texts = [t.get_text() for t in figure.axes[0].get_yticklabels()]
    assert texts == list(market_plots.MEASURES.values())


def test_floors_are_drawn_for_every_commodity_and_pooled(market):
    figure = market_plots.floors(market[1]["floors"]["price"])
    assert [t.get_text() for t in figure.axes[0].get_xticklabels()] == ["soybean", "wheat", "pooled"]


def test_a_missing_column_is_named(reports):
    with pytest.raises(ContractError, match="market"):
        market_plots.coverage(reports.drop(columns="market"))


def test_without_real_files_the_line_says_so(monkeypatch, tmp_path: Path):
    monkeypatch.setenv("MANDI_BENCH_DATA", str(tmp_path / "nowhere"))
    found, said = real_reports(tmp_path, NOW)
    assert found == {}
    assert "nowhere" in said


def test_files_that_are_there_are_read_and_the_others_named(monkeypatch, tmp_path: Path):
    monkeypatch.setenv("MANDI_BENCH_DATA", str(tmp_path))
    day = pd.date_range("2024-01-01", periods=30).strftime("%Y-%m-%d")
    pd.DataFrame(
        {"market": "Kadi", "commodity": "Cotton", "state": "Gujarat", "date": day, "modal_price": 7000}
    ).to_csv(tmp_path / "cotton.csv", index=False)
    found, said = real_reports(tmp_path, NOW, {"cotton": "cotton.csv", "tur": "tur.csv"})
    assert len(found["cotton"]) == 30
    assert "Absent: tur" in said
