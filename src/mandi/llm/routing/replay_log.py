"""The log a policy is replayed over: one question a row, and what came of it with one provider or with each of them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, cast

from mandi.core.errors import ContractError, DataNotFound
from mandi.llm.messages import Message, Prompt, Task
from mandi.llm.provider import Kind
from mandi.llm.routing.features import Features, features_of

KINDS: tuple[Kind, ...] = ("vendor", "local", "student", "mock")
_NAMED_BY_KIND: dict[str, Kind] = {
    "student": "student",
    "weak": "student",
    "mock": "mock",
    "analyst": "mock",
    "local": "local",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of an answer: quality in [0, 1], dollars, and milliseconds if known."""

    quality: float
    cost_usd: float = 0.0
    latency_ms: float | None = None


@dataclass(frozen=True, slots=True)
class LoggedRow:
    """One question of the log.

    Attributes
    ----------
    outcomes : mapping of provider to Seen
        Of every provider, or of the one that answered.
    cluster : str
        Conversation or prompt: rows of one are not independent and are resampled together.
    propensity : float, optional
        With which probability the one that answered was chosen; needed where only one did.
    student_confidence, hardness : float, optional
        As in a situation.
    text : str, optional
        Of the question, where the log holds it.
    """

    features: Features
    outcomes: Mapping[str, Seen]
    cluster: str
    propensity: float | None = None
    student_confidence: float | None = None
    hardness: float | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class ReplayLog:
    """Rows in the order they happened, the providers in their order, and the kind of each."""

    rows: tuple[LoggedRow, ...]
    kinds: Mapping[str, Kind] = field(default_factory=dict)

    @property
    def providers(self) -> tuple[str, ...]:
        """Return the names of all providers."""
        return tuple(self.kinds)

    @property
    def full(self) -> bool:
        """Whether every row knows what each provider would have answered."""
        return all(len(row.outcomes) == len(self.kinds) for row in self.rows)


def read_log(path: Path, kinds: Mapping[str, Kind] | None = None) -> ReplayLog:
    """Read a log from a JSON-lines or CSV file.

    Parameters
    ----------
    path : Path
        Rows as in ``log_of``. In CSV ``quality.<provider>`` and ``cost_usd.<provider>`` are columns; ``<provider>_correct``
        is quality too, so that published router logs can be read as they are.
    kinds : mapping, optional
        Kind of providers whose name does not say it.

    Raises
    ------
    DataNotFound, ContractError
    """
    if not path.is_file():
        raise DataNotFound(f"no log at {path}", next_command="mandi route replay --log FILE.jsonl")
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return log_of(map(_unfolded, csv.DictReader(file)), kinds)
    rows: list[Any] = []
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                try:
                    rows.append(json.loads(line))
                except json.JSONDecodeError as error:
                    raise ContractError(
                        f"line {number} of {path.name} is not JSON: {error.msg}", allowed="one object a line"
                    ) from None
    return log_of(rows, kinds)


def log_of(rows: Iterable[Mapping[str, Any]], kinds: Mapping[str, Kind] | None = None) -> ReplayLog:
    """Make a log of plain rows.

    Parameters
    ----------
    rows : iterable of mappings
        ``prompt`` (or ``features``, as ``Features.as_dict`` gives them), and either ``outcomes``: {provider: {quality,
        cost_usd, latency_ms}}, or ``provider``, ``quality``, ``cost_usd`` and ``propensity``. If known: ``conversation_id``,
        ``task``, ``student_confidence``, ``hardness``.
    kinds : mapping, optional

    Raises
    ------
    ContractError
        A row has no question, no outcome, or a quality, confidence or propensity outside [0, 1]; it is named by its number.

    Examples
    --------
    >>> log = log_of([{"prompt": "price of tur?", "outcomes": {"student": {"quality": 1}, "gemini": {"quality": 1}}}])
    >>> log.full, dict(log.kinds)
    (True, {'student': 'student', 'gemini': 'vendor'})
    """
    read = tuple(_row(number, row) for number, row in enumerate(rows, 1))
    if not read:
        raise ContractError("the log has no rows")
    names = dict.fromkeys(name for row in read for name in row.outcomes)
    return ReplayLog(read, {name: (kinds or {}).get(name) or _kind(name) for name in names})


def _kind(name: str) -> Kind:
    return next((kind for part, kind in _NAMED_BY_KIND.items() if part in name.lower()), "vendor")


def _row(number: int, row: Mapping[str, Any]) -> LoggedRow:
    outcomes = row.get("outcomes")
    if outcomes is None and row.get("provider"):
        outcomes = {row["provider"]: row}
    if not isinstance(outcomes, Mapping) or not outcomes:
        raise ContractError(f"row {number} has no outcome", allowed="outcomes, or provider and quality")
    seen = {
        str(name): Seen(
            _share(number, "quality", found.get("quality")),
            float(found.get("cost_usd") or 0.0),
            None if found.get("latency_ms") in (None, "") else float(found["latency_ms"]),
        )
        for name, found in outcomes.items()
    }
    text = row.get("prompt")
    propensity = _known(number, "propensity", row)
    if propensity == 0.0:
        raise ContractError(f"row {number} was chosen with probability 0", allowed="above 0, at most 1")
    return LoggedRow(
        features=_features(number, row),
        outcomes=seen,
        cluster=str(row.get("conversation_id") or row.get("cluster") or text or number),
        propensity=propensity,
        student_confidence=_known(number, "student_confidence", row),
        hardness=_known(number, "hardness", row),
        text=None if text is None else str(text),
    )


def _features(number: int, row: Mapping[str, Any]) -> Features:
    if row.get("prompt") is not None:
        task = cast(Task, row.get("task") or "chat")
        return features_of(Prompt((Message("user", str(row["prompt"])),), task=task))
    given = row.get("features")
    if not isinstance(given, Mapping):
        raise ContractError(f"row {number} has no question", allowed="prompt, or features")
    known = {f.name for f in fields(Features)}
    kept: dict[str, Any] = {name: tuple(v) if isinstance(v, Sequence) and not isinstance(v, str) else v
            for name, v in given.items() if name in known}  # fmt: skip
    return Features(**kept)


def _known(number: int, name: str, row: Mapping[str, Any]) -> float | None:
    return None if row.get(name) in (None, "") else _share(number, name, row[name])


def _share(number: int, name: str, value: Any) -> float:
    try:
        share = float(value)
    except (TypeError, ValueError):
        share = -1.0
    if not 0.0 <= share <= 1.0:
        raise ContractError(f"{name} of row {number} is {value!r}", allowed="a number in [0, 1]")
    return share


def _unfolded(row: Mapping[str, str]) -> dict[str, Any]:
    """Gather the columns of one provider of a CSV row."""
    outcomes: dict[str, dict[str, str]] = {}
    for column, value in row.items():
        what, dot, name = (column or "").partition(".")
        if not dot and what.endswith("_correct"):
            what, name = "quality", what.removesuffix("_correct")
        if name and what in {"quality", "cost_usd", "latency_ms"} and value != "":
            outcomes.setdefault(name, {})[what] = value
    return {**row, "outcomes": outcomes or None}
