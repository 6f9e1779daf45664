"""How unusual a row of measurements is: neighbours, isolation forest or distance to its class, as a conformal percentile."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.intp]]


@dataclass(frozen=True)
class NoveltyParams:
    """Settings: ``kind`` is neighbours, isolation or mahalanobis; ``power`` makes columns normal first (Yeo-Johnson)."""

    kind: str = "neighbours"
    power: bool = True
    neighbours: int = 10
    trees: int = 200
    most_rows: int = 20000
    seed: int = 42


class Novelty:
    """Learns what usual rows look like."""

    def __init__(self, params: NoveltyParams | None = None) -> None:
        self.params = params or NoveltyParams()

    def fit(self, matrix: Floats, grade: Ints | None = None) -> Self:
        """Learn from usual rows (n, d; NaN is missing); ``grade`` is only read by mahalanobis."""
        raise NotImplementedError

    def distance(self, matrix: Floats) -> Floats:
        """Return the raw distance (n,), higher = more unusual."""
        raise NotImplementedError

    def p_value(self, matrix: Floats) -> Floats:
        """Return conformal p-values (n,): at most a share a of usual rows has p <= a."""
        raise NotImplementedError

    def score(self, matrix: Floats) -> Floats:
        """Return 1 - p in [0, 1], with a tail beyond the calibration rows so that extreme rows still rank."""
        raise NotImplementedError

    def save(self, folder: Path) -> None:
        """Write novelty.json and novelty.npz into an existing folder."""
        raise NotImplementedError

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote."""
        raise NotImplementedError
