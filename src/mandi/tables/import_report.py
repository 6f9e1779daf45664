"""What an import took in: rows received, accepted, flagged and rejected by reason, and which models can be trained."""

from __future__ import annotations

import html
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

NEEDS: dict[str, tuple[str, ...]] = {
    "price": ("reports",),
    "demand": ("reports",),
    "quality": ("lots", "assays"),
    "fraud": ("trades", "payments", "documents"),
    "matching": ("availabilities", "requirements", "outcomes"),
}
COLUMNS = ["received", "accepted", "flagged", "rejected"]


def readiness(present: Collection[str]) -> dict[str, str]:
    """Say of every model whether it can be trained, and why not.

    Parameters
    ----------
    present : collection of str
        Names of the tables that have rows.

    Returns
    -------
    dict of model to str
        ``yes``, or what is missing.

    Examples
    --------
    >>> readiness({"reports", "assays"})["quality"]
    'no: the table lots is missing'
    >>> readiness({"reports"})["price"]
    'yes'
    """
    answers = {}
    for model, needed in NEEDS.items():
        missing = [name for name in needed if name not in present]
        tables = f"the table{'s' if len(missing) > 1 else ''} {', '.join(missing)} {'are' if len(missing) > 1 else 'is'}"
        answers[model] = f"no: {tables} missing" if missing else "yes"
    return answers


@dataclass(frozen=True)
class ImportReport:
    """The outcome of an import.

    Parameters
    ----------
    source : str
        Where the tables came from, without secrets.
    counts : mapping of table to counts
        As in :class:`mandi.tables.validate.Validated`.
    rejects : DataFrame
        Every rejected row: ``table``, ``file``, ``row``, ``reason``, ``raw``.
    ignored_files : tuple of str
        Files at the location that are no tables.
    truth : Any
        What lies behind the generated market; None for any other source.

    Examples
    --------
    >>> report = ImportReport("files in", {"reports": {"received": 3, "accepted": 2, "flagged": 1, "rejected": 1,
    ...     "reasons": {"modal_price missing": 1}, "flags": {"implausible": 1}}}, pd.DataFrame())
    >>> report.table().loc["reports"].to_dict()
    {'received': 3, 'accepted': 2, 'flagged': 1, 'rejected': 1}
    >>> report.metrics()["tables"]["reports"]["rejected"]
    1
    """

    source: str
    counts: Mapping[str, Mapping[str, Any]]
    rejects: pd.DataFrame
    ignored_files: tuple[str, ...] = ()
    truth: Any = field(default=None, repr=False)

    @property
    def trainable(self) -> dict[str, str]:
        """Of every model ``yes``, or why it cannot be trained with what is there."""
        return readiness([name for name, c in self.counts.items() if c["accepted"]])

    def table(self) -> pd.DataFrame:
        """Return rows received, accepted, flagged and rejected; one line per table."""
        return pd.DataFrame(
            {name: [c[k] for k in COLUMNS] for name, c in self.counts.items()}, index=COLUMNS
        ).T

    def reasons(self) -> pd.DataFrame:
        """Return the rows of each table by what happened to them and why."""
        rows = [
            (name, verdict, reason, count)
            for name, c in self.counts.items()
            for verdict, key in (("rejected", "reasons"), ("flagged", "flags"), ("converted", "converted"))
            for reason, count in c.get(key, {}).items()
        ]
        return pd.DataFrame(rows, columns=["table", "verdict", "reason", "rows"])

    def metrics(self) -> dict[str, Any]:
        """Return everything counted as plain nested dicts, for a metrics file."""
        return {
            "tables": {name: {k: dict(v) if isinstance(v, Mapping) else v for k, v in c.items()}
                       for name, c in self.counts.items()},
            "total": {k: int(sum(c[k] for c in self.counts.values())) for k in COLUMNS},
            "trainable": {model: answer == "yes" for model, answer in self.trainable.items()},
            "ignored_files": list(self.ignored_files),
        }  # fmt: skip

    def summary(self) -> str:
        """Return the report as text for a terminal."""
        parts = [f"tables from {self.source}", self.table().to_string()]
        reasons = self.reasons()
        if len(reasons):
            parts.append(reasons.to_string(index=False))
        parts += [f"ignored, not a table: {name}" for name in self.ignored_files]
        parts += [
            f"ignored column of {name}: {c}"
            for name, of in self.counts.items()
            for c in of.get("ignored_columns", [])
        ]
        parts.append("\n".join(f"train {model}: {answer}" for model, answer in self.trainable.items()))
        return "\n\n".join(parts)

    def _repr_html_(self) -> str:
        trainable = pd.DataFrame({"can be trained": self.trainable})
        parts = [f"<p><b>tables from {html.escape(self.source)}</b></p>", self.table().to_html()]
        reasons = self.reasons()
        if len(reasons):
            parts.append(reasons.to_html(index=False))
        parts.append(trainable.to_html())
        return "".join(parts)
