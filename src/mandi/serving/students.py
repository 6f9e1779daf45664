"""The student of this service: one that learned from its datasets, or text classifiers for the labels they learned."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic_core import to_json

from mandi.core.errors import DataNotFound
from mandi.llm.messages import Prompt, Task

if TYPE_CHECKING:
    from mandi.student.embedded.student import EmbeddedStudent
    from mandi.text.text_student import TextStudent


class LabelStudent:
    """Answers classifications whose labels are exactly those of a classifier; its confidence is that classifier's, calibrated.

    Parameters
    ----------
    classifiers : sequence of TextStudent
        Fitted.
    version : str

    Raises
    ------
    DataNotFound
        There is none.
    """

    thresholds: Mapping[str, float] | None = None

    def __init__(self, classifiers: Sequence[TextStudent], version: str) -> None:
        if not classifiers:
            raise DataNotFound("a student without classifiers", allowed="folders that TextStudent.save wrote")
        self._by_labels = {frozenset(classifier.classes): classifier for classifier in classifiers}
        self.version = version

    @classmethod
    def load(cls, folder: Path) -> LabelStudent:
        """Read every classifier below a folder; the version is a digest of their files.

        Parameters
        ----------
        folder : Path
            One folder a classifier, as ``TextStudent.save`` wrote it.

        Raises
        ------
        DataNotFound, ContractError
            No classifier, or files that do not belong together.
        """
        from mandi.text.text_student import TextStudent

        homes = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
        digest = hashlib.sha256()
        for file in sorted(file for home in homes for file in home.iterdir() if file.is_file()):
            digest.update(file.read_bytes())
        return cls([TextStudent.load(home) for home in homes], digest.hexdigest()[:12])

    def knows(self, task: Task) -> bool:
        """Return whether it learned a task."""
        return task == "classification"

    def answer(self, prompt: Prompt) -> tuple[str, float | None] | None:
        """Return the label as JSON and its probability; None for labels nobody learned."""
        labels, text = prompt.facts.get("labels"), prompt.facts.get("text")
        classifier = self._by_labels.get(frozenset(labels or ()))
        if classifier is None or not isinstance(text, str):
            return None
        label, confidence = classifier.answer(text)
        return to_json({"label": label}).decode(), confidence


class LearnedStudent:
    """Answers what it learned from the datasets, as they hold it: messages and facts of a prompt as they were recorded.

    Parameters
    ----------
    student : EmbeddedStudent

    Attributes
    ----------
    version : str
        Digest of what it learned.
    thresholds : mapping
        ``high`` and ``low``, chosen for this version.
    """

    def __init__(self, student: EmbeddedStudent) -> None:
        self._student = student
        self.version = student.version
        self.thresholds: Mapping[str, float] | None = dict(student.thresholds)
        self._tasks = frozenset(student.tasks)

    def knows(self, task: Task) -> bool:
        """Return whether it learned a task."""
        return task in self._tasks

    def answer(self, prompt: Prompt) -> tuple[str, float | None] | None:
        """Return its answer and the probability that it is right; None where it has none."""
        from mandi.student.base import Question

        messages = tuple({"role": turn.role, "content": turn.content or ""} for turn in prompt.messages)
        (said,) = self._student.answers([Question(prompt.task, messages, prompt.facts)])
        return None if said is None else (said.text, said.confidence)


def student_of(folder: Path) -> LabelStudent | LearnedStudent:
    """Return the student of a folder, whichever kind its files are.

    Parameters
    ----------
    folder : Path
        What ``EmbeddedStudent.save`` wrote, or one folder a classifier, as ``TextStudent.save`` wrote it.

    Raises
    ------
    DataNotFound, ContractError
        No student, or files that do not belong together.
    """
    from mandi.student.embedded.student import ABOUT, EmbeddedStudent

    if (folder / ABOUT).is_file():
        return LearnedStudent(EmbeddedStudent.load(folder))
    return LabelStudent.load(folder)
