"""Only what may be learned from leaves the records: with consent, of people who are there, scrubbed, under pseudonyms; labels come back."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa

from mandi.feedback import export
from mandi.feedback.export import exported, fingerprint
from mandi.feedback.frames import FEEDBACK, GENERATIONS, LABELLED, TUTOR_PAIRS
from mandi.feedback.kept import record_dataset_version, store_labels, versions_holding
from mandi.feedback.words import each_text
from mandi.store.database import Database
from mandi.store.erasure import erase_user
from mandi.store.records import (
    DatasetMember,
    GenerationFeedback,
    GenerationRecord,
    Message,
    Organization,
    TutorPair,
)
from mandi.store.schema import upgrade

sys.path.insert(0, str(Path(__file__).parents[1] / "store"))
from store_places import BOTH, Desk, database_url, settle

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


class Loud:
    """Scrubs one word."""

    def text(self, text: str) -> str:
        return text.replace("Asha", "<person>")

    def value(self, value: Any) -> Any:
        return each_text(value, self.text)


@pytest.fixture(params=BOTH)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with database_url(request.param, tmp_path) as url:
        opened = Database.open(url)
        upgrade(opened)
        yield opened
        opened.close()


def answered(desk: Desk, name: str, hours: int = 0, **more: Any) -> list[Any]:
    rights = {
        "organization_id": desk.organization, "user_pseudonym": desk.pseudonym, "consent": "granted",
        "licence": "vendor-terms", "task_type": "classification", "generation_id": name,
    }  # fmt: skip
    at = NOON + timedelta(hours=hours)
    record = GenerationRecord(
        **(rights | more), request_id="asha-1", endpoint="/x", messages=[{"role": "user", "content": "Asha asks"}],
        question="Asha asks", facts={"labels": ["price", "quality"], "text": "Asha asks", "n": 7.5}, answer="price",
        requested_mode="hybrid", effective_mode="real", route="teacher", provider="openai", model="m", status="success",
        timestamp=at, confidence=0.6, student_answer="quality", student_confidence=0.6,
    )  # fmt: skip
    said = GenerationFeedback(
        generation_id=name, organization_id=desk.organization, author="user", author_pseudonym=desk.pseudonym, version=1,
        rating=2, comment="Asha says no", correction="quality", said_at=at,
    )  # fmt: skip
    pair = TutorPair(
        **(rights | more), input_text="Asha asks", student_output="quality", teacher_output="price",
        confidence_score=0.6, created_at=at, human_verdict="student",
    )  # fmt: skip
    return [record, said, pair]


@pytest.fixture
def town(database: Database) -> dict[str, Desk]:
    """Somebody whose answers may be learned from; one whose organisation refuses; one who refused then; one who is erased."""
    desks = {name: settle(database, name) for name in ("one", "refuses", "refused", "gone")}
    rows = [
        *answered(desks["one"], "g1"), *answered(desks["one"], "g2", hours=5), *answered(desks["refuses"], "g3"),
        *answered(desks["refused"], "g4", consent="refused"), *answered(desks["gone"], "g5"),
    ]  # fmt: skip

    def put(session: Any) -> None:
        session.add_all(rows)
        session.get(Organization, desks["refuses"].organization).learning_consent = "refused"

    database.write(put)
    record_dataset_version(database, "v1", sha256="d", rows=2, generation_ids=["g1", "g5", "made-up"])
    assert erase_user(database, desks["gone"].user).dataset_versions == ("v1",)
    return desks


def test_what_may_not_be_learned_from_is_left_out(
    database: Database, town: dict[str, Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PAGE", 1)
    found = exported(database, salt="s", words=Loud())
    for frame, kind in (
        (found.generations, GENERATIONS), (found.feedback, FEEDBACK), (found.tutor_pairs, TUTOR_PAIRS),
    ):  # fmt: skip
        kind.check(frame)
        assert set(frame["generation_id"]) == {"g1", "g2"}
    late = exported(database, salt="s", words=Loud(), since=NOON + timedelta(hours=1))
    assert [set(f["generation_id"]) for f in (late.generations, late.feedback, late.tutor_pairs)] == [
        {"g2"}
    ] * 3
    nobody = exported(database, salt="s", words=Loud(), default_consent="refused")
    assert [len(f) for f in (nobody.generations, nobody.feedback, nobody.tutor_pairs)] == [0, 0, 0]


def test_scrubbed_and_under_pseudonyms_of_the_salt(database: Database, town: dict[str, Desk]) -> None:
    found = exported(database, salt="s", words=Loud())
    frames = (found.generations, found.feedback, found.tutor_pairs)
    text = "".join(frame.to_json(default_handler=str) for frame in frames)
    desk = town["one"]
    assert not any(word in text for word in ("Asha", "asha-1", desk.organization, desk.user, desk.pseudonym))
    row = found.generations.iloc[0]
    assert json.loads(row["facts"]) == {"labels": ["price", "quality"], "n": 7.5, "text": "<person> asks"}
    assert json.loads(row["messages"]) == [{"content": "<person> asks", "role": "user"}]
    assert (
        row["user_pseudonym"]
        == found.feedback.iloc[0]["author_pseudonym"]
        == found.tutor_pairs.iloc[0]["user_pseudonym"]
    )
    again, other = (exported(database, salt=salt, words=Loud()).generations for salt in ("s", "t"))
    pd.testing.assert_frame_equal(found.generations, again)
    assert set(other["user_pseudonym"]).isdisjoint(again["user_pseudonym"])


def test_an_empty_service_gives_empty_frames(database: Database) -> None:
    found = exported(database, salt="s", words=Loud())
    assert [list(f.columns) for f in (found.generations, found.feedback, found.tutor_pairs)] == [
        GENERATIONS.names, FEEDBACK.names, TUTOR_PAIRS.names,
    ]  # fmt: skip


def test_the_fingerprint_moves_with_what_is_exported_and_not_with_labels(
    database: Database, town: dict[str, Desk]
) -> None:
    seen = [fingerprint(database)]
    store_labels(database, labelled(database))
    assert fingerprint(database) == seen[0]
    changes = [
        lambda session: session.add(answered(town["one"], "g9", hours=9)[1]),
        lambda session: session.execute(
            sa.update(GenerationRecord)
            .filter_by(generation_id="g1")
            .values(outcome={"held": True}, outcome_at=NOON)
        ),
        lambda session: session.execute(sa.update(Organization).values(learning_consent="refused")),
    ]
    for change in changes:
        database.write(change)
        assert fingerprint(database) not in seen
        seen.append(fingerprint(database))


def labelled(database: Database) -> pd.DataFrame:
    rows = exported(database, salt="s", words=Loud()).generations.to_dict("records")
    more = {
        "intent": "price", "sentiment": "negative", "emotion": "calm", "kind": "question", "language_found": "en",
        "outcome_label": "open", "rating": None, "correction": None, "correction_by": None, "feedback_ids": "[]", "reward": 0.25,
        "right": 0.5,
    }  # fmt: skip
    strange = {**rows[0], "generation_id": "elsewhere", "provenance": "generated"}
    return LABELLED.shaped([{**row, **more} for row in (*rows, strange)])


@pytest.mark.parametrize(("labels", "rewards"), [(True, True), (True, False), (False, True), (False, False)])
def test_labels_and_rewards_come_back_to_answer_message_and_pair(
    database: Database, town: dict[str, Desk], labels: bool, rewards: bool
) -> None:
    from mandi.store.records import Conversation

    desk = town["one"]
    talk = Conversation(organization_id=desk.organization, user_id=desk.user)
    talk.messages = [Message(position=1, role="assistant", content="x", generation_id="g1")]
    database.write(lambda session: session.add(talk))
    assert store_labels(database, labelled(database), labels=labels, rewards=rewards) == (
        2 if labels or rewards else 0
    )

    def look(session: Any) -> tuple[Any, ...]:
        record = session.scalars(sa.select(GenerationRecord).filter_by(generation_id="g1")).one()
        message = session.scalars(sa.select(Message)).one()
        pair = session.scalars(sa.select(TutorPair).filter_by(generation_id="g1")).one()
        said = (record.intent, record.kind, message.labeled_intent, message.labeled_sentiment)
        return said, (record.reward_score, message.reward_score, pair.reward_score)

    said, scores = database.read(look)
    assert said == (("price", "question", "price", "negative") if labels else (None,) * 4)
    assert scores == ((0.25,) * 3 if rewards else (None,) * 3)


def test_a_version_names_what_it_holds_and_is_replaced_by_itself(
    database: Database, town: dict[str, Desk]
) -> None:
    assert versions_holding(database, ["g1"]) == ["v1"]
    record_dataset_version(
        database, "v2", sha256="e", rows=1, generation_ids=["g1", "g2", "g2"], mlflow_run="r"
    )
    record_dataset_version(database, "v1", sha256="f", rows=1, generation_ids=["g2"])
    assert versions_holding(database, ["g1"]) == ["v2"] and versions_holding(database, ["g2"]) == ["v1", "v2"]
    assert (
        database.read(lambda session: session.scalar(sa.select(sa.func.count()).select_from(DatasetMember)))
        == 3
    )
