"""Reads the service folder: champion models, their dated history and a manifest, every file checked by its hash."""

from __future__ import annotations

import hashlib
import json
import logging
import math
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mandi.core.config import build
from mandi.core.errors import ContractError, DataNotFound, MandiError
from mandi.features import feature_set
from mandi.models import model_class

if TYPE_CHECKING:
    from pandas import DataFrame, Timestamp

    from mandi.features.base import Features
    from mandi.models.base import Model

LOG = logging.getLogger("mandi.serving")
MANIFEST = "manifest.json"
HISTORY = "history"
FEATURE_PARAMS = "params.json"
MAKE_IT = "mandi repro"
PLAIN = re.compile(r"\w[\w-]*")
ENTRY_KEYS = ("version", "snapshot_time", "folder", "files")


@dataclass(frozen=True)
class ServingParams:
    """Limits of the service.

    Attributes
    ----------
    max_rows : int
        Rows in one request.
    max_body_kib : int
        Size of a request's body, KiB.
    max_history_age_days : float
        Days from the moment the history (of the market asked about) is known to the moment of the question;
        an older one is refused.
    """

    max_rows: int = 1000
    max_body_kib: int = 2048
    max_history_age_days: float = 10.0


@dataclass(frozen=True)
class Champion:
    """A model as it is served, with the history that completes a question.

    Attributes
    ----------
    version : str
        Version in the registry.
    known_until : Timestamp
        UTC moment up to which the history is known.
    metrics : mapping of str to float
        Measured on the test part, named as in evaluation: ``lot.coverage95``, ``market.1.coverage95``.
    """

    name: str
    version: str
    run_id: str
    content_hash: str
    known_until: Timestamp
    metrics: Mapping[str, float]
    model: Model
    features: Features
    history: Mapping[str, DataFrame]


@dataclass(frozen=True)
class ServiceFolder:
    """What was read: champions by model name, why others cannot be served, the limits, and where the tables came from."""

    champions: Mapping[str, Champion]
    refused: Mapping[str, MandiError]
    limits: ServingParams
    created: str
    source: str
    manifest: Mapping[str, Any] = field(repr=False)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of a service folder.

    Raises
    ------
    DataNotFound
        No folder, no manifest, or no model in it.
    ContractError
        The manifest is damaged: not JSON, a part of it is missing, or a folder it names lies elsewhere.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise DataNotFound(f"no champion to serve: {folder.name} has no {MANIFEST}", next_command=MAKE_IT)
    manifest = _json_object(path)
    if not manifest.get("models"):
        raise DataNotFound(f"no champion to serve: {MANIFEST} lists no model", next_command=MAKE_IT)
    _require(manifest, ("created", "source"), MANIFEST)
    models = manifest["models"]
    if not isinstance(models, dict):
        raise _damaged(f"models of {MANIFEST} is a {type(models).__name__}")
    for name, entry in models.items():
        _require(entry, ENTRY_KEYS, f"the entry of {name} in {MANIFEST}")
        if not PLAIN.fullmatch(str(entry["folder"])):
            raise _damaged(f"the folder of {name} in {MANIFEST} is not a plain name")
    return manifest


def read_service_folder(folder: Path, only: str | None = None) -> ServiceFolder:
    """Load the champions of a service folder; one that cannot be loaded does not take the others down.

    Parameters
    ----------
    folder : Path
        What ``package.write_service_folder`` wrote.
    only : str, optional
        The one model to load.

    Raises
    ------
    DataNotFound
        No champion, or of none that can be loaded a file is missing.
    ContractError
        No champion can be loaded: a file is not the one the manifest was written for, or cannot be used.
    """
    manifest = read_manifest(folder)
    champions: dict[str, Champion] = {}
    refused: dict[str, MandiError] = {}
    for name, entry in manifest["models"].items():
        if only not in (None, name):
            continue
        try:
            champions[name] = _champion(folder, name, entry)
        except MandiError as error:
            LOG.error("%s is not served: %s", name, error.message)
            refused[name] = error
    if refused and not champions:
        raise next(iter(refused.values()))
    limits = build(ServingParams, manifest.get("limits", {}), "serving")
    return ServiceFolder(champions, refused, limits, manifest["created"], manifest["source"], manifest)


