"""The service as processes on this machine: two workers and what stands around them, started, found, killed."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from benchmarks.running import family

from .http_line import Line

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_S = 90
MODEL = "fake-small"
PASSWORD = "seven bags of cotton"


class Processes:
    """A service with two workers and no champions; its language routes answer all the same."""

    def __init__(self, home: Path, **variables: str) -> None:
        self.home, self.port, self.key = home, free_port(), "mk_" + secrets.token_urlsafe(32)
        self.log = home / "log"
        self.data = home / "data"
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(home), "BENTOML_HOME": str(home / "bentoml"), "OMP_NUM_THREADS": "1",
            "BENTOML_DO_NOT_TRACK": "True", "PYTHONPATH": str(ROOT / "src"), "MANDI_SERVICE_FOLDER": str(home / "none"),
            "MANDI_DATA_FOLDER": str(self.data), "MANDI_WORKERS": "2", "LOG_LEVEL": "WARNING",
            "MANDI_BOOTSTRAP_KEY": self.key, **variables,
        }  # fmt: skip
        self.supervisor: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until both workers answer."""
        command = [
            sys.executable, "-m", "bentoml", "serve", "mandi.serving.service:Mandi", "--host", "127.0.0.1",
            "--port", str(self.port),
        ]  # fmt: skip
        with self.log.open("a") as said:
            self.supervisor = subprocess.Popen(
                command, cwd=self.home, env=self.environment, stdout=said, stderr=said, start_new_session=True
            )
        self.workers()

    def workers(self, but: int | None = None) -> set[int]:
        """Return the two workers that answer; ``but`` was killed and is none of them."""
        return asyncio.run(self._workers(but))

    def kill(self) -> None:
        """Kill all of it at once."""
        assert self.supervisor is not None
        with suppress(ProcessLookupError):
            os.killpg(self.supervisor.pid, signal.SIGKILL)
        self.supervisor.wait(timeout=20)

    def stop(self) -> None:
        """End it as an operator would."""
        assert self.supervisor is not None
        if self.supervisor.poll() is None:
            os.killpg(self.supervisor.pid, signal.SIGTERM)
            try:
                self.supervisor.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.kill()

    @property
    def pids(self) -> list[int]:
        """Return supervisor and workers."""
        assert self.supervisor is not None
        return family(self.supervisor.pid)

    async def lines(self, number: int, key: str | None = None) -> list[Line]:
        """Open connections, each of which knows the worker at its other end; both workers have some."""
        for _ in range(20):
            found = await asyncio.gather(*[Line.open(self.port, key or self.key) for _ in range(number)])
            await asyncio.gather(*[line.find_worker(self.key) for line in found])
            if len({line.pid for line in found}) == 2:
                return found
            for line in found:
                line.close()
        raise AssertionError("all connections went to one worker")

    async def one_each(self, key: str | None = None) -> list[Line]:
        """Open one connection to each of the two workers."""
        found = {line.pid: line for line in await self.lines(8, key)}
        return list(found.values())

    async def organization(self, name: str, **terms: Any) -> tuple[str, str]:
        """Add an organisation and return its id and a token of its administrator."""
        line = await Line.open(self.port, self.key)
        try:
            made = await line.ask(
                "/api/v1/organizations", {"name": name, "administrator": name, "password": PASSWORD, **terms}
            )
            assert made.status == 201, made.body
            login = await line.ask("/api/v1/auth/login", {"username": name, "password": PASSWORD})
            assert login.status == 200, login.body
            return made.told["organization_id"], login.told["access_token"]
        finally:
            line.close()

    async def _workers(self, but: int | None) -> set[int]:
        assert self.supervisor is not None
        until, seen = time.monotonic() + PATIENCE_S, set[int]()
        while time.monotonic() < until and self.supervisor.poll() is None:
            with suppress(OSError, asyncio.IncompleteReadError, json.JSONDecodeError, KeyError):
                line = await Line.open(self.port, self.key)
                try:
                    seen.add((await asyncio.wait_for(line.find_worker(), 10)).pid)
                finally:
                    line.close()
                seen.discard(but or 0)
                if len(seen) == 2:
                    return seen
            await asyncio.sleep(0.05)
        raise AssertionError(f"two workers were not up, {len(seen)} were:\n{self.log.read_text()[-3000:]}")


@contextmanager
def vendor(log: Path, port: int = 0, **options: Any) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run a fake vendor as a process, and give it with its address; it is killed at the end."""
    command = [sys.executable, "-m", "tests.fakes.serve", "--port", str(port)]
    command += [
        word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))
    ]
    with log.open("ab") as said:
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=said)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().decode().strip()
        assert address, log.read_text()
        yield process, address
    finally:
        process.kill()
        process.wait(timeout=10)


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
