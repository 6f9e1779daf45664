"""A made-up log: the same from the same seed, its truth is in it, and routers are ordered by what they can know."""

from __future__ import annotations

import numpy as np

from mandi.llm.routing.generated_log import A_CONVERSATION, generated_log
from mandi.llm.routing.replay import outcomes, replay_curve


def test_the_same_seed_is_the_same_log_and_another_is_another() -> None:
    one, same, other = generated_log(200, 3), generated_log(200, 3), generated_log(200, 4)
    assert one.log == same.log and np.array_equal(one.gain, same.gain)
    assert one.log.rows != other.log.rows


def test_the_gain_it_tells_is_the_gain_there_is() -> None:
    made = generated_log(8000, 1)
    quality, cost, how = outcomes(made.log)
    assert how == "full" and (cost[:, 0] == 0).all() and (cost[:, 1] > 0).all()
    gained = quality[:, 1] - quality[:, 0]
    for part in np.array_split(np.argsort(made.gain), 4):
        assert abs(gained[part].mean() - made.gain[part].mean()) < 0.04


def test_nobody_beats_the_truth_and_everybody_beats_a_coin() -> None:
    made = generated_log(4000, 2)
    best = made.best_curve()
    confidence, words = (replay_curve(name, made.log, draws=0) for name in ("confidence", "complexity"))
    at = np.linspace(0.2, 0.9, 15)
    reached = [np.interp(at, found.share, found.quality).mean() for found in (best, confidence, words)]
    coin = (best.weak + (best.strong - best.weak) * at).mean()
    assert reached[0] > reached[1] > reached[2] > coin + 0.03
    knows = generated_log(4000, 2, unsure=0.0)
    assert replay_curve("confidence", knows.log, draws=0).apgr > confidence.apgr


def test_conversations_are_clusters() -> None:
    made = generated_log(41, 0)
    sizes = np.unique([row.cluster for row in made.log.rows], return_counts=True)[1]
    assert len(made.log.rows) == 41 and sizes.max() == A_CONVERSATION
