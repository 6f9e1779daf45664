"""A folder handed in over HTTP is answered as `mandi predict` answers it: in a process of its own, cancelled, killed, stopped, gone on with."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from starlette.testclient import TestClient

from mandi.serving.api.batch_api import batch_operations
from mandi.serving.api.rooms import JOBS
from mandi.serving.batch import predict_folder
from mandi.serving.desk import Desk
from mandi.serving.jobs import book
from mandi.serving.jobs.folders import Folders
from mandi.serving.jobs.runner import Runner

from ..accounts.office_bench import Bench, bearer, opened
from ..small_market import SmallMarket, request_row, shared_market

NOW = datetime(2030, 1, 1, tzinfo=UTC)
FOLDER = "lots-of-may"
JOB = {"model": "price", "folder": FOLDER, "asof": "2030-01-01T00:00:00Z"}
# in place of the process that answers: says how far it is and never comes to an end
ENDLESS = (
    "import os, sys, time; asked = sys.stdin.readline(); n = 0\n"
    'while True: n += 1; print(\'{"rows_done": %d, "rows": 1000000}\' % n, flush=True); time.sleep(0.05)'
)


@dataclass
class Office:
    """A service that answers jobs, and somebody's organisation and key."""

    bench: Bench
    client: TestClient
    runner: Runner
    root: Path
    organization: str
    key: str

    def post(self, path: str, body: Any = None, key: str = "") -> Any:
        return self.client.post(f"/api/v1/batch/{path}", json=body, headers=bearer(key or self.key))

    def get(self, path: str, key: str = "") -> Any:
        return self.client.get(f"/api/v1/batch/{path}", headers=bearer(key or self.key))

    @property
    def place(self) -> Path:
        return self.root / self.organization / FOLDER


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory, root: Path) -> SmallMarket:
    return shared_market(tmp_path_factory, root)


@pytest.fixture
def office(tmp_path: Path, market: SmallMarket) -> Iterator[Office]:
    with opened(tmp_path / "records", batch_operations()) as bench:
        batches = tmp_path / "batches"
        bench.house.desk = Desk.open(market.folder)
        runner = Runner(
            bench.database,
            Folders(batches),
            market.folder,
            lambda: datetime.now(UTC),
            most_rows=10_000,
            beat_s=0.1,
        )
        bench.house.rooms[JOBS] = runner
        organization = bench.organization("ours")
        rows = pd.json_normalize([request_row(question) for question in market.todays().itertuples()])
        place = batches / organization / FOLDER
        place.mkdir(parents=True)
        for name, part in (("a", rows.iloc[::2]), ("b", rows.iloc[1::2])):
            part.to_parquet(place / f"{name}.parquet", index=False)
        with TestClient(bench.app) as client:
            yield Office(
                bench, client, runner, batches, organization, bench.key(bench.user(organization, "trader"))
            )


def test_a_folder_is_handed_in_answered_and_told(office: Office, market: SmallMarket, tmp_path: Path) -> None:
    assert office.get("folders").json() == {"folders": [{"name": FOLDER, "files": 2}]}
    taken = office.post("jobs", JOB)
    assert (taken.status_code, taken.json()["status"]) == (202, "queued"), taken.text
    job = taken.json()["job_id"]
    early = office.get(f"jobs/{job}/result")
    assert (early.status_code, early.json()["error"]) == (409, "the job is queued")
    assert office.runner.turn()
    done = office.get(f"jobs/{job}").json()
    assert (done["status"], done["error"]) == ("done", None), done
    result = office.get(f"jobs/{job}/result").json()
    assert [file["name"] for file in result["files"]] == ["a.parquet", "b.parquet"]
    assert (result["files_answered"], result["place"]) == (2, "answered/price")
    assert done["rows"] == done["rows_done"] == result["rows"] > 0 == result["refused"]
    predict_folder(Desk.open(market.folder), "price", office.place, tmp_path / "by-hand", now=NOW)
    for name in ("a.parquet", "b.parquet"):
        by_job, by_hand = (
            pd.read_parquet(folder / name)
            for folder in (office.place / "answered" / "price", tmp_path / "by-hand")
        )
        pd.testing.assert_frame_equal(by_job, by_hand)
    assert [j["job_id"] for j in office.get("jobs").json()["jobs"]] == [job]
    again = office.post("jobs", JOB).json()["job_id"]
    office.runner.turn()
    assert office.get(f"jobs/{again}/result").json()["files_unchanged"] == 2


