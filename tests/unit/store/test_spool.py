from __future__ import annotations

import asyncio
import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from mandi.core.errors import StoreUnavailable, UnknownValue
from mandi.store.database import Database
from mandi.store.journal import Journal
from mandi.store.records import AiMetric, ApiKey, Organization, User
from mandi.store.rows import row_of, to_line
from mandi.store.spool import Spool

sys.path.insert(0, str(Path(__file__).parent))
from store_places import processes

CALL: dict[str, Any] = {
    "request_id": "r",
    "organization_id": "o",
    "user_pseudonym": "p",
    "endpoint": "/v1/chat/completions",
    "task_type": "chat",
    "requested_mode": "hybrid",
    "effective_mode": "real",
    "provider": "openai",
    "model": "large",
    "route": "teacher",
    "status": "success",
}
# answers calls while the database does not take them, says of each when it is acknowledged, and waits to be killed
KILLED = """
import asyncio, sys, time
from pathlib import Path
from mandi.store.database import Database
from mandi.store.records import AiMetric
from mandi.store.spool import Spool
url, folder, given, stuck = sys.argv[1], Path(sys.argv[2]), eval(sys.argv[3]), sys.argv[4] == "stuck"
database = Database.open(url)
if stuck:
    from mandi.core.errors import StoreUnavailable
    def down(change):
        raise StoreUnavailable("down")
    database.write = down
spool = Spool(database, folder)
async def answer():
    for n in range(500):
        await spool.add(AiMetric(generation_id=f"g{n}", **given))
        print(n, flush=True)
asyncio.run(answer())
time.sleep(60)
"""


def call(generation: str = "g0", **more: Any) -> AiMetric:
    return AiMetric(generation_id=generation, **(CALL | more))


def kept(database: Database) -> list[str]:
    query = sa.select(AiMetric.generation_id)
    return sorted(database.read(lambda session: list(session.scalars(query))))


def eventually(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.01)


class Down:
    """Makes a database fail until it is mended."""

    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self.broken, self.tries = True, 0
        write = database.write

        def maybe(change: Callable[[Any], Any]) -> Any:
            self.tries += 1
            if self.broken:
                raise StoreUnavailable("sqlite lite.db does not answer: database is locked")
            return write(change)

        monkeypatch.setattr(database, "write", maybe)


@pytest.fixture
def spool(database: Database, tmp_path: Path) -> Iterator[Spool]:
    opened = Spool(database, tmp_path / "spool")
    yield opened
    opened.close()


def test_records_are_written_soon_and_as_they_were(database: Database, spool: Spool) -> None:
    record = call(cost_usd=Decimal("0.000123"), attempts=[{"provider": "a", "fault": None}], confidence=0.25)

    async def answer() -> None:
        await spool.add(record)

    asyncio.run(answer())
    eventually(lambda: kept(database) == ["g0"])
    (row,) = database.read(lambda session: list(session.scalars(sa.select(AiMetric))))
    assert (row.cost_usd, row.attempts, row.confidence) == (
        Decimal("0.000123"),
        [{"provider": "a", "fault": None}],
        0.25,
    )
    assert row.created_at.utcoffset() is not None and row.prompt_features is None


def test_records_go_in_batches(database: Database, spool: Spool) -> None:
    seen: list[int] = []
    sa.event.listen(database.engine, "commit", lambda _: seen.append(1))
    for n in range(400):
        spool.put(call(f"g{n}"))
    assert spool.flush()
    assert len(kept(database)) == 400 and len(seen) <= 8
    assert (spool.waiting, spool.written) == (0, 400)


def test_a_record_is_there_once(database: Database, spool: Spool) -> None:
    for _ in range(3):
        spool.put(call("g1"))
        assert spool.flush()
    assert kept(database) == ["g1"]


def test_what_refers_to_another_may_be_added_in_any_order(database: Database, spool: Spool) -> None:
    from mandi.store.records import AuditEvent

    spool.put(AuditEvent(organization_id="o1", actor="a", action="x", target="t"))
    spool.put(Organization(id="o1", name="one"))
    assert spool.flush() and spool.refused == 0


