"""Keeps what was said in calls: taken in the loop in no time, scrubbed on a thread, and only then put where it touches a disk."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from mandi.feedback.ratings import LICENCE_OF
from mandi.feedback.words import ScrubbedWords, made_once
from mandi.llm.path.record import CallRecord, Contents
from mandi.serving.api import rooms
from mandi.serving.counters.price import PriceCounter
from mandi.serving.learning.source import learning_salt
from mandi.store.records import GenerationRecord, TutorPair

if TYPE_CHECKING:
    from mandi.feedback.words import Words
    from mandi.llm.calls import Consent
    from mandi.llm.messages import Prompt
    from mandi.llm.provider import Kind
    from mandi.serving.house import House
    from mandi.serving.settings import Settings
    from mandi.store.records import Base
    from mandi.store.spool import Spool

LOG = logging.getLogger("mandi.serving")
ROOM = 5_000
LONGEST = 100_000
"""Letters of a call; a longer one is a document, which is no example of an answer."""
AS_THEY_ARE = (
    "generation_id", "request_id", "organization_id", "user_pseudonym", "conversation_id", "endpoint", "task_type", "assistant",
    "language", "requested_mode", "effective_mode", "route", "provider", "model", "status", "cache", "fallback", "degraded",
    "confidence", "cost_usd",
)  # fmt: skip
BREATH_S = 0.002  # between texts: scrubbing holds the interpreter, and answers are not to wait for it
Page = tuple[CallRecord, Contents]


class Diary:
    """A bounded queue of what was said and the thread that scrubs it.

    What waits here is in memory alone: nothing that was not scrubbed is written anywhere, so a crash loses the last moments.
    When there is no room, or a text cannot be scrubbed, the words are dropped and counted; an answer never waits for them.

    Parameters
    ----------
    spool : Spool
        Where scrubbed rows wait for the database.
    words : callable
        Gives whoever scrubs; called on the thread, since it may have models to load.
    kinds : mapping of str to str
        Kind of each provider by its name: it decides whose the words of an answer are.
    default : str
        Consent of callers where nobody decided.
    tutor : bool
        Keep a student's answer beside the teacher's whenever both are there.

    Attributes
    ----------
    lost : int
        Calls whose words were dropped.
    """

    def __init__(
        self,
        spool: Spool,
        words: Callable[[], Words],
        kinds: Mapping[str, Kind],
        *,
        default: Consent = "granted",
        tutor: bool = False,
        room: int = ROOM,
    ) -> None:
        self._spool = spool
        self._words = words
        self._kinds = kinds
        self._default = default
        self._tutor = tutor
        self._room = room
        self._pages: deque[Page] = deque()
        self._changed = threading.Condition()
        self._in_hand = False
        self._closing = False
        self.lost = 0
        self._thread = threading.Thread(target=self._work, name="mandi-diary", daemon=True)
        self._thread.start()

    def keep(self, record: CallRecord, contents: Contents) -> None:
        """Take what was said in a call, where its caller allows it."""
        if (contents.consent or self._default) != "granted" or _length(contents) > LONGEST:
            return
        if not contents.answer and record.route != "human":
            return
        with self._changed:
            if len(self._pages) >= self._room or self._closing:
                self._lose(1, "there is no room")
                return
            self._pages.append((record, contents))
            self._changed.notify_all()

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Wait until everything that was taken before is with the spool, and return whether it is."""
        end = time.monotonic() + timeout_s
        with self._changed:
            while (self._pages or self._in_hand) and self._thread.is_alive():
                if not self._changed.wait(max(0.0, end - time.monotonic())):
                    return False
            return not self._pages

    def close(self, timeout_s: float = 10.0) -> None:
        """Flush and stop."""
        self.flush(timeout_s)
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(timeout_s)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._in_hand = False
                self._changed.notify_all()
                while not self._pages and not self._closing:
                    self._changed.wait()
                if not self._pages:
                    return
                page = self._pages.popleft()
                self._in_hand = True
            try:
                self._write(*page)
            except (
                Exception
            ) as error:  # words that could not be scrubbed are never written, and the thread goes on
                with self._changed:
                    self._lose(1, type(error).__name__)
            time.sleep(BREATH_S)

    def _write(self, record: CallRecord, contents: Contents) -> None:
        for row in self._rows(record, contents):
            self._spool.put(row)

    def _rows(self, record: CallRecord, contents: Contents) -> list[Base]:
        clean, prompt = _Breathing(self._words()), contents.prompt
        answer = clean.text(plain_answer(prompt, contents.answer))
        students = None
        if contents.student_answer is not None:
            students = clean.text(plain_answer(prompt, contents.student_answer))
        person = record.route == "human"
        rights = {
            "consent": "granted", "provenance": "service",
            "licence": "own" if person else LICENCE_OF.get(self._kinds.get(record.provider, "vendor"), "vendor-terms"),
        }  # fmt: skip
        question = clean.text(prompt.question)
        row = GenerationRecord(
            **{name: getattr(record, name) for name in AS_THEY_ARE},
            timestamp=record.created_at,
            messages=[
                {"role": turn.role, "content": clean.text(turn.content or "")} for turn in prompt.messages
            ],
            question=question,
            facts=clean.value(dict(prompt.facts)),
            answer=students or "" if person else answer,
            student_answer=students,
            student_confidence=contents.student_confidence,
            latency_ms=round(record.latency_ms),
            **rights,
        )
        row.degraded = record.degraded or person  # nobody vouches for what a student said that was not given
        rows: list[Base] = [row]
        if self._tutor and record.route == "teacher" and students is not None and record.status == "success":
            rows.append(
                TutorPair(
                    generation_id=record.generation_id, conversation_id=record.conversation_id,
                    organization_id=record.organization_id, user_pseudonym=record.user_pseudonym,
                    task_type=record.task_type, input_text=question, student_output=students, teacher_output=answer,
                    confidence_score=contents.student_confidence, created_at=record.created_at, **rights,
                )
            )  # fmt: skip
        return rows

    def _lose(self, count: int, why: str) -> None:
        self.lost += count
        if self.lost == count or self.lost % 1000 == 0:
            LOG.warning("the words of %d calls were not kept: %s", self.lost, why)


