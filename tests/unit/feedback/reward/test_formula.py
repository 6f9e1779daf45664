"""The documented reward: every weight moves it as the table says, and what nobody said moves nothing."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from calls_by_hand import LESS, PRICE, answer, answers, opinion, pair, pairs, said

from mandi.core.errors import ConfigError
from mandi.feedback.reward.checks import badly_long, grounded, refuses
from mandi.feedback.reward.formula import RewardParams, Weights, rewards
from mandi.feedback.reward.opinions import opinions
from mandi.feedback.reward.signals import SIGNALS, signals

UNKNOWN = dict.fromkeys(SIGNALS, float("nan"))


def _of(**known: float) -> float:
    return float(rewards(pd.DataFrame([UNKNOWN | known])).iloc[0])


@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.parametrize("value", [0.0, 0.25, 1.0])
def test_one_signal_is_drawn_to_the_prior_by_its_weight(name: str, value: float) -> None:
    params = RewardParams()
    weight = getattr(params.weights, name)
    expected = (params.prior * params.prior_weight + weight * value) / (params.prior_weight + weight)
    assert _of(**{name: value}) == pytest.approx(expected)


@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_of_no_weight_is_no_evidence(name: str) -> None:
    params = RewardParams(weights=replace(Weights(), **{name: 0.0}))
    frame = pd.DataFrame([UNKNOWN | {name: 0.0}, UNKNOWN])
    assert rewards(frame, params).tolist() == [params.prior, params.prior]


def test_what_is_not_known_is_no_evidence() -> None:
    assert _of() == RewardParams().prior
    assert _of(rating=1.0) < _of(rating=1.0, human=1.0) < 1.0
    assert _of(rating=0.0, human=1.0) > _of(rating=1.0, human=0.0)


def test_rewards_lie_between_zero_and_one() -> None:
    rng = np.random.default_rng(0)
    values = np.where(rng.random((200, len(SIGNALS))) < 0.5, np.nan, rng.random((200, len(SIGNALS))))
    found = rewards(pd.DataFrame(values, columns=list(SIGNALS)))
    assert found.between(0, 1).all()


def test_odd_settings_are_refused() -> None:
    with pytest.raises(ConfigError, match="rating"):
        Weights(rating=-1.0)
    with pytest.raises(ConfigError, match="prior"):
        RewardParams(prior=1.5)


def test_signals_of_answers() -> None:
    facts = '{"price": 7250.0}'
    asked = answers(
        answer(1, facts=facts, student_answer=PRICE, outcome='{"held": true}'),
        answer(2, facts=facts, answer=LESS, student_answer=PRICE, outcome='{"held": false}'),
        answer(3, answer="Sorry, I do not know."),
        answer(4, answer="As usual."),
    )
    told = said(
        opinion(1, 1, rating=5, preferred_over="g0002"), opinion(2, 2, rating=2, correction=PRICE),
        opinion(3, 1, rating=4, author_pseudonym="x"), opinion(4, 2, author="human", author_pseudonym="d", correction=PRICE, rating=1),
    )  # fmt: skip
    found = signals(
        asked,
        opinions(asked, told),
        pairs(pair(1, 1, LESS, PRICE, "teacher"), pair(2, 2, LESS, PRICE, "teacher")),
    )
    first, second, third, fourth = (found.iloc[k] for k in range(4))
    assert (first["rating"], first["others"], first["preferred"], first["outcome"]) == (1.0, 0.75, 1.0, 1.0)
    assert (first["verdict"], first["student"], first["grounded"]) == (1.0, 1.0, 1.0)
    assert (second["rating"], second["human"], second["preferred"], second["outcome"]) == (
        0.25,
        0.0,
        0.0,
        0.0,
    )
    assert (second["correction"], second["human_correction"], second["verdict"], second["grounded"]) == (
        0.0,
        0.0,
        0.0,
        0.0,
    )
    assert third["refused"] == 0.0 and np.isnan(first["refused"])
    assert fourth["length"] == 0.0 and np.isnan(first["length"])
    assert np.isnan(third[["rating", "correction", "verdict", "outcome"]].to_numpy(dtype=float)).all()


def test_the_answer_of_a_person_is_vouched_for() -> None:
    asked = answers(answer(1, route="human"))
    told = said(opinion(1, 1, author="human", author_pseudonym="d", correction=PRICE))
    found = signals(asked, opinions(asked, told), pairs()).iloc[0]
    assert found["verdict"] == 1.0 and np.isnan(found["human_correction"])


def test_checks() -> None:
    facts = {"price": {"low": 6900.4, "high": 7600.0, "day": "2024-06-03T06:00:00Z"}, "asked": "INR 7,000"}
    assert grounded("between ₹6,900 and ₹76/kg on 3 Jun 2024", facts) == 1.0
    assert grounded("₹9,999 on 4 Jun 2024", facts) == 0.0
    assert grounded("in 10 days, as in 2023", facts) is None
    assert refuses("I cannot answer that") and refuses("मुझे पता नहीं") and not refuses(PRICE)
    assert badly_long("word " * 500, "chat", 3, 200) and not badly_long("₹7,250", "chat", 3, 200)
    assert not badly_long('{"label": "up"}', "classification", 3, 200)
