"""Sizes of the generated call log: how many ask, who answers how well, and how noisy their opinions are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from mandi.core.errors import ConfigError

Phase = Literal["early", "later"]
PHASES: tuple[Phase, ...] = ("early", "later")


@dataclass(frozen=True)
class Rights:
    """How often somebody is right, by kind of work.

    Attributes
    ----------
    student_early, student_later : float
        The student's classifications before and after the drift.
    student_chat : float
        What its chat is worth beside its classifications, added to the log-odds.
    teacher, teacher_chat, person : float
    inflated : float
        Log-odds that the student's confidence is too high by after the drift.
    """

    student_early: float = 0.68
    student_later: float = 0.53
    student_chat: float = -0.3
    teacher: float = 0.93
    teacher_chat: float = 0.90
    person: float = 0.98
    inflated: float = 1.1


@dataclass(frozen=True)
class Opinions:
    """What people say of answers.

    Attributes
    ----------
    rated : float
        Share of answers with a rating, of those that were given to a user.
    high_if_right, high_if_wrong : float
        Chance of a rating of 4 or 5, over all raters; of each user it is shifted by habit (standard deviation ``habit``, log-odds).
    thumbs : float
        Share of ratings that are a thumb.
    commented : float
        Share of ratings with words.
    corrected, corrected_though_right : float
        Of those who rated a wrong, or a right, answer low: how many say what it should have been.
    correction_right : float
        Of corrections of a wrong answer.
    changed, withdrawn, trolls : float
        Share of opinions that are changed or taken back; share of users who rate at random.
    """

    rated: float = 0.35
    high_if_right: float = 0.88
    high_if_wrong: float = 0.25
    habit: float = 0.7
    thumbs: float = 0.4
    commented: float = 0.45
    corrected: float = 0.62
    corrected_though_right: float = 0.05
    correction_right: float = 0.985
    changed: float = 0.06
    withdrawn: float = 0.02
    trolls: float = 0.03


@dataclass(frozen=True)
class GeneratedParams:
    """Sizes of the log.

    Attributes
    ----------
    answers, organizations, users : int
    days : int
        Of the market, up to its last report, that the log is about.
    drift_at : float
        Share of those days after which people write otherwise.
    phases : tuple of str
        Which of early and later are kept; what is kept is the same whatever else is.
    early_after_drift : float
        Share of questions after the drift that are still worded as before.
    personal : float
        Share of questions, answers and comments with personal data in them.
    consent : float
        Share of users who agreed that others learn from their words.
    high, low : float
        Bands of the student's confidence.

    Raises
    ------
    ConfigError
        A phase there is not, or a size below one.

    Examples
    --------
    >>> GeneratedParams(answers=500).phases
    ('early', 'later')
    """

    seed: int = 20240611
    answers: int = 6000
    organizations: int = 40
    users: int = 220
    days: int = 365
    drift_at: float = 0.6
    phases: tuple[str, ...] = PHASES
    early_after_drift: float = 0.2
    personal: float = 0.12
    consent: float = 0.92
    high: float = 0.75
    low: float = 0.40
    rights: Rights = field(default_factory=Rights)
    opinions: Opinions = field(default_factory=Opinions)

    def __post_init__(self) -> None:
        """Refuse what cannot be made."""
        if not self.phases or set(self.phases) - set(PHASES):
            raise ConfigError(f"calls.phases holds {list(self.phases)}", allowed=", ".join(PHASES))
        if min(self.answers, self.organizations, self.users, self.days) < 1:
            raise ConfigError("a size of the generated log is below one", allowed="whole numbers from 1")
