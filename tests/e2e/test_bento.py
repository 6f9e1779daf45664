"""The built Bento answers in a clean process that cannot see the checkout."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mandi.serving.contracts import PriceRow
from mandi.serving.desk import Desk
from mandi.serving.package import build_bento

from ..unit.serving.small_market import SmallMarket, request_row, shared_market

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
PATIENCE_S = 60
KEY = "mk_0123456789-abcdefghijklmnopqrstuvwxyz_ABCDEF"


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory, root: Path) -> SmallMarket:
    return shared_market(tmp_path_factory, root)


@pytest.fixture(scope="module")
def bento(market: SmallMarket, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("bentoml", reason="the serving extra is not installed")
    project = market.folder.parents[1]
    (project / "src").symlink_to(root / "src")
    (project / "bentofile.yaml").write_text(
        (root / "bentofile.yaml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.delenv("BENTOML_HOME", raising=False)
        tag = build_bento(project, version="test")
    assert tag == "mandi:test"
    return project / ".bentoml" / "bentos" / "mandi" / "test"


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter with the installed packages and without the editable one: its .pth file is not followed."""
    home = tmp_path_factory.mktemp("clean") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    (site,) = home.glob("lib/python*/site-packages")
    (site / "installed.pth").write_text(sysconfig.get_path("purelib"))
    clean = home / "bin" / "python"
    alone = subprocess.run([clean, "-c", "import mandi"], cwd=home, capture_output=True, text=True)
    assert "No module named 'mandi'" in alone.stderr
    return clean


@pytest.fixture(scope="module")
def url(bento: Path, python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(elsewhere), "BENTOML_HOME": str(elsewhere / "bentoml"),
        "BENTOML_DO_NOT_TRACK": "True", "OMP_NUM_THREADS": "1", "MANDI_BOOTSTRAP_KEY": KEY, "MANDI_WORKERS": "2",
    }  # fmt: skip
    log = elsewhere / "log"
    command = [python, "-m", "bentoml", "serve", str(bento), "--host", "127.0.0.1", "--port", str(port)]
    with log.open("w") as said:
        server = subprocess.Popen(
            command, cwd=elsewhere, env=environment, stdout=said, stderr=said, start_new_session=True
        )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait(address, server, log)
        yield address
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=20)


def _wait(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    pytest.fail(f"the Bento was not ready:\n{log.read_text()[-3000:]}")


def ask(url: str, body: dict[str, Any] | None = None) -> Any:
    sent = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json", "authorization": f"Bearer {KEY}"}
    request = urllib.request.Request(url, data=sent, headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def test_it_holds_the_package_and_the_champions_and_nothing_else(bento: Path) -> None:
    held = {p.relative_to(bento / "src").parts[0] for p in (bento / "src").iterdir()}
    assert held == {"mandi", "artifacts", "bentofile.yaml"}
    assert not list(bento.rglob("__pycache__"))


def test_pins_are_those_of_the_lock(bento: Path, root: Path) -> None:
    locked = {
        line.split(";")[0].strip().replace("-", "_").replace(".", "_")
        for line in (root / "requirements.lock").read_text(encoding="utf-8").splitlines()
    }
    pinned = (bento / "env" / "python" / "requirements.txt").read_text(encoding="utf-8").split()
    plain = {p.replace("xgboost-cpu", "xgboost").replace("-", "_").replace(".", "_") for p in pinned}
    assert plain <= locked


def test_it_answers_as_the_desk_does(url: str, market: SmallMarket) -> None:
    rows = [request_row(q) for q in market.todays().itertuples()]
    answers = ask(f"{url}/api/v1/price/predict", {"rows": rows, "explain": True})["answers"]
    expected = Desk.open(market.folder).price([PriceRow.model_validate(r) for r in rows])
    for answer, wanted in zip(answers, expected, strict=True):
        assert answer["predicted_price"] == pytest.approx(wanted.predicted_price, abs=1e-6)
        assert answer["lower_bound_95"] == pytest.approx(wanted.lower_bound_95, abs=1e-6)
        assert answer["upper_bound_90"] == pytest.approx(wanted.upper_bound_90, abs=1e-6)


def test_its_example_is_answered_and_a_wrong_field_is_named(url: str) -> None:
    (model,) = ask(f"{url}/api/v1/models")["models"]
    assert ask(f"{url}/api/v1/price/predict", model["example"])["unit"] == "INR/quintal"
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(f"{url}/api/v1/price/predict", {**model["example"], "market": "Nowhere"})
    assert refused.value.code == 400
    assert json.load(refused.value)["field"] == "market"


def status(url: str, headers: dict[str, str] | None = None) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {}), timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code


def test_a_stranger_sees_that_it_is_alive_and_nothing_else(url: str) -> None:
    assert [status(url + path) for path in ("/healthz", "/livez", "/readyz")] == [200] * 3
    known = {"authorization": f"Bearer {KEY}"}
    for path in (
        "/",
        "/docs.json",
        "/metrics",
        "/schema.json",
        "/static_content/swagger-ui.css",
        "/api/v1/models",
    ):
        assert (status(url + path), status(url + path, known)) == (401, 200), path
    assert (status(f"{url}/nothing"), status(f"{url}/nothing", known)) == (401, 404)


def test_a_key_made_in_one_worker_and_revoked_in_another_is_refused_by_all(url: str) -> None:
    made = ask(f"{url}/api/v1/keys", {"name": "for a moment"})
    shown = {"authorization": f"Bearer {made['key']}", "connection": "close"}
    assert {status(f"{url}/api/v1/me", shown) for _ in range(20)} == {200}
    request = urllib.request.Request(
        f"{url}/api/v1/keys/{made['key_id']}", headers={"authorization": f"Bearer {KEY}"}, method="DELETE"
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 204
    time.sleep(1.2)  # other workers hear of it once a second
    assert {status(f"{url}/api/v1/me", shown) for _ in range(20)} == {401}
