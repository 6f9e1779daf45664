"""Every row is accepted or rejected with its reason; nothing is dropped and nothing looks ahead."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

from mandi.core.errors import ContractError, UnknownValue
from mandi.tables.contracts import CONTRACTS
from mandi.tables.settings import TableParams
from mandi.tables.validate import REJECT_COLUMNS, Validated, validate

NOW = pd.Timestamp("2024-06-01", tz="UTC")
PARAMS = TableParams()


def day(**change: Any) -> dict[str, Any]:
    row = {
        "date": "2024-01-10",
        "commodity": "cotton",
        "state": "Gujarat",
        "market": "Kadi",
        "min_price": "6800",
        "max_price": "7400",
        "modal_price": "7100",
        "arrivals": "12.5",
    }
    return {**row, **change}


def judged(*rows: dict[str, Any], params: TableParams = PARAMS) -> Validated:
    got = validate("reports", pd.DataFrame(list(rows)), params, NOW)
    assert len(got.accepted) + len(got.rejects) == len(rows)
    assert got.counts["received"] == got.counts["accepted"] + got.counts["rejected"] == len(rows)
    CONTRACTS["reports"].schema().validate(got.accepted)
    assert list(got.rejects.columns) == REJECT_COLUMNS
    return got


def test_a_good_row_is_known_at_the_end_of_its_day_plus_the_lag() -> None:
    got = judged(day(), params=TableParams(report_lag_hours=6))
    row = got.accepted.iloc[0]
    assert str(row["event_time"]) == "2024-01-10 18:30:00+00:00"
    assert str(row["known_time"]) == "2024-01-11 00:30:00+00:00"
    assert (row["modal_price"], row["arrivals"], row["variety"], row["flags"]) == (
        7100.0,
        12.5,
        "unknown",
        "",
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"modal_price": "0"}, "modal_price out of range (> 0)"),
        ({"modal_price": "-5"}, "modal_price out of range (> 0)"),
        ({"modal_price": "NR"}, "modal_price missing"),
        ({"modal_price": "71OO"}, "modal_price not readable"),
        ({"market": " "}, "market missing"),
        ({"date": ""}, "event_time missing"),
        ({"date": "2024-02-31"}, "event_time not readable"),
        ({"date": "2024-06-03"}, "event_time in the future"),
        ({"known_time": "2024-01-10T12:00:00Z"}, "known before it happened"),
        ({"price_unit": "USD/kg"}, 'price_unit "USD/kg" not known'),
        ({"price_unit": "Rs./bushel"}, 'price_unit "Rs./bushel" not known'),
        ({"price_unit": ""}, "price_unit missing"),
        ({"arrivals_unit": "bags"}, 'arrivals_unit "bags" not known'),
    ],
)
def test_rejected_with_its_reason_and_its_raw_cells(change: dict[str, str], reason: str) -> None:
    plain = {"price_unit": "Rs./Quintal", "arrivals_unit": "Metric Tonnes", "known_time": None}
    got = judged(day(**plain) | change, day(**plain, market="Adoni"))
    assert got.rejects["reason"].tolist() == [reason]
    raw = json.loads(got.rejects["raw"].iloc[0])
    assert {k: raw[k] for k in change} == change
    assert got.rejects["row"].tolist() == [1]


@pytest.mark.parametrize(
    ("change", "flags"),
    [
        ({"modal_price": "7500"}, "modal_outside_range"),
        ({"min_price": "7600"}, "modal_outside_range;min_above_max"),
        ({"max_price": "71000"}, "range_implausible"),
        ({"min_price": "0"}, "min_price_out_of_range"),
        ({"arrivals": "0"}, "arrivals_out_of_range"),
        ({"arrivals": "NR"}, ""),
        ({"min_price": "", "max_price": ""}, ""),
    ],
)
def test_flagged_and_kept(change: dict[str, str], flags: str) -> None:
    got = judged(day(**change))
    assert got.accepted["flags"].tolist() == [flags]
    assert got.counts["flagged"] == bool(flags)
    assert sum(got.counts["flags"].values()) == len([f for f in flags.split(";") if f])


def test_a_value_out_of_range_becomes_missing_only_where_it_is() -> None:
    got = judged(day(min_price="0"), day(market="Adoni"))
    assert got.accepted.set_index("market")["min_price"].isna().to_dict() == {"Kadi": True, "Adoni": False}


def test_repeated_and_corrected_rows() -> None:
    got = judged(day(), day(), day(modal_price="7200"), day(market="Adoni"))
    assert got.rejects.sort_values("row")["reason"].tolist() == [
        "corrected by a later row of the same key",
        "repeated row",
    ]
    assert got.accepted.set_index("market")["modal_price"].to_dict() == {"Adoni": 7100.0, "Kadi": 7200.0}


def test_an_absurd_price_is_rejected_and_a_strange_one_flagged() -> None:
    history = [day(date=f"2024-01-{d:02d}", market=m) for d in range(1, 5) for m in ("Kadi", "Adoni")]
    got = judged(
        *history,
        day(date="2024-01-05", modal_price="47500", max_price="47500"),
        day(date="2024-01-05", market="Adoni", modal_price="19000", max_price="19000"),
        day(date="2024-01-05", market="Unjha", modal_price="1300", min_price="1300"),
    )
    assert got.rejects["reason"].tolist() == ["modal_price absurd", "modal_price absurd"]
    assert got.counts["flags"] == {"implausible": 1}


def test_later_rows_change_no_judgement() -> None:
    rows = [
        day(date=f"2024-01-{d:02d}", market=m, modal_price=str(7000 + 40 * d))
        for d in range(1, 20)
        for m in ("Kadi", "Adoni")
    ]
    whole = judged(*rows).accepted
    changed = judged(*[{**r, "modal_price": "9"} if r["date"] > "2024-01-12" else r for r in rows]).accepted
    past = pd.Timestamp("2024-01-12 18:30", tz="UTC")
    pd.testing.assert_frame_equal(
        whole[whole["event_time"] <= past].reset_index(drop=True),
        changed[changed["event_time"] <= past].reset_index(drop=True),
    )


def test_mixed_units_are_converted_and_counted() -> None:
    units = {"price_unit": "Rs./Quintal", "arrivals_unit": "Tonnes"}
    got = judged(
        day(**units),
        day(market="Adoni", modal_price="71", min_price="68", max_price="74", arrivals="125")
        | {"price_unit": "INR/kg", "arrivals_unit": "quintals"},
    )
    assert got.accepted["modal_price"].tolist() == pytest.approx([7100, 7100])
    assert got.accepted["min_price"].tolist() == pytest.approx([6800, 6800])
    assert got.accepted["arrivals"].tolist() == pytest.approx([12.5, 12.5])
    assert got.counts["converted"] == {"INR/kg -> INR/quintal": 1, "quintals -> tonne": 1}


def test_order_of_rows_does_not_change_the_accepted_table() -> None:
    rows = [day(date=f"2024-01-{d:02d}", market=m) for d in range(1, 8) for m in ("Kadi", "Adoni")]
    pd.testing.assert_frame_equal(judged(*rows).accepted, judged(*reversed(rows)).accepted)


def test_a_wrong_column_is_shown_beside_its_nearest_name() -> None:
    with pytest.raises(ContractError) as error:
        validate("reports", pd.DataFrame([day()]).rename(columns={"modal_price": "model_price"}), PARAMS, NOW)
    assert "- modal_price  (missing; nearest received: model_price)" in str(error.value)
    assert "+ model_price  (not known; nearest: modal_price)" in str(error.value)


def test_extra_columns_are_refused_or_ignored_and_counted() -> None:
    frame = pd.DataFrame([day(colour="red")])
    with pytest.raises(ContractError, match="colour"):
        validate("reports", frame, PARAMS, NOW)
    got = validate("reports", frame, TableParams(extra_columns="ignore"), NOW)
    assert got.counts["ignored_columns"] == ["colour"]


def test_no_such_table() -> None:
    with pytest.raises(UnknownValue, match='did you mean "reports"'):
        validate("report", pd.DataFrame(), PARAMS, NOW)


def test_input_is_not_changed() -> None:
    frame = pd.DataFrame([day(), day(modal_price="0")], index=[4, 4])
    before = frame.copy(deep=True)
    validate("reports", frame, PARAMS, NOW)
    pd.testing.assert_frame_equal(frame, before)


def test_an_empty_table_keeps_its_types() -> None:
    got = validate("reports", pd.DataFrame([day()]).iloc[:0], PARAMS, NOW)
    CONTRACTS["reports"].schema().validate(got.accepted)
    assert got.rejects.empty


def test_other_tables() -> None:
    offers = pd.DataFrame(
        {
            "event_time": "2024-01-01",
            "availability_id": ["a1", "a2", "a3"],
            "seller_id": "s1",
            "commodity": "tur",
            "market": "Latur",
            "quantity": [10, 20, 30],
            "quantity_unit": ["quintals", "tonnes", "quintals"],
            "ask_price": 7000,
            "ready_from": ["2024-01-02", "2024-01-02", "2024-02-02"],
            "ready_until": "2024-01-20",
        }
    )
    got = validate("availabilities", offers, PARAMS, NOW)
    assert got.accepted["quantity"].tolist() == [10.0, 200.0]
    assert got.accepted["known_time"].equals(got.accepted["event_time"])
    assert got.rejects["reason"].tolist() == ["ready_until before ready_from"]
    assays = pd.DataFrame(
        [
            {
                "event_time": "2024-01-01",
                "known_time": "2024-01-02",
                "assay_id": "x",
                "lot_id": "l",
                "inspector_id": "i",
                "grade": "E",
            }
        ]
    )
    assert validate("assays", assays, PARAMS, NOW).rejects["reason"].tolist() == [
        "grade not one of A, B, C, D"
    ]


def test_labels_must_say_when_they_were_known() -> None:
    with pytest.raises(ContractError, match="known_time"):
        validate(
            "fraud_cases",
            pd.DataFrame({"event_time": ["2024-01-01"], "trade_id": "t", "kind": "k"}),
            PARAMS,
            NOW,
        )
    driver = pd.DataFrame(
        {"event_time": ["2024-01-01"] * 2, "driver": ["usd_inr", "wti"], "value": [83.0, 70.0]}
    )
    got = validate("drivers", driver, TableParams(driver_lag_days={"default": 1, "usd_inr": 7}), NOW).accepted
    assert (got["known_time"] - got["event_time"]).dt.days.tolist() == [7, 1]


def test_a_commodity_has_one_name_however_it_is_spelled() -> None:
    got = judged(
        day(commodity="Soyabean"),
        day(commodity="soybean", market="Adoni"),
        day(commodity="Narma", market="Sirsa"),
        params=TableParams(commodities={"Narma": "cotton"}),
    )
    assert sorted(got.accepted["commodity"]) == ["cotton", "soybean", "soybean"]
