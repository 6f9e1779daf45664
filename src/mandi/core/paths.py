"""Where a project keeps its files, relative to the folder that holds params.yaml."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from mandi.core.errors import DataNotFound


@dataclass(frozen=True)
class Paths:
    """Locations inside one project.

    Examples
    --------
    >>> Paths(Path("p")).model("price").as_posix()
    'p/artifacts/models/price'
    """

    root: Path

    @property
    def params(self) -> Path:
        """The only configuration of the pipelines."""
        return self.root / "params.yaml"

    @property
    def tables(self) -> Path:
        """Validated tables, one parquet file each."""
        return self.root / "data" / "tables"

    def features(self, model: str) -> Path:
        """Feature frame and history of one model."""
        return self.root / "data" / "features" / model

    def model(self, model: str) -> Path:
        """The fitted model of the last training run."""
        return self.root / "artifacts" / "models" / model

    def metrics(self, model: str) -> Path:
        """Metrics, gate verdict and slices of one model."""
        return self.root / "reports" / "metrics" / model

    def receipt(self, model: str) -> Path:
        """What the registry answered for one model."""
        return self.root / "artifacts" / "receipts" / f"{model}.json"

    @property
    def reports(self) -> Path:
        """Executed notebooks and HTML pages."""
        return self.root / "reports"

    @property
    def champions(self) -> Path:
        """What the service loads: champion models and the dated snapshot."""
        return self.root / "artifacts" / "service"


def project_root(start: Path | None = None) -> Path:
    """Find the folder that holds params.yaml and dvc.yaml.

    ``MANDI_ROOT`` wins; else the current folder and its parents are searched.

    Raises
    ------
    DataNotFound
        No such folder.
    """
    named = os.environ.get("MANDI_ROOT")
    here = Path(named) if named else (start or Path.cwd())
    for folder in (here, *here.resolve().parents):
        if (folder / "params.yaml").is_file() and (folder / "dvc.yaml").is_file():
            return folder.resolve()
    raise DataNotFound(
        f"no params.yaml and dvc.yaml at or above {here}", next_command="cd into a mandi project"
    )


def bench_data(root: Path) -> Path:
    """Return the folder of outside benchmark data (``MANDI_BENCH_DATA``, else ``../shared/data``).

    Raises
    ------
    DataNotFound
        The folder is absent.
    """
    folder = Path(os.environ.get("MANDI_BENCH_DATA") or root.parent / "shared" / "data")
    if not folder.is_dir():
        raise DataNotFound(
            f"benchmark data not found at {folder}", next_command="export MANDI_BENCH_DATA=/path/to/the/files"
        )
    return folder
