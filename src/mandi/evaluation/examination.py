"""Puts a fitted model through one part of its frame, with every baseline and the oracles beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_args

import pandas as pd

from mandi.core.config import build
from mandi.evaluation.appraisal import Evaluation, EvaluationParams, evaluate
from mandi.evaluation.backtest import ANSWERS, BacktestParams
from mandi.evaluation.baselines import BaselineParams, baselines
from mandi.evaluation.floor import oracle_prices
from mandi.models.base import Task

if TYPE_CHECKING:
    from mandi.models.base import Model


@dataclass(frozen=True)
class ExaminationParams:
    """Section ``evaluation`` of params.yaml: what is measured, the baselines beside it, the back-test."""

    measures: EvaluationParams = field(default_factory=EvaluationParams)
    baselines: BaselineParams = field(default_factory=BaselineParams)
    backtest: BacktestParams = field(default_factory=BacktestParams)


def examination_params(params: Mapping[str, Any]) -> ExaminationParams:
    """Read section ``evaluation`` of params.yaml.

    Examples
    --------
    >>> examination_params({"evaluation": {"min_slice_rows": 5}}).measures.min_slice_rows
    5
    """
    given = dict(params.get("evaluation") or {})
    for task in get_args(Task):  # measures of another kind of answer
        given.pop(task, None)
    beside = build(BaselineParams, given.pop("baselines", {}), "evaluation.baselines")
    layout = build(BacktestParams, given.pop("backtest", {}), "evaluation.backtest")
    return ExaminationParams(build(EvaluationParams, given, "evaluation"), beside, layout)


def with_baselines(
    frame: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    params: ExaminationParams,
    more: Mapping[str, pd.Series] | None = None,
) -> pd.DataFrame:
    """Return one column per baseline on the index of the frame.

    Parameters
    ----------
    frame : DataFrame
        Assembled questions.
    tables : mapping of name to DataFrame
    params : ExaminationParams
    more : mapping of name to Series, optional
        Baselines that had to be fitted (INR per quintal), by index.
    """
    found = baselines(frame, tables, params.baselines)
    return found.assign(**{name: series.reindex(frame.index) for name, series in (more or {}).items()})


def examine(
    predictions: pd.DataFrame,
    frame: pd.DataFrame,
    beside: pd.DataFrame,
    params: ExaminationParams,
    truth: Mapping[str, Any] | None = None,
) -> Evaluation:
    """Measure predictions for some rows of a frame, the oracles beside them where the truth is known.

    Parameters
    ----------
    predictions : DataFrame
        ``Model.predict`` for some rows of the frame, by index.
    frame : DataFrame
        Assembled questions with ``label``.
    beside : DataFrame
        ``with_baselines`` of the same frame.
    params : ExaminationParams
    truth : mapping, optional
        Of the generated market.
    """
    known = truth is not None and "trades" in truth.get("frames", {}) and "trade_id" in frame
    oracles = oracle_prices(frame, truth) if truth is not None and known else None
    return evaluate(predictions, frame, params.measures, baselines=beside, oracles=oracles)


def predict_blind(model: Model, rows: pd.DataFrame) -> pd.DataFrame:
    """Let a model answer without the columns that came with the label."""
    return model.predict(rows.drop(columns=ANSWERS, errors="ignore"))