def diary_of(house: House, settings: Settings, kinds: Mapping[str, Kind]) -> Diary | None:
    """Return a diary on the spool of a house, and put it with whoever scrubs into the house; None where no words are kept.

    Parameters
    ----------
    house : House
    settings : Settings
    kinds : mapping of str to str
        Kind of each provider by its name.
    """
    spool = rooms.spool_of(house)
    if spool is None or not settings.keeps_words:
        return None
    database = rooms.database_of(house)

    def make() -> Words:
        return ScrubbedWords(learning_salt(settings, database), names_served(house))

    words = made_once(make)
    diary = Diary(spool, words, kinds, default=settings.learning_consent, tutor=settings.enable_tutor_logging)
    house.rooms |= {rooms.WORDS: words, rooms.DIARY: diary}
    return diary


def names_served(house: House) -> frozenset[str]:
    """Return the names of the commodities, markets and states that are served, which stand for nobody."""
    counter = house.desk.counters.get("price") if house.desk is not None else None
    return counter.names.everything if isinstance(counter, PriceCounter) else frozenset()


class _Breathing:
    """Scrubs text by text, and lets the loop have its turn between them."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._seen: dict[str, str] = {}

    def text(self, text: str) -> str:
        if text not in self._seen:
            self._seen[text] = self._words.text(text) if text else text
            time.sleep(0)
        return self._seen[text]

    def value(self, value: Any) -> Any:
        return self._words.value(value)


def plain_answer(prompt: Prompt, text: str) -> str:
    """Return an answer as a person would give it: of a classification the label alone, whatever form it was asked for in.

    Parameters
    ----------
    prompt : Prompt
    text : str

    Examples
    --------
    >>> from mandi.llm.messages import Prompt
    >>> plain_answer(Prompt((), task="classification"), '{"label": "price"}'), plain_answer(Prompt(()), "Hold.")
    ('price', 'Hold.')
    """
    if prompt.task != "classification" or not text.lstrip().startswith("{"):
        return text
    try:
        label = from_json(text)["label"]
    except (ValueError, KeyError, TypeError):
        return text
    return label if isinstance(label, str) else text


def _length(contents: Contents) -> int:
    turns = sum(len(turn.content or "") for turn in contents.prompt.messages)
    return turns + len(contents.answer) + len(contents.student_answer or "")
