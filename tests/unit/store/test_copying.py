"""A database copied whole into another one, and refused where it could not be."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

sys.path.insert(0, str(Path(__file__).parent))
from store_places import BOTH, database_url

from mandi.core.errors import ContractError, StoreUnavailable
from mandi.store.copying import copied_to, copy
from mandi.store.database import Database
from mandi.store.records import AiMetric, ApiKey, AuditEvent, Organization, SystemConfig, User
from mandi.store.schema import upgrade

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def fill(session: Session) -> None:
    session.add(Organization(id="o1", name="Narmada Traders"))
    session.flush()
    session.add(User(id="u1", organization_id="o1", username="asha", hashed_password="x"))
    session.flush()
    session.add(ApiKey(id="a2", organization_id="o1", user_id="u1", name="new", prefix="mk_b", hash="h2"))
    session.flush()
    session.add(
        ApiKey(
            id="a1",
            organization_id="o1",
            user_id="u1",
            name="old",
            prefix="mk_a",
            hash="h1",
            replaced_by="a2",
        )
    )
    session.add(SystemConfig(key="ai_mode", value={"mode": "hybrid", "of": [1, 2.5, None, "नमस्ते"]}))
    session.add(
        AuditEvent(id="l1", organization_id="o1", action="key.create", actor="u1", target="key:a1", at=NOW)
    )
    session.add_all(
        AiMetric(
            id=f"m{n}", request_id="r", generation_id=f"g{n}", organization_id="o1", user_pseudonym="p", endpoint="/ai/chat",
            task_type="chat", requested_mode="hybrid", effective_mode="real", provider="v", model="m", route="teacher",
            cost_usd=Decimal("0.000123"), confidence=0.1 + n / 10_000, status="success", created_at=NOW,
        )
        for n in range(1_200)
    )  # fmt: skip


@pytest.fixture
def source(tmp_path: Path) -> Database:
    database = Database.open(f"sqlite:///{tmp_path}/service.db")
    upgrade(database)
    database.write(fill)
    return database


@pytest.mark.parametrize("kind", BOTH)
def test_every_row_arrives_as_it_was(kind: str, source: Database, tmp_path: Path) -> None:
    with database_url(kind, tmp_path) as url:
        target = Database.open(url)
        done = copy(source, target)
        assert done.rows["ai_metrics"] == 1_200 and done.rows["api_keys"] == 2
        metric = target.read(lambda s: s.get(AiMetric, "m7"))
        assert metric is not None
        assert (metric.cost_usd, metric.confidence, metric.created_at) == (
            Decimal("0.000123"),
            0.1 + 7 / 10_000,
            NOW,
        )
        assert target.read(lambda s: s.get(ApiKey, "a1").replaced_by) == "a2"
        config = target.read(lambda s: s.get(SystemConfig, "ai_mode").value)
        assert config == {"mode": "hybrid", "of": [1, 2.5, None, "नमस्ते"]}
        with pytest.raises(ContractError, match=r"holds [\d,]+ rows in"):
            copy(source, target)
        target.close()
    source.close()


def test_a_copy_back_reads_the_same(source: Database, tmp_path: Path) -> None:
    there, back = (Database.open(f"sqlite:///{tmp_path}/{name}.db") for name in ("there", "back"))
    assert copy(source, there) == copy(there, back)
    for database in (source, there, back):
        database.close()


def test_an_older_source_and_the_source_itself_are_refused(source: Database, tmp_path: Path) -> None:
    older = Database.open(f"sqlite:///{tmp_path}/older.db")
    upgrade(older, "0001")
    with pytest.raises(StoreUnavailable, match="revision 0001"):
        copied_to(older, f"sqlite:///{tmp_path}/target.db")
    with pytest.raises(ContractError, match="is the database that is to be copied"):
        copy(source, source)
    older.close()
    source.close()


def test_nothing_is_kept_when_a_row_does_not_arrive(
    source: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mandi.store.copying as copying

    told = iter(["one", "another"])
    monkeypatch.setattr(copying, "_digest", lambda *_: next(told))
    target = Database.open(f"sqlite:///{tmp_path}/target.db")
    with pytest.raises(ContractError, match="nothing was kept"):
        copy(source, target)
    assert target.read(lambda s: s.get(Organization, "o1")) is None
    target.close()
    source.close()
