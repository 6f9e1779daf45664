"""How long a record waits to be written, by SQLite and by PostgreSQL, as more processes write: make bench-database.

Every process writes records of calls, each in a transaction of its own, as fast as it can; what is counted is the time of one such
write. The service itself gathers records and writes them twice a second, so that one of its workers is one slow writer. PostgreSQL is
asked for by ``MANDI_TEST_POSTGRES`` (a schema is made in it and dropped); without one its rows are left out. ``copy`` is
`mandi store copy` of 10,000 records.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.gateway_load import quantile
from benchmarks.rows import Row, table, write
from mandi.core.paths import project_root

WRITERS, WRITES, COPIED = (1, 2, 4, 8), 100, 10_000
POSTGRES = "postgresql+psycopg://postgres@127.0.0.1:5432/test"


def record(number: str) -> dict[str, Any]:
    """Return a record of a call."""
    return {
        "id": number, "request_id": number, "generation_id": number, "organization_id": "o", "user_pseudonym": "p",
        "endpoint": "/ai/chat", "task_type": "chat", "requested_mode": "hybrid", "effective_mode": "real", "provider": "v",
        "model": "m", "route": "teacher", "status": "success", "created_at": datetime(2026, 1, 1, tzinfo=UTC),
    }  # fmt: skip


def writer(url: str, name: str) -> None:
    """Write records one by one and print how many milliseconds each took."""
    from mandi.store.database import Database
    from mandi.store.records import AiMetric

    database = Database.open(url, patience_s=30)
    database.check()
    print("ready", flush=True)
    sys.stdin.readline()  # all begin together
    for number in range(WRITES):
        began = time.perf_counter()
        database.write(lambda session, number=number: session.add(AiMetric(**record(f"{name}-{number}"))))  # type: ignore[misc]
        print(1000 * (time.perf_counter() - began))
    database.close()


def measured(url: str, writers: int) -> tuple[list[float], float]:
    """Return the milliseconds of every write and the seconds all of them took."""
    commands = [[sys.executable, "-m", "benchmarks.database", url, f"{writers}-{n}"] for n in range(writers)]
    running = [
        subprocess.Popen(c, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=project_root())
        for c in commands
    ]
    for process in running:
        assert process.stdout
        process.stdout.readline()
    began = time.perf_counter()
    for process in running:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [float(line) for process in running for line in process.communicate()[0].split()]
    return told, time.perf_counter() - began


@contextmanager
def places() -> Iterator[dict[str, str]]:
    """Give the URL of an empty database of each kind."""
    import sqlalchemy as sa

    base = sa.make_url(os.environ.get("MANDI_TEST_POSTGRES", POSTGRES))
    engine, schema = sa.create_engine(base), f"mandi_bench_{os.getpid()}"
    with tempfile.TemporaryDirectory() as folder:
        found = {"sqlite": f"sqlite:///{folder}/records.db"}
        try:
            with engine.begin() as connection:
                connection.execute(sa.text(f"create schema {schema}"))
        except sa.exc.OperationalError:
            print("no PostgreSQL: set MANDI_TEST_POSTGRES")
            yield found
            return
        named = base.update_query_dict({"options": f"-csearch_path={schema}"})
        try:
            yield found | {"postgres": named.render_as_string(hide_password=False)}
        finally:
            with engine.begin() as connection:
                connection.execute(sa.text(f"drop schema {schema} cascade"))
            engine.dispose()


def copied() -> float:
    """Return the seconds `mandi store copy` takes for ``COPIED`` records, file to file."""
    from mandi.store.copying import copied_to
    from mandi.store.database import Database
    from mandi.store.records import AiMetric
    from mandi.store.schema import upgrade

    with tempfile.TemporaryDirectory() as folder:
        source = Database.open(f"sqlite:///{folder}/source.db")
        upgrade(source)
        source.write(lambda session: session.add_all(AiMetric(**record(f"r{n}")) for n in range(COPIED)))
        began = time.perf_counter()
        copied_to(source, f"sqlite:///{folder}/target.db")
        seconds = time.perf_counter() - began
        source.close()
    return seconds


def main() -> None:
    """Measure, print, write."""
    from mandi.store.database import Database
    from mandi.store.schema import upgrade

    rows = []
    with places() as urls:
        for kind, url in urls.items():
            database = Database.open(url)
            upgrade(database)
            database.close()
            for writers in WRITERS:
                took, seconds = measured(url, writers)
                case = f"{kind}/{writers}"
                rows += [
                    Row(case, "p50_ms", round(quantile(took, 0.5), 2)),
                    Row(case, "p95_ms", round(quantile(took, 0.95), 2)),
                    Row(case, "writes_per_second", round(len(took) / seconds, 1)),
                ]
    rows.append(Row("copy", "seconds", round(copied(), 2)))
    print(table(("case", "metric", "value"), [(row.case, row.metric, row.value) for row in rows]))
    write(Path(__file__).parent / "results", "database", rows, sum(os.times()[:4]))


if __name__ == "__main__":
    if len(sys.argv) == 3:
        writer(*sys.argv[1:])
    else:
        main()
