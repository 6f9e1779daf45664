"""The networks of the two-tower model in torch, and how they learn: partners in the batch, hard wrong ones, known ones masked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mandi.models.ranking.two_tower import TwoTowerParams

Floats = np.ndarray[Any, np.dtype[np.float32]]


@dataclass
class Nets:
    """A tower per side (the same one twice when shared) and the scorer, torch modules in training mode or not."""

    left: Any
    right: Any
    scorer: Any

    def eval(self) -> Nets:
        """Switch dropout off everywhere."""
        for net in (self.left, self.right, self.scorer):
            net.eval()
        return self


def make_nets(columns: tuple[int, int], params: TwoTowerParams) -> Nets:
    """Return networks with weights drawn from torch's present seed; ``columns`` are the widths of both inputs."""
    import torch
    from torch import nn

    p = params

    class Tower(nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()
            last = nn.Linear(p.embedding_dim, p.embedding_dim)
            self.layers = nn.Sequential(
                nn.Linear(width, p.hidden), nn.ReLU(), nn.LayerNorm(p.hidden), nn.Dropout(p.dropout),
                nn.Linear(p.hidden, p.embedding_dim), nn.ReLU(), last,
            )  # fmt: skip
            self.straight: Any = None
            if p.straight:
                self.straight = nn.Linear(width, p.embedding_dim, bias=False)
                nn.init.orthogonal_(self.straight.weight)
                with torch.no_grad():
                    last.weight.mul_(0.1)

        def forward(self, rows: Any) -> Any:
            out = self.layers(rows)
            if self.straight is not None:
                out = out + self.straight(rows)
            return nn.functional.normalize(out, dim=1, eps=1e-6)

    class Scorer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.Sequential(
                nn.Linear(2 * p.embedding_dim + 1, 64), nn.ReLU(), nn.Dropout(p.scorer_dropout),
                nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1),
            )  # fmt: skip

        def forward(self, left: Any, right: Any) -> Any:
            near = nn.functional.cosine_similarity(left, right, dim=1, eps=1e-6).unsqueeze(1)
            return self.layers(torch.cat([left, right, near], dim=1)).squeeze(1)

    left = Tower(columns[0])
    right = left if p.shared else Tower(columns[1])
    if columns[0] == columns[1] and p.straight:
        right.straight.load_state_dict(left.straight.state_dict())
    return Nets(left, right, Scorer())


def train_nets(
    nets: Nets,
    left: Floats,
    right: Floats,
    pairs: NDArray[np.intp],
    negatives: NDArray[np.intp] | None,
    params: TwoTowerParams,
    say: Callable[[str], None],
) -> list[float]:
    """Fit the networks in place and return the mean loss of every epoch.

    Each left record of a batch must find its partner among the partners of the batch and its hard wrong ones (softmax
    over cosines, and back from right to left within the batch); the scorer learns the same pairs with a logit each.
    """
    import torch
    from torch.nn import functional

    p = params
    draw = np.random.default_rng(p.seed)
    known = np.unique(pairs[:, 0] * len(right) + pairs[:, 1])
    weights = [*{id(w): w for net in vars(nets).values() for w in net.parameters()}.values()]
    optimiser = torch.optim.AdamW(weights, lr=p.learning_rate, weight_decay=p.weight_decay)
    rows_left, rows_right = torch.from_numpy(left), torch.from_numpy(right)
    pool = _given(negatives, known, len(left), len(right)) if negatives is not None else None
    history = []
    for epoch in range(p.epochs):
        if negatives is None and p.hard and epoch % p.hard_every == 0:
            pool = _hardest(nets, rows_left, rows_right, pairs, known, p)
        for net in vars(nets).values():
            net.train()
        losses = []
        order = draw.permutation(len(pairs))
        for batch in np.array_split(order, max(1, round(len(order) / p.batch))):
            a, b = pairs[batch, 0], pairs[batch, 1]
            wrong, asked = _drawn(pool, a, p.hard, draw)
            met = np.unique(np.concatenate([b, wrong]))
            own = np.searchsorted(met, b)
            hidden = np.isin(a[:, None] * len(right) + met[None, :], known)
            hidden[np.arange(len(a)), own] = False
            one, other = nets.left(rows_left[a]), nets.right(rows_right[met])
            cosine = one @ other.T / p.temperature
            logits = cosine.masked_fill(torch.from_numpy(hidden), -1e9)
            loss = functional.cross_entropy(logits, torch.from_numpy(own))
            hidden = np.isin(a[None, :] * len(right) + b[:, None], known)
            np.fill_diagonal(hidden, False)
            back = cosine[:, own].T.masked_fill(torch.from_numpy(hidden), -1e9)
            loss = loss + functional.cross_entropy(back, torch.arange(len(a)))
            left_of = np.concatenate([np.arange(len(a)), asked])
            right_of = np.concatenate([own, np.searchsorted(met, wrong)])
            truth = torch.zeros(len(left_of))
            truth[: len(a)] = 1.0
            scored = nets.scorer(one[left_of], other[right_of])
            loss = loss + p.scorer_weight * functional.binary_cross_entropy_with_logits(scored, truth)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(float(loss.detach()))
        history.append(float(np.mean(losses)))
        say(f"epoch {epoch + 1} of {p.epochs}, loss {history[-1]:.3f}")
    nets.eval()
    return history


Pool = dict[int, "NDArray[np.intp]"]


def _given(negatives: NDArray[np.intp], known: NDArray[np.intp], lefts: int, rights: int) -> Pool:
    code = np.setdiff1d(negatives[:, 0] * rights + negatives[:, 1], known)
    rows, partner = np.divmod(code, rights)
    cuts = np.searchsorted(rows, np.arange(lefts + 1))
    return {i: partner[cuts[i] : cuts[i + 1]] for i in range(lefts) if cuts[i + 1] > cuts[i]}


def _hardest(
    nets: Nets, left: Any, right: Any, pairs: NDArray[np.intp], known: NDArray[np.intp], p: TwoTowerParams
) -> Pool:
    import torch

    nets.eval()
    asked, partners = np.unique(pairs[:, 0], return_counts=True)
    width = min(p.hard_pool + int(partners.max()), len(right))
    found: Pool = {}
    with torch.no_grad():
        points = nets.right(right)
        for block in np.array_split(asked, max(1, len(asked) // 256)):
            top = torch.topk(nets.left(left[block]) @ points.T, width).indices.numpy()
            right_one = np.isin(block[:, None] * len(right) + top, known)
            for row, near, own in zip(block, top, right_one, strict=True):
                found[int(row)] = near[~own][: p.hard_pool]
    return found


def _drawn(
    pool: Pool | None, a: NDArray[np.intp], count: int, draw: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    wrong, asked = [np.empty(0, dtype=np.intp)], [np.empty(0, dtype=np.intp)]
    for place, row in enumerate(a):
        near = pool.get(int(row)) if pool else None
        if near is None or not len(near) or not count:
            continue
        taken = near if len(near) <= count else draw.choice(near, count, replace=False)
        wrong.append(taken)
        asked.append(np.full(len(taken), place))
    return np.concatenate(wrong), np.concatenate(asked)
