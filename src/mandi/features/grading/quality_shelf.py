"""The last known state of every commodity and supplier, laid out once so that a question is completed without a join."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mandi.core.errors import ContractError
from mandi.features.grading.quality_history import KEYS
from mandi.features.grading.quality_measures import MEASURES
from mandi.features.quality import Laid, QualityInputParams, complete
from mandi.tables.asof_index import LastKnown

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame


class QualityShelf:
    """Completes questions from a snapshot, by the same numbers as ``QualityFeatures.assemble``.

    Parameters
    ----------
    history : mapping of name to frame
        One row per key: what ``mandi.features.base.snapshot`` left of ``QualityFeatures.history``.
    params : QualityInputParams

    Raises
    ------
    ContractError
        A key occurs twice.

    Examples
    --------
    >>> import pandas as pd
    >>> from mandi.features.grading.quality_history import quality_states
    >>> when, wanted = pd.to_datetime(["2024-01-01", "2024-01-02"], utc=True), QualityInputParams()
    >>> lots = pd.DataFrame({"lot_id": ["L1", "L2"], "commodity": "wheat", "supplier_id": ["S1", "S2"],
    ...     "moisture_pct": [10.0, 12.0], "grade": ["A", "C"], "known_time": when})
    >>> states = {n: s.drop_duplicates(KEYS[n], keep="last") for n, s in
    ...     quality_states(lots, wanted.measures, wanted.history).items()}
    >>> shelf = QualityShelf(states, wanted)
    >>> asked = {"commodity": ["wheat"], "supplier_id": ["S9"], "moisture_pct": [11.0]}
    >>> found = shelf.complete(asked, np.array([pd.Timestamp("2024-02-01", tz="UTC").value]))
    >>> float(found["market_worth"][0]), float(found["supplier_lots"][0])
    (75.0, 0.0)
    """

    def __init__(self, history: Mapping[str, DataFrame], params: QualityInputParams) -> None:
        self.params = params
        self._states: dict[str, tuple[list[str], dict[Any, int], Laid]] = {}
        self._last: dict[str, LastKnown] = {}
        for name, keys in KEYS.items():
            state = history[name].reset_index(drop=True)
            rows = list(zip(*(state[key] for key in keys))) if len(keys) > 1 else state[keys[0]].tolist()
            places = {key: place for place, key in enumerate(rows)}
            if len(places) != len(rows):
                raise ContractError(
                    f"{len(rows) - len(places)} keys of {name} occur twice",
                    allowed="a snapshot: the last row of each key",
                )
            self._states[name] = (keys, places, Laid.of(state, keys))
            self._last[name] = LastKnown(state, keys)

    @property
    def commodities(self) -> dict[str, int]:
        """How many lots are known of each commodity."""
        _, places, laid = self._states["standards"]
        lots = laid.rows[:, laid.names.index("market_lots")]
        return {str(name): int(lots[place]) for name, place in sorted(places.items())}

    def knows(self, supplier: str | None) -> bool:
        """Whether a supplier has any lot in the history."""
        return supplier in self._states["suppliers"][1]

    def measured_by(self) -> dict[str, tuple[str, ...]]:
        """Return the measures that each commodity is known by."""
        return {commodity: tuple(self.means(commodity)) for commodity in self.commodities}

    def means(self, commodity: str) -> dict[str, float]:
        """Return the commodity's mean of each measure it is known by, in the units of ``UNITS``."""
        _, places, laid = self._states["standards"]
        row = dict(zip(laid.names, laid.rows[places[commodity]]))
        return {name: float(row[f"{name}_mean"]) for name in MEASURES if not np.isnan(row[f"{name}_mean"])}

    def best_known(self, commodity: str) -> str:
        """Return the supplier with most lots of a commodity."""
        _, places, laid = self._states["supplier_lots"]
        lots = laid.rows[:, laid.names.index("own_lots")]
        found = [(lots[place], supplier) for (supplier, of), place in places.items() if of == commodity]
        return str(max(found)[1])

    def complete(
        self, asked: Mapping[str, Sequence[Any]], asked_ns: NDArray[np.int64]
    ) -> dict[str, NDArray[np.float64]]:
        """Return ``mandi.features.quality.COLUMNS``; see ``mandi.features.quality.complete``.

        Parameters
        ----------
        asked : mapping of name to sequence
            ``commodity``, ``supplier_id`` (None for an unknown one) and the measured columns.
        asked_ns : array
            Moments, whole nanoseconds since 1970, UTC; what was known later is not used.
        """
        known = {}
        for name, (keys, _, laid) in self._states.items():
            place = self._last[name].rows([asked[key] for key in keys], asked_ns.view("datetime64[ns]"))
            known[name] = laid.taken(place, asked_ns)
        return complete(asked, known, self.params)
