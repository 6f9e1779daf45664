"""Frames of a study for tables and pictures: its trials, and how much each setting decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mandi.tuning.spaces import Setting, tidy
from mandi.tuning.study import LOSSES, PLACE, SECONDS, finished

if TYPE_CHECKING:
    from optuna.study import Study

LEAST_WHOLE = 4  # scored trials, below which no importance is told
COLUMNS = ("trial", "state", "loss", "best", "folds", "seconds")


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
