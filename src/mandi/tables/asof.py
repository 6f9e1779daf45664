"""Joins over time: to each row the last row of another table that was known at its moment (UTC).

Every look into the past of the package goes through :func:`join`, so that there is one place to prove that no
row ever sees what was known only later.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mandi.core.errors import ContractError, nearest


def join(
    left: pd.DataFrame,
    right: pd.DataFrame,
    *,
    by: str | Sequence[str],
    left_time: str = "asof",
    right_time: str = "known_time",
    suffix: str = "",
    max_age: pd.Timedelta | str | None = None,
    strict: bool = False,
) -> pd.DataFrame:
    """Add to each row of ``left`` the last row of ``right`` with the same key that was known at its time.

    The work is a sort of ``right`` and a binary search per row of ``left``; a row's answer never depends on
    the other rows of ``left``.

    Parameters
    ----------
    left : DataFrame
        Has the columns ``by`` and ``left_time``. Any order, any index; neither frame is changed.
    right : DataFrame
        Has the columns ``by`` and ``right_time``. Any order; of rows with the same key and time the last wins.
    by : str or sequence of str
        Key columns; an empty sequence joins on time alone. A missing key (None, NaN) matches nothing, as in SQL.
    left_time, right_time : str
        Time columns: both with a time zone or both without; resolutions may differ. No NaT.
    suffix : str
        Added to the name of every column that comes from ``right``, the time included (it tells the age).
    max_age : Timedelta or str, optional
        Rows of ``right`` older than this at the time of the left row are not used.
    strict : bool
        Use only rows known strictly before the time; else a row known at that very moment counts.

    Returns
    -------
    DataFrame
        ``left``, same rows, order and index, plus the columns of ``right`` other than ``by``. Where nothing was
        known they are missing; so that types do not depend on the rows asked about, whole numbers come back as
        float64 and bool as nullable boolean.

    Raises
    ------
    ContractError
        A column is not there, a name would occur twice, a time is NaT or only one side has a time zone.

    Examples
    --------
    >>> reports = pd.DataFrame({"market": ["Adoni", "Adoni", "Kadi"], "price": [7100.0, 7200.0, 6900.0],
    ...     "known_time": pd.to_datetime(["2024-01-01 18:30", "2024-01-02 18:30", "2024-01-02 18:30"], utc=True)})
    >>> asked = pd.DataFrame({"market": ["Kadi", "Adoni"], "asof": pd.Timestamp("2024-01-02 06:00", tz="UTC")})
    >>> join(asked, reports, by="market")[["market", "price"]]
      market   price
    0   Kadi     NaN
    1  Adoni  7100.0
    """
    keys = [by] if isinstance(by, str) else list(by)
    _require(right, [*keys, right_time], "right")
    brought = [c for c in right.columns if c not in keys]
    named = [f"{c}{suffix}" for c in brought]
    twice = [n for n in named if n in left.columns]
    if twice:
        raise ContractError(
            f"both sides have {', '.join(twice)}", allowed="other names, or suffix= to tell them apart"
        )
    found = positions(
        left, right, by=keys, left_time=left_time, right_time=right_time, max_age=max_age, strict=strict
    )
    if (found >= 0).all() and len(found) and not any(t.kind in "iub" for t in right[brought].dtypes):
        # nothing is missing, so no type can change: whole blocks at once
        joined = right.take(found)[brought].set_axis(named, axis=1).set_axis(left.index)
        return pd.concat([left, joined], axis=1)
    taken = {name: _take(right[column], found) for name, column in zip(named, brought)}
    return pd.concat([left, pd.DataFrame(taken, index=left.index, columns=named)], axis=1)


def positions(
    left: pd.DataFrame,
    right: pd.DataFrame,
    *,
    by: str | Sequence[str],
    left_time: str = "asof",
    right_time: str = "known_time",
    max_age: pd.Timedelta | str | None = None,
    strict: bool = False,
) -> NDArray[np.intp]:
    """Return, for each row of ``left``, where in ``right`` the row is that :func:`join` would bring.

    Parameters
    ----------
    left, right, by, left_time, right_time, max_age, strict
        As of :func:`join`.

    Returns
    -------
    array of shape (len(left),)
        Row numbers; -1 where nothing was known.

    Raises
    ------
    ContractError
        A column is not there, a time is NaT or only one side has a time zone.

    Examples
    --------
    >>> import pandas as pd
    >>> right = pd.DataFrame({"market": ["Adoni"], "known_time": pd.to_datetime(["2024-01-01"], utc=True)})
    >>> left = pd.DataFrame({"market": ["Adoni", "Kadi"], "asof": pd.to_datetime(["2024-02-01"] * 2, utc=True)})
    >>> positions(left, right, by="market").tolist()
    [0, -1]
    """
    keys = [by] if isinstance(by, str) else list(by)
    _require(left, [*keys, left_time], "left")
    _require(right, [*keys, right_time], "right")
    left_ns, right_ns = _nanoseconds(left[left_time], right[right_time])
    found = _last_known(left, right, keys, left_ns, right_ns, strict)
    if max_age is None:
        return found
    limit = pd.Timedelta(max_age).as_unit("ns").value
    old = (found >= 0) & (left_ns - right_ns[found] > limit) if len(right) else found >= 0
    return np.where(old, -1, found)


def _last_known(
    left: pd.DataFrame,
    right: pd.DataFrame,
    keys: list[str],
    left_ns: NDArray[np.int64],
    right_ns: NDArray[np.int64],
    strict: bool,
) -> NDArray[np.intp]:
    """Position in ``right`` for each row of ``left``, -1 where nothing was known."""
    if len(right) == 0 or len(left) == 0:
        return np.full(len(left), -1, dtype=np.intp)
    left_code, right_code = _codes(left, right, keys)
    usable = np.flatnonzero(right_code >= 0)
    moments = np.unique(right_ns)
    # key and moment folded into one whole number: sorted once, searched per row
    slots = len(moments) + 1
    folded = right_code[usable] * slots + np.searchsorted(moments, right_ns[usable], side="right")
    order = np.argsort(folded, kind="stable")
    asked = left_code * slots + np.searchsorted(moments, left_ns, side="left" if strict else "right")
    place = np.searchsorted(folded[order], asked, side="right") - 1
    hit = place >= 0
    row = np.full(len(left), -1, dtype=np.intp)
    row[hit] = usable[order[place[hit]]]
    same = (row >= 0) & (left_code >= 0) & (right_code[row] == left_code)
    return np.where(same, row, -1)


def _codes(
    left: pd.DataFrame, right: pd.DataFrame, keys: list[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """One whole number per key on both sides, -1 for a missing key."""
    size = len(left)
    code = np.zeros(size + len(right), dtype=np.int64)
    for key in keys:
        both = [_plain(left[key]), _plain(right[key])]
        if {_is_number(b) for b in both} == {True, False}:
            raise ContractError(
                f'key "{key}" is {left[key].dtype} on the left and {right[key].dtype} on the right',
                allowed="the same type on both sides",
            )
        part, levels = pd.factorize(np.concatenate(both), use_na_sentinel=True)
        missing = (part < 0) | (code < 0)
        # folded again after every key, so that the product never overflows
        code = np.unique(code * (len(levels) + 1) + part, return_inverse=True)[1] if len(keys) > 1 else part
        code = np.where(missing, -1, code).astype(np.int64)
    return code[:size], code[size:]


def _plain(column: pd.Series) -> NDArray[Any]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    if isinstance(column.dtype, np.dtype):
        return column.to_numpy()
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return column.to_numpy(dtype="datetime64[ns]")
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    return column.to_numpy(dtype=object)


def _is_number(values: NDArray[Any]) -> bool:
    return values.dtype.kind in "iufb"


def _nanoseconds(left: pd.Series, right: pd.Series) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    zones = [getattr(column.dtype, "tz", None) for column in (left, right)]
    found = []
    for side, column in (("left", left), ("right", right)):
        if column.dtype.kind != "M":
            raise ContractError(f'{side} "{column.name}" is {column.dtype}', allowed="a time")
        moments = column.to_numpy(dtype="datetime64[ns]")  # of a time with zone, UTC
        if missing := int(np.isnat(moments).sum()):
            raise ContractError(
                f'{side} "{column.name}" is not known in {missing} of {len(column)} rows',
                allowed="a time in every row",
            )
        found.append(moments.view(np.int64))
    if (zones[0] is None) != (zones[1] is None):
        raise ContractError(
            f'"{left.name}" has zone {zones[0]}, "{right.name}" has zone {zones[1]}',
            allowed="UTC on both sides, or no zone on both",
        )
    return found[0], found[1]


def _take(
    column: pd.Series, rows: NDArray[np.intp]
) -> pd.api.extensions.ExtensionArray | NDArray[np.generic]:
    values = column.array if isinstance(column.dtype, pd.api.extensions.ExtensionDtype) else column.to_numpy()
    if column.dtype == np.bool_:
        values = pd.array(values, dtype="boolean")
    elif isinstance(values, np.ndarray) and values.dtype.kind in "iu":
        values = values.astype(np.float64)
    return pd.api.extensions.take(values, rows, allow_fill=True)


def _require(frame: pd.DataFrame, columns: list[str], side: str) -> None:
    for column in columns:
        if column not in frame.columns:
            known = [str(c) for c in frame.columns]
            raise ContractError(
                f'{side} frame has no column "{column}"{nearest(column, known)}', allowed=", ".join(known)
            )
