"""Finds registered versions of a model: by number or alias, as a table, as a loaded model, as files to serve."""

from __future__ import annotations

import html
import json
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from mandi.core.errors import ContractError, DataNotFound, nearest
from mandi.registry import pyfunc_model
from mandi.registry.connection import Connection, connect
from mandi.registry.lineage import folder_hash

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion
    from mlflow.pyfunc import PyFuncModel
    from pandas import DataFrame

CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous"
NOT_JUDGED = "not judged"
EXPORT_MANIFEST = "export.json"
Which = str | int
T = TypeVar("T")


@dataclass(frozen=True)
class Version:
    """One registered version of a model.

    Attributes
    ----------
    name, version : str, int
    aliases : tuple of str
        champion, challenger, previous.
    gate : str
        "passed", "failed" or "not judged".
    verdict : dict
        The gate's last verdict with every reason; empty when not judged.
    judged_against : int or None
        The champion's version at that time; 0 when there was none, None when not judged.
    metrics : dict of str to float
        As measured on the test part.
    content_hash : str
        Of the files ``Model.save`` wrote.
    source : str
        ``tables.source`` it was trained on.
    created : datetime
        UTC.
    """

    name: str
    version: int
    aliases: tuple[str, ...]
    gate: str
    content_hash: str
    source: str
    run_id: str
    created: datetime
    main_metric: str = ""
    note: str = ""
    judged_against: int | None = None
    rolled_back: str = ""
    verdict: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    lineage: dict[str, Any] = field(default_factory=dict)
    location: str = field(default="", repr=False)

    def __str__(self) -> str:
        known_as = f" ({', '.join(self.aliases)})" if self.aliases else ""
        return f"{self.name} v{self.version}{known_as}"

    def as_dict(self) -> dict[str, Any]:
        """Return plain data, as written beside an exported model."""
        return {
            "name": self.name,
            "version": self.version,
            "aliases": list(self.aliases),
            "gate": self.gate,
            "verdict": self.verdict,
            "content_hash": self.content_hash,
            "source": self.source,
            "run_id": self.run_id,
            "created": self.created.isoformat(timespec="seconds"),
            "note": self.note,
            "metrics": self.metrics,
            "lineage": self.lineage,
        }

    def _repr_html_(self) -> str:
        shown: dict[str, Any] = {
            "gate": self.gate,
            self.main_metric or "main metric": self.metrics.get(self.main_metric, "-"),
            "trained on": self.source,
            "created": self.created.isoformat(" ", "seconds"),
            "content": self.content_hash,
            "run": self.run_id,
            "note": self.note,
        }
        rows = "".join(
            f"<tr><td style='text-align:left'>{html.escape(k)}</td>"
            f"<td style='text-align:left'>{html.escape(f'{v:.4g}' if isinstance(v, float) else str(v))}</td></tr>"
            for k, v in shown.items()
            if v != ""
        )
        return f"<p><b>{html.escape(str(self))}</b></p><table><tbody>{rows}</tbody></table>"


def versions(name: str, *, root: Path | None = None) -> DataFrame:
    """Return every version of a model, newest first.

    Parameters
    ----------
    name : str
        The model.
    root : Path, optional
        The project; found from the current folder if not given.

    Returns
    -------
    DataFrame
        version, aliases, gate, the model's main metric under its own name, source, created (UTC), note, content_hash,
        run_id. Empty when nothing is registered.
    """
    import pandas as pd

    connection = connect(root)
    columns = ["version", "aliases", "gate", "source", "created", "note", "content_hash", "run_id"]
    rows = []
    for found in all_versions(connection, name):
        row = {key: getattr(found, key) for key in columns}
        row["aliases"] = ", ".join(found.aliases)
        if found.main_metric:
            row[found.main_metric] = found.metrics.get(found.main_metric)
        rows.append(row)
    if not rows:
        return pd.DataFrame(columns=columns)
    measured = [key for key in rows[0] | rows[-1] if key not in columns]
    return pd.DataFrame(rows)[[*columns[:3], *measured, *columns[3:]]]


def champion(name: str, *, root: Path | None = None) -> Version | None:
    """Return the version that is served, or None when there is none yet."""
    return aliased(connect(root), name, CHAMPION)


def challenger(name: str, *, root: Path | None = None) -> Version | None:
    """Return the version that would be the champion next, or None when there is none."""
    return aliased(connect(root), name, CHALLENGER)


def find(name: str, which: Which = CHAMPION, *, root: Path | None = None) -> Version:
    """Return one version.

    Parameters
    ----------
    which : str or int
        "champion", "challenger", "previous", or a version number (3, "3" or "v3").

    Raises
    ------
    DataNotFound
        There is no such version.
    """
    return find_version(connect(root), name, which)


def folder(name: str, which: Which = CHAMPION, *, root: Path | None = None) -> Path:
    """Return the folder with the files that ``Model.save`` wrote for a version; read only.

    Raises
    ------
    DataNotFound
        There is no such version, or its files are gone.
    ContractError
        The files are not the ones that were registered.
    """
    connection = connect(root)
    return _checked_folder(connection, find_version(connection, name, which))


def load(name: str, which: Which = CHAMPION, *, root: Path | None = None) -> Any:
    """Load the model of a version, ready to predict and explain.

    Parameters
    ----------
    name : str
        The model.
    which : str or int
        An alias or a version number.

    Raises
    ------
    DataNotFound
        There is no such version, or its files are gone.
    ContractError
        The files are not the ones that were registered.
    """
    from mandi.models import model_class

    return model_class(name).load(folder(name, which, root=root))


