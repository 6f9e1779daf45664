"""The log keeps the promises of its frames, repeats itself, and is as good and as noisy as it is told to be."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ConfigError, TooLittleData
from mandi.feedback.frames import FEEDBACK, GENERATIONS, TUTOR_PAIRS
from mandi.feedback.generated import GeneratedCalls, GeneratedParams, generated_calls, is_right
from mandi.feedback.generated.ask.templates import templates
from mandi.feedback.generated.log import TRUTH
from mandi.feedback.vocabulary import EMOTIONS, INTENTS, KINDS, SENTIMENTS


def near(share: float, target: float, rows: int) -> bool:
    """Whether a share is what is drawn with a chance, within three standard errors and a little for what is not binomial."""
    return abs(share - target) < 3.0 * np.sqrt(target * (1.0 - target) / rows) + 0.02


def joined(calls: GeneratedCalls) -> pd.DataFrame:
    return calls.generations.merge(calls.truth, on="generation_id", suffixes=("", "_true"))


def served(calls: GeneratedCalls) -> pd.DataFrame:
    """Answers of whoever was meant to give them, whole and new."""
    all_rows = joined(calls)
    good = (
        (all_rows["status"] == "success")
        & ~all_rows["fallback"]
        & ~all_rows["degraded"]
        & (all_rows["cache"] == "miss")
    )
    return all_rows[good]


def last_ratings(calls: GeneratedCalls) -> pd.DataFrame:
    said = calls.feedback[
        (calls.feedback["author"] == "user")
        & calls.feedback["rating"].notna()
        & (calls.feedback["version"] == 1)
    ]
    return said.merge(joined(calls), on="generation_id")


def test_frames_keep_their_promises(calls: GeneratedCalls, sizes: GeneratedParams) -> None:
    for frame, rows in (
        (GENERATIONS, calls.generations),
        (FEEDBACK, calls.feedback),
        (TUTOR_PAIRS, calls.tutor_pairs),
    ):
        frame.check(rows)
    known = set(calls.generations["generation_id"])
    assert sizes.answers <= len(known) < sizes.answers + 20
    assert set(calls.feedback["generation_id"]) <= known
    assert set(calls.feedback["preferred_over"].dropna()) <= known
    assert set(calls.tutor_pairs["generation_id"]) <= known
    assert calls.truth["generation_id"].tolist() == calls.generations["generation_id"].tolist()
    assert list(calls.truth.columns) == list(TRUTH)


def test_rows_hold_what_the_service_would_keep(calls: GeneratedCalls) -> None:
    for row in calls.generations.head(400).to_dict("records"):
        turns = json.loads(row["messages"])
        assert turns[-1] == {"role": "user", "content": row["question"]}
        facts = json.loads(row["facts"])
        if row["task_type"] == "classification":
            assert json.dumps(facts["text"], ensure_ascii=False)[1:-1] in row["question"]
        else:
            assert all(found["standing"] == "answered" for found in facts["findings"].values())
    later = calls.feedback.merge(calls.generations[["generation_id", "asked_at"]], on="generation_id")
    assert (later["said_at"] > later["asked_at"]).all()
    settled = calls.generations.dropna(subset=["outcome_at"])
    assert len(settled) > 50
    assert (settled["outcome_at"].dt.normalize() >= settled["asked_at"].dt.normalize()).all()


def test_labels_of_the_truth_are_in_the_vocabulary(calls: GeneratedCalls) -> None:
    for name, allowed in (
        ("intent", INTENTS),
        ("sentiment", SENTIMENTS),
        ("emotion", EMOTIONS),
        ("kind", KINDS),
    ):
        assert set(calls.truth[name]) <= set(allowed)
    assert set(calls.truth["intent"]) == set(INTENTS)


def test_the_same_seed_gives_the_same_bytes(tables: dict[str, pd.DataFrame]) -> None:
    small = GeneratedParams(seed=3, answers=150, organizations=5, users=20)
    one, two, other = (generated_calls(tables, p) for p in (small, small, replace(small, seed=4)))
    for name in ("generations", "feedback", "tutor_pairs", "truth", "spans"):
        assert getattr(one, name).to_json() == getattr(two, name).to_json()
    assert one.generations["question"].tolist() != other.generations["question"].tolist()


def test_a_phase_alone_is_the_same_rows(tables: dict[str, pd.DataFrame]) -> None:
    both = GeneratedParams(seed=3, answers=300, organizations=5, users=20)
    whole, early = generated_calls(tables, both), generated_calls(tables, replace(both, phases=("early",)))
    first = whole.truth[whole.truth["period"] == "early"]["generation_id"]
    assert early.generations["generation_id"].tolist() == first.tolist()
    assert 0.4 < len(first) / len(whole.truth) < 0.8
    last = whole.generations[~whole.generations["generation_id"].isin(first)]["asked_at"].min()
    assert early.generations["asked_at"].max() < last


def test_whoever_answers_is_as_right_as_told(calls: GeneratedCalls, sizes: GeneratedParams) -> None:
    rows, rights = served(calls), sizes.rights
    labels, chats = rows[rows["task_type"] == "classification"], rows[rows["task_type"] == "chat"]
    for among, target in ((labels, rights.teacher), (chats, rights.teacher_chat)):
        of = among[among["route"] == "teacher"]["right"]
        assert near(of.mean(), target, len(of))
    student = labels[labels["student_right"].notna()].assign(good=lambda r: r["student_right"].astype(float))
    assert near(student["good"].mean(), 0.62, len(student))
    people = joined(calls)[lambda r: r["route"] == "human"]
    assert near(people["right"].mean(), rights.person, len(people))


def test_routes_follow_the_bands(calls: GeneratedCalls, sizes: GeneratedParams) -> None:
    rows = served(calls)
    sure = rows[rows["route"] == "student"]
    assert len(sure) > 300
    assert (sure["confidence"] >= sizes.high).all()
    middle = rows[(rows["route"] == "teacher") & rows["student_confidence"].notna()]
    assert middle["student_confidence"].between(sizes.low, sizes.high).all()
    assert set(middle["generation_id"]) == set(calls.tutor_pairs["generation_id"])
    people = joined(calls)[lambda r: r["route"] == "human"]
    assert (people["student_confidence"] < sizes.low).all()
    answered = calls.feedback[calls.feedback["author"] == "human"]
    assert set(answered["generation_id"]) == set(people["generation_id"])
    assert answered["correction"].notna().all()


def test_confidence_is_honest_before_the_drift_and_not_after(calls: GeneratedCalls) -> None:
    rows = joined(calls)[lambda r: r["student_right"].notna() & (r["task_type"] == "classification")]
    gap = (rows["student_confidence"] - rows["student_right"].astype(float)).groupby(rows["phase"]).mean()
    assert abs(gap["early"]) < 0.05
    assert gap["later"] > 0.12


def test_what_must_not_be_learned_is_there_and_marked(calls: GeneratedCalls) -> None:
    rows = calls.generations
    for mark in (
        rows["fallback"],
        rows["degraded"],
        rows["status"] != "success",
        rows["effective_mode"] == "mock",
        rows["cache"] == "exact",
    ):
        assert 0 < mark.mean() < 0.15
    assert {"vendor-terms", "generated", "own", "human"} <= set(rows["licence"])
    assert 0.0 < (rows["consent"] == "refused").mean() < 0.25


def test_opinions_are_as_noisy_as_told(calls: GeneratedCalls, sizes: GeneratedParams) -> None:
    said, told = last_ratings(calls), sizes.opinions
    high = said["rating"] >= 4
    right = [is_right(row["answer"], row) for row in said.to_dict("records")]
    said = said.assign(good=right)
    assert near(high[said["good"]].mean(), told.high_if_right, int(said["good"].sum()))
    assert near(high[~said["good"]].mean(), told.high_if_wrong, int((~said["good"]).sum()))
    open_to = calls.generations[
        (calls.generations["route"] != "human") & calls.generations["status"].isin(["success", "partial"])
    ]
    assert (
        abs(said["generation_id"].nunique() / len(open_to) - told.rated) < 0.06
    )  # some users rate much, some never
    low = said[~high]
    corrected = low[low["correction"].notna()]
    assert near(len(corrected) / len(low), 0.35, len(low))
    right = [is_right(row["correction"], row) for row in corrected.to_dict("records")]
    assert near(float(np.mean(right)), 0.93, len(right))


def test_people_change_their_minds_take_back_and_prefer(calls: GeneratedCalls) -> None:
    said = calls.feedback
    assert (said["version"] == 2).sum() > 10
    assert said["withdrawn"].sum() > 0
    assert said["preferred_over"].notna().sum() > 10
    assert not said.duplicated(["generation_id", "author_pseudonym", "version"]).any()


def test_right_answers_name_prices_that_come(calls: GeneratedCalls) -> None:
    rows = joined(calls).dropna(subset=["outcome"])
    held = rows["outcome"].map(lambda text: json.loads(text)["held"])
    assert held[rows["right"]].mean() > 0.88
    assert held[~rows["right"]].mean() < 0.75


def test_held_wordings_are_in_no_log(calls: GeneratedCalls) -> None:
    part = {template.template_id: template.part for template in templates()}
    worded = calls.truth[calls.truth["group"] != "deal"]
    assert set(worded["template_id"].map(part)) == {"early", "traffic"}
    assert (worded["template_id"].map(part) == worded["part"]).all()
    assert set(worded[worded["period"] == "early"]["part"]) == {"early"}


def test_tables_without_deals_are_refused(tables: dict[str, pd.DataFrame]) -> None:
    with pytest.raises(TooLittleData, match="no deals"):
        generated_calls({"reports": tables["reports"]})
    with pytest.raises(ConfigError, match="noon"):
        GeneratedParams(phases=("noon",))
