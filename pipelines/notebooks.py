"""Writes clean copies of the listed notebooks, so that saving one in JupyterLab makes no stage run again."""

from __future__ import annotations

from mandi.report.look import prepare
from pipelines import project, stage


def main() -> None:
    """Write data/notebooks."""
    paths, _ = project()
    written = prepare(paths.root, paths.root / "data" / "notebooks")
    print(f"{len(written)} notebooks")


if __name__ == "__main__":
    stage(main)
