"""Fits one model on its frame and saves it as plain data. The parts train, validation and calibration are used; test is not."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from mandi.compute import computing
from mandi.core.errors import TooLittleData
from mandi.core.paths import Paths
from mandi.core.whole import replaced
from mandi.models import new_model
from pipelines import project, skipped, stage, write_json


def main(model: str) -> None:
    """Write artifacts/models/<model>."""
    paths, params = project()
    with replaced(paths.model(model)) as out:
        _train(paths, params, model, out)


def _train(paths: Paths, params: Mapping[str, Any], model: str, out: Path) -> None:
    if reason := skipped(paths, model):
        write_json(out / "skipped.json", {"skipped": reason})
        print(f"{model} is not trained: it {reason}")
        return
    frame = pd.read_parquet(paths.features(model) / "frame.parquet")
    started = time.perf_counter()
    learnt = frame[frame["part"].isin(["train", "validation", "calibration"])]
    try:
        with computing(params):
            fitted = new_model(model, params).fit(learnt, tell)
    except TooLittleData as error:
        write_json(out / "skipped.json", {"skipped": f"needs more data: {error.message}"})
        print(f"{model} is not trained: {error.message}; {error.allowed} are needed")
        return
    fitted.save(out)
    print(
        f"fitted on {int((frame['part'] == 'train').sum()):,} rows in {time.perf_counter() - started:.1f} s"
    )


def tell(done: int, total: int, text: str) -> None:
    """Print a progress line."""
    print(f"{done}/{total}: {text}")


if __name__ == "__main__":
    stage(main)
