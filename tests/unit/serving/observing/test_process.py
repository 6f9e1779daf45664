"""What a process takes, as the system says it; nothing invented where it does not."""

from __future__ import annotations

from pathlib import Path

from mandi.serving.observing.process import usage


def test_this_process() -> None:
    found = usage()
    assert found.resident_mib is not None and found.proportional_mib is not None
    assert found.resident_mib >= found.proportional_mib > 5
    assert found.threads is not None and found.threads >= 1
    assert found.open_files is not None and found.open_files > 2


def test_memory_that_is_taken_is_seen() -> None:
    before = usage().resident_mib
    block = bytearray(b"\1") * (64 << 20)
    after = usage().resident_mib
    assert before is not None and after is not None
    assert 50 < after - before < 90
    del block


def test_a_system_that_says_nothing(tmp_path: Path) -> None:
    found = usage(tmp_path / "none")
    assert found.resident_mib is found.proportional_mib is found.threads is found.open_files is None
    assert found.cpu_seconds > 0


def test_reading(tmp_path: Path) -> None:
    (tmp_path / "status").write_text("VmRSS:\t  204800 kB\nThreads:\t7\n")
    (tmp_path / "smaps_rollup").write_text("00 header\nRss: 1 kB\nPss:   51200 kB\n")
    found = usage(tmp_path)
    assert (found.resident_mib, found.proportional_mib, found.threads) == (200.0, 50.0, 7)
