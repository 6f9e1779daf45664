"""Writes the folder the service loads, and builds the Bento that carries it."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from mandi.core.config import section
from mandi.core.errors import ContractError, DataNotFound
from mandi.core.paths import Paths
from mandi.serving.desk import Desk
from mandi.serving.packaged_student import STUDENT
from mandi.serving.rollouts.challengers import CHALLENGERS
from mandi.serving.snapshot import (
    FEATURE_PARAMS,
    HISTORY,
    MAKE_IT,
    MANIFEST,
    ServingParams,
    file_hashes,
    read_manifest,
    swap,
)

if TYPE_CHECKING:
    from pandas import DataFrame

BENTO_HOME = ".bentoml"


def write_service_folder(
    destination: Path,
    name: str,
    model_folder: Path,
    snapshot: Mapping[str, DataFrame],
    manifest_entry: Mapping[str, Any],
    *,
    params: Mapping[str, Any],
    source: str = "generated",
    limits: ServingParams | None = None,
    created: datetime | None = None,
) -> dict[str, Any]:
    """Put one champion and its history into the service folder; other models in it stay.

    The folder is written beside its place, opened and asked a question there, and moved to its place at the end:
    what cannot answer is never served, and a failure leaves the old folder as it was.

    Parameters
    ----------
    destination : Path
        The service folder.
    name : str
        Name of the model.
    model_folder : Path
        What ``Model.save`` wrote.
    snapshot : mapping of str to DataFrame
        ``mandi.features.base.snapshot`` of the history of the model's features.
    manifest_entry : mapping
        ``version``, ``run_id``, ``content_hash``, ``snapshot_time`` (UTC, until when the history is known) and
        ``metrics`` (flat, as evaluated: coverage of the test part among them).
    params : mapping
        All of params.yaml as the model was trained with; the section of the model is kept, to build its features.
    source : str
        ``tables.source`` behind it.
    limits : ServingParams, optional
    created : datetime, optional
        Now if not given.

    Returns
    -------
    dict
        The manifest as written.

    Raises
    ------
    DataNotFound
        No model at ``model_folder``.
    ContractError
        The entry lacks a key, the model wrote a file under a name kept for the history, or its counter finds the
        answer to its own example absurd.
    """
    import pandas as pd

    model_folder, destination = Path(model_folder), Path(destination)
    if not model_folder.is_dir() or not any(model_folder.iterdir()):
        raise DataNotFound(f"no fitted model at {model_folder}", next_command="mandi repro")
    wanted = ("version", "snapshot_time", "metrics")
    if absent := [k for k in wanted if k not in manifest_entry]:
        raise ContractError(
            f"the manifest entry of {name} lacks {', '.join(absent)}", allowed=", ".join(wanted)
        )
    for kept in (HISTORY, FEATURE_PARAMS):
        if (model_folder / kept).exists():
            raise ContractError(f'the model of {name} wrote "{kept}"', allowed="any other name")

    destination.parent.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=f".{destination.name}-", dir=destination.parent))
    try:
        models = _copy_others(destination, staged, name)
        home = staged / name
        shutil.copytree(model_folder, home)
        (home / HISTORY).mkdir()
        for table, frame in snapshot.items():
            frame.to_parquet(home / HISTORY / f"{table}.parquet", index=False)
        kept_params = {"models": {name: section(params, f"models.{name}")}}
        (home / FEATURE_PARAMS).write_text(json.dumps(kept_params, indent=1), encoding="utf-8")
        until = pd.Timestamp(manifest_entry["snapshot_time"])
        entry = {
            **manifest_entry,
            "folder": name,
            "snapshot_time": until.isoformat(),
            "files": file_hashes(home),
        }
        manifest: dict[str, Any] = {
            "created": (created or datetime.now(UTC)).isoformat(timespec="seconds"),
            "source": source,
            "limits": dataclasses.asdict(limits or ServingParams()),
            "models": {**models, name: entry},
        }
        if (challengers := destination / CHALLENGERS).is_dir():
            shutil.copytree(challengers, staged / CHALLENGERS)
        if (student := _copied_student(destination, staged)) is not None:
            manifest[STUDENT] = student
        (staged / MANIFEST).write_text(json.dumps(manifest, default=str), encoding="utf-8")
        entry["example"] = _answered_example(staged, name)
        text = json.dumps(manifest, indent=1, default=str)
        (staged / MANIFEST).write_text(text, encoding="utf-8")
        staged.chmod(0o755)
        swap(staged, destination)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    written: dict[str, Any] = json.loads(text)
    return written


def build_bento(root: Path, *, version: str | None = None) -> str:
    """Build a Bento from ``bentofile.yaml``: the package, the service folder and the pinned requirements.

    Parameters
    ----------
    root : Path
        The project. The Bento is kept below its ``.bentoml`` folder.
    version : str, optional
        Version of the Bento; BentoML makes one if not given.

    Returns
    -------
    str
        Tag of the Bento, for ``bentoml serve`` and ``bentoml containerize``.

    Raises
    ------
    DataNotFound
        Nothing to serve yet.
    ContractError
        BentoML refused; its last words are in the message.
    """
    read_manifest(Paths(root).champions)
    command = [sys.executable, "-m", "bentoml", "build", "--output", "tag"]
    if version:
        command += ["--version", version]
    with tempfile.TemporaryDirectory(prefix="mandi-bento-") as folder:
        stage = Path(folder)
        _stage(root, stage)
        done = subprocess.run(
            [*command, str(stage)], cwd=stage, env=bento_environment(root), text=True, capture_output=True
        )
    if done.returncode:
        raise ContractError(f"the Bento was not built: {(done.stderr or done.stdout).strip()[-800:]}")
    return done.stdout.strip().splitlines()[-1].removeprefix("__tag__:")


def bento_environment(root: Path) -> dict[str, str]:
    """Return the environment BentoML runs in: its store inside the project, no usage reports.

    Parameters
    ----------
    root : Path
        The project.
    """
    home = Path(os.environ.get("BENTOML_HOME") or root / BENTO_HOME)
    home.mkdir(parents=True, exist_ok=True)
    return {**os.environ, "BENTOML_HOME": str(home), "BENTOML_DO_NOT_TRACK": "True"}


def _stage(root: Path, stage: Path) -> None:
    # BentoML walks its whole build context, a virtual environment of 100,000 files included
    shutil.copy(root / "bentofile.yaml", stage)
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(root / "src" / "mandi", stage / "src" / "mandi", ignore=ignore)
    champions = Paths(root).champions
    shutil.copytree(champions, stage / champions.relative_to(root))


def _answered_example(staged: Path, name: str) -> dict[str, Any] | None:
    counter = Desk.open(staged, only=name).counters.get(name)
    if counter is None:
        return None
    example: dict[str, Any] | None = counter.about().get("example")
    if example is not None:
        try:
            (answer,) = counter.answer([counter.row.model_validate(example)], datetime.now(UTC), True)
        except ValidationError as error:  # a number that is not finite
            raise ContractError(
                f"the example of {name} is not answered: {error}", next_command=MAKE_IT
            ) from None
        counter.check(answer)
    return example


def _copy_others(destination: Path, staged: Path, name: str) -> dict[str, Any]:
    if not (destination / MANIFEST).is_file():
        return {}
    others = {k: v for k, v in read_manifest(destination)["models"].items() if k != name}
    homes = [entry["folder"] for entry in others.values() if (destination / entry["folder"]).is_dir()]
    for home in homes:  # one that is lost is told when it is served
        shutil.copytree(destination / home, staged / home)
    return others


def _copied_student(destination: Path, staged: Path) -> dict[str, Any] | None:
    if not (destination / MANIFEST).is_file() or not (destination / STUDENT).is_dir():
        return None
    entry: dict[str, Any] | None = read_manifest(destination).get(STUDENT)
    if entry is not None:
        shutil.copytree(destination / STUDENT, staged / STUDENT)
    return entry
