from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from mandi.serving.conversations import shelf, turns
from mandi.serving.conversations.turns import Asking, Begun, Ending, TurnRefused
from mandi.serving.operations import Principal
from mandi.store.database import Database
from mandi.store.records import AiMetric, Conversation, Message
from mandi.store.schema import upgrade

from ....gates import SOMEBODY
from ....scripted_gateway import outcome
from ...store.store_places import BOTH, database_url, settle

NOW = datetime(2026, 1, 5, 6, tzinfo=UTC)


@dataclass(frozen=True)
class Room:
    """A user with one conversation."""

    database: Database
    who: Principal
    conversation: str

    def begin(
        self, message: str, request: str, at: datetime = NOW, who: Principal | None = None, **more: Any
    ) -> Any:
        asking = Asking(self.conversation, message, request, **more)
        return self.database.write(lambda session: turns.begin(session, who or self.who, asking, at))

    def end(self, begun: Begun, text: str, status: Any = "complete", **more: Any) -> bool:
        ending = Ending(status, text, **more)
        return self.database.write(lambda session: turns.end(session, begun, ending))

    def said(self, limit: int | None = None) -> list[Message]:
        return list(self.database.read(lambda session: shelf.said(session, self.conversation, limit)))

    def head(self) -> Conversation:
        found = self.database.read(lambda session: shelf.found(session, self.who, self.conversation))
        assert found is not None
        return found


@pytest.fixture(params=BOTH)
def room(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Room]:
    with database_url(request.param, tmp_path) as url:
        database = Database.open(url)
        upgrade(database)
        desk = settle(database)
        who = replace(SOMEBODY, user_id=desk.user, organization_id=desk.organization)
        made = database.write(lambda session: shelf.made(session, who, "trade", "hi", None, NOW))
        yield Room(database, who, made.id)
        database.close()


def test_the_question_is_kept_before_anybody_answers(room: Room) -> None:
    begun = room.begin("Is 7,200 fair?", "q1")
    assert isinstance(begun, Begun) and begun.history == () and begun.language == "hi"
    (question,) = room.said()
    assert (question.role, question.content, question.position, question.request_id) == (
        "user",
        "Is 7,200 fair?",
        1,
        "q1",
    )
    assert room.head().title == "Is 7,200 fair?" and room.head().total_messages == 1


def test_an_answer_is_kept_with_its_route_and_the_totals_grow(room: Room) -> None:
    begun = room.begin("one", "q1")
    answer = outcome("Hold.", route="student", confidence=0.83, cost_usd=Decimal("0.000123"))
    assert room.end(begun, "Hold.", generation_id="g1", outcome=answer, sources=[{"model": "price"}])
    _, kept = room.said()
    assert (kept.id, kept.status, kept.content, kept.position) == (begun.message_id, "complete", "Hold.", 2)
    assert (kept.route_decision, kept.confidence_score, kept.student_response) == ("student", 0.83, "Hold.")
    assert (
        kept.cost_usd == Decimal("0.000123")
        and kept.tokens_used == 17
        and kept.sources == [{"model": "price"}]
    )
    assert room.head().total_messages == 2 and room.head().total_cost_usd == Decimal("0.000123")


def test_what_the_student_would_have_said_is_kept_beside_the_teacher(room: Room) -> None:
    begun = room.begin("one", "q1")
    answer = outcome("Hold.", student_answer="Sell.", student_confidence=0.5)
    room.end(begun, "Hold.", outcome=answer)
    kept = room.said()[1]
    assert (kept.student_response, kept.teacher_response, kept.confidence_score) == ("Sell.", "Hold.", None)


def test_a_request_that_is_repeated_finds_its_answer(room: Room) -> None:
    room.end(room.begin("one", "q1"), "Hold.")
    again = room.begin("one", "q1")
    assert isinstance(again, Message) and again.content == "Hold."
    assert room.head().total_messages == 2
    with pytest.raises(TurnRefused, match="another message"):
        room.begin("two", "q1")


def test_an_answer_that_ended_early_is_told_again_unless_it_is_asked_anew(room: Room) -> None:
    first = room.begin("one", "q1")
    room.end(first, "Ho", "partial")
    told = room.begin("one", "q1")
    assert isinstance(told, Message) and (told.status, told.content) == ("partial", "Ho")
    anew = room.begin("one", "q1", NOW + timedelta(seconds=9), again=True)
    assert isinstance(anew, Begun) and anew.message_id == first.message_id
    assert room.head().total_messages == 1
    assert not room.end(first, "the old one, late"), "only who began an answer last may end it"
    assert room.end(anew, "Hold.")
    assert [m.content for m in room.said()] == ["one", "Hold."] and room.head().total_messages == 2


