"""Reads the source, judges every row, and writes the tables, the rejects and (generated market only) the truth."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pandas as pd

from mandi.core.whole import replaced, written_whole
from mandi.tables.import_report import ImportReport
from mandi.tables.ingest import import_tables
from pipelines import project, stage, write_json


def main() -> None:
    """Write data/tables, data/truth and reports/metrics/tables.json."""
    paths, params = project()
    with ExitStack() as kept:  # all of it takes its place at the end, or nothing does

        def beside(report: ImportReport) -> None:
            write_truth(report.truth or {}, kept.enter_context(replaced(paths.truth)))
            write_json(kept.enter_context(written_whole(paths.metrics("tables"))), report.metrics())

        report = import_tables(
            params, paths.tables, root=paths.root, now=pd.Timestamp.now(tz="UTC"), beside=beside
        )
    print(report.summary())


def write_truth(truth: Mapping[str, Any], folder: Path) -> None:
    """Write what only the generated market knows into an empty folder: floors as JSON, latent values as frames."""
    write_json(folder / "truth.json", {name: value for name, value in truth.items() if name != "frames"})
    for name, frame in truth.get("frames", {}).items():
        frame.to_parquet(folder / f"{name}.parquet")


if __name__ == "__main__":
    stage(main)
