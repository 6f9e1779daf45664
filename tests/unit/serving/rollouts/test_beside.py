"""A process that dies, hangs or raves is no fault of the version that was asked, and the next question begins anew."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import pytest

from mandi.serving.contracts import PriceRow
from mandi.serving.rollouts.beside import Apart, NoAnswer, Unheard

NOW = datetime(2026, 3, 4, tzinfo=UTC)
ROWS = [PriceRow(commodity_id="soybean", market="Indore")]
DIES = "import sys; sys.stdin.readline(); sys.exit(3)"
HANGS = "import time; time.sleep(60)"
HALF = "import sys; sys.stdin.readline(); print('{\"answers\": [', end='', flush=True)"
FAILS = 'import sys\nfor line in sys.stdin: print(\'{"error": "BadRow"}\', flush=True)'


def asked(code: str, patience_s: float = 10.0) -> Apart:
    return Apart([sys.executable, "-c", code], patience_s)


@pytest.mark.parametrize(("code", "patience_s"), [(DIES, 10.0), (HALF, 10.0), (HANGS, 0.2)])
def test_whoever_does_not_answer_is_unheard_and_ended(code: str, patience_s: float) -> None:
    apart = asked(code, patience_s)
    for _ in range(2):
        with pytest.raises(Unheard):
            apart.ask("price", "challenger", ROWS, NOW)
        assert apart._process is None


def test_a_version_that_fails_is_told_by_its_kind_of_error_and_asked_again() -> None:
    apart = asked(FAILS)
    for _ in range(2):
        with pytest.raises(NoAnswer, match="BadRow"):
            apart.ask("price", "challenger", ROWS, NOW)
    process = apart._process
    assert process is not None and process.poll() is None
    apart.close()
    assert process.poll() is not None
