"""Fingerprints where the tables come from, so that new or changed files make the tables stage run again."""

from __future__ import annotations

from mandi.tables.fingerprint import fingerprint
from pipelines import project, stage, write_json


def main() -> None:
    """Write data/source.json."""
    paths, params = project()
    found = fingerprint(paths.root, params["tables"])
    write_json(paths.root / "data" / "source.json", found)
    print(f"{found['source']}: {found['summary']}")


if __name__ == "__main__":
    stage(main)
