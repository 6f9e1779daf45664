"""Examines price models: error and intervals by horizon, beside baselines and the oracles of the generated market."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd

from mandi.evaluation.appraisal import Evaluation
from mandi.evaluation.backtest import asked_origins, first_origin, rolling_origin
from mandi.evaluation.controls import ControlResult, future_perturbation, shuffled_labels
from mandi.evaluation.examination import examination_params, examine, with_baselines
from mandi.evaluation.examiner import Standing

if TYPE_CHECKING:
    from mandi.features.base import Features
    from mandi.models.base import Model


class PriceExaminer:
    """Examiner of the task "price"; see ``mandi.evaluation.examiner.Examiner``.

    Parameters
    ----------
    params : mapping
        All of params.yaml; section ``evaluation`` says what is measured.
    model : str
        Name of the model.

    Examples
    --------
    >>> examiner = PriceExaminer({"evaluation": {"min_slice_rows": 5}}, "price")
    >>> examiner.standing({"lot.mae": 47.1, "lot.last_price.mae": 85.8})
    Standing(main='lot.mae 47.1', baseline='last price 85.8', floor='')
    """

    task: ClassVar[str] = "price"
    limits: ClassVar[tuple[str, ...]] = (
        "Beyond a week almost all of the remaining error is the move of the whole nation, which nothing here forecasts: "
        "at 30 and 60 days the answer is the filtered level of today, and its interval says how far prices wander.",
        "R2 across commodities is high for almost any forecast, the last report included. Read it beside the baselines.",
        "Prices are what markets report. A market that reports late, rarely or carelessly is answered with a wider interval.",
        "Not for settlement of contracts, and no advice to hold or to sell stock.",
    )

    def __init__(self, params: Mapping[str, Any], model: str) -> None:
        self.params = examination_params(params)

    def beside(
        self,
        frame: pd.DataFrame,
        tables: Mapping[str, pd.DataFrame],
        fitted: Mapping[str, pd.Series] | None = None,
    ) -> pd.DataFrame:
        """Return one column per baseline, INR per quintal."""
        return with_baselines(frame, tables, self.params, fitted)

    def examine(
        self,
        predictions: pd.DataFrame,
        frame: pd.DataFrame,
        beside: pd.DataFrame,
        truth: Mapping[str, Any] | None = None,
    ) -> Evaluation:
        """Measure prices; see ``mandi.evaluation.appraisal.evaluate``."""
        return examine(predictions, frame, beside, self.params, truth)

    def backtest(
        self, frame: pd.DataFrame, make_model: Callable[[], Model], tell: Callable[[int, int, str], None]
    ) -> pd.DataFrame:
        """Answer the last quarter of time by rolling origin; see ``mandi.evaluation.backtest``."""
        layout = self.params.backtest
        origins = asked_origins(frame, first_origin(frame, layout), layout.origins)
        return rolling_origin(frame, make_model, origins, layout, tell)

    def controls(
        self,
        features: Features,
        fitted: Model,
        make_model: Callable[[], Model],
        frame: pd.DataFrame,
        tables: Mapping[str, pd.DataFrame],
        seed: int,
    ) -> list[ControlResult]:
        """Return both controls of ``mandi.evaluation.controls``, asked in the middle of the test."""
        test = frame[frame["part"] == "test"]
        when = test["asof"].sort_values().iloc[len(test) // 2]
        return [
            future_perturbation(features, fitted, tables, when, seed, questions=frame),
            shuffled_labels(make_model, frame, seed),
        ]

    def standing(self, metrics: Mapping[str, float]) -> Standing:
        """Return the error of lots, of markets where there are no lots."""
        shown = "lot.mae" if "lot.mae" in metrics else "market.pooled.mae"
        question = shown.rpartition(".")[0]
        baseline, floor = metrics.get(f"{question}.last_price.mae"), metrics.get(f"{question}.floor_mae")
        return Standing(
            f"{shown} {metrics[shown]:.1f}",
            f"last price {baseline:.1f}" if baseline is not None else "-",
            f"{floor:.1f}" if floor is not None else "",
        )
