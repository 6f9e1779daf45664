"""The blend of demand members: weights per place and group of weeks ahead, from what each would have said at past moments.

Weights follow ``mandi.models.forecasting.series_blend``. A member that has nothing to say about a place gives its weight to the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mandi.models.forecasting.demand_cases import BLOCKS, Cases
from mandi.models.forecasting.series_backtest import Backtest
from mandi.models.forecasting.series_blend import BlendParams, blend_weights

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@dataclass(frozen=True)
class WeighParams:
    """Section ``models.demand.blend``.

    Attributes
    ----------
    power : float
        Weight = back-test error ** -power.
    shrink : float
        Share of the member's mean over places in the error it is weighed by.
    groups : tuple of int
        Last week ahead of each group of weeks with weights of its own.
    """

    power: float = 3.0
    shrink: float = 0.5
    groups: tuple[int, ...] = (4, 8)

    def blend(self) -> BlendParams:
        """Return the settings of ``series_blend`` these are."""
        return BlendParams(groups=self.groups, power=self.power, shrink=self.shrink, season=52)


@dataclass(frozen=True)
class DemandBlend:
    """Weights of the members of one level of places.

    Attributes
    ----------
    members : tuple of str
    weights : dict of place to array of shape (groups, members)
        A place is "commodity, location"; ``""`` stands for one not seen.
    groups : tuple of int
    """

    members: tuple[str, ...]
    weights: dict[str, Floats]
    groups: tuple[int, ...]

    @classmethod
    def fit(cls, past: Backtest, params: WeighParams) -> DemandBlend:
        """Weigh the members of a back-test; those that said nothing at all are left out."""
        told = [m for row, m in enumerate(past.members) if np.isfinite(past.forecasts[:, row]).any()]
        past = past.only(told)
        settings = params.blend()
        shape = (len(past.names), len(settings.bounds(BLOCKS)), len(told))
        known = np.isfinite(past.truth).any()
        found = blend_weights(past, settings) if known else np.full(shape, 1.0 / max(len(told), 1))
        weights = {name: found[row] for row, name in enumerate(past.names)}
        weights[""] = found.mean(axis=0)
        return cls(tuple(told), weights, params.groups)

    def parts(self, cases: Cases, forecasts: Mapping[str, Floats]) -> Floats:
        """Return each member's part of the blend, shape (members, cases, BLOCKS); they sum to it."""
        ahead = np.stack([forecasts[m] for m in self.members])
        weights = np.zeros_like(ahead)
        bounds = BlendParams(groups=self.groups).bounds(BLOCKS)
        for row, (commodity, location) in enumerate(zip(cases.commodity, cases.location, strict=True)):
            own = self.weights.get(place_name(commodity, location), self.weights[""])
            for group, (first, end) in enumerate(bounds):
                weights[:, row, first:end] = own[group][:, None]
        weights = np.where(np.isfinite(ahead), weights, 0.0)
        total = weights.sum(axis=0)
        shared = weights / np.where(total > 0, total, np.nan)
        found: Floats = shared * np.where(np.isfinite(ahead), ahead, 0.0)
        return found

    def shares(self, cases: Cases, forecasts: Mapping[str, Floats]) -> Floats:
        """Return the weight each member really has, shape (members, cases, BLOCKS)."""
        ones = {m: np.where(np.isfinite(forecasts[m]), 1.0, np.nan) for m in self.members}
        return self.parts(cases, ones)

    def as_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "members": list(self.members), "groups": list(self.groups),
            "weights": {name: w.tolist() for name, w in self.weights.items()},
        }  # fmt: skip

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> DemandBlend:
        """Read what ``as_dict`` returned."""
        weights = {name: np.array(w, dtype=float) for name, w in plain["weights"].items()}
        return cls(tuple(plain["members"]), weights, tuple(plain["groups"]))


def without(past: Backtest, row: int) -> Backtest:
    """Return a back-test that does not know what came after one of its origins."""
    truth = past.truth.copy()
    truth[row] = np.nan
    return replace(past, truth=truth)


def place_name(commodity: Any, location: Any) -> str:
    """Return the name of a place's series.

    Examples
    --------
    >>> place_name("tur", "India")
    'tur, India'
    """
    return f"{commodity}, {location}"
