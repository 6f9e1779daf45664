"""Registers versions of the datasets: what each holds, where every example comes from, and which version holds an answer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mandi.core.errors import ContractError, DataNotFound
from mandi.registry.connection import Connection, connect
from mandi.registry.tracking import flatten, open_run

if TYPE_CHECKING:
    from mlflow.entities import Run
    from pandas import DataFrame

NAME = "datasets"
KIND = "dataset version"
LINEAGE = "lineage.csv"
MANIFEST, ROWS, CARDS, FROZEN = "manifest.json", "rows.parquet", "cards", "frozen.json"
HELD = (
    "example_id",
    "purpose",
    "task",
    "part",
    "licence",
    "consent",
    "provenance",
    "generation_ids",
    "feedback_ids",
)
"""What is kept of an example: whence it comes, never what it says."""
MOST_RUNS = 10_000


@dataclass(frozen=True)
class DatasetReceipt:
    """What the registry answered.

    Attributes
    ----------
    version : str
        Digest of the examples.
    parent : str, optional
        The version before.
    created : bool
        False when this version was there already.
    run_id : str
    rows : int
        Examples.
    """

    version: str
    parent: str | None
    created: bool
    run_id: str
    rows: int

    def as_dict(self) -> dict[str, Any]:
        """Return plain data: the same version gives the same receipt, but for ``created``."""
        return {key: value for key, value in asdict(self).items() if key != "created"}


def register_datasets(
    folder: Path, metrics: Mapping[str, float] | None = None, *, root: Path | None = None
) -> DatasetReceipt:
    """Register the version in a folder: manifest, cards, counts, and the answers and opinions of every example.

    No text of an example goes to the registry. The same version is registered once.

    Parameters
    ----------
    folder : Path
        As ``mandi.datasets.version.write_version`` leaves it.
    metrics : mapping, optional
        Figures to compare versions by.
    root : Path, optional
        The project; found from the current folder if not given.

    Returns
    -------
    DatasetReceipt

    Raises
    ------
    DataNotFound
        The folder holds no version.
    ContractError
        The rows are not those of the manifest.
    """
    import pandas as pd

    if not (folder / MANIFEST).is_file() or not (folder / ROWS).is_file():
        raise DataNotFound(f"no datasets at {folder}", next_command="mandi repro")
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    lineage = pd.read_parquet(folder / ROWS, columns=list(HELD))
    counted = sum(
        n for tasks in manifest["examples"].values() for parts in tasks.values() for n in parts.values()
    )
    if counted != len(lineage):
        raise ContractError(
            f"the rows are {len(lineage)}, the manifest counts {counted}", next_command="mandi repro --force"
        )
    version, parent = str(manifest["version"]), manifest.get("parent")
    connection = connect(root)
    with connection.exclusive():
        for run in _runs(connection, version):
            return DatasetReceipt(version, parent, False, run.info.run_id, len(lineage))
        tags = {"version": version, "parent": parent or "", "enough": str(manifest.get("enough", "")).lower()}
        with open_run(connection, NAME, KIND, flatten(manifest.get("params", {})), tags) as run_now:
            if metrics:
                run_now.log_metrics(metrics)
            run_now.log_text(LINEAGE, lineage.to_csv(index=False))
            for name in (MANIFEST, FROZEN):
                if (folder / name).is_file():
                    run_now.log_text(name, (folder / name).read_text(encoding="utf-8"))
            for card in sorted((folder / CARDS).glob("*.md")):
                run_now.log_text(f"{CARDS}/{card.name}", card.read_text(encoding="utf-8"))
            _log_input(connection, run_now.id, version, manifest, lineage)
    return DatasetReceipt(version, parent, True, run_now.id, len(lineage))


def dataset_versions(*, root: Path | None = None) -> DataFrame:
    """Return the registered versions, newest first.

    Returns
    -------
    DataFrame
        version, parent, run_id, registered (UTC), examples, enough.
    """
    import pandas as pd

    connection = connect(root)
    rows = [
        {
            "version": run.data.tags["version"], "parent": run.data.tags.get("parent") or None, "run_id": run.info.run_id,
            "registered": pd.Timestamp(run.info.start_time, unit="ms", tz="UTC").floor("s"),
            "examples": int(run.data.tags.get("examples", 0)), "enough": run.data.tags.get("enough") == "true",
        }
        for run in _runs(connection)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["version", "parent", "run_id", "registered", "examples", "enough"])


def dataset_lineage(version: str, *, root: Path | None = None) -> DataFrame:
    """Return where each example of a version comes from.

    Returns
    -------
    DataFrame
        ``HELD``; ``generation_ids`` and ``feedback_ids`` as lists.

    Raises
    ------
    DataNotFound
        No such version is registered.
    """
    connection = connect(root)
    for run in _runs(connection, version):
        return _lineage(connection, run)
    raise DataNotFound(f"no version {version!r} of the datasets is registered", next_command="mandi repro")


def versions_holding(
    generation_ids: Iterable[str] = (), feedback_ids: Iterable[str] = (), *, root: Path | None = None
) -> dict[str, list[str]]:
    """Return the registered versions that hold any of some answers or opinions, and which.

    Parameters
    ----------
    generation_ids, feedback_ids : iterable of str

    Returns
    -------
    dict of str to list of str
        Version to the ids it holds, sorted; the newest version first.
    """
    asked, said = set(generation_ids), set(feedback_ids)
    connection = connect(root)
    found: dict[str, list[str]] = {}
    for run in _runs(connection) if asked or said else ():
        lineage = _lineage(connection, run)
        held = asked.intersection(lineage["generation_ids"].explode()) if asked else set()
        held |= said.intersection(lineage["feedback_ids"].explode().dropna()) if said else set()
        if held:
            found[run.data.tags["version"]] = sorted(held)
    return found


def _runs(connection: Connection, version: str | None = None) -> list[Run]:
    only = f" and tags.version = '{version}'" if version else ""
    return list(
        connection.client.search_runs(
            [connection.experiment(NAME)],
            filter_string=f"tags.kind = '{KIND}' and attributes.status = 'FINISHED'{only}",
            max_results=MOST_RUNS, order_by=["attributes.start_time DESC"],
        )
    )  # fmt: skip


def _lineage(connection: Connection, run: Run) -> DataFrame:
    import pandas as pd

    lineage = pd.read_csv(connection.local(f"{run.info.artifact_uri}/{LINEAGE}"))
    for name in ("generation_ids", "feedback_ids"):
        lineage[name] = [json.loads(text) for text in lineage[name]]
    return lineage


def _log_input(
    connection: Connection, run_id: str, version: str, manifest: Mapping[str, Any], lineage: DataFrame
) -> None:
    from mlflow.entities import Dataset, DatasetInput, InputTag, RunTag

    profile = {
        "num_rows": len(lineage),
        "answers": manifest.get("answers"),
        "opinions": manifest.get("opinions"),
    }
    held = Dataset(
        name="mandi datasets", digest=version, source_type="local",
        source=json.dumps({"path": f"data/datasets/{ROWS}", "sha256": manifest["files"][ROWS]["sha256"]}),
        schema=json.dumps({"columns": list(HELD)}), profile=json.dumps(profile),
    )  # fmt: skip
    connection.client.log_inputs(run_id, [DatasetInput(held, [InputTag("mlflow.data.context", "training")])])
    connection.client.log_batch(run_id, tags=[RunTag("examples", str(len(lineage)))])
