from __future__ import annotations

import pytest

from mandi.report.progress import Progress, progress_bar


def test_the_bar_is_there_at_once_and_ends_full(capsys: pytest.CaptureFixture[str]) -> None:
    told = Progress("back-test")
    assert "back-test" in capsys.readouterr().err
    told(1, 4, "origin 2024-01-01")
    told(4, 4, "origin 2024-04-01")
    last = capsys.readouterr().err
    assert "4/4" in last and "origin 2024-04-01" in last


def test_everything_is_gone_through(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(progress_bar((n for n in range(3)), "days", total=3)) == [0, 1, 2]
    assert "3/3" in capsys.readouterr().err
