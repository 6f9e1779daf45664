"""Two-tower (siamese) network: both sides of a trade as points on a sphere, the nearer the better the match.

Towers follow the specification's shape (256, 128, 128 wide) with its faults mended: LayerNorm instead of BatchNorm, so
that a row alone is answered as in a batch; logits in training and a logistic curve only in answers; wrong partners taken
from the batch and from the hardest ones found so far, known right ones masked out of both. A catalogue is searched by
the cosine of embeddings; a scorer on both embeddings and their cosine judges the few that remain. Towers are trained
by torch and answered by ONNX.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from mandi.core.errors import ContractError, NotFitted
from mandi.models.ranking.pair_line import expit
from mandi.models.ranking.two_tower_door import Net, to_net
from mandi.models.ranking.two_tower_nets import make_nets, train_nets

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mandi.models.ranking.two_tower_nets import Nets

FORMAT = "two-tower/1"
CLIP = 8.0  # standard deviations
NETS = ("left", "right", "scorer")
Floats = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True)
class TwoTowerParams:
    """Settings of the network.

    Attributes
    ----------
    embedding_dim, hidden : int
        Width of an embedding and of the first layer of a tower.
    shared : bool
        One tower for both sides; both must then have the same columns.
    straight : bool
        A linear path beside the layers of each tower.
    standardise : bool
        Inputs are centred and divided by their spread over the records given to ``fit``.
    hard : int
        Hard wrong partners per pair, taken anew every ``hard_every`` epochs among the ``hard_pool`` nearest.
    temperature : float
        Divides cosines before the softmax over partners.
    scorer_weight : float
        Share of the scorer's loss (binary cross entropy on logits) beside the softmax loss.
    """

    embedding_dim: int = 128
    hidden: int = 256
    shared: bool = False
    straight: bool = True
    standardise: bool = True
    dropout: float = 0.3
    scorer_dropout: float = 0.2
    epochs: int = 20
    batch: int = 128
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    hard: int = 8
    hard_pool: int = 30
    hard_every: int = 5
    temperature: float = 0.07
    scorer_weight: float = 1.0
    threads: int = 1
    seed: int = 20240611


class TwoTower:
    """Two towers and a scorer over arrays of numbers, one row a record.

    Parameters
    ----------
    params : TwoTowerParams, optional

    Examples
    --------
    >>> import numpy as np
    >>> draw = np.random.default_rng(0)
    >>> left = draw.normal(size=(60, 6))
    >>> right = left + draw.normal(0, 0.1, size=(60, 6))
    >>> small = TwoTowerParams(embedding_dim=8, hidden=16, epochs=3)
    >>> towers = TwoTower(small).fit(left, right, np.column_stack([np.arange(50), np.arange(50)]))
    >>> towers.embed_left(left[50:]).shape
    (10, 8)
    >>> near = towers.embed_left(left[50:]) @ towers.embed_right(right).T
    >>> bool((near.argmax(axis=1) == np.arange(50, 60)).mean() > 0.5)
    True
    """

    def __init__(self, params: TwoTowerParams | None = None) -> None:
        self.params = params or TwoTowerParams()
        self.scales: dict[str, Scale] = {}
        self.nets: dict[str, Net] = {}
        self.losses: list[float] = []

    def fit(
        self,
        left: NDArray[Any],
        right: NDArray[Any],
        pairs: NDArray[Any],
        negatives: NDArray[Any] | None = None,
        progress: Callable[[str], None] | None = None,
    ) -> Self:
        """Learn from known partners.

        Parameters
        ----------
        left : array of shape (n, d1), right : array of shape (m, d2)
            Numbers of both sides; NaN is missing. Records without a known partner serve as wrong ones.
        pairs : integer array of shape (k, 2)
            Rows of left and right that belong together; a record may have several partners.
        negatives : integer array of shape (q, 2), optional
            Pairs that could have been chosen and were not: hard wrong partners are drawn among them alone. Without it
            they are the nearest records that are no known partner.

        Raises
        ------
        ContractError
            Shapes differ, a row does not exist, a value is infinite, or no pair is given.
        """
        import torch

        p = self.params
        sides = {"left": _matrix(left, "left"), "right": _matrix(right, "right")}
        known = _rows(pairs, "pairs", len(sides["left"]), len(sides["right"]))
        wrong = (
            None
            if negatives is None
            else _rows(negatives, "negatives", len(sides["left"]), len(sides["right"]))
        )
        if not len(known):
            raise ContractError("no pair to learn from", allowed="at least one")
        if p.shared and sides["left"].shape[1] != sides["right"].shape[1]:
            raise ContractError(
                f"{sides['left'].shape[1]} columns left and {sides['right'].shape[1]} right",
                allowed="the same on both sides of a shared tower",
            )
        both = np.vstack(list(sides.values())) if p.shared else None
        self.scales = {
            name: Scale.of(rows if both is None else both, p.standardise) for name, rows in sides.items()
        }
        ready = {name: self.scales[name].apply(rows) for name, rows in sides.items()}
        threads = torch.get_num_threads()
        with torch.random.fork_rng(devices=[]):
            torch.set_num_threads(p.threads)
            try:
                torch.manual_seed(p.seed)
                nets = make_nets((ready["left"].shape[1], ready["right"].shape[1]), p)
                say = progress or (lambda _: None)
                self.losses = train_nets(nets, ready["left"], ready["right"], known, wrong, p, say)
            finally:
                torch.set_num_threads(threads)
        self.nets = _exported(nets, ready, self.scales, p)
        return self

    def embed_left(self, rows: NDArray[Any]) -> Floats:
        """Return points of length one, of shape (n, embedding_dim); the cosine of two is their product."""
        return self._embed("left", rows)

    def embed_right(self, rows: NDArray[Any]) -> Floats:
        """Return points of length one, of shape (m, embedding_dim)."""
        return self._embed("right", rows)

    def cosine(self, left_rows: NDArray[Any], right_rows: NDArray[Any]) -> NDArray[np.float64]:
        """Return the cosine of each pair in [-1, 1], of shape (n_pairs,); row i of one side meets row i of the other."""
        return cosine(self.embed_left(left_rows), self.embed_right(right_rows))

    def score(self, left_rows: NDArray[Any], right_rows: NDArray[Any]) -> NDArray[np.float64]:
        """Return the scorer's answer in [0, 1] per pair, of shape (n_pairs,); row i meets row i."""
        return self.score_embedded(self.embed_left(left_rows), self.embed_right(right_rows))

    def score_embedded(self, left: Floats, right: Floats) -> NDArray[np.float64]:
        """Return the scorer's answer in [0, 1] for pairs of embeddings, both of shape (n_pairs, embedding_dim)."""
        if len(left) != len(right):
            raise ContractError(
                f"{len(left)} rows left and {len(right)} right", allowed="one row each per pair"
            )
        if not self.nets:
            raise NotFitted("the towers have seen no data", next_command="call fit or load")
        if not len(left):
            return np.empty(0)
        return expit(self.nets["scorer"].run(left=left, right=right).astype(np.float64))

    def save(self, folder: Path) -> None:
        """Write two_tower.json and one ONNX file per network, with their hashes, into an existing folder."""
        if not self.nets:
            raise NotFitted("the towers have seen no data", next_command="call fit or load")
        files = {}
        for name, net in self.nets.items():
            if name == "right" and self.params.shared:
                continue
            (folder / f"{name}.onnx").write_bytes(net.content)
            files[name] = hashlib.sha256(net.content).hexdigest()
        state = {"format": FORMAT, "params": asdict(self.params), "files": files, "losses": self.losses,
                 "scales": {name: scale.state() for name, scale in self.scales.items()}}  # fmt: skip
        (folder / "two_tower.json").write_text(json.dumps(state, sort_keys=True), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote, without torch; a missing, changed or foreign file is refused (ContractError)."""
        try:
            state = json.loads((folder / "two_tower.json").read_text(encoding="utf-8"))
            if state.get("format") != FORMAT:
                raise ContractError(f"a two-tower model of format {state.get('format')!r}", allowed=FORMAT)
            towers = cls(TwoTowerParams(**state["params"]))
            towers.losses = list(state["losses"])
            towers.scales = {name: Scale(**scale) for name, scale in state["scales"].items()}
            for name in NETS:
                kept = "left" if name == "right" and towers.params.shared else name
                content = (folder / f"{kept}.onnx").read_bytes()
                if hashlib.sha256(content).hexdigest() != state["files"][kept]:
                    raise ContractError(f"{kept}.onnx is not the file that was saved")
                towers.nets[name] = Net(content)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ContractError(f"no two-tower model can be read from {folder}: {error}") from error
        return towers

    def _embed(self, side: str, rows: NDArray[Any]) -> Floats:
        if not self.nets:
            raise NotFitted("the towers have seen no data", next_command="call fit or load")
        ready = self.scales[side].apply(_matrix(rows, side))
        if not len(ready):
            return np.empty((0, self.params.embedding_dim), dtype=np.float32)
        return self.nets[side].run(rows=ready)


@dataclass(frozen=True)
class Scale:
    """How numbers of one side become inputs: centred, divided, clipped, 0 where missing and then a column that says so.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.array([[1.0, np.nan], [3.0, 5.0]])
    >>> Scale.of(rows, standardise=True).apply(rows).tolist()
    [[-1.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """

    centre: list[float]
    spread: list[float]
    gaps: list[int]

    @classmethod
    def of(cls, rows: NDArray[np.float64], standardise: bool) -> Scale:
        """Learn from rows of shape (n, columns); columns that are ever missing get a column of their own."""
        unknown = np.isnan(rows)
        count = np.maximum((~unknown).sum(axis=0), 1)
        centre = np.nansum(rows, axis=0) / count
        spread = np.sqrt(np.nansum((rows - centre) ** 2, axis=0) / count)
        if not standardise:
            centre, spread = np.zeros(len(centre)), np.ones(len(spread))
        spread = np.where(spread < 1e-9, 1.0, spread)
        return cls(centre.tolist(), spread.tolist(), np.flatnonzero(unknown.any(axis=0)).tolist())

    def apply(self, rows: NDArray[np.float64]) -> Floats:
        """Return float32 inputs of shape (n, columns + columns that were ever missing)."""
        if rows.shape[1] != len(self.centre):
            raise ContractError(f"{rows.shape[1]} columns, learnt from {len(self.centre)}")
        unknown = np.isnan(rows)
        scaled = np.clip((rows - np.array(self.centre)) / np.array(self.spread), -CLIP, CLIP)
        ready = np.hstack([np.where(unknown, 0.0, scaled), unknown[:, self.gaps]])
        return np.ascontiguousarray(ready, dtype=np.float32)

    def edges(self) -> Floats:
        """Return the inputs that are farthest from those of most records: all missing, all middling, clipped at either end.

        Examples
        --------
        >>> import numpy as np
        >>> Scale.of(np.array([[1.0], [3.0], [np.nan]]), standardise=True).edges().tolist()
        [[0.0, 1.0], [0.0, 0.0], [8.0, 0.0], [-8.0, 0.0]]
        """
        centre, far = np.array(self.centre), 2 * CLIP * np.array(self.spread)
        return self.apply(np.vstack([np.full(len(centre), np.nan), centre, centre + far, centre - far]))

    def state(self) -> dict[str, Any]:
        """Return plain lists."""
        return asdict(self)


def cosine(left: Floats, right: Floats) -> NDArray[np.float64]:
    """Return the product of each row with the row beside it, both of length one.

    Examples
    --------
    >>> import numpy as np
    >>> cosine(np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32)[::-1]).tolist()
    [0.0, 0.0]
    """
    total = np.zeros(len(left))
    # column by column, so that a row's bits do not depend on how many rows are asked
    for one, other in zip(left.T.astype(np.float64), right.T.astype(np.float64), strict=True):
        total += one * other
    return total


def _exported(
    nets: Nets, ready: dict[str, Floats], scales: dict[str, Scale], params: TwoTowerParams
) -> dict[str, Net]:
    draw = np.random.default_rng(params.seed)

    def probe(side: str) -> Floats:
        some = draw.integers(0, len(ready[side]), 32)
        return np.vstack([ready[side][some], scales[side].edges()])

    left = to_net(nets.left, [probe("left")], ["rows"], "embedding")
    right = left if params.shared else to_net(nets.right, [probe("right")], ["rows"], "embedding")
    points = [net.run(rows=probe(side)) for side, net in (("left", left), ("right", right))]
    return {"left": left, "right": right, "scorer": to_net(nets.scorer, points, ["left", "right"], "logit")}


def _matrix(rows: Any, side: str) -> NDArray[np.float64]:
    matrix = np.asarray(rows, dtype=np.float64)
    if matrix.ndim != 2:
        raise ContractError(f"{side} has shape {matrix.shape}", allowed="(n_records, n_columns)")
    if np.isinf(matrix).any():
        raise ContractError(f"a number of {side} is infinite", allowed="finite numbers, NaN where unknown")
    return matrix


def _rows(pairs: Any, name: str, lefts: int, rights: int) -> NDArray[np.intp]:
    rows = np.asarray(pairs, dtype=np.intp)
    if rows.ndim != 2 or rows.shape[1] != 2:
        raise ContractError(f"{name} has shape {rows.shape}", allowed="(n_pairs, 2)")
    if len(rows) and ((rows < 0).any() or (rows >= [lefts, rights]).any()):
        raise ContractError(f"{name} names a row that is not there", allowed=f"below {lefts} and {rights}")
    return rows
