"""Features of the price model: every market and lot question completed with what was known at its ``asof``.

One :meth:`PriceFeatures.assemble` serves training (whole history) and service (a snapshot of its last rows).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from mandi.core.errors import ContractError, UnknownValue, nearest
from mandi.core.frames import Columns, moments, texts
from mandi.features import calendar, ready
from mandi.features.pricing import commodities, lots, premiums, suppliers
from mandi.features.pricing.known_state import STEPS, filter_state, last_known, of_the_step
from mandi.features.pricing.level_questions import level_questions
from mandi.features.pricing.levels import LevelParams, market_levels
from mandi.features.splits import SplitParams, split

if TYPE_CHECKING:
    from pandas import DataFrame

ASKED = ("commodity", "market", "asof", "horizon_days", "kind")


@dataclass(frozen=True)
class InputParams:
    """Section ``models.price.features``.

    Attributes
    ----------
    market_every : int
        Of the origin days of market questions one in so many is kept for training and evaluation.
    horizons : tuple of int
        Days ahead of market questions.
    cotton_states : tuple of str
        The major cotton regions.
    calendar, commodities, suppliers, premiums, lots
        See the modules.
    """

    market_every: int = 3
    horizons: tuple[int, ...] = STEPS
    cotton_states: tuple[str, ...] = ("Gujarat", "Maharashtra", "Telangana", "Punjab", "Haryana")
    calendar: calendar.CalendarParams = field(default_factory=calendar.CalendarParams)
    commodities: commodities.CommodityParams = field(default_factory=commodities.CommodityParams)
    suppliers: suppliers.SupplierParams = field(default_factory=suppliers.SupplierParams)
    premiums: premiums.PremiumParams = field(default_factory=premiums.PremiumParams)
    lots: lots.LotParams = field(default_factory=lots.LotParams)


@dataclass(frozen=True)
class PriceFeatureParams:
    """Sections ``features``, ``levels`` and ``splits`` of ``models.price``."""

    features: InputParams = field(default_factory=InputParams)
    levels: LevelParams = field(default_factory=LevelParams)
    splits: SplitParams = field(default_factory=SplitParams)


class PriceFeatures:
    """History, questions and frame of the price model.

    Parameters
    ----------
    params : PriceFeatureParams
        Anything with its three sections will do.
    """

    name: ClassVar[str] = "price"
    requires: ClassVar[frozenset[str]] = frozenset({"reports"})
    uses: ClassVar[frozenset[str]] = frozenset(
        {"drivers", "markets", "trades", "lots", "assays", "partners", "documents"}
    )
    keys: ClassVar[Mapping[str, list[str]]] = {"levels": ["commodity", "market"], "suppliers": suppliers.KEYS}

    def __init__(self, params: PriceFeatureParams) -> None:
        self.params = params

    def history(self, tables: Mapping[str, DataFrame]) -> dict[str, DataFrame]:
        """Build the causal state tables.

        Parameters
        ----------
        tables : mapping
            ``reports``; and what there is of :attr:`uses`.

        Returns
        -------
        dict of name to frame
            ``levels``: ``market_levels`` with the state of the commodity, the state and the market at each row's
            ``known_time``; with trades also ``suppliers``. Their keys are in :attr:`keys`.

        Raises
        ------
        ContractError
            ``reports`` is not there.
        """
        if "reports" not in tables:
            raise ContractError(
                "the tables hold no reports", allowed=", ".join(sorted(self.requires | self.uses))
            )
        wanted = self.params.features
        levels = _days_with_reports(market_levels(tables["reports"], self.params.levels))
        levels = commodities.state_of_the_trade(levels, tables, wanted.commodities)
        if not _has_lots(tables):
            return {"levels": levels}
        paid = premiums.lot_premiums(tables["trades"], levels, wanted.premiums)
        return {
            "levels": premiums.add_premiums(levels, paid, wanted.premiums),
            "suppliers": suppliers.supplier_states(tables, paid, wanted.suppliers),
        }

    def questions(
        self, tables: Mapping[str, DataFrame], history: Mapping[str, DataFrame] | None = None
    ) -> DataFrame:
        """Ask every market and, where there are trades, about every lot; with the answers that came.

        Parameters
        ----------
        tables : mapping
        history : mapping, optional
            What :meth:`history` returned for the same tables; saves filtering the reports again.

        Returns
        -------
        DataFrame
            commodity, market, asof, horizon_days, kind, target_day, the columns of a lot, label (INR/quintal),
            label_known_time, part (train, validation, calibration, test, purged).
        """
        wanted = self.params.features
        levels = (history or self.history(tables))["levels"]
        asked = [level_questions(levels, wanted.horizons, every=wanted.market_every)]
        if _has_lots(tables):
            asked.append(lots.lot_questions(tables))
        questions = pd.concat(asked, ignore_index=True)
        return questions.assign(part=split(questions, self.params.splits))

    def assemble(self, questions: DataFrame, history: Mapping[str, DataFrame]) -> DataFrame:
        """Complete questions with what was known at their ``asof``.

        A row depends on its own question and on the history alone. A lot is for its trading day, so reports of days
        before count; a market question names its ``target_day`` (else ``asof``'s trading day plus the horizon).

        Parameters
        ----------
        questions : DataFrame
            commodity, market, asof (UTC), horizon_days, kind ("market" or "lot"); as far as known target_day,
            variety, grade, quantity (quintals), supplier_id, assay columns. Other columns are passed through.
        history : mapping
            From :meth:`history`, or a snapshot of it.

        Returns
        -------
        DataFrame
            The questions with step (days the level looks ahead), level, scale, half90, half95, last_log, last_age
            (log INR/quintal; days), history_age_days (from the market's last known day to ``asof``), the filter's
            state and, for lots, the features of the lot. Where the market has no history they are missing.

        Raises
        ------
        ContractError
            A column is missing.
        UnknownValue
            ``kind`` is neither market nor lot.
        """
        target = questions["target_day"] if "target_day" in questions else self._target(questions)
        state, floats = self._told(questions, target.to_numpy(dtype="datetime64[ns]"), history)
        # one block of numbers: a frame of ninety columns costs a single row dearly
        block = pd.DataFrame(
            np.column_stack(list(floats.values())), index=questions.index, columns=list(floats)
        )
        replaced = {*floats, "target_day", "state"}
        rest = questions[[c for c in questions.columns if c not in replaced]].copy()
        rest["target_day"], rest["state"] = target, state
        return pd.concat([rest, block], axis=1)

    def assemble_columns(self, questions: Columns, history: Mapping[str, DataFrame]) -> Columns:
        """Do what :meth:`assemble` does, to the bit, without a frame: for the few rows of a request.

        Parameters
        ----------
        questions : Columns
            As of :meth:`assemble`, with target_day.
        history : mapping
            Best from :meth:`ready`.
        """
        target = moments(questions, "target_day")
        state, floats = self._told(questions, target, history)
        return Columns({**questions.columns, "target_day": target, "state": state, **floats}, len(questions))

    def ready(self, history: Mapping[str, DataFrame]) -> ready.Ready:
        """Return a history that :meth:`assemble` looks into faster; worth its time where it is asked again and again.

        Parameters
        ----------
        history : mapping
            From :meth:`history`, or a snapshot of it.
        """
        return ready.Ready(history, self.keys, strict=("suppliers",))

    def _target(self, questions: DataFrame) -> pd.Series:
        return calendar.trading_day(questions["asof"]) + pd.to_timedelta(questions["horizon_days"], unit="D")

    def _told(
        self, questions: DataFrame | Columns, target: np.ndarray, history: Mapping[str, DataFrame]
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        for column in ASKED:
            if column not in questions:
                raise ContractError(
                    f'questions have no column "{column}"{nearest(column, map(str, questions.columns))}'
                )
        kind = texts(questions, "kind")
        unknown = set(kind.tolist()) - {"market", "lot"}
        if unknown:
            raise UnknownValue(f"kind is {sorted(map(str, unknown))}", allowed="market, lot")
        is_lot = kind == "lot"
        told = last_known(questions, history)
        floats = of_the_step(told, target, is_lot)
        floats |= filter_state(told, floats["step"])
        if is_lot.any() or "suppliers" in history:
            floats |= self._lot_columns(questions, told, target, history, is_lot)
        return told["state"], floats

    def _lot_columns(
        self,
        questions: DataFrame | Columns,
        told: Mapping[str, Any],
        target: np.ndarray,
        history: Mapping[str, DataFrame],
        is_lot: np.ndarray,
    ) -> dict[str, np.ndarray]:
        wanted = self.params.features
        found: dict[str, Any] = {**lots.lot_numbers(questions, wanted.lots)}
        found |= _supplier_columns(questions, history)
        found |= calendar.calendar_numbers(
            target.astype("datetime64[D]"), texts(questions, "commodity"), wanted.calendar
        )
        nothing = np.full(len(questions), np.nan)
        for name in (*commodities.PRICE_COLUMNS, *wanted.commodities.driver_columns(), *premiums.COLUMNS,
                     "state_demand_index", "distance_from_port_km"):  # fmt: skip
            found[name] = told.get(name, nothing)
        found["is_major_cotton_region"] = np.isin(told["state"].astype(str), wanted.cotton_states)
        numbers = {name: np.asarray(column, dtype=float) for name, column in found.items()}
        if is_lot.all():
            return numbers
        return {name: np.where(is_lot, column, np.nan) for name, column in numbers.items()}


def _supplier_columns(
    questions: DataFrame | Columns, history: Mapping[str, DataFrame]
) -> dict[str, np.ndarray]:
    if "supplier_id" not in questions or "suppliers" not in history:
        return {name: np.full(len(questions), np.nan) for name in suppliers.COLUMNS}
    row = ready.positions(questions, history, "suppliers", by=["supplier_id"], strict=True)
    names, block = ready.numbers(history, "suppliers")
    found = {name: np.full(len(row), np.nan) for name in suppliers.COLUMNS}
    if block.size:
        place = {name: i for i, name in enumerate(names)}
        found = {n: np.where(row < 0, np.nan, block[place[n]][row]) for n in suppliers.COLUMNS}
    newcomer = np.isnan(found["supplier_trade_count"])
    return found | {"supplier_trade_count": np.where(newcomer, 0.0, found["supplier_trade_count"])}


def _has_lots(tables: Mapping[str, DataFrame]) -> bool:
    return "trades" in tables and len(tables["trades"]) > 0


def _days_with_reports(levels: DataFrame) -> DataFrame:
    # a day on which nobody reported is seen to be one only when a later report comes: its rows would know the future
    told = levels.loc[levels["last_age"] == 0.0, ["commodity", "day"]].drop_duplicates()
    return levels.merge(told, on=["commodity", "day"], how="inner")
