"""A fake of two vendors' fine-tuning: OpenAI's files and jobs, Vertex AI's tuning jobs; scripted, on loopback, in a thread."""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Trouble:
    """What befalls one request.

    Attributes
    ----------
    status : int
        Answered instead of anything else; 0 goes on.
    retry_after : str
    message : str
    cut : str
        ``before``: the connection ends in the middle of the request; ``after``: the work is done, and no answer comes.
    """

    status: int = 0
    retry_after: str = ""
    message: str = "no"
    cut: str = ""


@dataclass
class FakeTuning:
    """A server; ``with FakeTuning() as vendor`` starts it.

    Attributes
    ----------
    token : str
        The only key that is taken.
    files, jobs : dict
        What it keeps.
    seen : list of (method, path, body)
    """

    token: str = "sk-right"
    files: dict[str, bytes] = field(default_factory=dict)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    seen: list[tuple[str, str, Any]] = field(default_factory=list)
    script: list[tuple[str, Trouble]] = field(default_factory=list)

    def trouble(self, path: str, *troubles: Trouble) -> None:
        """Let the next requests whose "METHOD path" holds ``path`` go wrong so, one each."""
        self.script += [(path, one) for one in troubles]

    def asked(self, start: str) -> int:
        """Count the requests whose "METHOD path" starts so."""
        return sum(f"{method} {path}".startswith(start) for method, path, _ in self.seen)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"vendor": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def finish(self, job_id: str, **told: Any) -> None:
        """Let a job come to be as told."""
        self.jobs[job_id] |= told

    def befalls(self, request: str) -> Trouble:
        for n, (path, trouble) in enumerate(self.script):
            if path in request:
                del self.script[n]
                return trouble
        return Trouble()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    vendor: FakeTuning

    def log_message(self, *_: Any) -> None:
        return None

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = self.path.partition("?")[0]
        trouble = self.vendor.befalls(f"{self.command} {path}")
        length = int(self.headers.get("Content-Length") or 0)
        chunked = "chunked" in self.headers.get("Transfer-Encoding", "")
        if trouble.cut == "before":
            self.rfile.read(min(length, 64))
            self._break_off()
            return
        raw = self._chunks() if chunked else self.rfile.read(length)
        multipart = "multipart" in self.headers.get("Content-Type", "")
        body: Any = raw if multipart else (json.loads(raw) if raw else None)
        self.vendor.seen.append((self.command, path, body))
        if self.headers.get("Authorization") != f"Bearer {self.vendor.token}":
            self._send(401, {"error": {"message": f"wrong key {self.headers.get('Authorization')}"}})
        elif trouble.status:
            self._send(trouble.status, {"error": {"message": trouble.message}}, trouble.retry_after)
        else:
            status, told = self._route(self.command, path, body)
            if trouble.cut == "after":
                self._break_off()
            else:
                self._send(status, told)

    def _chunks(self) -> bytes:
        whole = b""
        while size := int(self.rfile.readline().strip() or b"0", 16):
            whole += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return whole

    def _break_off(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def _send(self, status: int, told: Any, retry_after: str = "") -> None:
        raw = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        if retry_after:
            self.send_header("Retry-After", retry_after)
        self.end_headers()
        self.wfile.write(raw)

    def _route(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        vendor = self.vendor
        if (method, path) == ("POST", "/v1/files"):
            name = f"file-{len(vendor.files) + 1}"
            vendor.files[name] = body
            return 200, {"id": name, "object": "file", "purpose": "fine-tune", "status": "processed"}
        if (method, path) == ("POST", "/v1/fine_tuning/jobs"):
            if body["training_file"] not in vendor.files:
                return 400, {"error": {"message": "no such file"}}
            name = f"ftjob-{len(vendor.jobs) + 1}"
            vendor.jobs[name] = {
                "id": name,
                "object": "fine_tuning.job",
                "status": "validating_files",
                **body,
            }
            return 200, vendor.jobs[name]
        if (method, path) == ("GET", "/v1/fine_tuning/jobs"):
            return 200, {"data": list(reversed(vendor.jobs.values())), "has_more": False}
        if found := re.fullmatch(r"/v1/fine_tuning/jobs/([\w-]+)(/cancel|/checkpoints)?", path):
            job = vendor.jobs.get(found[1])
            if job is None:
                return 404, {"error": {"message": "no such job"}}
            if found[2] == "/checkpoints":
                return 200, {"data": [{"metrics": {"step": 9, "train_loss": 0.4, "full_valid_loss": None}}]}
            if found[2] == "/cancel":
                job["status"] = "cancelled"
            return 200, job
        if found := re.fullmatch(r"/v1/(projects/[\w-]+/locations/[\w-]+/tuningJobs)", path):
            if method == "GET":
                return 200, {"tuningJobs": list(vendor.jobs.values())}
            name = f"{found[1]}/{len(vendor.jobs) + 1000}"
            vendor.jobs[name] = {"name": name, "state": "JOB_STATE_PENDING", **body}
            return 200, vendor.jobs[name]
        if found := re.fullmatch(r"/v1/(projects/.+/tuningJobs/\d+)(:cancel)?", path):
            job = vendor.jobs.get(found[1])
            if job is None:
                return 404, {"error": {"code": 404, "message": "no such job"}}
            if found[2]:
                job["state"] = "JOB_STATE_CANCELLED"
                return 200, {}
            return 200, job
        return 404, {"error": {"message": f"no {path}"}}
