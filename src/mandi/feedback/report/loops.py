"""What the student does with feedback: agreement with its teacher, who answers in which band, before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from mandi.core.errors import ContractError
from mandi.feedback.frames import TUTOR_PAIRS
from mandi.feedback.report.shares import Figure, share

if TYPE_CHECKING:
    from pandas import DataFrame

BANDS = ("high", "middle", "low", "unknown")
ROUTES = ("student", "teacher", "human", "mock")


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions of the student on the same frozen set.

    Attributes
    ----------
    examples : int
        Of the frozen set.
    before, after : Figure
        Share answered rightly by the champion and by the new version, each asked about everything.
    gain : Figure
        After less before, on the same examples, with the interval of the paired difference.
    confident_before, confident_after : Figure, optional
        Share of questions the router may leave to the student, at equal accuracy.
    shuffled : Figure, optional
        The gain of a student that learned from the same feedback given to the wrong questions; should be none.
    ece_before, ece_after : float, optional
        Expected calibration error of the confidence.
    passed : bool, optional
        The verdict of the gate.
    over : str
        Whom the gain is over, in words.
    """

    examples: int
    before: Figure
    after: Figure
    gain: Figure
    confident_before: Figure | None = None
    confident_after: Figure | None = None
    shuffled: Figure | None = None
    ece_before: float | None = None
    ece_after: float | None = None
    passed: bool | None = None
    over: str = "the champion"

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as plain values."""
        return {
            name: value.to_dict() if isinstance(value := getattr(self, name), Figure) else value
            for name in asdict(self)
        }


def agreement(pairs: DataFrame, days: int, now: datetime) -> dict[str, Figure]:
    """Say how often student and teacher said the same, and who was right where a person decided.

    Parameters
    ----------
    pairs : DataFrame
        See `mandi.feedback.frames.TUTOR_PAIRS`.
    days : int
    now : datetime

    Returns
    -------
    dict of str to Figure
        ``same_words``: share of pairs with equal texts, letter case and spaces aside; ``student_right`` and ``teacher_right``:
        shares of the pairs with a person's verdict. By task, ``same_words.<task>``, where there are several.
    """
    TUTOR_PAIRS.check(pairs)
    within = pairs[
        (pairs["created_at"] > now - timedelta(days=days)) & (pairs["created_at"] <= now)
    ].reset_index(drop=True)
    same = _plain(within["student_output"]) == _plain(within["teacher_output"])
    verdicts = within["human_verdict"].dropna()
    found = {
        "same_words": share(int(same.sum()), len(same)),
        "student_right": share(int(verdicts.isin(["student", "both"]).sum()), len(verdicts)),
        "teacher_right": share(int(verdicts.isin(["teacher", "both"]).sum()), len(verdicts)),
    }
    tasks = sorted(within["task_type"].unique())
    if len(tasks) > 1:
        for task in tasks:
            rows = same[within["task_type"] == task]
            found[f"same_words.{task}"] = share(int(rows.sum()), len(rows))
    return found


def bands(answers: DataFrame, thresholds: Mapping[str, float]) -> DataFrame:
    """Say who answered in each band of the student's confidence.

    Parameters
    ----------
    answers : DataFrame
        Of `mandi.feedback.report.answers.period`.
    thresholds : mapping
        ``high`` and ``low``; a confidence at the edge belongs to the band above it.

    Returns
    -------
    DataFrame
        ``band``, ``answers``, ``share`` of all, ``judged``, ``liked`` with ``liked_low`` and ``liked_high``, and the share of each route.

    Raises
    ------
    ContractError
        ``low`` lies above ``high``.
    """
    import numpy as np
    import pandas as pd

    high, low = thresholds["high"], thresholds["low"]
    if low > high:
        raise ContractError(f"the low threshold is {low}, the high one {high}", allowed="low <= high")
    own = answers["confidence"].where(answers["route"] == "student")
    sure = answers["student_confidence"].fillna(own)
    band = np.select([sure >= high, sure >= low, sure < low], ["high", "middle", "low"], default="unknown")
    rows = []
    for name in BANDS:
        group = answers[band == name]
        judged = group[group["judged"]]
        liked = share(int(judged["liked"].sum()), len(judged))
        routes = {route: float((group["route"] == route).mean()) if len(group) else None for route in ROUTES}
        rows.append(
            {"band": name, "answers": len(group), "share": len(group) / max(1, len(answers)), "judged": len(judged),
             "liked": liked.value, "liked_low": liked.low, "liked_high": liked.high, **routes}
        )  # fmt: skip
    return pd.DataFrame(rows)


def verdict(comparison: Comparison | None, why: str = "") -> str:
    """Say in one sentence whether feedback helped.

    Parameters
    ----------
    comparison : Comparison, optional
    why : str
        Why there is none.

    Examples
    --------
    >>> level = share(70, 100)
    >>> print(verdict(Comparison(100, level, level, Figure(0.0, -0.03, 0.03, 100))))
    Feedback did not help: on 100 frozen examples the new student gains 0.0 points over the champion (95 %: -3.0 to +3.0), which cannot be told from nothing.
    """
    if comparison is None:
        return f"Whether feedback helped is not known: {why or 'no student has been examined on the frozen set'}."
    gain = comparison.gain
    if gain.value is None or gain.low is None or gain.high is None:
        return "Whether feedback helped is not known: the frozen set holds no example."
    measured = (
        f"on {comparison.examples:,} frozen examples the new student gains {_points(gain.value)} points over {comparison.over} "
        f"(95 %: {_points(gain.low, sign=True)} to {_points(gain.high, sign=True)})"
    )
    if gain.high < 0:
        return f"Feedback did harm: {measured}."
    if gain.low <= 0:
        return f"Feedback did not help: {measured}, which cannot be told from nothing."
    control = comparison.shuffled
    if control is not None and control.low is not None and control.low > 0:
        return (
            f"The gain may not be the feedback's: {measured}, but a student that learned from shuffled feedback "
            f"gains {_points(control.value or 0.0)} points as well."
        )
    return f"Feedback helped: {measured}."


def _points(value: float, *, sign: bool = False) -> str:
    return f"{100 * value:+.1f}" if sign else f"{100 * value:.1f}"


def _plain(texts: Any) -> Any:
    return texts.str.casefold().str.split().str.join(" ").str.strip(" .")
