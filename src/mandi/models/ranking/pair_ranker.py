"""Learns which candidate of a question is the right one, from numbers that describe each pair.

Two rankers that err differently, averaged: a line fitted on differences between right and wrong candidates of the same
question (pairwise logistic, Bradley-Terry with covariates) and LightGBM's lambdarank. Ranking scores have no unit, so each
is divided by its spread within questions before the mean is taken; one logistic curve turns the mean into a score in
[0, 1]. Learning compares candidates of a question; scoring looks at one pair alone.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from mandi.core.errors import ContractError, NotFitted
from mandi.models.ranking.pair_line import PairLine, expit, fit_curve, grouped, stretched

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

FORMAT = "pair-ranker/1"
Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class LambdarankParams:
    """LightGBM's own settings, by its own names; ``n_estimators`` trees per seed."""

    num_leaves: int = 15
    learning_rate: float = 0.06
    n_estimators: int = 150
    min_data_in_leaf: int = 20
    feature_fraction: float = 0.4
    bagging_fraction: float = 0.8
    lambda_l2: float = 5.0
    lambdarank_truncation_level: int = 10


@dataclass(frozen=True)
class PairRankerParams:
    """Settings of the pair ranker.

    Attributes
    ----------
    line_penalty : float
        Strength of the ridge on the line's weights per standard deviation, per question.
    line_weight : float
        Share of the line in the mean, 0 to 1; 1 grows no trees.
    rankers : int
        Lambdarank models with different seeds, averaged.
    positive, negative : tuple of str
        Names of features on which the trees may only rise, or only fall.
    """

    line_penalty: float = 1.0
    line_weight: float = 0.5
    rankers: int = 2
    trees: LambdarankParams = field(default_factory=LambdarankParams)
    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()
    threads: int = 1
    seed: int = 20240611


