"""Three ways to serve the champion of price, asked the same in one run: make bench-inference (after make repro).

Ours is the service as `mandi serve` starts it, one worker, with accounts, quotas, records and metrics on. mlflow is `mlflow models
serve` of the registered model, which is given features that are already built. fastapi is a bare application that checks the same
fields and calls the same desk. One question of a lot, and a thousand of them in one request.

Sixteen kept connections ask one after the other (two, of a thousand rows: the service answers 2,000 rows of one organisation at a time); the three take turns within each of five rounds, in an
order that rotates, so that what else the machine does falls on all of them. A ratio is the geometric mean over rounds of ours over
theirs in the same round. ``p95_ms`` at 50 requests a second is measured on our service by the clock of the schedule: a late answer
delays no question. Memory is proportional (a page that several processes share counts once), with all champions and the gateway.
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
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.inference_load import Target, paced, rounds
from benchmarks.rows import Row, table, write
from benchmarks.running import family, free_port, proportional_mib, running, wait_until_there
from mandi.core.errors import DataNotFound
from mandi.core.paths import Paths, project_root

ROUNDS, ONE, MANY = 5, 600, 1000
PACE, SECONDS, WARM = 50.0, 30.0, 100
MODEL = "price"
GOALS = {
    ("fastapi", 1): ">= 0.8", ("fastapi", MANY): ">= 1.0", ("mlflow", 1): ">= 1.4", ("mlflow", MANY): ">= 2.0",
}  # fmt: skip


@dataclass(frozen=True)
class Served:
    """A server that is up: where to ask it, and the seconds it took to be there."""

    target: Target
    pid: int
    ready_s: float


def main() -> None:
    """Start the three, ask them in turn, print the table and write benchmarks/results/inference.json."""
    root, started = project_root(), time.process_time()
    if not (Paths(root).champions / "manifest.json").is_file():
        raise DataNotFound("there is no service folder", next_command="make repro")
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="mandi-inference-")))
        ours = held.enter_context(_ours(root, folder))
        rows = [
            Row("ours", "ready_s", ours.ready_s, goal="<= 10"),
        ]
        servers = {
            "ours": ours,
            "mlflow": held.enter_context(_mlflow(root, folder)),
            "fastapi": held.enter_context(_fastapi(root, folder)),
        }
        rows += measured({name: one.target for name, one in servers.items()})
        late = asyncio.run(paced(ours.target, PACE, SECONDS, WARM))
        rows += [
            Row("ours/50rps", "p50_ms", float(np.median(late))),
            Row("ours/50rps", "p95_ms", float(np.quantile(late, 0.95)), goal="<= 10"),
            Row("ours/50rps", "p99_ms", float(np.quantile(late, 0.99))),
            Row("ours", "proportional_mib", proportional_mib(family(ours.pid)), goal="<= 450"),
        ]
    print(table(("case", "metric", "value", "goal", "met"), [[r.case, r.metric, r.value, r.goal, r.met] for r in rows]))  # fmt: skip
    print(write(root / "benchmarks" / "results", "inference", rows, time.process_time() - started))


def measured(targets: dict[str, Target]) -> list[Row]:
    """Return the figures of all three at one and at a thousand rows.

    Parameters
    ----------
    targets : dict of str to Target
        "ours" and the others.
    """
    found: list[Row] = []
    for count in (1, MANY):
        seen = asyncio.run(rounds(targets, ROUNDS, ONE if count == 1 else 24, 16 if count == 1 else 2, count))
        for name, turns in seen.items():
            case = f"{name}/{count}"
            times = np.concatenate([turn.milliseconds for turn in turns])
            found += [Row(case, f"p{q}_ms", float(np.percentile(times, q))) for q in (50, 95, 99)]
            found.append(Row(case, "rps", float(np.median([turn.rps for turn in turns]))))
        for other in targets:
            if other == "ours":
                continue
            pairs = list(zip(seen["ours"], seen[other], strict=True))
            speed = np.exp(np.mean([np.log(mine.rps / theirs.rps) for mine, theirs in pairs]))
            found.append(Row(f"ours/{count}", f"ratio_to_{other}", float(speed), goal=GOALS[other, count]))
            if other == "fastapi":
                tails = [
                    np.percentile(m.milliseconds, 99) / np.percentile(t.milliseconds, 99) for m, t in pairs
                ]
                found.append(
                    Row(
                        f"ours/{count}",
                        "p99_ratio_to_fastapi",
                        float(np.exp(np.mean(np.log(tails)))),
                        goal="<= 1.5",
                    )
                )
    return found


@contextmanager
def _ours(root: Path, folder: Path) -> Iterator[Served]:
    port, key = free_port(), "mk_" + secrets.token_urlsafe(32)
    environment = {
        **os.environ, "MANDI_BOOTSTRAP_KEY": key, "MANDI_DATA_FOLDER": str(folder / "records"), "OMP_NUM_THREADS": "1",
        "POSTGRESQL_URL": f"sqlite:///{folder}/service.db",
    }  # fmt: skip
    command = [sys.executable, "-m", "mandi.cli", "serve", "--port", str(port)]
    example = _example(root)
    bodies = {1: _json(example), MANY: _json({"rows": [example] * MANY})}
    with _up("ours", command, root, environment, folder, port, "/readyz", key) as (pid, ready_s):
        yield Served(Target("ours", port, "/api/v1/price/predict", bodies, key), pid, ready_s)


@contextmanager
def _fastapi(root: Path, folder: Path) -> Iterator[Served]:
    port = free_port()
    environment = {**os.environ, "MANDI_ROOT": str(root), "OMP_NUM_THREADS": "1"}
    command = [
        sys.executable, "-m", "uvicorn", "benchmarks.inference_app:app", "--factory", "--port", str(port), "--no-access-log",
        "--log-level", "warning",
    ]  # fmt: skip
    example = _example(root)
    bodies = {1: _json({"rows": [example]}), MANY: _json({"rows": [example] * MANY})}
    with _up("fastapi", command, root, environment, folder, port, "/ready", "none") as (pid, ready_s):
        yield Served(Target("fastapi", port, "/price", bodies, "none"), pid, ready_s)


@contextmanager
def _mlflow(root: Path, folder: Path) -> Iterator[Served]:
    port, place = free_port(), registered(root)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MLFLOW_DISABLE_TELEMETRY": "true"}
    command = [
        sys.executable, "-m", "mlflow", "models", "serve", "-m", str(place), "--env-manager", "local", "-h", "127.0.0.1", "-p", str(port),
        "--workers", "1",
    ]  # fmt: skip
    bodies = {count: _json({"dataframe_split": split_of(root, place, count)}) for count in (1, MANY)}
    with _up("mlflow", command, root, environment, folder, port, "/ping", "none") as (pid, ready_s):
        yield Served(Target("mlflow", port, "/invocations", bodies, "none"), pid, ready_s)


@contextmanager
def _up(
    name: str,
    command: list[str],
    root: Path,
    environment: dict[str, str],
    folder: Path,
    port: int,
    path: str,
    key: str,
) -> Iterator[tuple[int, float]]:
    begun = time.monotonic()
    with running(command, root, environment, folder / f"{name}.log") as process:
        wait_until_there(f"http://127.0.0.1:{port}{path}", process, key)
        yield process.pid, time.monotonic() - begun


def registered(root: Path) -> Path:
    """Return the folder of the champion as MLflow keeps it."""
    from mandi.registry.connection import connect
    from mandi.registry.versions import champion

    found = champion(MODEL, root=root)
    if found is None:
        raise DataNotFound(f"{MODEL} has no champion", next_command="make repro")
    return connect(root).local(found.location)


def split_of(root: Path, place: Path, count: int) -> dict[str, Any]:
    """Return ``count`` rows of built features of lots, as MLflow's server wants them."""
    import pandas as pd

    from mandi.core.config import load_params
    from mandi.models import new_model
    from mandi.registry.pyfunc_model import as_input

    spec = new_model(MODEL, load_params(root / "params.yaml")).spec
    frame = pd.read_parquet(Paths(root).features(MODEL) / "frame.parquet")
    lots = frame[frame["kind"] == "lot"] if "kind" in frame else frame
    given = as_input(lots.tail(1), spec)
    told: dict[str, Any] = json.loads(
        given.loc[given.index.repeat(count)].reset_index(drop=True).to_json(orient="split", date_format="iso")
    )
    return {name: told[name] for name in ("columns", "data")}


def _example(root: Path) -> dict[str, Any]:
    manifest = json.loads((Paths(root).champions / "manifest.json").read_text(encoding="utf-8"))
    example: dict[str, Any] = manifest["models"][MODEL]["example"]
    return example


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


if __name__ == "__main__":
    main()
