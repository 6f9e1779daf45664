"""Makes a version of the datasets from the labelled answers: rows, a file of every format, cards, and the frozen evaluation set."""

from __future__ import annotations

import pandas as pd

from mandi.core.config import build as configured
from mandi.core.config import section
from mandi.datasets.build import build
from mandi.datasets.settings import DatasetParams
from mandi.datasets.version import before, metrics, write_version
from pipelines import project, stage, write_json


def main() -> None:
    """Write data/datasets and reports/metrics/datasets.json."""
    paths, params = project()
    settings = configured(DatasetParams, section(params, "datasets"), "datasets")
    past = before(paths.datasets)
    made = build(
        pd.read_parquet(paths.feedback / "labelled.parquet"),
        pd.read_parquet(paths.calls / "feedback.parquet"),
        pd.read_parquet(paths.calls / "tutor_pairs.parquet"),
        settings,
        past.frozen,
    )
    manifest = write_version(paths.datasets, made, settings, past)
    write_json(paths.metrics("datasets"), metrics(manifest))
    frozen = sum(s["examples"] for s in manifest["frozen"])
    print(
        f"version {made.version}: {len(made.examples):,} examples ({made.parted.kept:.0%} of the clean ones), {frozen:,} frozen, "
        f"no leak; {'enough' if manifest['enough'] else 'not enough'} to learn again: {manifest['why']}"
    )
    for name, reason in manifest["not_written"].items():
        print(f"{name} is not written: {reason}")


if __name__ == "__main__":
    stage(main)