def test_closing_writes_what_waits(lite: Database, tmp_path: Path) -> None:
    spool = Spool(lite, tmp_path / "spool", every_s=60)
    spool.put(call())
    spool.close()
    assert kept(lite) == ["g0"]
    assert list((tmp_path / "spool").iterdir()) == []
    with pytest.raises(StoreUnavailable, match="closed"):
        spool.put(call("g1"))


def test_a_store_that_is_down_loses_nothing_and_is_told_once(
    lite: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    down = Down(lite, monkeypatch)
    spool = Spool(lite, tmp_path / "spool", every_s=0.0)
    with caplog.at_level(logging.WARNING):
        for n in range(3):
            spool.put(call(f"g{n}"))
        eventually(lambda: down.tries >= 3)
        assert spool.flush(timeout_s=0.05) is False
        assert spool.waiting == 3
    assert [r.getMessage() for r in caplog.records if "locked" in r.getMessage()] != []
    assert len(caplog.records) == 1
    down.broken = False
    assert spool.flush() and kept(lite) == ["g0", "g1", "g2"]
    spool.close()


def test_a_full_queue_makes_those_who_add_wait(lite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    down = Down(lite, monkeypatch)
    spool = Spool(lite, batch=2, every_s=0.0, room=4, patience_s=30)

    async def answers() -> None:
        added: list[int] = []

        async def answer(n: int) -> None:
            await spool.add(call(f"g{n}"))
            added.append(n)

        tasks = [asyncio.create_task(answer(n)) for n in range(20)]
        await asyncio.sleep(0.2)
        assert (
            4 <= len(added) <= 6
        )  # the queue, and a batch in hand: the rest waits without blocking the loop
        down.broken = False
        await asyncio.gather(*tasks)

    asyncio.run(answers())
    spool.close()
    assert len(kept(lite)) == 20


def test_whoever_waited_too_long_is_told(lite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    down = Down(lite, monkeypatch)
    spool = Spool(lite, batch=1, every_s=0.0, room=1, patience_s=0.05)

    async def answer() -> None:
        for n in range(10):
            await spool.add(call(f"g{n}"))

    with pytest.raises(StoreUnavailable, match="records wait for sqlite"):
        asyncio.run(answer())
    with pytest.raises(StoreUnavailable):
        spool.put(call("g99"))
    down.broken = False
    spool.close()


def test_a_record_the_tables_refuse_is_set_aside_and_the_others_go_in(
    lite: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spool = Spool(lite, tmp_path / "spool", every_s=0.02)
    for n, status in enumerate(["success", "no such word", "success"]):
        spool.put(call(f"g{n}", status=status))
    spool.put(call("g3", model=None))
    assert spool.flush()
    assert kept(lite) == ["g0", "g2"] and spool.refused == 2
    aside = (tmp_path / "spool" / "refused.txt").read_text()
    assert aside.count("\n") == 2 and "no such word" in aside
    assert "no such word" not in caplog.text
    spool.close()


def test_credentials_are_never_spooled(lite: Database, tmp_path: Path) -> None:
    spool = Spool(lite, tmp_path / "spool")
    for record in (ApiKey(name="n", hash="h"), User(username="u", hashed_password="x")):
        with pytest.raises(UnknownValue, match="credentials"):
            spool.put(record)
    spool.close()


def killed(url: str, folder: Path, stuck: str) -> int:
    """Kill a process in the middle of its answers, and return how many it had acknowledged."""
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, url, str(folder), repr(CALL), stuck], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) == 120:
            break
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read().split()
    process.wait(10)
    assert process.returncode == -signal.SIGKILL
    return 121 + len(rest)


@pytest.mark.parametrize("stuck", ["stuck", "writing"])
def test_a_killed_process_loses_nothing_it_acknowledged(
    database: Database, url: str, tmp_path: Path, stuck: str
) -> None:
    folder = tmp_path / "spool"
    acknowledged = killed(url, folder, stuck)
    if stuck == "stuck":
        assert kept(database) == []
    spool = Spool(database, folder)
    assert spool.flush()
    found = kept(database)
    assert set(found) >= {f"g{n}" for n in range(acknowledged)} and len(found) == len(set(found))
    assert len(found) <= acknowledged + 1  # one may have been kept just before its acknowledgement
    spool.close()
    assert [path.name for path in folder.iterdir()] == []


def test_a_replay_that_is_interrupted_is_begun_again(
    lite: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "spool"
    acknowledged = killed(lite.engine.url.render_as_string(), folder, "stuck")
    down = Down(lite, monkeypatch)
    spool = Spool(lite, folder)
    spool.close(timeout_s=0.1)
    assert len(list(folder.glob("*.jsonl"))) == 1
    down.broken = False
    again = Spool(lite, folder)
    assert again.flush() and len(kept(lite)) >= acknowledged
    again.close()


def test_lines_of_a_process_that_lives_are_left_alone(
    lite: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "spool"
    alive = Journal(folder)
    alive.append(to_line("ai_metrics", row_of(call("living"))))
    code = "import sys; from pathlib import Path; from mandi.store.journal import Journal\nprint(len(list(Journal(Path(sys.argv[1])).orphans())))"
    (other,) = processes(code, [str(folder)])
    assert other.stdout.strip() == "0", other.stderr
    alive.close()
    spool = Spool(lite, folder)
    assert spool.flush() and kept(lite) == ["living"]
    spool.close()


def test_a_torn_last_line_was_never_acknowledged(lite: Database, tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    folder.mkdir()
    whole = to_line("ai_metrics", row_of(call("whole")))
    (folder / "1-dead.jsonl").write_bytes(whole + b"not json\n" + to_line("nowhere", {"a": 1}) + whole[:50])
    spool = Spool(lite, folder)
    assert spool.flush() and kept(lite) == ["whole"]
    assert spool.refused == 2  # two whole lines that mean nothing; the torn one is not counted
    spool.close()
    assert not list(folder.glob("*.jsonl"))


def test_files_do_not_grow_under_load(lite: Database, tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    journal = Journal(folder, segment_bytes=1_000)
    segments = [journal.append(b"x" * 99 + b"\n") for _ in range(35)]
    assert len(list(folder.iterdir())) == 4
    journal.settle(segments[:25])
    assert len(list(folder.iterdir())) == 2  # two are done with, one is half done, one is being written
    journal.settle(segments[25:])
    (last,) = folder.iterdir()
    assert last.stat().st_size == 0
    journal.append(b"y\n")
    assert last.read_bytes() == b"y\n"
    assert last.stat().st_mode & 0o077 == 0
    journal.close()


def test_a_full_disk_does_not_stop_the_service(
    lite: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import os

    spool = Spool(lite, tmp_path / "spool", every_s=60)
    spool.put(call("g0"))
    (file,) = (tmp_path / "spool").glob("*.jsonl")
    before = file.read_bytes()
    write = os.write

    def full(descriptor: int, data: Any) -> int:
        if len(data) > 20:
            return write(descriptor, bytes(data[:20]))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", lambda d, data: full(d, data) if len(data) > 300 else full(d, b""))
    spool.put(call("g1"))
    monkeypatch.setattr(os, "write", write)
    assert "No space left" in caplog.text
    assert file.read_bytes() == before  # no half line is left
    spool.close()
    assert kept(lite) == ["g0", "g1"]


def test_adding_costs_the_request_little(lite: Database, tmp_path: Path) -> None:
    spool = Spool(lite, tmp_path / "spool")
    spent = []
    for n in range(300):
        record = call(f"g{n}")
        start = time.thread_time()
        spool.put(record)
        spent.append(time.thread_time() - start)
    assert sorted(spent)[150] < 0.001, f"{sorted(spent)[150] * 1e6:.0f} us"
    spool.close()
    assert threading.active_count() < 50
