from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest

from mandi.core.errors import ContractError
from mandi.report.canvas import Chart, chart
from mandi.report.pictures import file_name, write_pictures
from mandi.report.results import Results
from mandi.report.task_charts import charts_for

sys.path.insert(0, str(Path(__file__).parent))
from questions import answered


def drawn() -> list[Chart]:
    rows = answered()
    none = pd.DataFrame()
    metrics = {"lot.mae": 44.0, "lot.coverage95": 0.95}
    return charts_for(Results("price", "price", metrics, rows, rows, {}, none, (), {}, ""))


def test_the_files_are_the_charts_of_the_report_byte_for_byte(tmp_path: Path) -> None:
    files = write_pictures(drawn(), tmp_path / "price")
    again = drawn()
    assert [file.name for file in files] == [file_name(figure.alt) for figure in again]
    assert [file.read_bytes() for file in files] == [figure._repr_png_()[0] for figure in again]
    assert len({file.read_bytes() for file in files}) == len(files) >= 6


def test_a_folder_holds_the_charts_of_now_alone(tmp_path: Path) -> None:
    write_pictures(drawn(), tmp_path / "price")
    one, _ = chart("Only this one")
    write_pictures([one], tmp_path / "price")
    assert [file.name for file in (tmp_path / "price").iterdir()] == ["only_this_one.png"]
    assert write_pictures([], tmp_path / "price") == [] and list((tmp_path / "price").iterdir()) == []


def test_charts_of_one_name_are_refused_and_nothing_is_lost(tmp_path: Path) -> None:
    one, _ = chart("Coverage")
    other, _ = chart("Coverage!")
    write_pictures([one], tmp_path / "price")
    with pytest.raises(ContractError, match="coverage.png"):
        write_pictures([one, other], tmp_path / "price")
    assert [file.name for file in tmp_path.rglob("*.png")] == ["coverage.png"]
