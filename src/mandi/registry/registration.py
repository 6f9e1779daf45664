"""Registers a saved model: the same content is the same version, and a new one becomes the challenger."""

from __future__ import annotations

import html
import json
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mandi.core.errors import ContractError
from mandi.registry import pyfunc_model
from mandi.registry.connection import Connection, connect
from mandi.registry.lineage import Lineage, folder_hash
from mandi.registry.tracking import Run, finite, log_metrics, open_run
from mandi.registry.versions import (
    CHALLENGER,
    CHAMPION,
    Version,
    Which,
    aliases_of,
    all_versions,
    find_version,
)

if TYPE_CHECKING:
    from mandi.models.base import Spec

ARTIFACT = "model"
LONGEST_TEXT = 100_000  # of a tag of a version


@dataclass(frozen=True)
class Receipt:
    """What the registry answered.

    Attributes
    ----------
    name, version : str, int
    created : bool
        False when a version with this content was there already.
    alias : str
        "challenger", or "champion" when the content is the champion's.
    content_hash, run_id, source : str
    seconds : float
        What registering took.
    """

    name: str
    version: int
    created: bool
    alias: str
    content_hash: str
    run_id: str
    source: str
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """Return plain data without the time it took: the same model gives the same receipt."""
        return {key: value for key, value in asdict(self).items() if key != "seconds"}

    def __str__(self) -> str:
        how = "registered" if self.created else "was registered already"
        return f"{self.name} v{self.version} {how}, content {self.content_hash}, now the {self.alias}"

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(str(self))}</p>"


def register(
    name: str,
    model_folder: Path,
    spec: Spec,
    metrics: Mapping[str, float],
    lineage: Lineage | None = None,
    source: str = "",
    *,
    run: Run | None = None,
    params: Mapping[str, Any] | None = None,
    note: str = "",
    loader: str = pyfunc_model.__name__,
    root: Path | None = None,
) -> Receipt:
    """Register what ``Model.save`` wrote.

    Parameters
    ----------
    name : str
        The model.
    model_folder : Path
        Saved files; their content decides whether this is a new version.
    spec : Spec
        Declares signature and main metric.
    metrics : mapping of str to float
        As measured on the test part, finite.
    lineage : Lineage, optional
        Where it came from.
    source : str
        ``tables.source``.
    run : Run, optional
        The open run that trained it; without one, a run of kind "register" is made.
    params : mapping, optional
        Logged when a run is made here.
    note : str
        Shown with the version.
    loader : str
        Module that MLflow loads the files with; that of ``mandi.models`` if not given.
    root : Path, optional
        The project; found from the current folder if not given.

    Returns
    -------
    Receipt

    Raises
    ------
    DataNotFound
        ``model_folder`` holds no file.
    ContractError
        A metric is not finite, or the lineage is that of another model.
    """
    started = time.perf_counter()
    model_folder = Path(model_folder)
    content, numbers = folder_hash(model_folder), finite(metrics)
    lineage = lineage or Lineage(model_hash=content)
    if lineage.model_hash not in (content, Lineage.model_hash):
        raise ContractError(
            f"the lineage is that of a model with content {lineage.model_hash}", allowed=f"content {content}"
        )
    connection = run.connection if run else connect(root)
    with connection.exclusive():
        known = next((v for v in all_versions(connection, name) if v.content_hash == content), None)
        if known is not None:
            _refresh(connection, known, numbers)
            version, run_id = known.version, known.run_id
        else:
            version, run_id = _create(
                connection,
                name,
                model_folder,
                spec,
                numbers,
                lineage,
                source,
                content,
                run,
                params,
                note,
                loader,
            )
        alias = CHAMPION if aliases_of(connection, name).get(CHAMPION) == version else CHALLENGER
        if alias == CHALLENGER:
            connection.client.set_registered_model_alias(name, CHALLENGER, str(version))
    seconds = round(time.perf_counter() - started, 2)
    return Receipt(name, version, known is None, alias, content, run_id, source, seconds)


def remeasure(name: str, which: Which, metrics: Mapping[str, float], *, root: Path | None = None) -> Version:
    """Store a new measurement of a registered version, so that a challenger can be compared on the same test rows.

    The older values stay in the history of its run; the newest count.

    Parameters
    ----------
    name : str
        The model.
    which : str or int
        An alias or a version number.
    metrics : mapping of str to float
        As measured now, finite; they replace the older ones whole.
    root : Path, optional
        The project; found from the current folder if not given.

    Returns
    -------
    Version
        With the metrics that count now.

    Raises
    ------
    ContractError
        A metric is not finite.
    DataNotFound
        There is no such version.
    """
    numbers, connection = finite(metrics), connect(root)
    with connection.exclusive():
        _refresh(connection, find_version(connection, name, which), numbers)
    return find_version(connection, name, which)


def _create(
    connection: Connection,
    name: str,
    model_folder: Path,
    spec: Spec,
    metrics: dict[str, float],
    lineage: Lineage,
    source: str,
    content: str,
    run: Run | None,
    params: Mapping[str, Any] | None,
    note: str,
    loader: str,
) -> tuple[int, str]:
    if run is None:
        with open_run(connection, name, "register", params, {"note": note}) as made:
            return _create(
                connection,
                name,
                model_folder,
                spec,
                metrics,
                lineage,
                source,
                content,
                made,
                None,
                note,
                loader,
            )
    client = connection.client
    run.log_lineage(lineage)
    run.set_tags({"source": source})
    _log_new(connection, run.id, metrics)
    with tempfile.TemporaryDirectory() as somewhere:
        packed = Path(somewhere) / ARTIFACT
        pyfunc_model.pack(packed, name, model_folder, spec, loader)
        client.log_artifacts(run.id, str(packed), ARTIFACT)
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name, description=spec.question)
    made_version = client.create_model_version(
        name,
        source=f"{client.get_run(run.id).info.artifact_uri}/{ARTIFACT}",
        run_id=run.id,
        description=note,
        tags={
            "metrics": _written(metrics),
            "content_hash": content,
            "source": source,
            "main_metric": spec.main_metric,
            "lineage": json.dumps(lineage.as_dict(), sort_keys=True),
        },
    )
    return int(made_version.version), run.id


def _refresh(connection: Connection, known: Version, metrics: dict[str, float]) -> None:
    # the same model measured again, on other test rows or by other code: the newest measurement counts, whole
    if known.metrics != metrics:
        text = _written(metrics)
        log_metrics(connection, known.run_id, metrics, step=_last_step(connection, known, metrics) + 1)
        connection.client.set_model_version_tag(known.name, str(known.version), "metrics", text)


def _written(metrics: dict[str, float]) -> str:
    text = json.dumps(metrics, sort_keys=True, separators=(",", ":"))
    if len(text) > LONGEST_TEXT:
        raise ContractError(
            f"{len(metrics)} metrics take {len(text)} letters",
            allowed=f"at most {LONGEST_TEXT} for one version",
        )
    return text


def _last_step(connection: Connection, known: Version, metrics: dict[str, float]) -> int:
    shared = [key for key in metrics if key in known.metrics][:1]
    history = [m.step for key in shared for m in connection.client.get_metric_history(known.run_id, key)]
    return max(history, default=0)


def _log_new(connection: Connection, run_id: str, metrics: dict[str, float]) -> None:
    there = connection.client.get_run(run_id).data.metrics
    log_metrics(connection, run_id, {k: v for k, v in metrics.items() if there.get(k) != v})
