"""A history that is asked many small questions: its keys and moments are sorted once, its numbers lie side by side."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mandi.core.frames import Columns, moments
from mandi.tables import asof
from mandi.tables.asof_index import LastKnown

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame, Series


class Ready(dict[str, "DataFrame"]):
    """State tables by name, as ``Features.history`` returns them, with what a look into them needs.

    Parameters
    ----------
    history : mapping of name to frame
        Each with its key columns and ``known_time`` (UTC). Not changed afterwards.
    keys : mapping of name to key columns
    strict : container of str
        Tables of which only what was known before a moment counts, not what was known at it.

    Raises
    ------
    ContractError
        A key column or ``known_time`` is not there.

    Examples
    --------
    >>> import pandas as pd
    >>> times = pd.to_datetime(["2024-01-01", "2024-01-03"], utc=True)
    >>> levels = pd.DataFrame({"market": ["Adoni"] * 2, "known_time": times, "level": [8.5, 8.6]})
    >>> ready = Ready({"levels": levels}, {"levels": ["market"]})
    >>> asked = pd.DataFrame({"market": ["Adoni", "Kadi"], "asof": pd.Timestamp("2024-01-02", tz="UTC")})
    >>> positions(asked, ready, "levels", by=["market"]).tolist()
    [0, -1]
    """

    def __init__(
        self,
        history: Mapping[str, DataFrame],
        keys: Mapping[str, Sequence[str]],
        strict: Container[str] = (),
    ) -> None:
        super().__init__(history)
        there = [name for name in keys if name in history]
        self.known = {name: LastKnown(self[name], keys[name], strict=name in strict) for name in there}
        self.numbers = {name: _numbers(self[name]) for name in there}
        self.others = {
            name: {c: _raw(self[name][c]) for c in self[name].columns if c not in self.numbers[name][0]}
            for name in there
        }


def positions(
    asked: DataFrame | Columns,
    history: Mapping[str, DataFrame],
    name: str,
    *,
    by: Sequence[str],
    strict: bool = False,
) -> NDArray[np.intp]:
    """Return where in a table of a history the row lies that was last known at each question; see ``asof.positions``.

    Parameters
    ----------
    asked : DataFrame or Columns
        The columns ``by`` and ``asof`` (UTC).
    history : mapping of name to frame
    name : str
        Of the table.
    by : sequence of str
    strict : bool
        A :class:`Ready` history was made with its own.

    Returns
    -------
    array of shape (len(asked),)
        -1 where nothing was known.
    """
    if isinstance(history, Ready):
        return history.known[name].rows([asked[key].tolist() for key in by], moments(asked, "asof"))
    if isinstance(asked, Columns):
        asked = asked.frame(["asof"])
    return asof.positions(asked, history[name], by=by, strict=strict)


def numbers(history: Mapping[str, DataFrame], name: str) -> tuple[list[str], NDArray[np.float64]]:
    """Return the columns of a table that are float64, and their values: columns x rows.

    Parameters
    ----------
    history : mapping of name to frame
    name : str
        Of the table.
    """
    return history.numbers[name] if isinstance(history, Ready) else _numbers(history[name])


def column(history: Mapping[str, DataFrame], name: str, wanted: str) -> NDArray[Any]:
    """Return a column of a table that is not of numbers: times as UTC without a zone, names as they are.

    Parameters
    ----------
    history : mapping of name to frame
    name : str
        Of the table.
    wanted : str
        Of the column.
    """
    return history.others[name][wanted] if isinstance(history, Ready) else _raw(history[name][wanted])


def _raw(values: Series) -> NDArray[Any]:
    return values.to_numpy(dtype="datetime64[ns]" if values.dtype.kind == "M" else object)


def _numbers(frame: DataFrame) -> tuple[list[str], NDArray[np.float64]]:
    names = [str(column) for column, kind in zip(frame.columns, frame.dtypes) if kind == np.float64]
    block: Any = frame[names].to_numpy(dtype=np.float64)
    return names, block.T
