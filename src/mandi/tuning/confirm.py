"""Asks the best few trials and the default about time that no trial was scored on, and says which of them is better there.

The best of fifty losses is low by skill and by luck, and the search cannot tell one from the other. On a later fold luck starts anew. A
trial is offered only if it beats the default there by more than chance explains; docs/adr/0025.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mandi.core.errors import ConfigError, MandiError
from mandi.tuning.losses import Stretches
from mandi.tuning.spaces import Value, tidy
from mandi.tuning.study import PLACE, Problem, finished

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial

LATER, CONFIRMATION = "later", "confirmation"  # attributes of a study


@dataclass(frozen=True)
class ConfirmParams:
    """Section ``search.confirmation`` of params.yaml.

    Attributes
    ----------
    folds : int
        Last ones of ``search.folds.count``, on which no trial is scored.
    best : int
        Trials that are asked about them.
    chance : float
        That settings which are no better than the default are offered, all ``best`` of them together.
    """

    folds: int = 1
    best: int = 3
    chance: float = 0.05

    def __post_init__(self) -> None:
        if self.folds < 1 or self.best < 1 or not 0.0 < self.chance < 0.5:
            raise ConfigError(
                f"search.confirmation: folds {self.folds}, best {self.best}, chance {self.chance}",
                allowed="at least 1, at least 1, between 0 and 0.5",
            )


@dataclass(frozen=True)
class Compared:
    """One trial beside the default on the later folds.

    Attributes
    ----------
    trial : int
        Its place in the study.
    searched, loss : float
        On the folds that were searched, and on the later ones.
    better_by : float
        Loss of the default less its own, on the later ones.
    needed : float
        What ``better_by`` has to exceed; infinite where one stretch of days is all there is.
    """

    trial: int
    searched: float
    loss: float
    better_by: float
    needed: float

    @property
    def confirmed(self) -> bool:
        """Whether it is better than the default by more than chance."""
        return self.better_by > self.needed


@dataclass(frozen=True)
class Confirmation:
    """What the later folds say.

    Attributes
    ----------
    default_loss : float
        Of the default, on the later folds; missing where no trial was worth asking about.
    stretches : int
        Of days, whose spread tells what chance does.
    tried : tuple of Compared
        The best of the search first.
    """

    default_loss: float
    stretches: int
    tried: tuple[Compared, ...]

    @property
    def offered(self) -> Compared | None:
        """The confirmed trial of least loss on the later folds; None where the default stays."""
        held = [one for one in self.tried if one.confirmed]
        return min(held, key=lambda one: (one.loss, one.trial)) if held else None

    def as_dict(self) -> dict[str, Any]:
        """Return plain data."""
        tried = [
            {
                **asdict(one),
                "needed": one.needed if np.isfinite(one.needed) else None,
                "confirmed": one.confirmed,
            }
            for one in self.tried
        ]
        offered = self.offered.trial if self.offered else 0
        return {
            "default_loss": self.default_loss if self.tried else None, "stretches": self.stretches, "tried": tried, "offered": offered,
        }  # fmt: skip


def confirm(
    problem: Problem,
    study: Study,
    params: ConfirmParams | None = None,
    *,
    tell: Callable[[str], None] = print,
) -> Confirmation:
    """Compare the best trials of a study with its default on the later folds; what was asked before is not asked again.

    Parameters
    ----------
    problem : Problem
        With ``later``.
    study : Study
        The comparison is kept in it.
    params : ConfirmParams, optional
    tell : callable
        Told a line per trial.

    Raises
    ------
    MandiError
        The default cannot be scored.
    """
    wanted = params or ConfirmParams()
    best = candidates(study, wanted.best)
    first = finished(study)[0]
    if not best:
        tell("no trial is better than the default where they were searched: there is nothing to confirm")
        found = Confirmation(float("nan"), 0, ())
    else:
        tell(f"confirming the best {len(best)} on later time, which no trial was scored on")
        default = _asked(problem, study, first)
        asked = [(trial, _tried(problem, study, trial, tell)) for trial in best]
        compared = [
            _compared(trial, default, own, wanted.chance / len(best))
            for trial, own in asked
            if own is not None
        ]
        for one in compared:
            verdict = "confirmed" if one.confirmed else "not more than chance"
            tell(f"  trial {one.trial}: better by {one.better_by:.4g}, {one.needed:.4g} needed: {verdict}")
        whole = float(np.mean([one.whole for one in default]))
        found = Confirmation(whole, sum(len(one.without) for one in default), tuple(compared))
    study.set_user_attr(CONFIRMATION, found.as_dict())
    return found


def candidates(study: Study, count: int) -> list[FrozenTrial]:
    """Return the whole trials of least loss that beat the default, the best first; of several with one loss the earliest.

    Settings that change nothing (of a member that is not taken) have the loss of the default to the last digit.
    """
    done = finished(study)
    default = float(done[0].value or 0.0)
    found: dict[float, FrozenTrial] = {}
    for trial in done[1:]:
        if trial.state.name == "COMPLETE" and trial.value is not None and trial.value < default:
            found.setdefault(float(trial.value), trial)
    return [found[loss] for loss in sorted(found)[:count]]


def paired(default: Sequence[Stretches], own: Sequence[Stretches]) -> tuple[float, float, int]:
    """Return by how much settings beat the default, the standard error of that, and its degrees of freedom.

    The error is that of the jackknife: each stretch of days is left out in turn, from both losses at once, so that it
    also serves losses that are no means of rows. Folds are independent; their mean is taken.

    Parameters
    ----------
    default, own : sequence of Stretches
        One per later fold, on the same rows.

    References
    ----------
    Efron and Stein (1981), The jackknife estimate of variance. Annals of Statistics 9.

    Examples
    --------
    >>> one = Stretches(2.0, (2.0, 2.5, 1.5)), Stretches(1.0, (1.0, 1.0, 1.0))
    >>> gain, error, free = paired([one[0]], [one[1]])
    >>> gain, round(error, 3), free
    (1.0, 0.577, 2)
    """
    gains, errors, free = [], [], 0
    for before, after in zip(default, own, strict=True):
        gains.append(before.whole - after.whole)
        apart = np.array(before.without) - np.array(after.without)
        if len(apart) < 2 or not np.isfinite(apart).all():
            errors.append(float("inf"))
            continue
        errors.append((len(apart) - 1) / len(apart) * float(((apart - apart.mean()) ** 2).sum()))
        free += len(apart) - 1
    return float(np.mean(gains)), float(np.sqrt(np.sum(errors)) / len(errors)), free


def _compared(
    trial: FrozenTrial, default: Sequence[Stretches], own: Sequence[Stretches], chance: float
) -> Compared:
    from scipy.stats import t

    gain, error, free = paired(default, own)
    needed = float(t.ppf(1.0 - chance, free)) * error if free and np.isfinite(error) else float("inf")
    loss = float(np.mean([one.whole for one in own]))
    return Compared(int(trial.user_attrs[PLACE]), float(trial.value or 0.0), loss, gain, needed)


def _tried(
    problem: Problem, study: Study, trial: FrozenTrial, tell: Callable[[str], None]
) -> list[Stretches] | None:
    try:
        return _asked(problem, study, trial)
    except MandiError as error:
        tell(f"  trial {trial.user_attrs[PLACE]}: {error.message}")
        return None


def _asked(problem: Problem, study: Study, trial: FrozenTrial) -> list[Stretches]:
    place = str(trial.user_attrs[PLACE])
    kept: dict[str, Any] = dict(study.user_attrs.get(LATER, {}))
    if place not in kept:
        if problem.later is None:
            raise ConfigError(f"study {problem.name} has no later folds", allowed="at least one")
        settings: Mapping[str, Value] = tidy(trial.params, problem.space)
        kept[place] = [[one.whole, list(one.without)] for one in problem.later(settings)]
        study.set_user_attr(LATER, kept)
    return [Stretches(whole, tuple(without)) for whole, without in kept[place]]
