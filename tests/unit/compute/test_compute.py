from __future__ import annotations

import pytest

from mandi.compute import ComputeParams, compute_params, computing, current
from mandi.core.config import load_params
from mandi.core.errors import ComputeFailed, ConfigError


def test_nothing_is_spread_unless_it_is_asked_for(root) -> None:  # type: ignore[no-untyped-def]
    assert compute_params({}) == ComputeParams() == compute_params(load_params(root / "params.yaml"))
    assert current().kind == "local" and current().ranks == 0


def test_settings_are_checked() -> None:
    with pytest.raises(ConfigError, match="compute.kind"):
        compute_params({"compute": {"kind": "spark"}})
    with pytest.raises(ConfigError, match="compute.workers is 0"):
        compute_params({"compute": {"workers": 0}})


def test_a_block_is_left_as_it_was_entered() -> None:
    before = current()
    with pytest.raises(RuntimeError), computing({"compute": {"kind": "local"}}) as opened:
        assert current() is opened and opened is not before
        raise RuntimeError("something else went wrong")
    assert current() is before


def test_a_scheduler_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mandi.compute.dask.PATIENCE", 1.0)
    nobody = ComputeParams("dask", "tcp://127.0.0.1:9", 2)
    with (
        pytest.raises(ComputeFailed, match="no Dask scheduler answers at tcp://127.0.0.1:9"),
        computing(nobody),
    ):
        pass
    assert current().kind == "local"