def test_a_name_that_is_no_folder_of_ones_own_is_refused(office: Office) -> None:
    stranger = office.bench.key(office.bench.user(office.bench.organization("theirs"), "trader"))
    assert office.post("jobs", JOB, stranger).status_code == 404
    assert office.get("folders", stranger).json() == {"folders": []}
    for name in ("../" + office.organization, "/etc", "lots/../x", ".", "", "a" * 65, "nowhere"):
        told = office.post("jobs", {**JOB, "folder": name})
        assert told.status_code in (400, 404), (name, told.text)
        assert str(office.root) not in told.text
    assert office.post("jobs", {**JOB, "target": "/tmp"}).status_code == 400
    assert office.get("jobs").json() == {"jobs": []}


def test_a_model_that_is_not_served_and_a_second_job_are_refused(office: Office) -> None:
    assert office.post("jobs", {**JOB, "model": "fraud"}).status_code == 400
    assert office.post("jobs", JOB).status_code == 202
    twice = office.post("jobs", JOB)
    assert twice.status_code == 409 and "answers this folder" in twice.json()["error"]


@pytest.mark.parametrize("spoilt", ["no parquet", "too many rows", "a link"])
def test_what_cannot_be_answered_fails_and_says_why_without_a_place(office: Office, spoilt: str) -> None:
    if spoilt == "no parquet":
        (office.place / "c.parquet").write_bytes(b"not parquet")
    elif spoilt == "a link":
        (office.place / "c.parquet").symlink_to("/etc/hostname")
    else:
        office.runner._most_rows = 1
    job = office.post("jobs", JOB).json()["job_id"]
    office.runner.turn()
    told = office.get(f"jobs/{job}").json()
    assert told["status"] == "failed" and told["error"] and told["allowed"], told
    assert str(office.root) not in str(told)
    assert office.get(f"jobs/{job}/result").status_code == 409


def _meanwhile(office: Office, do: Callable[[str, int], None]) -> dict[str, Any]:
    """Answer a job that never ends, do something once it is on its way, and return the job after that turn."""
    office.runner._command = [sys.executable, "-c", ENDLESS]
    job = office.post("jobs", JOB).json()["job_id"]
    turn = threading.Thread(target=office.runner.turn)
    turn.start()
    until = time.monotonic() + 20
    while office.get(f"jobs/{job}").json()["rows_done"] == 0:
        assert time.monotonic() < until, "it is not told how far it is"
        time.sleep(0.02)
    (child,) = _children()
    do(job, child)
    turn.join(timeout=20)
    assert not turn.is_alive()
    assert child not in _children(), "its process is gone"
    found: dict[str, Any] = office.get(f"jobs/{job}").json()
    return found


def _children() -> list[int]:
    found = []
    for place in Path("/proc/self/task").glob("*/children"):
        found += [int(pid) for pid in place.read_text().split()]
    return [pid for pid in found if b"rows_done" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_a_job_is_cancelled_while_it_is_answered(office: Office) -> None:
    def cancel(job: str, child: int) -> None:
        assert office.post(f"jobs/{job}/cancel").status_code == 200

    told = _meanwhile(office, cancel)
    assert told["status"] == "canceled" and told["ended_at"]
    assert office.post(f"jobs/{told['job_id']}/cancel").status_code == 409


def test_a_worker_that_stops_puts_its_job_back(office: Office) -> None:
    told = _meanwhile(office, lambda job, child: office.runner._stopping.set())
    assert told["status"] == "queued"


def test_a_process_that_is_killed_is_begun_again(office: Office, market: SmallMarket) -> None:
    told = _meanwhile(office, lambda job, child: os.kill(child, signal.SIGKILL))
    assert told["status"] == "running", "until its last beat is old"
    assert not office.runner.turn()
    later = Runner(
        office.bench.database, office.runner.folders, market.folder, lambda: datetime.now(UTC) + 2 * book.STALE, most_rows=10_000
    )  # fmt: skip
    assert later.turn()
    assert office.get(f"jobs/{told['job_id']}").json()["status"] == "done"


def test_without_a_folder_of_batches_it_says_so(office: Office) -> None:
    del office.bench.house.rooms[JOBS]
    told = office.get("folders")
    assert (told.status_code, told.json()["allowed"]) == (503, "MANDI_BATCH_FOLDER")


@pytest.mark.anyio
async def test_a_worker_takes_up_what_is_handed_in(office: Office) -> None:
    office.runner.start()
    job = office.post("jobs", JOB).json()["job_id"]
    until = time.monotonic() + 60
    import asyncio

    while office.get(f"jobs/{job}").json()["status"] != "done":
        assert time.monotonic() < until
        await asyncio.sleep(0.1)
    await office.runner.stop()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
