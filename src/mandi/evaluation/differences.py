"""Where two frames differ, bit for bit or but for rounding."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def differing(before: pd.DataFrame, after: pd.DataFrame, rounding: float = 0.0) -> list[str]:
    """Name the columns in which two frames differ by more than a relative ``rounding``; missing equals missing.

    With 0, the default, they are compared bit for bit.

    Examples
    --------
    >>> differing(pd.DataFrame({"a": [1.0, np.nan], "b": [0.0, 1.0]}), pd.DataFrame({"a": [1.0, np.nan], "b": [0.0, 2.0]}))
    ['b in 1 rows']
    """
    if not before.index.equals(after.index):
        return ["the index"]
    found = [f"{name} is there only once" for name in before.columns.symmetric_difference(after.columns)]
    for name in before.columns.intersection(after.columns, sort=False):
        one, other = before[name], after[name]
        if one.dtype != other.dtype:
            found.append(f"{name} is {one.dtype}, then {other.dtype}")
            continue
        same = _same(one, other, rounding) | (one.isna() & other.isna()).to_numpy()
        if not same.all():
            found.append(f"{name} in {int((~same).sum())} rows")
    return found


def _same(one: pd.Series, other: pd.Series, rounding: float) -> NDArray[np.bool_]:
    if one.dtype == object and one.map(lambda value: isinstance(value, np.ndarray | list)).any():
        pairs = zip(one, other)
        return np.array([_same_list(a, b, rounding) for a, b in pairs], dtype=bool)
    if one.dtype != np.float64:
        return (one == other).fillna(False).to_numpy(dtype=bool)
    if rounding > 0.0:
        return np.isclose(one.to_numpy(), other.to_numpy(), rtol=rounding, atol=rounding**2)
    return one.to_numpy().view(np.int64) == other.to_numpy().view(np.int64)


def _same_list(one: Any, other: Any, rounding: float) -> bool:
    first, second = np.asarray(one), np.asarray(other)
    if first.shape != second.shape:
        return False
    if first.dtype.kind != "f" or rounding == 0.0:
        return first.tobytes() == second.tobytes()
    return bool(np.allclose(first, second, rtol=rounding, atol=rounding**2, equal_nan=True))
