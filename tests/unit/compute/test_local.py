from __future__ import annotations

import pytest

from mandi.compute.local import LocalCompute
from mandi.core.errors import ComputeFailed


@pytest.mark.parametrize("threads", [1, 3])
def test_results_come_in_the_order_of_the_items(threads: int) -> None:
    here = LocalCompute()
    assert here.map(lambda n: n * n, range(9), threads=threads) == [n * n for n in range(9)]
    assert [w.result() for w in here.each(lambda n: -n, range(9), threads=threads)] == [-n for n in range(9)]


def test_one_item_that_fails_does_not_stop_the_others() -> None:
    waiting = list(LocalCompute().each(lambda n: 1 // n, [1, 0, 1]))
    assert (waiting[0].result(), waiting[2].result()) == (1, 1)
    with pytest.raises(ZeroDivisionError):
        waiting[1].result()


def test_one_process_does_not_work_together() -> None:
    with pytest.raises(ComputeFailed, match="no workers"):
        LocalCompute().together(lambda rank, share: share, [1, 2])
