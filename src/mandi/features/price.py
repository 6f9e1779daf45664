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
from mandi.features import calendar, ready
from mandi.features.pricing import commodities, lots, premiums, suppliers
from mandi.features.pricing.level_questions import level_questions
from mandi.features.pricing.levels import LevelParams, market_levels
from mandi.features.splits import SplitParams, split

if TYPE_CHECKING:
    from pandas import DataFrame

STEPS = (0, 1, 7, 30, 60)
LONG_WEEKEND = 4  # days
STEP_COLUMNS = ("level", "scale", "half90", "half95")
ASKED = ("commodity", "market", "asof", "horizon_days", "kind")
MARKET_STATE = (
    "national_log",
    "state_log",
    "national_vol_30",
    "national_move",
    "state_move",
    "neighbour_move",
)
# these have seen the market's own report of the day: a question about that very day must not
AFTER_OWN_REPORT = ("noise_sd", "market_lead", "innovation_1")


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
        for column in ASKED:
            if column not in questions:
                raise ContractError(
                    f'questions have no column "{column}"{nearest(column, map(str, questions.columns))}'
                )
        kind = questions["kind"].to_numpy(dtype=object)
        if not np.isin(kind, ["market", "lot"]).all():
            raise UnknownValue(
                f"kind is {sorted(set(map(str, kind)) - {'market', 'lot'})}", allowed="market, lot"
            )
        target = questions["target_day"] if "target_day" in questions else self._target(questions)
        told = _last_known(questions, history)
        floats = _steps(told, target.to_numpy(dtype="datetime64[ns]"), kind == "lot")
        floats |= _filter_state(told, floats["step"])
        if (kind == "lot").any() or "suppliers" in history:
            floats |= self._lot_columns(questions, told, target, history, kind == "lot")
        # one block of numbers: a frame of ninety columns costs a single row dearly
        block = pd.DataFrame(
            np.column_stack(list(floats.values())), index=questions.index, columns=list(floats)
        )
        replaced = {*floats, "target_day", "state"}
        rest = questions[[c for c in questions.columns if c not in replaced]].copy()
        rest["target_day"], rest["state"] = target, told["state"]
        return pd.concat([rest, block], axis=1)

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

    def _lot_columns(
        self,
        questions: DataFrame,
        told: Mapping[str, Any],
        target: pd.Series,
        history: Mapping[str, DataFrame],
        is_lot: np.ndarray,
    ) -> dict[str, np.ndarray]:
        wanted = self.params.features
        found: dict[Any, Any] = {**lots.lot_numbers(questions, wanted.lots)}
        found |= self._supplier_columns(questions, history)
        found |= calendar.calendar_numbers(target, questions["commodity"], wanted.calendar)
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
        self, questions: DataFrame, history: Mapping[str, DataFrame]
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


def _last_known(asked: DataFrame, history: Mapping[str, DataFrame]) -> dict[str, Any]:
    levels = history["levels"]
    row = ready.positions(asked, history, "levels", by=["commodity", "market"])
    known = row >= 0
    names, block = ready.numbers(history, "levels")
    told = np.full((len(names), len(row)), np.nan)
    day, state = np.full(len(row), np.datetime64("NaT", "ns")), np.full(len(row), None, dtype=object)
    known_time = day.copy()
    if len(levels):
        told = block.take(row, axis=1)
        told[:, ~known] = np.nan
        for values, name in ((day, "day"), (known_time, "known_time")):
            values[known] = levels[name].to_numpy(dtype="datetime64[ns]")[row[known]]
        state[known] = levels["state"].to_numpy(dtype=object)[row[known]]
    return {
        "asof": asked["asof"],
        **dict(zip(names, told)),
        "day": day,
        "state": state,
        "known_time": known_time,
    }


def _days_with_reports(levels: DataFrame) -> DataFrame:
    # a day on which nobody reported is seen to be one only when a later report comes: its rows would know the future
    told = levels.loc[levels["last_age"] == 0.0, ["commodity", "day"]].drop_duplicates()
    return levels.merge(told, on=["commodity", "day"], how="inner")


def _closed_days(day: np.ndarray, moment: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    # markets rest on Sundays: Monday's price is one trading day after Saturday's reports
    last = calendar.trading_day(moment).to_numpy(dtype="datetime64[D]") - np.timedelta64(1, "D")
    known = ~np.isnat(day)
    first = np.where(known, day.astype("datetime64[D]"), last) + np.timedelta64(1, "D")
    gap = np.maximum((last + np.timedelta64(1, "D") - first) / np.timedelta64(1, "D"), 0.0)
    sundays = np.busday_count(first, np.maximum(last + np.timedelta64(1, "D"), first), weekmask="Sun")
    return gap, np.minimum(gap, sundays)


def _steps(told: Mapping[str, Any], target: np.ndarray, is_lot: np.ndarray) -> dict[str, np.ndarray]:
    gap, closed = _closed_days(told["day"].astype("datetime64[ns]"), told["asof"])
    ahead = (target - told["day"].astype("datetime64[ns]")) / np.timedelta64(1, "D") - closed
    # over a holiday a lot still stands on the level of the next day; its bounds are its own
    ahead = np.where(is_lot & (ahead <= LONG_WEEKEND), np.minimum(ahead, 1.0), ahead)
    place = np.minimum(np.searchsorted(STEPS, np.nan_to_num(ahead, nan=0.0)), len(STEPS) - 1)
    known = ~np.isnan(ahead) & (ahead >= 0)
    found = {"step": np.where(known, np.array(STEPS, dtype=float)[place], np.nan)}
    for name in STEP_COLUMNS:
        by_step = [told[f"{name}_{step}"].astype(float) for step in STEPS]
        found[name] = np.where(known, np.choose(place, by_step), np.nan)
    for name in ("log", "age"):
        before, after = (told[f"{when}_{name}"].astype(float) for when in ("prev", "last"))
        found[f"last_{name}"] = np.where(known, np.where(found["step"] == 0, before, after), np.nan)
    found["last_age"] = found["last_age"] + gap
    age = told["asof"].to_numpy(dtype="datetime64[ns]") - told["known_time"]
    return found | {"history_age_days": age / np.timedelta64(1, "D")}


def _filter_state(told: Mapping[str, Any], step: np.ndarray) -> dict[str, np.ndarray]:
    found = {}
    for name, values in told.items():
        if name in AFTER_OWN_REPORT or name.startswith("b_own_"):
            found[name] = np.where(step == 0, np.nan, values.astype(float))
        elif name in MARKET_STATE or name.startswith("b_"):
            found[name] = values.astype(float)
    return found
