"""Fingerprints what the service has kept to learn from, so that new answers and opinions make the loop run again."""

from __future__ import annotations

from mandi.feedback.export import fingerprint
from mandi.serving.learning.source import records_of
from pipelines import project, stage, write_json


def main() -> None:
    """Write data/log_source.json."""
    paths, _ = project()
    with records_of(paths.root) as records:
        found = {"database": records.why} if records.database is None else fingerprint(records.database)
        consent = records.settings.learning_consent
    write_json(paths.root / "data" / "log_source.json", {**found, "default_consent": consent})
    print(
        found.get("database") or f"{found['generations'][0]} answers, {found['feedback'][0]} opinions of them"
    )


if __name__ == "__main__":
    stage(main)
