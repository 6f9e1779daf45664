"""Writes what was asked and said as rows of the loop's frames, with the truth and the planted spans beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mandi.feedback.generated.ask.asked import PERSONAL, Asked, Span, Text, as_json
from mandi.feedback.generated.ask.market import Market
from mandi.feedback.generated.ask.personal import planted
from mandi.feedback.generated.params import GeneratedParams
from mandi.feedback.generated.people import Trader, token
from mandi.feedback.generated.reply.desk import Desk, Reply
from mandi.feedback.generated.reply.judge import is_right
from mandi.feedback.generated.reply.opinions import Opinion, opinion
from mandi.feedback.generated.reply.outcomes import outcome_of
from mandi.feedback.scrub.invented import Inventor

CHAT, EXECUTE, DEAL = (
    "/api/v1/conversations/{conversation_id}/messages",
    "/api/v1/ai/execute",
    "/api/v1/ai/analyze-deal",
)
JUDGED = 0.12
"""Share of tutor pairs that a person compared."""
SURE = 0.95
MOST_TURNS = 6
DESKS = 3
PREFERRED = 0.88
REPORTED = np.timedelta64(18 * 3600 + 1800, "s")
Rng = np.random.Generator
Row = dict[str, Any]


@dataclass
class Book:
    """Everything that was written down.

    Parameters
    ----------
    params, rng, inventor, desk, market
        Sizes, chance, invented persons, who answers, and what prices came.
    """

    params: GeneratedParams
    rng: Rng
    inventor: Inventor
    desk: Desk
    market: Market
    generations: list[Row] = field(default_factory=list)
    feedback: list[Row] = field(default_factory=list)
    pairs: list[Row] = field(default_factory=list)
    truth: list[Row] = field(default_factory=list)
    spans: list[tuple[Any, ...]] = field(default_factory=list)
    _talks: int = 0
    _kept: dict[str, list[tuple[Asked, Row, Row]]] = field(default_factory=dict)

    def conversation(self) -> str:
        """Return the id of a new conversation."""
        self._talks += 1
        return f"c-{token(self.params.seed, 'talk', self._talks)}"

    def write(
        self, asked: Asked, who: Trader, moment: np.datetime64, period: str, talk: str | None, history: Sequence[Mapping[str, str]],
    ) -> Row:  # fmt: skip
        """Answer a question and write the row, its truth, its tutor pair, and what the user says."""
        reply = self.desk.reply(asked)
        row = self._generation(asked, reply, who, moment, talk, history)
        self._opinions(asked, row, who, moment)
        if reply.person is not None:
            self._from_the_queue(asked, row, reply.person, moment)
        if reply.pair is not None and row["status"] == "success":
            self._pair(asked, row, reply.pair, moment)
        self._truth(asked, row, period, reply.person)
        if row["status"] == "success" and not (row["degraded"] or row["fallback"]):
            self._kept.setdefault(who.organization, []).append((asked, row, self.truth[-1]))
        return row

    def once_more(
        self, asked: Asked, first: Row, who: Trader, moment: np.datetime64, period: str, talk: str | None,
        history: Sequence[Mapping[str, str]],
    ) -> None:  # fmt: skip
        """Answer a question a second time; the user says which of the two they prefer."""
        row = self._generation(asked, self.desk.again(asked), who, moment, talk, history)
        self._truth(asked, row, period, None)
        second, one = is_right(row["answer"], asked.truth), is_right(first["answer"], asked.truth)
        better = (row, first) if second and not one else (first, row)
        if second == one or self.rng.random() > PREFERRED:
            better = better if self.rng.random() < 0.5 else better[::-1]
        if who.troll or first["route"] == "human" or row["status"] != "success":
            return
        chosen, other = better
        mine = [said for said in self.feedback if said["generation_id"] == chosen["generation_id"]]
        version = 1 + max((said["version"] for said in mine), default=0)
        rating = next((said["rating"] for said in reversed(mine)), None)
        self._say(
            chosen,
            who.pseudonym,
            "user",
            moment + 25,
            version=version,
            rating=rating,
            preferred_over=other["generation_id"],
        )

    def cached(self, who: Trader) -> tuple[Asked, Row, Row] | None:
        """Return an answer of the same organisation that is kept; None where there is none."""
        kept = self._kept.get(who.organization)
        return kept[int(self.rng.integers(len(kept)))] if kept else None

    def repeat(self, kept: tuple[Asked, Row, Row], who: Trader, moment: np.datetime64, period: str) -> None:
        """Give a kept answer again; nobody answered it anew, and it costs nothing."""
        asked, before, truth = kept
        if before["asked_at"] >= moment:
            return
        row = {
            **before, "generation_id": self._id("generation"), "request_id": self._id("request"), "user_pseudonym": who.pseudonym,
            "conversation_id": None, "asked_at": moment, "cache": "exact", "cost_usd": 0.0, "latency_ms": 2.0,
            "consent": _consent(who), "outcome": None, "outcome_at": None,
        }  # fmt: skip
        self.generations.append(row)
        self.spans += [
            (row["generation_id"], *span[1:]) for span in self.spans if span[0] == before["generation_id"]
        ]
        self._opinions(asked, row, who, moment)
        self.truth.append({**truth, "generation_id": row["generation_id"], "period": period})
        self._settle(self.truth[-1], asked, row)

    def _generation(
        self, asked: Asked, reply: Reply, who: Trader, moment: np.datetime64, talk: str | None, history: Sequence[Mapping[str, str]],
    ) -> Row:  # fmt: skip
        answer = Text(reply.answer)
        worded = asked.task == "chat" and reply.status == "success" and reply.route != "human"
        if worded and self.rng.random() < self.params.personal:
            answer = planted(answer, self.inventor, self.rng, asked.truth["phase"] == "later")
        right = is_right(answer.words, asked.truth)
        came = outcome_of(asked, answer.words, right, self.market) if reply.status == "success" else None
        spoken = str(asked.truth["language"])
        row: Row = {
            "generation_id": self._id("generation"), "request_id": self._id("request"), "organization_id": who.organization,
            "user_pseudonym": who.pseudonym, "conversation_id": talk,
            "endpoint": {"chat": CHAT, "classification": EXECUTE}.get(asked.task, DEAL), "task_type": asked.task,
            "assistant": "trade" if asked.task == "chat" else None,
            "language": (spoken if spoken in ("hi", "ta") else "en") if asked.task == "chat" else None,
            "asked_at": moment, "messages": as_json(_with(asked.messages, history)), "question": asked.question,
            "facts": as_json(asked.facts), "answer": answer.words, "requested_mode": reply.requested_mode,
            "effective_mode": reply.effective_mode, "route": reply.route, "provider": reply.provider, "model": reply.model,
            "status": reply.status, "cache": reply.cache, "fallback": reply.fallback, "degraded": reply.degraded,
            "confidence": reply.confidence, "student_answer": reply.student_answer, "student_confidence": reply.student_confidence,
            "cost_usd": reply.cost_usd, "latency_ms": reply.latency_ms, "outcome": as_json(came[0]) if came else None,
            "outcome_at": (came[1].astype("datetime64[s]") + REPORTED) if came else None, "consent": _consent(who),
            "licence": reply.licence, "provenance": "generated",
        }  # fmt: skip
        self.generations.append(row)
        self._mark(row["generation_id"], "generations", "question", asked.question_spans)
        self._mark(row["generation_id"], "generations", "answer", answer.spans)
        return row

    def _opinions(self, asked: Asked, row: Row, who: Trader, moment: np.datetime64) -> None:
        sizes, rng = self.params.opinions, self.rng
        if (
            row["route"] == "human"
            or row["status"] not in ("success", "partial")
            or rng.random() > min(sizes.rated * who.rates, 0.95)
        ):
            return
        part = "early" if asked.truth["phase"] == "early" else "later"
        said = opinion(asked, row["answer"], None, rng, who, sizes, self.inventor, self.params.personal, part)
        at = moment + int(min(rng.exponential(3 * 3600), 3 * 86400)) + 20
        self._user_says(row, who, at, said, 1)
        if rng.random() < sizes.changed:
            said = opinion(
                asked,
                row["answer"],
                None,
                rng,
                replace(who, troll=False),
                sizes,
                self.inventor,
                self.params.personal,
                part,
            )
            self._user_says(row, who, at + int(rng.integers(600, 86400)), said, 2)
        elif rng.random() < sizes.withdrawn:
            later = at + int(rng.integers(600, 86400))
            self._say(row, who.pseudonym, "user", later, version=2, rating=float(said.value), withdrawn=True)

    def _user_says(self, row: Row, who: Trader, at: np.datetime64, said: Opinion, version: int) -> None:
        written = self._say(
            row, who.pseudonym, "user", at, version=version, rating=float(said.value), comment=said.comment, correction=said.correction,
        )  # fmt: skip
        written["_tone"] = (said.sentiment, said.emotion)
        self._mark(written["feedback_id"], "feedback", "comment", said.spans)

    def _from_the_queue(self, asked: Asked, row: Row, answer: str, moment: np.datetime64) -> None:
        desk = f"desk-{int(self.rng.integers(DESKS)) + 1}"
        at = moment + int(self.rng.integers(1800, 6 * 3600))
        self._say(row, desk, "human", at, version=1, correction=answer)

    def _say(self, row: Row, who: str, author: str, at: np.datetime64, *, version: int, **said: Any) -> Row:
        written: Row = {
            "feedback_id": self._id("feedback"), "generation_id": row["generation_id"], "author": author, "author_pseudonym": who,
            "said_at": at, "version": version, "rating": None, "comment": None, "correction": None, "preferred_over": None,
            "withdrawn": False, "provenance": "generated", **said,
        }  # fmt: skip
        self.feedback.append(written)
        return written

    def _pair(self, asked: Asked, row: Row, pair: tuple[str, str, float], moment: np.datetime64) -> None:
        student, teacher, confidence = pair
        verdict = None
        if self.rng.random() < JUDGED:
            right = (is_right(student, asked.truth), is_right(teacher, asked.truth))
            verdict = {(True, True): "both", (True, False): "student", (False, True): "teacher"}.get(
                right, "neither"
            )
            if self.rng.random() > SURE:
                verdict = str(self.rng.choice(["both", "student", "teacher", "neither"]))
        self.pairs.append({
            "pair_id": self._id("pair"), "generation_id": row["generation_id"], "organization_id": row["organization_id"],
            "user_pseudonym": row["user_pseudonym"], "conversation_id": row["conversation_id"], "task_type": asked.task,
            "created_at": moment, "input_text": asked.question, "student_output": student, "teacher_output": teacher,
            "confidence_score": confidence, "reward_score": None, "human_verdict": verdict, "consent": row["consent"],
            "licence": row["licence"], "provenance": "generated",
        })  # fmt: skip

    def _truth(self, asked: Asked, row: Row, period: str, person: str | None) -> None:
        student = row["student_answer"]
        self.truth.append({
            **asked.truth, "generation_id": row["generation_id"], "period": period,
            "question_sentiment": asked.truth["sentiment"], "question_emotion": asked.truth["emotion"],
            "right": is_right(person if person is not None else row["answer"], asked.truth),
            "student_right": None if student is None else is_right(student, asked.truth),
        })  # fmt: skip
        self._settle(self.truth[-1], asked, row)

    def _settle(self, truth: Row, asked: Asked, row: Row) -> None:
        """Say how the last words of the user sound, and whether their rating agrees with the truth."""
        mine = []
        for said in reversed(self.feedback):
            if said["generation_id"] != row["generation_id"]:
                break
            mine.append(said)
        tone = next((said["_tone"] for said in mine if said.get("_tone", (None,))[0]), None)
        truth["sentiment"], truth["emotion"] = tone or (asked.truth["sentiment"], asked.truth["emotion"])
        last = next((said for said in mine if said["author"] == "user"), None)
        rated = last is not None and last["rating"] is not None and not last["withdrawn"]
        truth["opinion_is_honest"] = (
            (last["rating"] >= 4) == truth["right"] if rated and last is not None else None
        )
        for said in mine:
            said.pop("_tone", None)

    def _mark(self, row_id: str, frame: str, column: str, spans: Sequence[Span]) -> None:
        self.spans += [
            (row_id, frame, column, s.start, s.end, s.kind, s.kind in PERSONAL, s.value) for s in spans
        ]

    def _id(self, kind: str) -> str:
        count = {
            "generation": self.generations,
            "request": self.generations,
            "feedback": self.feedback,
            "pair": self.pairs,
        }[kind]
        return f"{kind[0]}-{token(self.params.seed, kind, len(count))}"


def _consent(who: Trader) -> str:
    return "granted" if who.consents else "refused"


def _with(
    messages: Sequence[Mapping[str, str]], history: Sequence[Mapping[str, str]]
) -> list[Mapping[str, str]]:
    turns = [turn for turn in history if turn["content"]][-MOST_TURNS:]
    return [*messages[:1], *turns, *messages[1:]]
