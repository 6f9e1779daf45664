"""What a user says of an answer: a rating with noise and habits, words that sound like it, and at times what it should have been."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mandi.feedback.generated.ask.asked import Asked, Span, Text
from mandi.feedback.generated.ask.personal import planted
from mandi.feedback.generated.params import Opinions
from mandi.feedback.generated.people import Trader, somebody
from mandi.feedback.generated.reply.answers import wrong_answer
from mandi.feedback.generated.reply.judge import is_right, label_in
from mandi.feedback.generated.words.voices import COMMENTS
from mandi.feedback.scrub.invented import Inventor

Thumbs = Literal["up", "down"]
HIGH = 4
LONG = 60
"""Words of an answer that people find long."""
LONG_COSTS = 0.5
POLITE = ("certainly", "welcome", "hope this helps", "please", "sorry")
MEAN_POLITE = 0.1
ABOVE = {"pleased": 0.38, "calm": 0.62}
BELOW = {"calm": 0.44, "worried": 0.14, "frustrated": 0.26, "angry": 0.16}
Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class Opinion:
    """An opinion.

    Attributes
    ----------
    rating : int, optional
        1 to 5; None where there is a thumb.
    thumbs : str, optional
    comment, correction : str, optional
    sentiment, emotion : str, optional
        Of the comment.
    spans : tuple of Span
        In the comment.
    """

    rating: int | None
    thumbs: Thumbs | None
    comment: str | None = None
    correction: str | None = None
    sentiment: str | None = None
    emotion: str | None = None
    spans: tuple[Span, ...] = ()

    @property
    def value(self) -> int:
        """Return the rating; a thumb is 5 or 1."""
        return self.rating if self.rating is not None else 5 if self.thumbs == "up" else 1

    @property
    def high(self) -> bool:
        """Return whether the answer is liked."""
        return self.value >= HIGH


def opinion(
    asked: Asked,
    answer: str,
    right: bool | None,
    rng: Rng,
    user: Trader | None = None,
    params: Opinions | None = None,
    inventor: Inventor | None = None,
    personal: float = 0.0,
    part: str = "later",
) -> Opinion:
    """Return what a user thinks of an answer; they always rate.

    Parameters
    ----------
    asked : Asked
    answer : str
    right : bool, optional
        Judged by the truth if not given.
    rng : Generator
    user : Trader, optional
        Somebody, if not given.
    params : Opinions, optional
    inventor : Inventor, optional
        Plants personal data into a share ``personal`` of comments.
    part : str
        early, later or held: whose words the comment is in.
    """
    sizes, who = params or Opinions(), user or somebody(rng)
    good = is_right(answer, asked.truth) if right is None else right
    high = bool(rng.random() < (0.5 if who.troll else _liked(answer, good, who, sizes)))
    rating, thumbs = _mark(high, sizes, rng)
    said = Opinion(rating, thumbs)
    text, sentiment, emotion = None, None, None
    if rng.random() < sizes.commented:
        text, sentiment, emotion = _comment(said.value, asked, rng, part)
        if inventor is not None and rng.random() < personal:
            text = planted(text, inventor, rng, part != "early")
    correction = None if high or who.troll else _correction(asked, good, sizes, rng)
    return Opinion(
        rating,
        thumbs,
        text.words if text else None,
        correction,
        sentiment,
        emotion,
        text.spans if text else (),
    )


def words_of(asked: Asked, right: bool, rng: Rng) -> str:
    """Return what somebody says the answer should have been: a right one, or another one; labels stand alone."""
    said = str(asked.truth["gold"]) if right else wrong_answer(asked, rng)
    return label_in(said) if asked.task == "classification" else said


def _liked(answer: str, right: bool, who: Trader, sizes: Opinions) -> float:
    chance = sizes.high_if_right if right else sizes.high_if_wrong
    spread = math.sqrt(1.0 + math.pi / 8.0 * sizes.habit**2)  # so that the mean over users is the chance
    odds = math.log(chance / (1.0 - chance)) * spread + who.habit
    said = answer.casefold()
    odds += (who.polite if any(word in said for word in POLITE) else 0.0) - MEAN_POLITE
    odds -= LONG_COSTS if said.count(" ") > LONG else 0.0
    return 1.0 / (1.0 + math.exp(-odds))


def _mark(high: bool, sizes: Opinions, rng: Rng) -> tuple[int | None, Thumbs | None]:
    if rng.random() < sizes.thumbs:
        return None, "up" if high else "down"
    if high:
        return (5 if rng.random() < 0.6 else 4), None
    return int(rng.choice([1, 2, 3], p=[0.36, 0.36, 0.28])), None


def _comment(value: int, asked: Asked, rng: Rng, part: str) -> tuple[Text, str, str]:
    if value == 3 or rng.random() < 0.06:
        sentiment, emotion = "neutral", "calm"
    else:
        sentiment, shares = ("positive", dict(ABOVE)) if value >= HIGH else ("negative", dict(BELOW))
        tone = str(asked.truth["emotion"])
        if tone in shares:
            shares[tone] *= 2.0
        weights = np.array(list(shares.values()))
        emotion = list(shares)[int(rng.choice(len(shares), p=weights / weights.sum()))]
    choices = COMMENTS[(sentiment, emotion)][part]
    return Text(choices[int(rng.integers(len(choices)))]), sentiment, emotion


def _correction(asked: Asked, right: bool, sizes: Opinions, rng: Rng) -> str | None:
    if asked.task == "deal_analysis":
        return None
    if rng.random() >= (sizes.corrected_though_right if right else sizes.corrected):
        return None
    # whoever dislikes a right answer mostly believes in a wrong one
    return words_of(
        asked,
        bool(
            rng.random()
            < (0.3 if right and asked.task == "chat" else 0.0 if right else sizes.correction_right)
        ),
        rng,
    )
