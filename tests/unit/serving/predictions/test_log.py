"""What is kept of each model's answers, that a crash loses none of them, and that the log stays bounded."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from mandi.core.errors import StoreUnavailable
from mandi.serving.contracts import PriceAnswer, PriceRow
from mandi.serving.counters import COUNTERS
from mandi.serving.operations import Principal
from mandi.serving.predictions.figures import KEPT
from mandi.serving.predictions.log import PredictionLog, Served, rows_of
from mandi.serving.predictions.packs import packed, unpacked
from mandi.serving.predictions.retention import trim
from mandi.store.database import Database
from mandi.store.records import AiMetric, Prediction, PredictionBatch, PredictionOutcome
from mandi.store.rows import row_of
from mandi.store.schema import upgrade
from mandi.store.spool import Spool

from ....held_database import held
from ....small_disk import SmallDisk, disk

__all__ = ["disk"]
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
DIES = """
import asyncio, os, sys
from pathlib import Path
from mandi.serving.contracts import PriceAnswer, PriceRow
from mandi.serving.operations import Principal
from mandi.serving.predictions.log import PredictionLog, Served
from mandi.store.database import Database
from mandi.store.spool import Spool
from datetime import UTC, date, datetime

now = datetime(2026, 3, 4, 12, tzinfo=UTC)
row = PriceRow(commodity_id="soybean", market="Indore")
answer = PriceAnswer(commodity_id="soybean", market="Indore", kind="market", horizon_days=1, target_day=date(2026, 3, 5),
    predicted_price=4300.0, lower_bound_95=4200.0, upper_bound_95=4400.0, lower_bound_90=4250.0, upper_bound_90=4350.0,
    model_version="3", known_until=now, asof=now)
