from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from mandi.store.database import Database
from mandi.store.records import (
    AiAnalysis,
    AiMetric,
    ApiKey,
    AuditEvent,
    Base,
    Conversation,
    Deal,
    Escalation,
    Message,
    Organization,
    RefreshToken,
    User,
    usage_logs,
)
from mandi.store.records.base import Amount, Unstorable, UtcTime

sys.path.insert(0, str(Path(__file__).parents[1]))
from store_places import Desk

NOON = datetime(2026, 3, 4, 12, 0, 0, 123456, tzinfo=UTC)


def metric(desk: Desk, generation: str = "g1", **more: Any) -> AiMetric:
    given: dict[str, Any] = {
        "request_id": "r1",
        "generation_id": generation,
        "organization_id": desk.organization,
        "user_pseudonym": desk.pseudonym,
        "endpoint": "/v1/chat/completions",
        "task_type": "chat",
        "requested_mode": "hybrid",
        "effective_mode": "real",
        "provider": "openai",
        "model": "large",
        "route": "teacher",
        "status": "success",
    }
    return AiMetric(**(given | more))


def kept(database: Database, record: Base) -> Any:
    identity = database.write(
        lambda session: (session.add(record), session.flush(), sa.inspect(record).identity)[-1]
    )
    return database.read(lambda session: session.get(type(record), identity))


def test_times_are_aware_and_the_same_on_every_engine(database: Database, desk: Desk) -> None:
    india = timezone(timedelta(hours=5, minutes=30))
    row = kept(database, metric(desk, created_at=NOON.astimezone(india)))
    assert row.created_at == NOON and row.created_at.utcoffset() == timedelta(0)
    later = sa.select(sa.func.count()).where(AiMetric.created_at >= NOON - timedelta(microseconds=1))
    assert database.read(lambda session: session.scalar(later)) == 1


def test_a_time_without_a_zone_is_refused(database: Database, desk: Desk) -> None:
    with pytest.raises(Unstorable, match="has no zone"):
        database.write(lambda session: session.add(metric(desk, created_at=datetime(2026, 1, 1))))


def test_every_time_has_a_zone_on_postgresql(database: Database) -> None:
    times = [
        (t.name, c) for t in Base.metadata.tables.values() for c in t.columns if isinstance(c.type, UtcTime)
    ]
    naive = [
        (t.name, c) for t in Base.metadata.tables.values() for c in t.columns if type(c.type) is sa.DateTime
    ]
    assert len(times) > 20 and not naive
    if database.is_sqlite:
        return
    for table, column in times:
        (found,) = [c for c in sa.inspect(database.engine).get_columns(table) if c["name"] == column.name]
        assert found["type"].timezone, f"{table}.{column.name}"


def test_updated_at_moves_and_created_at_stays(database: Database, desk: Desk) -> None:
    before = database.read(lambda session: session.get(Organization, desk.organization))
    database.write(lambda session: setattr(session.get(Organization, desk.organization), "tier", "pro"))
    after = database.read(lambda session: session.get(Organization, desk.organization))
    assert after.updated_at > before.updated_at and after.created_at == before.created_at
    database.write(lambda session: session.execute(sa.update(Organization).values(tier="free")))
    assert (
        database.read(lambda session: session.get(Organization, desk.organization)).updated_at
        > after.updated_at
    )


@pytest.mark.parametrize("amount", ["0", "0.000001", "9999.999999", "0.1", "12.345678"])
def test_money_comes_back_to_the_last_digit(database: Database, desk: Desk, amount: str) -> None:
    assert kept(database, metric(desk, cost_usd=Decimal(amount))).cost_usd == Decimal(amount)


def test_sums_of_money_are_exact(database: Database, desk: Desk) -> None:
    rows = [metric(desk, f"g{n}", cost_usd=Decimal("0.000001") * (n + 1)) for n in range(300)]
    database.write(lambda session: session.add_all(rows))
    total = database.read(lambda session: session.scalar(sa.select(sa.func.sum(AiMetric.cost_usd))))
    assert total == Decimal("0.045150")


