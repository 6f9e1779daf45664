"""Runs one notebook with its parameters from params.yaml and writes it as a self-contained page."""

from __future__ import annotations

from mandi.report.look import render
from pipelines import project, stage


def main(key: str) -> None:
    """Write reports/notebooks/<key>.html."""
    paths, _ = project()
    written = render(paths.root, key, paths.root / "data" / "notebooks" / f"{key}.ipynb")
    print(f"{written.relative_to(paths.root)}, {written.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    stage(main)
