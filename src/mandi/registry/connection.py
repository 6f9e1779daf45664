"""Opens the project's MLflow store, quietly and without a network, and lets one writer at a time move champions."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse
from urllib.request import url2pathname

from mandi.core.config import build, load_params
from mandi.core.errors import ConfigError, DataNotFound, MandiError
from mandi.core.paths import project_root
from mandi.core.storage import told_when_unwritable

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

ARTIFACTS = "mlartifacts"
DATABASE = "mlflow.db"
# MLflow sends usage counts and draws a progress bar per copied file unless told otherwise
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
# the one reports every table it creates, the other logs the stack of an error that is raised and told anyway
CHATTERERS = {"alembic": logging.WARNING, "mlflow.store.db.utils": logging.CRITICAL}


@dataclass(frozen=True)
class TrackingParams:
    """Names of the experiments, and how long (seconds) a writer waits for another one to finish.

    Runs of a model go to the experiment ``<experiment>/<model>``; audit records to ``audit``.
    """

    experiment: str = "mandi"
    audit: str = "mandi-audit"
    wait_seconds: float = 60.0


@dataclass(frozen=True)
class Connection:
    """An open registry: the client, where it points, and the project it belongs to."""

    root: Path
    uri: str
    params: TrackingParams
    client: MlflowClient

    def experiment(self, model: str) -> str:
        """Return the id of a model's experiment, made on first use."""
        return self._experiment(f"{self.params.experiment}/{model}", model)

    def experiment_named(self, title: str, folder: str) -> str:
        """Return the id of an experiment with files in a folder of its own, made on first use."""
        return self._experiment(title, folder)

    def audit_experiment(self) -> str:
        """Return the id of the experiment that holds the audit records, made on first use."""
        return self._experiment(self.params.audit, "audit")

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the registry alone: nobody else registers, promotes or rolls back meanwhile. Not re-entrant.

        Raises
        ------
        MandiError
            Another process registers or promotes for longer than ``registry.wait_seconds``.
        DiskFull, StoreUnavailable
            There is no room for what is written, or another program holds the database.
        """
        with self.told(), _exclusive(self.root, self.params.wait_seconds):
            yield

    @contextmanager
    def told(self) -> Iterator[None]:
        """Say of a full disk or a locked database what to do, where MLflow would tell of SQL."""
        with told_when_unwritable(
            self.root / DATABASE if self.uri == default_uri(self.root) else self.root / ARTIFACTS
        ):
            yield

    def local(self, uri: str) -> Path:
        """Return a folder on this machine with what an artifact URI names; a remote one is downloaded.

        Raises
        ------
        DataNotFound
            The store names a local folder that is no longer there.
        """
        parsed = urlparse(uri)
        if parsed.scheme not in ("", "file"):
            from mlflow.artifacts import download_artifacts

            return Path(download_artifacts(artifact_uri=uri, tracking_uri=self.uri))
        place = Path(url2pathname(unquote(parsed.path)) if parsed.scheme else uri)
        if not place.exists() and ARTIFACTS in place.parts:  # the project has moved since
            below = place.parts[place.parts.index(ARTIFACTS) :]
            place = self.root.joinpath(*below)
        if not place.exists():
            raise DataNotFound(
                f"the registry names {uri}, which is not there", next_command="mandi repro --force"
            )
        return place

    def _experiment(self, title: str, folder: str) -> str:
        found = self.client.get_experiment_by_name(title)
        home = (self.root / ARTIFACTS / folder).as_uri() if self.uri.startswith("sqlite:") else None
        if found is None:
            return self.client.create_experiment(title, artifact_location=home)
        if self.uri == default_uri(self.root) and found.artifact_location != home:
            raise ConfigError(
                f"{DATABASE} was made in another folder and stores {found.artifact_location}",
                allowed=str(home),
                next_command=f"move {DATABASE} and {ARTIFACTS} away, then mandi repro --force",
            )
        return str(found.experiment_id)


def default_uri(root: Path) -> str:
    """Return the tracking URI used when ``MLFLOW_TRACKING_URI`` is not set.

    Examples
    --------
    >>> default_uri(Path("/srv/market"))
    'sqlite:////srv/market/mlflow.db'
    """
    return f"sqlite:///{(root / DATABASE).as_posix()}"


def connect(root: Path | None = None) -> Connection:
    """Open the registry of a project; the first time this creates ``mlflow.db`` beside params.yaml.

    The global state of MLflow (active run, tracking URI) is neither used nor changed.

    Parameters
    ----------
    root : Path, optional
        The project; found from the current folder if not given.

    Raises
    ------
    ConfigError
        ``MLFLOW_TRACKING_URI`` names a folder: MLflow no longer keeps a registry in files.
    MandiError
        Another process kept the registry for longer than ``registry.wait_seconds``.
    DiskFull, StoreUnavailable
        There is no room for the database, or another program holds it.
    """
    root = (root or project_root()).resolve()
    params = tracking_params(root)
    uri = os.environ.get("MLFLOW_TRACKING_URI") or default_uri(root)
    if urlparse(uri).scheme in ("", "file"):
        raise ConfigError(
            f"MLFLOW_TRACKING_URI is {uri!r}",
            allowed="sqlite:///<file>, postgresql://..., http(s)://<server>",
            next_command="unset MLFLOW_TRACKING_URI",
        )
    with told_when_unwritable(root / DATABASE):
        if uri == default_uri(root) and not _is_ready(root / DATABASE):
            with _exclusive(root, params.wait_seconds):  # two processes must not create the same tables
                _make_whole(root / DATABASE)
                client = _client(uri)
                _let_readers_in(root / DATABASE)
        else:
            client = _client(uri)
    return Connection(root, uri, params, client)


def tracking_params(root: Path) -> TrackingParams:
    """Read section ``registry`` of params.yaml; the defaults where there is no file or no section.

    Examples
    --------
    >>> tracking_params(Path("no-such-folder")).experiment
    'mandi'
    """
    file = root / "params.yaml"
    values: dict[str, Any] = (load_params(file).get("registry") or {}) if file.is_file() else {}
    return build(TrackingParams, values, "registry")


def _client(uri: str) -> MlflowClient:
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    for name, level in CHATTERERS.items():
        logging.getLogger(name).setLevel(level)
    from mlflow.tracking import MlflowClient

    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def _is_ready(database: Path) -> bool:
    if not database.is_file():
        return False
    with closing(sqlite3.connect(database, timeout=30)) as db:
        return db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def _make_whole(database: Path) -> None:
    """Make the database beside its place. MLflow makes its tables one by one, and refuses for good what a killed process left half made."""
    if _holds_something(database):
        return
    fresh, copied = (database.with_name(f".{database.name}.{end}") for end in ("new", "whole"))
    for left in (fresh, copied):
        left.unlink(missing_ok=True)
    try:
        _client(f"sqlite:///{fresh.as_posix()}").search_experiments()  # makes the tables
        with closing(sqlite3.connect(fresh)) as made, closing(sqlite3.connect(copied)) as target:
            made.backup(target)  # MLflow keeps the file it made open: the copy is nobody's yet
        for end in ("-wal", "-shm", "-journal"):
            database.with_name(database.name + end).unlink(missing_ok=True)
        copied.replace(database)
    finally:
        for left in (fresh, copied):
            left.unlink(missing_ok=True)


def _holds_something(database: Path) -> bool:
    if not database.is_file():
        return False
    with closing(sqlite3.connect(database, timeout=30)) as db:
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        return any(
            db.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone()
            for name in ("runs", "registered_models")
            if name in tables
        )


def _let_readers_in(database: Path) -> None:
    with closing(sqlite3.connect(database, timeout=30)) as db:
        db.execute("PRAGMA journal_mode = WAL")


@contextmanager
def _exclusive(root: Path, wait_seconds: float) -> Iterator[None]:
    place = root / ARTIFACTS
    place.mkdir(parents=True, exist_ok=True)
    # an SQLite transaction is a lock that every platform has and that a dying process gives back
    with closing(sqlite3.connect(place / ".lock.db", timeout=wait_seconds, isolation_level=None)) as db:
        started = time.monotonic()
        try:
            db.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            raise MandiError(
                f"the registry was busy for {time.monotonic() - started:.0f} s: another process registers or promotes",
                allowed=f"one writer at a time, waiting at most registry.wait_seconds = {wait_seconds:g}",
                next_command="try again when it has finished",
            ) from error
        yield
