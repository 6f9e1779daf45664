"""Features of the quality model: every lot's measures beside its commodity's standard and its supplier's own past.

One :meth:`QualityFeatures.assemble` serves training (whole history) and service (a snapshot of its last rows). The lot in
question and everything later are never in what it is compared with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import pandas as pd

from mandi.core.errors import ContractError
from mandi.features.grading.quality_history import KEYS, HistoryParams, inspected, quality_states
from mandi.features.grading.quality_measures import COLOR, MEASURES, NUMBERS, MeasureParams, measured
from mandi.features.splits import SplitParams, split
from mandi.features.windows import NS_PER_DAY, nanoseconds
from mandi.tables import asof

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame

    from mandi.features.grading.quality_measures import Columns

    Column = NDArray[np.float64]
    State = Mapping[str, Column]

NEEDED = ("commodity", "supplier_id", "asof")
SUPPLIER = (
    "supplier_worth", "supplier_worth_sd", "supplier_lead", "supplier_lots", "supplier_lots_all", "supplier_days_since",
)  # fmt: skip
MARKET = ("market_worth", "market_worth_sd", "market_lots")
COUNTS = ("measured_count", "refused_count")
COLUMNS = (
    *MEASURES, *(f"{name}_z" for name in MEASURES), *(f"{name}_own_z" for name in MEASURES), *SUPPLIER, *MARKET, *COUNTS,
)  # fmt: skip


@dataclass(frozen=True)
class QualityInputParams:
    """Section ``features``: what is valid, and how the past is summed up."""

    measures: MeasureParams = field(default_factory=MeasureParams)
    history: HistoryParams = field(default_factory=HistoryParams)


@dataclass(frozen=True)
class QualityFeatureParams:
    """Sections ``features`` and ``splits`` of ``models.quality``."""

    features: QualityInputParams = field(default_factory=QualityInputParams)
    splits: SplitParams = field(default_factory=SplitParams)


class QualityFeatures:
    """History, questions and frame of the quality model.

    Parameters
    ----------
    params : QualityFeatureParams
        Anything with its two sections will do.
    """

    name: ClassVar[str] = "quality"
    requires: ClassVar[frozenset[str]] = frozenset({"lots", "assays"})
    uses: ClassVar[frozenset[str]] = frozenset()
    keys: ClassVar[Mapping[str, list[str]]] = KEYS

    def __init__(self, params: QualityFeatureParams) -> None:
        self.params = params

    def history(self, tables: Mapping[str, DataFrame]) -> dict[str, DataFrame]:
        """Build the states of commodities and suppliers; see ``mandi.features.grading.quality_history.quality_states``.

        Raises
        ------
        ContractError
            ``lots`` or ``assays`` is not there.
        """
        wanted = self.params.features
        return quality_states(inspected(tables), wanted.measures, wanted.history)

    def questions(
        self, tables: Mapping[str, DataFrame], history: Mapping[str, DataFrame] | None = None
    ) -> DataFrame:
        """Ask for the grade of every lot at its first assay, at the moment of sampling; a later assay of the lot is not asked.

        Returns
        -------
        DataFrame
            assay_id, lot_id, commodity, supplier_id, inspector_id, market, the measured columns as written, asof (UTC), label (the grade the
            inspector gave), label_known_time, part (train, validation, calibration, test, purged).
        """
        lots = inspected(tables)
        lots = lots[lots["grade"].isin(list(self.params.features.history.values))]
        kept = ["assay_id", "lot_id", "commodity", "supplier_id", "inspector_id", "market", *NUMBERS, COLOR]
        questions = lots[kept].assign(
            asof=lots["event_time"], label=lots["grade"], label_known_time=lots["known_time"]
        )
        questions = questions.sort_values(["asof", "assay_id"], kind="stable", ignore_index=True)
        return questions.assign(part=split(questions, self.params.splits))

    def assemble(self, questions: DataFrame, history: Mapping[str, DataFrame]) -> DataFrame:
        """Complete questions with what was known at their ``asof``.

        Parameters
        ----------
        questions : DataFrame
            commodity, supplier_id (may be missing: a newcomer), asof (UTC); as far as measured the columns of
            ``NUMBERS`` and ``color_grade``. Other columns are passed through.
        history : mapping
            From :meth:`history`, or a snapshot of it.

        Returns
        -------
        DataFrame
            The questions, where ``MEASURES`` hold valid values alone; ``<measure>_z`` (standard deviations from the commodity's mean),
            ``<measure>_own_z`` (from the supplier's own), ``SUPPLIER``, ``MARKET`` and ``COUNTS``. A newcomer has the market's
            mean and spread and ``supplier_lots`` 0.

        Raises
        ------
        ContractError
            A column is missing.
        """
        if absent := [name for name in NEEDED if name not in questions]:
            raise ContractError(f"questions lack {', '.join(absent)}", allowed=", ".join(NEEDED))
        known = {name: _known(questions, history[name], keys) for name, keys in KEYS.items()}
        columns = complete(questions, known, self.params.features)
        rest = questions.drop(columns=[name for name in columns if name in questions])
        return pd.concat([rest, pd.DataFrame(columns, index=questions.index)], axis=1)


def complete(asked: Columns, known: Mapping[str, State], params: QualityInputParams) -> dict[str, Column]:
    """Return the numbers of lots from what is said of them and what was known: the one place where they are made.

    Parameters
    ----------
    asked : DataFrame or mapping of name to column
        ``commodity`` and, as far as measured, the measured columns.
    known : mapping
        By ``KEYS``: the columns of the state known at each row's moment, missing where none was, and ``age_days``.
    params : QualityInputParams

    Returns
    -------
    dict of name to array
        ``COLUMNS``, float64 of shape (n,).
    """
    standard, own, everywhere = (known[name] for name in KEYS)
    values, refused = measured(asked, params.measures)
    columns = _measures(values, standard, own, params.history.own_strength) | _supplier(
        standard, own, everywhere
    )
    given = sum((~np.isnan(columns[name])).astype(np.float64) for name in MEASURES)
    wrong = sum(flags.astype(np.float64) for flags in refused.values())
    return columns | {"measured_count": np.asarray(given), "refused_count": np.asarray(wrong)}


def _known(questions: DataFrame, state: DataFrame, keys: list[str]) -> dict[str, Column]:
    place = asof.positions(questions, state, by=keys)
    return Laid.of(state, keys).taken(place, nanoseconds(questions["asof"]))


@dataclass(frozen=True)
class Laid:
    """One state as a matrix: its columns, its rows and one of missing values after them, and when each row was known."""

    names: tuple[str, ...]
    rows: NDArray[np.float64]
    known_ns: NDArray[np.int64]

    @classmethod
    def of(cls, state: DataFrame, keys: list[str]) -> Self:
        """Lay out a state that has the columns ``keys`` and ``known_time``."""
        names = tuple(str(name) for name in state.columns if name not in (*keys, "known_time"))
        rows = np.vstack([state[list(names)].to_numpy(dtype=np.float64), np.full((1, len(names)), np.nan)])
        return cls(names, rows, np.append(nanoseconds(state["known_time"]), 0))

    def taken(self, place: NDArray[np.intp], asked_ns: NDArray[np.int64]) -> dict[str, Column]:
        """Return the columns at the given places, missing where the place is -1, and ``age_days``."""
        rows = self.rows[place]
        age = np.where(place < 0, np.nan, (asked_ns - self.known_ns[place]) / NS_PER_DAY)
        return {name: rows[:, i] for i, name in enumerate(self.names)} | {"age_days": age}


def _measures(
    values: Mapping[str, Column], standard: State, own: State, strength: float
) -> dict[str, Column]:
    columns: dict[str, Column] = {}
    beside: dict[str, Column] = {}
    own_lots = np.nan_to_num(own["own_lots"])
    for name in MEASURES:
        mean, sd = standard[f"{name}_mean"], standard[f"{name}_sd"]
        own_mean, own_sd = own[f"{name}_own_mean"], own[f"{name}_own_sd"]
        own_mean, own_sd = (
            np.where(np.isnan(own_mean), mean, own_mean),
            np.where(np.isnan(own_sd), sd, own_sd),
        )
        # what the commodity was never measured by says nothing of it
        value = np.where(np.isnan(mean), np.nan, values[name])
        columns[name] = value
        beside[f"{name}_z"] = _score(value, mean, sd)
        # the own mean is itself uncertain: less so the more lots it is of
        beside[f"{name}_own_z"] = _score(value, own_mean, own_sd * np.sqrt(1.0 + 1.0 / (own_lots + strength)))
    return columns | beside


def _supplier(standard: State, own: State, everywhere: State) -> dict[str, Column]:
    worth, spread = own["supplier_worth"], own["supplier_worth_sd"]
    return {
        "supplier_worth": np.where(np.isnan(worth), standard["market_worth"], worth),
        "supplier_worth_sd": np.where(np.isnan(spread), standard["market_worth_sd"], spread),
        "supplier_lead": np.nan_to_num(everywhere["supplier_lead"]),
        "supplier_lots": np.nan_to_num(own["own_lots"]),
        "supplier_lots_all": np.nan_to_num(everywhere["all_lots"]),
        "supplier_days_since": everywhere["age_days"],
        "market_worth": standard["market_worth"],
        "market_worth_sd": standard["market_worth_sd"],
        "market_lots": np.nan_to_num(standard["market_lots"]),
    }


def _score(value: Column, mean: Column, sd: Column) -> Column:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(sd > 0.0, (value - mean) / sd, np.nan)
