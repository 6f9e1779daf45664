"""What every model promises, for each model in MODELS."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError, NotFitted
from mandi.core.frames import Columns, numbers
from mandi.models import MODELS, model_class
from mandi.models.base import Model


@pytest.fixture(scope="module")
def rows(built: Any) -> pd.DataFrame:
    """Rows of the test part of every kind of question."""
    test = built.frame[built.frame["part"] == "test"]
    return (
        test.groupby("kind", group_keys=False).sample(150, random_state=0)
        if "kind" in test
        else test.sample(min(300, len(test)), random_state=0)
    )


@pytest.fixture(scope="module")
def answers(built: Any, rows: pd.DataFrame) -> pd.DataFrame:
    return built.model.predict(rows)


def test_it_is_a_model(built: Any) -> None:
    assert isinstance(built.model, Model) and built.model.name == built.name == built.model.spec.name
    assert MODELS[built.name].endswith(type(built.model).__name__)


def test_answers_are_what_the_spec_says(built: Any, rows: pd.DataFrame, answers: pd.DataFrame) -> None:
    assert list(answers.columns) == built.model.spec.output_names() and answers.index.equals(rows.index)
    numbers = [field.name for field in built.model.spec.outputs if field.kind == "number"]
    assert np.isfinite(answers[numbers].to_numpy(dtype=float)).all()
    for field in built.model.spec.outputs:
        if field.choices:
            assert answers[field.name].isin(field.choices).all(), field.name
        if field.low is not None:
            assert (answers[field.name] >= field.low).all(), field.name
        if field.high is not None:
            assert (answers[field.name] <= field.high).all(), field.name


def test_arrays_are_answered_as_frames_are(built: Any, rows: pd.DataFrame, answers: pd.DataFrame) -> None:
    """The service asks with arrays where features and model take them: the same bits, of many rows and of one."""
    if not hasattr(built.model, "prices"):
        assert not hasattr(built.features, "assemble_columns"), "a model that is given arrays answers them"
        return
    names, ready = built.model.spec.output_names(), built.features.ready(built.history)
    lots = rows["kind"] == "lot"
    for some in (rows, rows[lots], rows[~lots], rows[lots].head(1), rows[~lots].head(1)):
        asked = built.questions.loc[some.index]
        raw = {n: asked[n].to_numpy("datetime64[ns]" if asked[n].dtype.kind == "M" else None) for n in asked}
        for history in (ready, built.history):
            known = built.features.assemble_columns(Columns(raw, len(asked)), history)
            assert set(known.columns) == set(some.columns)
            for name in some.select_dtypes("number"):
                np.testing.assert_array_equal(numbers(known, [name])[name], some[name].to_numpy(float), name)
            np.testing.assert_array_equal(
                built.model.prices(known), answers.loc[some.index, names].to_numpy()
            )


def test_bounds_are_in_order(built: Any, answers: pd.DataFrame) -> None:
    names = built.model.spec.output_names()
    for level in (90, 95):
        if f"lower_bound_{level}" in names:
            assert (answers[f"lower_bound_{level}"] <= answers["predicted_price"]).all()
            assert (answers["predicted_price"] <= answers[f"upper_bound_{level}"]).all()
    if "lower_bound_90" in names:
        assert (answers["lower_bound_95"] <= answers["lower_bound_90"]).all()
        assert (answers["upper_bound_90"] <= answers["upper_bound_95"]).all()


def test_the_declared_inputs_are_enough(built: Any, rows: pd.DataFrame, answers: pd.DataFrame) -> None:
    declared = built.model.spec.input_names()
    assert [name for name in declared if name not in built.frame] == []
    pd.testing.assert_frame_equal(built.model.predict(rows[declared]), answers, check_exact=True)


def test_a_row_depends_on_no_other_row(built: Any, rows: pd.DataFrame, answers: pd.DataFrame) -> None:
    for place in (0, len(rows) // 2, len(rows) - 1):
        alone = built.model.predict(rows.iloc[[place]])
        pd.testing.assert_frame_equal(alone, answers.iloc[[place]], check_exact=True)
    shuffled = rows.sample(frac=1.0, random_state=1)
    pd.testing.assert_frame_equal(built.model.predict(shuffled).loc[rows.index], answers, check_exact=True)


def test_an_index_is_only_a_name(built: Any, rows: pd.DataFrame, answers: pd.DataFrame) -> None:
    named = rows.set_axis([f"q{i}" for i in range(len(rows))])
    found = built.model.predict(named)
    assert found.index.equals(named.index)
    np.testing.assert_array_equal(found.to_numpy(), answers.to_numpy())


def test_nothing_asked_nothing_answered(built: Any, rows: pd.DataFrame, answers: pd.DataFrame) -> None:
    empty = built.model.predict(rows.iloc[:0])
    assert len(empty) == 0 and list(empty.columns) == list(answers.columns)


def test_predicting_changes_neither_rows_nor_model(
    built: Any, rows: pd.DataFrame, answers: pd.DataFrame, tmp_path: Path
) -> None:
    kept = rows.copy()
    (tmp_path / "before").mkdir()
    (tmp_path / "after").mkdir()
    built.model.save(tmp_path / "before")
    pd.testing.assert_frame_equal(built.model.predict(rows), answers, check_exact=True)
    built.model.explain(rows.head(5))
    built.model.save(tmp_path / "after")
    pd.testing.assert_frame_equal(rows, kept, check_exact=True)
    before, after = ({p.name: p.read_bytes() for p in (tmp_path / d).iterdir()} for d in ("before", "after"))
    assert before == after and before


def test_the_same_frame_gives_the_same_model(built: Any, rows: pd.DataFrame, answers: pd.DataFrame) -> None:
    frame = built.frame.copy()
    again = built.fit()
    pd.testing.assert_frame_equal(again.predict(rows), answers, check_exact=True)
    pd.testing.assert_frame_equal(built.frame, frame, check_exact=True)


def test_another_process_gives_the_same_answers(
    built: Any, rows: pd.DataFrame, answers: pd.DataFrame, tmp_path: Path
) -> None:
    saved = tmp_path / "model"
    saved.mkdir()
    built.model.save(saved)
    rows.to_parquet(tmp_path / "rows.parquet")
    code = (
        "import sys, pandas as pd\nfrom pathlib import Path\nfrom mandi.models import model_class\n"
        "name, folder = sys.argv[1], Path(sys.argv[2])\n"
        "model = model_class(name).load(folder / 'model')\n"
        "model.predict(pd.read_parquet(folder / 'rows.parquet')).to_parquet(folder / 'answers.parquet')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, built.name, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "answers.parquet"), answers, check_exact=True)


def test_whole_numbers_do_for_numbers(built: Any, rows: pd.DataFrame) -> None:
    numbers = [f.name for f in built.model.spec.inputs if f.kind == "number" and rows[f.name].notna().all()]
    whole = rows.assign(**{name: rows[name].round() for name in numbers})
    as_int = whole.astype(dict.fromkeys(numbers, "int64"))
    pd.testing.assert_frame_equal(built.model.predict(as_int), built.model.predict(whole), check_exact=True)


def test_missing_columns_are_named(built: Any, rows: pd.DataFrame) -> None:
    needed = [f.name for f in built.model.spec.inputs if f.required and f.kind == "number"]
    for name in (needed[0], needed[-1]):
        with pytest.raises(ContractError, match=name):
            built.model.predict(rows.drop(columns=name))


def test_explanations_sum_to_the_answer(built: Any, rows: pd.DataFrame, answers: pd.DataFrame) -> None:
    some = rows.sample(20, random_state=3)
    told = built.model.explain(some)
    assert list(told.columns) == ["index", "feature", "effect"] and set(told["index"]) == set(some.index)
    total = told.groupby("index")["effect"].sum().reindex(some.index)
    first = built.model.spec.output_names()[0]
    np.testing.assert_allclose(total, answers.loc[some.index, first], rtol=1e-5)


def test_unfitted_says_so(built: Any, rows: pd.DataFrame, tmp_path: Path) -> None:
    fresh = model_class(built.name)()
    with pytest.raises(NotFitted):
        fresh.predict(rows)
    with pytest.raises(NotFitted):
        fresh.save(tmp_path)
