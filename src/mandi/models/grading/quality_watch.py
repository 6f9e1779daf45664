"""How unusual a lot is for its supplier: three distances in supplier-relative measures, one percentile among later lots.

Each commodity has its own reference. The distances are the path length of an isolation forest (Liu, Ting and Zhou 2008), the mean
distance to the nearest past lots, and the root mean square of the deviations; what a lot's ranks by them amount to is
compared with lots that nothing was learnt from, so that the share of usual lots flagged is the one asked for (conformal p-value).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from mandi.core.errors import ConfigError, NotFitted
from mandi.models.grading.isolation import mean_path, path_lengths

if TYPE_CHECKING:
    from numpy.typing import NDArray

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.intp]]
DETECTORS = ("isolation", "neighbours", "spread")


@dataclass(frozen=True)
class WatchParams:
    """How lots are watched.

    Attributes
    ----------
    alarm_share : float
        Share of usual lots that may be flagged.
    detectors : tuple of str
        Distances whose mean rank decides: isolation, neighbours, spread.
    trees, neighbours, most_rows : int
        Of the isolation forest, of the distance to neighbours, and past lots of a commodity compared with.
    least_lots : int
        A supplier's lots of the commodity before one of its lots is learnt from.
    seed : int
    """

    alarm_share: float = 0.02
    detectors: tuple[str, ...] = DETECTORS
    trees: int = 100
    neighbours: int = 10
    most_rows: int = 800
    least_lots: int = 5
    seed: int = 42

    def __post_init__(self) -> None:
        if not self.detectors or any(name not in DETECTORS for name in self.detectors):
            raise ConfigError(f"detectors hold {', '.join(self.detectors)}", allowed=", ".join(DETECTORS))
        if not 0.0 < self.alarm_share < 1.0:
            raise ConfigError(f"alarm_share is {self.alarm_share}", allowed="between 0 and 1")


class Watch:
    """Compares lots with what is usual; deviations are a supplier's own, (n, n_measures), NaN where not measured.

    Parameters
    ----------
    params : WatchParams, optional

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> usual, later = rng.standard_normal((300, 3)), rng.standard_normal((200, 3))
    >>> none = np.zeros(300, dtype=np.intp)
    >>> watch = Watch(WatchParams(trees=20)).fit(usual, none).calibrate(later, none[:200])
    >>> scores = watch.scores(np.array([[0.0, 0.1, 0.0], [5.0, -5.0, 5.0]]), none[:2])
    >>> bool(scores[0] < 0.6), bool(scores[1] > 0.99)
    (True, True)
    """

    def __init__(self, params: WatchParams | None = None) -> None:
        self.params = params or WatchParams()
        self.kept: dict[str, NDArray[Any]] = {}

    def fit(self, deviations: Floats, commodity: Ints) -> Self:
        """Learn what is usual from past lots.

        Parameters
        ----------
        deviations : array of shape (n, n_measures)
        commodity : array of shape (n,)
            Code from 0; -1 for none known.
        """
        self.kept = {}
        for code in np.unique(commodity[commodity >= 0]):
            rows = deviations[commodity == code]
            columns = np.flatnonzero((~np.isnan(rows)).any(axis=0))
            if not len(columns):
                continue
            filled = np.nan_to_num(rows[:, columns])
            drawn = np.random.default_rng(self.params.seed).permutation(len(filled))[: self.params.most_rows]
            name = f"{int(code)}"
            self.kept[f"{name}.columns"] = columns
            self.kept[f"{name}.reference"] = filled[np.sort(drawn)]
            self.kept |= {f"{name}.forest.{key}": v for key, v in self._forest(filled).items()}
        return self

    def calibrate(self, deviations: Floats, commodity: Ints) -> Self:
        """Learn how far later lots are, that nothing was learnt from."""
        found = self.distances(deviations, commodity)
        for name in DETECTORS:
            self.kept[f"ranks.{name}"] = np.sort(found[name])
        self.kept["ranks.all"] = np.sort(self._ranked(found))
        return self

    def distances(self, deviations: Floats, commodity: Ints) -> dict[str, Floats]:
        """Return each detector's distance (n,), higher = more unusual; 0 where nothing was measured."""
        with np.errstate(invalid="ignore"):
            given = ~np.isnan(deviations)
            squares = np.nan_to_num(deviations) ** 2
            spread = np.sqrt(squares.sum(axis=1) / np.maximum(given.sum(axis=1), 1))
        found = {
            "isolation": np.zeros(len(deviations)),
            "neighbours": np.zeros(len(deviations)),
            "spread": spread,
        }
        for code in np.unique(commodity):
            if f"{int(code)}.columns" not in self.kept:
                continue
            mine = commodity == code
            rows = np.nan_to_num(deviations[mine][:, self.kept[f"{int(code)}.columns"]])
            found["isolation"][mine] = self._isolation(int(code), rows)
            found["neighbours"][mine] = self._neighbours(int(code), rows)
        return found

    def scores(self, deviations: Floats, commodity: Ints) -> Floats:
        """Return the share of later lots that are less unusual (n,), in [0, 1]: 1 minus the conformal p-value.

        Beyond the farthest lot seen the score grows on towards 1, so that lots far out still rank.

        Raises
        ------
        NotFitted
            ``calibrate`` was not called.
        """
        if "ranks.all" not in self.kept:
            raise NotFitted("nothing was watched yet", next_command="call fit, then calibrate")
        found = self.distances(deviations, commodity)
        known = self.kept["ranks.all"]
        ranked = self._ranked(found)
        below = np.searchsorted(known, ranked, side="left")
        score = below / (len(known) + 1.0)
        farthest = max(float(self.kept["ranks.spread"][-1]), 1e-9)
        over = np.maximum(found["spread"] / farthest - 1.0, 0.0)
        return np.where(below == len(known), score + (1.0 - score) * over / (1.0 + over), score)

    def alarms(self, scores: Floats) -> NDArray[np.bool_]:
        """Return which lots are flagged: at most ``alarm_share`` of usual ones."""
        return scores >= 1.0 - self.params.alarm_share

    def _ranked(self, found: dict[str, Floats]) -> Floats:
        # the rank grows on past the last lot seen, so that ranks of far lots stay apart
        parts = []
        for name in self.params.detectors:
            known = self.kept[f"ranks.{name}"]
            share = np.searchsorted(known, found[name], side="right") / len(known)
            parts.append(share + np.maximum(found[name] - known[-1], 0.0) / max(float(known[-1]), 1e-9))
        return np.asarray(sum(parts)) / len(parts)

    def _forest(self, rows: Floats) -> dict[str, NDArray[Any]]:
        from sklearn.ensemble import IsolationForest

        forest = IsolationForest(n_estimators=self.params.trees, random_state=self.params.seed, n_jobs=1).fit(
            rows
        )
        usual = float(mean_path(np.array([forest.max_samples_]))[0]) * len(forest.estimators_)
        told_apart = (
            usual > 0.0
        )  # a single lot sets nothing apart: every lot is then as unusual as a usual one
        grown = [one.tree_ for one in forest.estimators_]
        starts = np.cumsum([0, *(tree.node_count for tree in grown[:-1])])
        ends = [np.asarray(tree.children_left) < 0 for tree in grown]
        # a leaf is its own child, so that every row may walk to the same depth without asking where it ends
        own = [np.arange(tree.node_count) for tree in grown]
        told = list(zip(grown, starts, ends, own))
        left = np.concatenate([np.where(end, here, t.children_left) + at for t, at, end, here in told])
        right = np.concatenate([np.where(end, here, t.children_right) + at for t, at, end, here in told])
        return {
            "start": starts.astype(np.int32),
            "child": np.column_stack([left, right]).ravel().astype(np.int32),
            "feature": np.concatenate([np.where(end, 0, t.feature) for t, _, end, _ in told]).astype(
                np.int32
            ),
            "threshold": np.concatenate([t.threshold for t in grown]),
            "path": np.concatenate(
                [
                    path_lengths(t) / usual if told_apart else np.full(t.node_count, 1.0 / len(grown))
                    for t in grown
                ]
            ),
            "depth": np.array(max(int(t.max_depth) for t in grown)),
        }

    def _isolation(self, code: int, rows: Floats) -> Floats:
        def kept(name: str) -> NDArray[Any]:
            return self.kept[f"{code}.forest.{name}"]

        feature, threshold, child = (kept(name) for name in ("feature", "threshold", "child"))
        values = rows.astype(np.float32).astype(np.float64).ravel()  # as the trees were grown
        row = (np.arange(len(rows), dtype=np.int32) * rows.shape[1])[:, None]
        node = np.repeat(kept("start")[None, :], len(rows), axis=0)
        for _ in range(int(kept("depth"))):
            beyond = values.take(row + feature.take(node)) > threshold.take(node)
            node = child.take(2 * node + beyond)
        return np.exp2(-np.ascontiguousarray(kept("path").take(node)).sum(axis=1))

    def _neighbours(self, code: int, rows: Floats) -> Floats:
        from scipy.spatial.distance import cdist

        apart = cdist(rows, self.kept[f"{code}.reference"])
        count = min(self.params.neighbours, apart.shape[1])
        nearest = np.sort(np.partition(apart, count - 1, axis=1)[:, :count], axis=1)
        return np.ascontiguousarray(nearest).sum(axis=1) / (count * np.sqrt(rows.shape[1]))
