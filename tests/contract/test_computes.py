"""The same features, trees and fits of series on Dask workers, one of them killed with -9 in the middle or not."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mandi.compute import Compute, ComputeParams, computing
from mandi.features.partitioned import complete_whole
from mandi.models import new_model
from mandi.tables.parts import join_into, split_into

LEARNT = ["train", "validation", "calibration"]


@pytest.fixture(scope="module")
def workers() -> Iterator[Compute]:
    with computing(ComputeParams("dask", None, 2)) as opened:
        yield opened


def _pids(compute: Any) -> dict[str, int]:
    return dict(compute.client.run(os.getpid))


@contextmanager
def _killing(compute: Any, when: Callable[[], bool]) -> Iterator[None]:
    """Kill -9 one worker as soon as ``when`` holds; that it was done, and another one came, is checked at the end."""
    pids = _pids(compute)
    victim, done = sorted(pids.values())[0], threading.Event()

    def watch() -> None:
        until = time.monotonic() + 120
        while not when() and time.monotonic() < until:
            time.sleep(0.01)
        if when():
            os.kill(victim, signal.SIGKILL)
            done.set()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    yield
    watcher.join(timeout=120)
    assert done.is_set(), "nobody was killed"
    compute.client.wait_for_workers(2, timeout=60)
    assert victim not in _pids(compute).values()


def _busy(compute: Any, prefix: str) -> Callable[[], bool]:
    """Whether all workers are at work on keys that begin so."""

    def holds() -> bool:
        at_work = compute.client.processing()
        return len(at_work) == 2 and all(
            any(str(key).startswith(prefix) for key in keys) for keys in at_work.values()
        )

    return holds


def _frame(built: Any, room: Path) -> pd.DataFrame:
    parts = complete_whole(built.name, built.params, built.history, built.questions, room)
    assert len(parts) > 1
    join_into(parts, room / "frame.parquet")
    return pd.read_parquet(room / "frame.parquet")


def _same_frame(built: Any, room: Path, found: pd.DataFrame) -> None:
    built.frame.to_parquet(room / "here.parquet")
    # bit for bit, which is more than the 1e-9 that is promised
    pd.testing.assert_frame_equal(found, pd.read_parquet(room / "here.parquet"), check_exact=True)


@pytest.fixture
def few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mandi.features.partitioned.LEAST_ROWS", 200)


def test_features_are_those_of_one_process(
    built: Any, workers: Compute, few_rows: None, tmp_path: Path
) -> None:
    _same_frame(built, tmp_path, _frame(built, tmp_path))


@pytest.mark.parametrize("built", ["price"], indirect=True)
def test_features_survive_a_killed_worker(
    built: Any, workers: Compute, few_rows: None, tmp_path: Path
) -> None:
    begun = lambda: len(list((tmp_path / "frame").glob("part-*"))) > 0  # noqa: E731
    with _killing(workers, begun):
        found = _frame(built, tmp_path)
    _same_frame(built, tmp_path, found)


def _saved(model: Any, folder: Path) -> dict[str, bytes]:
    folder.mkdir()
    model.save(folder)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def _test_lots(built: Any) -> pd.DataFrame:
    rows = built.frame[(built.frame["part"] == "test") & (built.frame["kind"] == "lot")]
    return rows[np.isfinite(rows["level"])]


@pytest.mark.parametrize("built", ["price"], indirect=True)
def test_a_killed_worker_changes_nothing_in_the_trees(
    built: Any, workers: Compute, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    undisturbed = built.fit()
    with caplog.at_level(logging.WARNING, "mandi.compute"), _killing(workers, _busy(workers, "together-")):
        disturbed = built.fit()
    assert "a worker died while 2 worked together" in caplog.text
    assert _saved(disturbed, tmp_path / "disturbed") == _saved(undisturbed, tmp_path / "undisturbed")
    rows = _test_lots(built)
    with computing(ComputeParams()):
        alone = built.fit()
    off = {name: float((model.predict(rows)["predicted_price"] - rows["label"]).abs().mean())
           for name, model in (("together", undisturbed), ("alone", alone))}  # fmt: skip
    assert len(rows) > 100 and abs(off["together"] / off["alone"] - 1.0) < 0.05
    # the workers grew them: not one booster is that of one process
    apart = _saved(alone, tmp_path / "alone")
    assert apart["lots_quantiles.ubj"] != (tmp_path / "undisturbed" / "lots_quantiles.ubj").read_bytes()


@pytest.mark.parametrize("built", ["demand"], indirect=True)
def test_fits_of_series_survive_a_killed_worker(built: Any, workers: Compute, tmp_path: Path) -> None:
    with computing(ComputeParams()):
        alone = built.fit()
    with _killing(workers, _busy(workers, "_")):
        spread = built.fit()
    assert _saved(spread, tmp_path / "spread") == _saved(alone, tmp_path / "alone")


@pytest.mark.parametrize("built", ["price"], indirect=True)
def test_a_frame_in_parts_teaches_the_same(built: Any, workers: Compute, tmp_path: Path) -> None:
    frame = built.frame.reset_index(drop=True)
    parts = split_into(frame, tmp_path / "parts", -(-len(frame) // 4))
    rows = _test_lots(built)
    models = {}
    for kind in ("local", "dask"):
        with computing(ComputeParams()) if kind == "local" else _as_it_is(workers):
            (tmp_path / kind).mkdir()
            models[kind] = new_model("price", built.params).fit_parts(parts, tmp_path / kind)  # type: ignore[attr-defined]
    with computing(ComputeParams()):
        whole = built.fit()
    told = {
        name: model.predict(rows)["predicted_price"] for name, model in (*models.items(), ("whole", whole))
    }
    off = {name: float((price - rows["label"]).abs().mean()) for name, price in told.items()}
    # few lots: XGBoost's bins, from joined sketches, move trees a little
    assert off["local"] == pytest.approx(off["whole"], rel=0.05)
    assert off["dask"] == pytest.approx(off["whole"], rel=0.05)
    assert (
        models["local"].lots.record["rows"] == whole.lots.record["rows"] == models["dask"].lots.record["rows"]
    )


@contextmanager
def _as_it_is(compute: Compute) -> Iterator[Compute]:
    yield compute
