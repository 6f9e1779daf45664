"""Prediction intervals of demand from errors that were made: conformal, as shares of the forecast.

An error is divided by its forecast and by the usual relative error of its place, so that places of every size share their
quantiles; these differ by kind of question, by level of place, by days ahead (to 30, 60, 90) and on days on which most
markets rest. Bounds are never negative. Source: split conformal prediction, Lei et al. (2018).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mandi.models.forecasting.demand_blend import place_name

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
BANDS = (30, 60, 90)
PRIOR_ROWS = 20.0  # errors of all places mixed into those of one
LEAST_ROWS = 60  # of a group of its own
WIDEST = 20.0  # times the forecast


@dataclass(frozen=True)
class DemandIntervals:
    """Quantiles of scaled relative errors.

    Attributes
    ----------
    level : float
        Share of the truth inside.
    scales : dict of place to float
        Usual relative error; ``""`` of a place not seen.
    quantiles : dict of group to (low, high)
        Groups from narrow to wide: "day, state, rest, 60", "day, state, rest", "day, state", "day", "".
    """

    level: float
    scales: dict[str, float]
    quantiles: dict[str, tuple[float, float]]

    @classmethod
    def fit(cls, errors: Errors, level: float) -> DemandIntervals:
        """Learn from errors.

        Parameters
        ----------
        errors : Errors
            Of forecasts that were made without knowing what came.
        level : float

        Examples
        --------
        >>> rng = np.random.default_rng(0)
        >>> truth = 100 * np.exp(0.1 * rng.standard_normal(2000))
        >>> text = np.full(2000, "a", dtype=object)
        >>> asked = Asked(text, text, text, np.full(2000, "day", dtype=object), np.full(2000, 7.0), np.ones(2000))
        >>> found = DemandIntervals.fit(Errors(asked, np.full(2000, 100.0), truth), 0.9)
        >>> low, high = found.around(asked, np.full(2000, 100.0))
        >>> round(float(((truth >= low) & (truth <= high)).mean()), 2)
        0.9
        """
        kept = np.isfinite(errors.forecast) & np.isfinite(errors.truth) & (errors.forecast > 0)
        asked, ratio = errors.asked.only(kept), errors.truth[kept] / errors.forecast[kept] - 1.0
        if not kept.any():
            return cls(level, {"": 1.0}, {"": (-1.0, WIDEST)})
        usual = float(np.abs(ratio).mean()) or 1e-6
        scales = {"": usual}
        names = asked.places()
        for name in sorted(set(names)):
            own = np.abs(ratio[names == name])
            scales[name] = float((own.sum() + PRIOR_ROWS * usual) / (len(own) + PRIOR_ROWS))
        scaled = ratio / np.array([scales[name] for name in names])
        quantiles = {"": _quantiles(scaled, level)}
        for groups in zip(*asked.groups(), strict=True):
            for group in groups:
                quantiles.setdefault(group, (np.nan, np.nan))
        columns = asked.groups()
        for group, (low, _) in list(quantiles.items()):
            if np.isnan(low):
                rows = np.any([column == group for column in columns], axis=0)
                if rows.sum() >= LEAST_ROWS:
                    quantiles[group] = _quantiles(scaled[rows], level)
                else:
                    del quantiles[group]
        return cls(level, scales, quantiles)

    def around(self, asked: Asked, forecast: Floats) -> tuple[Floats, Floats]:
        """Return the bounds of forecasts (tonnes)."""
        usual = self.scales[""]
        scale = np.array([self.scales.get(name, usual) for name in asked.places()], dtype=float)
        pairs = [self._of(groups) for groups in zip(*asked.groups(), strict=True)]
        low, high = np.array(pairs, dtype=float).reshape(-1, 2).T
        lower = np.clip(forecast * (1.0 + scale * low), 0.0, forecast)
        upper = np.maximum(forecast * np.minimum(1.0 + scale * high, WIDEST), forecast)
        return lower, upper

    def _of(self, groups: tuple[str, ...]) -> tuple[float, float]:
        return next(self.quantiles[g] for g in (*groups, "") if g in self.quantiles)

    def as_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "level": self.level,
            "scales": self.scales,
            "quantiles": {k: list(v) for k, v in self.quantiles.items()},
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> DemandIntervals:
        """Read what ``as_dict`` returned."""
        quantiles = {k: (float(a), float(b)) for k, (a, b) in plain["quantiles"].items()}
        return cls(plain["level"], dict(plain["scales"]), quantiles)


@dataclass(frozen=True)
class Asked:
    """What intervals differ by, one value per row: place, level, kind, days ahead, and the day's share of a usual day."""

    commodity: np.ndarray
    location: np.ndarray
    level: np.ndarray
    kind: np.ndarray
    steps: Floats
    share: Floats

    def only(self, chosen: np.ndarray) -> Asked:
        """Return some of the rows."""
        return Asked(*(part[chosen] for part in vars(self).values()))

    def places(self) -> np.ndarray:
        """Return the name of each row's place, by kind."""
        rows = zip(self.kind, self.commodity, self.location, strict=True)
        return np.array([f"{k}: {place_name(c, p)}" for k, c, p in rows], dtype=object)

    def groups(self) -> list[np.ndarray]:
        """Return the names of each row's groups, from narrow to wide."""
        band = np.array(BANDS)[np.minimum(np.searchsorted(BANDS, np.nan_to_num(self.steps)), len(BANDS) - 1)]
        rest = np.where((self.share < 0.6) & (self.kind == "day"), "rest", "open")
        rows = list(zip(self.kind, self.level, rest, band, strict=True))
        names = [
            [f"{k}, {v}, {r}, {b}" for k, v, r, b in rows], [f"{k}, {v}, {r}" for k, v, r, _ in rows],
            [f"{k}, {v}" for k, v, _, _ in rows], [str(k) for k, _, _, _ in rows],
        ]  # fmt: skip
        return [np.array(column, dtype=object) for column in names]


@dataclass(frozen=True)
class Errors:
    """Forecasts that were made, and what came (tonnes)."""

    asked: Asked
    forecast: Floats
    truth: Floats


def _quantiles(scaled: Floats, level: float) -> tuple[float, float]:
    ordered, tail = np.sort(scaled), (1.0 - level) / 2.0
    count = len(ordered)
    beyond = int(np.floor(tail * (count + 1)))  # errors left outside on either side
    low = ordered[max(beyond - 1, 0)]
    high = ordered[min(count - beyond, count - 1)]
    return float(min(low, 0.0)), float(max(high, 0.0))
