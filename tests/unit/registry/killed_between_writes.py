"""Registers, judges and promotes in processes that are killed before their first, second, ... write; then does it again undisturbed.

``python killed_between_writes.py FOLDER``: FOLDER holds an empty registry (mlflow.db) and params.yaml. One line of JSON comes out for every
kill: how far it came, and what the registry held after the second try.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from registry_toy import ToyModel

from mandi.evaluation.gate import GateRule, Threshold, judge
from mandi.models import MODELS
from mandi.registry import promotion
from mandi.registry.connection import connect
from mandi.registry.tracking import start_run

RULE = GateRule(thresholds=(Threshold("lot.mae", at_most=50.0),), name="generated")
# what a run, a version or a champion is; the parameters, metrics and tags of a run are only its description
WRITES = re.compile(r"\s*(INSERT INTO|UPDATE|DELETE FROM) (runs|registered_model\w*|model_version\w*)\b")


def turn(root: Path, premium: float) -> None:
    """Do what the stage ``register`` does with the registry."""
    folder = root / f"model-{premium}"
    folder.mkdir(exist_ok=True)
    ToyModel(premium).save(folder)
    metrics = {"lot.mae": 41.0, "lot.r2": 0.9}
    with start_run("toy", "pipeline", {"premium": premium}, root=root) as run:
        run.log_metrics(metrics)
        receipt = promotion.register("toy", folder, ToyModel.spec, metrics, source="generated", run=run)
    against = promotion.champion("toy", root=root)
    verdict = judge(metrics, None, RULE, task="toy")
    promotion.settle("toy", receipt.version, verdict, against=against.version if against else 0, root=root)


def die_before_write(number: int) -> None:
    """Kill this process before its ``number``-th write: a statement that changes rows, or once files were copied."""
    import sqlalchemy as sa
    from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

    left = [number]

    def count() -> None:
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)

    def statement(connection: Any, cursor: Any, text: str, *rest: Any) -> None:
        if WRITES.match(text):
            count()

    sa.event.listen(sa.Engine, "before_cursor_execute", statement)
    copied = LocalArtifactRepository.log_artifacts

    def halfway(self: Any, local_dir: str, artifact_path: str | None = None) -> None:
        copied(self, local_dir, artifact_path)
        count()

    LocalArtifactRepository.log_artifacts = halfway


def state(root: Path) -> dict[str, Any]:
    """Return what two registries are compared by: nothing of the clock, of ids or of places."""
    connection = connect(root)
    client = connection.client
    model = client.get_registered_model("toy")
    runs = client.search_runs([connection.experiment("toy")])
    versions = sorted(client.search_model_versions("name = 'toy'"), key=lambda v: int(v.version))
    return {
        "aliases": {name: int(version) for name, version in sorted(model.aliases.items())},
        "line": model.tags["champions"],
        "versions": [
            [int(v.version), v.status, {k: v.tags[k] for k in sorted(v.tags) if k != "lineage"}, v.run_id in {r.info.run_id for r in runs}]
            for v in versions
        ],
        "loads": [promotion.load("toy", int(v.version), root=root).premium["soybean"] for v in versions],
        "running": sum(run.info.status == "RUNNING" for run in runs),
    }  # fmt: skip


def forked(work: Callable[[], None]) -> int:
    """Do work in a process of its own and return how it ended: 0, or minus the signal that killed it."""
    child = os.fork()
    if not child:
        try:
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main(root: Path) -> None:
    import mlflow.tracking._tracking_service  # noqa: F401  # once, before the first fork

    MODELS["toy"] = "registry_toy:ToyModel"  # here, since whoever imports this file would share it

    place, before = root / "project", root / "before"
    place.mkdir()
    for name in ("params.yaml", "mlflow.db"):
        shutil.copy(root / name, place)
    assert forked(lambda: turn(place, 1.0)) == 0
    shutil.copytree(place, before)

    def attempt(number: int) -> None:
        if number:
            die_before_write(number)
        turn(place, 1.1)

    def afterwards(number: int, died: bool) -> None:
        if died:
            turn(place, 1.1)
        sys.stdout.write(json.dumps({"number": number, "state": state(place)}) + "\n")
        sys.stdout.flush()

    for number in range(1000):
        shutil.rmtree(place)
        shutil.copytree(before, place)
        ended = forked(lambda number=number: attempt(number))  # type: ignore[misc]
        if number and not ended:  # it had fewer writes than that
            return
        assert ended == (-signal.SIGKILL if number else 0)
        assert forked(lambda number=number, ended=ended: afterwards(number, bool(ended))) == 0  # type: ignore[misc]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
