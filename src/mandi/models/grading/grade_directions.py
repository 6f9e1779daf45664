"""Independent directions of measurements that nearly repeat each other.

A weighted sum of logarithms is the logarithm of a ratio of measurements: of a grain's sides its shape. Measurements that
nearly repeat each other leave their ratio in a direction of little spread; each direction is scaled to one, which brings
it out. Directions below a share of the spread of the first are rounding and dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from mandi.models.grading.grade_scales import Bend, Scale, product

if TYPE_CHECKING:
    from numpy.typing import NDArray

Floats = np.ndarray[Any, np.dtype[np.float64]]
LEAST = 1e-4
CLIP = 8.0  # spreads of a direction


@dataclass(frozen=True)
class Directions:
    """A scale and a turn of its columns.

    Attributes
    ----------
    scale : Scale
    middle : array of shape (n_scaled,)
    turn : array of shape (n_scaled, n_directions)

    Examples
    --------
    >>> import numpy as np
    >>> sides = np.array([[2.0, 1.0], [4.0, 2.1], [9.0, 4.4], [5.0, 2.6]])
    >>> Directions.fit(sides).apply(sides).std(axis=0).round(3).tolist()
    [1.0, 1.0]
    """

    scale: Scale
    middle: Floats
    turn: Floats

    @classmethod
    def fit(cls, matrix: Floats, bend: Bend = "log", least: float = LEAST) -> Self:
        """Find the directions of rows of shape (n_rows, n_features), NaN where unknown (principal axes, by spread)."""
        scale = Scale.fit(matrix, bend)
        scaled = scale.apply(matrix)
        middle = scaled.mean(axis=0)
        _, spread, axes = np.linalg.svd(scaled - middle, full_matrices=False)
        real = spread > least * max(float(spread.max(initial=0.0)), 1e-12)
        return cls(scale, middle, axes[real].T / spread[real] * np.sqrt(len(scaled)))

    def apply(self, matrix: Floats) -> Floats:
        """Return rows of shape (n_rows, n_directions), each direction with mean 0 and spread 1 where it was fitted."""
        return np.clip(product(self.scale.apply(matrix) - self.middle, self.turn), -CLIP, CLIP)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the directions as plain arrays."""
        return self.scale.arrays() | {"middle": self.middle, "turn": self.turn}

    @classmethod
    def of(cls, arrays: dict[str, NDArray[Any]]) -> Self:
        """Return the directions that ``arrays`` wrote down."""
        return cls(Scale.of(arrays), arrays["middle"], arrays["turn"])
