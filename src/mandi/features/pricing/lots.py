"""Questions about lots: what was asked at the moment of each deal, with the assay known by then, and its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mandi.core.frames import Columns, factorized, numbers, texts
from mandi.features.calendar import trading_day
from mandi.tables import asof

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame

ASSAYS = (
    "staple_length_mm", "micronaire", "fiber_strength", "moisture_pct", "foreign_matter_pct", "oil_pct",
    "protein_pct", "iron_pct", "silica_pct",
)  # fmt: skip
COLOR = "color_grade"
TEXTS = ("variety", "grade", "supplier_id", COLOR)
COLUMNS = ("quantity_log", "color_code", "color_missing", *(f"{name}_missing" for name in ASSAYS))


@dataclass(frozen=True)
class LotParams:
    """Colours of cotton, from the best; a colour not listed has the code after the last, a missing one has none."""

    colors: tuple[str, ...] = ("white", "light_spotted", "spotted", "tinged", "yellow_stained")


def lot_questions(tables: Mapping[str, DataFrame]) -> DataFrame:
    """Turn each trade into the question that was open when it was struck.

    Parameters
    ----------
    tables : mapping
        ``trades``, and ``assays`` where there are any; of a lot's assays the last known at the deal is taken.

    Returns
    -------
    DataFrame
        commodity, market, asof, horizon_days (0), kind ("lot"), target_day, variety, grade, quantity (quintals),
        supplier_id, the assay columns, trade_id, label (INR/quintal), label_known_time.
    """
    trades = tables["trades"]
    questions = trades[
        ["trade_id", "lot_id", "commodity", "market", "variety", "grade", "supplier_id"]
    ].assign(
        asof=trades["event_time"],
        horizon_days=0,
        kind="lot",
        target_day=trading_day(trades["event_time"]),
        quantity=trades["quantity"].astype(float),
        label=trades["price"].astype(float),
        label_known_time=trades["known_time"],
    )
    measured = [*ASSAYS, COLOR]
    if "assays" in tables and len(tables["assays"]):
        assays = tables["assays"]
        told = assays.reindex(columns=["lot_id", "known_time", *measured])
        questions = asof.join(questions, told, by="lot_id").drop(columns="known_time")
    questions = questions.reindex(columns=[*questions.columns, *(m for m in measured if m not in questions)])
    return questions.drop(columns="lot_id").reset_index(drop=True)


def lot_features(questions: DataFrame, params: LotParams) -> DataFrame:
    """Numbers of a lot from what is said of it; nothing missing is invented.

    Parameters
    ----------
    questions : DataFrame
        quantity (quintals) and the assay columns; absent columns count as not measured.
    params : LotParams

    Returns
    -------
    DataFrame
        quantity_log (log of 1 + quintals), color_code, and for the colour and every assay column a ``_missing`` flag.

    Examples
    --------
    >>> import pandas as pd
    >>> lots = pd.DataFrame({"quantity": [0.0, 50.0, 50.0], "color_grade": ["white", "mauve", None]})
    >>> lot_features(lots, LotParams())[["color_code", "color_missing"]].to_numpy().tolist()
    [[0.0, 0.0], [5.0, 0.0], [nan, 1.0]]
    """
    return pd.DataFrame(lot_numbers(questions, params), index=questions.index)


def lot_numbers(questions: DataFrame | Columns, params: LotParams) -> dict[str, NDArray[np.float64]]:
    """Return the columns of :func:`lot_features` by their names.

    Parameters
    ----------
    questions : DataFrame or Columns
    params : LotParams
    """
    given = numbers(questions, ("quantity", *ASSAYS))
    color = texts(questions, COLOR) if COLOR in questions else np.full(len(questions), None, dtype=object)
    codes, names = factorized(color)
    known = {name: float(place) for place, name in enumerate(params.colors)}
    code_of = np.array(
        [known.get(str(name).strip().lower(), len(known)) for name in names] + [np.nan], dtype=float
    )
    columns: dict[str, NDArray[np.float64]] = {
        "quantity_log": np.log1p(np.maximum(given["quantity"], 0.0)),
        "color_code": code_of[codes],
        "color_missing": (codes < 0).astype(float),
    }
    for name in ASSAYS:
        columns[f"{name}_missing"] = np.isnan(given[name]).astype(float)
    return columns
