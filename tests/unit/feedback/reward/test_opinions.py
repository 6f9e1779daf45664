"""The last word of everybody counts, a human's before a user's."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from calls_by_hand import LESS, PRICE, answer, answers, opinion, said

from mandi.feedback.reward.opinions import given, opinions, standing


def test_the_last_version_counts_and_what_is_withdrawn_does_not() -> None:
    told = said(
        opinion(1, 1, rating=1), opinion(2, 1, rating=5, version=2),
        opinion(3, 2, rating=5), opinion(4, 2, version=2, withdrawn=True),
    )  # fmt: skip
    found = opinions(answers(answer(1), answer(2)), told).set_index("generation_id")
    assert found.loc["g0001", "rating"] == 5.0
    assert found["rating"].isna()["g0002"]
    assert len(standing(told)) == 1
    assert json.loads(found.loc["g0001", "feedback_ids"]) == ["f0001", "f0002"]


def test_ratings_of_others_are_kept_apart() -> None:
    told = said(
        opinion(1, 1, rating=2),
        opinion(2, 1, rating=5, author_pseudonym="u5"),
        opinion(3, 1, rating=3, author="human", author_pseudonym="d"),
    )
    found = opinions(answers(answer(1)), told).iloc[0]
    assert (found["rating"], found["others"], found["human"]) == (2.0, 5.0, 3.0)


def test_a_humans_correction_comes_before_that_of_whoever_asked_before_others() -> None:
    by_asker, by_other = opinion(1, 1, correction=LESS), opinion(2, 1, correction="no", author_pseudonym="u5")
    by_human = opinion(3, 1, correction=PRICE, author="human", author_pseudonym="d")
    one = answers(answer(1))
    assert opinions(one, said(by_asker, by_other))["correction"].item() == LESS
    found = opinions(one, said(by_asker, by_other, by_human)).iloc[0]
    assert (found["correction"], found["correction_by"]) == (PRICE, "human")


def test_a_choice_is_a_win_and_a_loss() -> None:
    found = opinions(answers(answer(1), answer(2)), said(opinion(1, 1, preferred_over="g0002")))
    assert found["wins"].tolist() == [1.0, 0.0]
    assert found["losses"].tolist() == [0.0, 1.0]


def test_a_persons_words_stand_in_for_a_promise_of_them() -> None:
    asked = answers(answer(1, route="human", answer="A person will answer this."), answer(2))
    human = {"author": "human", "author_pseudonym": "d", "correction": PRICE}
    told = opinions(asked, said(opinion(1, 1, **human), opinion(2, 2, **(human | {"correction": LESS}))))
    assert given(asked, told)["answer"].tolist() == [PRICE, PRICE]
    assert asked["answer"][0] == "A person will answer this."
