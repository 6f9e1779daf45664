"""A study is the same whether it was stopped or not, begins with the default and prunes what is worse than most."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mandi.core.errors import ConfigError, MandiError
from mandi.tuning.spaces import Setting
from mandi.tuning.study import Problem, StudyParams, alone, best_trial, finished, open_study, run

SPACE = (
    Setting("a", "float", 0.0, 1.0, default=0.5),
    Setting("b", "int", 1, 64, log=True, default=8),
)
PARAMS = StudyParams(startup=4, prune_after=3, seed=11)


def loss(settings: Mapping[str, Any], fold: int) -> float:
    return float((settings["a"] - 0.3) ** 2 + abs(settings["b"] - 20) / 50 + 0.01 * fold)


def problem(score: Any = loss, folds: int = 3) -> Problem:
    return Problem("toy", SPACE, score, folds)


def told(study: Any) -> list[tuple[Any, ...]]:
    return [
        (t.user_attrs["place"], t.params, t.value, t.state, t.user_attrs["losses"]) for t in finished(study)
    ]


def quiet(_: str) -> None: ...


@pytest.fixture(scope="module")
def unbroken() -> Any:
    study = open_study("toy", None)
    assert run(problem(), study, 14, PARAMS, tell=quiet)
    return study


def test_a_stopped_study_goes_on_to_the_same_result(tmp_path: Path, unbroken: Any) -> None:
    calls = 0

    def stopping(settings: Mapping[str, Any], fold: int) -> float:
        nonlocal calls
        calls += 1
        if calls in (2, 20):  # in the first trial, and in the middle of a later one
            raise KeyboardInterrupt
        return loss(settings, fold)

    database = tmp_path / "studies.db"
    assert not run(problem(stopping), open_study("toy", database), 14, PARAMS, tell=quiet)
    assert not run(problem(stopping), open_study("toy", database), 14, PARAMS, tell=quiet)
    assert 0 < len(finished(open_study("toy", database))) < 14
    assert run(problem(stopping), open_study("toy", database), 14, PARAMS, tell=quiet)
    assert told(open_study("toy", database)) == told(unbroken)


def test_a_killed_process_leaves_nothing_that_changes_the_result(tmp_path: Path, unbroken: Any) -> None:
    database = tmp_path / "studies.db"
    study = open_study("toy", database)
    study.enqueue_trial({"a": 0.5, "b": 8})  # killed between these two lines of the first trial
    study = open_study("toy", database)
    run(problem(), study, 6, PARAMS, tell=quiet)
    study.ask({s.path: s.distribution() for s in SPACE})  # killed in the middle of a trial
    run(problem(), open_study("toy", database), 14, PARAMS, tell=quiet)
    assert told(open_study("toy", database)) == told(unbroken)


def test_trials_made_in_two_runs_are_those_of_one(unbroken: Any) -> None:
    study = open_study("toy", None)
    for trials in (3, 9, 9, 14):
        run(problem(), study, trials, PARAMS, tell=quiet)
    assert told(study) == told(unbroken)


def test_another_seed_draws_other_trials(unbroken: Any) -> None:
    study = open_study("toy", None)
    run(problem(), study, 3, StudyParams(startup=4, prune_after=3, seed=12), tell=quiet)
    assert told(study)[0] == told(unbroken)[0]
    assert told(study)[1][1] != told(unbroken)[1][1]


def test_trial_0_is_the_default_and_nothing_found_is_worse(unbroken: Any) -> None:
    first = finished(unbroken)[0]
    assert first.params == {"a": 0.5, "b": 8}
    assert first.state.name == "COMPLETE"
    assert best_trial(unbroken).value <= first.value


def test_a_default_that_cannot_be_bettered_is_the_best() -> None:
    study = open_study("toy", None)
    run(problem(lambda s, f: 0.0 if s == {"a": 0.5, "b": 8} else 1.0), study, 6, PARAMS, tell=quiet)
    assert best_trial(study).user_attrs["place"] == 0


def test_what_is_worse_than_most_is_pruned_and_saves_folds(unbroken: Any) -> None:
    scored = []

    def counted(settings: Mapping[str, Any], fold: int) -> float:
        scored.append(fold)
        return loss(settings, fold)

    study = open_study("toy", None)
    run(problem(counted), study, 14, PARAMS, tell=quiet)
    pruned = [t for t in finished(study) if t.state.name == "PRUNED"]
    assert pruned and len(scored) == sum(len(t.user_attrs["losses"]) for t in finished(study)) < 14 * 3
    assert all(t.user_attrs["place"] >= PARAMS.prune_after for t in pruned)
    assert best_trial(study).state.name == "COMPLETE"


def test_settings_that_cannot_be_fitted_are_left_and_told() -> None:
    def refusing(settings: Mapping[str, Any], fold: int) -> float:
        if settings["b"] != 8:
            raise ConfigError("b is odd")
        return 1.0

    study, lines = open_study("toy", None), list[str]()
    assert run(problem(refusing), study, 3, PARAMS, tell=lines.append)
    assert "b is odd" in lines[1] and [t.state.name for t in finished(study)][1:] == ["PRUNED", "PRUNED"]
    with pytest.raises(ConfigError):
        run(problem(lambda s, f: refusing({"b": 9}, f)), open_study("other", None), 1, PARAMS, tell=quiet)


def test_no_trial_begins_after_the_minutes(tmp_path: Path) -> None:
    lines: list[str] = []
    assert run(problem(), open_study("toy", None), 14, PARAMS, minutes=0.0, tell=lines.append)
    assert lines == ["0 minutes are over: 0 of 14 trials"]


def test_every_trial_has_its_line() -> None:
    lines: list[str] = []
    run(problem(), open_study("toy", None), 2, PARAMS, tell=lines.append)
    assert [line[:5] for line in lines] == ["[1/2]", "[2/2]"] and "default 0.29" in lines[1]


def test_one_search_of_a_study_at_a_time(tmp_path: Path) -> None:
    lock = tmp_path / "toy.lock"
    with alone(lock), pytest.raises(MandiError, match="another process"), alone(lock):
        pass
    with alone(lock):
        pass
