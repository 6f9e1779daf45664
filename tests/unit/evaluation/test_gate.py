"""The gate: every way to fail it, and the shipped rules against an oracle and a trivial baseline."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mandi.core.config import load_params
from mandi.core.errors import ConfigError
from mandi.evaluation.gate import GateRule, Verdict, judge, rule_for

PARAMS = Path(__file__).parents[3] / "params.yaml"
RULE = {
    "real": {
        "thresholds": [
            {"metric": "m.mae", "at_most": 50, "why": "asked by traders"},
            {"metric": "m.skill", "at_least": 0.01},
            {"metric": "m.coverage95", "between": [0.93, 0.97]},
        ],
        "beats_baseline": [{"metric": "m.mae", "baseline": "m.last_price.mae", "margin": 0.1}],
        "beats_champion": [{"metric": "m.mae", "tolerance": 0.02}],
    }
}
GOOD = {
    "m.mae": 40.0,
    "m.skill": 0.2,
    "m.coverage95": 0.95,
    "m.last_price.mae": 60.0,
    "test.fingerprint": 7.0,
}


@pytest.fixture
def rule() -> GateRule:
    return rule_for(RULE, "agmarknet")


def failed(verdict: Verdict) -> list[str]:
    return [f"{reason.check}: {reason.metric}" for reason in verdict.failures()]


def test_a_good_candidate_without_a_champion_passes_and_says_so(rule):
    verdict = judge(GOOD, None, rule, task="price")
    assert verdict.passed
    assert any("no champion" in str(reason) for reason in verdict.reasons)
    assert str(verdict).startswith("gate price/real: PASSED, 5 of 5")


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"m.mae": 51.0}, "threshold: m.mae"),
        ({"m.skill": 0.0}, "threshold: m.skill"),
        ({"m.coverage95": 0.98}, "threshold: m.coverage95"),
        ({"m.coverage95": 0.92}, "threshold: m.coverage95"),
        ({"m.last_price.mae": 44.0}, "beats baseline: m.mae"),
        ({"m.mae": float("nan")}, "threshold: m.mae"),
        ({"m.skill": float("inf")}, "threshold: m.skill"),
        ({"m.last_price.mae": float("nan")}, "beats baseline: m.mae"),
    ],
)
def test_each_check_can_fail_alone(rule, change, check):
    verdict = judge({**GOOD, **change}, None, rule)
    assert not verdict.passed
    assert check in failed(verdict)


@pytest.mark.parametrize("missing", ["m.mae", "m.skill", "m.coverage95", "m.last_price.mae"])
def test_a_missing_metric_fails_and_is_named(rule, missing):
    verdict = judge({name: value for name, value in GOOD.items() if name != missing}, None, rule)
    assert not verdict.passed
    assert any(f'"{missing}" is missing' in str(reason) for reason in verdict.failures())


def test_nothing_measured_fails_everything_but_the_absent_champion(rule):
    assert len(judge({}, None, rule).failures()) == 4
    assert not judge({}, None, GateRule()).passed


def test_the_champion_is_beaten_within_the_tolerance_only(rule):
    assert judge(GOOD, {"m.mae": 39.5, "test.fingerprint": 7.0}, rule).passed
    assert failed(judge(GOOD, {"m.mae": 39.0, "test.fingerprint": 7.0}, rule)) == ["beats champion: m.mae"]
    assert failed(judge(GOOD, {"test.fingerprint": 7.0}, rule)) == ["beats champion: m.mae"]
    assert failed(judge(GOOD, {"m.mae": float("nan"), "test.fingerprint": 7.0}, rule)) == [
        "beats champion: m.mae"
    ]


@pytest.mark.parametrize("theirs", [{"m.mae": 90.0}, {"m.mae": 90.0, "test.fingerprint": 8.0}])
def test_a_champion_measured_on_other_rows_is_not_beaten(rule, theirs):
    assert failed(judge(GOOD, theirs, rule)) == ["same test: test.fingerprint"]


def test_a_champion_that_could_not_be_measured_fails_and_one_apart_passes_each_with_its_own_text(rule):
    said = [
        judge(GOOD, None, rule, not_compared="it did not load"),
        judge(GOOD, None, rule, apart="of files"),
    ]
    assert [verdict.passed for verdict in said] == [False, True]
    assert [str(verdict.reasons[-1]) for verdict in said] == ["it did not load", "of files"]
    assert not any("no champion" in str(verdict) for verdict in said)
    assert not judge(GOOD, None, rule, "it did not load", "of files").passed
    measured = {"m.mae": 90.0, "test.fingerprint": 7.0}
    assert judge(GOOD, measured, rule, apart="of files") == judge(GOOD, measured, rule)


def test_where_higher_is_better():
    rule = rule_for(
        {
            "x": {
                "beats_baseline": [{"metric": "r2", "baseline": "b", "better": "higher", "margin": 0.1}],
                "beats_champion": [{"metric": "r2", "better": "higher"}],
            }
        },
        "x",
    )
    mine = {"r2": 0.9, "b": 0.8, "test.fingerprint": 1.0}
    assert judge(mine, {"r2": 0.9, "test.fingerprint": 1.0}, rule).passed
    assert failed(judge(mine, {"r2": 0.91, "test.fingerprint": 1.0}, rule)) == ["beats champion: r2"]
    assert failed(judge({**mine, "b": 0.85}, None, rule)) == ["beats baseline: r2"]


def test_a_negative_tolerance_asks_for_an_improvement():
    rule = rule_for(
        {
            "x": {
                "beats_champion": [{"metric": "m", "tolerance": -0.1}],
                "thresholds": [{"metric": "m", "at_most": 9}],
            }
        },
        "x",
    )
    champion = {"m": 1.0, "test.fingerprint": 1.0}
    assert failed(judge({"m": 0.95, "test.fingerprint": 1.0}, champion, rule)) == ["beats champion: m"]
    assert judge({"m": 0.9, "test.fingerprint": 1.0}, champion, rule).passed


def test_the_verdict_is_plain_data_and_html(rule):
    verdict = judge({**GOOD, "m.mae": float("nan")}, None, rule, task="<price>")
    plain = json.loads(json.dumps(verdict.as_dict(), allow_nan=False))
    assert plain["passed"] is False
    assert plain["reasons"][0]["value"] is None
    assert set(plain["reasons"][0]) == {"check", "metric", "value", "wanted", "passed", "text"}
    assert "&lt;price&gt;" in verdict._repr_html_()
    assert "asked by traders" in judge(GOOD, None, rule)._repr_html_()


@pytest.mark.parametrize(
    ("gates", "message"),
    [
        ({}, "no rule"),
        ({"generated": RULE["real"]}, "no rule"),
        ({"real": {}}, "asks for nothing"),
        ({"real": {"thresholds": [{"metric": "a"}]}}, "no usable bounds"),
        ({"real": {"thresholds": [{"metric": "a", "between": [1, 0]}]}}, "no usable bounds"),
        ({"real": {"thresholds": [{"metric": "a", "between": [0, 1], "at_most": 2}]}}, "no usable bounds"),
        ({"real": {"thresholds": [{"metric": "a", "atmost": 2}]}}, "unknown setting"),
        ({"real": {"threshold": []}}, "unknown setting"),
        ({"real": {"beats_champion": [{"metric": "a"}]}}, "asks for nothing"),
    ],
)
def test_rules_are_read_strictly(gates, message):
    with pytest.raises(ConfigError, match=message):
        rule_for(gates, "agmarknet")


def shipped(source: str) -> GateRule:
    return rule_for(load_params(PARAMS)["gates"]["price"], source)


HORIZONS = (0, 1, 7, 30, 60)
ANSWERS = {"lot.unanswered": 0.0, **{f"market.{horizon}.unanswered": 0.0 for horizon in HORIZONS}}
CONTROLS = {"control.future_perturbation": 1.0, "control.shuffled_labels": 1.0}
AS_GOOD = {f"market.{horizon}.skill" for horizon in (30, 60)}
"""Asked to be as good as the last report, which it is itself."""


def metrics_of(lot: dict[str, float], market: dict[str, float], skill: float) -> dict[str, float]:
    beside = {f"lot.{name}.skill": skill for name in ("last_price", "mean_last_lots", "random_forest")}
    each = {
        f"market.{horizon}.{name}": value
        for horizon in HORIZONS
        for name, value in {**market, "skill": skill, "seasonal_naive.skill": skill}.items()
    }
    return {f"lot.{name}": value for name, value in lot.items()} | beside | each | ANSWERS | CONTROLS


def trivial() -> dict[str, float]:
    """Return what predicting the last report, with narrow intervals, measures as."""
    lot = {"mae": 92.0, "r2": 0.84, "r2_by_commodity": 0.6, "floor_ratio": 2.2}
    lot |= {"coverage95": 0.9, "coverage90": 0.86}
    market = {"dm_p": 1.0, "dm_statistic": -0.1, "coverage90": 0.8, "coverage95": 0.89}
    return metrics_of(lot, market, 0.0)


def oracle() -> dict[str, float]:
    """Return what knowing everything but the noise measures as."""
    lot = {"mae": 40.0, "r2": 0.99, "r2_by_commodity": 0.92, "floor_ratio": 1.0}
    lot |= {"coverage95": 0.95, "coverage90": 0.9}
    market = {"dm_p": 0.0, "dm_statistic": 9.0, "coverage90": 0.9, "coverage95": 0.95}
    return metrics_of(lot, market, 0.25)


@pytest.mark.parametrize("source", ["generated", "agmarknet", "files", "sql"])
def test_shipped_rules_pass_an_oracle_and_fail_a_trivial_baseline_in_every_check(source):
    rule = shipped(source)
    assert judge(oracle(), None, rule).passed
    verdict = judge(trivial(), None, rule)
    excused = {*ANSWERS, *CONTROLS, *AS_GOOD}
    passed = [str(reason) for reason in verdict.reasons if reason.passed and reason.metric not in excused]
    assert passed == ["there is no champion yet: nothing to beat"]


@pytest.mark.parametrize("source", ["generated", "files"])
@pytest.mark.parametrize(
    "change",
    [
        *({name: 0.0} for name in CONTROLS),
        *({name: 0.02} for name in ANSWERS if name.startswith("market")),
        {"market.1.dm_statistic": -9.0},
        {"market.30.skill": -0.01},
        {"market.60.coverage95": 0.85},
    ],
)
def test_shipped_rules_fail_an_oracle_in_one_thing_alone(source, change):
    assert failed(judge({**oracle(), **change}, None, shipped(source))) == [
        f"threshold: {next(iter(change))}"
    ]


@pytest.mark.parametrize("source", ["generated", "files"])
def test_an_offer_without_controls_is_told_what_is_missing(source):
    made_by_hand = {name: value for name, value in oracle().items() if name not in CONTROLS}
    told = [str(reason) for reason in judge(made_by_hand, None, shipped(source)).failures()]
    assert len(told) == 2
    assert all("is missing" in text and "a control of the evaluate stage" in text for text in told)


def test_a_short_test_of_real_files_is_not_judged_far_ahead_but_silence_is_no_excuse():
    short = {name: value for name, value in oracle().items() if not name.startswith("market.60.")}
    verdict = judge(short, None, shipped("files"))
    assert verdict.passed and "market.60 was not asked in the test" in str(verdict)
    assert not judge(short, None, shipped("generated")).passed
    not_yet = {"market.60.rows": 0.0, "market.60.unlabelled": 300.0, "market.60.unanswered": float("nan")}
    assert judge({**short, **not_yet}, None, shipped("files")).passed
    assert not judge({**short, "market.60.unanswered": 1.0}, None, shipped("files")).passed
    assert not judge({**short, "market.60.rows": 300.0}, None, shipped("files")).passed


def test_every_baseline_is_compared_on_the_rows_of_the_model():
    for source in ("generated", "files"):
        assert not shipped(source).beats_baseline


def test_generated_lots_and_real_files_have_rules_of_their_own():
    assert shipped("generated").name == "generated"
    assert shipped("agmarknet").name == "real"
    assert not any(limit.metric.startswith("lot.") for limit in shipped("agmarknet").thresholds)
