"""The benchmark's searches never see the time they are judged on, and the test is read once, after them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pandas as pd
import pytest
import slope

import benchmarks.tuning as bench
from mandi.core.config import load_params
from mandi.core.errors import MandiError
from mandi.tuning.folds import FoldParams, folds, open_rows

WANTED = bench.Wanted(trials=8, outer=2, inner=2, first=0.6)


def test_a_search_ends_at_its_outer_origin(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    params, given = load_params(project / "params.yaml"), list[pd.DataFrame]()
    searched = bench._searched

    def noted(model: str, every: object, rows: pd.DataFrame, trials: int, store: Path) -> object:
        given.append(rows)
        return searched(model, params, rows, trials, store)

    monkeypatch.setattr(bench, "_searched", noted)
    rows = bench.measured(project, "slope", params, WANTED)
    outer = folds(open_rows(slope.lots()), "price", FoldParams(count=2, first=0.6))
    assert len(given) == 3
    for seen, fold in zip(given, outer):
        assert (seen["label_known_time"] <= fold.origin).all() and (seen["asof"] < fold.origin).all()
    closed = slope.lots().query("part in ('calibration', 'test')").index
    assert not given[2].index.isin(closed).any()
    fitted_on_calibration = [frame for frame in slope.SEEN if frame.index.isin(closed).any()]
    assert len(fitted_on_calibration) == 2 and not any((f["part"] == "test").any() for f in slope.SEEN)
    found = {(row.case, row.metric): row.value for row in rows}
    cases = [f"slope/from {fold.origin.date()}" for fold in outer]
    means = [sum(found[case, metric] for case in cases) / 2 for metric in ("tuned", "default", "unconfirmed")]
    assert found["slope/outer folds", "tuned over default"] == pytest.approx(means[0] / means[1])
    assert found["slope/outer folds", "unconfirmed over default"] == pytest.approx(means[2] / means[1])
    assert means[0] < means[1], "there is a gain to find, and it was found"
    assert (
        found["slope/test", "tuned"] < found["slope/test", "default"]
        and found["slope/test", "times read"] == 1.0
    )


def test_a_run_that_was_stopped_goes_on(project: Path) -> None:
    params = load_params(project / "params.yaml")
    first = bench.measured(project, "slope", params, WANTED)
    fits = len(slope.SEEN)
    slope.SEEN.clear()
    assert bench.measured(project, "slope", params, WANTED) == first
    assert 0 < len(slope.SEEN) < fits / 2, "only what is judged is fitted again"


def test_the_test_may_stay_closed(project: Path) -> None:
    params = load_params(project / "params.yaml")
    rows = bench.measured(project, "slope", params, dataclasses.replace(WANTED, test=False))
    assert rows and not any("test" in row.case for row in rows)
    closed = slope.lots().query("part in ('calibration', 'test')").index
    assert slope.SEEN and not any(frame.index.isin(closed).any() for frame in slope.SEEN)


def test_the_test_is_read_once() -> None:
    sealed = bench.Sealed(slope.lots())
    assert len(sealed.open()) and sealed.opened == 1
    with pytest.raises(MandiError, match="read already"):
        sealed.open()


def test_rows_of_other_models_stay(tmp_path: Path) -> None:
    from benchmarks.rows import Row, write

    file = write(tmp_path, "tuning", [Row("price/test", "tuned", 1.0), Row("fraud/test", "tuned", 2.0)], 5.0)
    kept, seconds = bench._others(file, ["fraud"])
    assert [row.case for row in kept] == ["price/test"] and seconds == 5.0
    assert bench._others(tmp_path / "none.json", ["fraud"]) == ([], 0.0)