def file_hashes(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file below a folder, by its relative path.

    Parameters
    ----------
    folder : Path
    """
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def _champion(folder: Path, name: str, entry: Mapping[str, Any]) -> Champion:
    home = folder / str(entry["folder"])
    check_files(home, name, entry["files"])
    params = _json_object(home / FEATURE_PARAMS)
    try:
        return _loaded(home, name, entry, params)
    except (
        Exception
    ) as error:  # whatever is said of a file that cannot be read may name its place on this machine
        LOG.exception("the champion of %s cannot be loaded", name)
        raise _damaged(f"the champion of {name} cannot be loaded ({type(error).__name__})") from error


def _loaded(home: Path, name: str, entry: Mapping[str, Any], params: Mapping[str, Any]) -> Champion:
    import pandas as pd

    history = {p.stem: _read(p) for p in sorted((home / HISTORY).glob("*.parquet"))}
    return Champion(
        name=name,
        version=str(entry["version"]),
        run_id=str(entry.get("run_id", "")),
        content_hash=str(entry.get("content_hash", "")),
        known_until=pd.Timestamp(entry["snapshot_time"]).tz_convert("UTC"),
        metrics={
            k: float(v)
            for k, v in entry.get("metrics", {}).items()
            if v is not None and math.isfinite(float(v))
        },
        model=model_class(name).load(home),
        features=feature_set(name, params),
        history=history,
    )


def _json_object(path: Path) -> dict[str, Any]:
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        LOG.error("%s cannot be read: %s", path, error)
        raise _damaged(f"{path.name} cannot be read ({type(error).__name__})") from None
    if not isinstance(read, dict):
        raise _damaged(f"{path.name} holds a {type(read).__name__}")
    return read


def _require(given: Any, keys: Sequence[str], what: str) -> None:
    if not isinstance(given, dict):
        raise _damaged(f"{what} is a {type(given).__name__}")
    if absent := [k for k in keys if k not in given]:
        raise _damaged(f"{what} lacks {', '.join(absent)}")


def _damaged(what: str) -> ContractError:
    return ContractError(
        f"the service folder is damaged: {what}",
        allowed="files as the package stage wrote them",
        next_command=MAKE_IT,
    )


def _read(path: Path) -> DataFrame:
    import pyarrow.parquet as pq

    frame: DataFrame = pq.read_table(path).to_pandas()
    return frame


def check_files(home: Path, name: str, expected: Mapping[str, str], make_it: str = MAKE_IT) -> None:
    """Refuse a folder whose files are not those of a manifest.

    Parameters
    ----------
    home : Path
    name : str
        Of what is in it.
    expected : mapping of str to str
        As ``file_hashes``.
    make_it : str
        Command that writes the folder anew.

    Raises
    ------
    DataNotFound
        A file is missing.
    ContractError
        There are no files to expect, one has changed, or one came later.
    """
    _require(expected, (), f"the list of files of {name}")
    if not expected:
        raise _damaged(f"the list of files of {name} is empty")
    found = file_hashes(home) if home.is_dir() else {}
    missing = sorted(set(expected) - set(found))
    if missing:
        raise DataNotFound(f"the champion of {name} lacks {', '.join(missing[:3])}", next_command=make_it)
    changed = sorted(p for p, digest in expected.items() if found[p] != digest)
    added = sorted(set(found) - set(expected))
    if changed or added:
        told = f"{', '.join(changed[:3])} changed" if changed else f"{', '.join(added[:3])} came later"
        raise ContractError(
            f"the champion of {name} is not the one packaged: {told}",
            allowed="files as the package stage wrote them",
            next_command=make_it,
        )


def swap(staged: Path, destination: Path) -> None:
    """Move a folder to its place in one step; what was there is gone, or is there again when that fails.

    Parameters
    ----------
    staged, destination : Path
        On one file system.
    """
    if not destination.exists():
        staged.rename(destination)
        return
    old = destination.with_name(f".{destination.name}-old-{os.getpid()}")
    destination.rename(old)
    try:
        staged.rename(destination)
    except OSError:
        old.rename(destination)
        raise
    shutil.rmtree(old)
