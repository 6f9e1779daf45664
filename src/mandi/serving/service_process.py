"""Starts the service of a project in this process: `mandi serve`."""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

from mandi.core.errors import ConfigError
from mandi.core.paths import Paths
from mandi.serving.accounts.command import how_to_ask, settings_of
from mandi.serving.counters import COUNTERS, counter_class
from mandi.serving.package import bento_environment
from mandi.serving.settings import environment_with
from mandi.serving.snapshot import read_manifest

SERVICE = "mandi.serving.service:Mandi"
KEEP_ALIVE_S = (
    "75"  # clients and balancers keep idle connections for up to a minute; who closes first must not be us
)


def cli_serve(
    root: Path, port: int | None = None, host: str | None = None, env_file: Path | None = None
) -> None:
    """Serve the champions of a project; this process becomes the server.

    Parameters
    ----------
    root : Path
        The project.
    port, host
        Where to listen; as the settings say if not given.
    env_file : Path, optional
        Settings that the environment does not hold; the project's ``.env`` if not given.

    Raises
    ------
    DataNotFound
        Nothing to serve yet.
    ConfigError
        The port is taken, or the settings cannot be used.
    """
    folder = Paths(root).champions
    manifest = read_manifest(folder)
    env_file = env_file or root / ".env"
    settings = settings_of(root, env_file)
    host, port = host or settings.host, port or settings.port
    _check_free(host, port)
    print(greeting(manifest, host, port), how_to_ask(settings), sep="\n", flush=True)  # noqa: T201
    environment = {
        **bento_environment(root),
        **environment_with(env_file),
        "MANDI_SERVICE_FOLDER": str(folder.resolve()),
        "MANDI_DATA_FOLDER": str(settings.data_folder),
    }
    environment.setdefault("OMP_NUM_THREADS", "1")  # one row is too little work to share among threads
    environment.setdefault(
        "MALLOC_ARENA_MAX", "2"
    )  # each thread's own arena costs memory and saves nothing here
    command = [
        sys.executable, "-m", "bentoml", "serve", SERVICE, "--host", host, "--port", str(port),
        "--timeout-keep-alive", KEEP_ALIVE_S,
    ]  # fmt: skip
    os.execve(sys.executable, command, environment)


def greeting(manifest: dict[str, Any], host: str, port: int) -> str:
    """Return what is served, where, and a request of each model that is answered.

    Parameters
    ----------
    manifest : dict
        As ``read_manifest`` returns it.
    host, port
        Where the service will listen.
    """
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    url = f"http://{shown}:{port}"
    lines = [f"{n} {m['version']}, history to {m['snapshot_time']}" for n, m in manifest["models"].items()]
    lines.append(f"{url}/  (contract)   {url}/api/v1/models  (what is served)")
    for name, entry in manifest["models"].items():
        if name in COUNTERS and entry.get("example"):
            body, path = json.dumps(entry["example"]), counter_class(name).path
            key = '-H "Authorization: Bearer $MANDI_KEY"'
            lines.append(f"curl -s {url}{path} {key} -H 'content-type: application/json' -d '{body}'")
    return "\n".join(lines)


def _check_free(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigError(
                f"cannot listen on {host}:{port}: {error.strerror}",
                next_command=f"mandi serve --port {port + 1}",
            ) from None
