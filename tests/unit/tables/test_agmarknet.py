"""Both shapes of the portal, its own headings, and series of drivers become rows of the house."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from mandi.core.errors import ContractError, ImportRefused, MandiError
from mandi.core.paths import bench_data
from mandi.tables.agmarknet import distinct_markets, read_portal_file
from mandi.tables.files import read_file
from mandi.tables.ingest import examine
from mandi.tables.settings import TableParams
from mandi.tables.validate import Validated, validate

NOW = pd.Timestamp("2026-06-01", tz="UTC")


def taken(tmp_path: Path, name: str, *lines: str, commodity: str = "") -> tuple[str, Validated]:
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    table, rows = read_portal_file(path, read_file(path), commodity)
    return table, validate(table, rows, TableParams(), NOW)


def test_shape_of_2008(tmp_path: Path) -> None:
    table, got = taken(
        tmp_path,
        "soyabean_2008.csv",
        "state,district,market,variety,group,arrivals_tonnes,min_price,max_price,modal_price,date",
        "Chattisgarh,Bilaspur, Munguli ,Yellow,Oil Seeds,9.50,1871,1927,1900,2008-01-01",
        "Chattisgarh,Durg,Bemetara,Yellow,Oil Seeds,NR,1850,1850,1850,2008-01-01",
    )
    assert table == "reports"
    row = got.accepted.set_index("market").loc["Munguli"]
    assert (row["commodity"], row["state"], row["arrivals"]) == ("soybean", "Chhattisgarh", 9.5)
    assert row["source"] == "soyabean_2008.csv"
    assert pd.isna(got.accepted.set_index("market").loc["Bemetara", "arrivals"])


def test_shape_without_state_and_arrivals(tmp_path: Path) -> None:
    _, got = taken(
        tmp_path,
        "cotton_gujarat_2018.csv",
        "district,market,commodity,variety,grade,min_price,max_price,modal_price,date",
        "Amreli,Amreli,Cotton,Other,FAQ,4055,5325.0,5200.0,2018-01-01",
    )
    row = got.accepted.iloc[0]
    assert (row["state"], row["grade"], row["commodity"]) == ("Gujarat", "FAQ", "cotton")


def test_shape_of_2025_with_grade_and_units(tmp_path: Path) -> None:
    _, got = taken(
        tmp_path,
        "all.csv",
        "state,district,market,commodity_group,commodity,variety,grade,min_price,max_price,modal_price,price_unit,"
        "arrival_qty,arrival_unit,date",
        "Punjab,Mansa,Mansa APMC,Fibre Crops,Cotton,Other,FAQ,70,75,72,Rs./kg,12,Quintals,2025-11-07",
    )
    row = got.accepted.iloc[0]
    assert (row["modal_price"], row["arrivals"]) == (pytest.approx(7200), pytest.approx(1.2))


def test_headings_of_the_portal(tmp_path: Path) -> None:
    _, got = taken(
        tmp_path,
        "download.csv",
        "Sl no.,State Name,District Name,Market Name,Variety,Group,Arrivals (Tonnes),Min Price (Rs./Quintal),"
        "Max Price (Rs./Quintal),Modal Price (Rs./Quintal),Reported Date",
        '1,Telangana,Adilabad,Bhainsa,Yellow,Oil Seeds,1.00,2526,2669,"2,669",22 Jun 2017',
        commodity="Soyabean",
    )
    row = got.accepted.iloc[0]
    assert (row["commodity"], row["modal_price"]) == ("soybean", 2669.0)
    assert str(row["event_time"]) == "2017-06-22 18:30:00+00:00"


def test_a_file_must_say_its_commodity(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match="--commodity"):
        taken(tmp_path, "download.csv", "market,modal_price,date", "Adoni,7100,2024-01-01")


def test_a_wrong_column_is_named_with_its_nearest(tmp_path: Path) -> None:
    with pytest.raises(ContractError) as error:
        taken(tmp_path, "cotton.csv", "market,modle_price,date", "Adoni,7100,2024-01-01")
    assert '- modal_price  (missing (did you mean "modle_price"?))' in str(error.value)
    assert '+ modle_price  (not known (did you mean "modal_price"?))' in str(error.value)


def test_one_name_in_two_states_is_two_markets() -> None:
    reports = pd.DataFrame(
        {"market": ["Mansa", "Mansa", "Kadi", "Kadi"], "state": ["Punjab", "Gujarat", "Gujarat", None]}
    )
    assert distinct_markets(reports)["market"].tolist() == [
        "Mansa (Punjab)",
        "Mansa (Gujarat)",
        "Kadi",
        "Kadi",
    ]
    assert reports["market"].tolist() == ["Mansa", "Mansa", "Kadi", "Kadi"]


@pytest.mark.parametrize(
    ("name", "lines", "driver", "value", "end"),
    [
        ("brent-daily.csv", ["Date,Price", "2024-01-02,75.5"], "brent_usd_bbl", 75.5, "2024-01-03"),
        ("wti-daily.csv", ["Date,Price", "2024-01-02,70"], "wti_usd_bbl", 70.0, "2024-01-03"),
        (
            "inr.csv",
            ["Date,Country,Exchange rate", "2024-01-01,India,83.1"],
            "usd_inr",
            83.1,
            "2024-02-01",
        ),
        (
            "msp.csv",
            ["commodity,year,Type,msprice,msp_filter", "PIGEON PEA (TUR),2024,Kharif Crops,7550,1"],
            "msp_tur",
            7550.0,
            "2024-07-01",
        ),
    ],
)
def test_drivers(tmp_path: Path, name: str, lines: list[str], driver: str, value: float, end: str) -> None:
    table, got = taken(tmp_path, name, *lines)
    row = got.accepted.iloc[0]
    assert (table, row["driver"], row["value"]) == ("drivers", driver, value)
    assert row["event_time"] == pd.Timestamp(end, tz="UTC")
    assert row["known_time"] == row["event_time"] + pd.Timedelta("1D")


def test_which_oil_it_is_must_be_said(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match="brent, wti"):
        taken(tmp_path, "oil.csv", "Date,Price", "2024-01-02,75.5")


@pytest.mark.parametrize(
    ("files", "received", "rejected"),
    [
        ("cotton_agmarknet/cotton_gujarat_2018_2024.csv.gz", 16_456, 75),
        ("cotton_agmarknet/cotton_allindia_2025_2026.csv.gz", 11_095, 0),
        ("cotton_agmarknet/soyabean_allindia_2025_2026.csv.gz", 20_260, 0),
        ("macro_drivers", 20_981, 10),
    ],
)
def test_real_files(root: Path, files: str, received: int, rejected: int) -> None:
    try:
        folder = bench_data(root)
    except MandiError as absent:
        pytest.skip(str(absent))
    params = {"tables": {"source": "agmarknet", "location": str(folder / files)}}
    tables, report = examine(params, root=root, now=pd.Timestamp("2026-11-01", tz="UTC"))
    assert report.metrics()["total"]["received"] == received
    assert report.metrics()["total"]["rejected"] == rejected
    if "gujarat" in files:
        assert tables["reports"]["modal_price"].max() < 40_000
        assert '"47500' in report.rejects["raw"].str.cat()
