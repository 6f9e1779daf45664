"""DVC stages: each reads frames, calls the package and writes frames. Run them from the project's root."""

from __future__ import annotations

import fcntl
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mandi.core.config import load_params
from mandi.core.errors import MandiError
from mandi.core.paths import Paths, project_root
from mandi.core.storage import told_when_unwritable
from mandi.core.whole import written_whole


def project() -> tuple[Paths, dict[str, Any]]:
    """Return where things are and what params.yaml says."""
    paths = Paths(project_root())
    return paths, load_params(paths.params)


def stage(main: Callable[..., None]) -> None:
    """Run a stage with the arguments of the command line; an expected error is told plainly and ends it."""
    if "DVC_STAGE" in os.environ:
        # DVC runs a queued experiment in a copy of the project: a root named in the shell would send its outputs to the project itself
        os.environ["MANDI_ROOT"] = str(Path.cwd())
    try:
        with told_when_unwritable(), alone(project_root(), _own_name()):
            main(*sys.argv[1:])
    except MandiError as error:
        sys.exit(f"{error.headline}\n{error}")


@contextmanager
def alone(root: Path, name: str) -> Iterator[None]:
    """Wait until no other process runs a stage, and keep others waiting.

    A run that is killed may leave the process of its stage behind, still writing; the next run starts the stage anew and must not
    write beside it.

    Parameters
    ----------
    root : Path
        The project; where DVC has no folder, nobody waits.
    name : str
        Of the stage with its arguments.
    """
    folder = root / ".dvc" / "tmp"
    if not folder.is_dir():
        yield
        return
    with (folder / f"stage-{name}.lock").open("a+") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held.seek(0)
            pid = held.read().strip() or "another one"
            print(f"waiting for process {pid}, which a run that was killed left in this stage", flush=True)
            fcntl.flock(held, fcntl.LOCK_EX)
        held.truncate(0)
        held.write(f"{os.getpid()}\n")
        held.flush()
        yield


def _own_name() -> str:
    spec = sys.modules["__main__"].__spec__
    own = spec.name.removeprefix("pipelines.") if spec is not None else Path(sys.argv[0]).stem
    return "-".join(re.sub(r"\W", "_", word) for word in [own, *sys.argv[1:]])


def write_json(path: Path, content: Any, *, sort: bool = True) -> None:
    """Write indented JSON that ends with a newline, whole, making its folder; names sorted, or in the order they come."""
    text = json.dumps(content, indent=2, sort_keys=sort, allow_nan=False) + "\n"
    with written_whole(path) as beside:
        beside.write_text(text, encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def skipped(paths: Paths, model: str) -> str:
    """Return why a model is not trained, or an empty string: a table is missing, or there was too little to learn from."""
    for told in (paths.features(model) / "about.json", paths.model(model) / "skipped.json"):
        if told.is_file() and (reason := read_json(told).get("skipped", "")):
            return str(reason)
    return ""


def read_truth(paths: Paths) -> dict[str, Any]:
    """Return the truth of the generated market; for any other source it holds no frames."""
    import pandas as pd

    truth: dict[str, Any] = read_json(paths.truth / "truth.json")
    return {**truth, "frames": {p.stem: pd.read_parquet(p) for p in sorted(paths.truth.glob("*.parquet"))}}
