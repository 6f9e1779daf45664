"""Says where a model came from: commit, pipeline inputs, data, parameters and packages, each as a short hash or version."""

from __future__ import annotations

import hashlib
import html
import json
import platform
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mandi.core.config import load_params
from mandi.core.errors import ConfigError, DataNotFound

if TYPE_CHECKING:
    from pandas import DataFrame

UNKNOWN = "unknown"
PACKAGES = ("mandi", "numpy", "pandas", "pyarrow", "scikit-learn", "xgboost", "lightgbm", "mlflow")
STAGES = ("tables", "features", "train", "evaluate")
BLOCK = 1 << 20
TRIES, PAUSE_SECONDS = 50, 0.1


@dataclass(frozen=True)
class Lineage:
    """Where a model came from. What could not be found out is ``"unknown"``, never left out.

    Attributes
    ----------
    git_sha : str
        Commit of the working tree.
    git_dirty : str
        "yes" when tracked files differ from the commit, else "no".
    stages : dict of str to str
        Hashes that dvc.lock holds of what the model's stages read: "<stage>:<path>" to hash.
    data_hash : str
        Content of the training frame.
    model_hash : str
        Content of the folder the model was saved to.
    params_hash : str
        Content of the parameters it was trained with.
    packages : dict of str to str
        Versions of the packages that decide the numbers.
    python : str
    """

    git_sha: str = UNKNOWN
    git_dirty: str = UNKNOWN
    stages: dict[str, str] = field(default_factory=dict)
    data_hash: str = UNKNOWN
    model_hash: str = UNKNOWN
    params_hash: str = UNKNOWN
    packages: dict[str, str] = field(default_factory=dict)
    python: str = UNKNOWN

    def as_dict(self) -> dict[str, Any]:
        """Return plain data, as stored beside the model."""
        return asdict(self)

    def as_tags(self) -> dict[str, str]:
        """Return the short part that is searchable in MLflow.

        Examples
        --------
        >>> Lineage(git_sha="9f2c", git_dirty="no").as_tags()["lineage.git_sha"]
        '9f2c'
        """
        short = {"git_sha", "git_dirty", "data_hash", "model_hash", "params_hash", "python"}
        return {f"lineage.{key}": str(value) for key, value in asdict(self).items() if key in short}

    def _repr_html_(self) -> str:
        rows = [(key, value) for key, value in asdict(self).items() if not isinstance(value, dict)]
        rows += [(f"read by {key.replace(':', ': ', 1)}", value) for key, value in self.stages.items()]
        rows += [(f"package {key}", value) for key, value in self.packages.items()]
        cells = "".join(
            f"<tr><td style='text-align:left'>{html.escape(k)}</td><td style='text-align:left'>"
            f"<code>{html.escape(str(v))}</code></td></tr>"
            for k, v in rows
        )
        return f"<table><tbody>{cells}</tbody></table>"


def collect(
    root: Path,
    name: str,
    *,
    frame: DataFrame | None = None,
    model_folder: Path | None = None,
    params: Mapping[str, Any] | None = None,
    stages: Sequence[str] = STAGES,
) -> Lineage:
    """Gather the lineage of a model that was just trained.

    Parameters
    ----------
    root : Path
        The project; neither a git checkout nor a dvc.lock is needed.
    name : str
        The model.
    frame : DataFrame, optional
        The training frame.
    model_folder : Path, optional
        What ``Model.save`` wrote.
    params : mapping, optional
        The parameters it was trained with.
    stages : sequence of str
        Stages of the pipeline that led to it.

    Raises
    ------
    DataNotFound
        ``model_folder`` is given and holds no file.
    """
    sha, dirty = _commit(root)
    return Lineage(
        git_sha=sha,
        git_dirty=dirty,
        stages=_stages(root, name, stages),
        data_hash=UNKNOWN if frame is None else frame_hash(frame),
        model_hash=UNKNOWN if model_folder is None else folder_hash(model_folder),
        params_hash=UNKNOWN if params is None else params_hash(params),
        packages=_packages(),
        python=platform.python_version(),
    )


def folder_hash(folder: Path) -> str:
    """Return one hash over every file below a folder: relative names and contents, in sorted order.

    Raises
    ------
    DataNotFound
        There is no file to hash.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as here:
    ...     _ = (Path(here) / "model.json").write_text("{}")
    ...     folder_hash(Path(here))
    '59868cf6f8125319'
    """
    files = sorted(p for p in Path(folder).rglob("*") if p.is_file()) if Path(folder).is_dir() else []
    if not files:
        raise DataNotFound(f"no saved model in {folder}", next_command="mandi repro")
    whole = hashlib.sha256()
    for file in sorted(files, key=lambda p: p.relative_to(folder).as_posix()):
        part = hashlib.sha256()
        with file.open("rb") as stream:
            while block := stream.read(BLOCK):
                part.update(block)
        whole.update(f"{file.relative_to(folder).as_posix()}\0{part.hexdigest()}\n".encode())
    return whole.hexdigest()[:16]


def frame_hash(frame: DataFrame) -> str:
    """Return one hash over a frame: column names, types, index and values, in order.

    Examples
    --------
    >>> import pandas as pd
    >>> one, two = pd.DataFrame({"price": [4210.0]}), pd.DataFrame({"price": [4211.0]})
    >>> frame_hash(one) == frame_hash(one.copy()), frame_hash(one) == frame_hash(two)
    (True, False)
    """
    from pandas.util import hash_pandas_object

    whole = hashlib.sha256()
    for column in frame.columns:
        whole.update(f"{column}\0{frame[column].dtype}\n".encode())
    whole.update(hash_pandas_object(frame, index=True, categorize=True).to_numpy().tobytes())
    return whole.hexdigest()[:16]


def params_hash(params: Mapping[str, Any]) -> str:
    """Return one hash over parameters; the order of keys does not matter.

    Examples
    --------
    >>> params_hash({"depth": 3, "rate": 0.05}) == params_hash({"rate": 0.05, "depth": 3})
    True
    """
    text = json.dumps(params, sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _commit(root: Path) -> tuple[str, str]:
    sha = _git(root, "rev-parse", "HEAD")
    if not sha:
        return UNKNOWN, UNKNOWN
    changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    return sha, UNKNOWN if changed is None else ("yes" if changed else "no")


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _stages(root: Path, name: str, stages: Sequence[str] = STAGES) -> dict[str, str]:
    lock = root / "dvc.lock"
    if not lock.is_file():
        return {UNKNOWN: UNKNOWN}
    known = _settled(lock).get("stages") or {}
    found: dict[str, str] = {}
    for stage in stages:
        entry = known.get(f"{stage}@{name}") or known.get(stage) or {}
        for dep in entry.get("deps") or []:
            found[f"{stage}:{dep['path']}"] = str(dep.get("md5") or dep.get("hash") or UNKNOWN)
    return found or {UNKNOWN: UNKNOWN}


def _packages() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = UNKNOWN
    return found


def _settled(lock: Path) -> Mapping[str, Any]:
    from ruamel.yaml.error import YAMLError

    # a lane of another model may be writing it: for a moment the file is empty or half there
    for _ in range(TRIES - 1):
        try:
            return load_params(lock)
        except (ConfigError, YAMLError):
            time.sleep(PAUSE_SECONDS)
    return load_params(lock)
