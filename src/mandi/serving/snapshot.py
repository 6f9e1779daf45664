"""Reads the service folder: champion models, their dated history and a manifest, every file checked by its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mandi.core.config import build
from mandi.core.errors import ContractError, DataNotFound
from mandi.features import feature_set
from mandi.models import model_class

if TYPE_CHECKING:
    from pandas import DataFrame, Timestamp

    from mandi.features.base import Features
    from mandi.models.base import Model

MANIFEST = "manifest.json"
HISTORY = "history"
FEATURE_PARAMS = "params.json"
MAKE_IT = "mandi repro"


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
    """What was read: champions by model name, the limits, and where the tables came from."""

    champions: Mapping[str, Champion]
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
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise DataNotFound(f"no champion to serve: {folder.name} has no {MANIFEST}", next_command=MAKE_IT)
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if not manifest.get("models"):
        raise DataNotFound(f"no champion to serve: {MANIFEST} lists no model", next_command=MAKE_IT)
    return manifest


def read_service_folder(folder: Path) -> ServiceFolder:
    """Load every champion of a service folder.

    Parameters
    ----------
    folder : Path
        What ``package.write_service_folder`` wrote.

    Raises
    ------
    DataNotFound
        No champion, or a file of one is missing.
    ContractError
        A file is not the one the manifest was written for.
    """
    manifest = read_manifest(folder)
    champions = {name: _champion(folder, name, entry) for name, entry in manifest["models"].items()}
    limits = build(ServingParams, manifest.get("limits", {}), "serving")
    return ServiceFolder(champions, limits, manifest["created"], manifest["source"], manifest)


def file_hashes(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file below a folder, by its relative path.

    Parameters
    ----------
    folder : Path
    """
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def _champion(folder: Path, name: str, entry: Mapping[str, Any]) -> Champion:
    import pandas as pd

    home = folder / entry["folder"]
    _check(home, name, entry["files"])
    history = {p.stem: _read(p) for p in sorted((home / HISTORY).glob("*.parquet"))}
    params = json.loads((home / FEATURE_PARAMS).read_text(encoding="utf-8"))
    return Champion(
        name=name,
        version=str(entry["version"]),
        run_id=str(entry.get("run_id", "")),
        content_hash=str(entry.get("content_hash", "")),
        known_until=pd.Timestamp(entry["snapshot_time"]).tz_convert("UTC"),
        metrics={k: float(v) for k, v in entry.get("metrics", {}).items() if v is not None},
        model=model_class(name).load(home),
        features=feature_set(name, params),
        history=history,
    )


def _read(path: Path) -> DataFrame:
    import pyarrow.parquet as pq

    frame: DataFrame = pq.read_table(path).to_pandas()
    return frame


def _check(home: Path, name: str, expected: Mapping[str, str]) -> None:
    found = file_hashes(home) if home.is_dir() else {}
    missing = sorted(set(expected) - set(found))
    if missing:
        raise DataNotFound(f"the champion of {name} lacks {', '.join(missing[:3])}", next_command=MAKE_IT)
    changed = sorted(p for p, digest in expected.items() if found[p] != digest)
    if changed:
        raise ContractError(
            f"the champion of {name} is not the one packaged: {', '.join(changed[:3])} changed",
            allowed="files as the package stage wrote them",
            next_command=MAKE_IT,
        )
