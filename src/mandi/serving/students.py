"""The student of this service: text classifiers that were fitted before, each for the labels it learned and no others."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic_core import to_json

from mandi.core.errors import DataNotFound
from mandi.llm.messages import Prompt, Task

if TYPE_CHECKING:
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
