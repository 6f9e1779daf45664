"""One example of a dataset, whatever it trains: what was asked, what should be said, and where that comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pandas import DataFrame

Purpose = Literal["sft", "preference", "unpaired", "tutor"]
PURPOSES: tuple[Purpose, ...] = ("sft", "preference", "unpaired", "tutor")
Part = Literal["train", "validation", "calibration", "test"]
PARTS: tuple[Part, ...] = ("train", "validation", "calibration", "test")
"""``test`` is the frozen evaluation set."""


@dataclass(frozen=True, slots=True)
class Example:
    """An example.

    Attributes
    ----------
    example_id : str
        Digest of purpose, question and targets: the same example has the same id in every version.
    messages : tuple of mapping
        ``role`` and ``content``; ends with the user.
    chosen : str
        What should be said: the target of sft, the better of a preference, the answer of an unpaired one, the teacher's.
    rejected : str, optional
        The worse of a preference; the student's of a tutor pair.
    label : bool, optional
        Of an unpaired example: whether ``chosen`` is a good answer.
    weight : float
        In (0, 1]: how sure it is that the target is right.
    gold : bool
        A person vouched for the target; only such examples are in the frozen set.
    generation_ids, feedback_ids : tuple of str
        Whence it comes.
    party : str
        Pseudonym of the user; no party is in two parts.
    known_at : datetime, optional
        When the last word was said that the example rests on; ``asked_at`` if not given.
    verdict : str, optional
        Of a tutor pair: who was right; one of ``mandi.feedback.frames.VERDICTS``.
    cluster : int
        Of near-duplicates; no cluster is in two parts.
    """

    example_id: str
    purpose: Purpose
    task: str
    messages: tuple[Mapping[str, str], ...]
    chosen: str
    asked_at: datetime
    generation_ids: tuple[str, ...]
    party: str
    consent: str
    licence: str
    provenance: str
    rejected: str | None = None
    label: bool | None = None
    weight: float = 1.0
    gold: bool = False
    feedback_ids: tuple[str, ...] = ()
    conversation_id: str | None = None
    organization_id: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    language: str | None = None
    intent: str | None = None
    known_at: datetime | None = None
    verdict: str | None = None
    cluster: int = -1
    part: Part = "train"

    @property
    def question(self) -> str:
        """Return the last turn of the user."""
        return next((m["content"] for m in reversed(self.messages) if m["role"] == "user"), "")

    @property
    def settled_at(self) -> datetime:
        """Return when everything was known that the example holds: never before it was asked."""
        return max(self.asked_at, self.known_at or self.asked_at)


def examples_of(frame: DataFrame) -> list[Example]:
    """Return the examples of a table; see ``mandi.datasets.files.from_frame``."""
    from mandi.datasets.files import from_frame

    return from_frame(frame)
