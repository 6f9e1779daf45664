"""Runs a study: asks Optuna for settings, scores them fold by fold, prunes, and keeps every trial in SQLite at once.

The seed of a trial follows from its place among those that were finished, not from the process: a study that was
stopped, even in the middle of a trial, goes on to the same trials as one that was not. Trial 0 is the default.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from mandi.core.errors import ConfigError, MandiError
from mandi.tuning.spaces import Setting, Value, defaults, tidy

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial, Trial

    from mandi.tuning.losses import Stretches

Score = Callable[[Mapping[str, Value], int], float]  # settings, number of the fold -> loss
Later = Callable[
    [Mapping[str, Value]], "list[Stretches]"
]  # settings -> loss on each fold kept from the search
PLACE, LOSSES, SECONDS, WHY = "place", "losses", "seconds", "why"  # attributes of a trial


@dataclass(frozen=True)
class StudyParams:
    """How trials are drawn.

    Attributes
    ----------
    startup : int
        Trials drawn at random before the tree-structured Parzen estimator takes over; the default is one of them.
    prune_after : int
        Whole trials before one may be pruned: when its mean loss so far is above the median of theirs at that fold.
    seed : int
    """

    startup: int = 10
    prune_after: int = 5
    seed: int = 20240611

    def __post_init__(self) -> None:
        if self.startup < 1 or self.prune_after < 1:
            raise ConfigError(
                f"search: startup {self.startup}, prune_after {self.prune_after}", allowed="at least 1 each"
            )


@dataclass(frozen=True)
class Problem:
    """What is searched.

    Attributes
    ----------
    name : str
        Of the study: the same name is the same question on the same data.
    space : tuple of Setting
    score : callable
        (settings, number of the fold) to the loss.
    folds : int
        That are searched.
    later : callable, optional
        Settings to the loss on the folds after these, which no trial is scored on.
    """

    name: str
    space: tuple[Setting, ...]
    score: Score = field(repr=False)
    folds: int
    later: Later | None = field(default=None, repr=False)


class Recorder(Protocol):
    """Told of every finished trial, for example to keep it as a run."""

    def __call__(self, trial: FrozenTrial) -> None: ...


def place_seed(seed: int, place: int) -> int:
    """Return the seed of the trial at a place.

    Examples
    --------
    >>> place_seed(1, 0) == place_seed(1, 0), place_seed(1, 0) == place_seed(1, 1)
    (True, False)
    """
    return int(np.random.SeedSequence([seed, place]).generate_state(1)[0])


def open_study(name: str, database: Path | None) -> Study:
    """Open or begin a study; without a database it lives as long as the process."""
    import optuna
    from sqlalchemy import event

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage: Any = None
    if database is not None:
        database.parent.mkdir(parents=True, exist_ok=True)
        storage = optuna.storages.RDBStorage(f"sqlite:///{database.as_posix()}")
        event.listen(storage.engine, "connect", _brisk)
        storage.engine.dispose()  # connections made from here on are brisk
    return optuna.create_study(study_name=name, storage=storage, direction="minimize", load_if_exists=True)


def _brisk(connection: Any, _: Any) -> None:
    # a trial is a dozen small writes; with a log of writes none of them waits for the disk, and a killed process loses none
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL"):
        connection.execute(f"PRAGMA {pragma}")


def finished(study: Study) -> list[FrozenTrial]:
    """Return the trials that were scored or pruned, in order; what was stopped is not among them."""
    from optuna.trial import TrialState

    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))


def best_trial(study: Study) -> FrozenTrial:
    """Return the whole trial of the least loss; the earliest of several. The default is never pruned, so it is never worse.

    Raises
    ------
    MandiError
        No trial was scored yet.
    """
    whole = [t for t in finished(study) if t.state.name == "COMPLETE"]
    if not whole:
        raise MandiError(f"study {study.study_name} has no scored trial", next_command="mandi search MODEL")
    return min(whole, key=lambda t: (float(t.value or 0.0), t.number))


def run(
    problem: Problem,
    study: Study,
    trials: int,
    params: StudyParams | None = None,
    *,
    minutes: float | None = None,
    tell: Callable[[str], None] = print,
    record: Recorder | None = None,
) -> bool:
    """Bring a study to a number of trials, or as far as the time allows.

    Parameters
    ----------
    problem : Problem
    study : Study
        From :func:`open_study`.
    trials : int
        In all, those of earlier runs among them.
    params : StudyParams, optional
    minutes : float, optional
        No trial is begun later.
    tell : callable
        Told a line after every trial.
    record : callable, optional
        Told of every trial finished here.

    Returns
    -------
    bool
        Whether it ended by itself; False when it was interrupted (the trial in hand is lost, all others are kept).

    Raises
    ------
    MandiError
        The default cannot be scored.
    """
    wanted, started, took = params or StudyParams(), time.monotonic(), []
    _end_stale(study)
    while (place := len(finished(study))) < trials:
        if minutes is not None and time.monotonic() - started >= 60.0 * minutes:
            tell(f"{minutes:g} minutes are over: {place} of {trials} trials")
            break
        began = time.monotonic()
        trial = _drawn(problem, study, place, wanted)
        try:
            _scored(problem, study, trial, place, began)
        except KeyboardInterrupt:
            study.tell(trial, state=_state("FAIL"))
            return False
        except BaseException:
            study.tell(trial, state=_state("FAIL"))
            raise
        took.append(time.monotonic() - began)
        ended = finished(study)[-1]
        if record is not None:
            record(ended)
        tell(_line(study, ended, place + 1, trials, float(np.mean(took))))
    return True


def _drawn(problem: Problem, study: Study, place: int, params: StudyParams) -> Trial:
    import optuna

    study.sampler = optuna.samplers.TPESampler(
        seed=place_seed(params.seed, place), n_startup_trials=params.startup, constant_liar=False
    )
    study.pruner = optuna.pruners.MedianPruner(n_startup_trials=params.prune_after)
    if place == 0 and not study.get_trials(deepcopy=False, states=(_state("WAITING"),)):
        study.enqueue_trial(defaults(problem.space))
    trial = study.ask({setting.path: setting.distribution() for setting in problem.space})
    trial.set_user_attr(PLACE, place)
    return trial


def _scored(problem: Problem, study: Study, trial: Trial, place: int, began: float) -> None:
    losses: list[float] = []
    state, value, why = "COMPLETE", None, ""
    settings = tidy(trial.params, problem.space)
    for number in range(problem.folds):
        try:
            losses.append(float(problem.score(settings, number)))
        except MandiError as error:
            if place == 0:
                raise
            state, why = "PRUNED", error.message
            break
        value = float(np.mean(losses))
        trial.report(value, number)
        if number + 1 < problem.folds and place > 0 and trial.should_prune():
            state = "PRUNED"
            break
    trial.set_user_attr(LOSSES, losses)
    trial.set_user_attr(SECONDS, round(time.monotonic() - began, 3))
    if why:
        trial.set_user_attr(WHY, why)
    study.tell(trial, value if state == "COMPLETE" else None, _state(state))


def _end_stale(study: Study) -> None:
    # of a process that was killed; its place is drawn again from the same seed
    from optuna.trial import TrialState

    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)


def _state(name: str) -> Any:
    from optuna.trial import TrialState

    return TrialState[name]


def _line(study: Study, trial: FrozenTrial, done: int, trials: int, seconds: float) -> str:
    if trial.state.name == "COMPLETE":
        said = f"loss {trial.value:.5g}"
    else:
        folds = len(trial.user_attrs.get(LOSSES, []))
        said = trial.user_attrs.get(WHY) or f"pruned after {folds} fold{'s' if folds != 1 else ''}"
    best, first = best_trial(study), finished(study)[0]
    left = (trials - done) * seconds
    about = f", about {left / 60.0:.0f} min left" if left >= 90.0 else f", about {left:.0f} s left"
    return (
        f"[{done:>{len(str(trials))}}/{trials}] {said}; best {best.value:.5g}, default {first.value:.5g}; "
        f"{trial.user_attrs.get(SECONDS, 0.0):.0f} s{about if done < trials else ''}"
    )


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Hold a study alone: a second search of it would end the first one's trial.

    Raises
    ------
    MandiError
        Another process searches it now.
    """
    import fcntl

    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise MandiError(
                f"another process runs this search now ({lock.stem})",
                next_command="wait for it, or stop it and give the same command again",
            ) from error
        yield
