"""A made-up log of questions whose truth is known, to look at routers without asking anybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mandi.llm.routing.curve import Curve, Floats, curve
from mandi.llm.routing.replay import outcomes
from mandi.llm.routing.replay_log import ReplayLog, log_of

STUDENT, TEACHER = "student", "teacher"
A_CONVERSATION = 4  # questions
STEPS = (
    "Price of {crop} in {market}?",
    "Price of {crop} in {market}, and in {other}?",
    "How many quintals of {crop} came to {market} this week, and is that usual for the season?",
    "Why is {crop} dearer in {market} than in {other} by {gap}, and will that last until the festival?",
    "Compare {crop} in {market} with last year: which part is the harvest, which part the export ban, and why?",
    "Offers at {low}, {high} and 7,900 for {crop} in {market}: which is the best after freight of {gap} a quintal?",
    "Given lots of {crop} at {low} and {high} in {market}, freight of {gap} a quintal and 12 % interest over 60 days, "
    "derive which I should hold, explain step by step, and list what would change your mind.",
)
WORDS_SAY = 1.1  # steps by which a question sounds easier or harder than it is, standard deviation
CROPS, MARKETS = ("cotton", "soybean", "tur", "wheat", "maize"), ("Rajkot", "Indore", "Latur", "Akola")


@dataclass(frozen=True)
class GeneratedLog:
    """A log and what only its maker knows.

    Attributes
    ----------
    log : ReplayLog
        What each provider answered is known of every question.
    gain : ndarray
        By how much the teacher is likelier to be right than the student, question by question.
    """

    log: ReplayLog
    gain: Floats

    def best_curve(self, draws: int = 0) -> Curve:
        """Return the curve of whoever knows the gain: no router that sees only the question does better in the mean."""
        quality, cost, _ = outcomes(self.log)
        weak, strong = self.log.providers.index(STUDENT), self.log.providers.index(TEACHER)
        return curve(
            self.gain, quality[:, weak], quality[:, strong], costs=(cost[:, weak], cost[:, strong]),
            clusters=[row.cluster for row in self.log.rows], draws=draws,
        )  # fmt: skip


def generated_log(rows: int = 1200, seed: int = 0, unsure: float = 0.8) -> GeneratedLog:
    """Make a log of a student that knows the easy questions and a teacher that knows nearly all of them.

    Questions of one conversation are alike in difficulty. The student's chance of being right falls with it; its confidence
    is that chance, seen through noise.

    Parameters
    ----------
    rows, seed : int
    unsure : float
        Standard deviation of the noise of the student's confidence, in log-odds; 0 is a student that knows its chances.

    Examples
    --------
    >>> made = generated_log(rows=400)
    >>> made.log.full, made.log.providers, round(float(made.gain.min()), 2) < 0.1 < float(made.gain.max())
    (True, ('student', 'teacher'), True)
    """
    draw = np.random.default_rng(seed)
    talks = -(-rows // A_CONVERSATION)
    talk = np.repeat(np.arange(talks), A_CONVERSATION)[:rows]
    hard = np.clip(draw.beta(1.6, 2.4, talks)[talk] + draw.normal(0.0, 0.12, rows), 0.0, 1.0)
    student, teacher = _chance(3.2 - 6.5 * hard), 0.96 - 0.10 * hard
    confidence = _chance(np.log(student / (1 - student)) + draw.normal(0.0, unsure, rows))
    right = draw.random((2, rows)) < np.array([student, teacher])
    words = np.clip((hard * len(STEPS) + draw.normal(0.0, WORDS_SAY, rows)).astype(int), 0, len(STEPS) - 1)
    low = draw.integers(6000, 7400, rows)
    made: list[dict[str, Any]] = [
        {
            "prompt": _asked(STEPS[words[k]], k, int(low[k])),
            "conversation_id": f"talk-{talk[k]}",
            "student_confidence": round(float(confidence[k]), 3),
            "outcomes": {
                STUDENT: {"quality": float(right[0, k]), "cost_usd": 0.0},
                TEACHER: {"quality": float(right[1, k]), "cost_usd": round(0.0004 + 0.0008 * hard[k], 6)},
            },
        }
        for k in range(rows)
    ]
    return GeneratedLog(log_of(made), teacher - student)


def _asked(step: str, k: int, low: int) -> str:
    market, other = MARKETS[k % len(MARKETS)], MARKETS[(k + 1) % len(MARKETS)]
    return step.format(
        crop=CROPS[k % len(CROPS)], market=market, other=other, low=low, high=low + 250, gap=low % 90
    )


def _chance(log_odds: Floats) -> Floats:
    chance: Floats = 1.0 / (1.0 + np.exp(-log_odds))
    return chance
