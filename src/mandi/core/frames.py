"""Numbers out of a frame at once: reading its columns one by one costs a single row more than a model does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mandi.core.errors import ContractError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame


def require(frame: DataFrame, names: Sequence[str]) -> None:
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
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise ContractError(f"the frame lacks {', '.join(missing)}", allowed=", ".join(names))


def numbers(frame: DataFrame, names: Iterable[str]) -> dict[str, NDArray[np.float64]]:
    """Return columns as arrays of float64; a column that is not there is missing in every row.

    Parameters
    ----------
    frame : DataFrame
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
    wanted = list(names)
    block: Any = frame.reindex(columns=wanted).to_numpy(dtype=np.float64)
    return dict(zip(wanted, block.T))
