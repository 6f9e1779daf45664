from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from registry_toy import ToyModel, questions

from mandi.core.errors import ContractError, DataNotFound
from mandi.registry.pyfunc_model import as_input, load_packed, model_files, pack, signature


@pytest.fixture
def packed(project: Path, saved) -> Path:
    pack(project / "packed", "toy", saved(1.02), ToyModel.spec)
    return project / "packed"


def test_the_signature_is_doubles_strings_and_times() -> None:
    columns = {c.name: (c.type.name, c.required) for c in signature(ToyModel.spec).inputs}
    assert columns == {
        "level": ("double", True),
        "moisture": ("double", False),
        "bags": ("double", True),
        "commodity": ("string", True),
        "grade": ("string", False),
        "asof": ("datetime", True),
    }


def test_packed_and_plain_predict_the_same(packed: Path) -> None:
    frame = questions(50)
    plain = ToyModel(1.02).predict(frame)
    served = load_packed(packed).predict(as_input(frame, ToyModel.spec))
    np.testing.assert_allclose(served["predicted_price"], plain["predicted_price"], rtol=0, atol=1e-6)
    alone = load_packed(packed).predict(as_input(frame.iloc[[7]], ToyModel.spec))
    assert alone["predicted_price"].iloc[0] == served["predicted_price"].iloc[7]


def test_no_code_and_no_pickle_travel_with_the_model(packed: Path) -> None:
    files = {p.suffix for p in packed.rglob("*") if p.is_file()}
    assert files == {"", ".json", ".yaml", ".txt"}  # MLmodel, the model's own files, the environment
    assert [p.name for p in model_files(packed).iterdir()] == ["model.json"]


def test_packing_is_silent(project: Path, saved, capfd: pytest.CaptureFixture[str], recwarn) -> None:
    pack(project / "packed", "toy", saved(1.0), ToyModel.spec)
    told = capfd.readouterr()
    assert told.out + told.err == ""
    assert [str(w.message) for w in recwarn] == []


@pytest.mark.parametrize("dtype", ["category", "string", "object"])
def test_words_may_come_in_any_type_or_not_at_all(packed: Path, dtype: str) -> None:
    frame = questions().astype({"commodity": dtype, "grade": dtype})
    plain = ToyModel(1.02).predict(questions())
    for asked in (frame, frame.assign(grade=np.nan), frame.astype({"bags": "int32"})):
        served = load_packed(packed).predict(as_input(asked, ToyModel.spec))
        np.testing.assert_allclose(served["predicted_price"], plain["predicted_price"], rtol=0, atol=1e-6)


def test_an_optional_column_may_be_left_out_and_an_unknown_one_is_ignored(packed: Path) -> None:
    frame = as_input(questions(), ToyModel.spec)
    short = frame.drop(columns=["moisture", "grade"]).assign(colour="white")
    dry = load_packed(packed).predict(frame.assign(moisture=np.nan))
    pd.testing.assert_frame_equal(load_packed(packed).predict(short), dry)


def test_the_signature_refuses_a_missing_column_and_text_for_a_number(packed: Path) -> None:
    from mlflow.exceptions import MlflowException

    frame = as_input(questions(), ToyModel.spec)
    with pytest.raises(MlflowException, match="level"):
        load_packed(packed).predict(frame.drop(columns="level"))
    with pytest.raises(MlflowException, match="level"):
        load_packed(packed).predict(frame.assign(level="high"))
    with pytest.raises(ContractError, match="level"):
        as_input(questions().drop(columns="level"), ToyModel.spec)


def test_as_input_does_not_change_what_it_is_given() -> None:
    frame = questions()
    before = frame.copy(deep=True)
    typed = as_input(frame, ToyModel.spec)
    pd.testing.assert_frame_equal(frame, before)
    assert typed["bags"].dtype == "float64"
    assert typed["asof"].dt.tz is None


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataNotFound, match="no packed model"):
        model_files(tmp_path)
