"""Reads the figures that charts and tables show out of flat metrics such as ``market.7.last_price.mae``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from mandi.report.canvas import Chart

TERCILES = ("calm", "middle", "restless")
MAIN = (
    "lot.mae", "lot.r2", "lot.mape", "lot.coverage90", "lot.coverage95", "lot.floor_ratio", "market.0.mae", "market.1.skill",
    "market.7.skill", "market.30.skill", "market.60.skill", "market.1.coverage95", "market.7.coverage95", "market.pooled.mae",
)  # fmt: skip


def known(metrics: Mapping[str, float | None]) -> dict[str, float]:
    """Return the metrics that are finite numbers; those that could not be measured are left out.

    Examples
    --------
    >>> known({"lot.mae": 43.0, "market.60.skill": float("nan"), "lot.r2": None})
    {'lot.mae': 43.0}
    """
    return {
        name: float(value) for name, value in metrics.items() if value is not None and math.isfinite(value)
    }


def by_horizon(metrics: Mapping[str, float]) -> pd.DataFrame:
    """Read the figures of each horizon.

    Parameters
    ----------
    metrics : mapping of str to float
        ``market.7.mae``, ``market.7.last_price.mae``, ``market.7.coverage90``, ... INR per quintal, or shares.

    Returns
    -------
    DataFrame
        ``horizon_days`` and one column per figure found.

    Examples
    --------
    >>> by_horizon({"market.7.mae": 97.0, "market.7.last_price.mae": 122.0, "market.pooled.mae": 1.0, "lot.mae": 43.0})
       horizon_days   mae  last_price.mae
    0             7  97.0           122.0
    """
    found: dict[int, dict[str, float]] = {}
    for name, value in metrics.items():
        parts = name.split(".", 2)
        if len(parts) == 3 and parts[0] == "market" and parts[1].isdigit():
            found.setdefault(int(parts[1]), {})[parts[2]] = value
    return pd.DataFrame([{"horizon_days": h, **found[h]} for h in sorted(found)])


def coverage_of(metrics: Mapping[str, float], *, by_volatility: bool = False) -> pd.DataFrame:
    """Read measured coverage, as ``plots.coverage`` draws it.

    Parameters
    ----------
    metrics : mapping of str to float
        ``lot.coverage95``, ``market.1.coverage90``, ``market.1.calm.coverage90``, ...
    by_volatility : bool
        The thirds of volatility apart, in a column ``volatility``; else all together.

    Examples
    --------
    >>> coverage_of({"lot.coverage95": 0.951, "market.1.calm.coverage90": 0.9})
      question  nominal  coverage
    0     lots     0.95     0.951
    """
    from mandi.report.canvas import ahead_of

    rows = []
    for name, value in metrics.items():
        question, _, figure = name.rpartition(".")
        head, _, third = question.rpartition(".")
        if third in TERCILES:
            question = head
        is_horizon = question.startswith("market.") and question[7:].isdigit()
        if figure not in ("coverage90", "coverage95") or not (is_horizon or question == "lot"):
            continue
        if (third in TERCILES) != by_volatility:
            continue
        row = {
            "question": ahead_of(question[7:]) if is_horizon else "lots",
            "nominal": int(figure[-2:]) / 100,
        }
        order = (TERCILES.index(third) if by_volatility else 0, int(question[7:]) if is_horizon else 999)
        rows.append((order, row | {"coverage": value} | ({"volatility": third} if by_volatility else {})))
    return pd.DataFrame([row for _, row in sorted(rows, key=lambda pair: (*pair[0], pair[1]["nominal"]))])


def lots_chart(
    metrics: Mapping[str, float], title: str = "Lots: error beside the best possible"
) -> Chart | None:
    """Draw the error of lot prices beside every baseline and the noise floor; None where no lots were measured."""
    from mandi.report.breakdown import against_floor

    if "lot.mae" not in metrics:
        return None
    errors = {"model": metrics["lot.mae"]}
    for name, value in metrics.items():
        parts = name.split(".")
        if len(parts) == 3 and parts[0] == "lot" and parts[2] == "mae" and parts[1] not in TERCILES:
            errors[parts[1].replace("_", " ")] = value
    return against_floor(errors, metrics.get("lot.floor_mae"), title=title)


def horizons_chart(
    metrics: Mapping[str, float], title: str = "Mean absolute error by days ahead"
) -> Chart | None:
    """Draw the error of market prices by horizon beside the baselines; None where no market was measured."""
    from mandi.report.plots import BASELINES, mae_bars

    horizons = by_horizon(metrics)
    if "mae" not in horizons:
        return None
    columns = {"mae": "predicted_price", **{f"{b}.mae": b for b in BASELINES}}
    mae = horizons.set_index("horizon_days")[[c for c in columns if c in horizons]]
    return mae_bars(mae.rename(columns=columns), title=title)


def side_by_side(runs: Mapping[str, Mapping[str, float]], names: Sequence[str] = MAIN) -> pd.DataFrame:
    """Put the same metrics of several models next to each other.

    Parameters
    ----------
    runs : mapping of label to metrics
        The first is compared with the second.
    names : sequence of str
        Metrics shown, where any of the models has them.

    Returns
    -------
    DataFrame
        ``metric``, one column per label, ``difference`` (first minus second).

    Examples
    --------
    >>> side_by_side({"mine": {"lot.mae": 44.0}, "champion": {"lot.mae": 45.5}})
        metric  mine  champion  difference
    0  lot.mae  44.0      45.5        -1.5
    """
    shown = [name for name in names if any(name in metrics for metrics in runs.values())]
    columns = {label: [metrics.get(name, float("nan")) for name in shown] for label, metrics in runs.items()}
    frame = pd.DataFrame({"metric": shown, **columns})
    first, *others = list(runs)
    return frame.assign(difference=frame[first] - frame[others[0]]) if others else frame
