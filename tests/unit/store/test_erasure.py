from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from mandi.core.errors import DataNotFound, StoreUnavailable
from mandi.store.database import Database
from mandi.store.erasure import erase_user
from mandi.store.records import (
    AiAnalysis,
    AiMetric,
    ApiKey,
    AuditEvent,
    Base,
    Conversation,
    DatasetMember,
    DatasetVersion,
    Deal,
    Escalation,
    GenerationFeedback,
    GenerationRecord,
    Message,
    RefreshToken,
    SystemConfig,
    TutorPair,
    User,
    usage_logs,
)
from mandi.store.sql_state import SqlState

sys.path.insert(0, str(Path(__file__).parent))
from store_places import Desk, settle

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
MARK = "planted"
# columns of text that hold no words of a user, with why; everything else is planted and looked for
OURS = {
    "ai_metrics": {
        "id", "request_id", "generation_id", "organization_id", "user_pseudonym", "endpoint", "task_type", "assistant", "language",
        "requested_mode", "effective_mode", "provider", "model", "route", "route_reason", "cache", "status", "prompt_features",
    },
    "generation_records": {
        "request_id", "endpoint", "task_type", "assistant", "route", "model", "cache", "outcome", "intent", "sentiment", "emotion",
        "kind", "language_found", "outcome_label", "consent", "licence", "provenance",
    },
    "generation_feedback": {"author", "preferred_over", "idempotency_key", "asked_digest"},
    "ai_tutor_pairs": {"human_verdict", "consent", "licence", "provenance"},
    "dataset_versions": {"sha256", "mlflow_run"},
    "predictions": {"model", "model_version", "side", "inputs_digest", "subject", "answer"},
    "prediction_batches": {"model", "model_version", "side"},
    "prediction_outcomes": {"actual"},  # a number, a yes or no, or a name that the answer held
    # a name of a folder that the operator made, and of the files in it: whoever put them there takes them away
    "batch_jobs": {"model", "folder", "report", "error", "worker"},
    "model_rollouts": {"id", "champion_version", "challenger_version", "rules", "evidence", "reason"},
}  # fmt: skip


