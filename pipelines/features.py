"""Builds one model's history and training frame from the tables, or says why it cannot."""

from __future__ import annotations

import tempfile
from pathlib import Path

from mandi.compute import computing
from mandi.features import feature_set
from mandi.features.partitioned import complete_whole
from mandi.tables.ingest import read_tables
from mandi.tables.parts import join_into
from pipelines import project, stage, write_json


def main(model: str) -> None:
    """Write data/features/<model>: frame.parquet, history/*.parquet, about.json."""
    paths, params = project()
    features, out = feature_set(model, params), paths.features(model)
    (out / "history").mkdir(parents=True, exist_ok=True)
    tables = read_tables(paths.tables)
    filled = {name for name, table in tables.items() if len(table)}
    if missing := sorted(features.requires - filled):
        write_json(out / "about.json", {"skipped": f"needs {', '.join(missing)}"})
        print(f"{model} is not trained: it needs {', '.join(missing)}")
        return
    history = features.history(tables)
    questions = features.questions(tables, history)
    with computing(params) as compute:
        if compute.ranks:
            with tempfile.TemporaryDirectory(dir=out) as room:
                parts = complete_whole(model, params, history, questions, Path(room))
                rows, columns = join_into(parts, out / "frame.parquet"), len(parts.columns())
        else:
            frame = features.assemble(questions, history)
            frame.to_parquet(out / "frame.parquet")
            rows, columns = frame.shape
    for name, state in history.items():
        state.to_parquet(out / "history" / f"{name}.parquet", index=False)
    write_json(out / "about.json", {"rows": rows, "absent": sorted(features.uses - filled)})
    print(f"{rows:,} questions, {columns} columns")


if __name__ == "__main__":
    stage(main)
