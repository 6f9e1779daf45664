"""The wall around everything that is served: whoever shows no key sees whether the service is alive, and nothing else."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, MutableMapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.routing import compile_path

from mandi.core.errors import MandiError
from mandi.serving.dispatch import REQUEST_ID, problem_response, request_id_of
from mandi.serving.problems import FORBIDDEN, NOT_FOUND, Problem, Refused, problem_of

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from mandi.serving.house import House
    from mandi.serving.operations import Operation

LOG = logging.getLogger("mandi.serving.accounts")
HEALTH = frozenset({"/healthz", "/livez", "/readyz"})
OF_THE_OPERATOR = frozenset({"/metrics", "/schema.json"})
"""Figures of all organisations together."""
READS = {"GET", "HEAD"}
NOT_HERE = {NOT_FOUND, 405}
# the contract page of BentoML asks a tag manager of its makers for a script, which would run beside the reader's key
PAGE_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


class Wall:
    """Asks for a key wherever no operation does so itself: pages, static files, metrics, and paths that are not there.

    Operations see who asks on their own, because their refusals have their own shape; health needs nobody. Each request is
    stamped with the moment it arrived.

    Parameters
    ----------
    app : ASGI application
        The whole service.
    house : House
        Its gate is asked.
    operations : iterable of Operation
        All that are served.
    inner : ASGI application, optional
        Answers operations; the whole service if not given.
    """

    def __init__(
        self, app: ASGIApp, house: House, operations: Iterable[Operation], inner: ASGIApp | None = None
    ) -> None:
        self._app = app
        self._inner = inner or app
        self._house = house
        self._plain: dict[str, set[str]] = {}
        shaped: dict[str, set[str]] = {}
        for operation in operations:
            among = shaped if "{" in operation.path else self._plain
            methods = among.setdefault(operation.path, set())
            methods |= READS if operation.method == "GET" else {operation.method}
        self._shaped = [(compile_path(path)[0], methods) for path, methods in shaped.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state: MutableMapping[str, Any] = scope.setdefault("state", {})
        state["arrived"] = time.perf_counter()
        if self._sees_to_itself(scope["method"], scope["path"]):
            await (self._app if scope["path"] in HEALTH else self._inner)(scope, receive, send)
            return
        refused = await self._refusal(scope)
        if refused is not None:
            await refused(scope, receive, send)
            return
        await self._app(scope, receive, _guarded(_in_shape(scope, send)))

    def _sees_to_itself(self, method: str, path: str) -> bool:
        if path in HEALTH:
            return method in READS
        methods = self._plain.get(path)
        if methods is not None:
            return method in methods
        if "\n" in path:  # BentoML passes no such path on
            return False
        return any(method in methods and pattern.match(path) for pattern, methods in self._shaped)

    async def _refusal(self, scope: Scope) -> Response | None:
        try:
            principal = await self._house.gate.admit(HTTPConnection(scope))
        except Refused as refused:
            return _refused(scope, refused.problem)
        except MandiError as error:
            return _refused(scope, problem_of(error))
        except Exception as error:
            LOG.error("an error that was not foreseen", exc_info=error)
            return _refused(scope, Problem(500, "something went wrong here; the service log has it"))
        if scope["path"] in OF_THE_OPERATOR and "operate" not in principal.scopes:
            allowed = 'a key with the scope "operate"'
            problem = Problem(FORBIDDEN, "this tells of all organisations together", None, allowed)
            return _refused(scope, problem)
        if scope["path"].endswith("/") and self._is_ours(scope["path"].rstrip("/")):
            return _refused(scope, _not_here(scope, NOT_FOUND))  # a redirection would need a contract
        return None

    def _is_ours(self, path: str) -> bool:
        return path in self._plain or any(pattern.match(path) for pattern, _ in self._shaped)


def _refused(scope: Scope, problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    wire = "openai" if scope["path"].startswith("/v1/") else "house"
    return problem_response(
        problem, wire, {REQUEST_ID: request_id_of(HTTPConnection(scope)), **(headers or {})}
    )


def _not_here(scope: Scope, status: int) -> Problem:
    return Problem(status, f"{scope['method']} {scope['path']}: {HTTPStatus(status).phrase}")


def _in_shape(scope: Scope, send: Send) -> Send:
    replaced = False  # what others tell in bare words, that something is not there, is told as every refusal

    async def told(message: Message) -> None:
        nonlocal replaced
        if message["type"] == "http.response.start" and message["status"] in NOT_HERE:
            headers = Headers(scope=message)
            replaced = not headers.get("content-type", "").startswith("application/json")
            if replaced:
                status: int = message["status"]
                allow = {"allow": headers["allow"]} if "allow" in headers else {}
                await _refused(scope, _not_here(scope, status), allow)(scope, _nothing, send)
        if not replaced:
            await send(message)

    return told


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


def _guarded(send: Send) -> Send:
    async def told(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["content-security-policy"] = PAGE_POLICY
            headers["x-content-type-options"] = "nosniff"
            headers["referrer-policy"] = "no-referrer"
        await send(message)

    return told
