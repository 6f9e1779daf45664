"""A folder of Parquet files is answered as the desk answers, a bad row harms no other, and what is broken off goes on."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from mandi.core.errors import DataNotFound, DiskFull, UnknownValue
from mandi.serving import batch
from mandi.serving.batch import BatchReport, columns_of, predict_folder
from mandi.serving.contracts import PriceRow
from mandi.serving.desk import Desk

from ...small_disk import SmallDisk, disk
from .small_market import SmallMarket, request_row, shared_market

__all__ = ["disk"]
NOW = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory, root: Path) -> SmallMarket:
    return shared_market(tmp_path_factory, root)


@pytest.fixture(scope="module")
def desk(market: SmallMarket) -> Desk:
    return Desk.open(market.folder)


@pytest.fixture(scope="module")
def asked(market: SmallMarket) -> pd.DataFrame:
    rows = [request_row(question) for question in market.todays().itertuples()]
    frame = pd.json_normalize(rows)
    frame["lot_number"] = [f"L{n}" for n in range(len(frame))]
    return frame


@pytest.fixture
def source(tmp_path: Path, asked: pd.DataFrame) -> Path:
    folder = tmp_path / "asked"
    folder.mkdir()
    for name, part in (("a", asked.iloc[::2]), ("b", asked.iloc[1::2])):
        part.to_parquet(folder / f"{name}.parquet", index=False)
    return folder


def answers(folder: Path) -> pd.DataFrame:
    return pd.concat([pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))])


def test_every_row_is_answered_as_the_desk_answers_it(
    desk: Desk, source: Path, asked: pd.DataFrame, tmp_path: Path
) -> None:
    done = predict_folder(desk, "price", source, tmp_path / "told", now=NOW)
    assert done == BatchReport(files=2, unchanged=0, rows=len(asked), refused=0)
    told = answers(tmp_path / "told").set_index("lot_number")
    assert len(told) == len(asked) > 10
    for row in asked.iloc[::5].to_dict("records"):
        given = {n: v for n, v in row.items() if n in PriceRow.model_fields and not pd.isna(v)}
        quality = {n.split(".")[1]: v for n, v in row.items() if "." in n and not pd.isna(v)}
        alone = desk.price([PriceRow(**given, **({"quality_params": quality} if quality else {}))], NOW)[0]
        assert told.loc[row["lot_number"], "predicted_price"] == alone.predicted_price
        assert told.loc[row["lot_number"], "lower_bound_95"] == alone.lower_bound_95


def test_a_struct_column_asks_the_same_as_flat_ones(desk: Desk, market: SmallMarket, tmp_path: Path) -> None:
    lot = next(row for row in map(request_row, market.todays().itertuples()) if row.get("quality_params"))
    for name, frame in (("flat", pd.json_normalize([lot])), ("struct", pd.DataFrame([lot]))):
        (tmp_path / name).mkdir()
        frame.to_parquet(tmp_path / name / "x.parquet", index=False)
        predict_folder(desk, "price", tmp_path / name, tmp_path / f"{name}-told", now=NOW)
    flat, struct = (
        answers(tmp_path / f"{name}-told")["predicted_price"].iloc[0] for name in ("flat", "struct")
    )
    assert flat == struct


def test_a_bad_row_is_named_and_harms_no_other(desk: Desk, asked: pd.DataFrame, tmp_path: Path) -> None:
    bad = asked.copy()
    bad.loc[3, "market"] = "Atlantis"
    bad.loc[7, "horizon_days"] = 99
    (tmp_path / "asked").mkdir()
    bad.to_parquet(tmp_path / "asked" / "x.parquet", index=False)
    done = predict_folder(desk, "price", tmp_path / "asked", tmp_path / "told", now=NOW)
    assert done.refused == 2
    with (tmp_path / "told" / "refused" / "x.csv").open(encoding="utf-8") as file:
        refused = list(csv.DictReader(file))
    assert [(row["row"], row["field"]) for row in refused] == [("3", "market"), ("7", "horizon_days")]
    assert "Atlantis" in refused[0]["error"]
    told = answers(tmp_path / "told")
    assert set(told["lot_number"]) == set(asked["lot_number"]) - {"L3", "L7"}
    predict_folder(desk, "price", tmp_path / "asked", tmp_path / "told", now=NOW, explain=True)
    good = asked.drop(index=[3, 7])
    good.to_parquet(tmp_path / "asked" / "x.parquet", index=False)
    predict_folder(desk, "price", tmp_path / "asked", tmp_path / "told", now=NOW)
    assert not (tmp_path / "told" / "refused" / "x.csv").exists()
    pd.testing.assert_frame_equal(answers(tmp_path / "told"), told)


def test_many_bad_rows_do_not_ask_the_good_ones_again_and_again(
    desk: Desk, asked: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = pd.concat([asked] * 3, ignore_index=True)
    bad.loc[::2, "market"] = "Atlantis"
    (tmp_path / "asked").mkdir()
    bad.to_parquet(tmp_path / "asked" / "x.parquet", index=False)
    seen: list[int] = []
    price = desk.price
    monkeypatch.setattr(desk, "price", lambda rows, *more: seen.append(len(rows)) or price(rows, *more))
    done = predict_folder(desk, "price", tmp_path / "asked", tmp_path / "told", now=NOW)
    assert done.refused == len(bad[::2])
    assert sum(seen) < (batch.FEW + 1) * len(bad)


def test_what_was_answered_is_not_answered_again_unless_it_changed(
    desk: Desk, source: Path, asked: pd.DataFrame, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    predict_folder(desk, "price", source, told, now=NOW)
    first = {path.name: path.read_bytes() for path in told.glob("*.parquet")}
    assert predict_folder(desk, "price", source, told, now=NOW) == BatchReport(0, 2, 0, 0)
    (told / "b.parquet").write_bytes(first["b.parquet"][:100])  # as a full disk leaves it
    asked.head(4).to_parquet(source / "a.parquet", index=False)
    done = predict_folder(desk, "price", source, told, now=NOW)
    assert (done.files, done.unchanged) == (2, 0)
    assert (told / "b.parquet").read_bytes() == first["b.parquet"]
    assert len(pd.read_parquet(told / "a.parquet")) == 4
    assert predict_folder(desk, "price", source, told, now=NOW, explain=True).files == 2


def test_a_run_that_breaks_off_leaves_no_half_file(
    desk: Desk, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    price, calls = desk.price, [0]

    def breaks(rows: Any, *more: Any) -> Any:
        calls[0] += 1
        if calls[0] > 1:
            raise KeyboardInterrupt
        return price(rows, *more)

    monkeypatch.setattr(desk, "price", breaks)
    with pytest.raises(KeyboardInterrupt):
        predict_folder(desk, "price", source, tmp_path / "told", now=NOW)
    assert [path.name for path in (tmp_path / "told").iterdir()] == ["a.parquet"]
    monkeypatch.undo()
    assert predict_folder(desk, "price", source, tmp_path / "told", now=NOW).unchanged == 1


def test_it_says_how_far_it_is_and_columns_keep_their_types(
    desk: Desk, source: Path, asked: pd.DataFrame, tmp_path: Path
) -> None:
    seen: list[tuple[int, int, str]] = []
    predict_folder(
        desk, "price", source, tmp_path / "told", now=NOW, progress=lambda *told: seen.append(told)
    )
    assert seen[-1] == (len(asked), len(asked), "b.parquet")
    assert [done for done, _, _ in seen] == sorted(done for done, _, _ in seen)
    told = answers(tmp_path / "told")
    assert told["predicted_price"].dtype == np.float64
    assert str(told["target_day"].map(type).iloc[0]) in {"<class 'datetime.date'>", "<class 'str'>"}


def test_a_column_of_both_is_told_apart(desk: Desk, asked: pd.DataFrame, tmp_path: Path) -> None:
    (tmp_path / "asked").mkdir()
    asked.assign(predicted_price=-1.0).to_parquet(tmp_path / "asked" / "x.parquet", index=False)
    predict_folder(desk, "price", tmp_path / "asked", tmp_path / "told", now=NOW)
    told = answers(tmp_path / "told")
    assert (told["predicted_price"] == -1.0).all()
    assert (told["answer_predicted_price"] > 0).all()


def test_what_cannot_be_done_is_said_plainly(desk: Desk, source: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownValue) as unknown:
        predict_folder(desk, "prices", source, tmp_path / "told")
    assert "price" in str(unknown.value)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataNotFound):
        predict_folder(desk, "price", tmp_path / "empty", tmp_path / "told")


def test_a_full_disk_is_told_and_the_next_run_goes_on(
    desk: Desk, source: Path, asked: pd.DataFrame, disk: SmallDisk
) -> None:
    rows = pd.concat([asked] * 40, ignore_index=True).assign(note=lambda f: [f"{n:x}" * 40 for n in f.index])
    rows.to_parquet(source / "b.parquet", index=False)
    target = disk.folder / "told"
    predict_folder(desk, "price", source.joinpath("a.parquet").parent, target, now=NOW)
    (target / "b.parquet").unlink()
    first = (target / "a.parquet").read_bytes()
    with disk.full(left=2048), pytest.raises(DiskFull) as told:
        predict_folder(desk, "price", source, target, now=NOW)
    assert "cannot be written" in told.value.message and told.value.allowed and told.value.next_command
    assert [path.name for path in target.iterdir()] == ["a.parquet"], "no half file, and the whole one stays"
    assert (target / "a.parquet").read_bytes() == first
    done = predict_folder(desk, "price", source, target, now=NOW)
    assert (done.files, done.unchanged, done.rows) == (1, 1, len(rows))


def test_the_command_lists_columns_and_answers(
    market: SmallMarket, root: Path, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mandi.cli import app

    project = market.folder.parents[1]
    for name in ("params.yaml", "dvc.yaml"):
        (project / name).write_text((root / name).read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setenv("MANDI_ROOT", str(project))
    listed = CliRunner().invoke(app, ["predict", "price", "--columns"])
    assert listed.exit_code == 0
    assert [line.split()[0] for line in listed.output.splitlines()] == [
        name for name, _ in columns_of(PriceRow)
    ]
    told = CliRunner().invoke(app, ["predict", "price", str(source), str(tmp_path / "told")])
    assert told.exit_code == 0, told.output
    assert "rows answered, 2 files in" in told.output
    wrong = CliRunner().invoke(app, ["predict", "pric", "--columns"])
    assert wrong.exit_code == 1
    assert 'did you mean "price"' in wrong.output
