"""How people judge: how often each likes a right and a wrong answer, and what a correction or a choice says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pandas import DataFrame

Floats = np.ndarray[Any, np.dtype[np.float64]]
Whole = np.ndarray[Any, np.dtype[np.int64]]
LEVELS = 5
HIGH = 4.0
SILENT, AGREES, DIFFERS = 0, 1, 2
"""Of a correction: there is none; it says what the answer says; it says something else."""
STATES = 3


@dataclass(frozen=True)
class Voices:
    """Everything people said, as numbers; one row an opinion.

    Attributes
    ----------
    row : ndarray of int
        Answer it is about.
    rater : list of str
        Pseudonyms, sorted.
    code : ndarray of int
        Which of them spoke.
    level : ndarray of int
        0 to 4 for 1 to 5 stars; -1 for none.
    state : ndarray of int
        Of the correction.
    human : ndarray of bool
        A person who answers from the queue.
    """

    row: Whole
    rater: list[str]
    code: Whole
    level: Whole
    state: Whole
    human: np.ndarray[Any, np.dtype[np.bool_]]


def voices(answers: DataFrame, last: DataFrame, agrees_at: float) -> Voices:
    """Return what was said of answers.

    Parameters
    ----------
    answers : DataFrame
        ``generation_id``, ``answer``, ``task_type``.
    last : DataFrame
        As ``standing`` returns it.
    agrees_at : float
        Agreement from which a correction says the same.

    Examples
    --------
    >>> from mandi.feedback.frames import FEEDBACK, GENERATIONS
    >>> voices(GENERATIONS.empty(), FEEDBACK.empty(), 0.5).rater
    []
    """
    from mandi.feedback.agreement import same

    at = {key: k for k, key in enumerate(answers["generation_id"])}
    told, tasks = answers["answer"].tolist(), answers["task_type"].tolist()
    here = last[last["generation_id"].isin(at)]
    rows = here["generation_id"].map(at).to_numpy(dtype=np.int64)
    states = [
        SILENT
        if not isinstance(text, str) or not text.strip()
        else AGREES
        if same(told[k], text, tasks[k], at=agrees_at)
        else DIFFERS
        for k, text in zip(rows, here["correction"], strict=True)
    ]
    names, code = np.unique(here["author_pseudonym"].to_numpy(dtype=str), return_inverse=True)
    stars = here["rating"].to_numpy(dtype=np.float64)
    level = np.where(np.isnan(stars), 0.0, np.clip(np.round(stars), 1, LEVELS)).astype(np.int64) - 1
    return Voices(
        rows, names.tolist(), code.astype(np.int64), level, np.array(states, dtype=np.int64),
        (here["author"] == "human").to_numpy(dtype=bool),
    )  # fmt: skip


@dataclass(frozen=True)
class Habits:
    """How raters judge, given whether an answer is right (second index 1) or wrong (0).

    Attributes
    ----------
    levels : ndarray, 5 x 2
        Chance of each number of stars over all users.
    liked : dict of str to pair
        Of each rater the chance of four stars or more for a wrong and for a right answer, drawn to that of all.
    everybody : pair of float
        The same of all.
    states : ndarray, 2 x 3 x 2
        Chance of each state of the correction, by whether the answer was liked.
    """

    levels: Floats
    liked: dict[str, tuple[float, float]]
    everybody: tuple[float, float]
    states: Floats

    def log_odds(self, said: Voices, rows: int, trust: float) -> Floats:
        """Return what opinions add to the log-odds that each answer is right.

        Parameters
        ----------
        said : Voices
        rows : int
            Number of answers.
        trust : float
            Chance that a human's word is true.
        """
        high = said.level >= HIGH - 1
        rated = said.level >= 0
        wrong, right = (
            np.array([self.liked.get(name, self.everybody)[z] for name in said.rater])[said.code]
            for z in (0, 1)
        )
        within = self.levels / np.where(
            np.arange(LEVELS)[:, None] >= HIGH - 1,
            self.levels[int(HIGH) - 1 :].sum(axis=0),
            self.levels[: int(HIGH) - 1].sum(axis=0),
        )
        liking = np.where(high, np.log(right / wrong), np.log((1.0 - right) / (1.0 - wrong)))
        grade = np.log(within[said.level, 1] / within[said.level, 0])
        corrected = np.log(
            self.states[high.astype(int), said.state, 1] / self.states[high.astype(int), said.state, 0]
        )
        user = np.where(rated, liking + grade, 0.0) + np.where(rated | (said.state != SILENT), corrected, 0.0)
        sure = np.log(trust / (1.0 - trust))
        human = np.where(
            said.state == SILENT,
            np.where(rated, np.where(high, 1.0, -1.0), 0.0),
            np.where(said.state == AGREES, 1.0, -1.0),
        )
        return np.bincount(said.row, np.where(said.human, sure * human, user), rows).astype(np.float64)


def habits(
    said: Voices, right: Floats, strength: float, prior: tuple[float, float, float] = (0.0, 0.5, 0.5)
) -> Habits:
    """Count how people judge.

    Parameters
    ----------
    said : Voices
    right : ndarray
        Probability that each answer is right.
    strength : float
        Ratings that a rater must have before their own habit weighs as much as everybody's.
    prior : (float, float, float)
        Ratings that count beforehand of wrong and of right answers each, and how many of either are taken to be liked.

    Examples
    --------
    >>> said = Voices(np.array([0, 1]), ["a"], np.array([0, 0]), np.array([4, 0]), np.array([0, 0]), np.array([False, False]))
    >>> found = habits(said, np.array([0.9, 0.1]), 5.0)
    >>> found.everybody[1] > found.everybody[0]
    True
    """
    chance = np.column_stack([1.0 - right[said.row], right[said.row]])
    user = ~said.human
    rated = user & (said.level >= 0)
    high = said.level >= HIGH - 1
    levels = np.ones((LEVELS, 2))
    count, *shares = prior
    for z, share in enumerate(shares):
        levels[int(HIGH) - 1 :, z] += count * share / 2.0
        levels[: int(HIGH) - 1, z] += count * (1.0 - share) / 3.0
    np.add.at(levels, said.level[rated], chance[rated])
    levels = levels / levels.sum(axis=0)
    states = np.ones((2, STATES, 2))
    spoken = user & (rated | (said.state != SILENT))
    np.add.at(states, (high[spoken].astype(int), said.state[spoken]), chance[spoken])
    states = states / states.sum(axis=1, keepdims=True)
    everybody = levels[int(HIGH) - 1 :].sum(axis=0)
    at = said.code[rated]
    liked = {}
    counts, likes = np.zeros((len(said.rater), 2)), np.zeros((len(said.rater), 2))
    np.add.at(counts, at, chance[rated])
    np.add.at(likes, at, chance[rated] * high[rated, None])
    own = (likes + strength * everybody) / (counts + strength)
    for k in np.unique(at):
        liked[said.rater[k]] = (float(own[k, 0]), float(own[k, 1]))
    return Habits(levels, liked, (float(everybody[0]), float(everybody[1])), states)
