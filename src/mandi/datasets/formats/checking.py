"""Reads a file line by line and says which rows a trainer or a vendor would refuse, and why."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mandi.core.errors import ContractError, DataNotFound
from mandi.datasets.formats.kinds import Format, format_named

BYTES_A_TOKEN = 3
"""Of UTF-8: a Latin word has four letters a token, a word of an Indian script about one; this errs on the large side."""
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a line, counted from 1; line 0 is the whole file."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}" if self.line else f"the file {self.reason}"


@dataclass(frozen=True)
class Checked:
    """What was found in a file.

    Attributes
    ----------
    rows, tokens : int
        Rows that are right, and an estimate of their tokens.
    problems : tuple of Problem
    """

    path: Path
    format: str
    rows: int
    tokens: int
    problems: tuple[Problem, ...]


def check_file(path: Path, name: str) -> Checked:
    """Check a file against a format, one line in memory at a time.

    Parameters
    ----------
    path : Path
    name : str
        One of ``FORMATS``.

    Raises
    ------
    DataNotFound
        There is no such file.
    UnknownValue
        There is no such format.
    """
    known = format_named(name)
    if not path.is_file():
        raise DataNotFound(f"no file at {path}", next_command="mandi repro")
    rows, tokens = 0, 0
    seen: Counter[str] = Counter(bytes=path.stat().st_size)
    problems: list[Problem] = []
    if path.suffix != ".jsonl":
        problems.append(Problem(0, f"is called {path.name}; its name has to end with .jsonl"))
    for line, raw in _lines(path):
        row, reason = _row(raw, known)
        if row is None or reason:
            problems.append(Problem(line, reason))
            continue
        rows += 1
        tokens += _tokens(raw)
        if isinstance(row.get("label"), bool):
            seen[str(row["label"]).lower()] += 1
    if known.whole and (reason := known.whole(rows + len({p.line for p in problems} - {0}), seen)):
        problems.append(Problem(0, reason))
    return Checked(path, name, rows, tokens, tuple(problems))


def refuse_broken(path: Path, name: str) -> Checked:
    """Check a file; see ``check_file``.

    Raises
    ------
    ContractError
        A row is broken, or the file: the first lines and reasons are named.
    """
    checked = check_file(path, name)
    if checked.problems:
        told = "; ".join(map(str, checked.problems[:SHOWN]))
        more = f" (and {len(checked.problems) - SHOWN} more)" if len(checked.problems) > SHOWN else ""
        raise ContractError(f"{path.name} is not {name}: {told}{more}", allowed=f"rows as {name} has them")
    return checked


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as lines:
        for number, raw in enumerate(lines, 1):
            yield number, raw.rstrip(b"\r\n")


def _row(raw: bytes, known: Format) -> tuple[Mapping[str, Any] | None, str]:
    if not raw.strip():
        return None, "is empty"
    if raw.startswith(b"\xef\xbb\xbf"):
        return None, "begins with a byte order mark"
    try:
        row = json.loads(raw.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    except UnicodeDecodeError:
        return None, "is not UTF-8"
    except json.JSONDecodeError as error:
        return None, f"is not JSON: {error.msg} at letter {error.colno}"
    except ValueError as error:
        return None, str(error)
    except RecursionError:
        return None, "is nested too deep"
    if not isinstance(row, dict):
        return None, "is not an object"
    if reason := known.check(row):
        return row, reason
    tokens = _tokens(raw)
    if known.most_tokens and tokens > known.most_tokens:
        return row, f"has about {tokens:,} tokens; {known.vendor} takes {known.most_tokens:,}"
    return row, ""


def _tokens(raw: bytes) -> int:
    return -(-len(raw) // BYTES_A_TOKEN)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    held: dict[str, Any] = {}
    for key, value in pairs:
        if key in held:
            raise ValueError(f"holds {key} twice")
        held[key] = value
    return held


def _no_constant(name: str) -> Any:
    raise ValueError(f"holds {name}, which is not JSON")
