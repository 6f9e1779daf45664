"""What the datasets are made of and when there is enough: section ``datasets`` of params.yaml."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from mandi.core.errors import ConfigError
from mandi.datasets.rows import PURPOSES
from mandi.feedback.frames import LICENCES


@dataclass(frozen=True)
class Choosing:
    """Which answers are examples.

    Attributes
    ----------
    licences : tuple of str
        Whose words may be learned from; see ``mandi.feedback.frames.LICENCES``.
    min_rating, max_bad_rating : float
        A good answer was rated at least, a bad one at most so (1 to 5).
    min_right, max_bad_right : float
        And was right with at least, or at most, this probability by the learned reward.
    gold_right : float
        From here the reward counts as somebody else who agrees with a high rating.
    weight_human, weight_user : float
        How sure it is that a correction by a person of the house, or by whoever asked, is right.
    """

    licences: tuple[str, ...] = ("own", "human", "local-model", "generated")
    min_rating: float = 4.0
    max_bad_rating: float = 2.0
    min_right: float = 0.7
    max_bad_right: float = 0.3
    gold_right: float = 0.9
    weight_human: float = 1.0
    weight_user: float = 0.9

    def __post_init__(self) -> None:
        """Refuse what cannot be chosen by."""
        if odd := sorted(set(self.licences) - set(LICENCES)):
            raise ConfigError(f"datasets.choosing.licences holds {odd[0]!r}", allowed=", ".join(LICENCES))
        if self.min_rating <= self.max_bad_rating or self.min_right <= self.max_bad_right:
            raise ConfigError(
                "datasets.choosing calls an answer good and bad at once", allowed="min above max"
            )


@dataclass(frozen=True)
class Cleaning:
    """What a target has to be, and what is the same twice.

    Attributes
    ----------
    near : float
        Questions of at least this Jaccard similarity (runs of four letters) are near-duplicates.
    min_letters, max_letters : int
        Of a target; a label may be shorter.
    whole_words : int
        A free answer of at least so many words has to end like a sentence.
    figures : bool
        A model's answer may only hold figures that it was given.
    """

    near: float = 0.8
    min_letters: int = 2
    max_letters: int = 8000
    whole_words: int = 25
    figures: bool = True


@dataclass(frozen=True)
class Splitting:
    """How examples are parted.

    Attributes
    ----------
    test_from : float
        Share of the time after which the first frozen evaluation set is asked.
    test, validation, calibration : float
        Wanted share of the examples of that time (test), and of all others, by whole parties.
    min_gold : int
        No frozen set is made of fewer.
    frozen : str
        Name of the newest frozen set. While it stays the same, the set stays the same; a new name adds the latest gold.
    after : str
        Whether examples asked after the newest frozen set was closed may be learned from (``train``), or wait (``hold``).
    ngram : int
        No training example shares so many words in a row with a question or target of the frozen set.
    """

    test_from: float = 0.7
    test: float = 0.5
    validation: float = 0.1
    calibration: float = 0.1
    min_gold: int = 30
    frozen: str = "first"
    after: Literal["train", "hold"] = "train"
    ngram: int = 13


@dataclass(frozen=True)
class DatasetParams:
    """Section ``datasets``.

    Attributes
    ----------
    purposes : tuple of str
        Which datasets are made.
    min_examples : int
        A file of fewer training examples is not written.
    min_new : int
        New opinions since the version before, from which it is worth learning again.
    """

    purposes: tuple[str, ...] = PURPOSES
    min_examples: int = 20
    min_new: int = 50
    choosing: Choosing = field(default_factory=Choosing)
    cleaning: Cleaning = field(default_factory=Cleaning)
    splitting: Splitting = field(default_factory=Splitting)

    def __post_init__(self) -> None:
        """Refuse an unknown purpose."""
        if odd := sorted(set(self.purposes) - set(PURPOSES)):
            raise ConfigError(f"datasets.purposes holds {odd[0]!r}", allowed=", ".join(PURPOSES))