def pyfunc(name: str, which: Which = CHAMPION, *, root: Path | None = None) -> PyFuncModel:
    """Load a version as an MLflow pyfunc, which checks its input against the signature."""
    connection = connect(root)
    found = find_version(connection, name, which)
    _checked_folder(connection, found)
    return pyfunc_model.load_packed(connection.local(found.location))


def export(name: str, which: Which, destination: Path, *, root: Path | None = None) -> dict[str, Any]:
    """Copy a version's model files and its record to a folder, whole or not at all.

    Parameters
    ----------
    destination : Path
        Replaced when it exists. Holds the files of ``Model.save`` and ``export.json``.

    Returns
    -------
    dict
        What ``export.json`` holds: version, metrics, verdict, lineage, content_hash, ...

    Raises
    ------
    DataNotFound
        There is no such version, or its files are gone.
    ContractError
        The files are not the ones that were registered.
    """
    connection = connect(root)
    found = find_version(connection, name, which)
    files = _checked_folder(connection, found)
    destination = Path(destination)
    destination.parent.mkdir(parents=True, exist_ok=True)
    manifest = found.as_dict()
    with tempfile.TemporaryDirectory(prefix=f".{destination.name}-", dir=destination.parent) as beside:
        fresh, old = Path(beside) / "fresh", Path(beside) / "old"
        shutil.copytree(files, fresh)
        (fresh / EXPORT_MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True), encoding="utf-8")
        if destination.exists():
            destination.replace(old)
        fresh.replace(destination)
    return manifest


def find_version(connection: Connection, name: str, which: Which) -> Version:
    """Return one version of an open registry; see ``find``."""
    text = str(which).strip().lower()
    if not re.fullmatch(r"v?\d+", text):
        if text not in (CHAMPION, CHALLENGER, PREVIOUS):
            raise DataNotFound(
                f'no version "{which}" of {name}{nearest(text, (CHAMPION, CHALLENGER, PREVIOUS))}',
                allowed="champion, challenger, previous, or a version number",
            )
        found = aliased(connection, name, text)
        if found is None:
            known = [str(v.version) for v in all_versions(connection, name)]
            raise DataNotFound(
                f"{name} has no {text}",
                allowed=f"versions {', '.join(known)}" if known else None,
                next_command=f"mandi promote {name} --version {known[0]}" if known else "mandi repro",
            )
        return found
    aliases = aliases_of(connection, name)
    found_by_number = _existing(lambda: connection.client.get_model_version(name, text.removeprefix("v")))
    if found_by_number is not None:
        return _version(found_by_number, aliases)
    everything = all_versions(connection, name)
    raise DataNotFound(
        f"{name} has no version {text.removeprefix('v')}",
        allowed=", ".join(str(v.version) for v in everything) or "nothing is registered yet",
        next_command=None if everything else "mandi repro",
    )


def all_versions(connection: Connection, name: str) -> list[Version]:
    """Return every version of an open registry, newest first."""
    aliases = aliases_of(connection, name)
    found = connection.client.search_model_versions(f"name = '{name}'")
    return sorted((_version(v, aliases) for v in found), key=lambda v: -v.version)


def aliased(connection: Connection, name: str, alias: str) -> Version | None:
    """Return the version an alias points to, or None."""
    aliases = aliases_of(connection, name)
    if alias not in aliases:
        return None
    found = connection.client.get_model_version(name, str(aliases[alias]))
    return _version(found, aliases)


def aliases_of(connection: Connection, name: str) -> dict[str, int]:
    """Return alias to version number; empty when the model was never registered."""
    registered = _existing(lambda: connection.client.get_registered_model(name))
    return {alias: int(version) for alias, version in registered.aliases.items()} if registered else {}


def _existing(ask: Callable[[], T]) -> T | None:
    from mlflow.exceptions import RESOURCE_DOES_NOT_EXIST, ErrorCode, MlflowException

    try:
        return ask()
    except MlflowException as error:
        if error.error_code == ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
            return None
        raise


def _version(found: ModelVersion, aliases: dict[str, int]) -> Version:
    tags, number = found.tags, int(found.version)
    against = tags.get("judged_against")
    return Version(
        name=found.name,
        version=number,
        aliases=tuple(sorted(alias for alias, version in aliases.items() if version == number)),
        gate=tags.get("gate", NOT_JUDGED),
        content_hash=tags.get("content_hash", ""),
        source=tags.get("source", ""),
        run_id=found.run_id or "",
        created=datetime.fromtimestamp(found.creation_timestamp / 1000, UTC),
        main_metric=tags.get("main_metric", ""),
        note=found.description or "",
        judged_against=None if against is None else int(against),
        rolled_back=tags.get("rolled_back", ""),
        verdict=json.loads(tags.get("verdict", "{}")),
        metrics=json.loads(tags.get("metrics", "{}")),
        lineage=json.loads(tags.get("lineage", "{}")),
        location=found.source or "",
    )


def _checked_folder(connection: Connection, found: Version) -> Path:
    files = pyfunc_model.model_files(connection.local(found.location))
    actual = folder_hash(files)
    if found.content_hash and actual != found.content_hash:
        raise ContractError(
            f"the files of {found.name} v{found.version} were changed after registration: content {actual}",
            allowed=found.content_hash,
            next_command=f"mandi rollback {found.name}, or mandi repro --force to train again",
        )
    return files
