"""Answers one folder in a process of its own and of the lowest priority: requests do not wait for it, and it can be ended at any moment.

``python -m mandi.serving.jobs.apart`` reads what to do as one line of JSON and writes lines of JSON: how far it is, and at last a report
or an error.
"""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic_core import from_json, to_json

from mandi.core.errors import ContractError, MandiError, UnknownValue
from mandi.core.storage import told_when_unwritable

LOWEST = 19


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """Answer a folder and return the report, or the error that is told.

    Parameters
    ----------
    asked : dict
        service (folder of the champions), model, source, target, explain, asof (ISO 8601 or None), most_rows.
    """
    from mandi.serving.batch import REFUSED, predict_folder
    from mandi.serving.desk import Desk

    source, target = Path(asked["source"]), Path(asked["target"])
    try:
        with told_when_unwritable(target):
            _bounded(source, asked["most_rows"])
            desk = Desk.open(Path(asked["service"]), only=asked["model"])
            asof = None if asked["asof"] is None else datetime.fromisoformat(asked["asof"])
            done = predict_folder(
                desk, asked["model"], source, target, explain=asked["explain"], now=asof, progress=_tell
            )
    except MandiError as error:
        return {"error": _without_places(error, source, target)}
    files = [_about(path, target / REFUSED) for path in sorted(target.glob("*.parquet"))]
    return {
        "report": {
            "files_answered": done.files, "files_unchanged": done.unchanged, "rows": done.rows, "refused": done.refused,
            "rows_in_all": sum(file["rows"] + file["refused"] for file in files), "files": files,
            "model_version": str(desk.champions[asked["model"]].version),
        }
    }  # fmt: skip


def _bounded(source: Path, most: int) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = 0
    for path in sorted(source.glob("*.parquet")):
        try:
            rows += pq.ParquetFile(path).metadata.num_rows
        except (pa.ArrowInvalid, OSError) as error:
            raise ContractError(
                f"{path.name} cannot be read ({type(error).__name__})", allowed="Parquet files"
            ) from None
    if rows > most:
        raise UnknownValue(f"the folder holds {rows:,} rows", allowed=f"at most {most:,} in one job")


def _about(path: Path, refused: Path) -> dict[str, Any]:
    import pyarrow.parquet as pq

    told = refused / f"{path.stem}.csv"
    wrong = sum(1 for _ in told.open(encoding="utf-8")) - 1 if told.is_file() else 0
    return {"name": path.name, "rows": pq.ParquetFile(path).metadata.num_rows, "refused": wrong}


def _without_places(error: MandiError, *places: Path) -> dict[str, Any]:
    def plain(text: str | None) -> str | None:
        for place in places:
            text = text.replace(str(place), place.name) if text is not None else None
        return text

    return {"error": plain(error.message), "allowed": plain(error.allowed), "next": None}


def _tell(done: int, total: int, _name: str) -> None:
    _write({"rows_done": done, "rows": total})


def _write(told: dict[str, Any]) -> None:
    sys.stdout.buffer.write(to_json(told) + b"\n")
    sys.stdout.buffer.flush()


def main() -> None:
    """Read what to do, do it, tell it."""
    os.nice(LOWEST)
    asked = from_json(sys.stdin.buffer.readline())
    try:
        told = answer(asked)
    except (
        Exception
    ) as error:  # whoever handed it in is told that much; the log of the service holds the rest
        _write(
            {
                "error": {
                    "error": f"the folder could not be answered ({type(error).__name__})",
                    "allowed": None,
                    "next": None,
                }
            }
        )
        raise
    _write(told)


if __name__ == "__main__":
    main()
