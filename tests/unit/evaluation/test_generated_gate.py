"""The gate on lots of the generated market: its oracle passes, every trivial baseline fails."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mandi.core.config import load_params
from mandi.evaluation.appraisal import Evaluation, EvaluationParams, evaluate
from mandi.evaluation.baselines import baselines
from mandi.evaluation.floor import oracle_prices
from mandi.evaluation.gate import GateRule, judge, rule_for
from mandi.tables.asof import join
from mandi.tables.market_params import MarketParams
from mandi.tables.synthetic import generate


@pytest.fixture(scope="module")
def market():
    tables, truth = generate(MarketParams(days=730))
    trades = tables["trades"]
    lots = trades[["trade_id", "commodity", "market"]].assign(
        kind="lot",
        horizon_days=0,
        asof=trades["event_time"],
        target_day=trades["event_time"].dt.tz_localize(None).dt.normalize(),
        label=trades["price"],
        label_known_time=trades["known_time"],
    )
    reports = tables["reports"][tables["reports"]["modal_price"] > 0]
    told = reports[["commodity", "market", "known_time"]].assign(last_log=np.log(reports["modal_price"]))
    frame = join(lots, told, by=["commodity", "market"]).drop(columns="known_time")
    return (
        frame,
        baselines(frame, tables).assign(random_forest=lambda b: b["last_price"]),
        oracle_prices(frame, truth),
    )


@pytest.fixture(scope="module")
def lot_rule() -> GateRule:
    rule = rule_for(load_params(Path(__file__).parents[3] / "params.yaml")["gates"]["price"], "generated")
    return dataclasses.replace(
        rule,
        thresholds=tuple(t for t in rule.thresholds if t.metric.startswith("lot.")),
        beats_baseline=tuple(b for b in rule.beats_baseline if b.metric.startswith("lot.")),
        beats_champion=(),
    )


def answered(market, guess: pd.Series) -> Evaluation:
    """Give a guess intervals by the quantiles of its own errors in the first year, and measure the second."""
    frame, beside, oracles = market
    first = frame["label_known_time"] < frame["asof"].min() + pd.Timedelta(days=365)
    missed = (np.log(frame["label"]) - np.log(guess)).abs()
    later = frame["asof"] >= frame["asof"].min() + pd.Timedelta(days=365)
    answers = pd.DataFrame({"predicted_price": guess[later]})
    for level, share in (("90", 0.90), ("95", 0.95)):
        half = frame["commodity"].map(missed[first].groupby(frame["commodity"][first]).quantile(share))[later]
        answers[f"lower_bound_{level}"] = guess[later] * np.exp(-half)
        answers[f"upper_bound_{level}"] = guess[later] * np.exp(half)
    params = EvaluationParams(bootstrap_draws=20)
    return evaluate(
        answers.mask(answers["predicted_price"].isna()), frame, params, baselines=beside, oracles=oracles
    )


@pytest.mark.parametrize("oracle", ["public", "known"])
def test_an_oracle_passes_every_check_on_lots(market, lot_rule, oracle):
    verdict = judge(answered(market, market[2][oracle]).metrics, None, lot_rule)
    assert verdict.passed, str(verdict)


@pytest.mark.parametrize("baseline", ["last_price", "mean_last_lots"])
def test_a_trivial_baseline_fails_what_matters(market, lot_rule, baseline):
    verdict = judge(answered(market, market[1][baseline]).metrics, None, lot_rule)
    failed = {f"{reason.check}: {reason.metric}" for reason in verdict.failures()}
    assert {
        "threshold: lot.mae",
        "threshold: lot.r2_by_commodity",
        "threshold: lot.floor_ratio",
        "threshold: lot.last_price.skill",
    } <= failed, str(verdict)
