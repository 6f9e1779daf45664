from __future__ import annotations

import socket
import sys
import time

import pytest

from mandi.core.errors import ComputeFailed
from mandi.models.pricing.lot_tracker import STARTED, start_tracker


def test_a_tracker_answers_where_it_says_and_its_end_is_not_ours() -> None:
    told = start_tracker(2, "127.0.0.1")
    assert told["dmlc_tracker_uri"] == "127.0.0.1"
    # somebody who comes and goes without a word, as a rank does that is killed while they meet
    for _ in range(2):
        socket.create_connection(("127.0.0.1", int(told["dmlc_tracker_port"])), timeout=10).close()
    time.sleep(0.5)
    process = STARTED[-1]
    assert process.stdin is not None
    process.stdin.close()
    process.wait(timeout=20)


def test_a_tracker_that_does_not_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(ComputeFailed, match="did not start at 127.0.0.1"):
        start_tracker(2, "127.0.0.1")
