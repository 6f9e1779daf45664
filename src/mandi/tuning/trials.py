"""Frames of studies for tables and pictures: which there are, their trials, and how much each setting decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mandi.core.config import load_params
from mandi.core.paths import Paths
from mandi.tuning.confirm import CONFIRMATION
from mandi.tuning.search import loss_name, search
from mandi.tuning.spaces import Setting, check_model, tidy
from mandi.tuning.study import LOSSES, PLACE, SECONDS, finished, open_study

if TYPE_CHECKING:
    from optuna.study import Study

LEAST_WHOLE = 4  # scored trials, below which no importance is told
COLUMNS = ("trial", "state", "loss", "best", "folds", "seconds")
STUDIES = ("study", "model", "trials", "pruned", "default", "best", "better_by_percent", "offered", "loss")
CONFIRMED = ("trial", "searched", "later", "better_by", "needed", "verdict")


@dataclass(frozen=True)
class Shown:
    """One study as frames; empty ones where there is none.

    Attributes
    ----------
    model, study, loss_name : str
        ``study`` is empty where there is none.
    trials : DataFrame
        From :func:`trials_frame`.
    confirmed : DataFrame
        From :func:`confirmed_frame`.
    changed : DataFrame
        setting, default, best: of the trial that is offered, or of the best one where none is, where they differ.
    importance : Series
        From :func:`importances`.
    settings, log : list and tuple of str
        All that are searched, and those drawn over orders of magnitude.
    """

    model: str
    study: str
    loss_name: str
    trials: pd.DataFrame = field(repr=False)
    confirmed: pd.DataFrame = field(repr=False)
    changed: pd.DataFrame = field(repr=False)
    importance: pd.Series = field(repr=False)
    settings: list[str]
    log: tuple[str, ...]


def shown(root: Path, model: str, trials: int = 0, tell: Callable[[str], None] = print) -> Shown:
    """Return a model's study as frames, after bringing it to some trials if asked to.

    Parameters
    ----------
    root : Path
        The project.
    model : str
    trials : int
        Of the study in all; with 0 none is made and the last study of the model is shown, whatever its data and settings.
    tell : callable
        Told a line after every trial, or that there is no study.

    Raises
    ------
    UnknownValue
        The model cannot be searched.
    """
    check_model(model, load_params(Paths(root).params))
    study = search(root, model, trials=trials, tell=tell).study if trials else _last(root, model)
    if study is None:
        tell(f"no study of {model} yet; next: mandi search {model}, or more than 0 trials here")
        none = pd.DataFrame(columns=["setting", "default", "best"])
        empty = pd.DataFrame({name: pd.Series(dtype=float) for name in COLUMNS})
        nobody = pd.DataFrame(columns=list(CONFIRMED))
        return Shown(model, "", loss_name(model), empty, nobody, none, pd.Series(dtype=float), [], ())
    space = space_in(study)
    frame = trials_frame(study, space)
    settings = [setting.path for setting in space]
    offered = _offered(study) or int(frame["trial"].iloc[int(np.nanargmin(frame["loss"].to_numpy()))])
    first, best = (frame[frame["trial"] == place].iloc[0].to_dict() for place in (0, offered))
    changed = pd.DataFrame(
        {"setting": settings, "default": [first[s] for s in settings], "best": [best[s] for s in settings]}
    )
    return Shown(
        model, study.study_name, loss_name(model), frame, confirmed_frame(study),
        changed[changed["default"] != changed["best"]],
        importances(study, space), settings, tuple(setting.path for setting in space if setting.log),
    )  # fmt: skip


def studies(root: Path) -> pd.DataFrame:
    """Return a row per study of the project, the last begun first.

    Returns
    -------
    DataFrame
        study, model, trials, pruned, default and best (loss of the default and of the best trial on the folds searched),
        better_by_percent, offered (trial; 0 where the default stays, missing where nothing was confirmed yet), loss (its name).
    """
    rows = []
    for study in _all(root):
        done, about = finished(study), study.user_attrs.get("about", {})
        whole = [float(t.value) for t in done if t.state.name == "COMPLETE" and t.value is not None]
        if not whole:
            continue
        better = 100.0 * (1.0 - min(whole) / whole[0]) if whole[0] else 0.0
        facts = (
            study.study_name,
            about.get("model", ""),
            len(done),
            len(done) - len(whole),
            whole[0],
            min(whole),
            better,
            _offered(study),
        )
        rows.append(dict(zip(STUDIES, (*facts, about.get("loss_name", "")))))
    return pd.DataFrame(rows, columns=list(STUDIES))


def trials_frame(study: Study, space: tuple[Setting, ...]) -> pd.DataFrame:
    """Return a row per finished trial.

    Parameters
    ----------
    study : Study
    space : tuple of Setting

    Returns
    -------
    DataFrame
        trial (0 is the default), state (complete or pruned), loss (missing where pruned), best (least loss so far), folds
        (scored), seconds, then one column per setting by its path.
    """
    rows, best = [], np.nan
    for trial in finished(study):
        whole = trial.state.name == "COMPLETE" and trial.value is not None
        loss = float(trial.value) if whole and trial.value is not None else np.nan
        best = np.fmin(best, loss)
        facts = (
            int(trial.user_attrs[PLACE]), trial.state.name.lower(), loss, best, len(trial.user_attrs.get(LOSSES, [])),
            float(trial.user_attrs.get(SECONDS, np.nan)),
        )  # fmt: skip
        rows.append({**dict(zip(COLUMNS, facts)), **tidy(trial.params, space)})
    return pd.DataFrame(rows, columns=[*COLUMNS, *(setting.path for setting in space)])


def confirmed_frame(study: Study) -> pd.DataFrame:
    """Return what later time, on which no trial was scored, says of the best few trials; no rows where it was not asked.

    Returns
    -------
    DataFrame
        trial (0 is the default), searched and later (loss on the folds searched and on the later ones), better_by (than the
        default, on the later ones), needed (what it has to exceed), verdict (offered, confirmed, not more than chance).
    """
    told = study.user_attrs.get(CONFIRMATION) or {}
    if not told.get("tried"):
        return pd.DataFrame(columns=list(CONFIRMED))
    rows = [(0, float(finished(study)[0].value or 0.0), told["default_loss"], np.nan, np.nan, "the default")]
    for one in told["tried"]:
        said = "confirmed" if one["confirmed"] else "not more than chance"
        verdict = "offered" if one["trial"] == told["offered"] else said
        needed = np.inf if one["needed"] is None else one["needed"]
        rows.append((one["trial"], one["searched"], one["loss"], one["better_by"], needed, verdict))
    return pd.DataFrame(rows, columns=list(CONFIRMED))


def importances(study: Study, space: tuple[Setting, ...]) -> pd.Series:
    """Return how much of the spread of good losses each setting decides, most first; shares that sum to 1.

    It is the divergence of the better tenth of trials from all of them (PED-ANOVA), so it speaks of where good trials lie.
    All are missing below four scored trials: so few say nothing.

    Parameters
    ----------
    study : Study
    space : tuple of Setting

    References
    ----------
    Watanabe, Bansal and Hutter (2023), PED-ANOVA: efficiently quantifying hyperparameter importance in arbitrary
    subspaces. IJCAI.
    """
    import optuna

    whole = [trial for trial in finished(study) if trial.state.name == "COMPLETE"]
    names = [setting.path for setting in space]
    if len(whole) < LEAST_WHOLE or len({trial.value for trial in whole}) < 2:
        return pd.Series(np.nan, index=names, name="importance")
    found = optuna.importance.get_param_importances(study, params=names)
    return pd.Series(found, name="importance", dtype=float).reindex(names).sort_values(ascending=False)


def space_in(study: Study) -> tuple[Setting, ...]:
    """Return the space of a study as it was, with the defaults it began with."""
    first = finished(study)[0]
    found = []
    for path, drawn in first.distributions.items():
        low, high, log = (getattr(drawn, name) for name in ("low", "high", "log"))
        whole = type(drawn).__name__ == "IntDistribution"
        found.append(Setting(path, "int" if whole else "float", low, high, log, first.params[path]))
    return tuple(found)


def _offered(study: Study) -> int | None:
    told = study.user_attrs.get(CONFIRMATION)
    return None if told is None else int(told["offered"])


def _all(root: Path) -> list[Study]:
    import optuna

    database = Paths(root).studies
    if not database.is_file():
        return []
    known = optuna.get_all_study_summaries(f"sqlite:///{database.as_posix()}")
    begun = sorted(
        (s for s in known if s.datetime_start is not None), key=lambda s: str(s.datetime_start), reverse=True
    )
    return [open_study(summary.study_name, database) for summary in begun]


def _last(root: Path, model: str) -> Study | None:
    mine = (s for s in _all(root) if s.user_attrs.get("about", {}).get("model") == model)
    return next((s for s in mine if any(t.state.name == "COMPLETE" for t in finished(s))), None)
