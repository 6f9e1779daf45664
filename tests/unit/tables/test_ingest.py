"""An import replaces all tables or none, whatever stops it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from mandi.core.errors import ConfigError, ContractError, DataNotFound, ImportRefused
from mandi.tables.contracts import CONTRACTS
from mandi.tables.ingest import examine, import_tables, read_tables, write_tables

NOW = pd.Timestamp("2024-06-01", tz="UTC")
HEAD = "date,commodity,market,modal_price"


def write(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([HEAD, *lines]) + "\n", encoding="utf-8")


def files(location: str, **more: object) -> dict[str, dict[str, object]]:
    return {"tables": {"source": "files", "location": location, **more}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "in" / "reports.csv", "2024-01-10,cotton,Kadi,7100", "2024-01-11,cotton,Kadi,0")
    return tmp_path / "data" / "tables"


def test_a_folder_of_files(tmp_path: Path, folder: Path) -> None:
    write(tmp_path / "in" / "reports_more.csv", "2024-01-12,cotton,Adoni,7000")
    pd.DataFrame({"event_time": ["2024-01-01"], "driver": ["usd_inr"], "value": [83.0]}).to_parquet(
        tmp_path / "in" / "drivers.parquet"
    )
    (tmp_path / "in" / "README.md").write_text("about", encoding="utf-8")
    report = import_tables(files("in"), folder, root=tmp_path, now=NOW)
    tables = read_tables(folder)
    assert list(tables) == ["reports", "drivers", "markets"]
    for name, frame in tables.items():
        CONTRACTS[name].schema().validate(frame)
    assert tables["markets"]["market"].tolist() == ["Kadi", "Adoni"]
    assert report.ignored_files == ("README.md",)
    rejects = read_tables(folder, ["rejects"])["rejects"]
    assert rejects[["file", "row", "reason"]].values.tolist() == [
        ["reports.csv", 2, "modal_price out of range (> 0)"]
    ]
    assert sorted(p.name for p in folder.parent.iterdir()) == ["tables"]


def test_the_same_source_gives_the_same_bytes(tmp_path: Path, folder: Path) -> None:
    import_tables(files("in"), folder, root=tmp_path, now=NOW)
    first = {p.name: p.read_bytes() for p in folder.iterdir()}
    import_tables(files("in"), folder, root=tmp_path, now=NOW)
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == first


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda p: write(p / "reports.csv"), ImportRefused),
        (lambda p: (p / "reports.csv").write_bytes(b"market\xff"), ImportRefused),
        (lambda p: write(p / "report.csv", "2024-01-10,cotton,Kadi,7100"), ImportRefused),
        (lambda p: write(p / "reports.csv", "2024-01-10,cotton,Kadi,0"), ImportRefused),
        (lambda p: (p / "reports.csv").write_text("date,market\n2024-01-01,Kadi\n"), ContractError),
    ],
)
def test_a_refused_import_leaves_the_previous_tables(tmp_path: Path, folder: Path, spoil, error) -> None:  # type: ignore[no-untyped-def]
    import_tables(files("in"), folder, root=tmp_path, now=NOW)
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    spoil(tmp_path / "in")
    with pytest.raises(error):
        import_tables(files("in"), folder, root=tmp_path, now=NOW)
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before


KILLED = """
import os, sys
from pathlib import Path
import pandas as pd
from mandi.tables.ingest import write_tables

target, count = sys.argv[2], [0]
owner, name = (pd.DataFrame, "to_parquet") if target == "write" else (Path, "rename")
whole = getattr(owner, name)

def dying(self, *args, **kwargs):
    count[0] += 1
    if count[0] == 2:
        os._exit(9)
    return whole(self, *args, **kwargs)

setattr(owner, name, dying)
new = pd.DataFrame({"value": [2]})
write_tables({"reports": new, "drivers": new}, Path(sys.argv[1]))
"""


@pytest.mark.parametrize("moment", ["write", "swap"])
def test_a_killed_import_leaves_the_previous_tables(tmp_path: Path, moment: str) -> None:
    folder = tmp_path / "tables"
    old = pd.DataFrame({"value": [1]})
    write_tables({"reports": old, "drivers": old}, folder)
    died = subprocess.run([sys.executable, "-c", KILLED, str(folder), moment], check=False)
    assert died.returncode == 9
    for frame in read_tables(folder).values():
        pd.testing.assert_frame_equal(frame, old)
    write_tables({"reports": old.assign(value=3)}, folder)
    assert read_tables(folder)["reports"]["value"].tolist() == [3]
    assert [p.name for p in tmp_path.iterdir()] == ["tables"]


def test_an_error_while_writing_leaves_the_previous_tables(tmp_path: Path) -> None:
    folder = tmp_path / "tables"
    old = pd.DataFrame({"value": [1]})
    write_tables({"reports": old}, folder)
    unwritable = pd.DataFrame({"value": [object()]})
    with pytest.raises(Exception, match="object"):
        write_tables({"reports": old.assign(value=2), "drivers": unwritable}, folder)
    assert read_tables(folder)["reports"]["value"].tolist() == [1]
    assert [p.name for p in tmp_path.iterdir()] == ["tables"]


def test_what_is_not_there_is_named(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(DataNotFound, match="mandi import"):
        read_tables(folder)
    import_tables(files("in"), folder, root=tmp_path, now=NOW)
    with pytest.raises(DataNotFound, match='did you mean "reports"'):
        read_tables(folder, ["report"])
    with pytest.raises(ImportRefused, match="nowhere"):
        examine(files("nowhere"), root=tmp_path, now=NOW)


def test_a_folder_without_tables(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "notes.md").write_text("about", encoding="utf-8")
    with pytest.raises(ImportRefused, match="notes.md"):
        examine(files("in"), root=tmp_path, now=NOW)


def test_a_wrong_setting_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="report_lag_hours"):
        examine(files("in", report_lag_hour=1), root=tmp_path, now=NOW)
    with pytest.raises(ConfigError, match="excel"):
        examine({"tables": {"source": "excel"}}, root=tmp_path, now=NOW)


def test_the_generated_market_passes_its_contracts(tmp_path: Path) -> None:
    params = {"seed": 5, "tables": {"source": "generated"}, "market": {"days": 420, "markets": 8}}
    tables, report = examine(params, root=tmp_path, now=pd.Timestamp("2100-01-01", tz="UTC"))
    for name, frame in tables.items():
        CONTRACTS[name].schema().validate(frame)
    assert report.truth is not None
    assert set(report.reasons()["table"]) <= {"reports"}
