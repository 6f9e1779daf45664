"""Right and wrong answers to a question, and what a strong model would say."""

from __future__ import annotations

import json

import numpy as np

from mandi.feedback.generated.ask.asked import Asked, as_json
from mandi.feedback.generated.reply.judge import A_NUMBER, is_right
from mandi.feedback.generated.words.voices import LEADS, RAMBLES, REFUSALS, TAILS, TOO_SHORT

STRENGTH = {"classification": 0.93, "chat": 0.90, "deal_analysis": 0.90}
"""How often the strong model is right, by task."""
Rng = np.random.Generator


def right_answer(asked: Asked, rng: Rng) -> str:
    """Return a right answer, in one of several wordings."""
    gold = str(asked.truth["gold"])
    if asked.task == "classification":
        return as_json({"label": gold})
    if asked.task == "deal_analysis" or asked.truth["language"] in ("hi", "ta"):
        return gold
    return _one(rng, LEADS) + gold + _one(rng, TAILS)


def wrong_answer(asked: Asked, rng: Rng) -> str:
    """Return a wrong answer: another label or verdict; or another figure, unit, topic, day, no answer, or many words about nothing."""
    if asked.task == "classification":
        others = [label for label in asked.labels or () if label != asked.truth["gold"]]
        return as_json({"label": others[int(rng.integers(len(others)))]})
    if asked.task == "deal_analysis":
        return _one(rng, asked.wrongs)
    way = rng.random()
    if way < 0.62 and asked.wrongs:
        said = _one(rng, LEADS) + _one(rng, asked.wrongs) + _one(rng, TAILS)
    elif way < 0.74:
        said = _altered(asked, rng)
    elif way < 0.86:
        said = _one(rng, REFUSALS)
    elif way < 0.95:
        said = _one(rng, RAMBLES)
    else:
        said = _one(rng, TOO_SHORT)
    return _one(rng, REFUSALS) if is_right(said, asked.truth) else said


def teacher_answer(asked: Asked, rng: Rng, strength: float | None = None) -> str:
    """Return what a strong model says.

    Parameters
    ----------
    asked : Asked
    rng : Generator
    strength : float, optional
        How often it is right; by task if not given.
    """
    right = rng.random() < (STRENGTH[asked.task] if strength is None else strength)
    return right_answer(asked, rng) if right else wrong_answer(asked, rng)


def _altered(asked: Asked, rng: Rng) -> str:
    said = str(asked.truth["gold"])
    numbers = [one for one in json.loads(str(asked.truth["required"])) if A_NUMBER.fullmatch(one)]
    if not numbers:
        return _one(rng, asked.wrongs or REFUSALS)
    number = _one(rng, tuple(numbers))
    other = f"{float(number) * 1.5 + 1:.{len(number.partition('.')[2])}f}"
    return said.replace(number, other) if number in said else _one(rng, asked.wrongs or REFUSALS)


def _one(rng: Rng, choices: tuple[str, ...]) -> str:
    return choices[int(rng.integers(len(choices)))]