who = Principal("u", "o", "p", "trader", frozenset())
spool = Spool(Database.open(sys.argv[1]), Path(sys.argv[2]), every_s=60.0)
served = Served("price", [row], [answer], 2.0, 1.0, now)
print(asyncio.run(PredictionLog(spool).keep(served, who, "r")), flush=True)
os._exit(9)
"""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(f"sqlite:///{tmp_path}/service.db")
    upgrade(opened)
    yield opened
    opened.close()


def prediction(name: str, age_days: float = 0.0) -> Prediction:
    at = NOON - timedelta(days=age_days)
    return Prediction(
        id=name, request_id="r", organization_id="o", user_pseudonym="p", model="price", model_version="3", inputs_digest="d",
        subject="s", figure=1.0, answer={}, latency_ms=1.0, cpu_ms=1.0, due_at=at, created_at=at,
    )  # fmt: skip


def told(name: str) -> PredictionOutcome:
    return PredictionOutcome(
        prediction_id=name, organization_id="o", author_pseudonym="p", version=1, actual=1.0, known_at=NOON
    )


def names(database: Database) -> list[str]:
    return database.read(lambda session: sorted(row.id for row in session.query(Prediction)))


def test_every_model_that_is_served_has_figures_that_are_kept() -> None:
    assert set(KEPT) == set(COUNTERS)


def test_rows_have_every_column_with_what_a_record_would_have_by_itself() -> None:
    row = PriceRow(commodity_id="soybean", market="Indore")
    answer = PriceAnswer(
        commodity_id="soybean", market="Indore", kind="market", horizon_days=1, target_day=date(2026, 3, 5),
        predicted_price=4300.0, lower_bound_95=4200.0, upper_bound_95=4400.0, lower_bound_90=4250.0, upper_bound_90=4350.0,
        model_version="3", known_until=NOON, asof=NOON,
    )  # fmt: skip
    served = Served("price", [row], [answer], 2.0, 1.0, NOON, many=True)
    who = Principal("u", "o", "p", "trader", frozenset())
    for shadow_of, pair in ((None, None), ("f00d", "f00d.0")):
        (made,) = rows_of(served, who, "r", "beef", shadow_of=shadow_of)
        assert (made["id"], made["pair_id"]) == ("beef.0", pair)
        few = {name: made[name] for name in made if name not in ("beside_ms", "timed", "judged")}
        assert row_of(Prediction(**few)) == made


def test_a_process_that_dies_after_the_answer_loses_no_prediction(database: Database, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", DIES, str(database.engine.url), str(tmp_path / "spool")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 9, done.stderr
    assert names(database) == []
    spool = Spool(database, tmp_path / "spool")
    assert spool.flush()
    spool.close()
    assert names(database) == [done.stdout.strip()]


def made(spool: Spool, n: int) -> None:
    PredictionLog(spool).put([row_of(prediction(f"p{n}"))])
    spool.put(
        AiMetric(
            request_id="r", generation_id=f"g{n}", organization_id="o", user_pseudonym="p", endpoint="/x", task_type="chat",
            requested_mode="mock", effective_mode="mock", provider="x", model="x", route="mock", status="success",
        )
    )  # fmt: skip


def both(database: Database) -> tuple[list[str], list[str]]:
    calls = sa.select(AiMetric.generation_id)
    return names(database), database.read(lambda session: sorted(session.scalars(calls)))


def test_a_full_disk_loses_no_record_and_keeps_nobody_waiting(disk: SmallDisk) -> None:
    database = Database.open(f"sqlite:///{disk.folder}/service.db", patience_s=0.2)
    upgrade(database)
    spool = Spool(database, disk.folder / "spool", every_s=0.01)
    made(spool, 0)
    assert spool.flush()
    with disk.full(left=0):
        for n in range(1, 40):
            made(spool, n)
        time.sleep(0.3)
        assert len(both(database)[0]) < 40, "what there is no room for waits in memory"
    assert spool.flush()
    assert [len(kept) for kept in both(database)] == [40, 40]
    spool.close()
    database.close()


def test_a_locked_database_loses_no_record(tmp_path: Path) -> None:
    place = tmp_path / "service.db"
    database = Database.open(f"sqlite:///{place}", patience_s=0.2)
    upgrade(database)
    with held(place):
        spool = Spool(database, tmp_path / "spool", every_s=0.01)
        made(spool, 0)
        with pytest.raises(StoreUnavailable, match="database is locked") as told:
            database.write(lambda session: session.add(prediction("direct")))
        assert "fuser" in str(told.value.next_command)
        journal = "".join(file.read_text() for file in (tmp_path / "spool").glob("*.jsonl"))
        assert "p0" in journal and "g0" in journal, "they are on the disk before the database has them"
    assert spool.flush()
    assert both(database) == (["p0"], ["g0"])
    spool.close()
    database.close()


def test_what_is_too_old_goes_with_its_outcomes(database: Database) -> None:
    database.write(
        lambda s: s.add_all([prediction("old", 31), prediction("young", 29), told("old"), told("young")])
    )
    assert trim(database, NOON, 30, 1000) == 1
    assert names(database) == ["young"]
    left = database.read(lambda s: [row.prediction_id for row in s.query(PredictionOutcome)])
    assert left == ["young"]


def test_of_too_many_the_oldest_go(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mandi.serving.predictions.retention.PORTION", 2)
    database.write(lambda s: s.add_all([prediction(f"p{i}", age_days=i) for i in range(7)]))
    assert trim(database, NOON, 30, 2) == 5
    assert names(database) == ["p0", "p1"]


def batch(name: str, rows: int, age_days: float = 0.0) -> PredictionBatch:
    at = NOON - timedelta(days=age_days)
    own = {"inputs_digest": "d", "subject": "s", "figure": 1.0, "answer": {}, "due_at": at}
    return PredictionBatch(
        id=name, request_id="r", organization_id="o", user_pseudonym="p", model="price", model_version="3", rows=rows,
        latency_ms=1.0, cpu_ms=1.0, created_at=at, **packed([own] * rows),
    )  # fmt: skip


def test_packed_batches_go_with_the_rest_in_the_order_of_their_age(database: Database) -> None:
    def batches() -> list[str]:
        return database.read(lambda s: sorted(row.id for row in s.query(PredictionBatch)))

    kept = [prediction("p1", 1), prediction("p3", 3), prediction("p40", 40)]
    database.write(lambda s: s.add_all([*kept, batch("b2", 20, 2), batch("b4", 30, 4), batch("b50", 9, 50)]))
    assert trim(database, NOON, 30, 1000) == 10
    assert (names(database), batches()) == (["p1", "p3"], ["b2", "b4"])
    assert trim(database, NOON, 30, 52) == 0
    assert trim(database, NOON, 30, 51) == 30
    assert (names(database), batches()) == (["p1", "p3"], ["b2"])
    assert trim(database, NOON, 30, 21) == 1
    assert (names(database), batches()) == (["p1"], ["b2"])


def test_a_batch_that_waits_in_the_spool_outlives_the_process(database: Database, tmp_path: Path) -> None:
    lost = Spool(database, tmp_path / "spool", every_s=60.0)
    lost.put_rows(PredictionBatch, [row_of(batch("b1", 12))])
    (line,) = [file.read_bytes() for file in (tmp_path / "spool").glob("*.jsonl")]
    (tmp_path / "after").mkdir()
    (tmp_path / "after" / "1-dead.jsonl").write_bytes(line)
    spool = Spool(database, tmp_path / "after")
    assert spool.flush()
    spool.close()
    (there,) = database.read(lambda s: [unpacked(row.packed) for row in s.query(PredictionBatch)])
    assert len(there) == 12 and there[0]["due_at"] == NOON
    lost.close()