def plant(database: Database, desk: Desk, mark: str) -> None:
    """Write a user's words into every column that can hold some."""
    user, organization = desk.user, desk.organization
    talk = Conversation(
        user_id=user, organization_id=organization, title=f"{mark} title", session_id=f"{mark} session"
    )
    talk.messages = [
        Message(
            position=1,
            role="user",
            content=f"{mark} content",
            content_translated=f"{mark} translated",
            sources=[{"quote": f"{mark} source"}],
            student_response=f"{mark} student",
            teacher_response=f"{mark} teacher",
            intent=f"{mark} intent",
            sentiment=f"{mark} mood",
            labeled_intent=f"{mark} label",
            labeled_sentiment=f"{mark} label",
            request_id=f"{mark} request",
        )
    ]
    deal = Deal(
        user_id=user,
        organization_id=organization,
        title=f"{mark} deal",
        commodity=f"{mark} cotton",
        counterparty=f"{mark} buyer",
    )
    deal.analyses = [
        AiAnalysis(
            organization_id=organization,
            requested_mode="real",
            effective_mode="real",
            reason=f"{mark} reason",
            analysis_data={"text": f"{mark} analysis"},
            evidence=[f"{mark} evidence"],
        )
    ]
    ticket = Escalation(
        user_id=user,
        organization_id=organization,
        user_pseudonym=desk.pseudonym,
        question=f"{mark} question",
        context={"last": f"{mark} context"},
        student_answer=f"{mark} guess",
        answer=f"{mark} answer",
        expires_at=NOON,
    )
    call = AiMetric(
        request_id="r",
        generation_id=f"g-{user}",
        organization_id=organization,
        user_pseudonym=desk.pseudonym,
        endpoint="/v1/chat/completions",
        task_type="chat",
        requested_mode="real",
        effective_mode="real",
        provider="openai",
        model="m",
        route="teacher",
        status="error",
        cost_usd=Decimal("0.5"),
        error_message=f"{mark} echoed by the vendor",
        fallback_reason=f"{mark} echoed again",
        attempts=[{"provider": "openai", "fault": "refused", "message": f"{mark} echoed"}],
    )
    rights = {"organization_id": organization, "consent": "granted", "licence": "own"}
    words = GenerationRecord(
        **rights,
        generation_id=f"g-{user}",
        request_id="r",
        user_pseudonym=desk.pseudonym,
        endpoint="/v1/chat/completions",
        task_type="chat",
        messages=[{"role": "user", "content": f"{mark} turn"}],
        question=f"{mark} turn",
        facts={"deal": f"{mark} deal"},
        answer=f"{mark} told",
        student_answer=f"{mark} guess",
        requested_mode="real",
        effective_mode="real",
        route="teacher",
        provider="openai",
        model="m",
        status="success",
    )
    opinion = GenerationFeedback(
        generation_id=f"g-{user}",
        organization_id=organization,
        author="user",
        author_pseudonym=desk.pseudonym,
        version=1,
        comment=f"{mark} comment",
        correction=f"{mark} correction",
    )
    pair = TutorPair(
        **rights,
        generation_id=f"g-{user}",
        user_pseudonym=desk.pseudonym,
        task_type="chat",
        input_text=f"{mark} turn",
        student_output=f"{mark} guess",
        teacher_output=f"{mark} told",
    )
    key = ApiKey(
        user_id=user,
        organization_id=organization,
        name=f"{mark} laptop",
        prefix="mk_1234",
        hash=f"hash-{mark}",
        scopes=[mark],
    )
    token = RefreshToken(hash=f"token-{mark}", user_id=user, family="f", expires_at=NOON + timedelta(days=1))

    def add(session: Any) -> None:
        row = session.get(User, user)
        row.username, row.email, row.hashed_password = f"{mark} name", f"{mark}@example.org", f"{mark} hash"
        row.last_login = NOON
        session.add_all([talk, deal, ticket, call, key, token, words, opinion, pair])
        session.flush()
        call.conversation_id = words.conversation_id = pair.conversation_id = talk.id
        if session.get(DatasetVersion, "v1") is None:
            session.add(DatasetVersion(version="v1", sha256="d", rows=2))
            session.flush()
        session.add(DatasetMember(version="v1", generation_id=f"g-{user}"))

    database.write(add)


def everything(database: Database) -> dict[str, str]:
    """All rows of every table of the database, as text, by ``table.column``."""
    found: dict[str, str] = {}
    with database.engine.connect() as connection:
        for table in sa.inspect(connection).get_table_names():
            for row in connection.execute(sa.text(f'select * from "{table}"')).mappings():
                for column, value in row.items():
                    place = f"{table}.{column}"
                    found[place] = (
                        found.get(place, "") + f"\n{bytes(value) if isinstance(value, memoryview) else value}"
                    )
    return found


def places_of(database: Database, mark: str) -> set[str]:
    return {place for place, text in everything(database).items() if mark in text}


@pytest.fixture
def other(database: Database) -> Desk:
    desk = settle(database, "two")
    plant(database, desk, "neighbour")
    return desk


def test_the_words_were_planted_wherever_a_user_may_leave_some(database: Database, desk: Desk) -> None:
    plant(database, desk, MARK)
    found = places_of(database, MARK)
    texts = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        if table.name not in {"organizations", "system_config", "shared_state", "audit_events"}
        for column in table.columns
        if isinstance(column.type, (sa.String, sa.JSON))
        and not column.foreign_keys
        and not column.primary_key
        and column.name not in OURS.get(table.name, set())
    }
    words = (
        "_id",
        "language",
        "status",
        "_mode",
        "role",
        "_type",
        "channel",
        "_unit",
        "currency",
        "pseudonym",
        "provider",
    )
    ours = {
        text
        for text in texts
        if text.endswith(words) or text.split(".")[1] in {"family", "prefix", "model_used", "route_decision"}
    }
    assert texts - ours - found == set()


