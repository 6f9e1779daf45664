from __future__ import annotations

import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from mandi.core.errors import StoreUnavailable
from mandi.store.database import Database
from mandi.store.records import AiMetric, Base, Escalation
from mandi.store.schema import check_schema, revision_of, upgrade

sys.path.insert(0, str(Path(__file__).parent))
from store_places import processes

UPGRADE = """
import sys
from mandi.store.database import Database
from mandi.store.schema import upgrade
database = Database.open(sys.argv[1])
print(upgrade(database))
database.close()
"""
OLD_CALL = sa.text(
    "INSERT INTO ai_metrics (id, request_id, generation_id, organization_id, user_pseudonym, endpoint, task_type,"
    " requested_mode, effective_mode, provider, model, route, route_reason, fallback, degraded, cache, prompt_tokens,"
    " completion_tokens, total_tokens, cost_usd, latency_ms, status, attempts, created_at) VALUES ('1', 'r', 'g', 'o',"
    " 'p', '/v1/chat/completions', 'chat', 'hybrid', 'real', 'openai', 'm', 'teacher', '', false, false, 'miss', 1, 2,"
    " 3, 0.000123, 40, 'success', '[]', '2025-01-02 03:04:05')"
)


@pytest.fixture
def empty(url: str):  # type: ignore[no-untyped-def]
    database = Database.open(url)
    yield database
    database.close()


def test_migrations_make_what_the_code_expects(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_migrations_make_every_check_of_the_code(database: Database) -> None:
    found = sa.inspect(database.engine)
    for table in Base.metadata.sorted_tables:
        wanted = {str(c.name): c for c in table.constraints if isinstance(c, sa.CheckConstraint)}
        made = {c["name"]: c["sqltext"] for c in found.get_check_constraints(table.name)}
        assert set(made) == set(wanted), table.name
        if database.is_sqlite:  # PostgreSQL writes conditions in words of its own; records are tested on both
            assert made == {name: str(c.sqltext) for name, c in wanted.items()}
        keys = {c.name for c in table.constraints if isinstance(c, sa.ForeignKeyConstraint)}
        assert {k["name"] for k in found.get_foreign_keys(table.name)} == keys


def test_every_enumeration_and_name_is_unique_and_short(database: Database) -> None:
    names = [str(i.name) for t in Base.metadata.tables.values() for i in (*t.indexes, *t.constraints)]
    assert len(names) == len(set(names))
    assert max(map(len, names)) <= 63  # PostgreSQL cuts longer ones


def test_an_older_database_is_brought_up_with_its_rows(empty: Database) -> None:
    assert upgrade(empty, "0001") == "0001"
    with pytest.raises(StoreUnavailable, match="revision 0001") as refused:
        check_schema(empty)
    assert refused.value.next_command == "mandi store upgrade"
    empty.write(lambda session: session.execute(OLD_CALL))
    assert upgrade(empty) == "0006" == revision_of(empty)
    check_schema(empty)
    (call,) = empty.read(lambda session: list(session.scalars(sa.select(AiMetric))))
    assert (call.generation_id, call.rating, call.prompt_features) == ("g", None, None)
    assert str(call.cost_usd) == "0.000123"
    rate = sa.update(AiMetric).values(rating=1, prompt_features={"words": 3})
    empty.write(lambda session: session.execute(rate))
    with pytest.raises(sa.exc.IntegrityError):
        empty.write(lambda session: session.execute(sa.update(AiMetric).values(rating=2)))
    assert empty.read(lambda session: list(session.scalars(sa.select(Escalation)))) == []


def test_a_second_upgrade_changes_nothing(database: Database) -> None:
    assert upgrade(database) == "0006"


def test_workers_that_start_together_upgrade_once(url: str) -> None:
    for done in processes(UPGRADE, [url], [url], [url]):
        assert (done.returncode, done.stdout.strip()) == (0, "0006"), done.stderr
    database = Database.open(url)
    check_schema(database)
    database.close()


def test_a_newer_database_is_refused_and_left_alone(database: Database) -> None:
    database.write(
        lambda session: session.execute(sa.text("update alembic_version set version_num = '0999'"))
    )
    with pytest.raises(StoreUnavailable, match="revision 0999.*newer") as refused:
        upgrade(database)
    assert refused.value.allowed == "0001, 0002, 0003, 0004, 0005, 0006"
    with pytest.raises(StoreUnavailable):
        check_schema(database)
    assert revision_of(database) == "0999"


def test_a_step_that_fails_leaves_the_database_as_it_was(empty: Database) -> None:
    upgrade(empty, "0001")
    empty.write(lambda session: session.execute(sa.text("create table escalations (id int)")))
    with pytest.raises(sa.exc.DBAPIError):
        upgrade(empty)
    assert revision_of(empty) == "0001"
    columns = {column["name"] for column in sa.inspect(empty.engine).get_columns("ai_metrics")}
    assert "rating" not in columns


def test_only_python_files_are_needed(tmp_path: Path) -> None:
    import mandi.store.migrations

    folder = Path(mandi.store.migrations.__file__).parent
    others = [p for p in folder.rglob("*") if p.is_file() and p.suffix not in {".py", ".pyc"}]
    assert others == []


def test_the_server_is_not_reached() -> None:
    database = Database.open("postgresql+psycopg://me:hunter2@127.0.0.1:1/market")
    with pytest.raises(StoreUnavailable) as refused:
        upgrade(database)
    assert "hunter2" not in str(refused.value)
    database.close()
