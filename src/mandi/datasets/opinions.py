"""Which opinions count: the last word of each author on each answer, unless it was taken back."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one author says of one answer now."""

    feedback_id: str
    author: str
    author_pseudonym: str
    said_at: datetime
    rating: float | None
    correction: str | None
    preferred_over: str | None


def opinions(feedback: DataFrame) -> dict[str, list[Opinion]]:
    """Return the opinions that count, by answer.

    Parameters
    ----------
    feedback : DataFrame
        Frame FEEDBACK.

    Returns
    -------
    dict of str to list of Opinion
        Of each generation, a person of the house first, then the latest.

    Examples
    --------
    >>> from mandi.feedback.frames import FEEDBACK
    >>> row = {"generation_id": "g", "author": "user", "author_pseudonym": "u", "said_at": "2024-05-01", "rating": 5,
    ...        "comment": None, "correction": None, "preferred_over": None, "provenance": "service"}
    >>> first = row | {"feedback_id": "a", "version": 1, "withdrawn": False}
    >>> opinions(FEEDBACK.shaped([first]))["g"][0].rating
    5.0
    >>> opinions(FEEDBACK.shaped([first, row | {"feedback_id": "b", "version": 2, "withdrawn": True}]))
    {}
    """
    ordered = feedback.sort_values(["generation_id", "author", "author_pseudonym", "version", "feedback_id"])
    last = ordered.drop_duplicates(["generation_id", "author", "author_pseudonym"], keep="last")
    counted: dict[str, list[Opinion]] = defaultdict(list)
    row: Any
    for row in last[~last["withdrawn"]].itertuples(index=False):
        counted[row.generation_id].append(
            Opinion(
                row.feedback_id, row.author, row.author_pseudonym, row.said_at.to_pydatetime(),
                None if row.rating != row.rating else float(row.rating), said(row.correction), row.preferred_over or None,
            )
        )  # fmt: skip
    for listed in counted.values():
        listed.sort(key=lambda o: (o.author != "human", -o.said_at.timestamp(), o.feedback_id))
    return dict(counted)


def said(text: object) -> str | None:
    """Return a text without blanks around it; None for no text and for blanks alone.

    Examples
    --------
    >>> said("  up "), said(" "), said(float("nan"))
    ('up', None, None)
    """
    return (text.strip() or None) if isinstance(text, str) else None