def test_nothing_said_is_asked_again_by_itself(room: Room) -> None:
    first = room.begin("one", "q1")
    room.end(first, "", "failed")
    assert [m.role for m in room.said()] == ["user"]
    assert isinstance(room.begin("one", "q1", NOW + timedelta(seconds=1)), Begun)


def test_one_answer_at_a_time(room: Room) -> None:
    begun = room.begin("one", "q1")
    for message, request in (("two", "q2"), ("one", "q1")):
        with pytest.raises(TurnRefused) as refused:
            room.begin(message, request)
        assert refused.value.retry_after
    room.end(begun, "Hold.")
    after = room.begin("two", "q2")
    assert [m.content for m in after.history] == ["one", "Hold."]


def test_an_answer_left_by_a_process_that_died_does_not_block_for_ever(room: Room) -> None:
    room.begin("one", "q1")
    later = NOW + turns.LONGEST_ANSWER + timedelta(seconds=1)
    after = room.begin("two", "q2", later)
    assert isinstance(after, Begun)
    left = room.database.read(lambda s: [m.status for m in s.query(Message).order_by(Message.position)])
    assert left == ["complete", "failed", "complete", "partial"]


def test_many_at_once_never_share_a_position(room: Room) -> None:
    started, refused = [], []

    def speak(n: int) -> None:
        try:
            begun = room.begin(f"message {n}", f"q{n}")
            started.append(begun)
            room.end(begun, "yes")
        except TurnRefused:
            refused.append(n)

    threads = [threading.Thread(target=speak, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    said = room.said()
    assert len(started) + len(refused) == 12 and started
    assert [m.position for m in said] == list(range(1, 2 * len(started) + 1))
    assert room.head().total_messages == len(said) == 2 * len(started)


def test_nobody_else_finds_it_whatever_their_role(room: Room) -> None:
    colleague = replace(room.who, user_id="somebody-else")
    stranger = replace(room.who, organization_id="another")
    for other in (colleague, stranger):
        assert room.begin("mine now", "q1", who=other) is None

        def tries(session: Session, who: Principal = other) -> tuple[Any, ...]:
            found = shelf.found(session, who, room.conversation)
            return found, shelf.deleted(session, who, room.conversation), shelf.listed(session, who, 10, None)

        assert room.database.write(tries) == (None, False, [])
    assert room.said() == []


def test_a_closed_conversation_takes_no_message(room: Room) -> None:
    def close(session: Session) -> None:
        conversation = session.get(Conversation, room.conversation)
        assert conversation is not None
        conversation.is_active = False

    room.database.write(close)
    with pytest.raises(TurnRefused, match="closed"):
        room.begin("one", "q1")


def test_history_is_the_newest_of_it_and_the_oldest_first(room: Room) -> None:
    for n in range(4):
        room.end(room.begin(f"q{n}", f"r{n}"), f"a{n}")
    assert [m.content for m in room.said(3)] == ["a2", "q3", "a3"]
    before = room.database.read(lambda s: [m.content for m in shelf.said(s, room.conversation, 2, 5)])
    assert before == ["q1", "a1"]


def test_deleting_leaves_nothing_and_an_answer_that_comes_late_is_not_kept(room: Room) -> None:
    room.end(room.begin("secret", "q1"), "Hold.")
    late = room.begin("more", "q2")
    assert room.database.write(lambda s: shelf.deleted(s, room.who, room.conversation))
    assert not room.end(late, "late")
    assert room.database.read(lambda s: s.query(Message).count() + s.query(Conversation).count()) == 0


def test_lists_are_read_on_page_by_page(room: Room) -> None:
    made = [room.conversation]
    for n in range(5):
        at = NOW + timedelta(minutes=n // 2)  # two begin in the same minute
        made.append(
            room.database.write(lambda s, at=at: shelf.made(s, room.who, "general", "en", None, at)).id
        )
    seen: list[str] = []
    before = None
    while page := room.database.read(lambda s, before=before: shelf.listed(s, room.who, 2, before)):
        seen += [c.id for c in page]
        before = seen[-1]
    assert sorted(seen) == sorted(made) and len(set(seen)) == 6
    assert room.database.read(lambda s: shelf.listed(s, room.who, 2, "nothing")) is None


def test_the_call_behind_an_answer_is_found_in_ones_organisation_only(room: Room) -> None:
    metric = AiMetric(
        request_id="r", generation_id="g7", organization_id=room.who.organization_id, user_pseudonym="p",
        endpoint="e", task_type="chat", requested_mode="mock", effective_mode="mock", provider="mock", model="a",
        route="mock", status="success",
    )  # fmt: skip
    room.database.write(lambda s: s.add(metric))
    found = room.database.read(lambda s: shelf.call_of(s, room.who.organization_id, "g7"))
    assert found is not None and found.provider == "mock"
    assert room.database.read(lambda s: shelf.call_of(s, "another", "g7")) is None
