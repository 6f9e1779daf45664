"""Which offer of those shown a buyer takes: a conditional logit with an effect per seller and tastes of each buyer.

Utility = line over pair numbers + lasting effect of the seller + inner product of the buyer's taste and the seller's
style, both learnt (McFadden 1974; the factors as in matrix factorisation). Each question weighs its taken offers against
all that were shown with them. Effects are held down by a ridge, so that who is rarely seen stays near nobody in
particular, and who was never seen is exactly that. Scoring looks at one pair alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from mandi.core.errors import ContractError, NotFitted
from mandi.models.ranking.pair_line import CLIP, grouped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Floats = np.ndarray[Any, np.dtype[np.float64]]
SMALL = 0.1  # spread of the factors before they are learnt; at zero they would have no gradient


@dataclass(frozen=True)
class ChoiceParams:
    """Settings of the choice line.

    Attributes
    ----------
    line_penalty, seller_penalty, taste_penalty : float
        Ridge on the weights per standard deviation, on the sellers' effects, on tastes and styles.
    tastes : int
        Numbers per buyer and seller; 0 learns none.
    steps : int
        Iterations of L-BFGS at most.
    """

    line_penalty: float = 0.1
    seller_penalty: float = 1.0
    taste_penalty: float = 3.0
    tastes: int = 4
    steps: int = 250
    seed: int = 20240611


class ChoiceLine:
    """Line, seller effects and tastes.

    Parameters
    ----------
    params : ChoiceParams, optional

    Examples
    --------
    >>> import numpy as np
    >>> draw = np.random.default_rng(0)
    >>> group = np.repeat(np.arange(80), 6)
    >>> saved = draw.normal(size=(480, 1))
    >>> taken = np.zeros(480, dtype=bool)
    >>> taken[[rows[saved[rows, 0].argmax()] for rows in np.split(np.arange(480), 80)]] = True
    >>> who = np.array(["S1", "S2"] * 240, dtype=object)
    >>> line = ChoiceLine(ChoiceParams(tastes=1)).fit(saved, group, taken, who, who)
    >>> bool(line.margin(np.array([[2.0]]), ["new"], ["new"])[0] > line.margin(np.array([[1.0]]), ["new"], ["new"])[0])
    True
    """

    def __init__(self, params: ChoiceParams | None = None) -> None:
        self.params = params or ChoiceParams()
        self.centre: Floats = np.zeros(0)
        self.spread: Floats = np.zeros(0)
        self.weights: Floats = np.zeros(0)
        self.sellers: dict[str, int] = {}
        self.buyers: dict[str, int] = {}
        self.effects: Floats = np.zeros(0)
        self.styles: Floats = np.zeros((0, 0))
        self.tastes: Floats = np.zeros((0, 0))

    def fit(
        self,
        matrix: Floats,
        group: NDArray[Any],
        taken: NDArray[Any],
        sellers: Sequence[object] | NDArray[Any],
        buyers: Sequence[object] | NDArray[Any],
    ) -> Self:
        """Learn from offers shown.

        Parameters
        ----------
        matrix : array of shape (n_pairs, n_features)
            NaN counts as the mean.
        group : integer array of shape (n_pairs,)
            The question of each pair.
        taken : boolean array of shape (n_pairs,)
            Questions without a taken or without a refused offer teach nothing.
        sellers, buyers : sequences of str of length n_pairs

        Raises
        ------
        ContractError
            Shapes differ, or nothing can be learnt.
        """
        from scipy.optimize import minimize

        hit = np.asarray(taken, dtype=bool)
        order, sizes = grouped(np.asarray(group), hit, len(matrix))
        hit = hit[order]
        seller, buyer = (np.asarray(side, dtype=object)[order] for side in (sellers, buyers))
        self.sellers = {str(name): i for i, name in enumerate(sorted({str(s) for s in seller}))}
        self.buyers = {str(name): i for i, name in enumerate(sorted({str(b) for b in buyer}))}
        rows = np.asarray(matrix, dtype=np.float64)[order]
        filled = np.ma.masked_invalid(rows)
        self.centre = filled.mean(axis=0).filled(0.0)
        spread = filled.std(axis=0).filled(0.0)
        self.spread = np.where(spread < 1e-9, np.inf, spread)  # a column of one value says nothing
        problem = _Problem(self._scaled(rows), sizes, hit, self._codes(seller, self.sellers),
                           self._codes(buyer, self.buyers), (len(self.sellers), len(self.buyers)), self.params)  # fmt: skip
        found = minimize(
            problem.loss, problem.start(), jac=True, method="L-BFGS-B", options={"maxiter": self.params.steps}
        )
        self.weights, self.effects, self.styles, self.tastes = problem.parts(found.x)
        return self

    def margin(self, matrix: Floats, sellers: Sequence[object], buyers: Sequence[object]) -> Floats:
        """Return the utility of each pair, of shape (n_pairs,), without bounds; a row's bits are its own."""
        return np.asarray(sum(self.parts(matrix, sellers, buyers).T, np.zeros(len(matrix))))

    def parts(self, matrix: Floats, sellers: Sequence[object], buyers: Sequence[object]) -> Floats:
        """Return what the utility is the sum of, of shape (n_pairs, n_features + 2): line, seller, taste."""
        if not len(self.weights):
            raise NotFitted("the choice line has seen no data", next_command="call fit or load")
        if matrix.shape[1] != len(self.weights):
            raise ContractError(f"{matrix.shape[1]} features, learnt from {len(self.weights)}")
        seller, buyer = self._codes(sellers, self.sellers), self._codes(buyers, self.buyers)
        lasting = np.where(seller < 0, 0.0, self.effects[np.maximum(seller, 0)])
        liking = np.zeros(len(matrix))
        # number by number, so that a row's bits do not depend on how many rows are asked
        for style, taste in zip(self.styles.T, self.tastes.T, strict=True):
            liking += style[np.maximum(seller, 0)] * taste[np.maximum(buyer, 0)]
        liking = np.where((seller < 0) | (buyer < 0), 0.0, liking)
        return np.column_stack([self._scaled(matrix) * self.weights, lasting, liking])

    def state(self) -> dict[str, Any]:
        """Return the line as plain lists."""
        arrays = {name: getattr(self, name).tolist() for name in
                  ("centre", "weights", "effects", "styles", "tastes")}  # fmt: skip
        spread = [None if np.isinf(value) else float(value) for value in self.spread]
        return {**arrays, "spread": spread, "sellers": list(self.sellers), "buyers": list(self.buyers)}

    @classmethod
    def of(cls, state: dict[str, Any], params: ChoiceParams) -> Self:
        """Return the line that ``state`` wrote down."""
        line = cls(params)
        for name in ("centre", "weights", "effects"):
            setattr(line, name, np.asarray(state[name], dtype=np.float64))
        line.spread = np.array(
            [np.inf if value is None else value for value in state["spread"]], dtype=np.float64
        )
        line.sellers, line.buyers = (
            {n: i for i, n in enumerate(state[side])} for side in ("sellers", "buyers")
        )
        line.styles = np.asarray(state["styles"], dtype=np.float64).reshape(len(line.sellers), params.tastes)
        line.tastes = np.asarray(state["tastes"], dtype=np.float64).reshape(len(line.buyers), params.tastes)
        return line

    def _scaled(self, matrix: Floats) -> Floats:
        return np.nan_to_num(np.clip((matrix - self.centre) / self.spread, -CLIP, CLIP), nan=0.0)

    @staticmethod
    def _codes(names: Sequence[object] | NDArray[Any], known: dict[str, int]) -> NDArray[np.intp]:
        listed: Sequence[Any] = names.tolist() if isinstance(names, np.ndarray) else names
        return np.array([known.get(name, -1) for name in listed], dtype=np.intp)


