"""The charts of a price model: errors beside the baselines, the back-test, intervals, prices one by one, errors over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mandi.evaluation.slices import slices
from mandi.report import breakdown, plots
from mandi.report.figures import coverage_of, lots_chart

if TYPE_CHECKING:
    from mandi.report.canvas import Chart
    from mandi.report.results import Results

DRAWN_HORIZON = 7  # days ahead whose slices and errors are drawn, or the nearest that was asked


def charts(results: Results) -> list[Chart]:
    """Draw everything measured on a price model.

    Parameters
    ----------
    results : Results
        Of the task "price".

    Returns
    -------
    list of Chart
    """
    answered = results.rows[results.rows["label"].notna()]
    market = answered[answered["kind"] == "market"]
    rolled = results.backtest[results.backtest["kind"] == "market"]
    covered = coverage_of(results.metrics, by_volatility=True)
    drawn: list[Chart | None] = [
        plots.error_by_horizon(market) if len(market) else None,
        lots_chart(results.metrics),
        plots.skill_by_quarter(rolled) if len(rolled) else None,
        plots.coverage(covered) if len(covered) else None,
        plots.predicted_against_actual(answered[answered["kind"] == answered["kind"].min()]),
    ]
    if len(market):
        asked = market["horizon_days"].drop_duplicates()
        horizon = int(asked.iloc[(asked - DRAWN_HORIZON).abs().argmin()])
        one = market[market["horizon_days"] == horizon]
        by_slice = slices(answered.assign(baseline=answered["last_price"]))
        drawn += [
            plots.residuals(one, f"Error of the forecast {horizon} days ahead"),
            breakdown.slices(
                by_slice[(by_slice["kind"] == "market") & (by_slice["horizon_days"] == horizon)], "market"
            ),
        ]
    return [chart for chart in drawn if chart is not None]
