"""Numbers out of a frame at once: reading its columns one by one costs a single row more than a model does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mandi.core.errors import ContractError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame

FEW = 32  # rows that are looked up one by one


class Columns:
    """A table as arrays by name, for few rows: making a frame of a hundred columns costs them more than a model does.

    Parameters
    ----------
    columns : mapping of name to array of shape (n,)
        Moments without a zone are UTC, as they are in ``to_numpy`` of a column with one.
    rows : int
        n.

    Examples
    --------
    >>> lots = Columns({"price": np.array([5100.0, 5200.0])}, 2)
    >>> len(lots), "price" in lots, lots["price"].tolist(), lots.frame().shape
    (2, True, [5100.0, 5200.0], (2, 1))
    """

    __slots__ = ("columns", "rows")

    def __init__(self, columns: Mapping[str, NDArray[Any]], rows: int) -> None:
        self.columns = dict(columns)
        self.rows = rows

    def __len__(self) -> int:
        return self.rows

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.columns[name]

    def frame(self, moments: Iterable[str] = ()) -> DataFrame:
        """Return the table as a frame; the columns named ``moments`` get their zone, UTC."""
        import pandas as pd

        zoned = {
            name: pd.DatetimeIndex(self.columns[name], tz="UTC") for name in moments if name in self.columns
        }
        return pd.DataFrame({**self.columns, **zoned})


def require(frame: DataFrame | Columns, names: Sequence[str]) -> None:
    """Refuse a frame that lacks a column.

    Raises
    ------
    ContractError
        The columns that are missing are named.

    Examples
    --------
    >>> import pandas as pd
    >>> require(pd.DataFrame({"price": [5100]}), ["price", "level"])
    Traceback (most recent call last):
    mandi.core.errors.ContractError: the frame lacks level
      allowed: price, level
    """
    there = frame.columns
    missing = [name for name in names if name not in there]
    if missing:
        raise ContractError(f"the frame lacks {', '.join(missing)}", allowed=", ".join(names))


def numbers(frame: DataFrame | Columns, names: Iterable[str]) -> dict[str, NDArray[np.float64]]:
    """Return columns as arrays of float64; a column that is not there is missing in every row.

    Parameters
    ----------
    frame : DataFrame or Columns
        Of n rows; the columns named hold numbers, True and False, or None.
    names : iterable of str
        Whoever needs one of them checks for it before.

    Returns
    -------
    dict of name to array of shape (n,)
        In the order of ``names``; they may be read, not written to.

    Raises
    ------
    ValueError
        A column holds text.

    Examples
    --------
    >>> import pandas as pd
    >>> numbers(pd.DataFrame({"price": [5100, 5200], "is_harvest": [True, False]}), ["is_harvest", "price"])
    {'is_harvest': array([1., 0.]), 'price': array([5100., 5200.])}
    """
    if isinstance(frame, Columns):
        empty, there = np.full(len(frame), np.nan), frame.columns
        return {name: np.asarray(there.get(name, empty), dtype=np.float64) for name in names}
    wanted = list(names)
    block: Any = frame.reindex(columns=wanted).to_numpy(dtype=np.float64)
    return dict(zip(wanted, block.T))


def texts(frame: DataFrame | Columns, name: str) -> NDArray[np.object_]:
    """Return a column of names as they are."""
    return frame[name] if isinstance(frame, Columns) else frame[name].to_numpy(dtype=object)


def moments(frame: DataFrame | Columns, name: str) -> NDArray[np.datetime64]:
    """Return a column of times as nanoseconds; those with a zone are UTC.

    Examples
    --------
    >>> import pandas as pd
    >>> moments(pd.DataFrame({"asof": pd.to_datetime(["2024-01-01T05:30+05:30"])}), "asof")
    array(['2024-01-01T00:00:00.000000000'], dtype='datetime64[ns]')
    """
    if isinstance(frame, Columns):
        return np.asarray(frame[name], dtype="datetime64[ns]")
    return frame[name].to_numpy(dtype="datetime64[ns]")


def factorized(values: NDArray[np.object_]) -> tuple[NDArray[np.intp], list[Any]]:
    """Return a code per value, -1 where there is none, and the values of the codes: ``pandas.factorize``, quick at few rows.

    Examples
    --------
    >>> factorized(np.array(["tur", None, "tur", "wheat"], dtype=object))
    (array([ 0, -1,  0,  1]), ['tur', 'wheat'])
    """
    import pandas as pd

    if len(values) > FEW:
        codes, names = pd.factorize(values, use_na_sentinel=True)
        return codes, list(names)
    place: dict[Any, int] = {}
    found = [-1 if pd.isna(value) else place.setdefault(value, len(place)) for value in values.tolist()]
    return np.array(found, dtype=np.intp), list(place)
