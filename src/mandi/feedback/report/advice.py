"""What to improve next: rules over the figures of a report, each with its number, its limit and a command."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from mandi.feedback.report.loops import Comparison
from mandi.feedback.report.patterns import Pattern
from mandi.feedback.report.shares import Figure, share

if TYPE_CHECKING:
    from pandas import DataFrame

THE_CHAMPION = "the champion"
RATE = (
    "curl -X POST http://127.0.0.1:3000/api/v1/ai/generations/GENERATION/feedback "
    "-H 'x-api-key: KEY' -H 'content-type: application/json' -d '{\"rating\": 2, \"correction\": \"...\"}'"
)


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on something is worth doing. Shares in [0, 1].

    Attributes
    ----------
    judged : int
        Answers with a rating or a correction before the rest of the report may be acted upon.
    voices : int
        People who judged.
    failures : float
        Share of answers that did not come whole.
    missed : float
        Share of stated prices that did not hold.
    unlabelled : float
        Share of answers whose intent nobody knows.
    confident : float
        Accuracy promised where the student answers alone.
    calibration : float
        Expected calibration error.
    pattern_examples : int
        Judged answers before a group counts as a pattern.
    """

    judged: int = 100
    voices: int = 5
    failures: float = 0.02
    missed: float = 0.10
    unlabelled: float = 0.20
    confident: float = 0.93
    calibration: float = 0.05
    pattern_examples: int = 10


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to do.

    Attributes
    ----------
    what : str
    figure : str
        What was measured.
    limit : str
        Beside what.
    answers : int
        How many answers of the period it is about; orders the list.
    command : str
        What to type.
    """

    what: str
    figure: str
    limit: str
    answers: int
    command: str

    def to_dict(self) -> dict[str, Any]:
        """Return the advice as plain values."""
        return asdict(self)


def too_little(answers: DataFrame, limits: Limits) -> str:
    """Return why the figures are too few to act upon, or an empty string."""
    judged = answers[answers["judged"]]
    voices = judged["user_pseudonym"].nunique()
    if len(judged) < limits.judged:
        return f"Not enough data: {len(judged):,} of {len(answers):,} answers were judged, {limits.judged:,} are needed."
    if voices < limits.voices:
        return f"Not enough data: {voices} people judged, {limits.voices} are needed."
    return ""


def advise(
    answers: DataFrame,
    patterns: Sequence[Pattern],
    by_band: DataFrame,
    student: Comparison | None,
    pairs: dict[str, Figure],
    days: int,
    limits: Limits,
) -> list[Advice]:
    """Return what to improve next, the greatest first.

    Parameters
    ----------
    answers : DataFrame
        Of `mandi.feedback.report.answers.period`.
    patterns : sequence of Pattern
    by_band : DataFrame
        Of `mandi.feedback.report.loops.bands`.
    student : Comparison, optional
    pairs : dict of str to Figure
        Of `mandi.feedback.report.loops.agreement`.
    days : int
    limits : Limits
    """
    if lacking := too_little(answers, limits):
        judged = int(answers["judged"].sum())
        ask = Advice(
            "Ask for ratings and corrections; nothing else here may be acted upon yet.",
            lacking, f"{limits.judged:,} judged answers of {limits.voices} people", len(answers) - judged, RATE,
        )  # fmt: skip
        return [ask, *_of_failures(answers, limits)]
    found = [
        *_of_failures(answers, limits),
        *_of_patterns(patterns, days),
        *_of_prices(answers, limits),
        *_of_labels(answers, limits),
        *_of_bands(by_band, pairs, limits),
    ]
    return [*_of_student(student, len(answers), limits), *sorted(found, key=lambda a: (-a.answers, a.what))]


def _of_failures(answers: DataFrame, limits: Limits) -> Iterator[Advice]:
    broken = answers[answers["answered"] & ~answers["whole"]]
    seen = share(len(broken), int(answers["answered"].sum()))
    if seen.low is not None and seen.low > limits.failures:
        by_provider = broken["provider"].value_counts().sort_index()
        worst = str(by_provider.idxmax())
        yield Advice(
            f"Find out why answers do not come whole; most of them name {worst}.",
            f"{_percent(seen)} of answers did not come whole", f"{limits.failures:.0%}", len(broken), "mandi settings --check",
        )  # fmt: skip


def _of_patterns(patterns: Sequence[Pattern], days: int) -> Iterator[Advice]:
    for pattern in patterns[:3]:
        task = dict(pattern.where).get("task", "")
        only = f" --task {shlex.quote(task)}" if task else ""
        yield Advice(
            f"Correct answers about {pattern.name}: they are disliked {pattern.lift:.1f} times as often as others.",
            f"{pattern.disliked:,} of {pattern.judged:,} judged answers disliked, at least {pattern.low:.0%} of such",
            f"{pattern.rate / pattern.lift:.0%}, the share among all", round(pattern.excess),
            f"mandi feedback export --format trl --purpose preference{only} --days {days} --to data/export",
        )  # fmt: skip


def _of_prices(answers: DataFrame, limits: Limits) -> Iterator[Advice]:
    known = answers[answers["outcome_label"].isin(["held", "missed"])]
    missed = int((known["outcome_label"] == "missed").sum())
    seen = share(missed, len(known))
    if seen.low is not None and seen.low > limits.missed:
        yield Advice(
            "Look at the price model: prices that were stated did not hold.",
            f"{_percent(seen)} of {len(known):,} stated prices did not hold", f"{limits.missed:.0%}", missed, "mandi look price",
        )  # fmt: skip


def _of_labels(answers: DataFrame, limits: Limits) -> Iterator[Advice]:
    blank = int((answers["intent"] == "unlabelled").sum())
    seen = share(blank, len(answers))
    if seen.low is not None and seen.low > limits.unlabelled:
        yield Advice(
            "Teach the labels: it is not known what many questions are about.",
            f"{_percent(seen)} of answers have no intent", f"{limits.unlabelled:.0%}", blank, "mandi repro feedback",
        )  # fmt: skip


def _of_bands(by_band: DataFrame, pairs: dict[str, Figure], limits: Limits) -> Iterator[Advice]:
    rows = {str(row["band"]): row for row in by_band.to_dict(orient="records")}
    top = rows["high"]
    if top["judged"] and top["liked_high"] < limits.confident:
        yield Advice(
            "Raise the threshold from which the student answers alone.",
            f"{top['liked']:.1%} of its sure answers were liked (95 %: {top['liked_low']:.1%} to {top['liked_high']:.1%})",
            f"{limits.confident:.0%}", int(top["answers"]), "mandi repro student",
        )  # fmt: skip
    same = pairs.get("same_words")
    if same is not None and same.low is not None and same.low >= limits.confident:
        yield Advice(
            "Calibrate the student anew: its teacher says the same where the student is not trusted.",
            f"{_percent(same)} of {same.n:,} pairs agree", f"{limits.confident:.0%}",
            int(rows["middle"]["answers"]), "mandi repro student",
        )  # fmt: skip


def _of_student(student: Comparison | None, answers: int, limits: Limits) -> Iterator[Advice]:
    if student is None:
        yield Advice(
            "Examine a student on the frozen set.",
            "no student has been examined", "one", answers, "mandi repro student_register",
        )  # fmt: skip
        return
    gain = student.gain
    if gain.low is not None and gain.low > 0 and student.passed and student.over == THE_CHAMPION:
        yield Advice(
            "Make the new student the champion.",
            f"gains at least {100 * gain.low:.1f} points on the frozen set and passed the gate", "above 0",
            answers, "mandi promote student",
        )  # fmt: skip
    elif gain.low is None or gain.low <= 0:
        yield Advice(
            "Keep the champion; look at where the new student is worse before collecting more of the same.",
            f"the gain may be {100 * (gain.low or 0.0):+.1f} points", "above 0", answers, "mandi repro look@60_student",
        )  # fmt: skip
    if student.ece_after is not None and student.ece_after > limits.calibration:
        yield Advice(
            "Collect ratings of recent answers and calibrate the student anew.",
            f"expected calibration error {student.ece_after:.3f}", f"{limits.calibration:g}", answers, "mandi repro student",
        )  # fmt: skip


def _percent(seen: Figure) -> str:
    return f"{seen.value or 0.0:.1%}"
