"""The report of a test: names, figures against direct ones, what is counted, what is refused."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError
from mandi.evaluation import metrics
from mandi.evaluation.appraisal import EvaluationParams, evaluate, fingerprint
from mandi.evaluation.baselines import baselines

PARAMS = EvaluationParams(min_slice_rows=20, bootstrap_draws=100)


@pytest.fixture(scope="module")
def both(frame, predictions):
    """Return the frame and predictions with a lot beside every second test question."""
    lots = frame[frame["part"] == "test"].iloc[::2].assign(kind="lot", horizon_days=0)
    lots.index = lots.index + 100_000
    whole = pd.concat([frame, lots])
    answers = pd.concat([predictions, predictions.loc[lots.index - 100_000].set_axis(lots.index)])
    return whole, answers


@pytest.fixture(scope="module")
def evaluation(both, reports):
    whole, answers = both
    return evaluate(answers, whole, PARAMS, baselines=baselines(whole, {"reports": reports}))


def test_figures_are_those_of_the_metrics(both, evaluation):
    whole, answers = both
    lots = answers[answers.index >= 100_000]
    truth = whole.loc[lots.index, "label"]
    assert evaluation.metrics["lot.mae"] == pytest.approx(metrics.mae(truth, lots["predicted_price"]))
    assert evaluation.metrics["lot.r2"] == pytest.approx(metrics.r2(truth, lots["predicted_price"]))
    want = metrics.coverage(truth, lots["lower_bound_95"], lots["upper_bound_95"])
    assert evaluation.metrics["lot.coverage95"] == pytest.approx(want)
    last = np.exp(whole.loc[lots.index, "last_log"])
    assert evaluation.metrics["lot.last_price.mae"] == pytest.approx(metrics.mae(truth, last))
    assert evaluation.metrics["lot.pinball05"] == pytest.approx(
        metrics.pinball(truth, lots["lower_bound_90"], 0.05)
    )


def test_r2_within_commodities_does_not_profit_from_their_difference(both, evaluation):
    whole, answers = both
    rows = whole.loc[answers.index].assign(told=answers["predicted_price"]).query("kind == 'lot'")
    within = {c: metrics.r2(g["label"], g["told"]) for c, g in rows.groupby("commodity")}
    want = sum(within[c] * (rows["commodity"] == c).mean() for c in within)
    assert evaluation.metrics["lot.r2_by_commodity"] == pytest.approx(want)
    assert evaluation.metrics["lot.r2_by_commodity"] < evaluation.metrics["lot.r2"] - 0.02


def test_names_for_every_question_baseline_and_tercile(evaluation):
    names = set(evaluation.metrics)
    for question in ("lot", "market.1", "market.pooled"):
        for figure in ("mae", "rmse", "r2", "mape", "mase", "skill", "skill_low", "skill_high", "dm_p", "coverage90",
                       "width95", "interval_score95", "interval_score_ratio95", "last_price.mae", "seasonal_naive.mae",
                       "seasonal_naive.rows", "calm.coverage90", "restless.width95", "rows", "unlabelled"):  # fmt: skip
            assert f"{question}.{figure}" in names
    assert all(isinstance(value, float) for value in evaluation.metrics.values())


def test_the_toy_has_skill_over_the_last_price_and_its_intervals_beat_naive_ones(evaluation):
    found = evaluation.metrics
    assert found["market.1.skill"] > 0.2
    assert found["market.1.skill_low"] < found["market.1.skill"] < found["market.1.skill_high"]
    assert found["market.1.dm_p"] < 0.001
    assert found["market.1.interval_score_ratio95"] < 0.9
    assert found["market.1.mase"] == pytest.approx(1 - found["market.1.skill"], abs=0.25)


def test_persistence_itself_has_no_skill(frame, predictions):
    last = np.exp(frame.loc[predictions.index, "last_log"])
    found = evaluate(predictions.assign(predicted_price=last), frame, PARAMS).metrics
    assert found["market.1.skill"] == 0.0
    assert found["market.1.dm_p"] == 1.0


def test_rows_without_a_label_are_counted_and_measured_nowhere(frame, predictions):
    hidden = predictions.index[:30]
    part = evaluate(predictions, frame.assign(label=frame["label"].mask(frame.index.isin(hidden))), PARAMS)
    rest = evaluate(predictions.drop(hidden), frame, PARAMS)
    assert part.metrics["market.1.unlabelled"] == 30.0
    assert part.metrics["market.1.mae"] == rest.metrics["market.1.mae"]
    assert any("30 without a label" in note for note in part.notes)


def test_rows_without_a_price_are_a_share_the_gate_can_bound(frame, predictions):
    silent = predictions.mask(pd.Series(np.arange(len(predictions)) < 104, index=predictions.index))
    found = evaluate(silent, frame, PARAMS).metrics
    assert found["market.1.unanswered"] == pytest.approx(104 / len(predictions))
    assert found["market.1.mae"] == evaluate(predictions.iloc[104:], frame, PARAMS).metrics["market.1.mae"]
    assert found["test.fingerprint"] == evaluate(predictions, frame, PARAMS).metrics["test.fingerprint"]


def test_scales_come_from_before_the_test_only(frame, predictions):
    first = frame.loc[predictions.index, "asof"].min()
    late = frame["label_known_time"].gt(first) & ~frame.index.isin(predictions.index)
    early = frame["label_known_time"].le(first)
    before = evaluate(predictions, frame, PARAMS).metrics
    assert (
        evaluate(predictions, frame.assign(label=frame["label"].where(~late, 1.0)), PARAMS).metrics == before
    )
    other = evaluate(
        predictions, frame.assign(label=frame["label"].where(~early, frame["label"] * 1.2)), PARAMS
    ).metrics
    assert other["market.1.mase"] < before["market.1.mase"]
    assert other["market.1.mae"] == before["market.1.mae"]


def test_terciles_are_thirds_and_slices_name_the_worst(evaluation):
    table = evaluation.terciles[evaluation.terciles["question"] == "market.1"].set_index("tercile")
    assert set(table.index) == {"calm", "middle", "restless"}
    assert table["rows"].min() > 0.9 * table["rows"].max()
    worst = evaluation.worst().set_index(["kind", "horizon_days"])
    assert evaluation.metrics["market.1.worst_slice.skill"] == worst.loc[("market", 1), "skill"]
    assert (evaluation.slices["rows"][evaluation.slices["worst"]] >= 20).all()


def test_coverage_is_shown_over_all_and_by_volatility(evaluation):
    table = evaluation.coverage().set_index(["question", "nominal", "volatility"])["coverage"]
    assert table["market.1", 0.95, "all"] == evaluation.metrics["market.1.coverage95"]
    assert table["lot", 0.9, "calm"] == evaluation.metrics["lot.calm.coverage90"]


def test_without_the_volatility_the_terciles_are_left_out_and_said(frame, predictions):
    found = evaluate(predictions, frame.drop(columns="national_vol_30"), PARAMS)
    assert found.terciles.empty
    assert any("No terciles" in note for note in found.notes)


def test_the_floor_stands_beside_the_lots(both):
    whole, answers = both
    oracles = pd.DataFrame(
        {"public": whole["label"] * 1.01, "known": whole["label"] * 1.008, "full": whole["label"] * 1.005}
    )
    found = evaluate(answers, whole, PARAMS, oracles=oracles).metrics
    lots = whole.loc[answers.index[answers.index >= 100_000], "label"]
    assert found["lot.floor_mae"] == pytest.approx(0.01 * lots.mean())
    assert found["lot.floor_ratio"] == pytest.approx(found["lot.mae"] / found["lot.floor_mae"])
    assert "lot.floor_mae" not in evaluate(answers, whole, PARAMS).metrics


def test_the_fingerprint_tells_tests_apart(frame, predictions):
    test = frame.loc[predictions.index]
    assert fingerprint(test) == fingerprint(test.sample(frac=1.0, random_state=1).reset_index(drop=True))
    assert fingerprint(test) == fingerprint(test.astype({"commodity": "category", "horizon_days": "float64"}))
    assert fingerprint(test) != fingerprint(test.iloc[1:])
    assert fingerprint(test) != fingerprint(test.assign(label=test["label"] + 0.01))
    assert fingerprint(test).is_integer()


def test_it_is_plain_data_html_and_the_same_twice(evaluation, both, reports):
    whole, answers = both
    json.dumps(evaluation.as_dict(), allow_nan=False)
    assert "Worst slices" in evaluation._repr_html_()
    again = evaluate(answers, whole, PARAMS, baselines=baselines(whole, {"reports": reports}))
    assert again.as_dict() == evaluation.as_dict()


def test_what_cannot_be_measured_is_refused(frame, predictions):
    with pytest.raises(ContractError, match='no column "target_day"'):
        evaluate(predictions, frame.drop(columns="target_day"))
    with pytest.raises(ContractError, match="upper_bound_95"):
        evaluate(predictions.drop(columns="upper_bound_95"), frame)
    with pytest.raises(ContractError, match="1 of .* have no row"):
        evaluate(predictions.rename(index={predictions.index[0]: -1}), frame)
    some = predictions.index % 2 == 0
    with pytest.raises(ContractError, match="not finite"):
        evaluate(predictions.assign(upper_bound_95=predictions["upper_bound_95"].mask(some)), frame)
    with pytest.raises(ContractError, match="not finite"):
        evaluate(predictions.assign(predicted_price=predictions["predicted_price"].mask(some, np.inf)), frame)
    with pytest.raises(ContractError, match="twice"):
        evaluate(pd.concat([predictions, predictions]), frame)
