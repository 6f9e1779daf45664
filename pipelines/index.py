"""Writes the page that lists every model and every report."""

from __future__ import annotations

from mandi.report.index import index_page
from pipelines import project, stage


def main() -> None:
    """Write reports/index.html."""
    paths, _ = project()
    (paths.reports / "index.html").write_text(index_page(paths.root), encoding="utf-8")
    print("reports/index.html")


if __name__ == "__main__":
    stage(main)
