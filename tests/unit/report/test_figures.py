from __future__ import annotations

from mandi.report.figures import by_horizon, coverage_of, horizons_chart, lots_chart, side_by_side

METRICS = {
    "market.7.mae": 97.0, "market.1.mae": 64.0, "market.1.last_price.mae": 76.0, "market.1.coverage90": 0.9,
    "market.1.coverage95": 0.95, "market.1.calm.coverage90": 0.92, "market.1.restless.coverage90": 0.88, "lot.mae": 44.0,
    "lot.last_price.mae": 93.0, "lot.calm.mae": 30.0, "lot.floor_mae": 40.0, "lot.coverage95": 0.951,
    "market.pooled.mae": 80.0, "market.pooled.coverage95": 0.94,
}  # fmt: skip


def test_horizons_are_in_order() -> None:
    table = by_horizon(METRICS)
    assert table["horizon_days"].tolist() == [1, 7]
    assert table["last_price.mae"].tolist()[0] == 76.0


def test_coverage_together_and_by_third() -> None:
    table = coverage_of(METRICS)
    assert table[["question", "nominal"]].to_numpy().tolist() == [
        ["1 day", 0.9],
        ["1 day", 0.95],
        ["lots", 0.95],
    ]
    thirds = coverage_of(METRICS, by_volatility=True)
    assert thirds["volatility"].tolist() == ["calm", "restless"] and thirds["coverage"].tolist() == [
        0.92,
        0.88,
    ]


def test_lots_are_drawn_beside_baselines_and_floor() -> None:
    figure = lots_chart(METRICS)
    assert figure is not None
    axes = figure.axes[0]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["model", "last price"]
    assert [line.get_xdata()[0] for line in axes.lines] == [40.0]  # type: ignore[index]


def test_what_was_not_measured_is_not_drawn() -> None:
    assert lots_chart({"market.1.mae": 64.0}) is None
    assert horizons_chart({"lot.mae": 44.0}) is None
    assert len(coverage_of({})) == 0


def test_side_by_side_leaves_out_what_nobody_has() -> None:
    table = side_by_side(
        {"mine": METRICS, "champion": {"market.1.skill": 0.1}}, ["lot.mae", "lot.r2", "market.1.skill"]
    )
    assert table["metric"].tolist() == ["lot.mae", "market.1.skill"]
    assert table["champion"].isna().tolist() == [True, False]
