"""Looks at every model for drift: what it reads, what it answers, how right it is; tells what is new."""

from __future__ import annotations

from mandi.loop.drift_watch import watch
from pipelines import project, stage


def main() -> None:
    """Write reports/drift and reports/metrics/drift.json."""
    paths, _ = project()
    found = watch(paths.root)
    for name, drift in found.items():
        print(f"{name} is not looked at: {drift}" if isinstance(drift, str) else drift)
    alerts = [name for name, drift in found.items() if not isinstance(drift, str) and drift.alerts]
    print(f"drift in {', '.join(alerts)}: mandi drift makes challengers" if alerts else "no drift")


if __name__ == "__main__":
    stage(main)
