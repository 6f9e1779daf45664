"""What the service weighs where it is deployed: make bench-image (after make repro; it installs the Bento's packages anew).

The Bento is built, its pinned packages are installed into an empty environment that knows nothing of the project, and the Bento is served
from there by one worker with all champions. ``installed_mb`` is every file of that environment's packages, compiled ones included,
beside the environment that trains; ``archive_mb`` is the Bento packed; ``ready_s`` is from the command to the first good answer of /readyz, the
median of three starts; memory is proportional: a page that several processes share counts once.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import time
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from statistics import median

from packaging.requirements import Requirement

from benchmarks.rows import Row, table, write
from benchmarks.running import family, free_port, proportional_mib, running, wait_until_there
from mandi.core.config import load_params
from mandi.core.errors import DataNotFound
from mandi.core.paths import Paths, project_root

MODEL, STARTS = "price", 3
# the other tower is asked as well: its words are scrubbed before they are kept
WORDS = (
    "/v1/chat/completions",
    {
        "model": "mandi",
        "messages": [{"role": "user", "content": "Price of cotton at Rajkot for Ramesh Patel?"}],
    },
)
TRAINING = (
    "dask", "distributed", "dvc", "evidently", "jupyterlab", "mlflow", "numba", "optuna", "papermill", "playwright", "prophet",
    "scikit-learn", "shap", "statsforecast", "torch", "transformers", "trl",
)  # fmt: skip
"""What trains, reports or searches, and has no place where it is only answered."""
TWINS = {
    "xgboost-cpu": "xgboost"
}  # installed here under the other name: the same library with what a GPU needs


def main() -> None:
    """Build, install, serve, print the table and write benchmarks/results/image.json."""
    root, started = project_root(), time.process_time()
    if not (Paths(root).champions / "manifest.json").is_file():
        raise DataNotFound("there is no service folder", next_command="make repro")
    with tempfile.TemporaryDirectory(prefix="mandi-image-") as folder:
        rows = measured(root, Path(folder))
    print(table(("case", "metric", "value", "baseline", "goal", "met"), [[r.case, r.metric, r.value, r.baseline, r.goal, r.met] for r in rows]))  # fmt: skip
    print(write(root / "benchmarks" / "results", "image", rows, time.process_time() - started))


def measured(root: Path, folder: Path) -> list[Row]:
    """Return the figures of the project's Bento.

    Parameters
    ----------
    root : Path
        The project, with a service folder.
    folder : Path
        Empty; environment and Bento are put there.
    """
    bento = _built(root, folder)
    python = _installed(bento, folder)
    site = Path(next(iter((folder / "env").glob("lib/python*/site-packages"))))
    archive = folder / "mandi.bento"
    with tarfile.open(archive, "w:gz") as packed:
        packed.add(bento, arcname=".")
    ready, memory = [], []
    for _ in range(STARTS):
        seconds, mib = _served(python, bento, folder)
        ready.append(seconds)
        memory.append(mib)
    packages = len(list(site.glob("*.dist-info")))
    return [
        Row(
            "bento", "installed_mb", megabytes(site), baseline=megabytes(Path(sysconfig.get_path("purelib")))
        ),
        Row("bento", "packages", packages, baseline=float(len(list(metadata.distributions())))),
        Row("bento", "archive_mb", archive.stat().st_size / 1e6),
        Row("bento", "proportional_mib", max(memory), goal="<= 450"),
        Row("bento", "ready_s", median(ready), goal="<= 10"),
    ]


def bentos_requirements(root: Path) -> list[str]:
    """Return the pinned requirements of bentofile.yaml.

    Parameters
    ----------
    root : Path
        The project.
    """
    packages: list[str] = load_params(root / "bentofile.yaml")["python"]["packages"]
    return packages


def closure(requirements: Iterable[str]) -> set[str]:
    """Return the names of packages that requirements bring with them, by what is installed here.

    Parameters
    ----------
    requirements : iterable of str

    Raises
    ------
    PackageNotFoundError
        One of them is not installed here.

    Examples
    --------
    >>> {"pandas", "numpy", "python-dateutil"} <= closure(["pandas==2.3.3"])
    True
    """
    found: set[str] = set()
    waiting = [Requirement(text) for text in requirements]
    while waiting:
        wanted = waiting.pop()
        name = plain_name(wanted.name)
        name = TWINS.get(name, name)
        if name in found and not wanted.extras:
            continue
        found.add(name)
        for text in metadata.requires(name) or ():
            further = Requirement(text)
            extras = [{"extra": extra} for extra in wanted.extras] or [{"extra": ""}]
            if further.marker is None or any(further.marker.evaluate(extra) for extra in extras):
                waiting.append(further)
    return found


def plain_name(name: str) -> str:
    """Return a package's name as it is compared.

    Examples
    --------
    >>> plain_name("ruamel.YAML")
    'ruamel-yaml'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def megabytes(folder: Path) -> float:
    """Return the size of all files below a folder, MB of 10^6 bytes; links are not followed."""
    return sum(p.lstat().st_size for p in folder.rglob("*") if not p.is_symlink() and p.is_file()) / 1e6


