"""The student that is a language model of one's own behind a local server: what it says, and how far it has earned trust."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Self

from mandi.core.errors import ContractError, DataNotFound, NotFitted, TooLittleData
from mandi.datasets.rows import Example
from mandi.student.agreement import agrees, label_of
from mandi.student.base import Answer, Form, Question
from mandi.student.embedded.figures import mentions
from mandi.student.embedded.lessons import CLASSIFICATION
from mandi.student.local.server import LlmServer, Said, server_from_environment
from mandi.student.local.tuned import Tuned
from mandi.student.params import StudentParams
from mandi.student.scaling import Scaling, fit_scaling
from mandi.student.thresholds import NEVER, thresholds

ABOUT = "local_student.json"
UNKNOWN = {"high": NEVER, "low": 0.0}
"""Bands of a student whose confidence nobody knows: it never answers alone."""


@dataclass
class LocalStudent:
    """Asks the tuned model, and says how probably it is right.

    Its raw sureness is the mean probability of its tokens; ``fit`` learns on the calibration part what that is worth, task by
    task. Without probabilities from the server, or with too few answers to learn it from, confidence is unknown (None).

    Attributes
    ----------
    server : LlmServer
    tuned_version : str
        Of the adapter that the server should serve.
    learned : tuple of str
        Tasks the adapter was tuned on.
    folds_system : bool
        The model takes no system turn: it goes in front of the first turn of the user.
    params : StudentParams
    label_sets : tuple
        Sets of labels it was taught; classifications with others are not answered.
    calibrated : bool
    report : mapping
    """

    form: ClassVar[Form] = "local-llm"
    server: LlmServer
    tuned_version: str
    learned: tuple[str, ...]
    folds_system: bool = False
    params: StudentParams = field(default_factory=StudentParams)
    label_sets: tuple[tuple[str, ...], ...] = ()
    calibrated: bool = False
    scaling: Scaling = field(default_factory=Scaling)
    bounds: dict[str, float] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, tuned: Tuned, server: LlmServer, params: StudentParams | None = None) -> Self:
        """Return the student of a tuned model that a server serves; it is not calibrated yet."""
        return cls(server, tuned.version, tuned.tasks, tuned.system == "folded", params or StudentParams())

    @property
    def version(self) -> str:
        """Return the digest of the adapter and of what was learned about its confidence."""
        return hashlib.sha256(json.dumps(self._state(), sort_keys=True).encode()).hexdigest()[:12]

    @property
    def thresholds(self) -> Mapping[str, float]:
        """Return ``high`` and ``low``, as chosen for this version."""
        if not self.bounds:
            raise NotFitted("the local student is not calibrated", next_command="mandi tune calibrate")
        return dict(self.bounds)

    @property
    def tasks(self) -> tuple[str, ...]:
        """Return the tasks it answers."""
        return tuple(sorted(set(self.learned) - set(self.params.refused)))

    def fit(self, examples: Sequence[Example]) -> Self:
        """Ask the questions of the calibration part and learn what sureness is worth; the weights are tuned before, by ``tune``.

        Raises
        ------
        TooLittleData
            Not one question of the calibration part is of a task it learned.
        OutboundError
            The server does not answer.
        """
        own = sorted(
            (e for e in examples if e.purpose == "sft" and e.consent == "granted" and e.task in self.tasks),
            key=lambda e: e.example_id,
        )
        taught = [e for e in own if e.part in ("train", "validation")]
        sets = {_labels(e.facts) for e in taught if e.task == CLASSIFICATION} - {()}
        self.label_sets = tuple(sorted(sets))
        self.calibrated, self.scaling, self.bounds = False, Scaling(), dict(UNKNOWN)
        asked = [e for e in own if e.part == "calibration"]
        if not asked:
            raise TooLittleData(
                f"no example of the calibration part is of {', '.join(self.tasks) or 'a task it learned'}",
                allowed=f"at least {self.params.least_rows}",
                next_command="mandi repro datasets",
            )
        told = self._say([Question(e.task, e.messages, e.facts) for e in asked])
        known = [
            (e, said, said.sureness)
            for e, said in zip(asked, told, strict=True)
            if said is not None and said.sureness is not None
        ]
        self.report = {
            "asked": len(asked), "answered": sum(said is not None for said in told), "with_probabilities": len(known)
        }  # fmt: skip
        if len(known) < self.params.least_rows:
            return self
        tasks = [e.task for e, _, _ in known]
        right = [float(agrees(said.text, e.chosen, labels=e.task == CLASSIFICATION)) for e, said, _ in known]
        weights = [e.weight for e, _, _ in known]
        self.scaling = fit_scaling(tasks, [sure for *_, sure in known], right, weights)
        moved = [self.scaling.of(e.task, sure) for e, _, sure in known]
        self.bounds = thresholds(
            moved, right, weights, target=self.params.accuracy_target, z=self.params.accuracy_z,
            low_target=self.params.low_target,
        )  # fmt: skip
        self.calibrated = True
        self.report |= {"right": sum(right) / len(right), "mean_confidence": sum(moved) / len(moved)}
        return self

    def answers(self, questions: Sequence[Question]) -> list[Answer | None]:
        """Return an answer each, or None: a task or labels it was not taught, a label that was not offered, a figure from nowhere."""
        found: list[Answer | None] = []
        for question, said in zip(questions, self._say(questions), strict=True):
            if said is None:
                found.append(None)
                continue
            sure = said.sureness if self.calibrated else None
            found.append(Answer(said.text, None if sure is None else self.scaling.of(question.task, sure)))
        return found

    def scaled(self, scaling: Scaling, bounds: Mapping[str, float]) -> Self:
        """Return the same student with its confidence moved and other thresholds: another version."""
        return replace(self, scaling=self.scaling.after(scaling), bounds=dict(bounds))

    def save(self, folder: Path) -> None:
        """Write one JSON file; neither the address of the server nor its key is in it."""
        text = json.dumps(self._state(), sort_keys=True, ensure_ascii=False, indent=1) + "\n"
        (folder / ABOUT).write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, server: LlmServer | None = None) -> Self:
        """Read what ``save`` wrote.

        Parameters
        ----------
        folder : Path
        server : LlmServer, optional
            That of the environment if not given.

        Raises
        ------
        DataNotFound, ContractError, ConfigError
            No student there, another form, or no server.
        """
        file = folder / ABOUT
        if not file.is_file():
            raise DataNotFound(f"no {ABOUT} in {folder.name}", next_command="mandi tune calibrate")
        told = json.loads(file.read_text(encoding="utf-8"))
        if told.get("form") != cls.form:
            raise ContractError(f"a student of form {told.get('form')!r}", allowed=cls.form)
        given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in told["params"].items()}
        return cls(
            server or server_from_environment(), told["tuned_version"], tuple(told["learned"]), told["folds_system"],
            StudentParams(**given), tuple(map(tuple, told["label_sets"])), told["calibrated"],
            Scaling.of_dict(told["scaling"]), told["bounds"], told["report"],
        )  # fmt: skip

    def _state(self) -> dict[str, Any]:
        params: dict[str, Any] = json.loads(json.dumps(asdict(self.params)))
        return {
            "form": self.form, "tuned_version": self.tuned_version, "learned": list(self.learned),
            "folds_system": self.folds_system, "params": params, "label_sets": [list(s) for s in self.label_sets],
            "calibrated": self.calibrated, "scaling": self.scaling.as_dict(), "bounds": self.bounds,
            "report": self.report,
        }  # fmt: skip

    def _say(self, questions: Sequence[Question]) -> list[Said | None]:
        taken = [n for n, question in enumerate(questions) if self._takes(question)]
        found: list[Said | None] = [None] * len(questions)
        for n, said in zip(taken, self.server.ask([self._turns(questions[n]) for n in taken]), strict=True):
            found[n] = None if said is None else _admissible(questions[n], said)
        return found

    def _takes(self, question: Question) -> bool:
        if question.task not in self.tasks or not question.text:
            return False
        return question.task != CLASSIFICATION or _labels(question.facts) in self.label_sets

    def _turns(self, question: Question) -> Sequence[Mapping[str, str]]:
        if not self.folds_system:
            return question.messages
        from mandi.student.local.turns import folded

        return folded([dict(turn) for turn in question.messages])


def _labels(facts: Mapping[str, Any]) -> tuple[str, ...]:
    labels = facts.get("labels")
    return tuple(sorted(map(str, labels))) if isinstance(labels, (list, tuple)) else ()


def _admissible(question: Question, said: Said) -> Said | None:
    if question.task == CLASSIFICATION:
        label = label_of(said.text)
        if label not in _labels(question.facts):
            return None
        text = json.dumps({"label": label}, ensure_ascii=False, separators=(",", ":"))
        return Said(text, said.sureness)
    given = " ".join(turn["content"] for turn in question.messages)
    known = _figures(given) | _figures(json.dumps(question.facts, default=str, ensure_ascii=False))
    return said if _figures(said.text) <= known else None


def _figures(text: str) -> set[str]:
    return {m.text.replace(",", "") for m in mentions(text) if m.kind in ("number", "day", "id")}
