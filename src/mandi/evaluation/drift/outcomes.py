"""What each kind of answer has that drift is looked for in: answers free of level and season, and errors once the truth is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import pandas as pd

from mandi.evaluation.drift.concept import OUTCOMES
from mandi.models.base import Task

NEAREST_DAYS = 7
"""Errors of a few days ahead add up what a market did; those of a month tell it late, those of a day are mostly noise."""
YEAR_WEEKS = 52


def answers_of(rows: pd.DataFrame, task: Task) -> pd.DataFrame:
    """Return what was answered, with the level and the season of the market taken out where they can be.

    Only the nearest questions count: of far ones the last are not answered yet when a window ends, and a window without them
    would differ from the others by that alone.

    Parameters
    ----------
    rows : DataFrame
        Inputs and outputs of answered questions.
    task : str
        ``Spec.task``.

    Returns
    -------
    DataFrame
        ``asof`` and one column per kind of answer, numbers.
    """
    return _ANSWERS[task](rows)


def outcomes_of(rows: pd.DataFrame, task: Task) -> pd.DataFrame:
    """Return how answers compared with the truth.

    Parameters
    ----------
    rows : DataFrame
        Inputs, outputs, ``label`` and ``label_known_time`` of answered questions.
    task : str
        ``Spec.task``.

    Returns
    -------
    DataFrame
        ``OUTCOMES``, see ``concept``: errors are log ratios of prices and tonnes, differences of probabilities elsewhere.
    """
    return _OUTCOMES[task](rows)


def compared(
    rows: pd.DataFrame, task: Task
) -> tuple[pd.DataFrame, Literal["regression", "classification"]] | None:
    """Return ``known, label, predicted`` of the answers that Evidently measures, and as what; None of a ranking.

    Parameters
    ----------
    rows : DataFrame
        As of ``outcomes_of``.
    task : str
    """
    names = {
        "price": "predicted_price",
        "forecast": "predicted_demand",
        "grading": "quality_grade",
        "detection": "is_fraud",
    }
    if task not in names:
        return None
    near = rows
    if task == "price":
        near = _near_prices(rows)
    elif task == "forecast":
        near = _near_weeks(rows)
    elif task == "detection":
        near = rows.assign(label=rows["label"].astype(float), is_fraud=rows["is_fraud"].astype(float))
    pairs = pd.DataFrame(
        {"known": near["label_known_time"], "label": near["label"], "predicted": near[names[task]]}
    )
    return pairs.dropna(), "regression" if task in ("price", "forecast") else "classification"


def _near_prices(rows: pd.DataFrame) -> pd.DataFrame:
    market = rows[(rows["kind"] == "market") & rows["label"].notna()]
    ahead = market["horizon_days"]
    chosen = ahead[ahead >= NEAREST_DAYS].min() if (ahead >= NEAREST_DAYS).any() else ahead.max()
    return market[ahead == chosen]


def _near_weeks(rows: pd.DataFrame) -> pd.DataFrame:
    weeks = rows[(rows["kind"] == "week") & rows["label"].notna()]
    return weeks[weeks["horizon_days"] <= 2 * NEAREST_DAYS]


def _answers_price(rows: pd.DataFrame) -> pd.DataFrame:
    near = rows[rows["horizon_days"] == 0]
    market = near["kind"] == "market"
    predicted = _log(near["predicted_price"])
    width = _log_ratio(near["upper_bound_90"], near["lower_bound_90"])
    return pd.DataFrame(
        {
            "asof": near["asof"],
            "market_over_last": (predicted - near["last_log"]).where(market),
            "market_width": width.where(market),
            "lot_over_country": (predicted - near["national_log"]).where(~market),
            "lot_width": width.where(~market),
        }
    )


def _answers_forecast(rows: pd.DataFrame) -> pd.DataFrame:
    weeks = rows[rows["kind"] == "week"]
    near = weeks[weeks["horizon_days"] == weeks["horizon_days"].min()]
    year_ago = f"w_{YEAR_WEEKS}"
    before = near[year_ago] if year_ago in near else pd.Series(np.nan, index=near.index)
    bounds = near[["lower_bound", "upper_bound"]].astype(float)
    return pd.DataFrame(
        {
            "asof": near["asof"],
            "over_last_year": _log_ratio(near["predicted_demand"], before),
            "width": (bounds["upper_bound"] - bounds["lower_bound"])
            / near["predicted_demand"].astype(float).clip(lower=1.0),
        }
    )


def _answers_grading(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[["asof", "quality_score", "confidence", "consistency_score", "anomaly_score"]]


def _answers_detection(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[["asof", "fraud_score", "p_value"]]


def _answers_ranking(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.loc[rows["feasible"] > 0, ["asof", "match_score", "rule_score"]]


def _outcomes_price(rows: pd.DataFrame) -> pd.DataFrame:
    near = _near_prices(rows)
    outside = (near["label"] < near["lower_bound_90"]) | (near["label"] > near["upper_bound_90"])
    return _outcomes(
        near["commodity"],
        near["label_known_time"],
        _log_ratio(near["label"], near["predicted_price"]),
        miss=outside,
    )


def _outcomes_forecast(rows: pd.DataFrame) -> pd.DataFrame:
    near = _near_weeks(rows)
    outside = (near["label"] < near["lower_bound"]) | (near["label"] > near["upper_bound"])
    return _outcomes(
        near["commodity"],
        near["label_known_time"],
        _log_ratio(near["label"], near["predicted_demand"]),
        miss=outside,
    )


def _outcomes_grading(rows: pd.DataFrame) -> pd.DataFrame:
    known = rows[rows["label"].notna() & rows["quality_grade"].notna()]
    grades = [
        c.removeprefix("grade_probability_") for c in map(str, known) if c.startswith("grade_probability_")
    ]
    known = known[known["label"].isin(grades)]
    right = (known["label"] == known["quality_grade"]).astype(float)
    given, inside = (_of_label(known, prefix, grades) for prefix in ("grade_probability_", "in_set_"))
    return _outcomes(
        known["commodity"],
        known["label_known_time"],
        right - known["confidence"].astype(float),
        1 - given,
        inside < 1,
    )


def _outcomes_detection(rows: pd.DataFrame) -> pd.DataFrame:
    """P-values of honest deals are uniform, and nearly all deals are honest: that can be looked at before labels come."""
    known = rows[rows["label"].notna()]
    early = _outcomes(
        rows["commodity"],
        rows["asof"],
        0.5 - rows["p_value"].astype(float),
        pd.Series(np.nan, index=rows.index),
        rows["p_value"] <= 0.05,
    )
    late = _outcomes(
        known["commodity"],
        known["label_known_time"],
        pd.Series(np.nan, index=known.index),
        (known["label"].astype(float) - known["is_fraud"].astype(float)).abs(),
    )
    return pd.concat([early, late], ignore_index=True)


def _outcomes_ranking(rows: pd.DataFrame) -> pd.DataFrame:
    known = rows[rows["label"].notna() & (rows["feasible"] > 0)]
    error = known["label"].astype(float) - known["match_score"].astype(float)
    return _outcomes(known["commodity"], known["label_known_time"], error, error**2)


def _outcomes(
    group: pd.Series,
    known: pd.Series,
    error: pd.Series,
    size: pd.Series | None = None,
    miss: pd.Series | None = None,
) -> pd.DataFrame:
    columns = [
        group,
        known,
        error,
        error.abs() if size is None else size,
        pd.Series(np.nan, index=group.index) if miss is None else miss.astype(float),
    ]
    return pd.DataFrame(dict(zip(OUTCOMES, columns, strict=True))).reset_index(drop=True)


def _log_ratio(above: pd.Series, below: pd.Series) -> pd.Series:
    above, below = above.astype(float), below.astype(float)
    return _log((above / below).where((above > 0) & (below > 0)))


def _log(values: pd.Series) -> pd.Series:
    return pd.Series(np.log(values.to_numpy(np.float64)), index=values.index)


def _of_label(rows: pd.DataFrame, prefix: str, grades: list[str]) -> pd.Series:
    found = pd.Series(np.nan, index=rows.index)
    for grade in grades:
        found = found.where(rows["label"] != grade, rows[f"{prefix}{grade}"].astype(float))
    return found


_ANSWERS: dict[Task, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "price": _answers_price,
    "forecast": _answers_forecast,
    "grading": _answers_grading,
    "detection": _answers_detection,
    "ranking": _answers_ranking,
}
_OUTCOMES: dict[Task, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "price": _outcomes_price,
    "forecast": _outcomes_forecast,
    "grading": _outcomes_grading,
    "detection": _outcomes_detection,
    "ranking": _outcomes_ranking,
}
