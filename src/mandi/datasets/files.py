"""Reads and writes examples as one table: the same examples give the same bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mandi.core.errors import ContractError, DataNotFound
from mandi.datasets.rows import PARTS, PURPOSES, Example

if TYPE_CHECKING:
    from pandas import DataFrame

ROWS = "rows.parquet"
COLUMNS = (
    "example_id", "purpose", "task", "part", "messages", "chosen", "rejected", "label", "verdict", "weight", "gold", "asked_at",
    "known_at", "generation_ids", "feedback_ids", "party", "conversation_id", "organization_id", "cluster", "facts", "language",
    "intent", "consent", "licence", "provenance",
)  # fmt: skip
_JSON = ("messages", "facts", "generation_ids", "feedback_ids")
_TIMES = ("asked_at", "known_at")


def to_frame(examples: Iterable[Example]) -> DataFrame:
    """Return examples as a table, a row each, sorted by id.

    Parameters
    ----------
    examples : iterable of Example

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``; messages, facts and ids as JSON, times UTC.

    Examples
    --------
    >>> to_frame([]).columns[0]
    'example_id'
    """
    import pandas as pd

    rows = [_row(e) for e in sorted(examples, key=lambda e: (e.purpose, e.example_id))]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    for name in _TIMES:
        frame[name] = pd.to_datetime(frame[name], utc=True).astype("datetime64[us, UTC]")
    frame["label"] = frame["label"].astype("boolean")
    return frame.astype({"weight": "float64", "gold": "bool", "cluster": "int64"})


def from_frame(frame: DataFrame) -> list[Example]:
    """Return the examples of a table.

    Raises
    ------
    ContractError
        Columns are missing, or a part or purpose is none.
    """
    if missing := [name for name in COLUMNS if name not in frame.columns]:
        raise ContractError(f"the rows lack {', '.join(missing)}", allowed=", ".join(COLUMNS))
    for name, known in (("part", PARTS), ("purpose", PURPOSES)):
        if odd := sorted(set(frame[name]) - set(known)):
            raise ContractError(f"the rows hold {name} {odd[0]!r}", allowed=", ".join(known))
    return [_example(row) for row in frame[list(COLUMNS)].astype(object).itertuples(index=False)]


def read_rows(folder: Path) -> list[Example]:
    """Return the examples of the version in a folder; see ``mandi.core.paths.Paths.datasets``.

    Raises
    ------
    DataNotFound
        There is none.
    """
    import pandas as pd

    path = folder / ROWS
    if not path.is_file():
        raise DataNotFound(f"no datasets at {folder}", next_command="mandi repro")
    return from_frame(pd.read_parquet(path))


def write_rows(examples: Iterable[Example], folder: Path) -> Path:
    """Write the table of a version."""
    path = folder / ROWS
    to_frame(examples).to_parquet(path, index=False)
    return path


def write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> int:
    """Write JSON lines and return how many."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as kept:
        for row in rows:
            kept.write(json.dumps(row, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n")
            count += 1
    return count


def content(examples: Sequence[Example]) -> Iterable[str]:
    """Yield what examples say, a line each in the order of their ids: the text a version is the digest of."""
    for example in sorted(examples, key=lambda e: (e.purpose, e.example_id)):
        row = _row(example)
        yield json.dumps(
            row | {n: row[n] and row[n].isoformat() for n in _TIMES}, sort_keys=True, ensure_ascii=False
        )


def _row(example: Example) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(example, name) for name in COLUMNS}
    row["messages"] = [dict(m) for m in example.messages]
    for name in _JSON:
        row[name] = json.dumps(row[name], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return row


def _example(row: Any) -> Example:
    import pandas as pd

    held: dict[str, Any] = {
        name: None if _missing(value) else value for name, value in zip(COLUMNS, row, strict=True)
    }
    for name in _JSON:
        held[name] = json.loads(held[name])
    for name in _TIMES:
        if held[name] is not None:
            moment: datetime = pd.Timestamp(held[name]).to_pydatetime()
            held[name] = moment
    held["messages"] = tuple(held["messages"])
    held["generation_ids"], held["feedback_ids"] = tuple(held["generation_ids"]), tuple(held["feedback_ids"])
    held["label"] = None if held["label"] is None else bool(held["label"])
    held |= {"cluster": int(held["cluster"]), "gold": bool(held["gold"]), "weight": float(held["weight"])}
    return Example(**held)


def _missing(value: Any) -> bool:
    import pandas as pd

    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)
