"""Searches one model of a project: its frame, folds and space make a problem, whose study lies in artifacts/tuning."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mandi.core.config import build, load_params
from mandi.core.errors import ConfigError, DataNotFound
from mandi.core.memo import remembering
from mandi.core.paths import Paths
from mandi.core.storage import told_when_unwritable
from mandi.models import model_class
from mandi.registry.lineage import frame_hash, params_hash
from mandi.tuning.confirm import Confirmation, ConfirmParams, confirm
from mandi.tuning.folds import FoldParams, open_rows
from mandi.tuning.losses import loss_of
from mandi.tuning.scorers import scorers
from mandi.tuning.spaces import (
    UNTOUCHED,
    Setting,
    Value,
    as_plain,
    check_model,
    defaults,
    space_of,
    tidy,
)
from mandi.tuning.study import (
    PLACE,
    Problem,
    Recorder,
    StudyParams,
    alone,
    best_trial,
    finished,
    open_study,
    run,
)

if TYPE_CHECKING:
    import pandas as pd
    from optuna.study import Study

KEPT = "kept"  # attribute of a study: how many trials it had when all that was found was kept as runs
CODE = ("models", *(f"tuning/{name}.py" for name in ("confirm", "folds", "losses", "spaces", "study")))


@dataclass(frozen=True)
class SearchParams:
    """Section ``search`` of params.yaml.

    Attributes
    ----------
    trials : int
        Of a study in all.
    folds : FoldParams
    confirmation : ConfirmParams
    study : StudyParams
    """

    trials: int = 50
    folds: FoldParams = field(default_factory=FoldParams)
    confirmation: ConfirmParams = field(default_factory=ConfirmParams)
    study: StudyParams = field(default_factory=StudyParams)

    def __post_init__(self) -> None:
        if self.trials < 1:
            raise ConfigError(f"{self.trials} trials", allowed="at least 1; the first one is the default")
        if self.searched < 1:
            raise ConfigError(
                f"search.folds.count {self.folds.count}, of which search.confirmation.folds {self.confirmation.folds}",
                allowed="a count above it: a search needs a fold of its own",
            )

    @property
    def searched(self) -> int:
        """Folds that trials are scored on."""
        return self.folds.count - self.confirmation.folds


@dataclass(frozen=True)
class Found:
    """What a study holds: the default and the best settings, their losses, what later time says, and where they came from.

    Attributes
    ----------
    model : str
    loss_name : str
    about : dict
        Study, fingerprints of data, settings and code, seed, folds: what makes it repeatable; no dates.
    space : tuple of Setting
    trials, pruned, place : int
        Finished trials, how many of them were pruned, and the place of the best one; 0 is the default.
    default_loss, loss : float
        Of the default and of the best trial, on the folds searched.
    confirmation : Confirmation or None
        The best few and the default on later folds; None where the search was stopped before.
    settings : dict of path to value
        That are offered, where they differ from the default; none unless a trial was confirmed.
    study : Study
    whole : bool
        Whether the search ended by itself.
    """

    model: str
    loss_name: str
    about: dict[str, Any]
    space: tuple[Setting, ...] = field(repr=False)
    trials: int
    pruned: int
    place: int
    default_loss: float
    loss: float
    confirmation: Confirmation | None
    settings: dict[str, Value]
    study: Study = field(repr=False)
    whole: bool = True

    def as_dict(self) -> dict[str, Any]:
        """Return plain data without dates, the settings with what stood before."""
        before = defaults(self.space)
        return {
            **self.about, "trial": self.place, "trials": self.trials, "pruned": self.pruned, "loss_name": self.loss_name,
            "default_loss": self.default_loss, "loss": self.loss,
            "confirmation": self.confirmation.as_dict() if self.confirmation else None,
            "settings": {path: {"before": before[path], "after": value} for path, value in self.settings.items()},
        }  # fmt: skip


def search_params(params: Mapping[str, Any]) -> SearchParams:
    """Read section ``search`` of params.yaml.

    Examples
    --------
    >>> search_params({"search": {"trials": 20, "folds": {"count": 2}}}).folds.count
    2
    """
    return build(SearchParams, params.get("search") or {}, "search")


def search(
    root: Path,
    model: str,
    *,
    trials: int | None = None,
    minutes: float | None = None,
    tell: Callable[[str], None] = print,
    track: bool = True,
) -> Found:
    """Begin a model's study or go on with it, and return what it holds.

    Parameters
    ----------
    root : Path
        The project, with the features of the model.
    model : str
    trials : int, optional
        Of the study in all; ``search.trials`` if not given. With as many already there none is made.
    minutes : float, optional
        No trial is begun later.
    tell : callable
        Told a line after every trial.
    track : bool
        Keep every new trial as an MLflow run.

    Raises
    ------
    UnknownValue, ConfigError
        The model cannot be searched; a setting cannot be used.
    DataNotFound
        Its features are not built.
    """
    import pandas as pd

    paths = Paths(root)
    params = load_params(paths.params)
    check_model(model, params)
    if minutes is not None and minutes <= 0:
        raise ConfigError(f"{minutes:g} minutes", allowed="above 0")
    wanted = (
        build(SearchParams, {"trials": trials}).trials if trials is not None else search_params(params).trials
    )
    file = paths.features(model) / "frame.parquet"
    if not file.is_file():
        raise DataNotFound(
            f"no features of {model} at {file.relative_to(root)}",
            next_command=f"mandi repro features@{model}",
        )
    made, about = problem_of(model, params, open_rows(pd.read_parquet(file)))
    with alone(paths.studies.with_name(f"{made.name}.lock")), told_when_unwritable(paths.studies):
        study = open_study(made.name, paths.studies)
        study.set_user_attr("about", {**about, "model": model, "loss_name": loss_name(model)})
        there = len(finished(study))
        if there:
            tell(f"study {made.name} goes on: {there} trials are there")
        if track and (there < wanted or study.user_attrs.get(KEPT) != there):
            from mandi.tuning.tracked import tracked

            kept: Any = tracked(root, model, made.space, about, finished(study))
        else:
            kept = nullcontext()
        with kept as record:
            with told_when_unwritable(paths.studies):  # and not the registry, which the run is open in
                confirmation = brought_on(
                    made, study, wanted, search_params(params), minutes=minutes, tell=tell, record=record
                )
            if confirmation is not None and record is not None:
                record.confirmed(confirmation)
        if confirmation is not None and record is not None:
            study.set_user_attr(KEPT, len(finished(study)))  # a killed search never comes to this
        if not finished(study):
            raise KeyboardInterrupt  # in the first trial: there is nothing to tell
    return found_in(study, model, made.space, about, confirmation)


def brought_on(
    problem: Problem,
    study: Study,
    trials: int,
    params: SearchParams,
    *,
    minutes: float | None = None,
    tell: Callable[[str], None] = print,
    record: Recorder | None = None,
) -> Confirmation | None:
    """Bring a study to a number of trials and confirm the best of them; None where it was interrupted.

    Parameters
    ----------
    problem, study, trials, minutes, tell, record
        As of ``mandi.tuning.study.run``.
    params : SearchParams
    """
    with remembering(), _hushed():
        if not run(problem, study, trials, params.study, minutes=minutes, tell=tell, record=record):
            return None
        if not finished(study):
            return None  # the minutes were over before the first trial
        try:
            return confirm(problem, study, params.confirmation, tell=tell)
        except KeyboardInterrupt:
            return None


@contextmanager
def _hushed() -> Iterator[None]:
    # models warn of a past that is short; that is a fold's, trial after trial, and no fault of the settings
    models = logging.getLogger("mandi.models")
    before = models.level
    models.setLevel(logging.ERROR)
    try:
        yield
    finally:
        models.setLevel(before)


def problem_of(model: str, params: Mapping[str, Any], rows: pd.DataFrame) -> tuple[Problem, dict[str, Any]]:
    """Return what is searched on rows of train and validation, and what it hangs on.

    Parameters
    ----------
    model : str
    params : mapping
        All of params.yaml.
    rows : DataFrame
        From ``open_rows``.
    """
    wanted, space = search_params(params), space_of(model, params)
    task = model_class(model).spec.task
    about: dict[str, Any] = {
        "data": frame_hash(rows), "code": code_hash(), "settings_before": params_hash(params["models"][model]),
        "seed": wanted.study.seed, "startup": wanted.study.startup, "prune_after": wanted.study.prune_after,
        "folds": asdict(wanted.folds), "confirmation": asdict(wanted.confirmation),
    }  # fmt: skip
    identity = params_hash({**about, "space": as_plain(space), "untouched": UNTOUCHED.get(model, {})})
    about["study"] = f"{model}-{identity[:12]}"
    score, later = scorers(model, params, rows, wanted.folds, loss_of(task), wanted.searched)
    return Problem(about["study"], space, score, wanted.searched, later), about


def found_in(
    study: Study,
    model: str,
    space: tuple[Setting, ...],
    about: Mapping[str, Any],
    confirmation: Confirmation | None,
) -> Found:
    """Return what a study holds; without a confirmation nothing is offered.

    Raises
    ------
    MandiError
        Not even the default was scored yet.
    """
    best, done = best_trial(study), finished(study)
    before = defaults(space)
    offered = confirmation.offered if confirmation else None
    taken = next((t for t in done if offered and t.user_attrs[PLACE] == offered.trial), done[0])
    after = tidy(taken.params, space)
    return Found(
        model=model,
        loss_name=loss_name(model),
        about=dict(about),
        space=space,
        trials=len(done),
        pruned=sum(trial.state.name == "PRUNED" for trial in done),
        place=int(best.user_attrs[PLACE]),
        default_loss=float(done[0].value or 0.0),
        loss=float(best.value or 0.0),
        confirmation=confirmation,
        settings={path: value for path, value in after.items() if value != before[path]},
        study=study,
        whole=confirmation is not None,
    )


def loss_name(model: str) -> str:
    """Return what the trials of a model are judged by, with its unit.

    Examples
    --------
    >>> loss_name("quality")
    '1 - macro-F1'
    """
    return loss_of(model_class(model).spec.task).name


def code_hash() -> str:
    """Return one hash over the code that decides a loss: the models, the folds, the losses, the spaces, the search."""
    home = Path(str(files("mandi")))
    found = [
        p for name in CODE for p in ([home / name] if name.endswith(".py") else (home / name).rglob("*.py"))
    ]
    whole = hashlib.sha256()
    for path in sorted(found, key=lambda p: p.relative_to(home).as_posix()):
        part = hashlib.sha256(path.read_bytes()).hexdigest()
        whole.update(json.dumps([path.relative_to(home).as_posix(), part]).encode())
    return whole.hexdigest()[:16]
