"""One test and what it found; the whole of one model at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

Test = Literal["columns", "answers", "residuals", "calibration", "performance"]


@dataclass(frozen=True)
class Check:
    """One test of one model.

    Attributes
    ----------
    test : str
        What was looked at.
    judged : bool
        False where there is too little to judge by; ``text`` says what is missing.
    alert : bool
    value, limit : float, optional
        What was measured and from where on it is an alert; both of the same unit.
    text : str
        One sentence.
    table : DataFrame
        What stands behind it, for the report.
    reference, current : DataFrame
        The samples that were compared, column by column.
    """

    test: Test
    judged: bool
    alert: bool
    value: float | None
    limit: float | None
    text: str
    table: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    reference: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    current: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)


@dataclass(frozen=True)
class Drift:
    """All tests of one model at one moment.

    Attributes
    ----------
    model : str
    start, end : Timestamp
        The window judged (UTC).
    checks : tuple of Check
    """

    model: str
    start: pd.Timestamp
    end: pd.Timestamp
    checks: tuple[Check, ...]

    @property
    def alerts(self) -> tuple[Check, ...]:
        """The tests that found something."""
        return tuple(check for check in self.checks if check.alert)

    def as_dict(self) -> dict[str, Any]:
        """Return plain data, without the tables."""
        return {
            "model": self.model,
            "start": str(self.start.date()),
            "end": str(self.end.date()),
            "alert": bool(self.alerts),
            "checks": {check.test: _plain(check) for check in self.checks},
        }

    def metrics(self) -> Mapping[str, float]:
        """Return figures by dotted name: what was judged, what alerts, the value and the limit of each test."""
        found = {"alert": float(bool(self.alerts))}
        for check in self.checks:
            found[f"{check.test}.judged"] = float(check.judged)
            found[f"{check.test}.alert"] = float(check.alert)
            for name in ("value", "limit"):
                if (number := getattr(check, name)) is not None:
                    found[f"{check.test}.{name}"] = float(number)
        return found

    def __str__(self) -> str:
        head = f"{self.model}, {self.start.date()} to {self.end.date()}: {'DRIFT' if self.alerts else 'no drift'}"
        marks = {(True, True): "ALERT", (True, False): "ok", (False, False): "-"}
        return "\n".join(
            [head, *(f"  {marks[c.judged, c.alert]:<5} {c.test}: {c.text}" for c in self.checks)]
        )


def not_judged(test: Test, why: str) -> Check:
    """Return the check of a test that could not be made."""
    return Check(test, False, False, None, None, f"not judged: {why}")


def _plain(check: Check) -> dict[str, Any]:
    return {
        "judged": check.judged,
        "alert": check.alert,
        "value": check.value,
        "limit": check.limit,
        "text": check.text,
    }
