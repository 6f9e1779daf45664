from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from mandi.core.errors import ConfigError, DataNotFound

pytest.importorskip("bentoml", reason="the serving extra is not installed")
KEY = "mk_0123456789-abcdefghijklmnopqrstuvwxyz_ABCDEF"
WITH_KEY = {"authorization": f"Bearer {KEY}"}


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path / "bentoml"))
    monkeypatch.setenv("BENTOML_DO_NOT_TRACK", "True")
    monkeypatch.setenv("MANDI_DATA_FOLDER", str(tmp_path / "records"))
    monkeypatch.setenv("MANDI_BOOTSTRAP_KEY", KEY)


@pytest.fixture(scope="module")
def service() -> Any:
    from mandi.serving.service import Mandi

    return Mandi.to_asgi()  # type: ignore[attr-defined]  # once a process: its metrics have one registry


def test_the_service_is_ready_with_a_champion_and_answers(
    service: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MANDI_SERVICE_FOLDER", str(folder))
    with TestClient(service) as client:
        assert [client.get(p).status_code for p in ("/healthz", "/livez", "/readyz")] == [200, 200, 200]
        client.headers.update(WITH_KEY)
        (model,) = client.get("/api/v1/models").json()["models"]
        answer = client.post("/api/v1/price/predict", json=model["example"])
        assert answer.status_code == 200
        assert answer.json()["model_version"] == "3"
        assert "/api/v1/price/predict" in client.get("/docs.json").json()["paths"]
        assert client.get("/").status_code == 200


def test_no_timer_of_bentoml_outlives_its_request(service: Any) -> None:
    from mandi.serving.first_byte import FirstByte

    found = [m for m in service.user_middleware if m.cls.__name__ in ("FirstByte", "TimeoutMiddleware")]
    assert [(m.cls, m.kwargs["timeout"]) for m in found] == [(FirstByte, 60.0)]


def test_a_stranger_sees_that_it_is_alive_and_nothing_else(
    service: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MANDI_SERVICE_FOLDER", str(folder))
    with TestClient(service) as client:
        for path in (
            "/",
            "/docs.json",
            "/metrics",
            "/schema.json",
            "/static_content/swagger-ui.css",
            "/nothing",
        ):
            assert client.get(path).status_code == 401, path
            if path != "/metrics":  # needs a server around it
                known = client.get(path, headers=WITH_KEY)
                assert known.status_code == (404 if path == "/nothing" else 200), path
        assert client.post("/api/v1/price/predict", json={}).status_code == 401
        assert client.post("/api/v1/auth/login", json={}).status_code == 400
        page = client.get("/", auth=("me", KEY))
        assert "script-src" not in page.headers["content-security-policy"]


def test_records_that_cannot_be_opened_let_nobody_in(
    service: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "records").write_text("a file where a folder should be")
    monkeypatch.setenv("MANDI_SERVICE_FOLDER", str(folder))
    with TestClient(service) as client:
        assert (client.get("/healthz").status_code, client.get("/readyz").status_code) == (200, 503)
        assert client.get("/api/v1/models", headers=WITH_KEY).status_code == 503


def test_without_a_champion_it_is_alive_and_not_ready(
    service: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MANDI_SERVICE_FOLDER", str(tmp_path / "nowhere"))
    with TestClient(service) as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == 503
        assert client.get("/api/v1/models", headers=WITH_KEY).json()["next"] == "mandi repro"


@pytest.mark.parametrize("damaged", ["manifest.json", "price/params.json"])
def test_with_a_damaged_file_it_is_alive_and_says_why(
    service: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, damaged: str
) -> None:
    whole = (folder / damaged).read_text()
    (folder / damaged).write_text(whole[: len(whole) // 2])
    monkeypatch.setenv("MANDI_SERVICE_FOLDER", str(folder))
    with TestClient(service) as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == 503
        told = client.get("/api/v1/models", headers=WITH_KEY)
        assert told.status_code == 503
        assert Path(damaged).name in told.json()["error"]
        assert told.json()["next"] == "mandi repro"


def test_whatever_happens_on_opening_the_worker_lives(
    service: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Path) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("mandi.serving.desk.Desk.open", broken)
    with TestClient(service) as client:
        assert (client.get("/healthz").status_code, client.get("/readyz").status_code) == (200, 503)
        told = client.get("/api/v1/models", headers=WITH_KEY)
        assert (told.status_code, "RuntimeError" in told.text, "secret" in told.text) == (503, True, False)


def test_serving_nothing_fails_before_the_server_starts(tmp_path: Path) -> None:
    from mandi.serving.service_process import cli_serve

    with pytest.raises(DataNotFound, match="no champion to serve"):
        cli_serve(tmp_path)


def test_a_port_in_use_is_told_with_another(folder: Path) -> None:
    import socket

    from mandi.serving.service_process import cli_serve

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError) as refused:
            cli_serve(folder.parents[1], port=port)
    assert refused.value.next_command == f"mandi serve --port {port + 1}"


def test_the_greeting_carries_a_request(folder: Path) -> None:
    from mandi.serving.service_process import greeting
    from mandi.serving.snapshot import read_manifest

    said = greeting(read_manifest(folder), "0.0.0.0", 3000)
    assert "curl -s http://127.0.0.1:3000/api/v1/price/predict" in said
    assert '"commodity_id": "soybean"' in said


def test_idle_connections_outlive_those_of_clients(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os
    import socket

    from mandi.serving.service_process import cli_serve

    begun: list[list[str]] = []
    monkeypatch.setattr(os, "execve", lambda program, command, environment: begun.append(command))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    cli_serve(folder.parents[1], port=port)
    (command,) = begun
    assert float(command[command.index("--timeout-keep-alive") + 1]) > 60
