"""A history of the matching model made ready once, so that completing a few pairs costs no more than looking them up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mandi.core.errors import ContractError, nearest
from mandi.features.ranking.hard_constraints import ConstraintParams
from mandi.features.ranking.match_questions import WANTED
from mandi.features.ranking.pair_columns import NUMBERS, pair_columns
from mandi.features.ranking.partner_states import DEALING
from mandi.tables.asof_index import LastKnown

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame

TEXTS = ("seller_id", "offer_commodity", "offer_market", "variety", "grade")
OFFERED = ("offer_quantity", "ask_price", "offer_latitude", "offer_longitude")
TIMES = ("ready_from", "ready_until")
SHOWN = (*NUMBERS, "offer_quantity", "ask_price")
ASKED = ("availability_id", *(name for name in WANTED if name != "requirement_id"))
ASKED_TEXTS = ("availability_id", "buyer_id", "commodity", "market", "min_grade")
ASKED_NUMBERS = ("quantity", "max_price", "max_distance_km")
ASKED_TIMES = ("deliver_from", "deliver_until", "asof")
STATES: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("places", ("market",), ("latitude", "longitude")),
    ("levels", ("commodity",), ("level", "size")),
    ("sellers", ("seller_id",), ("seller_credit", "seller_rate")),
    ("dealings", tuple(DEALING), ("dealing_rate",)),
)


class PairBook:
    """Completes pairs of a want and an offer with what was known at the moment of the want.

    Parameters
    ----------
    history : mapping of name to frame
        Of ``MatchingFeatures``, whole or as it is served.
    params : ConstraintParams
    """

    def __init__(self, history: Mapping[str, DataFrame], params: ConstraintParams) -> None:
        self.params = params
        offers = history["offers"]
        self._offers = LastKnown(offers, ["availability_id"])
        self._texts = {name: _with_missing(offers[name].to_numpy(dtype=object), None) for name in TEXTS}
        self._numbers = {name: _with_missing(offers[name].to_numpy(dtype=float), np.nan) for name in OFFERED}
        self._times = {
            name: _with_missing(moments(offers[name]), np.datetime64("NaT", "ns"))
            for name in (*TIMES, "known_time")
        }
        self._states = [
            (
                LastKnown(history[table], keys),
                keys,
                {name: _with_missing(history[table][name].to_numpy(dtype=float), np.nan) for name in columns},
            )
            for table, keys, columns in STATES
        ]

    def assemble(self, questions: DataFrame) -> DataFrame:
        """Return questions with their offers and the columns of ``pair_columns``; see ``MatchingFeatures.assemble``.

        Raises
        ------
        ContractError
            A column is missing.
        """
        for column in ASKED:
            if column not in questions:
                raise ContractError(
                    f'questions have no column "{column}"{nearest(column, map(str, questions.columns))}'
                )
        asked: dict[str, Any] = {name: questions[name].to_numpy(dtype=object) for name in ASKED_TEXTS}
        asked |= {name: questions[name].to_numpy(dtype=np.float64) for name in ASKED_NUMBERS}
        asked |= {name: moments(questions[name]) for name in ASKED_TIMES}
        told = self.columns(asked)
        numbers = (
            np.column_stack([told[name] for name in SHOWN]) if len(questions) else np.empty((0, len(SHOWN)))
        )
        block = pd.DataFrame(numbers, index=questions.index, columns=list(SHOWN))
        texts = pd.DataFrame({name: told[name] for name in TEXTS}, index=questions.index, dtype=object)
        replaced = {*SHOWN, *TEXTS}
        rest = questions[[c for c in questions.columns if c not in replaced]]
        return pd.concat([rest, texts, block], axis=1)

    def columns(self, asked: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Complete pairs given as arrays of shape (n_pairs,): ``ASKED``, times as datetime64 without a zone (UTC)."""
        when = asked["asof"]
        place = self._offers.rows([asked["availability_id"].tolist()], when)
        told: dict[str, Any] = dict(asked)
        for held in (self._texts, self._numbers, self._times):
            told |= {name: values[place] for name, values in held.items()}  # -1 is the last, which is missing
        told["offer_known"] = told.pop("known_time")
        for known, keys, columns in self._states:
            place = known.rows([told[name].tolist() for name in keys], when)
            told |= {name: values[place] for name, values in columns.items()}
        return {**told, **pair_columns(told, self.params)}


def moments(column: pd.Series) -> NDArray[Any]:
    """Return times as datetime64 without a zone, UTC.

    Examples
    --------
    >>> moments(pd.Series(pd.to_datetime(["2024-06-03 05:30+05:30"]))).tolist() == [1717372800000000000]
    True
    """
    zone = getattr(column.dtype, "tz", None)
    if zone is not None:
        return np.asarray(column.array.tz_convert("UTC").tz_localize(None), dtype="datetime64[ns]")
    return column.to_numpy(dtype="datetime64[ns]")


def _with_missing(values: NDArray[Any], missing: Any) -> NDArray[Any]:
    longer = np.empty(len(values) + 1, dtype=values.dtype)
    longer[:-1], longer[-1] = values, missing
    return longer