@pytest.mark.parametrize("wrong", [0.5, Decimal("NaN"), Decimal("10000"), Decimal("-Infinity"), True, "1"])
def test_money_that_would_have_to_be_guessed_is_refused(wrong: Any) -> None:
    with pytest.raises(Unstorable):
        Amount(10, 6).process_bind_param(wrong, sa.create_engine("sqlite://").dialect)


@pytest.mark.parametrize(
    "more",
    [
        {"status": "fine"},
        {"route": "oracle"},
        {"requested_mode": "live"},
        {"effective_mode": ""},
        {"cache": "hit"},
        {"confidence": 1.01},
        {"confidence": -0.01},
        {"rating": 0},
        {"rating": 5},
        {"cost_usd": Decimal("-0.01")},
    ],
)
def test_a_call_outside_its_words_and_ranges_is_refused(
    database: Database, desk: Desk, more: dict[str, Any]
) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        database.write(lambda session: session.add(metric(desk, **more)))


def test_an_unknown_confidence_stays_unknown(database: Database, desk: Desk) -> None:
    row = kept(database, metric(desk))
    assert (row.confidence, row.rating, row.first_token_ms, row.prompt_features) == (None, None, None, None)
    null = sa.select(sa.func.count()).where(AiMetric.prompt_features.is_(None))
    assert database.read(lambda session: session.scalar(null)) == 1


def test_an_answer_is_counted_once(database: Database, desk: Desk) -> None:
    database.write(lambda session: session.add(metric(desk)))
    with pytest.raises(sa.exc.IntegrityError):
        database.write(lambda session: session.add(metric(desk, request_id="r2")))


def test_usage_logs_are_a_view_of_the_calls(database: Database, desk: Desk) -> None:
    rows = [
        metric(desk, "g1", latency_ms=40, created_at=NOON),
        metric(
            desk, "g2", status="timeout", effective_mode="mock", error_message="late", user_pseudonym="nobody"
        ),
    ]
    database.write(lambda session: session.add_all(rows))
    logs = database.read(
        lambda session: list(session.execute(sa.select(usage_logs).order_by("response_time_ms")).mappings())
    )
    failed, fine = logs
    assert dict(fine) == {
        "id": rows[0].id,
        "endpoint": "/v1/chat/completions",
        "ai_mode": "real",
        "success": True,
        "response_time_ms": 40,
        "error_message": None,
        "user_id": desk.user,
        "timestamp": NOON,
    }
    assert (failed["success"], failed["error_message"], failed["user_id"]) == (False, "late", None)


@pytest.mark.parametrize(
    "statement",
    [
        "update audit_events set actor = 'b'",
        "delete from audit_events",
        "insert or replace into audit_events (id, at, actor, action, target, details) "
        "values ('1', '2026-01-01', 'b', 'x', 't', '{}')",
        "truncate audit_events",
    ],
)
def test_the_past_of_the_audit_cannot_be_changed(database: Database, desk: Desk, statement: str) -> None:
    if database.is_sqlite == statement.startswith("truncate"):
        return  # each engine has words the other has not
    if not database.is_sqlite and "or replace" in statement:
        return
    event = AuditEvent(
        id="1", organization_id=desk.organization, actor="a", action="mode.switched", target="config:ai_mode"
    )
    database.write(lambda session: session.add(event))
    with pytest.raises(sa.exc.DBAPIError, match="append-only"):
        database.write(lambda session: session.execute(sa.text(statement)))
    assert database.read(lambda session: session.get(AuditEvent, "1")).actor == "a"