def test_no_word_of_an_erased_user_is_left_anywhere(database: Database, desk: Desk, other: Desk) -> None:
    plant(database, desk, MARK)
    neighbours = places_of(database, "neighbour")
    assert len(places_of(database, MARK)) > 25
    state = SqlState(database)
    state.write(f"cache:{desk.organization}:1", f"{MARK} answer".encode())
    state.write(f"cache:{other.organization}:1", b"neighbour answer")
    state.write("quota:1", b"7")

    erased = erase_user(
        database,
        desk.user,
        actor="admin-1",
        request_id="r9",
        state=state,
        prefixes=[f"cache:{desk.organization}:"],
    )

    assert places_of(database, MARK) == set()
    assert places_of(database, "neighbour") == neighbours | {"shared_state.document"}
    assert state.read("quota:1") == b"7"
    counts = (erased.conversations, erased.messages, erased.deals, erased.analyses, erased.escalations)
    assert counts == (1, 1, 1, 1, 1)
    assert (erased.tokens, erased.keys, erased.metrics, erased.documents) == (1, 1, 1, 1)
    assert (erased.generations, erased.opinions, erased.tutor_pairs) == (1, 1, 1)
    assert erased.dataset_versions == ("v1",)


def test_not_even_in_the_file(lite: Database) -> None:
    desk = settle(lite)
    plant(lite, desk, MARK)
    file = Path(str(lite.engine.url.database))
    erase_user(lite, desk.user)
    left = b"".join(path.read_bytes() for path in file.parent.glob(file.name + "*"))
    assert MARK.encode() not in left


def test_what_was_counted_stays_without_a_link(database: Database, desk: Desk) -> None:
    plant(database, desk, MARK)
    erase_user(database, desk.user)
    (call,) = database.read(lambda session: list(session.scalars(sa.select(AiMetric))))
    assert (call.cost_usd, call.user_pseudonym, call.conversation_id) == (
        Decimal("0.5"),
        desk.pseudonym,
        None,
    )
    assert call.attempts == [{"provider": "openai", "fault": "refused"}]
    user = database.read(lambda session: session.get(User, desk.user))
    assert user.pseudonym != desk.pseudonym
    logs = database.read(lambda session: session.execute(sa.select(usage_logs.c.user_id)).all())
    assert logs == [(None,)]


def test_every_way_in_is_closed(database: Database, desk: Desk) -> None:
    plant(database, desk, MARK)
    erase_user(database, desk.user, clock=lambda: NOON)
    user, keys, tokens = database.read(
        lambda session: (
            session.get(User, desk.user),
            list(session.scalars(sa.select(ApiKey))),
            list(session.scalars(sa.select(RefreshToken))),
        )
    )
    assert (user.is_active, user.deleted_at, user.email, user.hashed_password) == (False, NOON, None, "")
    assert [key.revoked_at for key in keys] == [NOON] and tokens == []


def test_it_is_in_the_audit_and_done_once(database: Database, desk: Desk) -> None:
    plant(database, desk, MARK)
    database.write(
        lambda session: session.add(SystemConfig(key="ai_mode", value="real", updated_by=desk.user))
    )
    erase_user(database, desk.user, actor="admin-1", request_id="r9", clock=lambda: NOON)
    (event,) = database.read(lambda session: list(session.scalars(sa.select(AuditEvent))))
    assert (event.actor, event.action, event.target, event.at) == (
        "admin-1",
        "user.erased",
        f"user:{desk.user}",
        NOON,
    )
    assert event.details["messages"] == 1 and event.request_id == "r9"
    for unknown in (desk.user, "nobody"):
        with pytest.raises(DataNotFound):
            erase_user(database, unknown)
    assert database.read(lambda session: session.scalar(sa.select(sa.func.count(AuditEvent.id)))) == 1


def test_it_is_done_whole_or_not_at_all(database: Database, desk: Desk) -> None:
    plant(database, desk, MARK)
    before = everything(database)

    def fail(connection, cursor, statement, parameters, context, many):  # type: ignore[no-untyped-def]
        if "audit_events" in statement:
            raise StoreUnavailable("in the middle")

    sa.event.listen(database.engine, "before_cursor_execute", fail)
    with pytest.raises(StoreUnavailable):
        erase_user(database, desk.user)
    sa.event.remove(database.engine, "before_cursor_execute", fail)
    assert everything(database) == before
