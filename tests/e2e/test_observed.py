"""A service of two workers, seen from outside: its figures add up, its log is JSON lines, and neither holds what was said."""

from __future__ import annotations

import http.client
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.alone]
PATIENCE_S = 90
ASKED = 24
SAID = "my cousin's secret cotton at plot seventeen"
HEALTH, CHAT, PERFORMANCE, USAGE = (
    "/api/v1/health", "/v1/chat/completions", "/analytics/ai-performance", "/api/v1/ai/analytics/usage",
)  # fmt: skip


@dataclass
class Service:
    port: int
    key: str
    log: Path

    def ask(self, path: str, body: Any = None, key: str | None = None) -> tuple[int, bytes]:
        """One request on a connection of its own, so that both workers get some."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {
            "authorization": f"Bearer {self.key if key is None else key}",
            "content-type": "application/json",
        }
        connection.request(
            "GET" if body is None else "POST", path, None if body is None else json.dumps(body), headers
        )
        answer = connection.getresponse()
        told = answer.status, answer.read()
        connection.close()
        return told

    def figures(self) -> dict[str, float]:
        lines = self.ask("/metrics")[1].decode().splitlines()
        return {n: float(v) for n, _, v in (x.rpartition(" ") for x in lines if not x.startswith("#"))}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[Service]:
    pytest.importorskip("bentoml", reason="the serving extra is not installed")
    home = tmp_path_factory.mktemp("observed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    found = Service(port, "mk_" + secrets.token_urlsafe(32), home / "log")
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(home), "BENTOML_HOME": str(home / "bentoml"), "OMP_NUM_THREADS": "1",
        "BENTOML_DO_NOT_TRACK": "True", "PYTHONPATH": str(root / "src"), "MANDI_SERVICE_FOLDER": str(home / "none"),
        "MANDI_DATA_FOLDER": str(home / "data"), "MANDI_WORKERS": "2", "AI_MODE": "mock", "LOG_LEVEL": "INFO",
        "MANDI_BOOTSTRAP_KEY": found.key,
    }  # fmt: skip
    command = [
        sys.executable, "-m", "bentoml", "serve", "mandi.serving.service:Mandi", "--host", "127.0.0.1",
        "--port", str(port),
    ]  # fmt: skip
    with found.log.open("w") as said:
        server = subprocess.Popen(
            command, cwd=home, env=environment, stdout=said, stderr=said, start_new_session=True
        )
    try:
        _wait(found, server)
        yield found
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=20)


def _wait(service: Service, server: subprocess.Popen[bytes]) -> None:
    until, seen = time.monotonic() + PATIENCE_S, set()
    while time.monotonic() < until and server.poll() is None:
        try:
            status, told = service.ask(HEALTH)
            if status == 200:
                seen.add(json.loads(told)["worker"]["pid"])
            if len(seen) == 2:
                return
        except (ConnectionError, TimeoutError, OSError, http.client.HTTPException):
            time.sleep(0.2)
    pytest.fail(f"two workers were not up, {len(seen)} were:\n{service.log.read_text()[-3000:]}")


def test_it_can_be_watched(service: Service) -> None:
    before = service.figures()
    chat = {"model": "mandi-mock", "messages": [{"role": "user", "content": SAID}]}
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: service.ask(CHAT, chat)[0], range(ASKED)))
    assert statuses == [200] * ASKED
    assert service.ask(CHAT, {"model": SAID})[0] == 400
    assert service.ask(HEALTH, key="mk_" + "x" * 43)[0] == 401
    time.sleep(1.0)  # records are written off the path of requests
    after = service.figures()

    def grown(start: str) -> float:
        return sum(v - before.get(n, 0) for n, v in after.items() if n.startswith(start))

    assert grown('mandi_requests_total{operation="POST /v1/chat/completions",status="200"}') == ASKED
    assert grown('mandi_requests_total{operation="POST /v1/chat/completions",status="400"}') == 1
    assert grown("mandi_ai_calls_total{") == ASKED
    assert grown('mandi_request_seconds_count{operation="POST /v1/chat/completions"}') == ASKED + 1
    assert sum(v for n, v in after.items() if n.startswith("mandi_requests_in_flight")) == 0

    usage = json.loads(service.ask(USAGE)[1])
    performance = json.loads(service.ask(PERFORMANCE)[1])
    assert usage["total_calls"] == performance["total_requests"] == ASKED
    assert performance["mode_distribution"] == {"real_ai": 0, "mock_ai": ASKED, "fallback": 0}
    health = json.loads(service.ask(HEALTH)[1])
    assert health["dependencies"]["database"]["status"] == "ok"
    assert health["dependencies"]["desk"]["status"] == "down"


def test_the_log_is_json_lines_without_what_was_said(service: Service) -> None:
    text = service.log.read_text()
    ours = [json.loads(line) for line in text.splitlines() if line.startswith('{"time"')]
    requests = [line for line in ours if line["logger"] == "mandi.requests"]
    asked = [line for line in requests if line["operation"] == f"POST {CHAT}"]
    assert len(asked) >= ASKED
    assert {"request_id", "operation", "status", "ms", "organization_id", "pseudonym"} <= set(asked[0])
    calls = [line for line in ours if line["logger"] == "mandi.calls"]
    assert {line["request_id"] for line in calls} <= {line["request_id"] for line in asked}
    other = [line for line in text.splitlines() if not line.startswith('{"time"')]
    assert not [line for line in other if re.search(r"Traceback|Error", line)], other
    for secret in (service.key, SAID, "seventeen"):
        assert secret not in text
    assert not [line for line in ours if line["level"] == "ERROR" and line["logger"] != "mandi.serving"]
