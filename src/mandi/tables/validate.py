"""Judges every row of a table: accepted, accepted with a flag, or rejected with one reason; nothing is dropped.

Rejected: a value that must be there is missing or unreadable, a number or text outside its contract, an unknown
unit, an event in the future, known before it happened, a repeated row, a row corrected by a later one of the same
key, a price further than ``reject_factor`` from the recent national median.
Flagged and kept (market reports): ``implausible`` (further than ``flag_factor``), ``modal_outside_range``,
``min_above_max``, ``range_implausible`` (lowest or highest price further than ``reject_factor`` from the modal one),
and ``min_price``, ``max_price``, ``arrivals`` ``_out_of_range`` (the value itself, such as a zero, becomes missing).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mandi.core import units
from mandi.core.errors import ContractError, UnknownValue, nearest
from mandi.tables import cells
from mandi.tables.commodity import commodity_name
from mandi.tables.contract import Contract
from mandi.tables.contracts import CONTRACTS
from mandi.tables.plausible import national_ratio
from mandi.tables.settings import Plausibility, TableParams

REJECT_COLUMNS = ["table", "file", "row", "reason", "raw"]
PROVENANCE = ["_file", "_row"]
UNIT_COLUMNS = {"price_unit": "INR/quintal", "quantity_unit": "quintal", "arrivals_unit": "tonne"}


@dataclass(frozen=True)
class Validated:
    """A judged table.

    Parameters
    ----------
    accepted : DataFrame
        Columns and types of the contract, sorted by event time and key.
    rejects : DataFrame
        ``table``, ``file``, ``row`` (number in the source, from 1 without the header), ``reason``, ``raw`` (JSON).
    counts : dict
        ``received``, ``accepted``, ``flagged``, ``rejected``, and by reason: ``flags``, ``reasons``, ``converted``.
    """

    accepted: pd.DataFrame
    rejects: pd.DataFrame
    counts: dict[str, Any]


def validate(name: str, frame: pd.DataFrame, params: TableParams, now: pd.Timestamp) -> Validated:
    """Judge every row of one table.

    Parameters
    ----------
    name : str
        Name of the table, one of ``CONTRACTS``.
    frame : DataFrame
        As read from a source: text or typed cells; columns of the contract in any order. ``date`` may stand for
        ``event_time`` of reports; ``price_unit``, ``quantity_unit`` and ``arrivals_unit`` are understood;
        ``_file`` and ``_row`` say where a row came from.
    params : TableParams
    now : Timestamp
        The moment of import (UTC).

    Returns
    -------
    Validated
        ``len(accepted) + len(rejects) == len(frame)``.

    Raises
    ------
    UnknownValue
        There is no such table.
    ContractError
        A column is missing or not known; the message shows the difference and the nearest names.

    Examples
    --------
    >>> raw = pd.DataFrame({"date": ["2024-01-01", "2024-01-02"], "commodity": "cotton", "market": "Kadi",
    ...                     "modal_price": ["7000", "0"]})
    >>> judged = validate("reports", raw, TableParams(), pd.Timestamp("2024-06-01", tz="UTC"))
    >>> len(judged.accepted), judged.rejects["reason"].tolist()
    (1, ['modal_price out of range (> 0)'])
    """
    if name not in CONTRACTS:
        raise UnknownValue(f'no table "{name}"{nearest(name, CONTRACTS)}', allowed=", ".join(CONTRACTS))
    contract = CONTRACTS[name]
    ignored = check_columns(contract, [str(c) for c in frame.columns], params.extra_columns)
    raw = frame.reset_index(drop=True)
    judge = _Judge(len(raw))
    typed = _read(contract, raw, params, judge)
    _fill_times(contract, typed, raw, params, now, judge)
    converted = _convert(contract, typed, raw, judge)
    _check_values(contract, typed, judge)
    _check_repeats(contract, typed, raw, judge)
    if name == "reports":
        _check_prices(typed, params.plausibility, judge)
    kept = judge.reason == ""
    accepted = typed[kept].assign(**({"flags": judge.flags[kept]} if "flags" in contract.names else {}))
    accepted = accepted.sort_values(["event_time", *contract.key], kind="stable", ignore_index=True)[
        contract.names
    ]
    rejects = _rejects(name, raw[~kept], judge.reason[~kept])
    counts = {
        "received": len(raw),
        "accepted": len(accepted),
        "flagged": int((judge.flags[kept] != "").sum()),
        "rejected": len(rejects),
        "reasons": dict(Counter(rejects["reason"]).most_common()),
        "flags": dict(Counter(f for row in judge.flags[kept] if row for f in row.split(";")).most_common()),
        "converted": converted,
        "ignored_columns": ignored,
    }
    return Validated(accepted, rejects, counts)


def check_columns(contract: Contract, received: list[str], extra: str = "refuse") -> list[str]:
    """Return the columns no contract knows, when they are to be ignored.

    Raises
    ------
    ContractError
        A column that must be there is missing, or (``extra="refuse"``) one is not known.

    Examples
    --------
    >>> check_columns(CONTRACTS["outcomes"], ["event_time", "known_time", "availability_id", "requirement_id",
    ...                                       "acepted"])
    Traceback (most recent call last):
    mandi.core.errors.ContractError: table "outcomes" does not have its columns
      - accepted  (missing; nearest received: acepted)
      + acepted  (not known; nearest: accepted)
      allowed: event_time, known_time, availability_id, requirement_id, accepted
      next: rename the columns, or set tables.extra_columns: ignore for those that are not needed
    """
    optional = {c.name for c in contract.all_columns if c.may_be_absent}
    if contract.known_default != "given":
        optional.add("known_time")
    if contract.name == "reports" and "date" in received:
        optional.add("event_time")
    beside = {*UNIT_COLUMNS, *PROVENANCE, *(["date"] if contract.name == "reports" else [])}
    missing = [c for c in contract.names if c not in received and c not in optional]
    unknown = [c for c in received if c not in contract.names and c not in beside]
    if missing or (unknown and extra == "refuse"):
        lines = [f"  - {c}  (missing{_near(c, unknown, 'nearest received')})" for c in missing]
        left = [c for c in contract.names if c not in received]
        lines += [f"  + {c}  (not known{_near(c, left, 'nearest')})" for c in unknown]
        raise ContractError(
            "\n".join([f'table "{contract.name}" does not have its columns', *lines]),
            allowed=", ".join(contract.names),
            next_command="rename the columns, or set tables.extra_columns: ignore for those that are not needed",
        )
    return unknown


def _near(name: str, known: list[str], says: str) -> str:
    found = nearest(name, known).partition('"')[2].partition('"')[0]
    return f"; {says}: {found}" if found else ""


class _Judge:
    """The first reason to reject each row, and the flags of each row."""

    def __init__(self, rows: int) -> None:
        self.reason = np.full(rows, "", dtype=object)
        self.flags = np.full(rows, "", dtype=object)

    def reject(self, rows: Any, reason: str) -> None:
        self.reason[np.asarray(rows, dtype=bool) & (self.reason == "")] = reason

    def flag(self, rows: Any, flag: str) -> None:
        for i in np.flatnonzero(np.asarray(rows, dtype=bool) & (self.reason == "")):
            if flag not in self.flags[i].split(";"):
                self.flags[i] = f"{self.flags[i]};{flag}".strip(";")


def _read(contract: Contract, raw: pd.DataFrame, params: TableParams, judge: _Judge) -> pd.DataFrame:
    read = {"text": cells.text, "number": cells.numbers, "time": cells.times}
    typed = {}
    for column in contract.all_columns:
        if column.name in raw:
            typed[column.name], bad = read[column.kind](raw[column.name])
        elif column.name == "event_time":
            typed[column.name], bad = cells.trading_days(raw["date"])
        else:
            typed[column.name], bad = read[column.kind](pd.Series([None] * len(raw), raw.index, dtype=object))
        judge.reject(bad, f"{column.name} not readable")
        if column.default is not None:
            typed[column.name] = typed[column.name].fillna(column.default)
    if "commodity" in typed:
        spelled = {t: commodity_name(t, params.commodities) for t in typed["commodity"].dropna().unique()}
        typed["commodity"] = typed["commodity"].map(spelled).astype(object)
    if "flags" in typed:
        judge.flags[:] = typed["flags"].to_numpy()
    return pd.DataFrame(typed)


def _fill_times(
    contract: Contract,
    typed: pd.DataFrame,
    raw: pd.DataFrame,
    params: TableParams,
    now: pd.Timestamp,
    judge: _Judge,
) -> None:
    lag: pd.Timedelta | pd.Series = pd.Timedelta(0)
    if contract.known_default == "report lag":
        lag = pd.Timedelta(hours=params.report_lag_hours)
    elif contract.known_default == "driver lag":
        days = params.driver_lag_days
        lag = pd.to_timedelta(
            typed["driver"].map(lambda d: days.get(d, days.get("default", 0.0))).astype(float), "D"
        )
    if contract.known_default != "given":
        typed["known_time"] = typed["known_time"].fillna(typed["event_time"] + lag)
    judge.reject(
        typed["event_time"] > now + pd.Timedelta(hours=params.future_hours), "event_time in the future"
    )
    judge.reject(typed["known_time"] < typed["event_time"], "known before it happened")
    for earlier, later in contract.order:
        judge.reject(typed[earlier] > typed[later], f"{later} before {earlier}")


def _convert(contract: Contract, typed: pd.DataFrame, raw: pd.DataFrame, judge: _Judge) -> dict[str, int]:
    converted: dict[str, int] = {}
    for unit_column, house in UNIT_COLUMNS.items():
        if unit_column not in raw:
            continue
        said, _ = cells.text(raw[unit_column])
        columns = [c.name for c in contract.columns if c.unit == house]
        for unit in said.dropna().unique():
            rows = said == unit
            try:
                factor = _factor(unit, house)
            except UnknownValue:
                judge.reject(rows, f'{unit_column} "{unit}" not known')
                continue
            if factor != 1.0:
                typed.loc[rows, columns] = typed.loc[rows, columns] * factor
                converted[f"{unit} -> {house}"] = int(rows.sum())
        measured = typed[columns].notna().any(axis=1)
        judge.reject(said.isna() & measured, f"{unit_column} missing")
    return converted


def _factor(unit: str, house: str) -> float:
    if house.startswith("INR"):
        return units.price_factor(unit)
    return units.KG[units.mass_unit(unit)] / units.KG[house]


def _check_values(contract: Contract, typed: pd.DataFrame, judge: _Judge) -> None:
    for column in contract.all_columns:
        values = typed[column.name]
        if not column.nullable:
            judge.reject(values.isna(), f"{column.name} missing")
        if column.choices:
            judge.reject(
                values.notna() & ~values.isin(column.choices), f"{column.name} not one of {column.range}"
            )
        if column.kind != "number":
            continue
        outside = pd.Series(False, index=values.index)
        if column.above is not None:
            outside |= values <= column.above
        if column.at_least is not None:
            outside |= values < column.at_least
        if column.at_most is not None:
            outside |= values > column.at_most
        if column.outside == "flag":
            judge.flag(outside, f"{column.name}_out_of_range")
            typed[column.name] = values.mask(outside)
        else:
            judge.reject(outside, f"{column.name} out of range ({column.range})")


def _check_repeats(contract: Contract, typed: pd.DataFrame, raw: pd.DataFrame, judge: _Judge) -> None:
    alive = typed[judge.reason == ""]
    content = [c for c in contract.names if c not in ("source", "flags")]
    judge.reject(
        alive.duplicated(content, keep="first").reindex(typed.index, fill_value=False), "repeated row"
    )
    alive = typed[judge.reason == ""]
    corrected = alive.duplicated(list(contract.key), keep="last").reindex(typed.index, fill_value=False)
    judge.reject(corrected, "corrected by a later row of the same key")


def _check_prices(typed: pd.DataFrame, params: Plausibility, judge: _Judge) -> None:
    alive = judge.reason == ""
    ratio = national_ratio(typed[alive], params).reindex(typed.index)
    judge.reject((ratio > params.reject_factor) | (ratio < 1 / params.reject_factor), "modal_price absurd")
    judge.flag((ratio > params.flag_factor) | (ratio < 1 / params.flag_factor), "implausible")
    low, high, modal = typed["min_price"], typed["max_price"], typed["modal_price"]
    judge.flag((modal < low) | (modal > high), "modal_outside_range")
    judge.flag(low > high, "min_above_max")
    far = (low < modal / params.reject_factor) | (high > modal * params.reject_factor)
    judge.flag(far, "range_implausible")


def _rejects(name: str, raw: pd.DataFrame, reason: np.ndarray) -> pd.DataFrame:
    content = raw.drop(columns=[c for c in PROVENANCE if c in raw])
    lines = (
        content.to_json(orient="records", lines=True, date_format="iso", default_handler=str)
        if len(raw)
        else ""
    )
    return pd.DataFrame(
        {
            "table": pd.Series([name] * len(raw), dtype=object),
            "file": raw["_file"].to_numpy(dtype=object)
            if "_file" in raw
            else np.full(len(raw), "", dtype=object),
            "row": (raw["_row"] if "_row" in raw else raw.index + 1).to_numpy(dtype=np.int64)
            if len(raw)
            else np.array([], dtype=np.int64),
            "reason": reason,
            "raw": pd.Series((lines or "").splitlines(), dtype=object),
        },
        columns=REJECT_COLUMNS,
    )
