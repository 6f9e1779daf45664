"""Numbers that the trees of the lot pricer read: prices relative to the market's level, names as codes of the training part."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import numpy as np

from mandi.core.frames import Columns, factorized, numbers, require, texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from pandas import DataFrame

NAMES = ("commodity", "market", "state", "variety", "grade")
ASSAYS = (
    "staple_length_mm", "micronaire", "fiber_strength", "moisture_pct", "foreign_matter_pct", "oil_pct",
    "protein_pct", "iron_pct", "silica_pct",
)  # fmt: skip
# INR/quintal: read as log ratio to the level, so that a price never seen is not a place never seen
PRICES = ("price_ma_7", "price_ma_30", "price_ma_60", "price_ma_90", "msp")
# log INR/quintal: read as difference from the level
LOGS = ("last_log", "national_log", "state_log")
NUMBERS = (
    *ASSAYS, *(f"{name}_missing" for name in ASSAYS), "color_code", "color_missing",
    "distance_from_port_km", "state_demand_index", "is_major_cotton_region",
    "month", "quarter", "day_of_week", "day_of_year", "is_harvest_season", "days_since_harvest_start",
    "cotton_index_global", "usd_inr_rate", "crude_oil_price",
    "cotton_index_global_change", "usd_inr_rate_change", "crude_oil_price_change",
    "supplier_credit_score", "supplier_avg_quality", "supplier_trade_count", "supplier_delivery", "supplier_premium",
    "commodity_premium", "market_premium", "quantity_log",
    "step", "last_age", "scale", "noise_sd", "national_vol_30", "market_lead", "innovation_1",
    "national_move", "state_move", "neighbour_move",
)  # fmt: skip
READ = (*NAMES, *PRICES, "price_volatility", *LOGS, *NUMBERS, "level", "quantity")
FEATURES = (*NAMES, *PRICES, "price_volatility", *LOGS, *NUMBERS, "is_bulk_order")


@dataclass(frozen=True)
class LotMatrix:
    """What was learnt of the training part: the names there are, and how large a bulk order is.

    Attributes
    ----------
    codes : mapping of column to mapping of name to code
        A name not seen in training has the code after the last.
    bulk_cut : float
        Quintals; an order is bulk above it (75th percentile of the training part).
    left_out : tuple of str
        Features that the trees do not read.
    """

    codes: dict[str, dict[str, int]] = field(default_factory=dict)
    bulk_cut: float = float("inf")
    left_out: tuple[str, ...] = ()

    @classmethod
    def learn(cls, train: DataFrame, left_out: tuple[str, ...] = (), bulk_quantile: float = 0.75) -> Self:
        """Learn names and the bulk cut from the training part.

        Raises
        ------
        ContractError
            A column is missing.
        """
        require(train, READ)
        names = {name: {str(value) for value in train[name].dropna().unique()} for name in NAMES}
        return cls.of(names, train["quantity"].to_numpy(np.float64), left_out, bulk_quantile)

    @classmethod
    def of(
        cls,
        names: Mapping[str, set[str]],
        quantity: NDArray[np.float64],
        left_out: tuple[str, ...] = (),
        bulk_quantile: float = 0.75,
    ) -> Self:
        """Learn from the names in each of ``NAMES`` and the quantities (quintals) of the training part."""
        import pandas as pd

        codes = {name: {value: code for code, value in enumerate(sorted(names[name]))} for name in NAMES}
        return cls(codes, float(pd.Series(quantity).quantile(bulk_quantile)), left_out)

    def names(self) -> list[str]:
        """Names of the features, in the order of the matrix."""
        return [name for name in FEATURES if name not in self.left_out]

    def build(
        self, frame: DataFrame | Columns, level: NDArray[np.float64] | None = None
    ) -> NDArray[np.float32]:
        """Return rows x features; missing stays missing.

        Parameters
        ----------
        frame : DataFrame or Columns
            The columns of :data:`READ`.
        level : array of shape (rows,), optional
            Log INR/quintal, in place of the frame's own.

        Raises
        ------
        ContractError
            A column is missing.
        """
        require(frame, READ)
        columns = numbers(frame, READ[len(NAMES) :])
        level = columns["level"] if level is None else level
        quantity = columns["quantity"]
        columns |= {name: _coded(texts(frame, name), self.codes[name]) for name in NAMES}
        with np.errstate(divide="ignore", invalid="ignore"):
            for name in PRICES:
                columns[name] = np.log(columns[name]) - level
        columns["price_volatility"] = columns["price_volatility"] / np.exp(level)
        for name in LOGS:
            columns[name] = columns[name] - level
        columns["is_bulk_order"] = np.where(np.isnan(quantity), np.nan, quantity > self.bulk_cut)
        return np.column_stack([columns[name] for name in self.names()]).astype(np.float32)


def _coded(values: NDArray[np.object_], codes: dict[str, int]) -> NDArray[np.float64]:
    place, names = factorized(values)
    code_of = np.array([codes.get(str(name), len(codes)) for name in names] + [np.nan], dtype=np.float64)
    return np.asarray(code_of[place], dtype=np.float64)
