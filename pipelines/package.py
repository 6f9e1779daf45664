"""Writes what the service loads: every champion of the registry with the last known state of its history."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pandas as pd

import mandi.registry.promotion as promotion
from mandi.core.config import build
from mandi.features import feature_set
from mandi.features.base import snapshot
from mandi.serving.package import write_service_folder
from mandi.serving.snapshot import ServingParams
from pipelines import project, skipped, stage


def main() -> None:
    """Write artifacts/service."""
    paths, params = project()
    limits = build(ServingParams, params.get("serving") or {}, "serving")
    shutil.rmtree(paths.champions, ignore_errors=True)
    for model in params["models"]:
        champion = promotion.champion(model, root=paths.root)
        if champion is None or skipped(paths, model):
            continue
        home = paths.features(model) / "history"
        history = {file.stem: pd.read_parquet(file) for file in sorted(home.glob("*.parquet"))}
        keys = feature_set(model, params).keys
        # the first state is the clock: another may already hold what is known only after the last day of it
        until = history[next(iter(keys))]["known_time"].max()
        with tempfile.TemporaryDirectory() as somewhere:
            exported = promotion.folder(model, "champion", root=paths.root)
            copied = Path(shutil.copytree(exported, Path(somewhere) / model))
            entry = {
                "version": champion.version,
                "run_id": champion.run_id,
                "content_hash": champion.content_hash,
                "snapshot_time": until,
                "metrics": champion.metrics,
            }
            write_service_folder(
                paths.champions, model, copied, snapshot(history, until, keys), entry,
                params=params, source=champion.source, limits=limits,
            )  # fmt: skip
        print(f"{model} v{champion.version} is packaged, its history known until {until:%Y-%m-%d %H:%M} UTC")


if __name__ == "__main__":
    stage(main)
