"""Fits a model with settings on a fold and says how far off it is: what a trial, and what its confirmation is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mandi.models import model_class, new_model
from mandi.tuning.folds import FoldParams, folds
from mandi.tuning.losses import Loss, Stretches, asked_loss, loss_by_stretch
from mandi.tuning.spaces import Value, set_to
from mandi.tuning.study import Later, Score

if TYPE_CHECKING:
    import pandas as pd


def scorers(
    model: str, params: Mapping[str, Any], rows: pd.DataFrame, layout: FoldParams, loss: Loss, searched: int
) -> tuple[Score, Later]:
    """Lay folds over rows; return what says how far off a model with some settings is on one of them, and on the later ones.

    Parameters
    ----------
    model : str
    params : mapping
        All of params.yaml.
    rows : DataFrame
        From ``open_rows``.
    layout : FoldParams
    loss : Loss
    searched : int
        Folds before the later ones.
    """
    laid = [
        (loss.learnt(fold.learn), fold.asked) for fold in folds(rows, model_class(model).spec.task, layout)
    ]

    def fitted(settings: Mapping[str, Value], learn: pd.DataFrame) -> Any:
        return new_model(model, set_to(params, model, settings, brief=True)).fit(learn)

    def score(settings: Mapping[str, Value], number: int) -> float:
        learn, asked = laid[number]
        return asked_loss(fitted(settings, learn), asked, loss)

    def later(settings: Mapping[str, Value]) -> list[Stretches]:
        return [loss_by_stretch(fitted(settings, learn), asked, loss) for learn, asked in laid[searched:]]

    return score, later
