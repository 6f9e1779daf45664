"""The improvement report: one pure function from the frames of the loop to everything a period has to say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from mandi.feedback.frames import FEEDBACK
from mandi.feedback.report.advice import Advice, Limits, advise, too_little
from mandi.feedback.report.answers import last_moment, period
from mandi.feedback.report.breakdown import VIEWS, by, halves, overall, weekly
from mandi.feedback.report.loops import Comparison, agreement, bands, verdict
from mandi.feedback.report.patterns import Pattern, error_patterns
from mandi.feedback.report.shares import Figure, as_dict, difference, told_apart

if TYPE_CHECKING:
    from pandas import DataFrame

THRESHOLDS: Mapping[str, float] = {"high": 0.75, "low": 0.40}


@dataclass(frozen=True)
class ImprovementReport:
    """What feedback says about a period. Shares are in [0, 1], satisfaction in 1 to 5, money in US dollars.

    Attributes
    ----------
    days : int
    since, until : datetime
    counts : mapping of str to int
        answers, left_to_a_person, judged, rated, corrected, people, opinions, opinions_changed.
    overall_metrics : mapping of str to Figure
        ``success_rate``, ``user_satisfaction``, ``liked``, ``reward``, ``right``.
    before : mapping of str to Figure
        The same of as many days before.
    views : mapping of str to DataFrame
        A table for each of `mandi.feedback.report.breakdown.VIEWS`.
    weeks : DataFrame
    trend : str
        What the reward did, in a sentence.
    patterns : list of Pattern
    agreement : mapping of str to Figure
    bands : DataFrame
    student : Comparison, optional
    verdict : str
        Whether feedback helped, in a sentence.
    lacking : str
        Why the figures are too few to act upon; empty when they are not.
    advice : list of Advice
    """

    days: int
    since: datetime
    until: datetime
    counts: Mapping[str, int]
    overall_metrics: Mapping[str, Figure]
    before: Mapping[str, Figure]
    views: Mapping[str, DataFrame]
    weeks: DataFrame
    trend: str
    patterns: list[Pattern]
    agreement: Mapping[str, Figure]
    bands: DataFrame
    student: Comparison | None
    verdict: str
    lacking: str
    advice: list[Advice] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain values: JSON writes it, rates are fractions.

        ``overall_metrics`` holds bare numbers, ``intervals`` the same names with their intervals.
        """
        return {
            "days": self.days,
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "counts": dict(self.counts),
            "overall_metrics": {
                name: figure.to_dict()["value"] for name, figure in self.overall_metrics.items()
            },
            "intervals": as_dict(self.overall_metrics.items()),
            "before": as_dict(self.before.items()),
            "by": {VIEWS[column]: _records(table) for column, table in self.views.items()},
            "weeks": _records(self.weeks),
            "trend": self.trend,
            "error_patterns": [pattern.to_dict() for pattern in self.patterns],
            "agreement": as_dict(self.agreement.items()),
            "bands": _records(self.bands),
            "student": self.student.to_dict() if self.student else None,
            "verdict": self.verdict,
            "not_enough_data": self.lacking,
            "next": [advice.to_dict() for advice in self.advice],
        }


def improvement_report(
    labelled: DataFrame,
    feedback: DataFrame,
    tutor_pairs: DataFrame,
    *,
    days: int = 30,
    now: datetime | None = None,
    student: Comparison | None = None,
    why_no_student: str = "",
    thresholds: Mapping[str, float] = THRESHOLDS,
    limits: Limits | None = None,
) -> ImprovementReport:
    """Say how the answers of a period did and what to improve next.

    Parameters
    ----------
    labelled, feedback, tutor_pairs : DataFrame
        See `mandi.feedback.frames`.
    days : int
    now : datetime, optional
        End of the period; the last question if not given, so that the same frames give the same report.
    student : Comparison, optional
        Champion and new student on the frozen set.
    why_no_student : str
        Why there is nothing to compare.
    thresholds : mapping
        ``high`` and ``low`` of the router.
    limits : Limits, optional

    Raises
    ------
    ContractError
        A frame has not the columns of its contract.
    UnknownValue
        ``days`` is not positive, ``now`` has no zone, or there is no answer at all.
    """
    FEEDBACK.check(feedback)
    until, limits = now or last_moment(labelled), limits or Limits()
    answers = period(labelled, days, until)
    earlier = period(labelled, days, until - timedelta(days=days))
    patterns = error_patterns(answers, least=limits.pattern_examples)
    pairs = agreement(tutor_pairs, days, until)
    by_band = bands(answers, thresholds)
    return ImprovementReport(
        days,
        until - timedelta(days=days),
        until,
        _counts(answers, feedback),
        overall(answers),
        overall(earlier),
        {column: by(answers, column) for column in VIEWS},
        weekly(answers),
        _trend(answers),
        patterns,
        pairs,
        by_band,
        student,
        verdict(student, why_no_student),
        too_little(answers, limits),
        advise(answers, patterns, by_band, student, pairs, days, limits),
    )


def _counts(answers: DataFrame, feedback: DataFrame) -> dict[str, int]:
    said = feedback[feedback["generation_id"].isin(answers["generation_id"])]
    return {
        "answers": len(answers),
        "left_to_a_person": int((~answers["answered"]).sum()),
        "judged": int(answers["judged"].sum()),
        "rated": int(answers["rating"].notna().sum()),
        "corrected": int((answers["correction"].notna() & answers["answered"]).sum()),
        "people": int(answers["user_pseudonym"].nunique()),
        "opinions": len(said),
        "opinions_changed": int((said["version"] > 1).sum()),
    }


def _trend(answers: DataFrame) -> str:
    if answers["week"].nunique() < 2:
        return "The reward has no trend yet: fewer than two weeks."
    first, second = halves(answers)
    change = difference(second["reward"], first["reward"])
    if change.value is None:
        return "The reward has no trend yet: one half of the period is empty."
    moved = f"{change.value:+.3f} (95 %: {change.low:+.3f} to {change.high:+.3f})"
    if not told_apart(change):
        return f"Between the halves of the period the reward changed by {moved}, which is no more than chance does."
    return f"Between the halves of the period the reward {'rose' if change.value > 0 else 'fell'} by {moved[1:]}."


def _records(table: DataFrame) -> list[dict[str, Any]]:
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for row in table.to_dict(orient="records"):
        rows.append({str(name): _value(value, pd) for name, value in row.items()})
    return rows


def _value(value: Any, pd: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    if value is None or pd.isna(value):
        return None
    if hasattr(value, "item"):
        value = value.item()
    return round(value, 6) if isinstance(value, float) else value
