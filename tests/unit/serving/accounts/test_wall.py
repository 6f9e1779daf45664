from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from mandi.core.errors import StoreUnavailable
from mandi.serving.accounts.wall import Wall
from mandi.serving.api.accounts_api import accounts_operations
from mandi.serving.house import ClosedGate
from mandi.serving.routes import all_operations

from .office_bench import Bench, bearer

PAGES = [
    "/",
    "/docs.json",
    "/metrics",
    "/schema.json",
    "/static_content/swagger-ui.css",
    "/docs",
    "/nothing",
    "/api/v1/keys/",
]


@pytest.fixture
def stamps() -> list[float]:
    return []


@pytest.fixture
def client(bench: Bench, stamps: list[float]) -> Iterator[TestClient]:
    async def page(request: Request) -> HTMLResponse:
        stamps.append(request.scope["state"]["arrived"])
        return HTMLResponse("<p>contract</p>")

    async def text(_: Request) -> PlainTextResponse:
        return PlainTextResponse("\n")

    whole = Starlette(
        routes=[
            Route("/", page),
            *(Route(p, text) for p in ("/healthz", "/livez", "/readyz", "/metrics", "/schema.json")),
            *bench.app.routes,
            Mount("/static_content", routes=[Route("/swagger-ui.css", text)]),
        ]
    )
    whole.state.house = bench.house
    whole.add_middleware(Wall, house=bench.house, operations=all_operations(accounts_operations()))
    with TestClient(whole) as client:
        yield client


def test_health_needs_nobody(client: TestClient) -> None:
    assert [client.get(p).status_code for p in ("/healthz", "/livez", "/readyz")] == [200] * 3
    assert client.post("/healthz").status_code == 401


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
def test_without_a_key_everything_else_is_401(client: TestClient, path: str, method: str) -> None:
    answer = client.request(method, path)
    assert answer.status_code == 401, answer.text
    assert "www-authenticate" in answer.headers and "mandi key create" in answer.json()["next"]


@pytest.mark.parametrize(
    "path",
    ["/API/V1/ME", "/api/v1/me/", "//api/v1/me", "/api/v1/auth/login/", "/api/v1/auth/login/x", "/healthz/x"],
)
def test_a_path_that_looks_like_an_open_one_is_not(client: TestClient, path: str) -> None:
    assert client.post(path, json={}).status_code == 401


def test_logins_come_through_and_operations_refuse_on_their_own(client: TestClient) -> None:
    assert client.post("/api/v1/auth/login", json={}).status_code == 400
    assert client.get("/api/v1/auth/login").status_code == 401
    assert client.get("/api/v1/me").status_code == 401
    assert client.delete("/api/v1/keys/x").status_code == 401
    assert client.put("/api/v1/keys/x").status_code == 401


def test_with_a_key_pages_are_there_and_may_run_nobody_elses_script(client: TestClient, bench: Bench) -> None:
    key = bench.key(bench.user(bench.organization("narmada")))
    for headers in (bearer(key), {"x-api-key": key}):
        answer = client.get("/", headers=headers)
        assert answer.status_code == 200
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy and "script-src" not in policy
    assert client.get("/", auth=("me", key)).status_code == 200
    assert client.post("/", auth=("me", key)).status_code == 401
    assert client.get("/nothing", headers=bearer(key)).status_code == 404
    assert client.get("/static_content/swagger-ui.css", headers=bearer(key)).status_code == 200


def test_figures_of_all_organisations_are_the_operators(client: TestClient, bench: Bench) -> None:
    admin = bench.key(bench.user(bench.organization("narmada"), "admin"))
    for path in ("/metrics", "/schema.json"):
        assert client.get(path, headers=bearer(admin)).status_code == 403
        assert client.get(path, headers=bearer(bench.root_key)).status_code == 200


def test_a_browser_is_asked_for_a_password(client: TestClient) -> None:
    assert client.get("/", headers={"accept": "text/html"}).headers["www-authenticate"].startswith("Basic")


def test_paths_of_openai_clients_are_refused_in_their_shape(client: TestClient) -> None:
    told = client.get("/v1/nothing").json()
    assert told["error"]["code"] == "invalid_api_key"


def test_a_request_is_stamped_when_it_arrives(client: TestClient, bench: Bench, stamps: list[float]) -> None:
    before = time.perf_counter()
    client.get("/", headers=bearer(bench.root_key))
    assert before <= stamps[0] <= time.perf_counter()


def test_nobody_listens_to_sockets(client: TestClient) -> None:
    from starlette.websockets import WebSocketDisconnect

    with pytest.raises(WebSocketDisconnect) as closed, client.websocket_connect("/"):
        pass
    assert closed.value.code == 1008


def test_closed_accounts_and_a_silent_store_let_nobody_in(client: TestClient, bench: Bench) -> None:
    class Silent:
        async def admit(self, _: Any) -> Any:
            raise StoreUnavailable("the database does not answer", next_command="mandi doctor")

    class Broken:
        async def admit(self, _: Any) -> Any:
            raise RuntimeError("secret")

    for gate, status in ((ClosedGate(), 503), (Silent(), 503), (Broken(), 500)):
        bench.house.gate = gate
        answer = client.get("/", headers=bearer(bench.root_key))
        assert answer.status_code == status and "secret" not in answer.text
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    "path", ["/nothing", "/static_content/nothing", "/api/v1/keys/", "/api/v1/keys/x/", "/a%0Ab"]
)
def test_what_is_not_there_is_told_as_every_refusal(client: TestClient, bench: Bench, path: str) -> None:
    answer = client.delete(path, headers=bearer(bench.root_key), follow_redirects=False)
    assert answer.status_code == 404 and answer.headers["x-request-id"]
    assert answer.json() == {
        "error": f"DELETE {unquote(path)}: Not Found", "field": None, "allowed": None, "next": None
    }  # fmt: skip


def test_a_wrong_method_of_a_page_is_told_with_the_right_ones(client: TestClient, bench: Bench) -> None:
    answer = client.post("/healthz", headers=bearer(bench.root_key))
    assert (answer.status_code, set(answer.headers["allow"].split(", "))) == (405, {"GET", "HEAD"})
    assert answer.json()["error"] == "POST /healthz: Method Not Allowed"
