"""Searches better settings of one model and writes what was found; params.yaml is not changed (that is `mandi search --write`)."""

from __future__ import annotations

from mandi.tuning.command import stage as search_stage
from pipelines import project, skipped, stage, write_json


def main(model: str) -> None:
    """Write artifacts/tuning/<model>.json."""
    paths, _ = project()
    out = paths.studies.with_name(f"{model}.json")
    if reason := skipped(paths, model):
        write_json(out, {"skipped": reason})
        print(f"{model} is not searched: it {reason}")
        return
    write_json(out, search_stage(paths.root, model))


if __name__ == "__main__":
    stage(main)
