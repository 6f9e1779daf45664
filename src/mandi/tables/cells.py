"""Turns the cells of a source into text, numbers and times (UTC), and says which could not be read."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import pandas as pd

MISSING = frozenset({"", "nan", "na", "n/a", "nr", "null", "none", "nat", "<na>", "-", "--"})
DAY_FIRST = ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d %b %Y", "%d-%b-%Y", "%d %B %Y", "%d %b, %Y")
GROUPED = re.compile(r"^[-+]?\d{1,3}(,\d{2,3})+(\.\d+)?$")
END_OF_DAY = pd.Timedelta(hours=18, minutes=30)


class Cells(NamedTuple):
    """A column that was read, and the rows where something stood that could not be."""

    values: pd.Series
    unreadable: pd.Series


def text(column: pd.Series) -> Cells:
    """Return text without spaces at the ends and doubled within; missing stays missing.

    Examples
    --------
    >>> text(pd.Series([" Adoni  APMC", "NR", None])).values.tolist()
    ['Adoni APMC', None, None]
    """
    distinct, found = _distinct(column)
    clean = np.array([_tidy(t) for t in distinct] + [None], dtype=object)
    return Cells(pd.Series(clean[found], column.index, dtype=object), pd.Series(False, column.index))


def numbers(column: pd.Series) -> Cells:
    """Return float64; commas that group digits in the Indian or Western way are understood.

    Examples
    --------
    >>> numbers(pd.Series(["1,00,000", "5200.0", "NR", "5O00", "inf"]))[0].tolist()
    [100000.0, 5200.0, nan, nan, nan]
    >>> numbers(pd.Series(["1,00,000", "5200.0", "NR", "5O00", "inf"])).unreadable.tolist()
    [False, False, False, True, True]
    """
    if pd.api.types.is_numeric_dtype(column.dtype):
        values = pd.Series(column.to_numpy(dtype="float64", na_value=np.nan), column.index)
        infinite = values.isin([np.inf, -np.inf])
        return Cells(values.mask(infinite), infinite)
    distinct, found = _distinct(column)
    read = np.array([_number(t) for t in distinct] + [np.nan])
    bad = np.array([not _gone(t) for t in distinct] + [False]) & ~np.isfinite(read)
    return Cells(
        pd.Series(np.where(bad, np.nan, read)[found], column.index), pd.Series(bad[found], column.index)
    )


def times(column: pd.Series) -> Cells:
    """Return UTC times in nanoseconds; a time without a zone is taken as UTC, dates in words or digits day first.

    Examples
    --------
    >>> times(pd.Series(["2024-01-31", "31/01/2024", "31 Jan 2024", "31.31.2024"])).values.dt.day.tolist()
    [31.0, 31.0, 31.0, nan]
    """
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        zoned = column.dt.tz_localize("UTC") if column.dt.tz is None else column.dt.tz_convert("UTC")
        return Cells(zoned.dt.as_unit("ns"), pd.Series(False, column.index))
    distinct, found = _distinct(column)
    gone = np.array([_gone(t) for t in distinct], dtype=bool)
    asked = pd.Series(distinct, dtype=object).mask(gone)
    read = pd.to_datetime(asked, format="ISO8601", utc=True, errors="coerce")
    for pattern in DAY_FIRST:
        left = read.isna() & ~gone
        if not left.any():
            break
        read = read.fillna(pd.to_datetime(asked.where(left), format=pattern, utc=True, errors="coerce"))
    bad = np.append((read.isna() & ~gone).to_numpy(dtype=bool), False)
    values = pd.concat(
        [read.dt.as_unit("ns"), pd.Series([pd.NaT], dtype="datetime64[ns, UTC]")], ignore_index=True
    )
    return Cells(values.take(found).set_axis(column.index), pd.Series(bad[found], column.index))


def trading_days(column: pd.Series) -> Cells:
    """Return the end of each India trading day (18:30 UTC of its date).

    Examples
    --------
    >>> str(trading_days(pd.Series(["2024-01-31"])).values[0])
    '2024-01-31 18:30:00+00:00'
    """
    read, bad = times(column)
    return Cells(read.dt.normalize() + END_OF_DAY, bad)


def _distinct(column: pd.Series) -> tuple[list[str], np.ndarray]:
    """The distinct texts of a column and where each row's is; one past the end for a missing cell."""
    plain = column.astype(object)
    code, levels = pd.factorize(plain, use_na_sentinel=True)
    return [str(level) for level in levels], np.where(code < 0, len(levels), code)


def _tidy(cell: str) -> str | None:
    clean = " ".join(cell.split())
    return None if clean.lower() in MISSING else clean


def _gone(cell: str) -> bool:
    return cell.strip().lower() in MISSING


def _number(cell: str) -> float:
    clean = cell.strip()
    if GROUPED.match(clean):
        clean = clean.replace(",", "")
    try:
        return float(clean) if "_" not in clean else np.nan
    except ValueError:
        return np.nan
