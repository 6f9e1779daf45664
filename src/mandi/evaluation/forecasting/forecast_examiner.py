"""Examines forecasting models: error and intervals by days ahead, beside simple forecasts, members alone and the oracle."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from mandi.core.config import build
from mandi.core.errors import ContractError
from mandi.evaluation.backtest import ANSWERS
from mandi.evaluation.controls import ControlResult, future_perturbation
from mandi.evaluation.examiner import Judged, Standing
from mandi.evaluation.forecasting.forecast_baselines import simple_forecasts
from mandi.evaluation.forecasting.forecast_measures import ForecastParams, judge_forecasts

if TYPE_CHECKING:
    from mandi.features.base import Features
    from mandi.models.base import Model

LEARNED = ("train", "validation", "calibration")
# questions the control of changed futures compares: each place and moment is a forecast of its own
CONTROLLED = 60
# share of the best constant error by which chance may be better: a test is a few hundred weeks
TOLERANCE = 0.1
LEVEL_WEEKS, YEAR_WEEKS = 8, 52


class ForecastExaminer:
    """Examiner of the task "forecast"; see ``mandi.evaluation.examiner.Examiner``.

    Parameters
    ----------
    params : mapping
        All of params.yaml; section ``evaluation.forecast`` says what is measured.
    model : str
        Name of the model.

    Examples
    --------
    >>> examiner = ForecastExaminer({}, "demand")
    >>> examiner.standing({"country.30.mape": 10.5, "country.30.seasonal_naive.mape": 14.2, "country.30.floor_mape": 8.3})
    Standing(main='MAPE 30 d 10.5 %', baseline='seasonal naive 14.2 %', floor='8.3 %')
    """

    task: ClassVar[str] = "forecast"
    limits: ClassVar[tuple[str, ...]] = (
        "It forecasts what markets report, not what farmers harvest: a state whose markets stop reporting looks like one without arrivals.",
        "It knows the calendar and the past. A failed monsoon, a ban on exports or a strike is in it only once it shows in the arrivals.",
        "A commodity with less than two years of reports has no season of its own yet: it is answered by what the last weeks say.",
        "Intervals are of errors made in earlier seasons; in a season unlike all of them they are too narrow.",
    )

    def __init__(self, params: Mapping[str, Any], model: str) -> None:
        given = (params.get("evaluation") or {}).get("forecast") or {}
        self.params = build(ForecastParams, given, "evaluation.forecast")

    def beside(
        self,
        frame: pd.DataFrame,
        tables: Mapping[str, pd.DataFrame],
        fitted: Mapping[str, pd.Series] | None = None,
    ) -> pd.DataFrame:
        """Return one column per baseline, tonnes: those that learn nothing, and each member alone where it was asked."""
        found = simple_forecasts(frame, tables)
        alone = {name: series for name, series in (fitted or {}).items() if name not in found}
        return found.assign(**{name: series.reindex(frame.index) for name, series in alone.items()})

    def examine(
        self,
        predictions: pd.DataFrame,
        frame: pd.DataFrame,
        beside: pd.DataFrame,
        truth: Mapping[str, Any] | None = None,
    ) -> Judged:
        """Measure forecasts; see ``mandi.evaluation.forecasting.forecast_measures``."""
        return judge_forecasts(predictions, frame, beside, self.params, truth)

    def backtest(
        self, frame: pd.DataFrame, make_model: Callable[[], Model], tell: Callable[[int, int, str], None]
    ) -> pd.DataFrame:
        """Answer the calibration part by a model that knew nothing of it: each origin with the past known by then.

        The test is rolled over many origins already; this is half a year more, by a fit of its own.
        """
        asked = frame[frame["part"] == "calibration"]
        if len(asked) == 0:
            return pd.DataFrame()
        start = asked["asof"].min()
        known = frame[(frame["label_known_time"] <= start) & (frame["asof"] < start)]
        if known["asof"].nunique() < 2:
            return pd.DataFrame()
        model = make_model().fit(known.assign(part="train"))
        tell(1, 2, f"fitted on what was known at {start.date()}: {len(known):,} questions")
        answers = model.predict(asked.drop(columns=ANSWERS, errors="ignore"))
        tell(2, 2, f"{asked['asof'].nunique()} origins from {start.date()}: {len(asked):,} questions")
        return answers.assign(origin=asked["asof"], fitted_until=start)

    def controls(
        self,
        features: Features,
        fitted: Model,
        make_model: Callable[[], Model],
        frame: pd.DataFrame,
        tables: Mapping[str, pd.DataFrame],
        seed: int,
    ) -> list[ControlResult]:
        """Return the control of changed futures, asked in the middle of the test, and that of shuffled labels."""
        test = frame[frame["part"] == "test"]
        when = test["asof"].sort_values().iloc[len(test) // 2]
        return [
            future_perturbation(
                features,
                fitted,
                tables,
                when,
                seed,
                questions=frame,
                max_questions=CONTROLLED,
                window_days=None,
            ),
            shuffled_forecasts(make_model, frame, seed),
        ]

    def standing(self, metrics: Mapping[str, float]) -> Standing:
        """Return the error of the country's weeks within 30 days."""
        main, naive = metrics.get("country.30.mape"), metrics.get("country.30.seasonal_naive.mape")
        floor = metrics.get("country.30.floor_mape")
        return Standing(
            f"MAPE 30 d {main:.1f} %" if main is not None else "-",
            f"seasonal naive {naive:.1f} %" if naive is not None else "-",
            f"{floor:.1f} %" if floor is not None else "",
        )


