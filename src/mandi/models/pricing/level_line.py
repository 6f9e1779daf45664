"""Moves a market's expected log price by the latest news, linearly: learnt from what the market reported a day later.

There are ten times as many reports as lots, so what they teach about the level is learnt from them, and lots only
teach what a lot adds. Ridge regression on the filter's details; the move of the nation is taken out of the target.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from mandi.core.frames import Columns, numbers

if TYPE_CHECKING:
    from pandas import DataFrame

Floats = np.ndarray[Any, np.dtype[np.float64]]
STATE = ("national_move", "state_move", "neighbour_move", "innovation_1", "market_lead", "noise_sd")
FRESH = ("neighbour_move", "innovation_1")
READ = (*STATE, "level", "last_log", "last_age", "national_log", "state_log", "step")
LEAST_ROWS = 500
CLIP = 5.0


@dataclass(frozen=True)
class LevelLine:
    """A fitted line: one weight per detail, on details centred and scaled as in training.

    Attributes
    ----------
    details : tuple of str
        Columns ``b_*`` that are read besides :data:`READ`.
    centre, spread, weights : tuple of float
        Per regressor; the last weight is the constant. Empty weights move nothing.
    """

    details: tuple[str, ...] = ()
    centre: tuple[float, ...] = ()
    spread: tuple[float, ...] = ()
    weights: tuple[float, ...] = ()

    @classmethod
    def learn(cls, reports: DataFrame, penalty: float = 50.0, clip_scales: float = 4.0) -> Self:
        """Fit on market questions one day ahead.

        Parameters
        ----------
        reports : DataFrame
            :data:`READ`, ``b_*``, scale, label (INR/quintal), national_ahead (log); rows of other steps are left out.
        penalty : float
            Ridge penalty on scaled regressors.
        clip_scales : float
            Targets are clipped at this many of the filter's error scales.

        Returns
        -------
        LevelLine
            One that moves nothing where fewer than 500 rows can be used.
        """
        details = tuple(sorted(name for name in reports.columns if name.startswith("b_")))
        usable = reports[
            (reports["step"] == 1) & np.isfinite(reports["level"]) & np.isfinite(reports["scale"])
        ]
        if len(usable) < LEAST_ROWS:
            return cls()
        raw = _regressors(usable, details)
        centre = np.nan_to_num(np.nanmedian(raw, axis=0))
        spread = np.nan_to_num(np.nanstd(raw, axis=0))
        spread[spread < 1e-9] = 1.0
        left = np.log(usable["label"]) - usable["level"] - usable["national_ahead"].fillna(0.0)
        scale = usable["scale"].to_numpy(np.float64)
        target = np.clip(left.to_numpy(np.float64) / scale, -clip_scales, clip_scales) * scale
        matrix = _scaled(raw, centre, spread)
        weights = np.linalg.solve(matrix.T @ matrix + penalty * np.eye(matrix.shape[1]), matrix.T @ target)
        return cls(details, tuple(centre.tolist()), tuple(spread.tolist()), tuple(weights.tolist()))

    def move(self, frame: DataFrame | Columns) -> Floats:
        """Return by how much each row's log level moves; nothing where there is no level."""
        if not self.weights:
            return np.zeros(len(frame))
        centre, spread, weights = self._arrays
        matrix = _scaled(_regressors(frame, self.details), centre, spread)
        # summed row by row in one order, so that a row's bits do not depend on how many are asked
        moved = (matrix * weights).cumsum(axis=1)[:, -1]
        return np.where(np.isfinite(numbers(frame, ["level"])["level"]), moved, 0.0)

    @cached_property
    def _arrays(self) -> tuple[Floats, Floats, Floats]:
        return np.array(self.centre), np.array(self.spread), np.array(self.weights)


def _regressors(frame: DataFrame | Columns, details: tuple[str, ...]) -> Floats:
    columns = numbers(frame, (*READ, *details))
    level, age = columns["level"], columns["last_age"]
    gap = columns["last_log"] - level
    chosen = [columns[name] for name in (*details, *STATE)]
    chosen += [
        gap,
        gap * np.exp(-np.minimum(age, 30.0) / 3.0),
        columns["national_log"] - level,
        columns["state_log"] - level,
    ]
    chosen += [np.where(age == 0.0, columns[name], 0.0) for name in FRESH]
    return np.column_stack(chosen)


def _scaled(raw: Floats, centre: Floats, spread: Floats) -> Floats:
    scaled = np.clip((raw - centre) / spread, -CLIP, CLIP)
    scaled[np.isnan(scaled)] = 0.0
    return np.column_stack([scaled, np.ones(len(raw))])
