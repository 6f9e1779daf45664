"""Importing sets the source in params.yaml and touches nothing else; a refused import touches nothing at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from mandi.core.config import load_params
from mandi.core.errors import ImportRefused, UnknownValue
from mandi.tables.command import import_command
from mandi.tables.ingest import read_tables

PARAMS = """\
# one
seed: 7

tables:
  source: generated        # generated | files
  location: ""             # where
  commodity: ""            # of files that name none
  report_lag_hours: 0      # hours

gates:   # two
  price: {a: [1, 2]}
"""
PORTAL = """\
district,market,commodity,variety,grade,min_price,max_price,modal_price,date
Amreli,Amreli,Cotton,Other,FAQ,4055,5325,5200,2018-01-01
Amreli,Bagasara,Cotton,Other,FAQ,4500,5490,4995,2018-01-01
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "params.yaml").write_text(PARAMS)
    (tmp_path / "cotton.csv").write_text(PORTAL)
    return tmp_path


def test_only_the_source_changes(project: Path) -> None:
    said = import_command(project, "agmarknet", "cotton.csv")
    before, after = PARAMS.splitlines(), (project / "params.yaml").read_text().splitlines()
    assert [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b] == [4, 5]
    assert after[4].endswith("# generated | files")
    assert load_params(project / "params.yaml")["tables"] == {
        "source": "agmarknet",
        "location": "cotton.csv",
        "commodity": "",
        "report_lag_hours": 0,
    }
    assert len(read_tables(project / "data" / "tables")["reports"]) == 2
    assert "mandi repro" in said


def test_a_setting_that_was_not_there_is_added(project: Path) -> None:
    (project / "params.yaml").write_text("tables:\n  source: generated\n\ngates: {a: 1}\n")
    import_command(project, "agmarknet", "cotton.csv", commodity="cotton")
    assert (project / "params.yaml").read_text() == (
        'tables:\n  source: "agmarknet"\n  location: "cotton.csv"\n  commodity: "cotton"\n\ngates: {a: 1}\n'
    )


def test_the_commodity_of_one_import_does_not_name_the_next(project: Path) -> None:
    import_command(project, "agmarknet", "cotton.csv", commodity="cotton")
    assert load_params(project / "params.yaml")["tables"]["commodity"] == "cotton"
    import_command(project, "agmarknet", "cotton.csv")
    assert load_params(project / "params.yaml")["tables"]["commodity"] == ""


def test_comments_stay_in_their_column_however_often_it_is_imported(project: Path) -> None:
    import_command(project, "agmarknet", "cotton.csv")
    once = (project / "params.yaml").read_text()
    import_command(project, "agmarknet", "cotton.csv")
    assert (project / "params.yaml").read_text() == once
    assert [line.index("#") for line in once.splitlines() if " # " in line and line[:2] == "  "] == [27] * 4


def test_checking_changes_nothing(project: Path) -> None:
    assert "nothing was changed" in import_command(project, "agmarknet", "cotton.csv", check=True)
    assert (project / "params.yaml").read_text() == PARAMS
    assert not (project / "data").exists()


def test_a_refused_import_changes_nothing(project: Path) -> None:
    with pytest.raises(ImportRefused):
        import_command(project, "agmarknet", "nowhere.csv")
    assert (project / "params.yaml").read_text() == PARAMS


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(
    "url", ["postgresql://me:s3cret@host/market", "postgresql://me@host/market?sslpassword=s3cret"]
)
def test_a_password_never_gets_into_params(project: Path, url: str, check: bool) -> None:
    with pytest.raises(ImportRefused) as error:
        import_command(project, "sql", url, check=check)
    assert error.value.next_command == "export MARKET_DB=...; mandi import sql env:MARKET_DB"
    assert "postgresql host/market" in str(error.value)
    assert "s3cret" not in str(error.value)
    assert (project / "params.yaml").read_text() == PARAMS


def test_an_unknown_source_names_the_nearest(project: Path) -> None:
    with pytest.raises(UnknownValue, match='did you mean "agmarknet"'):
        import_command(project, "agmarknett", "cotton.csv")
