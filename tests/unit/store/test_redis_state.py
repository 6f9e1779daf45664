from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mandi.core.errors import ConfigError, StoreUnavailable
from mandi.store import redis_state
from mandi.store.redis_state import RedisState

sys.path.insert(0, str(Path(__file__).parent))
from store_places import redis_place

pytestmark = pytest.mark.redis


@pytest.fixture
def place() -> Iterator[tuple[str, str]]:
    with redis_place() as found:
        yield found


def test_a_change_is_called_again_when_another_worker_was_faster(place: tuple[str, str]) -> None:
    mine, other = RedisState.open(*place), RedisState.open(*place)
    mine.write("k:1", b"1")
    seen = []

    def slow(old: bytes | None) -> tuple[bytes, bytes | None]:
        seen.append(old)
        if len(seen) < 3:
            other.write("k:1", b"%d" % (10 * len(seen)))
        return b"done", old

    assert mine.update("k:1", slow) == b"20"
    assert seen == [b"1", b"10", b"20"]
    assert other.read("k:1") == b"done"


def test_a_race_that_is_never_won_ends(place: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_state, "TRIES", 3)
    mine, other = RedisState.open(*place), RedisState.open(*place)

    def beaten(old: bytes | None) -> tuple[bytes, None]:
        other.write("k:1", (old or b"") + b"x")
        return b"mine", None

    with pytest.raises(StoreUnavailable, match="3 times"):
        mine.update("k:1", beaten)
    assert other.read("k:1") == b"xxx"


def test_services_on_one_server_do_not_meet(place: tuple[str, str]) -> None:
    url, prefix = place
    one, two = RedisState.open(url, prefix + "one:"), RedisState.open(url, prefix + "two:")
    one.write("k:1", b"1")
    assert two.read("k:1") is None and list(two.keys("")) == []
    two.remove("k:1")
    assert one.read("k:1") == b"1" and list(one.keys("k")) == ["k:1"]


def test_threads_of_a_process_queue_instead_of_racing(place: tuple[str, str]) -> None:
    state = RedisState.open(*place)
    calls = []

    def add(old: bytes | None) -> tuple[bytes, None]:
        calls.append(1)
        return b"%d" % (int(old or 0) + 1), None

    threads = [
        threading.Thread(target=lambda: [state.update("k:1", add) for _ in range(25)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert state.read("k:1") == b"100" and len(calls) == 100


@pytest.mark.parametrize("wrong", ["http://:hunter2@x", "redis://:hunter2@host:port", "hunter2"])
def test_a_url_that_is_none_is_refused_without_showing_it(wrong: str) -> None:
    with pytest.raises(ConfigError) as refused:
        RedisState.open(wrong)
    assert "hunter2" not in str(refused.value) and refused.value.__cause__ is None
