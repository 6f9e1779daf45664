"""Gives the command ``mandi search slope --trials 7 --write`` in processes that are killed, and gives it again undisturbed.

``python killed_search.py FOLDER``: FOLDER is a project whose one model is ``slope``. A line of JSON comes out for a search that nobody
killed and one for every moment of ``MOMENTS``: what the project held when the process was killed, and after the second command.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import slope

from mandi.core.config import load_params
from mandi.models import MODELS
from mandi.tuning.spaces import SPACES

# when a search is killed: a table that is about to be made, or the function that is called and for which time
MOMENTS: dict[str, tuple[str, int]] = {
    "the study's tables are half made": ("table trials", 1),
    "in the first trial": ("slope:SlopeModel.fit", 2),
    "in a later trial": ("slope:SlopeModel.fit", 8),
    "the run of a trial is half kept": ("mandi.registry.tracking:Run.log_metrics", 7),
    "the last trial has ended and is no run yet": ("mandi.tuning.tracked:Kept.__call__", 7),
    "in the confirmation": ("mandi.tuning.confirm:_asked", 3),
    "the confirmation is half kept": ("mandi.tuning.tracked:isfinite", 4),
    "between the two files that are written": ("pathlib:Path.replace", 2),
}
# what every process would import anew: once, before the first fork
ONCE = (
    "mandi.cli", "mandi.tuning.command", "mandi.tuning.tracked", "optuna.samplers", "optuna.pruners", "optuna.storages._rdb.storage",
    "alembic.script", "mlflow.store.tracking.sqlalchemy_store", "mlflow.store.model_registry.sqlalchemy_store",
    "mlflow.tracking.client", "pyarrow.dataset", "pyarrow.parquet", "scipy.stats",
)  # fmt: skip
COMMAND = ["search", "slope", "--trials", "7", "--write"]


def search() -> None:
    """Give the command; what it says is printed."""
    from mandi.cli import app

    app(COMMAND, standalone_mode=False)


def stand_still_at(moment: str, number: int, standing: Callable[[], None]) -> None:
    """Call ``standing`` before a table is made or a function is called for the ``number``-th time."""
    left = [number]

    def count() -> None:
        left[0] -= 1
        if not left[0]:
            standing()

    if moment.startswith("table "):
        import sqlalchemy as sa

        def statement(connection: Any, cursor: Any, text: str, *rest: Any) -> None:
            if text.split()[:3] == ["CREATE", "TABLE", moment.split()[1]]:
                count()

        sa.event.listen(sa.Engine, "before_cursor_execute", statement)
        return
    module, _, path = moment.partition(":")
    *owners, name = path.split(".")
    owner: Any = importlib.import_module(module)
    for part in owners:
        owner = getattr(owner, part)
    real = getattr(owner, name)

    def counted(*args: Any, **settings: Any) -> Any:
        count()
        return real(*args, **settings)

    setattr(owner, name, counted)


def killed(moment: str, number: int) -> int:
    """Start the command in a process of its own and kill it with SIGKILL at a moment; 0 where it ended before."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(read)

        def standing() -> None:
            os.write(write, b"!")
            time.sleep(3600)

        _as_a_process(lambda: stand_still_at(moment, number, standing), search)
    os.close(write)
    stands = os.read(read, 1) == b"!"
    os.close(read)
    if stands:
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _as_a_process(*work: Callable[[], None]) -> None:
    try:
        with redirect_stdout(io.StringIO()):
            for one in work:
                one()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def told(work: Callable[[], Any]) -> Any:
    """Do work in a process of its own and return what it gives back."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(read)

        def answered() -> None:
            answer = json.dumps(work()).encode()
            with os.fdopen(write, "wb") as out:
                out.write(answer)

        _as_a_process(answered)
    os.close(write)
    with os.fdopen(read, "rb") as answers:
        answer = answers.read()
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert not ended, f"it ended with {ended}"
    return json.loads(answer)


def said() -> list[str]:
    """Give the command and return what it says of what it found, without the lines of trials."""
    with redirect_stdout(io.StringIO()) as out:
        search()
    return out.getvalue().partition("\nslope:")[2].splitlines()


def state(root: Path) -> dict[str, Any]:
    """Return what two searches are compared by: nothing of the clock, of ids or of places."""
    import optuna

    from mandi.registry.connection import connect

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    database = root / "artifacts" / "tuning" / "studies.db"
    storage = f"sqlite:///{database}"
    trials, attributes = [], {}
    for name in optuna.get_all_study_names(storage) if database.is_file() else []:
        study = optuna.load_study(study_name=name, storage=storage)
        attributes[name] = study.user_attrs
        trials += [
            [
                t.user_attrs.get("place"), t.state.name, t.params, t.value, t.user_attrs.get("losses"),
                sorted(t.intermediate_values.items()),
            ]
            for t in study.get_trials()
        ]  # fmt: skip
    connection = connect(root)
    runs = connection.client.search_runs([connection.experiment("slope-search")])
    kept = [run for run in runs if run.data.tags["kind"] == "trial"]
    searches = [run for run in runs if run.data.tags["kind"] == "search"]
    last = max(searches, key=lambda run: run.info.start_time, default=None)
    return {
        "studies": attributes,
        "trials": [trial for trial in trials if trial[1] in ("COMPLETE", "PRUNED")],
        "open trials": [trial for trial in trials if trial[1] in ("RUNNING", "WAITING")],
        "runs": sorted((
            [int(run.info.run_name.split()[1]), run.info.status, run.data.params, run.data.tags["state"],
             {name: value for name, value in sorted(run.data.metrics.items()) if name != "seconds"}]
            for run in kept
        ), key=lambda run: run[:2]),
        "below a search": all(run.data.tags["mlflow.parentRunId"] in {s.info.run_id for s in searches} for run in kept),
        "searches": sorted(run.info.status for run in searches),
        "last search": [] if last is None else [last.info.run_name, last.data.metrics, last.data.params],
        "written": [(root / name).read_text(encoding="utf-8") if (root / name).is_file() else "" for name in ("params.yaml", "tuned.yaml")],
        "beside": sorted(p.name for p in root.rglob(".*.part-*")),
    }  # fmt: skip


def main(root: Path) -> None:
    for name in ONCE:
        importlib.import_module(name)
    from mandi.registry.connection import connect

    MODELS["slope"], SPACES["slope"] = "slope:SlopeModel", slope.SPACE
    project = root.with_name(f"{root.name}-searched")
    os.environ["MANDI_ROOT"] = str(project)
    told(lambda: connect(root).uri)  # the registry is made once, for all of them
    for moment, (where, number) in {"": ("", 0), **MOMENTS}.items():
        shutil.rmtree(project, ignore_errors=True)
        shutil.copytree(root, project)
        line: dict[str, Any] = {"moment": moment}
        if moment:
            line["ended"] = killed(where, number)
            line["left"] = told(lambda: state(project))
        line["said"], line["state"] = told(lambda: [said(), state(project)])
        assert load_params(project / "params.yaml")
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
