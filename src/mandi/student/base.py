"""What every student is, whether it lives in this process or behind a local server: it learns examples, and says how sure it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, Self

from mandi.datasets.rows import Example

Form = Literal["embedded", "local-llm"]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a student.

    Attributes
    ----------
    task : str
        Kind of work: chat, classification, ...
    messages : tuple of mapping
        ``role`` and ``content``; ends with the user.
    facts : mapping
        What the models found; of a classification ``labels`` and ``text``.
    """

    task: str
    messages: tuple[Mapping[str, str], ...]
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Return the last turn of the user."""
        return next((m["content"] for m in reversed(self.messages) if m["role"] == "user"), "")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a student says, and the calibrated probability that it is right (None if nobody knows)."""

    text: str
    confidence: float | None


class StudentModel(Protocol):
    """A student. It answers nothing it did not learn (None), so that a teacher is asked."""

    form: ClassVar[Form]

    @property
    def version(self) -> str:
        """Return the digest of what it learned."""
        ...

    @property
    def thresholds(self) -> Mapping[str, float]:
        """Return ``high`` and ``low`` of the router's bands, as calibrated for this version."""
        ...

    def fit(self, examples: Sequence[Example]) -> Self:
        """Learn from the parts train, validation and calibration; the part test is never looked at."""
        ...

    def answers(self, questions: Sequence[Question]) -> list[Answer | None]:
        """Return an answer each; one never depends on another question."""
        ...

    def save(self, folder: Path) -> None:
        """Write plain files into an existing folder."""
        ...
