"""The student that lives in this process: a classifier a label set, and accepted answers for everything else it learned."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from mandi.core.errors import ContractError, DataNotFound, NotFitted, TooLittleData
from mandi.datasets.rows import Example
from mandi.student.base import Answer, Form, Question
from mandi.student.embedded.labels import Held, LabelClassifier
from mandi.student.embedded.lessons import CLASSIFICATION, label_sets, lessons, rows_of, text_of
from mandi.student.embedded.wording import Wording
from mandi.student.memory import Ratings
from mandi.student.params import StudentParams
from mandi.student.scaling import Scaling
from mandi.student.thresholds import thresholds

ABOUT, REMEMBERED = "student.json", "ratings"
PLAIN = re.compile(r"[a-z0-9_]+\.(json|npz)")


@dataclass
class EmbeddedStudent:
    """Answers on a CPU, in about a millisecond, from what examples said.

    Attributes
    ----------
    params : StudentParams
    report : mapping
        How each part did on what it had not learned.

    Examples
    --------
    >>> EmbeddedStudent().answers([Question("chat", ({"role": "user", "content": "hello"},))])
    [None]
    """

    form: ClassVar[Form] = "embedded"
    params: StudentParams = field(default_factory=StudentParams)
    classifiers: dict[tuple[str, ...], LabelClassifier] = field(default_factory=dict)
    wordings: dict[str, Wording] = field(default_factory=dict)
    scaling: Scaling = field(default_factory=Scaling)
    memory: Ratings | None = None
    bounds: dict[str, float] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)
    _files: dict[str, bytes] | None = field(default=None, repr=False, compare=False)

    def fit(self, examples: Sequence[Example]) -> Self:
        """Learn from every part but test.

        Raises
        ------
        TooLittleData
            Of no task and no label set are there enough examples.
        """
        learned, held = lessons(examples), list[Held]()
        left: dict[str, str] = {}
        self.classifiers, self.wordings, self.scaling, self._files = {}, {}, Scaling(), None
        self.memory = None
        for labels, own in label_sets(learned).items():
            classifier = LabelClassifier(labels, self.params)
            try:
                held.append(classifier.fit(*rows_of(own)))
                self.classifiers[labels] = classifier
            except TooLittleData as error:
                left[f"{CLASSIFICATION} {', '.join(labels)}"] = error.message
        for task in sorted({*self.params.retrieved} - {*self.params.refused, CLASSIFICATION}):
            wording = Wording(task, self.params)
            try:
                held.append(wording.fit([one for one in learned if one.task == task]))
                self.wordings[task] = wording
            except TooLittleData as error:
                left[task] = error.message
        if not held:
            raise TooLittleData(
                f"{len(learned)} examples, and of no task enough: {'; '.join(left.values()) or 'none of a known task'}"[
                    :400
                ],
                allowed=f"at least {self.params.least_rows} of a label set or of {', '.join(self.params.retrieved)}",
                next_command="mandi repro datasets",
            )
        confidence, right, weight = (
            np.concatenate([getattr(one, name) for one in held]) for name in ("confidence", "right", "weight")
        )
        self.bounds = thresholds(
            confidence, right, weight, target=self.params.accuracy_target, z=self.params.accuracy_z,
            low_target=self.params.low_target,
        )  # fmt: skip
        self.report = {
            "lessons": len(learned), "held": len(confidence), "left_out": left,
            "parts": {name: part.report for name, part in self._parts().items() if not isinstance(part, Ratings)},
        }  # fmt: skip
        return self

    @property
    def version(self) -> str:
        """Return the digest of what it learned: of the files it is saved as."""
        digest = hashlib.sha256()
        for name, content in sorted(self._content().items()):
            digest.update(name.encode() + b"\0" + content)
        return digest.hexdigest()[:12]

    @property
    def thresholds(self) -> Mapping[str, float]:
        """Return ``high`` and ``low`` of the router's bands, as chosen for this version."""
        if not self.bounds:
            raise NotFitted("the student has learned nothing", next_command="fit(examples), or load(folder)")
        return dict(self.bounds)

    @property
    def tasks(self) -> tuple[str, ...]:
        """Return the tasks it learned something of."""
        return tuple(sorted({*self.wordings, *([CLASSIFICATION] if self.classifiers else [])}))

    def answers(self, questions: Sequence[Question]) -> list[Answer | None]:
        """Return an answer each, or None: a task, labels or facts it has no answer for."""
        said: list[Answer | None] = [None] * len(questions)
        groups: dict[Any, list[int]] = defaultdict(list)
        for number, question in enumerate(questions):
            if question.task in self.params.refused:
                continue
            if question.task == CLASSIFICATION:
                labels = question.facts.get("labels")
                names = tuple(sorted(map(str, labels))) if isinstance(labels, (list, tuple)) else ()
                if names in self.classifiers:
                    groups[names].append(number)
            elif question.task in self.wordings:
                groups[question.task].append(number)
        for part, numbers in groups.items():
            own = [questions[number] for number in numbers]
            if isinstance(part, tuple):
                texts = [text_of(one.text, one.facts) for one in own]
                for number, (label, sure) in zip(numbers, self.classifiers[part].answers(texts), strict=True):
                    text = json.dumps({"label": label}, ensure_ascii=False, separators=(",", ":"))
                    said[number] = Answer(text, self.scaling.of(CLASSIFICATION, sure))
                continue
            found = self.wordings[part].answers([one.text for one in own], [one.facts for one in own])
            for number, one in zip(numbers, found, strict=True):
                said[number] = None if one is None else Answer(one[0], self.scaling.of(part, one[1]))
        if self.memory is not None:
            for number, given in enumerate(said):
                if given is not None and given.confidence is not None:
                    said[number] = Answer(given.text, self.memory.of(questions[number], given.confidence))
        return said

    def remembering(self, memory: Ratings, bounds: Mapping[str, float]) -> Self:
        """Return the same student with its confidence beside rated questions, and other thresholds: another version."""
        return replace(self, memory=memory, bounds=dict(bounds), _files=None)

    def unreminded(self) -> Self:
        """Return the same student without the rated questions it remembers."""
        return replace(self, memory=None, _files=None)

    def scaled(self, scaling: Scaling, bounds: Mapping[str, float]) -> Self:
        """Return the same student with its confidence moved and other thresholds: another version."""
        return replace(self, scaling=self.scaling.after(scaling), bounds=dict(bounds), _files=None)

    def save(self, folder: Path) -> None:
        """Write JSON and arrays into an existing folder."""
        for name, content in self._content().items():
            (folder / name).write_bytes(content)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote.

        Raises
        ------
        DataNotFound
            A file is missing.
        ContractError
            A file is not the one it was saved with.
        """
        about = folder / ABOUT
        if not about.is_file():
            raise DataNotFound(f"no {ABOUT} in {folder.name}", next_command="mandi repro student")
        told = json.loads(about.read_text(encoding="utf-8"))
        if told.get("form") != cls.form:
            raise ContractError(f"a student of form {told.get('form')!r}", allowed=cls.form)
        given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in told["params"].items()}
        made = cls(StudentParams(**given), scaling=Scaling.of_dict(told["scaling"]), bounds=told["bounds"])
        made.report = told["report"]
        for name in told["parts"]:
            words = _checked(folder, f"{name}.json", told["sha256"])
            with np.load(
                io.BytesIO(_checked(folder, f"{name}.npz", told["sha256"])), allow_pickle=False
            ) as file:
                arrays = dict(file)
            state = json.loads(words)
            if name == REMEMBERED:
                made.memory = Ratings.restored(state, arrays)
            elif "labels" in state:
                made.classifiers[tuple(state["labels"])] = LabelClassifier.restored(
                    state, arrays, made.params
                )
            else:
                made.wordings[state["task"]] = Wording.restored(state, arrays, made.params)
        return made

    def _parts(self) -> dict[str, LabelClassifier | Wording | Ratings]:
        found: dict[str, LabelClassifier | Wording | Ratings] = (
            {} if self.memory is None else {REMEMBERED: self.memory}
        )
        found |= {
            f"labels{number}": self.classifiers[labels]
            for number, labels in enumerate(sorted(self.classifiers))
        }
        return found | {f"answers_{task}": self.wordings[task] for task in sorted(self.wordings)}

    def _content(self) -> dict[str, bytes]:
        if self._files is not None:
            return self._files
        if not self.bounds:
            raise NotFitted("the student has learned nothing", next_command="fit(examples), or load(folder)")
        files: dict[str, bytes] = {}
        for name, part in self._parts().items():
            told, arrays = part.state()
            buffer = io.BytesIO()
            np.savez(buffer, **{key: arrays[key] for key in sorted(arrays)})
            files[f"{name}.json"], files[f"{name}.npz"] = _json(told), buffer.getvalue()
        about = {
            "form": self.form, "params": asdict(self.params), "bounds": self.bounds, "scaling": self.scaling.as_dict(),
            "report": self.report, "parts": sorted(self._parts()),
            "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
        }  # fmt: skip
        self._files = files | {ABOUT: _json(about)}
        return self._files


def _json(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _checked(folder: Path, name: str, digests: Mapping[str, str]) -> bytes:
    if not PLAIN.fullmatch(name):
        raise ContractError(f"{ABOUT} names a file {name[:60]!r}", allowed="a plain name beside it")
    file = folder / name
    if not file.is_file():
        raise DataNotFound(f"no {name} beside {ABOUT}", next_command="mandi repro student")
    content = file.read_bytes()
    if hashlib.sha256(content).hexdigest() != digests.get(name):
        raise ContractError(f"{name} is not the file {ABOUT} was written with")
    return content
