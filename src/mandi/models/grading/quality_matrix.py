"""Numbers that graders read: each measure in standard deviations of its commodity, the supplier's past, codes of names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from mandi.core.errors import ContractError
from mandi.features.grading.quality_measures import MEASURES

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame

    Columns = Mapping[str, Any] | DataFrame

SUPPLIER = ("supplier_worth", "supplier_worth_sd", "supplier_lead", "supplier_lots", "market_worth")
NUMBERS = (*MEASURES, *SUPPLIER)
NAMES = ("commodity", "inspector_id")
COLUMNS = (*NAMES, *MEASURES, "supplier_lead", "supplier_gap", "supplier_spread", "supplier_lots_log")
MEASURED = slice(len(NAMES), len(NAMES) + len(MEASURES))
POINTS = 10.0  # of the 0-100 scale: the size of one step of what is said of a supplier


@dataclass(frozen=True)
class QualityMatrix:
    """What was learnt of the training part: names there are, and mean and spread of each measure by commodity.

    Attributes
    ----------
    codes : mapping of column to mapping of name to code
        A name not seen in training, and a missing one, is NaN in the matrix.
    centre, spread : mapping of commodity to list of number
        Of ``MEASURES``, in their units; None where the commodity is not measured by it.
    supplier : list of number
        A middling supplier: medians of the last columns of the matrix.
    """

    codes: dict[str, dict[str, int]] = field(default_factory=dict)
    centre: dict[str, list[float | None]] = field(default_factory=dict)
    spread: dict[str, list[float | None]] = field(default_factory=dict)
    supplier: list[float] = field(default_factory=list)

    @classmethod
    def learn(cls, train: DataFrame) -> Self:
        """Learn from the training part.

        Raises
        ------
        ContractError
            A column is missing.
        """
        require(train)
        codes: dict[str, dict[str, int]] = {name: {} for name in NAMES}
        for name in NAMES:
            known = sorted(train[name].dropna().astype(str).unique()) if name in train else []
            codes[name] = {value: code for code, value in enumerate(known)}
        centre, spread = {}, {}
        for commodity, rows in train.groupby("commodity", sort=True):
            values = rows[list(MEASURES)].astype(float)
            sd = values.std(ddof=0)
            centre[str(commodity)] = _plain(values.mean())
            spread[str(commodity)] = _plain(sd.where(sd > 0.0, 1.0).where(values.notna().any()))
        supplier = np.column_stack(_supplier(train))
        return cls(codes, centre, spread, np.nan_to_num(np.nanmedian(supplier, axis=0)).tolist())

    def build(self, asked: Columns) -> NDArray[np.float64]:
        """Return the matrix (n, ``COLUMNS``), NaN where something is not known.

        Parameters
        ----------
        asked : DataFrame or mapping of name to column
            ``commodity``, ``inspector_id`` and ``NUMBERS``.

        Raises
        ------
        ContractError
            A column is missing.
        """
        require(asked)
        commodity = coded(asked["commodity"], self.codes["commodity"])
        nobody = np.full(len(commodity), np.nan)
        inspector = (
            coded(asked["inspector_id"], self.codes["inspector_id"]) if "inspector_id" in asked else nobody
        )
        of = self._place(commodity)
        centre, spread = self._table(self.centre), self._table(self.spread)
        measured = np.column_stack([np.asarray(asked[name], dtype=np.float64) for name in MEASURES])
        scaled = (measured - centre[of]) / spread[of]
        return np.ascontiguousarray(np.column_stack([commodity, inspector, scaled, *_supplier(asked)]))

    def middling(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return for each row the middling lot of its commodity: every measure at its mean, a middling supplier, no inspector."""
        usual = np.empty_like(matrix)
        usual[:, 0], usual[:, 1] = matrix[:, 0], np.nan
        known = self._table(self.spread)[self._place(matrix[:, 0])]
        usual[:, MEASURED] = np.where(np.isnan(known), np.nan, 0.0)
        usual[:, MEASURED.stop :] = self.supplier
        return usual

    def _place(self, commodity: NDArray[np.float64]) -> NDArray[np.intp]:
        return np.where(np.isnan(commodity), len(self.centre), commodity).astype(np.intp)

    def _table(self, told: Mapping[str, list[float | None]]) -> NDArray[np.float64]:
        rows = [told[name] for name in self.codes["commodity"]]
        return np.array([*rows, [None] * len(MEASURES)], dtype=np.float64)


CAUSES: dict[str, tuple[int, ...]] = {
    **{name: (MEASURED.start + i,) for i, name in enumerate(MEASURES)},
    "supplier_history": tuple(range(MEASURED.stop, len(COLUMNS))),
    "inspector": (1,),
}
"""Columns of the matrix that stand for one cause."""


def _supplier(asked: Columns) -> list[NDArray[np.float64]]:
    worth, spread, lead, lots, market = (np.asarray(asked[name], dtype=np.float64) for name in SUPPLIER)
    return [lead / POINTS, (worth - market) / POINTS, spread / POINTS, np.log1p(lots)]


def _plain(values: Any) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]


def coded(column: Any, codes: Mapping[str, int]) -> NDArray[np.float64]:
    """Return the code of each name, NaN for one that has none.

    Examples
    --------
    >>> coded(["wheat", None, "rye"], {"tur": 0, "wheat": 1}).tolist()
    [1.0, nan, nan]
    """
    return np.array([codes.get(name, np.nan) for name in np.asarray(column, dtype=object)], dtype=np.float64)


def require(asked: Columns) -> None:
    """Refuse columns that lack one which is read."""
    read = ("commodity", *NUMBERS)
    if missing := [name for name in read if name not in asked]:
        raise ContractError(f"the frame lacks {', '.join(missing)}", allowed=", ".join(read))
