"""Records runs: parameters, metrics, figures, tables and lineage of one training, comparable with any other."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mandi.core.errors import ContractError, UnknownValue
from mandi.registry.connection import Connection, TrackingParams, connect
from mandi.registry.left_behind import PROCESS, end_runs_of_the_dead, this_process

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

    from mandi.registry.lineage import Lineage

__all__ = ["Run", "TrackingParams", "connect", "flatten", "runs", "start_run"]

METRIC_NAME = re.compile(r"^[\w\-. :/]{1,250}$")
BATCH = {"metrics": 1000, "params": 100, "tags": 100}  # the most one call to MLflow takes
LONGEST_PARAM = 6000
LONGEST_TAG = 5000
RUN_NAME = "mlflow.runName"


@dataclass(frozen=True)
class Run:
    """One run while it is open; what is logged is stored at once."""

    connection: Connection
    id: str
    model: str

    def log_metrics(self, metrics: Mapping[str, Any], step: int = 0) -> None:
        """Log numbers by name; nested mappings become dotted names.

        Raises
        ------
        ContractError
            A value is not a finite number, or a name has letters MLflow does not take; all are named.
        """
        log_metrics(self.connection, self.id, metrics, step)

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Log parameters; nested mappings become dotted names. A parameter cannot change within a run."""
        from mlflow.entities import Param

        rows = [Param(key, str(value)[:LONGEST_PARAM]) for key, value in flatten(params).items()]
        for part in _parts(rows, BATCH["params"]):
            self.connection.client.log_batch(self.id, params=part)

    def log_figure(self, name: str, figure: Figure) -> None:
        """Keep a figure as ``figures/<name>.png``."""
        self.connection.client.log_figure(self.id, figure, f"figures/{name}.png")

    def log_picture(self, file: Path) -> None:
        """Keep a picture that is a file already as ``figures/<its name>``."""
        self.connection.client.log_artifact(self.id, str(file), "figures")

    def log_text(self, name: str, text: str) -> None:
        """Keep a text under its file name, for example ``card.md``."""
        self.connection.client.log_text(self.id, text, name)

    def log_table(self, name: str, frame: DataFrame) -> None:
        """Keep a frame as ``tables/<name>.csv``."""
        self.connection.client.log_text(self.id, frame.to_csv(index=False), f"tables/{name}.csv")

    def log_lineage(self, lineage: Lineage) -> None:
        """Keep where the model came from, as tags and as ``lineage.json``."""
        self.set_tags(lineage.as_tags())
        self.connection.client.log_dict(self.id, lineage.as_dict(), "lineage.json")

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Tag the run."""
        from mlflow.entities import RunTag

        rows = [RunTag(key, str(value)[:LONGEST_TAG]) for key, value in tags.items()]
        for part in _parts(rows, BATCH["tags"]):
            self.connection.client.log_batch(self.id, tags=part)


@contextmanager
def start_run(
    name: str,
    kind: str,
    params: Mapping[str, Any] | None = None,
    tags: Mapping[str, Any] | None = None,
    *,
    root: Path | None = None,
) -> Iterator[Run]:
    """Open a run of one model; it ends as FINISHED, or as FAILED when the block raises, or as KILLED by the next one's opening.

    Parameters
    ----------
    name : str
        The model; its runs are in one experiment.
    kind : str
        Who trains: "pipeline", "notebook", "benchmark", ...
    params : mapping, optional
        Logged flattened.
    tags : mapping, optional
        ``note`` is shown by ``runs``.
    root : Path, optional
        The project; found from the current folder if not given.

    Yields
    ------
    Run
    """
    with open_run(connect(root), name, kind, params, tags) as run:
        yield run


@contextmanager
def open_run(
    connection: Connection,
    name: str,
    kind: str,
    params: Mapping[str, Any] | None = None,
    tags: Mapping[str, Any] | None = None,
) -> Iterator[Run]:
    """Open a run in a registry that is open already, and end those that killed processes left open; see ``start_run``."""
    with connection.told():
        experiment = connection.experiment(name)
        end_runs_of_the_dead(connection, experiment)
        own = {key: str(value)[:LONGEST_TAG] for key, value in (tags or {}).items()}
        started = connection.client.create_run(  # with its tags: a process that is killed leaves no run that nobody knows
            experiment,
            run_name=own.get(RUN_NAME, f"{kind} {time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime())}"),
            tags={**own, "model": name, "kind": kind, PROCESS: this_process()},
        )
        run = Run(connection, started.info.run_id, name)
        try:
            if params:
                run.log_params(params)
            yield run
        except BaseException as error:
            with suppress(Exception):  # a full disk takes no note of this either: the next run ends this one
                run.set_tags({"error": f"{type(error).__name__}: {error}"})
                connection.client.set_terminated(run.id, status="FAILED")
            raise
        connection.client.set_terminated(run.id)


def runs(
    name: str,
    *,
    kind: str | None = None,
    metrics: Sequence[str] = (),
    params: Sequence[str] = (),
    last: int = 50,
    root: Path | None = None,
) -> DataFrame:
    """Return the runs of a model, newest first, for comparison.

    Parameters
    ----------
    name : str
        The model.
    kind : str, optional
        Only runs of this kind.
    metrics, params : sequence of str
        Columns to show; all that any of the runs has when empty.
    last : int
        At most so many.

    Returns
    -------
    DataFrame
        run_id, kind, started (UTC), seconds, status, note, then one column per metric and per parameter
        (parameters as ``param.<name>``).
    """
    import pandas as pd

    connection = connect(root)
    only = f" and tags.kind = '{kind}'" if kind else ""
    found = connection.client.search_runs(
        [connection.experiment(name)],
        filter_string=f"tags.model = '{name}'{only}",
        max_results=last,
        order_by=["attributes.start_time DESC"],
    )
    rows = []
    for run in found:
        info, data = run.info, run.data
        ended = info.end_time
        row: dict[str, Any] = {
            "run_id": info.run_id,
            "kind": data.tags.get("kind", ""),
            "started": pd.Timestamp(info.start_time, unit="ms", tz="UTC").floor("s"),
            "seconds": None if ended is None else round((ended - info.start_time) / 1000, 1),
            "status": info.status,
            "note": data.tags.get("note", ""),
        }
        row |= {key: data.metrics.get(key) for key in (metrics or sorted(data.metrics))}
        row |= {f"param.{key}": data.params.get(key) for key in (params or sorted(data.params))}
        rows.append(row)
    empty = ["run_id", "kind", "started", "seconds", "status", "note"]
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=empty)


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested mappings as one mapping of dotted names.

    Examples
    --------
    >>> flatten({"lots": {"depth": 6, "quantiles": (0.05, 0.95)}, "seed": 7})
    {'lots.depth': 6, 'lots.quantiles': (0.05, 0.95), 'seed': 7}
    """
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def finite(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Return metrics as flat floats, refusing what cannot be compared later.

    Raises
    ------
    ContractError
        A value is not a finite number.
    UnknownValue
        A name has letters MLflow does not take.

    Examples
    --------
    >>> finite({"market": {"1": {"skill": 0.17}}})
    {'market.1.skill': 0.17}
    >>> finite({"lot.mae": float("nan")})
    Traceback (most recent call last):
    mandi.core.errors.ContractError: not a finite number: lot.mae is nan
      allowed: finite numbers; leave out what could not be measured
    """
    flat = flatten(metrics)
    wrong = [f"{key} is {value}" for key, value in flat.items() if not _is_finite(value)]
    if wrong:
        raise ContractError(
            f"not a finite number: {', '.join(wrong)}",
            allowed="finite numbers; leave out what could not be measured",
        )
    if odd := [key for key in flat if not METRIC_NAME.match(key)]:
        raise UnknownValue(
            f"metric names cannot be stored: {', '.join(odd)}",
            allowed="letters, digits and _ - . : / and space, at most 250",
        )
    return {key: float(value) for key, value in flat.items()}


def measured(metrics: Mapping[str, Any]) -> tuple[dict[str, float], list[str]]:
    """Part metrics into those with a finite value, flat, and the names of those that could not be measured.

    Examples
    --------
    >>> measured({"lot.mae": 41.0, "market.60.dm_p": float("nan")})
    ({'lot.mae': 41.0}, ['market.60.dm_p'])
    """
    flat = flatten(metrics)
    return finite({k: v for k, v in flat.items() if _is_finite(v)}), [
        k for k, v in flat.items() if not _is_finite(v)
    ]


def log_metrics(connection: Connection, run_id: str, metrics: Mapping[str, Any], step: int = 0) -> None:
    """Log flat finite metrics to any run, open or ended."""
    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    rows = [Metric(key, value, now, step) for key, value in finite(metrics).items()]
    for part in _parts(rows, BATCH["metrics"]):
        connection.client.log_batch(run_id, metrics=part)


def _is_finite(value: Any) -> bool:
    try:
        return math.isfinite(float(value))
    except (TypeError, ValueError):
        return False


def _parts(rows: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
