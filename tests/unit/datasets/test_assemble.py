"""Which answers become examples, and which never do."""

from __future__ import annotations

import pandas as pd
import pytest
from loop_frames import frames, generation, labelled, one, opinion, pair

from mandi.datasets.assemble import assemble
from mandi.datasets.settings import Choosing
from mandi.feedback.frames import FEEDBACK, LABELLED, TUTOR_PAIRS

CHOOSING = Choosing()


def made(*tables: pd.DataFrame, purpose: str | None = None, choosing: Choosing = CHOOSING):
    found = assemble(*tables, choosing).examples
    return [e for e in found if purpose in (None, e.purpose)]


def test_a_persons_word_before_a_users_and_a_correction_before_the_answer() -> None:
    row = generation(1)
    user = opinion(row, 0, correction="Sell a half.")
    human = opinion(row, 1, author="human", correction="Sell it all.")
    (both,) = made(*one(row, user, human), purpose="sft")
    assert (both.chosen, both.licence, both.gold, both.weight) == ("Sell it all.", "human", True, 1.0)
    assert both.feedback_ids == (human["feedback_id"],)
    (alone,) = made(*one(row, user), purpose="sft")
    assert (alone.chosen, alone.weight) == ("Sell a half.", CHOOSING.weight_user)
    assert alone.known_at == user["said_at"] > alone.asked_at


@pytest.mark.parametrize(
    ("rating", "right", "kept"), [(5, 0.95, True), (4, 0.71, True), (3, 0.95, False), (5, 0.6, False)]
)
def test_a_high_rating_counts_when_the_reward_agrees(rating: float, right: float, kept: bool) -> None:
    row = generation(1, right=right)
    found = made(*one(row, opinion(row, 0, rating=rating)), purpose="sft")
    assert bool(found) is kept
    assert [e.weight for e in found] == [right] * kept
    assert [e.gold for e in found] == [right >= CHOOSING.gold_right] * kept


BARRED = [
    {"fallback": True}, {"degraded": True}, {"provider": "mock", "route": "mock", "effective_mode": "mock"}, {"status": "partial"},
    {"status": "refused"}, {"status": "error", "answer": ""}, {"cache": "exact"}, {"cache": "semantic"}, {"licence": "vendor-terms"},
]  # fmt: skip


@pytest.mark.parametrize("fault", BARRED, ids=lambda f: "-".join(f))
def test_words_that_are_nobodys_to_learn_from_are_in_no_example(fault: dict[str, object]) -> None:
    row = generation(1, **fault)
    rated = one(row, opinion(row, 0, rating=5), pairs=(pair(row, 1),))
    assert made(*rated) == []
    corrected = made(*one(row, opinion(row, 0, author="human", correction="Sell it all.")))
    assert {e.chosen for e in corrected} == {"Sell it all."} and all(e.licence == "human" for e in corrected)
    assert all(row["answer"] not in (e.chosen, e.rejected) for e in corrected if row["answer"])


def test_a_licence_may_be_allowed() -> None:
    row = generation(1, licence="vendor-terms")
    allowed = Choosing(licences=(*CHOOSING.licences, "vendor-terms"))
    assert (
        made(*one(row, opinion(row, 0, rating=5)), choosing=allowed, purpose="sft")[0].licence
        == "vendor-terms"
    )


def test_no_consent_no_example() -> None:
    row = generation(1, consent="refused")
    assert made(*one(row, opinion(row, 0, author="human", correction="Sell."), pairs=(pair(row, 1),))) == []


def test_what_was_withdrawn_or_changed_does_not_count() -> None:
    row = generation(1)
    first = opinion(row, 0, rating=5, correction="Sell.")
    gone = opinion(row, 1, version=2, rating=5, withdrawn=True)
    assert made(*one(row, first, gone)) == []
    changed = opinion(row, 2, version=2, rating=1, correction="Hold.")
    assert {e.chosen for e in made(*one(row, first, changed), purpose="sft")} == {"Hold."}


def test_preferences_say_who_was_better() -> None:
    row, other = generation(1), generation(2, words="What of soybean in Indore", who=0)
    human = opinion(row, 0, author="human", correction="Sell it all.")
    found = {(e.chosen, e.rejected) for e in made(*one(row, human), purpose="preference")}
    assert found == {("Sell it all.", row["answer"]), ("Sell it all.", row["student_answer"])}
    better = opinion(row, 1, rating=5, preferred_over="g00002")
    tables = (
        LABELLED.shaped([labelled(row, [better]), labelled(other, [])]), FEEDBACK.shaped([better]), TUTOR_PAIRS.empty(),
    )  # fmt: skip
    (chosen,) = made(*tables, purpose="preference")
    assert (chosen.chosen, chosen.rejected) == (row["answer"], other["answer"])
    assert chosen.generation_ids == ("g00001", "g00002")


@pytest.mark.parametrize(
    ("verdict", "better"),
    [("teacher", "answer"), ("student", "student_answer"), ("both", None), (None, None)],
)
def test_a_tutor_pair_is_a_preference_when_somebody_judged(verdict: str | None, better: str | None) -> None:
    row = generation(1)
    tables = one(row, pairs=(pair(row, 1, verdict=verdict),))
    (tutor,) = made(*tables, purpose="tutor")
    assert (tutor.verdict, tutor.gold) == (verdict, verdict is not None)
    assert [e.chosen for e in made(*tables, purpose="preference")] == ([row[better]] if better else [])


def test_good_and_bad_answers() -> None:
    good, bad, wrong = (generation(k, right=r) for k, r in ((1, 0.9), (2, 0.1), (3, 0.5)))
    said = [
        opinion(good, 0, rating=5),
        opinion(bad, 0, rating=1),
        opinion(wrong, 0, rating=3, correction="Hold."),
    ]
    tables = (
        LABELLED.shaped([labelled(r, [s]) for r, s in zip((good, bad, wrong), said, strict=True)]), FEEDBACK.shaped(said),
        TUTOR_PAIRS.empty(),
    )  # fmt: skip
    assert {e.generation_ids[0]: e.label for e in made(*tables, purpose="unpaired")} == {
        "g00001": True, "g00002": False, "g00003": False
    }  # fmt: skip


def test_a_label_has_one_form() -> None:
    row = generation(1, label="up")
    (example,) = made(*one(row, opinion(row, 0, author="human", correction="Down.")), purpose="sft")
    assert example.chosen == '{"label":"down"}'


def test_the_order_of_rows_does_not_matter() -> None:
    tables = frames(200)
    mixed = tuple(t.sample(frac=1.0, random_state=3) for t in tables)
    assert assemble(*tables, CHOOSING) == assemble(*mixed, CHOOSING)
    assert len({e.purpose for e in assemble(*tables, CHOOSING).examples}) == 4
