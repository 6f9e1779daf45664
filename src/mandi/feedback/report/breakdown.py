"""How answers did, group by group and week by week, each figure with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mandi.feedback.report.shares import Figure, mean, share

if TYPE_CHECKING:
    from pandas import DataFrame

VIEWS = {
    "task_type": "task",
    "provider": "provider",
    "route": "route",
    "language_found": "language",
    "intent": "intent",
}
"""What answers are grouped by, and how a table calls it."""
FIGURES = ("success_rate", "user_satisfaction", "liked", "reward", "right")


def overall(answers: DataFrame) -> dict[str, Figure]:
    """Return the figures of a set of answers.

    Parameters
    ----------
    answers : DataFrame
        Of `mandi.feedback.report.answers.period`.

    Returns
    -------
    dict of str to Figure
        ``success_rate`` share of a program's answers that came whole; ``user_satisfaction`` mean rating, 1 to 5; ``liked`` share of judged
        answers; ``reward`` and ``right`` means in [0, 1].
    """
    who, judged = answers["user_pseudonym"], answers[answers["judged"]]
    return {
        "success_rate": share(int(answers["whole"].sum()), int(answers["answered"].sum())),
        "user_satisfaction": mean(answers["rating"].where(answers["answered"]), who, 1.0, 5.0),
        "liked": share(int(judged["liked"].sum()), len(judged)),
        "reward": mean(answers["reward"], who),
        "right": mean(answers["right"], who),
    }


def by(answers: DataFrame, column: str) -> DataFrame:
    """Return the figures of each group: the group, ``answers``, ``judged``, and per figure its value, ``_low``, ``_high``.

    Parameters
    ----------
    answers : DataFrame
        Of `mandi.feedback.report.answers.period`.
    column : str
        Of ``VIEWS``; a missing value is a group of its own, "unknown".
    """
    import pandas as pd

    names = answers[column].fillna("unknown").astype("object")
    rows = [
        {column: name, "answers": len(group), "judged": int(group["judged"].sum()), **_flat(overall(group))}
        for name, group in answers.groupby(names, sort=True)
    ]
    head = [column, "answers", "judged"]
    frame = pd.DataFrame(rows, columns=None if rows else [*head, *_columns()])
    return frame.sort_values(["answers", column], ascending=[False, True], ignore_index=True)


def weekly(answers: DataFrame) -> DataFrame:
    """Return reward and satisfaction of each week, which begins on Monday (UTC): ``week`` and the columns of ``by``."""
    return by(answers, "week").sort_values("week", ignore_index=True)


def halves(answers: DataFrame) -> tuple[dict[str, Figure], dict[str, Figure]]:
    """Return the figures of the first and of the second half of the period, by time."""
    middle = answers["asked_at"].min() + (answers["asked_at"].max() - answers["asked_at"].min()) / 2
    return overall(answers[answers["asked_at"] <= middle]), overall(answers[answers["asked_at"] > middle])


def _flat(figures: Mapping[str, Figure]) -> dict[str, float | None]:
    flat: dict[str, float | None] = {}
    for name, figure in figures.items():
        flat |= {name: figure.value, f"{name}_low": figure.low, f"{name}_high": figure.high}
    return flat


def _columns() -> list[str]:
    return [f"{name}{end}" for name in FIGURES for end in ("", "_low", "_high")]
