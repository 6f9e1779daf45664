"""Stages that do not need each other run side by side; whatever a lock kept out is left to the closing run."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from mandi.core.config import load_params
from mandi.report.lanes import LEARNING, is_as_left, only_locked_out, phases, remember, run_phase
from mandi.report.repro import stage_names

ROOT = Path(__file__).resolve().parents[3]


def test_no_lane_needs_another_of_its_phase() -> None:
    models = list(load_params(ROOT / "params.yaml")["models"])
    planned = phases(stage_names(ROOT))
    towers = next(phase for phase in planned if phase[0][0].startswith("features@"))
    chain = ["features", "train", "evaluate", "register"]
    assert towers[:-1] == [[f"{stage}@{model}" for stage in chain] for model in models]
    assert set(towers[-1]) == set(LEARNING)
    assert [stage for phase in planned for lane in phase for stage in lane][:2] == ["source", "tables"]
    assert {stage for phase in planned for lane in phase for stage in lane} == set(stage_names(ROOT))


def test_the_student_is_a_lane_beside_the_models() -> None:
    planned = phases(["tables", "train@a", "register@a", "calls", "student", "package", "look@x", "look@y"])
    assert planned == [
        [["tables"]], [["train@a", "register@a"], ["calls", "student"]], [["package"]], [["look@x"], ["look@y"]],
    ]  # fmt: skip


def test_drift_is_a_lane_of_its_own_after_every_model() -> None:
    planned = phases(["register@a", "calls", "drift", "package", "notebooks", "look@x"])
    assert planned == [[["register@a"], ["calls"]], [["drift"], ["package", "notebooks"]], [["look@x"]]]
    whole = phases(stage_names(ROOT))
    assert ["drift"] in next(phase for phase in whole if ["drift"] in phase)


def test_lanes_run_at_the_same_time_up_to_the_number_of_jobs() -> None:
    running, most, lock = 0, 0, threading.Lock()

    def lane(stages: list[str]) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.05)
        with lock:
            running -= 1
        return 0

    assert run_phase([["a"], ["b"], ["c"], ["d"]], lane, 2) == 0
    assert most == 2


def test_after_a_failure_nothing_new_is_started() -> None:
    started: list[str] = []

    def lane(stages: list[str]) -> int:
        started.append(stages[0])
        return 3 if stages[0] == "a" else 0

    assert run_phase([["a"], ["b"], ["c"]], lane, 1) == 3
    assert started == ["a"]


def test_a_failing_stage_is_not_taken_for_a_lock() -> None:
    assert not only_locked_out(["ValueError: no rows", "ERROR: failed to reproduce 'train@price'"])
    assert only_locked_out(["ERROR: failed to reproduce 'x': '/p/data' is busy, it is being blocked by:"])


def test_a_change_of_code_or_parameters_is_seen(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    code = tmp_path / "src" / "a.py"
    code.write_text("x = 1\n")
    (tmp_path / "params.yaml").write_text("seed: 1\n")
    assert not is_as_left(tmp_path)
    remember(tmp_path)
    assert is_as_left(tmp_path)
    code.write_text("x = 22\n")
    assert not is_as_left(tmp_path)
    remember(tmp_path)
    (tmp_path / "params.yaml").write_text("seed: 20\n")
    assert not is_as_left(tmp_path)
