"""Registers the version of the datasets in MLflow, and notes in the service's records which answers it holds."""

from __future__ import annotations

from mandi.datasets.files import read_rows
from mandi.datasets.version import manifest_of, metrics
from mandi.feedback.kept import record_dataset_version
from mandi.registry.datasets import register_datasets
from mandi.serving.learning.source import records_of
from pipelines import project, stage, write_json


def main() -> None:
    """Write artifacts/receipts/datasets.json."""
    paths, _ = project()
    manifest = manifest_of(paths.datasets)
    receipt = register_datasets(paths.datasets, metrics(manifest), root=paths.root)
    ids = sorted({i for e in read_rows(paths.datasets) for i in e.generation_ids})
    with records_of(paths.root) as records:
        if records.database is not None:
            record_dataset_version(
                records.database, receipt.version, sha256=manifest["files"]["rows.parquet"]["sha256"], rows=receipt.rows,
                generation_ids=ids, mlflow_run=receipt.run_id,
            )  # fmt: skip
    write_json(paths.receipt("datasets"), receipt.as_dict())
    print(f"datasets {receipt.version}: {receipt.rows:,} examples of {len(ids):,} answers, registered")


if __name__ == "__main__":
    stage(main)
