from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from mandi.core.errors import ContractError, DataNotFound
from mandi.features import FEATURES
from mandi.models import MODELS
from mandi.serving.package import write_service_folder
from mandi.serving.snapshot import ServingParams, file_hashes, read_manifest, read_service_folder

from .conftest import KNOWN, METRICS, PARAMS, ToyModel, entry, toy_snapshot


def test_what_is_written_is_read_back(folder: Path) -> None:
    read = read_service_folder(folder)
    price = read.champions["price"]
    assert (price.version, price.known_until, dict(price.metrics)) == ("3", KNOWN, METRICS)
    pd.testing.assert_frame_equal(price.history["levels"], toy_snapshot()["levels"])
    assert price.features.params.premium == 1.0  # type: ignore[attr-defined]
    assert read.limits == ServingParams()
    assert read.manifest["models"]["price"]["example"]["commodity_id"] == "soybean"


def test_a_changed_or_missing_file_is_refused(folder: Path) -> None:
    (folder / "price" / "toy.json").write_text('{"discount": 9}')
    with pytest.raises(ContractError, match="toy.json changed"):
        read_service_folder(folder)
    (folder / "price" / "history" / "levels.parquet").unlink()
    with pytest.raises(DataNotFound, match="levels.parquet"):
        read_service_folder(folder)


def rewrite(folder: Path, /, **changed: object) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["models"]["price"] |= changed
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_a_file_that_came_later_is_refused(folder: Path) -> None:
    (folder / "price" / "history" / "more.parquet").write_bytes(b"x")
    with pytest.raises(ContractError, match="history/more.parquet came later"):
        read_service_folder(folder)


@pytest.mark.parametrize("place", ["..", "../service/price", "price/history", "/etc", "", "."])
def test_a_folder_that_lies_elsewhere_is_refused(folder: Path, place: str) -> None:
    rewrite(folder, folder=place)
    with pytest.raises(ContractError, match="not a plain name"):
        read_service_folder(folder)


def test_a_list_of_no_files_is_refused(folder: Path) -> None:
    rewrite(folder, files={})
    with pytest.raises(ContractError, match="is empty"):
        read_service_folder(folder)


def test_what_is_no_figure_is_not_told_as_one(folder: Path) -> None:
    rewrite(
        folder, metrics={"lot.mae": float("nan"), "lot.mape": float("inf"), "lot.width95": 1.0, "n": None}
    )
    assert dict(read_service_folder(folder).champions["price"].metrics) == {"lot.width95": 1.0}


def test_what_cannot_be_loaded_is_told_without_a_place_on_this_machine(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(home: Path) -> None:
        raise ContractError(f"nothing can be read from {home}")

    monkeypatch.setattr(ToyModel, "load", broken)
    with pytest.raises(ContractError, match=r"price cannot be loaded \(ContractError\)") as refused:
        read_service_folder(folder)
    assert str(folder) not in str(refused.value) and str(folder) in caplog.text


def test_one_that_cannot_be_loaded_takes_no_other_down(
    folder: Path, model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MODELS, "other", MODELS["price"])
    monkeypatch.setitem(FEATURES, "other", FEATURES["price"])
    write_service_folder(folder, "other", model_folder, toy_snapshot(), entry(), params=PARAMS)
    (folder / "other" / "toy.json").write_text("{}")
    read = read_service_folder(folder)
    assert list(read.champions) == ["price"] and "toy.json changed" in read.refused["other"].message
    # nor does it keep another from being packaged, lost altogether or not
    for version in ("8", "9"):
        write_service_folder(
            folder, "price", model_folder, toy_snapshot(), entry(version=version), params=PARAMS
        )
        read = read_service_folder(folder)
        assert read.champions["price"].version == version and list(read.refused) == ["other"]
        shutil.rmtree(folder / "other", ignore_errors=True)


def test_an_empty_place_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(DataNotFound) as refused:
        read_manifest(tmp_path)
    assert refused.value.next_command == "mandi repro"


def test_a_failure_leaves_the_old_folder_as_it_was(folder: Path, model_folder: Path) -> None:
    before = file_hashes(folder.parent)
    (model_folder / "toy.json").write_text('{"discount": null}')  # such a model cannot answer
    with pytest.raises(TypeError):
        write_service_folder(folder, "price", model_folder, toy_snapshot(), entry(version="4"), params=PARAMS)
    assert file_hashes(folder.parent) == before


def test_a_new_champion_replaces_the_old_and_nothing_else_stays(folder: Path, model_folder: Path) -> None:
    write_service_folder(
        folder, "price", model_folder, toy_snapshot(), entry(version=4), params={"models": {"price": {"premium": 2.0}}},
        limits=ServingParams(max_rows=5),
    )  # fmt: skip
    read = read_service_folder(folder)
    assert (read.champions["price"].version, read.limits.max_rows) == ("4", 5)
    assert [p.name for p in folder.parent.iterdir()] == ["service"]


def test_another_models_champion_stays(
    folder: Path, model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MODELS, "other", MODELS["price"])
    monkeypatch.setitem(FEATURES, "other", FEATURES["price"])
    for name in ("other", "price"):
        write_service_folder(folder, name, model_folder, toy_snapshot(), entry(version=name), params=PARAMS)
    champions = read_service_folder(folder).champions
    assert {n: c.version for n, c in champions.items()} == {"price": "price", "other": "other"}


@pytest.mark.parametrize("absent", ["version", "snapshot_time", "metrics"])
def test_an_entry_without_what_the_service_tells_is_refused(
    tmp_path: Path, model_folder: Path, toy: None, absent: str
) -> None:
    partial = {k: v for k, v in entry().items() if k != absent}
    with pytest.raises(ContractError, match=absent):
        write_service_folder(tmp_path / "s", "price", model_folder, toy_snapshot(), partial, params=PARAMS)
    assert not (tmp_path / "s").exists()


def test_of_the_parameters_only_the_models_own_section_is_packaged(folder: Path) -> None:
    assert json.loads((folder / "price" / "params.json").read_text()) == {
        "models": {"price": {"premium": 1.0}}
    }


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: "[]",
        lambda text: text.replace('"files"', '"fils"'),
        lambda text: text.replace('"created"', '"creatd"'),
        lambda text: text.replace(KNOWN.isoformat(), "some day"),
        lambda text: '{"created": "", "source": "", "models": ["price"]}',
        lambda text: '{"created": "", "source": "", "models": {"price": 3}}',
    ],
)
def test_a_damaged_manifest_is_told_as_one(folder: Path, damage: Callable[[str], str]) -> None:
    manifest = folder / "manifest.json"
    manifest.write_text(damage(manifest.read_text()))
    with pytest.raises(ContractError, match="damaged") as refused:
        read_service_folder(folder)
    assert refused.value.next_command == "mandi repro"


