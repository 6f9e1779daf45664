from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mandi.compute import ComputeParams, computing
from mandi.compute.base import Rank
from mandi.compute.dask import DaskCompute
from mandi.core.errors import ComputeFailed


@pytest.fixture(scope="module")
def workers() -> Iterator[Any]:
    with computing(ComputeParams("dask", None, 2)) as opened:
        yield opened


def _square(number: int) -> int:
    return number * number


def _fails(number: int) -> int:
    return 1 // number


def test_results_come_in_the_order_of_the_items(workers: DaskCompute) -> None:
    assert workers.kind == "dask" and workers.ranks == 2
    assert workers.map(_square, range(100)) == [n * n for n in range(100)]
    assert workers.map(_square, []) == []
    assert [w.result() for w in workers.each(_square, range(5))] == [0, 1, 4, 9, 16]


def test_what_an_item_raises_is_raised_for_it_alone(workers: DaskCompute) -> None:
    waiting = list(workers.each(_fails, [1, 0, 1]))
    assert (waiting[0].result(), waiting[2].result()) == (1, 1)
    with pytest.raises(ZeroDivisionError):
        waiting[1].result()


def _always_fatal(number: int) -> int:
    time.sleep(2.0)  # a nanny does not bring back a worker that dies while it is still starting it
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_an_item_that_kills_every_worker_is_no_ordinary_error(workers: DaskCompute) -> None:
    with pytest.raises(ComputeFailed, match="died too often"):
        next(workers.each(_always_fatal, [1])).result()


def _place(rank: Rank, share: str) -> tuple[Any, ...]:
    return rank.number, rank.size, share, len(rank.addresses), rank.meeting["size"], rank.meeting["host"]


def _prepared(size: int, host: str) -> dict[str, Any]:
    return {"size": size, "host": host}


def test_ranks_get_their_shares_and_what_was_prepared(workers: DaskCompute) -> None:
    told = workers.together(_place, ["first", "second"], _prepared)
    assert told == (0, 2, "first", 2, 2, "127.0.0.1")


def _dies_once(rank: Rank, share: tuple[Path, int]) -> tuple[int, str]:
    folder, victim = share
    begun = len(list(folder.glob(f"{rank.number}-*")))
    (folder / f"{rank.number}-{begun}").touch()
    if rank.number == victim and begun == 0:
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(1.0 if begun else 600.0)  # a peer that is gone is waited for as long as it takes
    return rank.number, "done"


@pytest.mark.parametrize("victim", [0, 1])
def test_all_begin_anew_when_one_dies(workers: DaskCompute, tmp_path: Path, victim: int) -> None:
    started = time.monotonic()
    assert workers.together(_dies_once, [(tmp_path, victim)] * 2) == (0, "done")
    assert {path.name for path in tmp_path.iterdir()} == {"0-0", "0-1", "1-0", "1-1"}
    assert time.monotonic() - started < 400


def _always_dies(rank: Rank, share: int) -> None:
    time.sleep(2.0)
    os.kill(os.getpid(), signal.SIGKILL)


def test_it_is_given_up_in_the_end(workers: DaskCompute, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mandi.compute.dask.TRIES", 2)
    with pytest.raises(ComputeFailed, match="died at each of 2 tries"):
        workers.together(_always_dies, [1, 2])


def _raises(rank: Rank, share: int) -> None:
    raise ValueError(f"share {share} is wrong")


def test_an_error_of_the_function_is_raised_and_not_tried_again(
    workers: DaskCompute, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mandi.compute.dask.GRACE", 0.5)
    with pytest.raises(ValueError, match="share . is wrong"):
        workers.together(_raises, [1, 2])


def test_more_ranks_than_workers_is_told(workers: DaskCompute, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mandi.compute.dask.PATIENCE", 1.0)
    with pytest.raises(ComputeFailed, match="fewer than 3 workers"):
        workers.together(_place, [1, 2, 3])


def test_a_running_scheduler_is_joined(workers: DaskCompute) -> None:
    with computing(ComputeParams("dask", workers.client.scheduler.address, 2)) as joined:
        assert joined.map(_square, [3]) == [9]
    assert workers.map(_square, [4]) == [16]
