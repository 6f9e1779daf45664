"""The states of commodities and suppliers, against means worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError
from mandi.features.grading.quality_history import HistoryParams, inspected, quality_states
from mandi.features.grading.quality_measures import MeasureParams

DAY = pd.Timestamp("2024-01-01", tz="UTC")


def lots(**columns: list[object]) -> pd.DataFrame:
    count = len(columns["grade"])
    base = {
        "lot_id": [f"L{i}" for i in range(count)],
        "commodity": "wheat",
        "known_time": DAY + pd.to_timedelta(range(count), "D"),
    }
    return pd.DataFrame(base | columns)  # fmt: skip


def test_a_suppliers_mean_and_spread_are_drawn_to_the_markets_of_the_time() -> None:
    told = lots(supplier_id=["S1", "S2", "S1"], moisture_pct=[10.0, 14.0, 12.0], grade=["A", "C", "B"])
    states = quality_states(told, MeasureParams(), HistoryParams(own_strength=2.0))
    last = states["supplier_lots"].iloc[-1]
    market = np.array([10.0, 14.0, 12.0])
    assert last["own_lots"] == 2
    assert last["moisture_pct_own_mean"] == pytest.approx((10.0 + 12.0 + 2.0 * market.mean()) / 4.0)
    own, around = np.var([10.0, 12.0], ddof=1), np.var(market, ddof=1)
    assert last["moisture_pct_own_sd"] == pytest.approx(np.sqrt((1.0 * own + 2.0 * around) / 3.0))
    assert states["standards"]["moisture_pct_mean"].tolist() == pytest.approx([10.0, 12.0, 12.0])
    assert np.isnan(last["oil_pct_own_mean"])


def test_a_lead_is_over_the_commoditys_mean_of_the_time_across_commodities() -> None:
    told = lots(supplier_id=["S1", "S2", "S1"], grade=["A", "D", "A"]).assign(
        commodity=["wheat", "wheat", "tur"]
    )
    states = quality_states(told, MeasureParams(), HistoryParams(lead_strength=1.0))
    leads = states["suppliers"].set_index(["supplier_id", "all_lots"])["supplier_lead"]
    # the first lot of a commodity is its own mean; the second is 40 against a mean of 65
    assert leads["S1", 1.0] == 0.0 and leads["S2", 1.0] == pytest.approx(-12.5) and leads["S1", 2.0] == 0.0


def test_a_lot_counts_once_by_its_first_assay_known() -> None:
    when = pd.to_datetime(["2024-01-02", "2024-01-01", "2024-01-05"], utc=True)
    assays = pd.DataFrame(
        {"assay_id": ["Q1", "Q2", "Q3"], "lot_id": ["L1", "L1", "L2"], "grade": ["B", "A", "C"], "event_time": when, "known_time": when}
    )  # fmt: skip
    offered = pd.DataFrame(
        {"lot_id": ["L1", "L2"], "commodity": "tur", "supplier_id": "S1", "market": "Latur", "known_time": [DAY, pd.Timestamp("2024-01-09", tz="UTC")]}
    )  # fmt: skip
    found = inspected({"lots": offered, "assays": assays})
    assert found["assay_id"].tolist() == ["Q2", "Q3"]
    # an assay whose lot was announced later is known when both are
    assert found["known_time"].tolist() == [when[1], pd.Timestamp("2024-01-09", tz="UTC")]


def test_absent_tables_are_named() -> None:
    with pytest.raises(ContractError, match="assays"):
        inspected({"lots": pd.DataFrame({"lot_id": [], "known_time": []})})
