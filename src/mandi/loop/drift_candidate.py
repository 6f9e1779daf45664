"""Fits a model of drifted data on newer days and offers it as challenger; nobody but a person, or the gate of a repro, promotes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from mandi.core.config import load_params
from mandi.core.errors import DataNotFound, TooLittleData
from mandi.core.paths import Paths

if TYPE_CHECKING:
    from pandas import DataFrame

    from mandi.models.base import Progress
    from mandi.registry.offer import Offer

TEST_DAYS = 60
"""Days at the end of what has labels that the candidate and the champion are both tested on."""
LEARNT = ("train", "validation", "calibration")


def make_candidate(root: Path, model: str, why: str, progress: Progress | None = None) -> Offer:
    """Fit a model with its parameters as they are, on days nearer to now, and offer it as challenger.

    The last ``TEST_DAYS`` are the test; validation and calibration are as long as in the pipelines and end with it. The
    champion is measured on the same test first, so the gate compares both. No alias but ``challenger`` moves.

    Parameters
    ----------
    root : Path
    model : str
    why : str
        Kept as the note of the run.
    progress : callable, optional

    Returns
    -------
    Offer
        With the gate's verdict and what to type next.

    Raises
    ------
    DataNotFound
        The model has no features.
    TooLittleData
        Not enough labelled days.
    """
    import pandas as pd

    from mandi.evaluation.controls import control_metrics
    from mandi.evaluation.examination import predict_blind
    from mandi.evaluation.examiner import examiner_for
    from mandi.features import feature_set
    from mandi.models import model_class, new_model
    from mandi.registry import promotion
    from mandi.registry.tracking import measured
    from mandi.report.results import read_truth
    from mandi.tables.ingest import read_tables

    paths, params = Paths(root), load_params(root / "params.yaml")
    file = paths.features(model) / "frame.parquet"
    if not file.is_file():
        raise DataNotFound(f"{model} has no features", next_command=f"mandi repro features@{model}")
    frame = later_parts(pd.read_parquet(file))
    tables, seed = read_tables(paths.tables), int(params["seed"])
    fitted = new_model(model, params).fit(frame[frame["part"].isin(LEARNT)], progress)
    examiner, test = examiner_for(model_class(model).spec.task, params, model), frame[frame["part"] == "test"]
    beside = examiner.beside(frame, tables, fitted.baselines(frame, seed))
    truth = read_truth(root)
    metrics = dict(examiner.examine(predict_blind(fitted, test), frame, beside, truth).metrics)
    controls = examiner.controls(
        feature_set(model, params), fitted, lambda: new_model(model, params), frame, tables, seed
    )
    champion = promotion.champion(model, root=root)
    if champion is not None and champion.source == str(params["tables"]["source"]):
        held = promotion.load(model, "champion", root=root)
        asked = examiner.examine(predict_blind(held, test), frame, beside, truth).metrics
        promotion.remeasure(model, "champion", measured(asked)[0], root=root)
    return promotion.offer_challenger(
        fitted,
        metrics | control_metrics(controls),
        params["models"][model],
        f"drift: {why}",
        frame=frame,
        root=root,
    )


def later_parts(frame: DataFrame) -> DataFrame:
    """Move the parts of a frame as near to its end as labels allow.

    Parameters
    ----------
    frame : DataFrame
        ``asof``, ``label``, ``label_known_time`` and ``part`` of the pipelines.

    Returns
    -------
    DataFrame
        With another ``part``; what is asked after the last label is test too.

    Raises
    ------
    TooLittleData
        There are not enough days for all four parts.
    """
    from mandi.core.errors import ConfigError
    from mandi.features.splits import SplitParams, split

    starts = frame.groupby("part")["asof"].min()
    if any(part not in starts for part in (*LEARNT, "test")):
        raise TooLittleData("the frame lacks one of its parts", allowed=", ".join((*LEARNT, "test")))
    labelled = frame.loc[frame["label"].notna(), "asof"]
    test = labelled.max() - timedelta(days=TEST_DAYS)
    calibration = test - (starts["test"] - starts["calibration"])
    validation = calibration - (starts["calibration"] - starts["validation"])
    moments = [moment.isoformat() for moment in (validation, calibration, test)]
    try:
        part = split(frame, SplitParams(*moments))
    except ConfigError as error:
        raise TooLittleData(error.message, allowed="labelled days for four parts") from None
    found = frame.assign(part=part)
    if not found.loc[found["part"] == "test", "label"].notna().any():
        raise TooLittleData("no question of the last days has a label yet", allowed="labelled days")
    return found
