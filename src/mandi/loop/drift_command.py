"""``mandi drift``: looks at the models, and makes a candidate of each that drifted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from mandi.core.errors import MandiError


def cli_drift(root: Path, models: Sequence[str], *, retrain: bool, say: Callable[[str], None]) -> bool:
    """Judge models for drift, and offer a challenger for each that drifted.

    Parameters
    ----------
    root : Path
    models : sequence of str
        All if none is named.
    retrain : bool
        Whether a drifted model is fitted again; the challenger waits for ``mandi promote``.
    say : callable
        Takes each text as soon as it is known.

    Returns
    -------
    bool
        Whether anything drifted.
    """
    from mandi.loop.drift_candidate import make_candidate
    from mandi.loop.drift_watch import watch

    found = watch(root, models)
    drifted = []
    for name, drift in found.items():
        if isinstance(drift, str):
            say(f"{name} is not looked at: {drift}")
            continue
        say(str(drift))
        if drift.alerts:
            drifted.append(drift)
    for drift in drifted:
        tests = ", ".join(check.test for check in drift.alerts)
        if not retrain:
            say(f"{drift.model}: fit a challenger with mandi drift {drift.model}")
            continue
        say(f"{drift.model} drifted ({tests}); it is fitted again on newer days")
        try:
            say(
                str(make_candidate(root, drift.model, f"{tests}, {drift.start.date()} to {drift.end.date()}"))
            )
        except MandiError as error:  # one that cannot be fitted keeps no other from it
            say(f"{drift.model} has no candidate: {error}")
    say("reports/drift")
    return bool(drifted)
