"""Reads the source, judges every row, and writes the tables, the rejects and (generated market only) the truth."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from mandi.tables.ingest import import_tables
from pipelines import project, stage, write_json


def main() -> None:
    """Write data/tables, data/truth and reports/metrics/tables.json."""
    paths, params = project()
    report = import_tables(params, paths.tables, root=paths.root, now=pd.Timestamp.now(tz="UTC"))
    write_truth(report.truth or {}, paths.truth)
    write_json(paths.metrics("tables"), report.metrics())
    print(report.summary())


def write_truth(truth: Mapping[str, Any], folder: Path) -> None:
    """Write what only the generated market knows: floors as JSON, latent values as frames."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write_json(folder / "truth.json", {name: value for name, value in truth.items() if name != "frames"})
    for name, frame in truth.get("frames", {}).items():
        frame.to_parquet(folder / f"{name}.parquet")


if __name__ == "__main__":
    stage(main)