def shuffled_forecasts(make_model: Callable[[], Model], frame: pd.DataFrame, seed: int) -> ControlResult:
    """Fit the member that learns most, the trees, on shuffled labels: it must not beat what is known without any.

    Labels are shuffled within place and kind, so that what a place usually brings is still there and when is not. On the
    test the trees are held against what the place usually brings, the level of the last year, that of the last eight weeks
    and the middle between them, each times the best constant. A model that beats these on such labels has seen the answers elsewhere.

    Parameters
    ----------
    make_model : callable
        Returns a new, unfitted model.
    frame : DataFrame
        Assembled questions with ``label`` and ``part``.
    seed : int

    Raises
    ------
    ContractError
        No test row has a label.
    """
    week = frame[(frame["kind"] == "week") & frame["label"].notna()]
    test = week[week["part"] == "test"]
    if len(test) == 0:
        raise ContractError("no test row has a label", allowed='rows with part "test" and a label')
    learned = frame[frame["part"].isin(LEARNED) & frame["label"].notna()]
    rng = np.random.default_rng(seed)
    label = learned["label"].to_numpy(dtype=float).copy()
    for places in learned.groupby(["commodity", "location", "kind"], sort=True).indices.values():
        label[places] = label[rng.permutation(places)]
    model: Any = make_model()
    alone = dataclasses.replace(model.params, country=("lightgbm",), place=("lightgbm",), refits=1)
    taught = type(model)(alone).fit(learned.assign(label=label), progress=lambda *_: None)
    predicted = taught.predict(test.drop(columns=ANSWERS, errors="ignore"))["predicted_demand"]
    train = week[week["part"] == "train"]
    unit = _level(test, LEVEL_WEEKS).where(lambda level: level > 0)
    answered = predicted.notna() & unit.notna()
    # what shuffled labels still tell, and what is known without any: what the place usually brings, the level of the year
    # and of now, and the middle between them
    usual = learned[learned["kind"] == "week"].groupby(["commodity", "location"])["label"].median()
    place = pd.MultiIndex.from_frame(test[["commodity", "location"]])
    bases = [_between(test, 0.0), pd.Series(usual.reindex(place).to_numpy(), index=test.index)]
    known = []
    for trust in (0.0, 0.5, 1.0):
        ratio = float((train["label"] / _between(train, trust)).replace(np.inf, np.nan).median())
        now = _level(test, LEVEL_WEEKS)
        known += [now**trust * base ** (1.0 - trust) * c for base in bases for c in (ratio, 1.0)]
    errors = {
        "shuffled": float(((predicted - test["label"]).abs() / unit)[answered].mean()),
        "constant": min(float(((told - test["label"]).abs() / unit)[answered].mean()) for told in known),
    }
    passed = not errors["shuffled"] < (1.0 - TOLERANCE) * errors["constant"]
    text = f"{int(answered.sum())} test weeks, " + (
        "nothing is learned from shuffled labels"
        if passed
        else "something else than labels gives the answers away"
    )
    figures = {"shuffled_error": errors["shuffled"], "constant_error": errors["constant"]}
    return ControlResult("shuffled labels", passed, text, figures)


def _between(rows: pd.DataFrame, trust: float) -> pd.Series:
    return _level(rows, LEVEL_WEEKS) ** trust * _level(rows, YEAR_WEEKS) ** (1.0 - trust)


def _level(rows: pd.DataFrame, weeks: int) -> pd.Series:
    return rows[[f"w_{k}" for k in range(1, weeks + 1) if f"w_{k}" in rows]].mean(axis=1)