def _built(root: Path, folder: Path) -> Path:
    from mandi.serving.package import build_bento

    os.environ["BENTOML_HOME"] = str(folder / "bentoml")
    name, _, version = build_bento(root, version="image").partition(":")
    return folder / "bentoml" / "bentos" / name / version


def _installed(bento: Path, folder: Path) -> Path:
    """Install what the Bento pins into an empty environment and return its interpreter."""
    home = folder / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    wanted = bento / "env" / "python" / "requirements.txt"
    uv = Path(sys.executable).with_name("uv")
    command = [
        str(uv), "pip", "install", "--quiet", "--compile-bytecode", "--python", str(home / "bin" / "python"), "--requirements", str(wanted),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DataNotFound(
            f"the Bento's packages cannot be installed: {done.stderr.strip()[-800:]}",
            next_command="make setup, on a machine that reaches a package index",
        )
    return home / "bin" / "python"


def _served(python: Path, bento: Path, folder: Path) -> tuple[float, float]:
    """Return seconds to ready and MiB after a few questions."""
    from urllib.request import Request, urlopen

    port, key = free_port(), "mk_" + secrets.token_urlsafe(32)
    home = Path(tempfile.mkdtemp(prefix="served-", dir=folder))
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(home), "BENTOML_HOME": str(home / "bentoml"), "BENTOML_DO_NOT_TRACK": "True",
        "OMP_NUM_THREADS": "1", "MANDI_BOOTSTRAP_KEY": key, "MANDI_WORKERS": "1", "MANDI_DATA_FOLDER": str(home / "records"),
    }  # fmt: skip
    command = [str(python), "-m", "bentoml", "serve", str(bento), "--host", "127.0.0.1", "--port", str(port)]
    begun = time.monotonic()
    with running(command, home, environment, home / "log") as process:
        wait_until_there(f"http://127.0.0.1:{port}/readyz", process, key)
        ready = time.monotonic() - begun
        questions = [(f"/api/v1/{MODEL}/predict", _example(bento))] * 20 + [WORDS]
        for path, body in questions:
            asked = Request(
                f"http://127.0.0.1:{port}{path}",
                data=json.dumps(body).encode(),
                headers={"authorization": f"Bearer {key}", "content-type": "application/json"},
            )
            with urlopen(asked, timeout=30) as told:
                json.load(told)
        return ready, proportional_mib(family(process.pid))


def _example(bento: Path) -> dict[str, object]:
    manifest = bento / "src" / "artifacts" / "service" / "manifest.json"
    example: dict[str, object] = json.loads(manifest.read_text(encoding="utf-8"))["models"][MODEL]["example"]
    return example


if __name__ == "__main__":
    main()
