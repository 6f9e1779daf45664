"""Where answers are disliked more than elsewhere: groups of task, intent, fault, commodity and language."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from mandi.feedback.report.shares import share, strict

if TYPE_CHECKING:
    from pandas import DataFrame

SIDES = {
    "task_type": "task",
    "intent": "intent",
    "fault": "fault",
    "commodity": "commodity",
    "language_found": "language",
}
BY_DEFINITION = frozenset({"corrected", "rated low"})
"""Faults that are the dislike itself: they describe a pattern and cannot explain it."""
UNSAID = frozenset({"none", "none named", "unlabelled", "unknown", ""})
MOST_SIDES = 3
EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Pattern:
    """A group of answers that is disliked more than the rest can explain.

    Attributes
    ----------
    where : tuple of (str, str)
        Side and value, such as ("intent", "price").
    judged, disliked : int
    rate, low : float
        Share disliked, and the lower end of its interval with all groups that were looked at taken into account.
    lift : float
        The share over that of all judged answers.
    excess : float
        How many dislikes more than the overall share would give.
    fault : str
        The commonest fault among the disliked.
    generation_ids : tuple of str
        A few of them, to look up; no text.
    """

    where: tuple[tuple[str, str], ...]
    judged: int
    disliked: int
    rate: float
    low: float
    lift: float
    excess: float
    fault: str
    generation_ids: tuple[str, ...]

    @property
    def name(self) -> str:
        """Return the pattern in words.

        Examples
        --------
        >>> Pattern((("task", "chat"), ("commodity", "cotton")), 40, 30, 0.75, 0.5, 2.5, 18.0, "rated low", ()).name
        'task chat, commodity cotton'
        """
        return ", ".join(f"{side} {value}" for side, value in self.where)

    def to_dict(self) -> dict[str, Any]:
        """Return the pattern as plain values."""
        return {
            "where": dict(self.where),
            "judged": self.judged,
            "disliked": self.disliked,
            "rate": round(self.rate, 6),
            "low": round(self.low, 6),
            "lift": round(self.lift, 6),
            "excess": round(self.excess, 6),
            "fault": self.fault,
            "generation_ids": list(self.generation_ids),
        }


def error_patterns(answers: DataFrame, *, least: int = 10, most: int = 8) -> list[Pattern]:
    """Find groups of judged answers that are disliked more often than all judged answers are.

    Parameters
    ----------
    answers : DataFrame
        Of `mandi.feedback.report.answers.period`.
    least : int
        Judged answers a group must have.
    most : int
        How many to return.

    Returns
    -------
    list of Pattern
        By excess. The lower end of a group's interval, widened for the number of groups looked at, lies above the share of all.
        A group that says little more than one before it is left out.
    """
    judged = answers[answers["judged"]].reset_index(drop=True)
    if len(judged) < least or not judged["disliked"].any():
        return []
    base = float(judged["disliked"].mean())
    sides = judged[list(SIDES)].astype("object").fillna("unknown")
    sides["fault"] = sides["fault"].where(~sides["fault"].isin(BY_DEFINITION), "none")
    groups = _groups(sides, least)
    z = strict(len(groups))
    found = [pair for where, rows in groups if (pair := _pattern(judged, where, rows, base, z)) is not None]
    found.sort(key=lambda pair: (-pair[0].excess, len(pair[0].where), pair[0].where))
    kept: list[tuple[Pattern, frozenset[int]]] = []
    for candidate, members in found:
        if len(kept) == most:
            break
        if not any(_says_the_same(candidate, members, *before) for before in kept):
            kept.append((candidate, members))
    return [pattern for pattern, _ in kept]


def _groups(sides: DataFrame, least: int) -> list[tuple[tuple[tuple[str, str], ...], list[int]]]:
    groups = []
    for count in range(1, MOST_SIDES + 1):
        for columns in combinations(SIDES, count):
            for values, rows in sides.groupby(list(columns), sort=True).indices.items():
                named = values if isinstance(values, tuple) else (values,)
                if len(rows) >= least and not UNSAID.intersection(map(str, named)):
                    where = tuple((SIDES[c], str(v)) for c, v in zip(columns, named, strict=True))
                    groups.append((where, [int(row) for row in rows]))
    return groups


def _pattern(
    judged: DataFrame, where: tuple[tuple[str, str], ...], rows: list[int], base: float, z: float
) -> tuple[Pattern, frozenset[int]] | None:
    group = judged.iloc[rows]
    bad = group[group["disliked"]]
    seen = share(len(bad), len(group), z)
    if seen.value is None or seen.low is None or seen.low <= base:
        return None
    fault = bad["fault"].value_counts().sort_index().sort_values(ascending=False, kind="stable").index[0]
    ids = tuple(sorted(bad["generation_id"])[:EXAMPLES])
    excess = len(bad) - base * len(group)
    return (
        Pattern(
            where, len(group), len(bad), seen.value, seen.low, seen.value / base, excess, str(fault), ids
        ),
        frozenset(bad.index),
    )


def _says_the_same(pattern: Pattern, members: frozenset[int], before: Pattern, known: frozenset[int]) -> bool:
    within = len(members & known) / len(members)
    return within > 0.5 and pattern.rate < before.rate + 0.15
