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

    @property
    def truth(self) -> Path:
        """What only the generated market knows: noise floors and latent values."""
        return self.root / "data" / "truth"

    def metrics(self, model: str) -> Path:
        """Flat metrics of one model (or of the tables), a DVC metric."""
        return self.root / "reports" / "metrics" / f"{model}.json"

    def evaluation(self, model: str) -> Path:
        """Predictions, back-test, slices, controls and card of one model."""
        return self.root / "reports" / "evaluation" / model

    def pictures(self, model: str) -> Path:
        """Charts of one model as PNG, a DVC plot."""
        return self.root / "reports" / "plots" / model

    def receipt(self, model: str) -> Path:
        """What the registry answered for one model."""
        return self.root / "artifacts" / "receipts" / f"{model}.json"

    @property
    def calls(self) -> Path:
        """Answers, opinions and tutor pairs, scrubbed; and what only the generated log knows, in a folder truth."""
        return self.root / "data" / "calls"

    @property
    def feedback(self) -> Path:
        """Answers with labels and rewards, and the models that gave them."""
        return self.root / "data" / "feedback"

    @property
    def datasets(self) -> Path:
        """The current version of the datasets: rows, files of every format, cards, manifest."""
        return self.root / "data" / "datasets"

    @property
    def student(self) -> Path:
        """The student of the last training run."""
        return self.root / "artifacts" / "student"

    @property
    def studies(self) -> Path:
        """Every trial of the searches for better settings, in SQLite."""
        return self.root / "artifacts" / "tuning" / "studies.db"

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