class _Problem:
    """Negative log likelihood of what was taken, with its gradient, over one flat vector."""

    def __init__(
        self, rows: Floats, sizes: NDArray[np.intp], hit: NDArray[np.bool_], seller: NDArray[np.intp],
        buyer: NDArray[np.intp], counts: tuple[int, int], params: ChoiceParams,
    ) -> None:  # fmt: skip
        self.rows, self.hit, self.seller, self.buyer, self.counts, self.p = (
            rows, hit.astype(float), seller, buyer, counts, params,
        )  # fmt: skip
        self.starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        self.question = np.repeat(np.arange(len(sizes)), sizes)
        self.taken = np.bincount(self.question, self.hit)
        sellers, buyers = counts
        widths = (rows.shape[1], sellers, sellers * params.tastes, buyers * params.tastes)
        self.cuts = np.cumsum(widths)[:-1]
        self.penalty = np.repeat(
            [params.line_penalty, params.seller_penalty, params.taste_penalty, params.taste_penalty], widths
        )

    def start(self) -> Floats:
        draw = np.random.default_rng(self.p.seed)
        first = np.zeros(len(self.penalty))
        first[self.cuts[1] :] = SMALL * draw.standard_normal(len(first) - self.cuts[1])
        return first

    def parts(self, flat: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        line, effects, styles, tastes = np.split(flat, self.cuts)
        sellers, buyers = self.counts
        return line, effects, styles.reshape(sellers, self.p.tastes), tastes.reshape(buyers, self.p.tastes)

    def loss(self, flat: Floats) -> tuple[float, Floats]:
        line, effects, styles, tastes = self.parts(flat)
        style, taste = styles[self.seller], tastes[self.buyer]
        worth = self.rows @ line + effects[self.seller] + np.einsum("ij,ij->i", style, taste)
        worth = worth - np.maximum.reduceat(worth, self.starts)[self.question]
        raised = np.exp(worth)
        mass = np.add.reduceat(raised, self.starts)
        value = -float(self.hit @ worth) + float(self.taken @ np.log(mass))
        gap = self.taken[self.question] * raised / mass[self.question] - self.hit
        sellers, buyers = self.counts
        turned = [np.bincount(self.seller, gap * column, sellers) for column in taste.T]
        liked = [np.bincount(self.buyer, gap * column, buyers) for column in style.T]
        slope = np.concatenate(
            [
                gap @ self.rows,
                np.bincount(self.seller, gap, sellers),
                np.column_stack(turned).ravel() if turned else np.zeros(0),
                np.column_stack(liked).ravel() if liked else np.zeros(0),
            ]
        )
        return value + 0.5 * float(self.penalty @ flat**2), slope + self.penalty * flat
