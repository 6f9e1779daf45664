"""What a request costs over HTTP, for every model that is served: make bench-serving (after make repro).

The service of the project is started as `mandi serve` starts it, one worker. Each route is asked its own example, one row
at a time on one kept connection, 20 requests a second with the clock of the schedule (a late answer delays no question);
then many rows in one request. Times are of this machine while it did whatever else it did; the ratios are the figures to
compare.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.rows import Row, table, write
from mandi.core.errors import DataNotFound
from mandi.core.paths import Paths, project_root

if TYPE_CHECKING:
    from collections.abc import Iterator

RATE, SECONDS, WARM, MANY, REPEATS = 20.0, 10.0, 30, 1000, 5
P95_MS = 25.0
WHOLE = {"price": 20.0, "quality": 20.0}  # many rows in one call over one row, at most
PER_ROW = {"fraud": 0.5, "matching": 0.5}  # a row among many over a row alone, at most


def main() -> None:
    """Start the service, ask every route, print the table and write benchmarks/results/serving.json."""
    root = project_root()
    rows: list[Row] = []
    key = f"mk_{secrets.token_urlsafe(32)}"
    with _service(root, key) as port:
        line = _Line(port, key)
        line.request("GET", "/api/v1/models")
        for model in json.loads(line.getresponse().read())["models"]:
            if model.get("example") is not None:
                rows += _measured(line, model["name"], model["path"], model["example"])
    shown = [[r.case, r.metric, r.value, r.goal, r.met] for r in rows]
    print(table(("case", "metric", "value", "goal", "met"), shown))
    print(write(root / "benchmarks" / "results", "serving", rows, time.process_time()))


class _Line(HTTPConnection):
    """A connection that shows a key."""

    def __init__(self, port: int, key: str) -> None:
        super().__init__("127.0.0.1", port, timeout=120)
        self._key = key

    def putrequest(self, *given: Any, **more: Any) -> None:
        super().putrequest(*given, **more)
        self.putheader("authorization", f"Bearer {self._key}")


def _measured(line: HTTPConnection, name: str, path: str, example: dict[str, Any]) -> list[Row]:
    one, many = json.dumps(example), json.dumps({"rows": [example] * MANY})
    for _ in range(WARM):
        _ask(line, path, one)
    alone = np.array(list(_paced(line, path, one))) * 1e3
    batch = float(np.median([_ask(line, path, many) for _ in range(REPEATS)])) * 1e3
    single = float(np.median([_ask(line, path, one) for _ in range(WARM)])) * 1e3
    case = f"{name}/http"
    rows = [
        Row(case, "p50_ms", float(np.median(alone))),
        Row(case, "p95_ms", float(np.quantile(alone, 0.95)), goal=f"<= {P95_MS:g}"),
        Row(case, f"ms_{MANY}_rows", batch),
    ]
    whole = WHOLE.get(name)
    rows.append(
        Row(case, f"{MANY} rows over one row", batch / single, goal="" if whole is None else f"<= {whole:g}")
    )
    per_row = PER_ROW.get(name)
    rows.append(
        Row(
            case,
            "row among many over row alone",
            batch / single / MANY,
            goal="" if per_row is None else f"<= {per_row:g}",
        )
    )
    return rows


def _paced(line: HTTPConnection, path: str, body: str) -> Iterator[float]:
    begun = time.perf_counter()
    for i in range(int(RATE * SECONDS)):
        due = begun + i / RATE
        time.sleep(max(0.0, due - time.perf_counter()))
        _ask(line, path, body)
        yield time.perf_counter() - due


def _ask(line: HTTPConnection, path: str, body: str) -> float:
    begun = time.perf_counter()
    line.request("POST", path, body, {"content-type": "application/json"})
    answer = line.getresponse()
    text = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{path} answered {answer.status}: {text[:300]!r}")
    return time.perf_counter() - begun


@contextmanager
def _service(root: Path, key: str) -> Iterator[int]:
    if not (Paths(root).champions / "manifest.json").is_file():
        raise DataNotFound("there is no service folder", next_command="make repro")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    log = Paths(root).reports / "bench-serving.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "mandi.cli", "serve", "--port", str(port)]
    with tempfile.TemporaryDirectory() as records, log.open("w") as kept:
        # records of its own: a benchmark leaves nothing among those of the project
        own = {
            "MANDI_BOOTSTRAP_KEY": key,
            "MANDI_DATA_FOLDER": records,
            "POSTGRESQL_URL": f"sqlite:///{records}/service.db",
        }
        process = subprocess.Popen(command, cwd=root, env={**os.environ, **own}, stdout=kept, stderr=kept)
        try:
            _wait_until_ready(port, process)
            yield port
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait_until_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(240):
        if process.poll() is not None:
            raise RuntimeError("the service ended; see reports/bench-serving.log")
        try:
            line = HTTPConnection("127.0.0.1", port, timeout=5)
            line.request("GET", "/readyz")
            if line.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.25)
    raise RuntimeError("the service is not ready after a minute; see reports/bench-serving.log")


if __name__ == "__main__":
    main()
