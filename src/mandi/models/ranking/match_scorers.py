"""The scorers of a match side by side: rule of thumb, TF-IDF and kernels, two towers, learnt ranker, choice line.

Each learns from offers that were shown and answers pairs one by one with a margin: any number, higher is better, of
which only the order within a want means something. ``effects`` says what the margin is the sum of.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from mandi.core.errors import ContractError, NotFitted
from mandi.models.ranking.choice_line import ChoiceLine, ChoiceParams
from mandi.models.ranking.match_design import choice_numbers, offer_vector, ranked_numbers, want_vector
from mandi.models.ranking.match_kernels import KernelParams, Kernels
from mandi.models.ranking.match_rule import PARTS, RuleParams, rule_points
from mandi.models.ranking.pair_ranker import PairRanker, PairRankerParams
from mandi.models.ranking.two_tower import TwoTower, TwoTowerParams

Floats = NDArray[np.float64]
Columns = Mapping[str, NDArray[Any]]
TOLD = {  # terms of one attribute are told as one
    "distance squared": "distance", "a grade better": "grade above the floor", "two grades better": "grade above the floor",
    "quantity lacking": "quantity", "quantity left over": "quantity",
}  # fmt: skip


@dataclass(frozen=True)
class Shown:
    """Offers shown to buyers: columns of pairs, the want and the offer of each (integers), and which were taken."""

    pairs: Columns
    want: NDArray[np.intp]
    offer: NDArray[np.intp]
    taken: NDArray[np.bool_]


@dataclass(frozen=True)
class ScorerParams:
    """Settings of all scorers."""

    rule: RuleParams = field(default_factory=RuleParams)
    kernels: KernelParams = field(default_factory=KernelParams)
    siamese: TwoTowerParams = field(default_factory=lambda: TwoTowerParams(standardise=False, epochs=8))
    ranker: PairRankerParams = field(default_factory=lambda: PairRankerParams(rankers=1))
    choice: ChoiceParams = field(default_factory=ChoiceParams)


class Scorer(Protocol):
    """One way to score pairs."""

    name: ClassVar[str]

    def __init__(self, params: ScorerParams) -> None: ...

    def fit(self, shown: Shown) -> Self:
        """Learn from offers shown."""
        ...

    def margin(self, pairs: Columns) -> Floats:
        """Return one number per pair, of shape (n_pairs,)."""
        ...

    def effects(self, pairs: Columns) -> tuple[list[str], Floats]:
        """Return names and what each adds to the margin, of shape (n_pairs, n_names + 1): the base last."""
        ...

    def save(self, folder: Path) -> None:
        """Write plain data into an existing folder, under names of its own."""
        ...

    def load(self, folder: Path) -> Self:
        """Read what ``save`` wrote."""
        ...


class RuleScorer:
    """The points of the rule of thumb; it learns nothing."""

    name: ClassVar[str] = "rule"

    def __init__(self, params: ScorerParams) -> None:
        self.params = params.rule

    def fit(self, shown: Shown) -> Self:
        """Learn nothing."""
        return self

    def margin(self, pairs: Columns) -> Floats:
        """Return the points, 0-100."""
        points = rule_points(pairs, self.params)
        return np.asarray(sum((points[name] for name in PARTS), np.zeros(len(points[PARTS[0]]))))

    def effects(self, pairs: Columns) -> tuple[list[str], Floats]:
        """Return the points part by part."""
        points = rule_points(pairs, self.params)
        return [f"rule: {name}" for name in PARTS], _with_base([points[name] for name in PARTS])

    def save(self, folder: Path) -> None:
        """Write nothing: the settings are the model's."""

    def load(self, folder: Path) -> Self:
        """Read nothing."""
        return self


class KernelScorer(Kernels):
    """TF-IDF of both texts and kernels of the numbers, untrained but for the terms; see ``match_kernels``."""

    name: ClassVar[str] = "kernels"

    def __init__(self, params: ScorerParams) -> None:
        super().__init__(params.kernels)

    def fit(self, shown: Shown) -> Self:
        """Learn the terms of the offers shown."""
        self.learn(shown.pairs)
        return self

    def margin(self, pairs: Columns) -> Floats:
        """Return the mean closeness, 0-1."""
        named = self.closeness(pairs)
        return np.asarray(sum(named.values(), np.zeros(len(pairs["commodity"]))) / len(named))

    def effects(self, pairs: Columns) -> tuple[list[str], Floats]:
        """Return the closeness kernel by kernel."""
        named = self.closeness(pairs)
        return [f"closeness: {name}" for name in named], _with_base([v / len(named) for v in named.values()])

    def load(self, folder: Path) -> Self:
        """Read the terms."""
        self.read(folder)
        return self


