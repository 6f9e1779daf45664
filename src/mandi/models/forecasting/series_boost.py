"""One LightGBM model over all series of a panel, with the step ahead as a feature.

Everything the trees see and predict is a log-ratio to the series' recent level, divided by the series' mean absolute log
change, so that series of any unit and any liveliness look alike. Loss is absolute error. Values come back in the series'
own unit.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from mandi.core.errors import ContractError
from mandi.models.forecasting.series_members import MemberForecast, fallback
from mandi.models.forecasting.series_panel import Floats, SeriesPanel

Matrix = np.ndarray[tuple[int, ...], np.dtype[np.float32]]


@dataclass(frozen=True)
class BoostTrees:
    """LightGBM's own settings."""

    n_estimators: int = 300
    learning_rate: float = 0.05
    num_leaves: int = 31
    min_data_in_leaf: int = 100
    feature_fraction: float = 0.6
    bagging_fraction: float = 0.7
    max_bin: int = 127
    lambda_l2: float = 1.0


@dataclass(frozen=True)
class BoostMember:
    """Global boosting over the series of a panel.

    Attributes
    ----------
    season : int
        Steps in a year (or other long season): the same place in the last ``cycles`` seasons is a feature; 1 for none.
    cycles : int
    lags : tuple of int
        Steps back from the origin whose values are features.
    windows : tuple of int
        Steps whose mean (and, where at least 8, spread) are features.
    origins, stride : int
        Training origins per series, and the steps between them.
    least : int
        Steps a series must have up to a training origin; features that reach further back are missing there.
    balanced : bool
        Whether every series weighs alike in training, however many origins it has.
    history : int
        Only the last so many steps are used; 0 for all.
    level : int
        Steps whose mean logarithm is the level that ratios are taken to; 1: the last value.
    offset : float
        Added to the values before the logarithm, as a share of the series' mean: above 0 where zeros occur.
    seeds : tuple of int
        One model each; their forecasts are averaged.
    threads : int
    trees : BoostTrees
    """

    season: int = 52
    cycles: int = 3
    lags: tuple[int, ...] = (1, 2, 3, 4, 6, 8, 12, 25)
    windows: tuple[int, ...] = (4, 8, 13, 26, 52)
    origins: int = 60
    stride: int = 4
    least: int = 25
    balanced: bool = False
    history: int = 0
    level: int = 1
    offset: float = 0.0
    seeds: tuple[int, ...] = (0, 1)
    threads: int = 1
    trees: BoostTrees = field(default_factory=BoostTrees)

    def __call__(self, panel: SeriesPanel, horizon: int) -> MemberForecast:
        """Fit on earlier origins of every series and forecast each from its end.

        Raises
        ------
        ContractError
            No series is long enough for one training origin.
        """
        shapes = [_Shape.of(v[-self.history :] if self.history else v, self) for v in panel.values]
        inputs, targets, weights = self._learning(shapes, horizon)
        asked = np.concatenate([self._rows(s, np.array([len(s.logs) - 1]), horizon) for s in shapes])
        told = np.mean(
            [self._fitted(inputs, targets, weights, seed).predict(asked) for seed in self.seeds], axis=0
        )
        values = np.empty((len(panel), horizon))
        failures = {}
        for place, (shape, moves) in enumerate(zip(shapes, told.reshape(len(panel), horizon), strict=True)):
            values[place] = np.exp(shape.levels[-1] + moves * shape.unit) - shape.added
            if shape.unit == 0.0 or not np.isfinite(values[place]).all():
                values[place] = fallback(panel.values[place], horizon, 1)
                failures[place] = "the series does not vary" if shape.unit == 0.0 else "not finite"
        return MemberForecast(values, failures)

    def _learning(self, shapes: list[_Shape], horizon: int) -> tuple[Matrix, Floats, Floats]:
        inputs, targets, weights = [], [], []
        for shape in shapes:
            last = len(shape.logs) - 1 - horizon
            places = last - np.arange(self.origins) * self.stride
            places = places[places >= max(self.least, self.level)]
            if not len(places) or shape.unit == 0.0:
                continue
            inputs.append(self._rows(shape, places, horizon))
            ahead = shape.logs[places[:, None] + np.arange(1, horizon + 1)]
            targets.append(((ahead - shape.levels[places][:, None]) / shape.unit).ravel())
            weights.append(np.full(ahead.size, self.origins / len(places) if self.balanced else 1.0))
        if not inputs:
            raise ContractError(
                f"the longest of {len(shapes)} series has {max((len(s.logs) for s in shapes), default=0)} steps",
                allowed=f"more than {horizon} ahead and {self.least} before an origin",
            )
        return np.concatenate(inputs), np.concatenate(targets), np.concatenate(weights)

    def _rows(self, shape: _Shape, places: np.ndarray, horizon: int) -> Matrix:
        level = shape.levels[places]
        unit = shape.unit or 1.0
        fixed = [shape.at(places - lag) - level for lag in (0, *self.lags)]
        for window in self.windows:
            mean, spread = shape.window(places, window)
            fixed.append(mean - level)
            if window >= 8:
                fixed.append(spread)
        still = np.stack(fixed, axis=1) / unit
        ahead = np.arange(1, horizon + 1)
        moving = []
        for cycle in range(1, self.cycles + 1 if self.season > 1 else 1):
            back = places[:, None] + ahead - cycle * self.season
            back -= (
                np.where(ahead > cycle * self.season, -(-(ahead - cycle * self.season) // self.season), 0)
                * self.season
            )
            then = shape.at(back)
            moving += [
                (then - level[:, None]) / unit,
                (then - shape.level_at(places - cycle * self.season)[:, None]) / unit,
            ]
        moving.append(np.broadcast_to(ahead, (len(places), horizon)))
        rows = np.concatenate(
            [np.repeat(still[:, None], horizon, axis=1), np.stack(moving, axis=2)], axis=2, dtype=np.float32
        )
        own = np.full((*rows.shape[:2], 1), np.log(unit), dtype=np.float32)
        return np.concatenate([rows, own], axis=2).reshape(len(places) * horizon, -1)

    def _fitted(self, inputs: Matrix, targets: Floats, weights: Floats, seed: int) -> _Booster:
        import lightgbm

        settings = {k: v for k, v in vars(self.trees).items() if k != "n_estimators"}
        settings |= {"objective": "l1", "seed": seed, "num_threads": self.threads, "deterministic": True,
                     "force_row_wise": True, "bagging_freq": 1, "verbose": -1}  # fmt: skip
        data = lightgbm.Dataset(
            inputs, targets, weight=weights, params={"verbose": -1, "max_bin": self.trees.max_bin}
        )
        return _Booster(lightgbm.train(settings, data, num_boost_round=self.trees.n_estimators), self.threads)


@dataclass(frozen=True)
class _Booster:
    booster: object
    threads: int

    def predict(self, inputs: Matrix) -> Floats:
        return np.asarray(self.booster.predict(inputs, num_threads=self.threads), dtype=np.float64)  # type: ignore[attr-defined]


@dataclass(frozen=True)
class _Shape:
    """Logarithms of one series, its level at every step, its unit and what was added before the logarithm."""

    logs: Floats
    levels: Floats
    unit: float
    added: float
    sums: Floats
    squares: Floats

    @classmethod
    def of(cls, values: Floats, member: BoostMember) -> _Shape:
        added = member.offset * float(np.abs(values).mean())
        least = 1e-6 * max(float(np.abs(values).mean()), 1e-12)
        logs = np.log(np.maximum(values + added, least))
        sums = np.concatenate([[0.0], np.cumsum(logs)])
        squares = np.concatenate([[0.0], np.cumsum((logs - logs.mean()) ** 2)])
        starts = np.maximum(np.arange(len(logs)) + 1 - member.level, 0)
        levels = (sums[1:] - sums[starts]) / (np.arange(len(logs)) + 1 - starts)
        moves = np.abs(np.diff(logs))
        return cls(logs, levels, float(moves.mean()) if len(moves) else 0.0, added, sums, squares)

    def at(self, places: np.ndarray) -> Floats:
        return np.where(places >= 0, self.logs[np.maximum(places, 0)], np.nan)

    def level_at(self, places: np.ndarray) -> Floats:
        return np.where(places >= 0, self.levels[np.maximum(places, 0)], np.nan)

    def window(self, places: np.ndarray, steps: int) -> tuple[Floats, Floats]:
        """Mean and spread of the last ``steps`` logarithms, NaN where there are fewer."""
        first = places + 1 - steps
        low, high = np.maximum(first, 0), places + 1
        mean = (self.sums[high] - self.sums[low]) / steps
        square = (self.squares[high] - self.squares[low]) / steps
        centred = mean - self.sums[-1] / len(self.logs)
        spread = np.sqrt(np.maximum(square - centred**2, 0.0))
        return np.where(first >= 0, mean, np.nan), np.where(first >= 0, spread, np.nan)
