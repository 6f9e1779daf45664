"""How unusual a row of measurements is, as the share of usual rows that are less so.

Three distances: to the nearest usual rows; the specified isolation forest; and Mahalanobis' distance to the nearest class.
The first and last measure after each column was made normal, which is most of what they gain over the forest. Each
becomes a conformal p-value: among usual rows a share of at most a has p <= a, whatever the distance looks like.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from mandi.core.errors import ContractError, NotFitted, UnknownValue
from mandi.models.grading.grade_scales import Scale, checked, product
from mandi.models.grading.isolation import mean_path, path_lengths
from mandi.models.grading.tree_net import TreeNet, forest_arrays

if TYPE_CHECKING:
    from numpy.typing import NDArray

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.intp]]
FORMAT = "novelty/1"
KINDS = ("neighbours", "isolation", "mahalanobis")
FOLDS = 5  # of the rows, to calibrate distances whose own rows would look nearer than new ones
SHRINK = 1e-3  # share of the identity in a class's covariance


@dataclass(frozen=True)
class NoveltyParams:
    """Settings.

    Attributes
    ----------
    kind : str
        neighbours, isolation or mahalanobis.
    power : bool
        Measurements are centred, scaled and made normal (Yeo and Johnson) first; otherwise centred and scaled only.
    neighbours : int
        Neighbours whose mean distance counts.
    trees : int
        Trees of the isolation forest.
    most_rows : int
        Usual rows kept; more are thinned at random.
    """

    kind: str = "neighbours"
    power: bool = True
    neighbours: int = 10
    trees: int = 200
    most_rows: int = 20000
    seed: int = 42


class Novelty:
    """Learns what usual rows look like and says how unusual a new one is.

    Parameters
    ----------
    params : NoveltyParams, optional

    Examples
    --------
    >>> import numpy as np
    >>> usual = np.random.default_rng(0).normal(size=(300, 2))
    >>> seen = Novelty().fit(usual)
    >>> near, far = seen.score(np.array([[0.0, 0.0], [9.0, 9.0]]))
    >>> bool(near < 0.5), bool(far > 0.99)
    (True, True)
    """

    def __init__(self, params: NoveltyParams | None = None) -> None:
        self.params = params or NoveltyParams()
        if self.params.kind not in KINDS:
            raise UnknownValue(f"kind {self.params.kind!r}", allowed=", ".join(KINDS))
        self.kept: dict[str, NDArray[Any]] = {}
        self._tree: Any = None

    def fit(self, matrix: Floats, grade: Ints | None = None) -> Self:
        """Learn from usual rows.

        Parameters
        ----------
        matrix : array of shape (n_rows, n_features)
            NaN is missing.
        grade : integer array of shape (n_rows,), optional
            Their classes; read by mahalanobis alone, which takes all rows as one class without it.

        Raises
        ------
        ContractError
            There are fewer rows than neighbours + 2.
        """
        rows = checked(matrix)
        least = self.params.neighbours + 2
        if len(rows) < least:
            raise ContractError(f"{len(rows)} usual rows", allowed=f"at least {least}")
        classes = np.zeros(len(rows), dtype=np.intp) if grade is None else np.asarray(grade, dtype=np.intp)
        if classes.shape != (len(rows),):
            raise ContractError(f"grades of shape {classes.shape}", allowed=f"({len(rows)},)")
        draw = np.random.default_rng(self.params.seed)
        if len(rows) > self.params.most_rows:
            chosen = np.sort(draw.choice(len(rows), self.params.most_rows, replace=False))
            rows, classes = rows[chosen], classes[chosen]
        scale = Scale.fit(rows, "scaled-power" if self.params.power else "none")
        scaled = scale.apply(rows)
        learnt = self._learn(scaled, classes)
        if self.params.kind == "neighbours":
            found = self._near(scaled, learnt, skip=1)
        else:
            found = np.zeros(len(rows))
            fold = draw.permutation(len(rows)) % FOLDS
            for number in range(FOLDS):
                part = self._learn(scaled[fold != number], classes[fold != number])
                found[fold == number] = self._far(scaled[fold == number], part)
        self._tree = None
        self.kept = scale.arrays() | learnt | {"usual": np.sort(found)}
        return self

    def distance(self, matrix: Floats) -> Floats:
        """Return the raw distance of each row, of shape (n_rows,): higher is more unusual, the unit is the kind's own."""
        if not self.kept:
            raise NotFitted("no usual rows have been seen", next_command="call fit or load")
        return self._far(Scale.of(self.kept).apply(matrix), self.kept)

    def p_value(self, matrix: Floats) -> Floats:
        """Return conformal p-values of shape (n_rows,): among usual rows a share of at most a has p <= a."""
        found = self.distance(matrix)
        usual = self.kept["usual"]
        farther = len(usual) - np.searchsorted(usual, found, side="left")
        return np.asarray((1.0 + farther) / (len(usual) + 1.0), dtype=np.float64)

    def score(self, matrix: Floats) -> Floats:
        """Return 1 - p in [0, 1], of shape (n_rows,), without steps and going on beyond the farthest usual row.

        Rows farther than every usual one still rank among each other.
        """
        found = self.distance(matrix)
        usual = self.kept["usual"]
        rank = np.interp(found, usual, np.arange(1.0, len(usual) + 1.0))
        # below the nearest and beyond the farthest the last step shrinks with the ratio of distances
        rank = np.where(found < usual[0], found / max(float(usual[0]), 1e-300), rank)
        beyond = usual[-1] / np.maximum(found, max(float(usual[-1]), 1e-300))
        rank = np.where(found > usual[-1], len(usual) + 1.0 - beyond, rank)
        return np.asarray(np.clip(rank / (len(usual) + 1.0), 0.0, 1.0), dtype=np.float64)

    def save(self, folder: Path) -> None:
        """Write novelty.json and novelty.npz (plain arrays) into an existing folder."""
        if not self.kept:
            raise NotFitted("no usual rows have been seen", next_command="call fit or load")
        np.savez_compressed(folder / "novelty.npz", **self.kept)  # type: ignore[arg-type]  # numpy's stubs take the keys for allow_pickle
        sha256 = hashlib.sha256((folder / "novelty.npz").read_bytes()).hexdigest()
        state = {"format": FORMAT, "params": asdict(self.params), "sha256": sha256}
        (folder / "novelty.json").write_text(json.dumps(state, sort_keys=True), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote; a file that is missing, changed or of another format is refused (ContractError)."""
        try:
            state = json.loads((folder / "novelty.json").read_text(encoding="utf-8"))
            if state.get("format") != FORMAT:
                raise ContractError(f"novelty of format {state.get('format')!r}", allowed=FORMAT)
            if hashlib.sha256((folder / "novelty.npz").read_bytes()).hexdigest() != state["sha256"]:
                raise ContractError("novelty.npz is not the file that was saved")
            told = cls(NoveltyParams(**state["params"]))
            with np.load(folder / "novelty.npz", allow_pickle=False) as kept:
                told.kept = {name: kept[name] for name in kept.files}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ContractError(f"no usual rows can be read from {folder}: {error}") from error
        return told

    def _learn(self, scaled: Floats, classes: Ints) -> dict[str, NDArray[Any]]:
        if self.params.kind == "neighbours":
            return {"points": scaled}
        if self.params.kind == "isolation":
            return _isolation(scaled, self.params.trees, self.params.seed)
        return _classes(scaled, classes)

    def _far(self, scaled: Floats, learnt: dict[str, NDArray[Any]]) -> Floats:
        if self.params.kind == "neighbours":
            return self._near(scaled, learnt)
        if self.params.kind == "isolation":
            depth = TreeNet(learnt) if learnt is not self.kept else self._opened(learnt)
            return np.exp2(-depth.sums(scaled)[:, 0])
        apart = [
            (product(np.ascontiguousarray(scaled - middle), root) ** 2).sum(axis=1)
            for middle, root in zip(learnt["middles"], learnt["roots"], strict=True)
        ]
        return np.sqrt(np.min(apart, axis=0))

    def _opened(self, learnt: dict[str, NDArray[Any]]) -> Any:
        self._tree = self._tree or TreeNet(learnt)
        return self._tree

    def _near(self, scaled: Floats, learnt: dict[str, NDArray[Any]], skip: int = 0) -> Floats:
        """Mean distance to the nearest usual rows; ``skip`` leaves out the row itself."""
        from scipy.spatial import cKDTree

        if skip or self._tree is None:
            self._tree = cKDTree(learnt["points"])
        count = self.params.neighbours + skip
        if not len(scaled):
            return np.zeros(0)
        apart, _ = self._tree.query(scaled, k=count)
        return np.asarray(apart.reshape(len(scaled), count)[:, skip:].mean(axis=1), dtype=np.float64)


def _isolation(scaled: Floats, trees: int, seed: int) -> dict[str, NDArray[Any]]:
    """Trees of an isolation forest whose leaves hold their share of the mean depth, in units of a usual depth."""
    from sklearn.ensemble import IsolationForest

    forest = IsolationForest(n_estimators=trees, random_state=seed, n_jobs=1).fit(scaled.astype(np.float32))
    usual = float(mean_path(np.array([forest.max_samples_]))[0])

    def leaf(tree: Any) -> Floats:
        return (path_lengths(tree) / usual / trees)[:, None]

    return forest_arrays(forest.estimators_, leaf, scaled.shape[1])


def _classes(scaled: Floats, classes: Ints) -> dict[str, NDArray[Any]]:
    width = scaled.shape[1]
    middles, roots = [], []
    for number in np.unique(classes):
        own = scaled[classes == number]
        spread = np.cov(own.T).reshape(width, width) if len(own) > width + 1 else np.eye(width)
        spread = (1.0 - SHRINK) * spread + SHRINK * np.eye(width)
        middles.append(own.mean(axis=0))
        roots.append(np.linalg.cholesky(np.linalg.inv(spread)))
    return {"middles": np.array(middles), "roots": np.array(roots)}
