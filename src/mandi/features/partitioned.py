"""Features of questions too many for memory: parts of questions are completed one by one, here or by workers.

A completed row depends on its own question and on the history alone, so a part can be completed without the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mandi.compute import current
from mandi.features import feature_set
from mandi.tables.parts import Parts, split_into

if TYPE_CHECKING:
    from pathlib import Path

    from pandas import DataFrame

    from mandi.features.base import History

LEAST_ROWS, MOST_ROWS = 5_000, 250_000  # of a part


@dataclass(frozen=True)
class Completing:
    """One model's features, over parts of questions.

    Attributes
    ----------
    model : str
    params : mapping
        All of params.yaml.
    history : mapping of name to Parts
        What ``features.history`` returned, one part each.
    questions, out : Parts
    """

    model: str
    params: Mapping[str, Any]
    history: Mapping[str, Parts]
    questions: Parts
    out: Parts

    def __call__(self, number: int) -> int:
        """Complete one part and put it in place; its rows."""
        questions = self.questions.read(number)
        known = {name: _read_once(parts, parts.stamp(0)) for name, parts in self.history.items()}
        frame = feature_set(self.model, self.params).assemble(questions, known)
        self.out.write(number, frame)
        return len(frame)


def complete(
    model: str, params: Mapping[str, Any], history: Mapping[str, Parts], questions: Parts, out: Parts
) -> int:
    """Complete every part of the questions.

    Parameters
    ----------
    model : str
        A model.
    params : mapping
        All of params.yaml.
    history : mapping of name to Parts
        One part each.
    questions, out : Parts
        Where the questions are and where the frames go; workers have to see both folders.

    Returns
    -------
    int
        Rows completed.
    """
    one = Completing(model, params, history, questions, out)
    return sum(waiting.result() for waiting in current().each(one, list(range(len(questions)))))


def keep(history: History, parts: Mapping[str, Parts]) -> None:
    """Write a history for :func:`complete`."""
    for name, state in history.items():
        parts[name].write(0, state)


def complete_whole(
    model: str,
    params: Mapping[str, Any],
    history: History,
    questions: DataFrame,
    room: Path,
) -> Parts:
    """Complete questions that are in memory, on the workers of the compute that is open.

    Parameters
    ----------
    model, params, history
        As of :func:`complete`, the history in memory.
    questions : DataFrame
    room : Path
        An empty folder that workers see.

    Returns
    -------
    Parts
        The frame, in the order of the questions.
    """
    known = {name: Parts(room / "history" / name) for name in history}
    keep(history, known)
    rows = -(-max(len(questions), 1) // (4 * max(current().ranks, 1)))
    asked = split_into(questions, room / "questions", min(max(rows, LEAST_ROWS), MOST_ROWS))
    out = Parts(room / "frame")
    complete(model, params, known, asked, out)
    return out


@lru_cache(maxsize=8)
def _read_once(parts: Parts, stamp: tuple[int, int]) -> DataFrame:
    # a worker completes many parts from one history; the stamp is a new one when another history lies in its place
    return parts.read(0)
