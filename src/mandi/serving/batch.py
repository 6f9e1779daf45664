"""Answers a folder of Parquet files: the same desk, the same rows, no HTTP; broken off, it goes on where it was."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from mandi.core.errors import DataNotFound, StaleSnapshot, UnknownValue, nearest
from mandi.core.whole import written_whole
from mandi.serving.problems import BadRow, problem_of_validation

if TYPE_CHECKING:
    import pyarrow as pa

    from mandi.serving.desk import Desk

MARK = b"mandi"
REFUSED = "refused"
NESTED = "quality_params."
FEW = 8
COLUMNS = ("row", "field", "error", "allowed")
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class BatchReport:
    """What became of a folder.

    Attributes
    ----------
    files, unchanged : int
        Files answered now, and files that had been answered before.
    rows, refused : int
        Rows read now, and how many of them could not be answered.
    """

    files: int
    unchanged: int
    rows: int
    refused: int


def predict_folder(
    desk: Desk,
    model: str,
    source: Path,
    target: Path,
    *,
    explain: bool = False,
    now: datetime | None = None,
    progress: Progress | None = None,
) -> BatchReport:
    """Answer every row of the ``*.parquet`` files of a folder, a file for a file.

    A row that cannot be answered is left out and written with its reason to ``refused/<file>.csv``; it harms no other row. A file
    appears whole or not at all, and one that was answered before, by the same version and from the same bytes, is not answered again.
    Memory does not grow with the files: rows are answered as many at a time as a request may hold.

    Parameters
    ----------
    desk : Desk
    model : str
        One that the desk serves.
    source : Path
        Columns are the fields of a row of the model (``mandi predict MODEL --columns`` lists them); those of ``quality_params`` are one
        column of structs, or columns named ``quality_params.<field>``. Others are passed on as they are.
    target : Path
        Made if missing: all columns of the source and those of the answer; where both have one, the answer's is ``answer_<name>``.
        Nested parts of an answer are JSON.
    explain : bool
        Reasons of each answer as well.
    now : datetime, optional
        Moment of the rows without one, the same for all of them; the clock's if not given.
    progress : callable, optional
        Called with rows done, rows in all, and the file's name.

    Raises
    ------
    UnknownValue
        No such model is served.
    DataNotFound
        The source holds no Parquet file.
    DiskFull
        There is no room; the file in hand is left out, and those before it stay.
    """
    counter = desk.counters.get(model)
    if counter is None:
        raise UnknownValue(
            f'no model "{model}" is served here{nearest(model, desk.counters)}',
            allowed=", ".join(sorted(desk.counters)) or "none", next_command=f"mandi repro register@{model}",
        )  # fmt: skip
    files = sorted(path for path in source.glob("*.parquet") if path.is_file())
    if not files:
        raise DataNotFound(f"{source} holds no .parquet file", next_command="ls " + str(source))
    target.mkdir(parents=True, exist_ok=True)
    import pyarrow.parquet as pq

    total, done, now = (
        sum(pq.ParquetFile(path).metadata.num_rows for path in files),
        0,
        now or datetime.now(UTC),
    )
    answered = unchanged = read = refused = 0
    for path in files:
        mark = {**_version(desk, model), "explain": explain, "source": _digest(path)}
        count = pq.ParquetFile(path).metadata.num_rows
        if _mark_of(target / path.name) == mark:
            unchanged += 1
        else:
            shown = (
                (lambda rows, name=path.name, start=done: progress(start + rows, total, name))
                if progress
                else None
            )
            refused += _answer_file(desk, model, counter, path, target, mark, explain, now, shown)
            answered, read = answered + 1, read + count
        done += count
        if progress:
            progress(done, total, path.name)
    return BatchReport(answered, unchanged, read, refused)


def columns_of(row: type[BaseModel]) -> list[tuple[str, str]]:
    """Return the columns a row is read from, each with what it is for.

    Examples
    --------
    >>> from mandi.serving.contracts import PriceRow
    >>> columns_of(PriceRow)[0]
    ('commodity_id', 'commodity, for example soybean')
    """
    found = []
    for name, field in row.model_fields.items():
        inner = [
            kind
            for kind in _kinds(field.annotation)
            if isinstance(kind, type) and issubclass(kind, BaseModel)
        ]
        if inner:
            found += [
                (f"{name}.{key}", below.description or "") for key, below in inner[0].model_fields.items()
            ]
        else:
            found.append((name, field.description or ""))
    return found


def _answer_file(
    desk: Desk, model: str, counter: Any, path: Path, target: Path, mark: dict[str, Any], explain: bool, now: datetime,
    shown: Callable[[int], None] | None,
) -> int:  # fmt: skip
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path)
    names = _answer_names(counter.told, set(file.schema_arrow.names))
    schema = pa.schema(
        [*file.schema_arrow.remove_metadata(), *(pa.field(names[name], _arrow(field.annotation)) for name, field in counter.told.model_fields.items())],
        metadata={MARK: json.dumps(mark, sort_keys=True).encode()},
    )  # fmt: skip
    first, problems = 0, []
    with written_whole(target / path.name) as place, pq.ParquetWriter(place, schema) as writer:
        for batch in file.iter_batches(batch_size=desk.limits.max_rows):
            answers, wrong = _answered(desk, model, counter, batch.to_pylist(), explain, now)
            problems += [{**problem, "row": first + problem["row"]} for problem in wrong]
            kept = batch.take(pa.array(sorted(answers), pa.int64()))
            told = [_flat(answers[i]) for i in sorted(answers)]
            columns = [
                pa.array([row[name] for row in told], _arrow(field.annotation))
                for name, field in counter.told.model_fields.items()
            ]
            writer.write_table(pa.Table.from_arrays([*kept.columns, *columns], schema=schema))
            first += len(batch)
            if shown:
                shown(first)
    _write_refused(target / REFUSED / f"{path.stem}.csv", problems)
    return len(problems)


def _answered(
    desk: Desk, model: str, counter: Any, given: Sequence[dict[str, Any]], explain: bool, now: datetime
) -> tuple[dict[int, Any], list[dict[str, Any]]]:
    """Return answers by row, and what is wrong with the others."""
    rows: dict[int, Any] = {}
    wrong: list[dict[str, Any]] = []
    for i, row in enumerate(given):
        try:
            rows[i] = counter.row.model_validate(_question(row, counter.row))
        except ValidationError as error:
            told = problem_of_validation(
                [dict(e) for e in error.errors(include_url=False, include_input=False)]
            )
            wrong.append({"row": i, "field": told.field, "error": told.error, "allowed": told.allowed})
    answers: dict[int, Any] = {}
    ask, together, refusals = getattr(desk, model), len(rows), 0
    while rows:
        places = list(rows)[:together]
        try:
            told = ask([rows[place] for place in places], now, explain)
        except (BadRow, StaleSnapshot) as error:
            number, field = _place(error, len(places))
            wrong.append(
                {"row": places[number], "field": field, "error": error.message, "allowed": error.allowed}
            )
            del rows[places[number]]
            refusals += 1
            together = (
                len(given) if refusals < FEW else 1
            )  # or each of many refusals would ask all the others again
        else:
            answers |= dict(zip(places, told, strict=True))
            rows = {place: row for place, row in rows.items() if place not in answers}
    return answers, wrong


def _place(error: Any, rows: int) -> tuple[int, str]:
    _, _, rest = error.field.partition("rows.")
    number, _, field = rest.partition(".")
    if number.isdigit():
        return int(number), field
    if rows > 1:  # the refusal is of no row: of the whole
        raise error
    return 0, error.field


def _question(row: dict[str, Any], contract: type[BaseModel]) -> dict[str, Any]:
    """Return the fields of a row that are given; what the contract does not know is not a part of the question."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        if name.startswith(NESTED):
            if value is not None:
                found.setdefault(NESTED[:-1], {})[name.removeprefix(NESTED)] = value
        elif name in contract.model_fields and value is not None:
            found[name] = _given(value)
    return found


