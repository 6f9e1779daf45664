"""One LightGBM for the weeks ahead of all places and commodities: everything it sees and says is a log-ratio to a level.

The level is the mean of the last eight weeks, in tonnes on a usual day. What it sees: how the last weeks lay to it, how the
same weeks of earlier years lay to the level of their time, the season of the year, the step ahead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from mandi.models.forecasting.demand_cases import BLOCKS

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
YEAR = 52
LEVEL_WEEKS = 8
RECENT = 6
WINDOWS = (4, 13, 26, 52)
YEARS = (1, 2, 3)


@dataclass(frozen=True)
class TreeParams:
    """Section ``models.demand.trees``: LightGBM's settings; loss is absolute error.

    Attributes
    ----------
    seeds : tuple of int
        One booster each, averaged.
    least_rows : int
        With fewer rows nothing is fitted.
    """

    n_estimators: int = 150
    learning_rate: float = 0.08
    num_leaves: int = 31
    min_data_in_leaf: int = 60
    feature_fraction: float = 0.7
    bagging_fraction: float = 0.7
    lambda_l2: float = 1.0
    seeds: tuple[int, ...] = (0,)
    least_rows: int = 500
    threads: int = 1


class DemandTrees:
    """Boosted trees over cases.

    Parameters
    ----------
    params : TreeParams
    """

    def __init__(self, params: TreeParams) -> None:
        self.params = params
        self.boosters: list[Any] = []

    def fit(self, series: list[Floats], last: np.ndarray, truth: Floats) -> Self:
        """Learn from cases whose weeks ahead are known.

        Parameters
        ----------
        series : list of array
            Past of each case, tonnes on a usual day.
        last : array of datetime64[D]
            Last day known of each.
        truth : array, shape (cases, weeks ahead)
            Tonnes on a usual day; missing ones are left out.
        """
        import lightgbm

        inputs, levels = rows_of(series, last)
        ahead = np.full((len(series), BLOCKS), np.nan)
        ahead[:, : truth.shape[1]] = truth
        target = _log(ahead, levels[:, None]) - np.log(levels)[:, None]
        kept = np.isfinite(target.ravel())
        if kept.sum() < self.params.least_rows:
            return self
        settings = {
            "objective": "l1", "num_leaves": self.params.num_leaves, "learning_rate": self.params.learning_rate,
            "min_data_in_leaf": self.params.min_data_in_leaf, "feature_fraction": self.params.feature_fraction,
            "bagging_fraction": self.params.bagging_fraction, "bagging_freq": 1, "lambda_l2": self.params.lambda_l2,
            "num_threads": self.params.threads, "deterministic": True, "force_row_wise": True, "verbose": -1,
        }  # fmt: skip
        for seed in self.params.seeds:
            data = lightgbm.Dataset(
                inputs[kept], target.ravel()[kept], params={"verbose": -1, "max_bin": 127}
            )
            settings["seed"] = seed
            self.boosters.append(lightgbm.train(settings, data, num_boost_round=self.params.n_estimators))
        return self

    def forecast(self, series: list[Floats], last: np.ndarray) -> Floats:
        """Return tonnes on a usual day, shape (cases, BLOCKS); missing where nothing was fitted."""
        if not self.boosters or not series:
            return np.full((len(series), BLOCKS), np.nan)
        inputs, levels = rows_of(series, last)
        threads = self.params.threads
        moves = np.mean([b.predict(inputs, num_threads=threads) for b in self.boosters], axis=0)
        found: Floats = levels[:, None] * np.exp(moves.reshape(len(series), BLOCKS))
        return found

    def as_texts(self) -> list[str]:
        """Return the boosters as LightGBM's own text."""
        return [booster.model_to_string(num_iteration=-1) for booster in self.boosters]

    @classmethod
    def from_texts(cls, texts: list[str], params: TreeParams) -> DemandTrees:
        """Read what ``as_texts`` returned."""
        import lightgbm

        trees = cls(params)
        trees.boosters = [lightgbm.Booster(model_str=text) for text in texts]
        return trees


def rows_of(series: list[Floats], last: np.ndarray) -> tuple[Floats, Floats]:
    """Return what the trees see, one row per case and week ahead, and the level of each case.

    Examples
    --------
    >>> past = [np.arange(1.0, 121.0)]
    >>> inputs, levels = rows_of(past, np.array(["2024-05-01"], dtype="datetime64[D]"))
    >>> inputs.shape, levels.tolist()
    ((15, 20), [116.5])
    """
    depth = YEAR * max(YEARS) + LEVEL_WEEKS + 2
    aligned = np.full((len(series), depth), np.nan)  # the latest week last
    for row, values in enumerate(series):
        kept = values[-depth:]
        aligned[row, depth - len(kept) :] = kept
    levels = _mean(aligned[:, -LEVEL_WEEKS:])
    levels = np.where(levels > 0, levels, np.maximum(_mean(aligned), 1e-6))
    base = np.log(levels)
    fixed = [_log(aligned[:, -k], levels) - base for k in range(1, RECENT + 1)]
    fixed += [_log(_mean(aligned[:, -window:]), levels) - base for window in WINDOWS]
    ahead = np.arange(BLOCKS)
    moving = [np.broadcast_to(ahead + 1.0, (len(series), BLOCKS))]
    for year in YEARS:
        back = depth - YEAR * year
        then = np.stack([_mean(aligned[:, max(back + b - 1, 0) : back + b + 2]) for b in ahead], axis=1)
        level_then = _mean(aligned[:, max(back - LEVEL_WEEKS, 0) : back])
        moving += [
            _log(then, levels[:, None]) - _log(level_then, levels)[:, None],
            _log(then, levels[:, None]) - base[:, None],
        ]
    angle = 2 * np.pi * (last.astype("datetime64[D]").astype(float)[:, None] + 7 * ahead + 4) / 365.25
    moving += [np.sin(angle), np.cos(angle), np.isfinite(moving[-1]).astype(float)]
    still = np.repeat(np.stack(fixed, axis=1)[:, None, :], BLOCKS, axis=1)
    rows = np.concatenate([still, np.stack(moving, axis=2)], axis=2)
    return rows.reshape(len(series) * BLOCKS, -1), levels


def _mean(values: Floats) -> Floats:
    known = np.isfinite(values)
    count = known.sum(axis=1)
    total = np.where(known, values, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _log(values: Floats, levels: Floats) -> Floats:
    # a week of nothing is held at a hundredth of the level
    return np.log(np.maximum(values, 0.01 * levels))