@pytest.mark.parametrize("damage", ["params.json", "toy.json", "history/levels.parquet"])
def test_a_damaged_file_is_told_even_when_its_hash_agrees(folder: Path, damage: str) -> None:
    whole = (folder / "price" / damage).read_bytes()
    (folder / "price" / damage).write_bytes(whole[: len(whole) // 2])
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["models"]["price"]["files"] = file_hashes(folder / "price")
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ContractError, match="damaged"):
        read_service_folder(folder)


@pytest.mark.parametrize(
    ("bounds", "metrics"),
    [
        ((1.001, 1.002), {}),  # beside the price
        ((0.5, 0.9), {}),
        ((1.0, 1.0), {}),  # no width
        ((0.0, 9.0), {}),
        ((float("nan"), 1.1), {}),
        ((0.999, 1.001), {"lot.width95": 200.0}),  # 0.2 % of the price beside 4.3 % measured
        ((0.999, 1.001), {"lot.width95": 20.0, "lot.mae": 4.0, "lot.mape": 1.0}),  # of 400 INR: 5 %
    ],
)
def test_an_interval_that_makes_no_sense_is_not_packaged(
    tmp_path: Path,
    model_folder: Path,
    toy: None,
    monkeypatch: pytest.MonkeyPatch,
    bounds: tuple[float, float],
    metrics: dict[str, float],
) -> None:
    def predict(self: ToyModel, frame: pd.DataFrame) -> pd.DataFrame:
        low, high = (frame["base"] * b for b in bounds)
        return pd.DataFrame(
            {
                "predicted_price": frame["base"],
                "lower_bound_90": low, "upper_bound_90": high, "lower_bound_95": low, "upper_bound_95": high,
            }
        )  # fmt: skip

    monkeypatch.setattr(ToyModel, "predict", predict)
    given = entry(metrics={**METRICS, **metrics})
    with pytest.raises(ContractError, match="example"):
        write_service_folder(tmp_path / "s", "price", model_folder, toy_snapshot(), given, params=PARAMS)
    assert not (tmp_path / "s").exists()


def test_an_interval_as_wide_as_measured_is_packaged(tmp_path: Path, model_folder: Path, toy: None) -> None:
    cheap = {"lot.width95": 5.0, "lot.mae": 4.0, "lot.mape": 1.0}  # of 400 INR: 1.25 %, the toy's is 0.57 %
    given = entry(metrics={**METRICS, **cheap})
    write_service_folder(tmp_path / "s", "price", model_folder, toy_snapshot(), given, params=PARAMS)
    assert read_service_folder(tmp_path / "s").champions["price"].metrics["lot.width95"] == 5.0