def test_a_deal_carries_its_units_and_its_latest_analysis(database: Database, desk: Desk) -> None:
    deal = Deal(
        organization_id=desk.organization,
        user_id=desk.user,
        title="Cotton",
        quantity=Decimal("40.5"),
        price=Decimal("7100.25"),
    )
    for hour, mode in ((1, "mock"), (2, "real")):
        deal.analyses.append(
            AiAnalysis(
                organization_id=desk.organization,
                requested_mode="hybrid",
                effective_mode=mode,
                confidence=None if mode == "real" else 0.5,
                created_at=NOON + timedelta(hours=hour),
            )
        )
    database.write(lambda session: session.add(deal))
    found = database.read(lambda session: (lambda d: (d, list(d.analyses)))(session.get(Deal, deal.id)))
    assert (found[0].quantity_unit, found[0].price_unit, found[0].currency) == ("quintal", "quintal", "INR")
    assert (found[0].quantity, found[0].price) == (Decimal("40.50"), Decimal("7100.25"))
    assert [a.ai_mode for a in found[1]] == ["mock", "real"]
    by_mode = sa.select(AiAnalysis).where(AiAnalysis.ai_mode == "real")
    assert database.read(lambda session: session.scalar(by_mode)).confidence is None
    database.write(lambda session: session.execute(sa.delete(Deal)))
    assert database.read(lambda session: session.scalar(sa.select(sa.func.count(AiAnalysis.id)))) == 0


def talk(desk: Desk, **more: Any) -> Conversation:
    return Conversation(organization_id=desk.organization, user_id=desk.user, **more)


def test_a_conversation_and_its_messages_go_together(database: Database, desk: Desk) -> None:
    conversation = talk(desk)
    conversation.messages = [
        Message(position=1, role="user", content="?", request_id="r1"),
        Message(
            position=2,
            role="assistant",
            content="!",
            request_id="r1",
            route_decision="student",
            confidence_score=0.9,
        ),
    ]
    database.write(lambda session: session.add(conversation))
    rows = database.read(lambda session: list(session.scalars(sa.select(Message).order_by(Message.position))))
    assert [(m.route_decision, m.status, m.confidence_score) for m in rows] == [
        ("none", "complete", None),
        ("student", "complete", 0.9),
    ]
    database.write(lambda session: session.execute(sa.delete(Conversation)))
    assert database.read(lambda session: session.scalar(sa.select(sa.func.count(Message.id)))) == 0


@pytest.mark.parametrize(
    "second",
    [
        {"position": 1},
        {"request_id": "r1"},
        {"role": "tool"},
        {"route_decision": "oracle"},
        {"status": "deleted"},
        {"confidence_score": 2.0},
        {"route_decision": None},
    ],
)
def test_a_message_that_does_not_fit_is_refused(
    database: Database, desk: Desk, second: dict[str, Any]
) -> None:
    conversation = talk(desk)
    conversation.messages = [Message(position=1, role="user", content="?", request_id="r1")]
    database.write(lambda session: session.add(conversation))
    given = {"conversation_id": conversation.id, "position": 2, "role": "user", "content": "?"} | second
    with pytest.raises(sa.exc.IntegrityError):
        database.write(lambda session: session.execute(sa.insert(Message).values(**given)))


@pytest.mark.parametrize(
    "make",
    [
        lambda d: Organization(name="two", tier="gold"),
        lambda d: User(username="b", hashed_password="x", organization_id=d.organization, role="root"),
        lambda d: User(username="b", hashed_password="x", organization_id="nowhere"),
        lambda d: User(username="one", hashed_password="x", organization_id=d.organization),
        lambda d: Deal(title="x", organization_id=d.organization, user_id=d.user, status="done"),
        lambda d: Deal(title="x", organization_id=d.organization, user_id=d.user, price=Decimal(0)),
        lambda d: talk(d, assistant_type="poet"),
        lambda d: Escalation(
            organization_id=d.organization,
            user_id=d.user,
            user_pseudonym="p",
            question="?",
            expires_at=NOON,
            status="lost",
        ),
        lambda d: Conversation(organization_id=d.organization, user_id="nobody"),
    ],
)
def test_what_refers_to_nobody_or_is_no_known_word_is_refused(
    database: Database, desk: Desk, make: Any
) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        database.write(lambda session: session.add(make(desk)))


def test_credentials_are_not_in_a_repr() -> None:
    key = ApiKey(name="n", prefix="mk_12345", hash="c" * 64)
    token = RefreshToken(hash="d" * 64, family="f")
    assert "ccc" not in repr(key) and "ddd" not in repr(token)
