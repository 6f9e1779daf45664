"""What a change of shared state costs: make bench-state.

Sixteen callers per process change the documents of four organisations, as quotas do: as fast as they can, and at 300 changes a
second in all, on SQLite with one process and with two. PostgreSQL (MANDI_TEST_POSTGRES) and Redis (MANDI_TEST_REDIS) are measured
beside when they are named. Latency is what a coroutine waits, handing over and back included.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.rows import Row, table, write
from mandi.core.paths import project_root
from mandi.store.async_state import AsyncState
from mandi.store.database import Database
from mandi.store.redis_state import RedisState
from mandi.store.schema import upgrade
from mandi.store.sql_state import SqlState

CALLERS, SECONDS, RATE = 16, 4.0, 300
GOALS = {"p50_ms": "<= 2"}


def main() -> None:
    """Measure every place with one and two processes, print the table and write benchmarks/results/state.json."""
    rows: list[Row] = []
    with _places() as places:
        for name, url in places.items():
            for processes in (1, 2):
                case = f"{name}/{processes} process{'es' if processes > 1 else ''}"
                free = _run(url, processes, 0)
                rows.append(Row(case, "changes_per_s", sum(seen["per_s"] for seen in free)))
                paced = _run(url, processes, RATE / processes)
                for metric in ("p50_ms", "p99_ms", "cpu_us"):
                    worst = max(seen[metric] for seen in paced)
                    goal = GOALS.get(metric, "") if name == "sqlite" else ""
                    rows.append(Row(case, f"{metric}_at_{RATE}_per_s", worst, goal=goal))
    lines = [[row.case, row.metric, row.value, row.goal, row.met] for row in rows]
    print(table(("case", "metric", "value", "goal", "met"), lines))
    print(write(project_root() / "benchmarks" / "results", "state", rows, time.process_time()))


@contextmanager
def _places() -> Iterator[dict[str, str]]:
    with tempfile.TemporaryDirectory(prefix="mandi-state-") as folder:
        places = {"sqlite": f"sqlite:///{folder}/state.db"}
        for name, variable in (("postgresql", "MANDI_TEST_POSTGRES"), ("redis", "MANDI_TEST_REDIS")):
            if os.environ.get(variable):
                places[name] = os.environ[variable]
            else:
                print(f"{variable} is not set: {name} is not measured beside")
        for url in places.values():
            if not url.startswith("redis"):
                database = Database.open(url)
                upgrade(database)
                database.close()
        yield places


def _run(url: str, processes: int, rate: float) -> list[dict[str, float]]:
    command = [sys.executable, "-m", "benchmarks.state", str(rate)]
    environment = {**os.environ, "MANDI_BENCH_STATE": url}
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True)
        for _ in range(processes)
    ]
    return [json.loads(process.communicate(timeout=120)[0]) for process in started]


async def _callers(state: AsyncState, rate: float, prefix: str) -> dict[str, float]:
    waited: list[float] = []
    end = time.monotonic() + SECONDS

    async def caller(number: int) -> None:
        due = time.monotonic() + (number / rate if rate else 0)
        while time.monotonic() < end:
            if rate:
                due += CALLERS / rate
                await asyncio.sleep(max(0.0, due - time.monotonic()))
            begun = time.perf_counter()
            await state.update(f"{prefix}:{number % 4}", _count, ttl_s=60)
            waited.append(time.perf_counter() - begun)

    await state.update(f"{prefix}:0", _count, ttl_s=60)
    begun, spent = time.monotonic(), time.process_time()
    await asyncio.gather(*[caller(number) for number in range(CALLERS)])
    seconds, spent = time.monotonic() - begun, time.process_time() - spent
    await state.close()
    waited.sort()
    return {
        "per_s": len(waited) / seconds,
        "p50_ms": 1e3 * waited[len(waited) // 2],
        "p99_ms": 1e3 * waited[int(0.99 * len(waited))],
        "cpu_us": 1e6 * spent / len(waited),
    }


def _count(document: bytes | None) -> tuple[bytes, None]:
    return b"%d" % (int(document or 0) + 1), None


def _worker(url: str, rate: float) -> None:
    redis = url.startswith("redis")
    state = RedisState.open(url) if redis else SqlState(Database.open(url))
    print(json.dumps(asyncio.run(_callers(AsyncState(state), rate, f"bench-{uuid.uuid4().hex[:8]}"))))


if __name__ == "__main__":
    if "MANDI_BENCH_STATE" in os.environ:
        _worker(os.environ["MANDI_BENCH_STATE"], float(sys.argv[1]))
    else:
        main()