class SiameseScorer:
    """The two-tower network on both sides' numbers and names; its margin is the scorer's logit."""

    name: ClassVar[str] = "siamese"

    def __init__(self, params: ScorerParams) -> None:
        self.towers = TwoTower(params.siamese)
        self.known: dict[str, list[str]] = {}

    def fit(self, shown: Shown) -> Self:
        """Learn from taken offers against others taken at the time and against those refused by the same buyer."""
        pairs = shown.pairs
        for name in ("commodity", "buyer_id", "seller_id"):
            self.known[name] = sorted({str(value) for value in pairs[name].tolist()})
        sides, rows = [], []
        for code, vector in ((shown.want, self._want), (shown.offer, self._offer)):
            _, first, place = np.unique(code, return_index=True, return_inverse=True)
            sides.append(vector({name: values[first] for name, values in pairs.items()}))
            rows.append(place)
        both = np.column_stack(rows)
        self.towers.fit(sides[0], sides[1], both[shown.taken], both[~shown.taken])
        return self

    def margin(self, pairs: Columns) -> Floats:
        """Return the logit of each pair."""
        if not len(pairs["commodity"]):
            return np.empty(0)
        score = np.clip(self.towers.score(self._want(pairs), self._offer(pairs)), 1e-12, 1.0 - 1e-12)
        return np.asarray(np.log(score / (1.0 - score)))

    def effects(self, pairs: Columns) -> tuple[list[str], Floats]:
        """Return the network's margin as one."""
        return ["siamese network"], _with_base([self.margin(pairs)])

    def save(self, folder: Path) -> None:
        """Write the networks (ONNX) and the names they know."""
        self.towers.save(folder)
        (folder / "siamese.json").write_text(json.dumps(self.known, sort_keys=True), encoding="utf-8")

    def load(self, folder: Path) -> Self:
        """Read the networks, without torch."""
        self.towers = TwoTower.load(folder)
        self.known = json.loads((folder / "siamese.json").read_text(encoding="utf-8"))
        return self

    def _want(self, pairs: Columns) -> Floats:
        return want_vector(pairs, self.known["commodity"], self.known["buyer_id"])

    def _offer(self, pairs: Columns) -> Floats:
        return offer_vector(pairs, self.known["commodity"], self.known["seller_id"])


class RankerScorer:
    """Line and trees over pair numbers; see ``pair_ranker``."""

    name: ClassVar[str] = "ranker"

    def __init__(self, params: ScorerParams) -> None:
        self.ranker = PairRanker(params.ranker)

    def fit(self, shown: Shown) -> Self:
        """Learn which offers of a want were taken."""
        names, matrix = ranked_numbers(shown.pairs)
        self.ranker.fit(matrix, shown.want, shown.taken, names)
        return self

    def margin(self, pairs: Columns) -> Floats:
        """Return the mean margin of line and trees."""
        return self.ranker.margin(ranked_numbers(pairs)[1])

    def effects(self, pairs: Columns) -> tuple[list[str], Floats]:
        """Return the share of each number."""
        names, matrix = ranked_numbers(pairs)
        return names, self.ranker.effects(matrix)

    def save(self, folder: Path) -> None:
        """Write the ranker."""
        self.ranker.save(folder)

    def load(self, folder: Path) -> Self:
        """Read the ranker."""
        self.ranker = PairRanker.load(folder)
        return self


class ChoiceScorer:
    """Conditional logit with an effect per seller and tastes per buyer; see ``choice_line``."""

    name: ClassVar[str] = "choice"

    def __init__(self, params: ScorerParams) -> None:
        self.line = ChoiceLine(params.choice)

    def fit(self, shown: Shown) -> Self:
        """Learn which offers of a want were taken, and by whom."""
        pairs = shown.pairs
        matrix = choice_numbers(pairs)[1]
        self.line.fit(matrix, shown.want, shown.taken, pairs["seller_id"], pairs["buyer_id"])
        return self

    def margin(self, pairs: Columns) -> Floats:
        """Return the utility."""
        matrix = choice_numbers(pairs)[1]
        return self.line.margin(matrix, pairs["seller_id"].tolist(), pairs["buyer_id"].tolist())

    def effects(self, pairs: Columns) -> tuple[list[str], Floats]:
        """Return the terms of the utility."""
        names, matrix = choice_numbers(pairs)
        parts = self.line.parts(matrix, pairs["seller_id"].tolist(), pairs["buyer_id"].tolist())
        told = [TOLD.get(name, name) for name in names]
        return [*told, "this seller", "this buyer with this seller"], _with_base(list(parts.T))

    def save(self, folder: Path) -> None:
        """Write choice.json and its hash."""
        text = json.dumps(self.line.state(), sort_keys=True)
        told = {"sha256": hashlib.sha256(text.encode()).hexdigest(), "line": text}
        (folder / "choice.json").write_text(json.dumps(told), encoding="utf-8")

    def load(self, folder: Path) -> Self:
        """Read choice.json; a changed one is refused (ContractError)."""
        told = json.loads((folder / "choice.json").read_text(encoding="utf-8"))
        if hashlib.sha256(told["line"].encode()).hexdigest() != told["sha256"]:
            raise ContractError("choice.json is not the file that was saved")
        self.line = ChoiceLine.of(json.loads(told["line"]), self.line.params)
        return self


SCORERS: dict[str, type[Any]] = {
    cls.name: cls for cls in (RuleScorer, KernelScorer, SiameseScorer, RankerScorer, ChoiceScorer)
}


def scorer(name: str, params: ScorerParams) -> Scorer:
    """Return an unfitted scorer.

    Parameters
    ----------
    name : str
        rule, kernels, siamese, ranker or choice.
    params : ScorerParams

    Raises
    ------
    ContractError
        No such scorer.
    """
    if name not in SCORERS:
        raise ContractError(f'no scorer "{name}"', allowed=", ".join(SCORERS))
    made: Scorer = SCORERS[name](params)
    return made


def require_fitted(fitted: Mapping[str, Scorer]) -> None:
    """Refuse to answer before anything was learnt.

    Raises
    ------
    NotFitted
    """
    if not fitted:
        raise NotFitted("the matching model has seen no data", next_command="call fit or load")


def _with_base(parts: list[Floats]) -> Floats:
    return np.column_stack([*parts, np.zeros(len(parts[0]))])