class PairRanker:
    """Line and trees that rank the candidates of a question.

    Parameters
    ----------
    params : PairRankerParams, optional

    Examples
    --------
    >>> import numpy as np
    >>> draw = np.random.default_rng(0)
    >>> group = np.repeat(np.arange(60), 8)
    >>> features = draw.normal(size=(480, 3))
    >>> relevant = np.zeros(480, dtype=bool)
    >>> relevant[[rows[features[rows, 0].argmax()] for rows in np.split(np.arange(480), 60)]] = True
    >>> small = PairRankerParams(rankers=1, trees=LambdarankParams(n_estimators=20))
    >>> ranker = PairRanker(small).fit(features, group, relevant)
    >>> bool(ranker.score([[2.0, 0.0, 0.0]])[0] > ranker.score([[-1.0, 0.0, 0.0]])[0])
    True
    """

    def __init__(self, params: PairRankerParams | None = None) -> None:
        self.params = params or PairRankerParams()
        self.names: list[str] = []
        self.line: PairLine | None = None
        self.boosters: list[Any] = []
        self.spread = (1.0, 1.0)
        self.curve = (1.0, 0.0)

    def fit(
        self,
        features: NDArray[Any] | Sequence[Sequence[float]],
        group: NDArray[Any],
        relevant: NDArray[Any],
        names: Sequence[str] | None = None,
        progress: Callable[[str], None] | None = None,
    ) -> Self:
        """Learn from candidates of many questions.

        Parameters
        ----------
        features : array of shape (n_pairs, n_features)
            NaN is missing; columns of one value are allowed.
        group : integer array of shape (n_pairs,)
            The question of each pair, in any order.
        relevant : boolean array of shape (n_pairs,)
            Questions without a right or without a wrong candidate teach nothing and are left out.
        names : sequence of str, optional
            Names of the features, for ``positive`` and ``negative`` and for messages.

        Raises
        ------
        ContractError
            Shapes differ, a value is infinite, or no question has both a right and a wrong candidate.
        """
        matrix = _matrix(features)
        self.names = list(names) if names is not None else [f"f{i}" for i in range(matrix.shape[1])]
        if len(self.names) != matrix.shape[1]:
            raise ContractError(f"{len(self.names)} names for {matrix.shape[1]} features")
        order, sizes = grouped(np.asarray(group), np.asarray(relevant, dtype=bool), len(matrix))
        matrix, hit = matrix[order], np.asarray(relevant, dtype=bool)[order]
        say = progress or (lambda _: None)
        self.line = PairLine.fit(matrix, sizes, hit, self.params.line_penalty)
        say(f"line on {len(sizes)} questions")
        self.boosters = []
        for number in range(self.params.rankers if self.params.line_weight < 1.0 else 0):
            self.boosters.append(self._grow(matrix, sizes, hit, number))
            say(f"lambdarank {number + 1} of {self.params.rankers}")
        within = np.repeat(np.arange(len(sizes)), sizes)
        first, second = self._parts(matrix)
        self.spread = (_spread(first, within), _spread(second, within))
        self.curve = fit_curve(self._mean(first, second), hit)
        return self

    def calibrate(self, features: NDArray[Any], relevant: NDArray[Any]) -> Self:
        """Fit the curve again on pairs not learnt from (n_pairs, n_features); the order of scores stays as it is."""
        self.curve = fit_curve(self.margin(features), np.asarray(relevant, dtype=bool))
        return self

    def margin(self, features: NDArray[Any] | Sequence[Sequence[float]]) -> Floats:
        """Return the mean of both rankers before the curve, of shape (n_pairs,), without bounds."""
        return self._mean(*self._parts(self._known(features)))

    def score(self, features: NDArray[Any] | Sequence[Sequence[float]]) -> Floats:
        """Return a score in [0, 1] per pair, of shape (n_pairs,): higher is a better match.

        A pair's score depends on its own features only, to the last bit.
        """
        return expit(self.log_odds(features))

    def log_odds(self, features: NDArray[Any] | Sequence[Sequence[float]]) -> Floats:
        """Return the score before it is bent into [0, 1], of shape (n_pairs,): what a step over a batch works on."""
        return self.curve[0] * self.margin(features) + self.curve[1]

    def explain(self, features: NDArray[Any] | Sequence[Sequence[float]]) -> Floats:
        """Return what each feature adds to the score, and last the base, of shape (n_pairs, n_features + 1).

        Shapley values of the margin (exact for the trees, the line's own terms against its training mean), stretched
        by one factor per row so that they sum to ``score``.
        """
        effects = self.effects(features)
        return stretched(effects, self.curve, self.score(features))

    def effects(self, features: NDArray[Any] | Sequence[Sequence[float]]) -> Floats:
        """Return what each feature adds to the margin, and last the base, of shape (n_pairs, n_features + 1)."""
        matrix = self._known(features)
        if self.line is None:
            raise NotFitted("the pair ranker has seen no data", next_command="call fit or load")
        if not len(matrix):  # the trees refuse to explain nothing
            return np.zeros((0, matrix.shape[1] + 1))
        share = self.params.line_weight
        effects = share / self.spread[0] * self.line.contributions(matrix)
        for booster in self.boosters:
            part = np.asarray(booster.predict(matrix, pred_contrib=True, num_threads=1), dtype=np.float64)
            effects += (1.0 - share) / self.spread[1] / len(self.boosters) * part
        return effects

    def save(self, folder: Path) -> None:
        """Write ranker.json and one LightGBM text per ranker, with their hashes, into an existing folder."""
        if self.line is None:
            raise NotFitted("the pair ranker has seen no data", next_command="call fit or load")
        files = {}
        for number, booster in enumerate(self.boosters):
            path = folder / f"lambdarank_{number}.txt"
            content = str(
                booster.model_to_string()
            ).encode()  # LightGBM's own writer does not say that a disk is full
            path.write_bytes(content)
            files[path.name] = hashlib.sha256(content).hexdigest()
        state = {"format": FORMAT, "params": asdict(self.params), "names": self.names, "line": self.line.state(),
                 "spread": self.spread, "curve": self.curve, "files": files}  # fmt: skip
        (folder / "ranker.json").write_text(json.dumps(state, sort_keys=True), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote; a file that is missing, changed or of another format is refused (ContractError)."""
        import lightgbm

        try:
            state = json.loads((folder / "ranker.json").read_text(encoding="utf-8"))
            if state.get("format") != FORMAT:
                raise ContractError(f"a pair ranker of format {state.get('format')!r}", allowed=FORMAT)
            kept = state["params"]
            kept |= {"trees": LambdarankParams(**kept["trees"]), "positive": tuple(kept["positive"]),
                     "negative": tuple(kept["negative"])}  # fmt: skip
            ranker = cls(PairRankerParams(**kept))
            ranker.names, ranker.line = list(state["names"]), PairLine.of(state["line"])
            ranker.spread, ranker.curve = tuple(state["spread"]), tuple(state["curve"])
            for name, sha256 in state["files"].items():
                text = (folder / Path(name).name).read_bytes()
                if hashlib.sha256(text).hexdigest() != sha256:
                    raise ContractError(f"{name} is not the file that was saved")
                ranker.boosters.append(lightgbm.Booster(model_str=text.decode("utf-8")))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ContractError(f"no pair ranker can be read from {folder}: {error}") from error
        return ranker

    def _parts(self, matrix: Floats) -> tuple[Floats, Floats]:
        if self.line is None:
            raise NotFitted("the pair ranker has seen no data", next_command="call fit or load")
        second = np.zeros(len(matrix))
        for booster in self.boosters if len(matrix) else []:
            second += np.asarray(booster.predict(matrix, num_threads=1), dtype=np.float64)
        return self.line.margin(matrix), second / max(1, len(self.boosters))

    def _mean(self, first: Floats, second: Floats) -> Floats:
        share = self.params.line_weight
        return share * first / self.spread[0] + (1.0 - share) * second / self.spread[1]

    def _known(self, features: Any) -> Floats:
        matrix = _matrix(features)
        if self.line is not None and matrix.shape[1] != len(self.names):
            raise ContractError(f"{matrix.shape[1]} features, learnt from {len(self.names)}")
        return matrix

    def _grow(self, matrix: Floats, sizes: NDArray[np.intp], hit: NDArray[np.bool_], number: int) -> Any:
        import lightgbm

        p = self.params
        settings = {k: v for k, v in vars(p.trees).items() if k != "n_estimators"}
        settings |= {"objective": "lambdarank", "seed": p.seed + number, "num_threads": p.threads, "verbose": -1,
                     "deterministic": True, "force_col_wise": True, "bagging_freq": 1,
                     "bagging_by_query": True}  # fmt: skip
        signs = [(name in p.positive) - (name in p.negative) for name in self.names]
        if any(signs):
            settings["monotone_constraints"] = signs
        data = lightgbm.Dataset(matrix, hit.astype(int), group=sizes, params={"verbose": -1})
        return lightgbm.train(settings, data, num_boost_round=p.trees.n_estimators)


def _matrix(features: Any) -> Floats:
    matrix = np.ascontiguousarray(features, dtype=np.float64)
    if matrix.ndim != 2:
        raise ContractError(f"features of shape {matrix.shape}", allowed="(n_pairs, n_features)")
    if np.isinf(matrix).any():
        raise ContractError("a pair feature is infinite", allowed="finite numbers, NaN where unknown")
    return matrix


def _spread(score: Floats, within: NDArray[np.intp]) -> float:
    centre = np.bincount(within, score) / np.bincount(within)
    return float(max(np.sqrt(np.mean((score - centre[within]) ** 2)), 1e-9))
