"""The charts of a model follow from its task: one module per ``Spec.task``, each with ``charts(results)``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mandi.core.lookup import looked_up

if TYPE_CHECKING:
    from mandi.report.canvas import Chart
    from mandi.report.results import Results

CHARTS: dict[str, str] = {
    "price": "mandi.report.price_charts",
    "forecast": "mandi.report.forecast_charts",
    "grading": "mandi.report.grading_charts",
    "detection": "mandi.report.detection_charts",
    "ranking": "mandi.report.ranking_charts",
}


def charts_for(results: Results) -> list[Chart]:
    """Draw what was measured on one model, in reading order.

    Parameters
    ----------
    results : Results
        From ``mandi.report.results.read_results``.

    Returns
    -------
    list of Chart
        Those that the measured figures allow; each with a title of its own.

    Raises
    ------
    UnknownValue
        No charts are known for the task.
    """
    drawn: list[Chart] = looked_up(results.task, CHARTS, "charts for").charts(results)
    return drawn
