"""What was known when of each commodity's quality and of each supplier's own: means, spreads, grades, counts.

A lot counts once, by the first assay of it that became known, from the moment both lot and assay were known. A supplier's own mean and
spread are drawn towards the commodity's, so that a supplier with few lots is near the market and one with none is the market.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mandi.core.errors import ContractError
from mandi.features.grading.quality_measures import COLOR, MEASURES, NUMBERS, MeasureParams, measured
from mandi.features.windows import Statistic, trailing

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame, Series

KEYS: dict[str, list[str]] = {
    "standards": ["commodity"],
    "supplier_lots": ["supplier_id", "commodity"],
    "suppliers": ["supplier_id"],
}
WORTH = "worth"
MOMENTS: tuple[Statistic, ...] = ("count", "mean", "std")


@dataclass(frozen=True)
class HistoryParams:
    """How the past is summed up.

    Attributes
    ----------
    values : mapping of grade to number
        What a grade is worth, 0-100, from the best grade to the worst.
    own_strength : float
        How many lots the commodity's mean and spread are worth in a supplier's own.
    lead_strength : float
        How many lots zero is worth in a supplier's lead over the market, all commodities together.
    """

    values: dict[str, float] = field(default_factory=lambda: {"A": 90.0, "B": 75.0, "C": 60.0, "D": 40.0})
    own_strength: float = 5.0
    lead_strength: float = 10.0


def inspected(tables: Mapping[str, DataFrame]) -> DataFrame:
    """Return the first assay of each lot with the lot's commodity, supplier and market.

    Parameters
    ----------
    tables : mapping
        ``lots`` and ``assays``.

    Returns
    -------
    DataFrame
        assay_id, lot_id, commodity, supplier_id, market, inspector_id, the measured columns, grade, event_time (sampled),
        known_time (both lot and assay known), by known_time.

    Raises
    ------
    ContractError
        A table is not there.
    """
    for name in ("lots", "assays"):
        if name not in tables:
            raise ContractError(f"the tables hold no {name}", allowed="lots and assays")
    lots = tables["lots"].sort_values("known_time", kind="stable").drop_duplicates("lot_id")
    of_lot = lots[["lot_id", "commodity", "supplier_id", "market", "known_time"]]
    told = tables["assays"].reindex(
        columns=["assay_id", "lot_id", "inspector_id", *NUMBERS, COLOR, "grade", "event_time", "known_time"]
    )
    both = told.merge(of_lot.rename(columns={"known_time": "lot_known"}), on="lot_id", how="inner")
    known = both["known_time"].where(both["known_time"] >= both["lot_known"], both["lot_known"])
    both = both.assign(known_time=known).drop(columns="lot_known")
    ordered = both.sort_values(["known_time", "event_time", "assay_id"], kind="stable")
    return ordered.drop_duplicates("lot_id").reset_index(drop=True)


def quality_states(lots: DataFrame, measures: MeasureParams, params: HistoryParams) -> dict[str, DataFrame]:
    """Build the histories of commodities and suppliers.

    Parameters
    ----------
    lots : DataFrame
        What ``inspected`` returned.
    measures : MeasureParams
    params : HistoryParams

    Returns
    -------
    dict of name to frame
        ``standards`` by commodity: known_time, market_lots, ``<measure>_mean``, ``<measure>_sd``, market_worth,
        market_worth_sd (0-100). ``supplier_lots`` by supplier and commodity: own_lots, ``<measure>_own_mean``, ``<measure>_own_sd``,
        supplier_worth, supplier_worth_sd. ``suppliers`` by supplier: all_lots, supplier_lead (mean worth of its grades over the
        commodity's mean of the time, points of 100). A row counts itself and everything known by then.

    Examples
    --------
    >>> when = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"], utc=True)
    >>> lots = pd.DataFrame({"lot_id": ["L1", "L2", "L3"], "commodity": "wheat", "supplier_id": ["S1", "S2", "S1"],
    ...     "moisture_pct": [10.0, 12.0, 10.0], "grade": ["A", "C", "A"], "known_time": when})
    >>> states = quality_states(lots, MeasureParams(), HistoryParams(own_strength=1.0))
    >>> states["standards"][["market_lots", "market_worth"]].to_numpy().tolist()
    [[1.0, 90.0], [2.0, 75.0], [3.0, 80.0]]
    >>> states["supplier_lots"][["supplier_id", "own_lots"]].to_numpy().tolist()
    [['S1', 1.0], ['S2', 1.0], ['S1', 2.0]]
    """
    rows = lots[lots["known_time"].notna()].sort_values("known_time", kind="stable", ignore_index=True)
    values, _ = measured(rows, measures)
    facts = rows[["commodity", "supplier_id", "known_time"]].assign(**values)
    facts[WORTH] = rows["grade"].map(params.values).astype(float)
    market = _moments(facts, ["commodity"])
    own = _moments(facts, ["supplier_id", "commodity"])
    standards = {"market_lots": _count(facts, ["commodity"])}
    supplier = {"own_lots": _count(facts, ["supplier_id", "commodity"])}
    for name in (*MEASURES, WORTH):
        mean, sd = market[name].mean, market[name].sd
        standards |= (
            _named("market_worth", "market_worth_sd", mean, sd)
            if name == WORTH
            else _named(f"{name}_mean", f"{name}_sd", mean, sd)
        )
        drawn = _drawn(own[name], market[name], params.own_strength)
        supplier |= (
            _named("supplier_worth", "supplier_worth_sd", *drawn)
            if name == WORTH
            else _named(f"{name}_own_mean", f"{name}_own_sd", *drawn)
        )
    facts["lead"] = facts[WORTH] - market[WORTH].mean
    by = ["supplier_id"]
    leads = trailing(facts, "lead", by=by, time="known_time", days=None, statistic="sum", include_now=True)
    graded = trailing(facts, "lead", by=by, time="known_time", days=None, statistic="count", include_now=True)
    everything = {
        "all_lots": _count(facts, by),
        "supplier_lead": leads.fillna(0.0).to_numpy() / (graded.to_numpy() + params.lead_strength),
    }
    return {
        "standards": _state(facts, KEYS["standards"], standards),
        "supplier_lots": _state(facts, KEYS["supplier_lots"], supplier),
        "suppliers": _state(facts, KEYS["suppliers"], everything),
    }


@dataclass(frozen=True)
class _Moments:
    count: NDArray[np.float64]
    mean: NDArray[np.float64]
    sd: NDArray[np.float64]  # missing below two values


def _moments(facts: DataFrame, by: list[str]) -> dict[str, _Moments]:
    found = {}
    for name in (*MEASURES, WORTH):
        if facts[name].isna().all():
            nothing = np.full(len(facts), np.nan)
            found[name] = _Moments(np.zeros(len(facts)), nothing, nothing)
            continue
        count, mean, sd = (_trailing(facts, name, by, what) for what in MOMENTS)
        found[name] = _Moments(count, mean, sd)
    return found


def _trailing(facts: DataFrame, name: str, by: list[str], statistic: Statistic) -> NDArray[np.float64]:
    found: Series = trailing(
        facts,
        name,
        by=by,
        time="known_time",
        days=None,
        statistic=statistic,
        include_now=True,
    )
    return found.to_numpy(dtype=np.float64)


def _count(facts: DataFrame, by: list[str]) -> NDArray[np.float64]:
    return _trailing(facts.assign(one=1.0), "one", by, "count")


def _drawn(
    own: _Moments, market: _Moments, strength: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    count = own.count
    mean = (np.where(count > 0, count * np.nan_to_num(own.mean), 0.0) + strength * market.mean) / (
        count + strength
    )
    freedom = np.maximum(count - 1.0, 0.0)
    squares = freedom * np.nan_to_num(own.sd) ** 2 + strength * market.sd**2
    return mean, np.sqrt(squares / (freedom + strength))


def _named(
    mean_name: str, sd_name: str, mean: NDArray[np.float64], sd: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    return {mean_name: mean, sd_name: sd}


def _state(facts: DataFrame, keys: list[str], columns: Mapping[str, NDArray[np.float64]]) -> DataFrame:
    whole = pd.concat([facts[[*keys, "known_time"]], pd.DataFrame(dict(columns), index=facts.index)], axis=1)
    told = whole[whole[keys].notna().all(axis=1)]
    return told.drop_duplicates([*keys, "known_time"], keep="last").reset_index(drop=True)