def _given(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _given(part) for name, part in value.items() if part is not None}
    return [_given(part) for part in value] if isinstance(value, list) else value


def _flat(answer: BaseModel) -> dict[str, Any]:
    told = answer.model_dump()
    kinds = {name: _arrow(field.annotation) for name, field in type(answer).model_fields.items()}
    return {
        name: json.dumps(value, default=str, ensure_ascii=False)
        if str(kinds[name]) == "string" and value is not None and not isinstance(value, str)
        else value
        for name, value in told.items()
    }


def _answer_names(told: type[BaseModel], taken: set[str]) -> dict[str, str]:
    return {name: f"answer_{name}" if name in taken else name for name in told.model_fields}


def _arrow(annotation: Any) -> pa.DataType:
    import pyarrow as pa

    kinds = [kind for kind in _kinds(annotation) if kind is not NoneType]
    types = {
        bool: pa.bool_(),
        int: pa.int64(),
        float: pa.float64(),
        datetime: pa.timestamp("us", "UTC"),
        date: pa.date32(),
    }
    if set(kinds) == {int, float}:
        return pa.float64()
    return types.get(kinds[0], pa.string()) if len(kinds) == 1 else pa.string()


def _kinds(annotation: Any) -> list[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _kinds(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return [kind for part in get_args(annotation) for kind in _kinds(part)]
    return [str] if origin is Literal else [annotation]


def _version(desk: Desk, model: str) -> dict[str, Any]:
    champion = desk.champions[model]
    return {"model": model, "version": str(champion.version), "content_hash": champion.content_hash}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _mark_of(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        found = (pq.read_schema(path).metadata or {}).get(MARK)
    except (OSError, pa.ArrowInvalid):
        return None
    return None if found is None else json.loads(found)


def _write_refused(path: Path, problems: Sequence[dict[str, Any]]) -> None:
    if not problems:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as place, place.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(sorted(problems, key=lambda problem: problem["row"]))
