"""What a trial leaves out, and what it keeps from the trials before, moves no digit of what is measured."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mandi.core.config import load_params
from mandi.core.memo import remembering
from mandi.models import MODELS, new_model
from mandi.models.demand import DemandModel
from mandi.models.matching import MatchingModel
from mandi.models.pricing.lot_pricer import LotPricer, LotPricerParams
from mandi.models.pricing.lot_trees import (
    LightGBMTrees,
    QuantileParams,
    TreeParams,
    XGBoostParams,
    XGBoostTrees,
)
from mandi.tuning.spaces import UNTOUCHED, set_to

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "models"))
from demand_market import small_params, taught
from fraud_frames import deals
from lot_frames import lot_frame

ROOT = Path(__file__).parents[3]


def priced(frame: pd.DataFrame, **trees: Any) -> pd.Series:
    params = LotPricerParams(trees=TreeParams(early_stopping_rounds=5, **trees))
    learnt = frame[frame["part"] != "test"]
    return LotPricer(params).fit(learnt).predict(frame)["predicted_price"]


@pytest.fixture(scope="module")
def lots() -> pd.DataFrame:
    return lot_frame(700)


def test_every_shortcut_is_one_of_these() -> None:
    assert {model: set(paths) for model, paths in UNTOUCHED.items()} == {
        "price": {"market.caps", "lots.trees.quantiles.n_estimators"},
        "demand": {"place"},
        "quality": {"watch.trees", "watch.most_rows"},
        "fraud": {"flags.false_alarms"},
        "matching": {"shown"},
    }


def test_bounds_move_no_price(lots: pd.DataFrame) -> None:
    short = priced(lots, quantiles=QuantileParams(n_estimators=1))
    pd.testing.assert_series_equal(
        short, priced(lots, quantiles=QuantileParams(n_estimators=40)), check_exact=True
    )


def test_trees_of_lots_are_grown_once_and_answer_as_before(
    lots: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = QuantileParams(n_estimators=1)
    deep, flat = XGBoostParams(n_estimators=30), XGBoostParams(n_estimators=30, max_depth=2)
    anew = [priced(lots, xgboost=own, quantiles=short) for own in (deep, flat)]
    grown = {XGBoostTrees: 0, LightGBMTrees: 0}
    for kind in grown:
        real = kind.fit.__func__  # type: ignore[attr-defined]

        def counted(cls: Any, *given: Any, real: Any = real, **named: Any) -> Any:
            grown[cls] += 1
            return real(cls, *given, **named)

        monkeypatch.setattr(kind, "fit", classmethod(counted))
    with remembering():
        kept = [priced(lots, xgboost=own, quantiles=short) for own in (deep, flat)]
        once = dict(grown)
        assert priced(lots, xgboost=deep, quantiles=short).equals(anew[0])
    for before, after in zip(anew, kept):
        pd.testing.assert_series_equal(before, after, check_exact=True)
    assert grown == once and once[LightGBMTrees] <= 2 and once[XGBoostTrees] >= 3


def test_places_move_no_figure_of_the_country(monkeypatch: pytest.MonkeyPatch) -> None:
    from mandi.models.forecasting import demand_members

    frame = taught()[2]
    learnt = frame[frame["part"].isin(["train", "validation"])]
    asked = frame[(frame["part"] == "calibration") & (frame["level"] == "country")]
    assert len(asked)
    whole = DemandModel(small_params()).fit(learnt).predict(asked)["predicted_demand"]
    short = small_params(place=("drift",))
    calls, real = [], demand_members.current
    monkeypatch.setattr(demand_members, "current", lambda: calls.append(1) or real())  # type: ignore[func-returns-value]
    other = dataclasses.replace(short, trees=dataclasses.replace(short.trees, n_estimators=5))
    with remembering():
        told = DemandModel(short).fit(learnt).predict(asked)["predicted_demand"]
        once = len(calls)
        DemandModel(other).fit(learnt).predict(asked)
    pd.testing.assert_series_equal(told, whole, check_exact=True)
    assert 0 < len(calls) == once, "statistical members were fitted by the first trial alone"


def test_what_is_unusual_moves_no_grade(monkeypatch: pytest.MonkeyPatch) -> None:
    from mandi.models.grading import quality_jury
    from tests.unit.features.quality_market import quality_market
    from tests.unit.serving.small_quality import FEW

    _, _, features, history, questions = quality_market()
    frame = features.assemble(questions, history)
    learnt, asked = frame[frame["part"] != "test"], frame[frame["part"] == "test"]
    params = load_params(ROOT / "params.yaml")
    params["models"]["quality"]["jury"] |= FEW
    whole = new_model("quality", params).fit(learnt).predict(asked)
    made, real = [], quality_jury.member
    monkeypatch.setattr(quality_jury, "member", lambda name, **s: made.append(name) or real(name, **s))
    same = ["quality_grade", "quality_score", "confidence"]
    with remembering():
        for strength in (10.0, 3.0):
            changed = set_to(params, "quality", {"jury.settings.standard-line.C": strength}, brief=True)
            told = new_model("quality", changed).fit(learnt).predict(asked)
            if strength == 10.0:
                pd.testing.assert_frame_equal(told[same], whole[same], check_exact=True)
                first = made.count("random-forest")
    assert made.count("random-forest") == first > 0 and made.count("standard-line") > first


def test_networks_of_matches_are_trained_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from mandi.features.matching import MatchingFeatures
    from mandi.models.ranking.match_scorers import SCORERS, SiameseScorer
    from tests.unit.models.test_matching import SMALL
    from tests.unit.models.trade_tables import trade_tables

    tables, features = trade_tables(500, 180), MatchingFeatures(SMALL)
    history = features.history(tables)
    frame = features.assemble(features.questions(tables, history), history)
    learnt, asked = frame[frame["part"] != "test"], frame[frame["part"] == "test"]
    brief = dataclasses.replace(SMALL, shown=())
    whole = MatchingModel(SMALL).fit(learnt).predict(asked)["match_score"]
    trained, real = [], SiameseScorer.fit
    monkeypatch.setattr(SiameseScorer, "fit", lambda self, shown: trained.append(1) or real(self, shown))
    assert SCORERS["siamese"] is SiameseScorer
    with remembering():
        told = MatchingModel(brief).fit(learnt).predict(asked)["match_score"]
        first = len(trained)
        other = dataclasses.replace(
            brief,
            scorers=dataclasses.replace(
                SMALL.scorers, choice=dataclasses.replace(SMALL.scorers.choice, line_penalty=3.0)
            ),
        )
        MatchingModel(other).fit(learnt)
    pd.testing.assert_series_equal(told, whole, check_exact=True)
    assert first >= 1 and len(trained) <= first + 1, "once on train, and on both parts where it was chosen"


def test_the_budget_of_false_alarms_moves_no_score() -> None:
    from mandi.models.fraud import FraudModel
    from tests.unit.models.test_fraud import _params

    frame = deals(900)
    scores = []
    for share in (0.05, 0.2):
        flags = dataclasses.replace(_params().flags, false_alarms=share)
        model = FraudModel(_params(flags=flags)).fit(frame[frame["part"] != "test"])
        scores.append(model.predict(frame[frame["part"] == "test"])["fraud_score"].to_numpy())
    assert np.array_equal(*scores) and set(UNTOUCHED) <= set(MODELS)
