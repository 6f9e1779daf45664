"""Autoencoders that learn normal rows, several at once, each blind to one part of the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Shape:
    """Layers of an autoencoder and how it learns.

    Attributes
    ----------
    encoder, decoder : tuple of int
        Widths of the hidden layers before and after the latent one.
    latent : int
        Width of the latent layer.
    activation : str
        ``gelu`` or ``relu``, after every layer but the last.
    latent_active : bool
        Whether the activation follows the latent layer before it is read; else the decoder applies it.
    dropout : float
        Share dropped after the first hidden layer and before the output layer.
    noise : float
        Standard deviation of the noise added to inputs while learning.
    squared : bool
        Squared loss; else smooth absolute loss.
    rate : float
        Peak of the one-cycle learning rate of AdamW.
    """

    encoder: tuple[int, ...]
    latent: int
    decoder: tuple[int, ...]
    activation: str = "gelu"
    latent_active: bool = False
    dropout: float = 0.0
    noise: float = 0.0
    squared: bool = False
    rate: float = 4e-3


def wide(columns: int) -> Shape:
    """Return the overcomplete denoising shape: d, h, 2d, h, d with h = 2d between 32 and 128.

    Examples
    --------
    >>> wide(9).encoder, wide(9).latent
    ((32,), 18)
    """
    hidden = min(max(2 * columns, 32), 128)
    return Shape((hidden,), 2 * columns, (hidden,), noise=0.3)


def narrow() -> Shape:
    """Return the classic bottleneck: 32, 16, 8, 16, 32 with dropout, and a linear output as wide as the input."""
    return Shape((32, 16), 8, (16, 32), "relu", True, dropout=0.2, squared=True, rate=1e-3)


@dataclass(frozen=True)
class Layer:
    """Weights of shape (n_nets, n_in, n_out) and biases of shape (n_nets, 1, n_out)."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]


@dataclass(frozen=True)
class Schedule:
    """Steps of training: all rows at once up to ``full_rows`` rows, else batches."""

    full_rows: int = 1000
    full_steps: int = 500
    steps: int = 1000
    batch: int = 256


def train(
    inputs: Floats,
    known: NDArray[np.bool_],
    shape: Shape,
    fold: NDArray[np.intp],
    schedule: Schedule,
    seed: int,
    threads: int = 1,
) -> list[Layer]:
    """Return the layers of ``fold.max() + 1`` networks trained side by side; network i never sees rows of fold i.

    Parameters
    ----------
    inputs : array of shape (n, width)
        Values, to be rebuilt, and after them columns that say where a value is missing.
    known : boolean array of shape (n, n_values)
        Where a value is known; a missing one counts in no loss.
    shape : Shape
    fold : integer array of shape (n,)
    schedule : Schedule
    seed : int
    threads : int

    Notes
    -----
    Weights start as torch's Linear layers do. All networks are one batched product of matrices.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        return _train(inputs, known, shape, fold, schedule, torch.Generator().manual_seed(seed))
    finally:
        torch.set_num_threads(before)


def _train(
    inputs: Floats,
    known: NDArray[np.bool_],
    shape: Shape,
    fold: NDArray[np.intp],
    schedule: Schedule,
    draw: Any,
) -> list[Layer]:
    import torch

    rows = torch.from_numpy(np.ascontiguousarray(inputs, dtype=np.float32))
    nets, columns = int(fold.max()) + 1, known.shape[1]
    weights = _start(nets, rows.shape[1], columns, shape, draw)
    full = len(rows) <= schedule.full_rows
    steps = schedule.full_steps if full else schedule.steps
    counts = torch.from_numpy(known.astype(np.float32))
    seen = torch.from_numpy(fold[None, :] != np.arange(nets)[:, None]).float().unsqueeze(2)
    others = [torch.from_numpy(np.flatnonzero(fold != k)) for k in range(nets)]
    learner = torch.optim.AdamW([w for pair in weights for w in pair], lr=shape.rate)
    cycle = torch.optim.lr_scheduler.OneCycleLR(learner, max_lr=shape.rate, total_steps=steps)
    for _ in range(steps):
        if full:
            clean, counted = rows.expand(nets, -1, -1), counts * seen
        else:
            places = [o[torch.randint(len(o), (schedule.batch,), generator=draw)] for o in others]
            picked = torch.stack(places)
            clean, counted = rows[picked], counts[picked]
        noisy = clean
        if shape.noise:
            noise = torch.randn((nets, clean.shape[1], columns), generator=draw) * shape.noise
            noisy = clean + torch.nn.functional.pad(noise, (0, clean.shape[2] - columns))
        rebuilt = forward(noisy, weights, shape, draw)[1]
        gap = rebuilt - clean[..., :columns]
        loss = gap**2 if shape.squared else torch.nn.functional.smooth_l1_loss(
            rebuilt, clean[..., :columns], reduction="none"
        )  # fmt: skip
        each = (loss * counted).sum(dim=(1, 2)) / counted.sum(dim=(1, 2)).clamp(min=1.0)
        learner.zero_grad()
        each.sum().backward()
        learner.step()
        cycle.step()
    return [Layer(w.detach().numpy().copy(), b.detach().numpy().copy()) for w, b in weights]


def forward(rows: Any, layers: Any, shape: Shape, draw: Any = None) -> tuple[Any, Any]:
    """Return latent points and rebuilt values, torch tensors of shape (n_nets, n, ...); with ``draw``, dropout is on.

    Parameters
    ----------
    rows : tensor of shape (n_nets or 1, n, width)
    layers : sequence of (weight, bias) tensors
    shape : Shape
    draw : torch.Generator, optional
    """
    import torch

    active = torch.nn.functional.gelu if shape.activation == "gelu" else torch.relu
    middle, last = len(shape.encoder), len(layers) - 1
    latent = None
    for place, (weight, bias) in enumerate(layers):
        if draw is not None and shape.dropout and place in (1, last):
            kept = torch.rand(rows.shape, generator=draw) >= shape.dropout
            rows = rows * kept / (1.0 - shape.dropout)
        rows = torch.matmul(rows, weight) + bias
        if place == middle and not shape.latent_active:
            latent = rows
        if place < last:
            rows = active(rows)
        if place == middle and shape.latent_active:
            latent = rows
    return latent, rows


def _start(nets: int, width: int, columns: int, shape: Shape, draw: Any) -> list[tuple[Any, Any]]:
    import torch

    sizes = [width, *shape.encoder, shape.latent, *shape.decoder, columns]
    out = []
    for into, outof in zip(sizes[:-1], sizes[1:], strict=True):
        reach = into**-0.5
        pair = [
            (torch.rand(size, generator=draw) * 2 - 1) * reach
            for size in ((nets, into, outof), (nets, 1, outof))
        ]
        out.append((pair[0].requires_grad_(), pair[1].requires_grad_()))
    return out
