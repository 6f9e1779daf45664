"""Modes switched under streams, a vendor killed in the middle, a worker killed after its answer: two workers, over HTTP."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from benchmarks.running import cpu_seconds
from mandi.llm.calls import MODES
from mandi.store.database import Database
from mandi.store.records import AiMetric

from ..http_line import Line, Streamed
from ..service_processes import MODEL, Processes, free_port, vendor

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.alone]
STREAMS, SWITCHES, WORDS = 50, 100, 12
VENDOR_SAID = " ".join(f"word{n}" for n in range(WORDS))
ANALYST_SAID = "Written by rules from the models' figures"
SWITCH, CONFIG = "/admin/switch-ai-mode", "/admin/ai-config"
SEEN_WITHIN_S = 1.0
IDLE_SHARE, IDLE_S = 0.02, 2.0


@pytest.fixture(scope="module")
def vendor_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, vendor_port: int) -> Iterator[Processes]:
    pytest.importorskip("bentoml", reason="the serving extra is not installed")
    found = Processes(
        tmp_path_factory.mktemp("switching"),
        AI_MODE="hybrid", COMPATIBLE_BASE_URL=f"http://127.0.0.1:{vendor_port}/v1", COMPATIBLE_MODEL=MODEL,
        AI_RETRY_ATTEMPTS="1", AI_BREAKER_FAILURES="20",
    )  # fmt: skip
    try:
        found.start()
        yield found
    finally:
        found.stop()


def records(service: Processes, generations: set[str]) -> dict[str, AiMetric]:
    """The records of answers, once all of them are there."""
    database = Database.open(f"sqlite:///{service.data}/service.db")
    until, found = time.monotonic() + 20, {}
    while len(found) < len(generations) and time.monotonic() < until:
        rows = database.read(lambda session: list(session.scalars(sa.select(AiMetric))))
        found = {row.generation_id: row for row in rows if row.generation_id in generations}
    database.close()
    return found


def as_it_says(answer: Streamed) -> None:
    """The text, and what is said about it, agree; nobody was dropped."""
    told = answer.mandi
    assert answer.status == 200 and answer.done and not answer.broken and answer.error is None
    said = (told["requested_mode"], told["effective_mode"], told["provider"])
    if answer.text == VENDOR_SAID:
        assert said in {("real", "real", "compatible"), ("hybrid", "real", "compatible")}
    else:
        assert ANALYST_SAID in answer.text and "word" not in answer.text
        assert said == ("mock", "mock", "mock")
    assert told["fallback"] is False


def test_no_stream_is_dropped_or_mislabelled_while_the_mode_is_switched(
    service: Processes, vendor_port: int, tmp_path: Path
) -> None:
    async def go() -> list[Streamed]:
        lines = await service.lines(STREAMS)
        operators, rng, found, switching = await service.one_each(), Random(0), [], True

        async def listen(line: Line) -> None:
            while switching:
                found.append(await line.streamed("cotton?"))

        async def switch() -> None:
            nonlocal switching
            for n in range(SWITCHES):
                answer = await operators[n % 2].ask(SWITCH, {"new_mode": MODES[n % 3]})
                assert answer.status == 200, answer.body
                await asyncio.sleep(rng.uniform(0.0, 0.1))
            switching = False

        await asyncio.gather(switch(), *[listen(line) for line in lines])
        for line in [*lines, *operators]:
            line.close()
        return found

    with vendor(tmp_path / "vendor", vendor_port, tokens=WORDS, token_ms=20):
        found = asyncio.run(go())
    assert len(found) >= 2 * STREAMS
    for answer in found:
        as_it_says(answer)
    kept = records(service, {answer.mandi["generation_id"] for answer in found})
    assert len(kept) == len(found)
    for answer in found:
        row, told = kept[answer.mandi["generation_id"]], answer.mandi
        for name in ("requested_mode", "effective_mode", "provider", "model", "fallback", "route"):
            assert getattr(row, name) == told[name], name
        assert row.status == "success"
    assert {row.effective_mode for row in kept.values()} == {"real", "mock"}
    print(f"{len(found)} streams, {SWITCHES} switches")  # noqa: T201


def test_every_worker_follows_a_switch_within_a_second(
    service: Processes, vendor_port: int, tmp_path: Path
) -> None:
    async def go() -> list[float]:
        lines, took = await service.one_each(), []
        for n in range(6):
            mode, expected = (("mock", "mock"), ("real", "real"))[n % 2]
            assert (await lines[n // 2 % 2].ask(SWITCH, {"new_mode": mode})).status == 200
            switched = time.perf_counter()

            async def last_of_before(line: Line, wanted: str = expected, since: float = switched) -> float:
                last = 0.0
                while time.perf_counter() - since < SEEN_WITHIN_S + 0.3:
                    asked = time.perf_counter() - since
                    answer = await line.chat("cotton?")
                    if answer.told["mandi"]["effective_mode"] != wanted:
                        last = asked
                return last

            took.append(max(await asyncio.gather(*map(last_of_before, lines))))
        for line in lines:
            line.close()
        return took

    with vendor(tmp_path / "vendor", vendor_port):
        took = asyncio.run(go())
    print(f"the last call in the old mode was begun {1e3 * max(took):.0f} ms after the switch")  # noqa: T201
    assert max(took) < SEEN_WITHIN_S


def test_a_vendor_killed_in_the_middle_ends_the_stream_and_the_next_is_answered(
    service: Processes, vendor_port: int, tmp_path: Path
) -> None:
    async def failures(line: Line) -> int:
        told = (await line.ask(CONFIG)).told
        return int(next(p["failures"] for p in told["providers"] if p["name"] == "compatible"))

    async def go(after: int) -> tuple[Streamed, Streamed]:
        lines = await service.one_each()
        assert (await lines[0].ask(SWITCH, {"new_mode": "hybrid"})).status == 200
        with vendor(tmp_path / "vendor", vendor_port, tokens=WORDS, token_ms=80) as (process, _):
            await asyncio.sleep(0.5)  # both workers know of the switch
            assert (await lines[0].streamed("cotton?")).text == VENDOR_SAID, "it is well again"
            before = await failures(lines[0])
            cut = Streamed(0)
            async for cut in lines[0].stream("cotton?"):
                if cut.pieces == after and process.poll() is None:
                    process.kill()
        await asyncio.sleep(0.3)  # a breaker that was read is believed for a quarter of a second
        assert await failures(lines[0]) == before + 1
        stood_in = await lines[1].streamed("cotton?")
        await asyncio.sleep(0.3)
        assert await failures(lines[0]) == before + 2, "each failure counts, in every worker"
        for line in lines:
            line.close()
        return cut, stood_in

    for after in (1, 4, 9):
        cut, stood_in = asyncio.run(go(after))
        _cut_off(cut, after)
        assert stood_in.done and ANALYST_SAID in stood_in.text
        told = stood_in.mandi
        assert (told["requested_mode"], told["effective_mode"], told["fallback"]) == ("hybrid", "mock", True)
        assert told["degraded"] and "compatible" in told["fallback_reason"]
        kept = records(service, {cut.mandi["generation_id"], told["generation_id"]})
        partial = kept[cut.mandi["generation_id"]]
        assert (partial.status, partial.provider, partial.fallback) == ("partial", "compatible", False)
        assert partial.completion_tokens >= after and partial.cost_usd > 0
        assert kept[told["generation_id"]].effective_mode == "mock"
    assert _idle_share(service.pids) < IDLE_SHARE


def _cut_off(cut: Streamed, after: int) -> None:
    assert cut.error is not None and cut.error["code"] == "stream_interrupted"
    assert not cut.done and not cut.broken, "an error event, and no end mark"
    assert cut.text and VENDOR_SAID.startswith(cut.text) and cut.pieces >= after, "nothing is spliced"
    assert cut.mandi["provider"] == "compatible"


def _idle_share(pids: list[int]) -> float:
    """The share of a processor that processes take while nobody asks; the least of a few looks, others are busy here too."""
    shares = []
    for _ in range(3):
        begun = cpu_seconds(pids)
        time.sleep(IDLE_S)
        shares.append((cpu_seconds(pids) - begun) / IDLE_S)
        if shares[-1] < IDLE_SHARE:
            break
    print("idle shares", shares)  # noqa: T201
    return min(shares)


def test_a_worker_killed_after_its_answer_is_replaced_and_loses_no_record(service: Processes) -> None:
    async def go() -> tuple[Any, int]:
        lines = await service.one_each()
        answer = await lines[0].chat("cotton?", model="mandi-mock")
        os.kill(lines[0].pid, signal.SIGKILL)
        assert (await lines[1].chat("cotton?", model="mandi-mock")).status == 200, "the other one goes on"
        for line in lines:
            line.close()
        return answer.told["mandi"], lines[0].pid

    told, dying = asyncio.run(go())
    assert dying not in service.workers(but=dying)
    (record,) = records(service, {told["generation_id"]}).values()
    assert (record.status, record.effective_mode) == ("success", "mock")


def test_workers_end_with_their_supervisor_and_leave_the_port(service: Processes) -> None:
    assert service.supervisor is not None
    pids = service.pids
    service.supervisor.kill()
    service.supervisor.wait(timeout=20)
    until = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < until, "a worker outlives its supervisor"
        time.sleep(0.02)
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", service.port))
