"""Whether the service keeps its size: 20,000 streamed answers through one worker with all champions: make bench-soak.

The service is started as `mandi serve` starts it, twice: the second start, with everything in the disk's cache, is the one that is
measured. A vendor on loopback answers in pieces without a pause, sixteen connections ask one after the other. Memory is
proportional (pages that processes share count once), summed over supervisor and worker, and read after a warm-up and after
every thousand answers; ``growth`` is the last reading over the one after the warm-up. Then one deal is analysed again and again,
its answer from the cache. Seconds are of this machine while it did whatever else it did; processor seconds are the figure to
compare.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from benchmarks.gateway_load import Target, ask_all, quantile
from benchmarks.rows import Row, table, write
from benchmarks.running import cpu_seconds, family, free_port, proportional_mib, running, wait_until_there
from mandi.core.paths import project_root
from mandi.serving.api.deal_api import EXAMPLE, PATH

STREAMS, WARM, EVERY, CACHED = 20_000, 2_000, 1_000, 200
MODEL = "bench-model"
ANALYSIS = {
    "analysis": "The price lies inside the range of the models.", "verdict": "fair", "risk": "low",
    "recommendations": ["Weigh every bag before paying."], "reasons": ["The deal is near the fair price."],
}  # fmt: skip
NO_LIMITS = {
    "enterprise": {"calls_per_hour": 10**9, "tokens_per_day": 10**12, "usd_per_day": 10**6}
}  # of money and calls: here it is memory that is counted
GOALS = {
    "ready_seconds": "<= 10", "proportional_mib": "<= 450", "growth": "<= 1.05", "cached_p95_ms": "<= 20",
}  # fmt: skip


@dataclass(frozen=True)
class Standing:
    """A service that is ready, and what that took."""

    target: Target
    pid: int
    ready_s: float
    ready_cpu_s: float

    def mib(self) -> float:
        """Return the memory of supervisor and workers, MiB."""
        return proportional_mib(family(self.pid))


def main() -> None:
    """Start the service, soak it, print the table and write benchmarks/results/soak.json."""
    root = project_root()
    with _vendor(root) as vendor:
        with _service(root, vendor):
            pass
        with _service(root, vendor) as service:
            rows = _soaked(service)
            rows += _cached(service.target)
    shown = [[r.case, r.metric, r.value, r.goal, r.met] for r in rows]
    print(table(("case", "metric", "value", "goal", "met"), shown))
    print(write(root / "benchmarks" / "results", "soak", rows, time.process_time()))


def _soaked(service: Standing) -> list[Row]:
    fresh = service.mib()
    asyncio.run(ask_all(service.target, WARM, stream=True))
    warm = most = last = service.mib()
    print(f"ready with {fresh:.1f} MiB, warm with {warm:.1f} MiB", flush=True)
    begun, cpu = time.perf_counter(), cpu_seconds(family(service.pid))
    for done in range(EVERY, STREAMS + 1, EVERY):
        asyncio.run(ask_all(service.target, EVERY, stream=True))
        last = service.mib()
        most = max(most, last)
        print(f"{done} answers: {last:.1f} MiB", flush=True)
    wall, cpu = time.perf_counter() - begun, cpu_seconds(family(service.pid)) - cpu
    return [
        Row("start", "ready_seconds", service.ready_s, goal=GOALS["ready_seconds"]),
        Row("start", "ready_cpu_seconds", service.ready_cpu_s),
        Row("memory", "ready_mib", fresh, goal=GOALS["proportional_mib"]),
        Row("memory", "warm_mib", warm, goal=GOALS["proportional_mib"]),
        Row("memory", "end_mib", last, goal=GOALS["proportional_mib"]),
        Row("memory", "most_mib", most, goal=GOALS["proportional_mib"]),
        Row("memory", "growth", last / warm, goal=GOALS["growth"]),
        Row("streams", "answers", float(STREAMS)),
        Row("streams", "answers_a_second", STREAMS / wall),
        Row("streams", "cpu_ms_an_answer", 1e3 * cpu / STREAMS),
    ]


def _cached(target: Target) -> list[Row]:
    line, body = HTTPConnection(target.host, target.port, timeout=60), json.dumps(EXAMPLE)
    headers = {"authorization": f"Bearer {target.key}", "content-type": "application/json"}
    took, first = [], 0.0
    for n in range(CACHED + 1):
        begun = time.perf_counter()
        line.request("POST", PATH, body, headers)
        answer = line.getresponse()
        text = answer.read()
        spent = 1e3 * (time.perf_counter() - begun)
        told = json.loads(text)
        if answer.status != 200 or told["effective_mode"] != "real":
            raise RuntimeError(f"{PATH} answered {answer.status}: {text[:300]!r}")
        if n and told["cache"] != "exact":
            raise RuntimeError(f"the same deal was answered anew: cache {told['cache']}")
        took.append(spent) if n else (first := spent)
    return [
        Row("analyze-deal", "first_ms", first),
        Row("analyze-deal", "cached_p50_ms", quantile(took, 0.5)),
        Row("analyze-deal", "cached_p95_ms", quantile(took, 0.95), goal=GOALS["cached_p95_ms"]),
    ]


@contextmanager
def _vendor(root: Path) -> Iterator[int]:
    port = free_port()
    command = [
        sys.executable, "-m", "tests.fakes.serve", "--port", str(port), "--text", json.dumps(ANALYSIS),
    ]  # fmt: skip
    with running(command, root, dict(os.environ), root / "reports" / "bench-soak-vendor.log") as process:
        wait_until_there(f"http://127.0.0.1:{port}/v1/models", process, "sk-bench")
        yield port


@contextmanager
def _service(root: Path, vendor: int) -> Iterator[Standing]:
    port, key = free_port(), "mk_" + secrets.token_urlsafe(32)
    with tempfile.TemporaryDirectory(prefix="mandi-soak-") as folder:
        environment = {
            **os.environ, "AI_MODE": "real", "COMPATIBLE_BASE_URL": f"http://127.0.0.1:{vendor}/v1",
            "COMPATIBLE_MODEL": MODEL, "COMPATIBLE_API_KEY": "sk-bench", "MANDI_BOOTSTRAP_KEY": key,
            "MANDI_DATA_FOLDER": folder, "MANDI_WORKERS": "1", "AI_TIERS": json.dumps(NO_LIMITS),
        }  # fmt: skip
        command, begun = (
            [sys.executable, "-m", "mandi.cli", "serve", "--port", str(port)],
            time.perf_counter(),
        )
        with running(command, root, environment, root / "reports" / "bench-soak.log") as process:
            wait_until_there(f"http://127.0.0.1:{port}/readyz", process, key)
            ready, pids = time.perf_counter() - begun, family(process.pid)
            yield Standing(
                Target("ours", "127.0.0.1", port, "mandi-real", key), process.pid, ready, cpu_seconds(pids)
            )


if __name__ == "__main__":
    main()
