"""Who answers a question as the service routes it: a weak student, a strong teacher, the analyst, or a person; and what goes wrong."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass

import numpy as np

from mandi.feedback.generated.ask.asked import Asked
from mandi.feedback.generated.params import GeneratedParams
from mandi.feedback.generated.reply.answers import right_answer, wrong_answer
from mandi.feedback.generated.reply.opinions import words_of
from mandi.feedback.generated.words.voices import REFUSALS

STUDENT, TEACHER, ANALYST, PERSON = "student", "teacher", "mock", "person"
MODELS = {STUDENT: "student-1", TEACHER: "teacher-1", ANALYST: "analyst-1", PERSON: "person"}
VENDOR, LOCAL = "vendor-model", "local-model-1"
LICENCES = {STUDENT: "own", ANALYST: "own", PERSON: "human", TEACHER: "generated"}
MODES = {"hybrid": 0.88, "real": 0.08, "mock": 0.04}
FALLBACK, DEGRADED, FAILED, PARTIAL = 0.03, 0.02, 0.015, 0.01
OF_A_VENDOR, OF_A_LOCAL = 0.05, 0.05
"""Shares of the teacher's answers that stand for those of a vendor, and of a local model."""
SPREAD, OF_TEMPLATE = 0.6, 1.0
"""Of the student's chance over questions and over wordings, log-odds."""
WAITS = "A person will answer this."
LABEL = "Written by rules from the models' figures; no language model was asked."
SORRY = "I know no figure that answers this."
Rng = np.random.Generator


@dataclass
class Reply:
    """An answer and how it came about; fields as in ``mandi.feedback.frames.GENERATIONS``."""

    answer: str
    provider: str
    route: str
    requested_mode: str = "hybrid"
    effective_mode: str = "hybrid"
    model: str = ""
    licence: str = "generated"
    status: str = "success"
    cache: str = "miss"
    fallback: bool = False
    degraded: bool = False
    confidence: float | None = None
    student_answer: str | None = None
    student_confidence: float | None = None
    cost_usd: float = 0.0
    latency_ms: float = 0.0
    pair: tuple[str, str, float] | None = None
    person: str | None = None


@dataclass
class Desk:
    """Answers questions; the student's chance of being right hangs on the wording, and after the drift its confidence is too high.

    Parameters
    ----------
    params : GeneratedParams
    rng : Generator
    """

    params: GeneratedParams
    rng: Rng

    def reply(self, asked: Asked) -> Reply:
        """Return what is answered."""
        mode = self._mode(asked)
        student = self._student(asked) if mode == "hybrid" else None
        if mode == "mock":
            reply = self._analyst(asked)
        elif student is None:
            reply = self._teacher(asked)
        elif student[1] >= self.params.high:
            reply = self._of(STUDENT, "student", student[0], confidence=student[1])
        elif student[1] >= self.params.low:
            reply = self._teacher(asked)
            reply.pair = (student[0], reply.answer, student[1])
        else:
            reply = self._of(PERSON, "human", WAITS)
            reply.degraded = True
            reply.person = words_of(asked, bool(self.rng.random() < self.params.rights.person), self.rng)
        reply.requested_mode = mode
        if reply.provider == TEACHER:
            reply.effective_mode = "real"
        if student is not None:
            reply.student_answer, reply.student_confidence = student
        return self._mishap(asked, reply)

    def again(self, asked: Asked) -> Reply:
        """Return another answer to a question that was just answered; whoever asks again asks the teacher."""
        reply = self._teacher(asked)
        reply.requested_mode = reply.effective_mode = "real"
        return reply

    def _mode(self, asked: Asked) -> str:
        mode = list(MODES)[int(self.rng.choice(len(MODES), p=list(MODES.values())))]
        return "real" if mode == "mock" and asked.task == "classification" else mode

    def _student(self, asked: Asked) -> tuple[str, float] | None:
        """Return the student's answer and confidence; it analyses no deals."""
        if asked.task == "deal_analysis":
            return None
        rights, later = self.params.rights, asked.truth["phase"] == "later"
        mean = rights.student_later if later else rights.student_early
        wording = zlib.crc32(str(asked.truth["template_id"]).encode()) / 2**32 - 0.5
        odds = (
            1.15 * math.log(mean / (1.0 - mean))
            + 2.0 * OF_TEMPLATE * wording
            + float(self.rng.normal(0.0, SPREAD))
        )
        odds += rights.student_chat if asked.task == "chat" else 0.0
        right = self.rng.random() < _chance(odds)
        said = right_answer(asked, self.rng) if right else wrong_answer(asked, self.rng)
        return said, round(_chance(odds + (rights.inflated if later else 0.0)), 4)

    def _teacher(self, asked: Asked) -> Reply:
        rights = self.params.rights
        strength = rights.teacher if asked.task == "classification" else rights.teacher_chat
        right = self.rng.random() < strength
        said = right_answer(asked, self.rng) if right else wrong_answer(asked, self.rng)
        reply = self._of(TEACHER, "teacher", said)
        who = self.rng.random()
        if who < OF_A_VENDOR:
            reply.model, reply.licence = VENDOR, "vendor-terms"
        elif who < OF_A_VENDOR + OF_A_LOCAL:
            reply.model, reply.licence = LOCAL, "local-model"
        reply.cost_usd = round(float(self.rng.uniform(0.0002, 0.002)), 6)
        reply.latency_ms = round(float(self.rng.lognormal(6.6, 0.5)), 1)
        return reply

    def _analyst(self, asked: Asked) -> Reply:
        """It tells what prices and arrivals are, and knows nothing of standing rules."""
        if asked.task == "deal_analysis":
            said = str(asked.truth["gold"])
        elif asked.truth["topic"] in ("price_point", "price_range", "demand_total"):
            said = f"{asked.truth['gold']}\n\n{LABEL}"
        else:
            said = f"{SORRY}\n\n{LABEL}"
        reply = self._of(ANALYST, "mock", said)
        reply.effective_mode = "mock"
        return reply

    def _of(self, provider: str, route: str, answer: str, confidence: float | None = None) -> Reply:
        return Reply(
            answer, provider, route, model=MODELS[provider], licence=LICENCES[provider], confidence=confidence,
            latency_ms=round(float(self.rng.lognormal(2.0, 0.5)), 1),
        )  # fmt: skip

    def _mishap(self, asked: Asked, reply: Reply) -> Reply:
        if reply.route == "human":
            return reply
        chance = self.rng.random()
        if chance < FAILED:
            reply.answer, reply.status, reply.pair = "", "error" if chance < FAILED / 2 else "timeout", None
        elif chance < FAILED + PARTIAL and asked.task == "chat":
            reply.answer, reply.status, reply.pair = (
                reply.answer[: max(len(reply.answer) // 3, 1)],
                "partial",
                None,
            )
        elif (
            chance < FAILED + PARTIAL + FALLBACK
            and reply.provider == TEACHER
            and asked.task != "classification"
        ):
            instead = self._analyst(asked)
            instead.fallback, instead.requested_mode = True, reply.requested_mode
            instead.student_answer, instead.student_confidence = (
                reply.student_answer,
                reply.student_confidence,
            )
            return instead
        elif (
            chance < FAILED + PARTIAL + FALLBACK + DEGRADED
            and asked.task == "chat"
            and reply.provider == TEACHER
        ):
            reply.answer, reply.degraded, reply.pair = REFUSALS[0], True, None
        return reply


def _chance(odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-odds))
