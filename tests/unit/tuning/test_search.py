"""A search of a whole project: runs without registrations, a study that goes on, settings that training reads."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import slope
from typer.testing import CliRunner

import mandi.tuning.search as searching
from mandi.cli import app
from mandi.core.config import load_params
from mandi.core.errors import ConfigError, DataNotFound, UnknownValue
from mandi.models import new_model
from mandi.tuning.command import search_command
from mandi.tuning.search import search
from mandi.tuning.spaces import set_to
from mandi.tuning.study import finished
from mandi.tuning.trials import importances, shown, space_in, studies, trials_frame

from ...held_database import held
from ...small_disk import small_disk


def quiet(_: str) -> None: ...


def test_nothing_is_registered_and_every_trial_is_a_run_below_its_search(project: Path) -> None:
    from mandi.registry.connection import connect
    from mandi.registry.tracking import runs

    search(project, "slope", trials=3, tell=quiet)
    found = search(project, "slope", trials=5, tell=quiet)
    client = connect(project).client
    assert list(client.search_registered_models()) == [] and list(client.search_model_versions()) == []
    assert len(runs("slope", root=project)) == 0, "runs of a search are not among those of the model"
    kept = client.search_runs([connect(project).experiment("slope-search")])
    searches = [run for run in kept if run.data.tags["kind"] == "search"]
    trials = [run for run in kept if run.data.tags["kind"] == "trial"]
    assert [len(searches), len(trials)] == [2, 5]
    assert {t.data.tags["mlflow.parentRunId"] for t in trials} == {s.info.run_id for s in searches}
    assert all(run.info.status == "FINISHED" for run in kept)
    logged = sorted(t.data.metrics["loss"] for t in trials if "loss" in t.data.metrics)
    assert logged == sorted(t.value for t in finished(found.study) if t.state.name == "COMPLETE")
    assert searches[0].data.params["data"] == found.about["data"]
    told = found.confirmation
    assert told is not None and len(told.tried) > 0
    last = next(run for run in searches if run.info.run_id == trials[0].data.tags["mlflow.parentRunId"])
    assert last.data.metrics["offered_trial"] == (told.offered.trial if told.offered else 0)
    later = client.get_metric_history(last.info.run_id, "later.loss")
    assert [(m.step, m.value) for m in sorted(later, key=lambda m: m.step)] == sorted(
        [(0, told.default_loss), *((one.trial, one.loss) for one in told.tried)]
    )


def test_a_search_that_was_stopped_is_the_same_as_one_that_was_not(
    untracked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = search(untracked, "slope", tell=quiet)
    real, calls = slope.SlopeModel.fit, 0

    def stopped(self: Any, frame: pd.DataFrame, progress: Any = None) -> Any:
        nonlocal calls
        calls += 1
        if calls == 9:
            raise KeyboardInterrupt
        return real(self, frame)

    (untracked / "artifacts" / "tuning" / "studies.db").unlink()
    monkeypatch.setattr(slope.SlopeModel, "fit", stopped)
    half = search(untracked, "slope", tell=quiet)
    assert not half.whole and 0 < half.trials < 8
    assert "study" in half.about and half.about == whole.about
    again = search(untracked, "slope", tell=quiet)
    assert again.as_dict() == whole.as_dict() and again.trials == 8


def test_what_models_say_of_short_folds_does_not_stand_between_the_lines_of_trials(
    untracked: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    models, real = logging.getLogger("mandi.models.slope"), slope.SlopeModel.fit

    def warning(self: Any, frame: pd.DataFrame, progress: Any = None) -> Any:
        models.warning("a short past")
        return real(self, frame)

    monkeypatch.setattr(slope.SlopeModel, "fit", warning)
    search(untracked, "slope", trials=2, tell=quiet)
    assert "a short past" not in caplog.text
    models.warning("afterwards")
    assert "afterwards" in caplog.text


def test_ctrl_c_says_what_is_kept_and_the_next_command(
    untracked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    search(untracked, "slope", trials=2, tell=quiet)

    def stopped(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(slope.SlopeModel, "fit", stopped)
    said, whole = search_command(untracked, "slope", trials=4, tell=quiet)
    assert (
        not whole
        and "the 2 that had ended are kept" in said
        and "next: mandi search slope --trials 4" in said
    )


def test_what_is_written_is_what_training_reads(untracked: Path) -> None:
    before = load_params(untracked / "params.yaml")
    said, _ = search_command(untracked, "slope", write=True, tell=quiet)
    found = json.loads(json.dumps(load_params(untracked / "tuned.yaml")["slope"]))
    assert "written to params.yaml and tuned.yaml" in said
    after = {path: value["after"] for path, value in found["settings"].items()}
    assert after and found["loss"] < found["default_loss"]
    assert load_params(untracked / "params.yaml") == set_to(before, "slope", after)
    assert "# of the premium" in (untracked / "params.yaml").read_text(encoding="utf-8")

    from pipelines.train import main

    main("slope")
    saved = json.loads(
        (untracked / "artifacts" / "models" / "slope" / "slope.json").read_text(encoding="utf-8")
    )
    assert saved["lift"] == after.get("lift", 30) and saved["slope"]["share"] == after.get("slope.share", 0.2)


def test_the_best_settings_give_the_loss_that_is_told(untracked: Path) -> None:
    found = search(untracked, "slope", tell=quiet)
    rows = searching.open_rows(pd.read_parquet(untracked / "data/features/slope/frame.parquet"))
    params = load_params(untracked / "params.yaml")
    made, _ = searching.problem_of("slope", params, rows)
    best = {s.path: found.settings.get(s.path, s.default) for s in found.space}
    assert sum(made.score(best, f) for f in range(made.folds)) / made.folds == pytest.approx(
        found.loss, abs=0
    )


def test_other_data_or_settings_are_another_study(untracked: Path) -> None:
    rows, params = searching.open_rows(slope.lots()), load_params(untracked / "params.yaml")
    names = {
        searching.problem_of("slope", params, rows)[0].name,
        searching.problem_of("slope", params, searching.open_rows(slope.lots(seed=1)))[0].name,
        searching.problem_of("slope", set_to(params, "slope", {"lift": 31}), rows)[0].name,
    }
    assert len(names) == 3 and searching.problem_of("slope", params, rows)[0].name in names


def test_the_closed_parts_do_not_even_name_the_study(untracked: Path) -> None:
    frame, params = slope.lots(), load_params(untracked / "params.yaml")
    changed = frame.assign(label=frame["label"].where(frame["part"].isin(["train", "validation"]), 1.0))
    one, two = (
        searching.problem_of("slope", params, searching.open_rows(f))[0].name for f in (frame, changed)
    )
    assert one == two


def test_what_is_wrong_is_told_with_what_is_allowed(untracked: Path) -> None:
    with pytest.raises(UnknownValue, match="no model") as raised:
        search(untracked, "slop", tell=quiet)
    assert raised.value.allowed == "slope"
    with pytest.raises(ConfigError, match="0 trials"):
        search(untracked, "slope", trials=0, tell=quiet)
    with pytest.raises(ConfigError, match="minutes"):
        search(untracked, "slope", minutes=-1.0, tell=quiet)
    (untracked / "data/features/slope/frame.parquet").unlink()
    with pytest.raises(DataNotFound) as missing:
        search(untracked, "slope", tell=quiet)
    assert missing.value.next_command == "mandi repro features@slope"


def test_a_study_that_another_process_holds_is_named_and_goes_on_afterwards(project: Path) -> None:
    from mandi.registry.connection import connect

    search(project, "slope", trials=2, tell=quiet)
    place = project / "artifacts" / "tuning" / "studies.db"
    with held(place):
        done = CliRunner().invoke(app, ["search", "slope", "--trials", "3"])
    assert done.exit_code == 1 and "Traceback" not in done.output
    assert f"{place} is locked" in done.output and f"fuser {place}" in done.output
    found = search(project, "slope", trials=3, tell=quiet)
    assert [trial.user_attrs["place"] for trial in finished(found.study)] == [0, 1, 2]
    runs = connect(project).client.search_runs([connect(project).experiment("slope-search")])
    assert [run.info.status for run in runs if run.data.tags["kind"] == "trial"] == ["FINISHED"] * 3
    assert all(run.info.status != "RUNNING" for run in runs)


def test_a_disk_that_is_full_is_told_and_the_study_goes_on_to_the_same_result(untracked: Path) -> None:
    whole = search(untracked, "slope", tell=quiet)
    place = untracked / "artifacts" / "tuning"
    (place / "studies.db").unlink()
    with small_disk(place, 2) as disk:
        search(untracked, "slope", trials=3, tell=quiet)
        with disk.full(left=0):
            done = CliRunner().invoke(app, ["search", "slope"])
        assert done.exit_code == 1 and f"{place / 'studies.db'} cannot be written" in done.output
        assert f"df -h {place}" in done.output and "Traceback" not in done.output
        again = search(untracked, "slope", tell=quiet)
        assert again.as_dict() == whole.as_dict()


def test_the_command_line_refuses_an_unknown_model(untracked: Path) -> None:
    done = CliRunner().invoke(app, ["search", "slop"])
    assert done.exit_code == 1 and "allowed: slope" in done.output


def test_the_stage_writes_what_was_found_and_leaves_params_alone(untracked: Path) -> None:
    before = (untracked / "params.yaml").read_bytes()
    from pipelines.search import main

    main("slope")
    file = untracked / "artifacts" / "tuning" / "slope.json"
    once = file.read_bytes()
    assert json.loads(once)["trials"] == 8 and (untracked / "params.yaml").read_bytes() == before
    main("slope")
    assert file.read_bytes() == once
    assert new_model("slope", load_params(untracked / "params.yaml")) is not None


def test_frames_of_a_study(untracked: Path) -> None:
    found = search(untracked, "slope", tell=quiet)
    frame = trials_frame(found.study, found.space)
    assert frame["trial"].tolist() == list(range(8)) and {"slope.share", "lift"} <= set(frame)
    assert frame["best"].is_monotonic_decreasing and frame["best"].iloc[-1] == found.loss
    assert (frame["loss"].isna() == (frame["state"] == "pruned")).all()
    share = importances(found.study, found.space)
    assert set(share.index) == {"slope.share", "lift"} and share.sum() == pytest.approx(1.0)
    few = search(untracked, "slope", trials=2, tell=quiet)
    assert few.trials == 8  # what is there stays


def test_a_study_is_shown_without_being_run_and_there_may_be_none(untracked: Path) -> None:
    said: list[str] = []
    none = shown(untracked, "slope", tell=said.append)
    assert none.study == "" and len(none.trials) == 0 and "mandi search slope" in said[0]
    assert len(studies(untracked)) == 0
    found = search(untracked, "slope", trials=6, tell=quiet)
    slope.SEEN.clear()
    seen = shown(untracked, "slope", tell=quiet)
    assert not slope.SEEN and seen.study == found.about["study"] and len(seen.trials) == 6
    assert space_in(found.study) == found.space and seen.log == ("lift",)
    assert dict(zip(seen.changed["setting"], seen.changed["best"])) == found.settings
    listed = studies(untracked)
    assert listed["study"].tolist() == [seen.study] and listed["best"].iloc[0] == found.loss
    told = found.confirmation
    assert told is not None and told.offered is not None and listed["offered"].iloc[0] == told.offered.trial
    assert seen.confirmed["trial"].tolist() == [0, *(one.trial for one in told.tried)]
    assert seen.confirmed["later"].tolist() == [told.default_loss, *(one.loss for one in told.tried)]
    assert dict(zip(seen.confirmed["trial"], seen.confirmed["verdict"]))[told.offered.trial] == "offered"
    assert len(none.confirmed) == 0 and list(none.confirmed) == list(seen.confirmed)
    with pytest.raises(UnknownValue):
        shown(untracked, "slop", tell=quiet)


def test_the_last_study_is_shown_after_its_settings_were_written(untracked: Path) -> None:
    search_command(untracked, "slope", trials=6, write=True, tell=quiet)
    assert shown(untracked, "slope", tell=quiet).study.startswith("slope-")
