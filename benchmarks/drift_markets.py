"""Generated markets as frames of all models, and answers of the price model, for the benchmark of drift."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from mandi.evaluation.examination import predict_blind
from mandi.features import feature_set
from mandi.features.splits import SplitParams, split
from mandi.models import new_model
from mandi.tables.ingest import import_tables, read_tables

SHIFT = pd.Timestamp("2023-06-12", tz="UTC")
LEARNT = pd.Timestamp("2022-10-20", tz="UTC")
PARTS = SplitParams(0.7, 0.85, "2022-10-19")


def frames_of(
    params: Mapping[str, Any], market: Mapping[str, Any], models: tuple[str, ...] = ()
) -> dict[str, pd.DataFrame]:
    """Generate a market and assemble the questions of its models.

    Parameters
    ----------
    params : mapping
        Of the project.
    market : mapping
        Fields of ``MarketParams`` that are others than the project's.
    models : tuple of str
        All if none is named.
    """
    chosen = {**params, "market": {**params["market"], "optimal_filter": False, **market}}
    with TemporaryDirectory() as somewhere:
        folder = Path(somewhere)
        import_tables(chosen, folder / "tables", root=folder, now=pd.Timestamp.now(tz="UTC"))
        tables = read_tables(folder / "tables")
    frames = {}
    for name in models or tuple(params["models"]):
        features = feature_set(name, chosen)
        history = features.history(tables)
        frames[name] = features.assemble(features.questions(tables, history), history)
    return frames


def filter_answers(frame: pd.DataFrame) -> pd.DataFrame:
    """Return what the filter alone answers the market questions with: its level, and its own 90 % range."""
    market = frame[(frame["kind"] == "market") & frame["level"].notna()]
    level, half = market["level"], market["half90"]
    return pd.DataFrame(
        {
            "predicted_price": np.exp(level),
            "lower_bound_90": np.exp(level - half),
            "upper_bound_90": np.exp(level + half),
        }
    )


def fitted_answers(frame: pd.DataFrame, params: Mapping[str, Any]) -> pd.DataFrame:
    """Return what the whole price model answers, fitted on what was known in October before the shift."""
    before = frame[frame["label_known_time"] < LEARNT]
    fitted = new_model("price", params).fit(before.assign(part=split(before, PARTS)))
    return predict_blind(fitted, frame[frame["asof"].between(LEARNT, SHIFT + pd.Timedelta(days=40))])
