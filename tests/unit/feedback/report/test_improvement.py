"""The report of a period: figures, what was planted is found, what is missing is said."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from made_log import END, SECRET, answer, labelled, log, no_feedback, no_pairs, pair

from mandi.core.errors import ContractError, UnknownValue
from mandi.feedback.frames import FEEDBACK, TUTOR_PAIRS
from mandi.feedback.report.advice import Limits
from mandi.feedback.report.improvement import ImprovementReport, improvement_report
from mandi.feedback.report.loops import Comparison, verdict
from mandi.feedback.report.shares import Figure, difference, mean, share, told_apart
from mandi.feedback.report.text import written


def report_of(rows: list[dict[str, object]], **more: object) -> ImprovementReport:
    return improvement_report(labelled(rows), no_feedback(), no_pairs(), now=END, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def whole() -> ImprovementReport:
    said = [
        {"feedback_id": f"f{v}", "generation_id": "g00000", "author": "user", "author_pseudonym": "u0", "said_at": END,
         "version": float(v), "rating": 1.0, "comment": SECRET, "correction": None, "preferred_over": None,
         "withdrawn": False, "provenance": "generated"}
        for v in (1, 2)
    ]  # fmt: skip
    pairs = TUTOR_PAIRS.shaped([pair(n, human_verdict="both" if n < 4 else None) for n in range(10)])
    return improvement_report(log(), FEEDBACK.shaped(said), pairs, days=30, now=END)


def test_rates_are_fractions_and_satisfaction_is_of_five() -> None:
    rows = [answer(n, rating=5.0 if n < 6 else 3.0, degraded=n == 9) for n in range(10)]
    report = report_of(rows)
    told = report.to_dict()
    assert told["overall_metrics"]["success_rate"] == 0.9
    assert told["overall_metrics"]["user_satisfaction"] == pytest.approx(4.2)
    low, high = (told["intervals"]["success_rate"][end] for end in ("low", "high"))
    assert (round(low, 3), round(high, 3)) == (0.596, 0.982)
    assert "90.0 %" in written(report) and "4.20 of 5" in written(report)


@pytest.mark.parametrize("change", [{"status": "timeout"}, {"fallback": True}, {"degraded": True}])
def test_an_answer_that_somebody_else_gave_or_that_is_broken_is_no_success(change: dict[str, object]) -> None:
    assert report_of([answer(0), answer(1, **change)]).overall_metrics["success_rate"].value == 0.5


def test_what_is_left_to_a_person_is_neither_success_nor_failure() -> None:
    left = answer(
        2, route="human", degraded=True, correction="Payment is due in 15 days.", correction_by="human"
    )
    report = report_of([answer(0, rating=5.0), answer(1, degraded=True, rating=1.0), left])
    assert report.overall_metrics["success_rate"].to_dict()["n"] == 2
    assert report.overall_metrics["success_rate"].value == report.overall_metrics["liked"].value == 0.5
    assert (report.counts["left_to_a_person"], report.counts["judged"], report.counts["corrected"]) == (
        1,
        2,
        0,
    )


def test_a_correction_is_dislike_whatever_the_stars_say() -> None:
    report = report_of([answer(0, rating=5.0), answer(1, rating=5.0, correction="no")])
    assert report.overall_metrics["liked"].value == 0.5
    assert report.counts["corrected"] == 1


def test_the_period_is_what_was_asked_for_and_the_one_before_stands_beside(whole: ImprovementReport) -> None:
    assert (whole.counts["answers"], whole.before["reward"].n) == (600, 600)
    assert whole.until - whole.since == timedelta(days=30)
    assert whole.counts["opinions"] == 2 and whole.counts["opinions_changed"] == 1


def test_the_planted_pattern_is_found_and_nothing_else(whole: ImprovementReport) -> None:
    first = whole.patterns[0]
    assert dict(first.where) == {"intent": "price", "commodity": "cotton"}
    assert first.lift > 3 and first.low > 0.3
    clear = {("intent", "price"), ("commodity", "cotton")}
    assert all(clear & set(pattern.where) for pattern in whole.patterns)
    advised = next(a for a in whole.advice if "--purpose preference" in a.command)
    assert advised.what.startswith("Correct answers about intent price, commodity cotton")


def test_dislike_at_random_is_no_pattern() -> None:
    import numpy as np

    rng = np.random.default_rng(3)
    found = 0
    for _ in range(5):
        frame = log(600, days=20, seed=int(rng.integers(1 << 30)))
        judged = frame["rating"].notna()
        frame.loc[judged, "rating"] = rng.permutation(frame.loc[judged, "rating"].to_numpy())
        found += len(improvement_report(frame, no_feedback(), no_pairs(), now=END).patterns)
    assert found <= 1


def test_no_text_of_a_user_reaches_the_report(whole: ImprovementReport) -> None:
    assert SECRET not in json.dumps(whole.to_dict()) and "98765" not in written(whole)


def test_the_same_frames_give_the_same_report_without_a_clock(whole: ImprovementReport) -> None:
    again = improvement_report(log().sample(frac=1, random_state=1), no_feedback(), no_pairs(), days=30)
    once = improvement_report(log(), no_feedback(), no_pairs(), days=30)
    assert json.dumps(again.to_dict(), sort_keys=True) == json.dumps(once.to_dict(), sort_keys=True)
    assert once.until == END


def test_too_few_judged_answers_are_said_plainly_and_nothing_else_is_advised() -> None:
    report = report_of([answer(n, rating=1.0) for n in range(20)], limits=Limits(judged=30))
    assert report.lacking == "Not enough data: 20 of 20 answers were judged, 30 are needed."
    assert [a.figure for a in report.advice] == [report.lacking]
    few = report_of([answer(n, rating=1.0, user_pseudonym="u") for n in range(40)], limits=Limits(judged=30))
    assert few.lacking == "Not enough data: 1 people judged, 5 are needed."


def test_bands_say_who_answered(whole: ImprovementReport) -> None:
    bands = whole.bands.set_index("band")
    assert bands["answers"].sum() == 600 and bands["share"].sum() == pytest.approx(1)
    assert bands.loc["high", "student"] == bands.loc["middle", "teacher"] == bands.loc["low", "human"] == 1
    edge = report_of([answer(0, student_confidence=0.75), answer(1, student_confidence=0.4)])
    assert edge.bands.set_index("band").loc[["high", "middle"], "answers"].tolist() == [1, 1]


def test_pairs_are_compared_without_case_and_full_stop(whole: ImprovementReport) -> None:
    assert whole.agreement["same_words"].value == 1.0
    assert whole.agreement["student_right"].to_dict()["n"] == 4


def test_a_question_without_known_facts_or_labels_does_not_break_it() -> None:
    rows = [
        answer(n, facts="not json", language_found="unlabelled", intent="unlabelled", rating=1.0)
        for n in range(120)
    ]
    report = report_of(rows)
    assert report.patterns == []
    assert any("no intent" in a.figure for a in report.advice)


def test_prices_that_did_not_hold_send_to_the_price_model() -> None:
    rows = [answer(n, rating=4.0, outcome_label="missed" if n < 40 else "held") for n in range(120)]
    assert "mandi look price" in [a.command for a in report_of(rows).advice]


FROZEN = Comparison(
    400, share(280, 400), share(320, 400), Figure(0.1, 0.06, 0.14, 400), share(200, 400), share(300, 400),
    Figure(-0.01, -0.03, 0.01, 400), 0.06, 0.03, True,
)  # fmt: skip


@pytest.mark.parametrize(
    ("gain", "shuffled", "begins"),
    [
        (Figure(0.1, 0.06, 0.14, 9), Figure(0.0, -0.02, 0.02, 9), "Feedback helped"),
        (Figure(0.01, -0.02, 0.04, 9), None, "Feedback did not help"),
        (Figure(-0.1, -0.14, -0.06, 9), None, "Feedback did harm"),
        (Figure(0.1, 0.06, 0.14, 9), Figure(0.08, 0.02, 0.14, 9), "The gain may not be the feedback's"),
        (Figure(None, None, None, 0), None, "Whether feedback helped is not known"),
    ],
)
def test_the_verdict_says_it_plainly(gain: Figure, shuffled: Figure | None, begins: str) -> None:
    import dataclasses

    assert verdict(dataclasses.replace(FROZEN, gain=gain, shuffled=shuffled)).startswith(begins)


def test_a_student_that_passed_is_to_be_promoted_and_one_that_gains_nothing_is_not() -> None:
    import dataclasses

    good = improvement_report(log(), no_feedback(), no_pairs(), student=FROZEN)
    assert good.advice[0].command == "mandi promote student"
    flat = dataclasses.replace(FROZEN, gain=Figure(0.0, -0.02, 0.02, 400), ece_after=0.09)
    poor = improvement_report(log(), no_feedback(), no_pairs(), student=flat)
    assert poor.advice[0].what.startswith("Keep the champion")
    assert "mandi promote student" not in [a.command for a in poor.advice]
    assert any("0.090" in a.figure for a in poor.advice)
    assert "did not help" in written(poor)


def test_what_cannot_be_reported_is_refused() -> None:
    with pytest.raises(UnknownValue, match="days is 0"):
        improvement_report(log(20), no_feedback(), no_pairs(), days=0)
    with pytest.raises(UnknownValue, match="no zone"):
        improvement_report(log(20), no_feedback(), no_pairs(), now=END.replace(tzinfo=None))
    with pytest.raises(ContractError):
        improvement_report(log(20).drop(columns="rating"), no_feedback(), no_pairs())
    with pytest.raises(UnknownValue, match="no answer"):
        improvement_report(labelled([]), no_feedback(), no_pairs())


def test_a_period_without_answers_is_reported_as_empty() -> None:
    report = improvement_report(log(20, days=1), no_feedback(), no_pairs(), now=END + timedelta(days=90))
    assert report.counts["answers"] == 0 and report.overall_metrics["success_rate"].value is None
    assert "-" in written(report) and report.lacking.startswith("Not enough data")


def test_one_loud_person_widens_the_interval() -> None:
    import pandas as pd

    values = pd.Series([1.0] * 20 + [5.0] * 20)
    many, few = (mean(values, pd.Series(range(40)), 1, 5), mean(values, pd.Series([0] * 20 + [1] * 20), 1, 5))
    assert few.low == 1.0 and few.high == 5.0 and many.low is not None and many.low > 2.2


def test_intervals_cover_as_often_as_they_say() -> None:
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(300):
        taste = rng.normal(3, 0.5, 15)
        values = pd.Series(np.repeat(taste, 6) + rng.normal(0, 0.5, 90))
        found = mean(values, pd.Series(np.repeat(np.arange(15), 6)), -9, 9)
        covered += found.low <= 3 <= found.high  # type: ignore[operator]
    assert 0.91 <= covered / 300 <= 0.985
    assert not told_apart(difference(share(50, 100), share(50, 100)))
