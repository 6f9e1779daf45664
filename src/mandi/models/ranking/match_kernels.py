"""How close a want and an offer are without having learnt what buyers take: TF-IDF of their texts, kernels of their numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mandi.models.ranking.text_views import TextViews, View

Floats = NDArray[np.float64]
Columns = Mapping[str, NDArray[Any]]
WANT = ("commodity", "min_grade", "market")
OFFER = ("commodity", "grade", "offer_market", "variety")
VIEW = View("record", "chars in words", 3, 5, 1.0)


@dataclass(frozen=True)
class KernelParams:
    """Widths of the kernels: share of the ceiling saved, log of a quantity ratio, km, grades."""

    saving: float = 0.05
    quantity: float = 1.0
    distance_km: float = 500.0
    grades: float = 2.0


class Kernels:
    """Terms of the offers shown, and closeness in [0, 1] of pairs.

    Parameters
    ----------
    params : KernelParams

    Examples
    --------
    >>> import numpy as np
    >>> names = {"commodity": "tur", "min_grade": "B", "grade": "B", "market": "Dewas", "offer_market": "Dewas", "variety": "Maruti"}
    >>> pairs = {name: np.array([text], dtype=object) for name, text in names.items()}
    >>> pairs |= {name: np.zeros(1) for name in ("price_saved", "quantity_ratio", "distance_km", "grade_steps", "window_share")}
    >>> kernels = Kernels(KernelParams())
    >>> kernels.learn(pairs)
    >>> {name: round(float(near[0]), 2) for name, near in kernels.closeness(pairs).items()}["distance"]
    1.0
    """

    def __init__(self, params: KernelParams) -> None:
        self.widths = params
        self.views = TextViews([VIEW])

    def learn(self, pairs: Columns) -> None:
        """Learn the terms and their weights from the texts of the offers."""
        texts, _ = _texts(pairs, OFFER)
        self.views.fit({"record": texts})

    def closeness(self, pairs: Columns) -> dict[str, Floats]:
        """Return closeness by name, each of shape (n_pairs,); what is not known is not close."""
        p = self.widths
        saved = 1.0 - np.exp(-np.maximum(pairs["price_saved"], 0.0) / p.saving)
        near = {
            "price": saved,
            "quantity": np.exp(-0.5 * (pairs["quantity_ratio"] / p.quantity) ** 2),
            "distance": np.exp(-pairs["distance_km"] / p.distance_km),
            "quality": np.exp(-0.5 * (np.minimum(pairs["grade_steps"] - p.grades, 0.0) / p.grades) ** 2),
            "delivery": pairs["window_share"],
            "text": self._cosine(pairs),
        }
        return {
            name: np.nan_to_num(np.asarray(value, dtype=np.float64), nan=0.0) for name, value in near.items()
        }

    def save(self, folder: Path) -> None:
        """Write the terms into an existing folder."""
        self.views.save(folder)

    def read(self, folder: Path) -> None:
        """Read the terms."""
        self.views = TextViews.load(folder)

    def _cosine(self, pairs: Columns) -> Floats:
        if not len(pairs["commodity"]):
            return np.empty(0)
        sides = []
        for parts in (WANT, OFFER):
            texts, place = _texts(pairs, parts)
            sides.append(self.views.vectors({"record": texts})[VIEW.name][place])
        return np.asarray(sides[0].multiply(sides[1]).sum(axis=1)).ravel()


def _texts(pairs: Columns, parts: tuple[str, ...]) -> tuple[list[str], NDArray[np.intp]]:
    # few different texts stand behind many pairs: each is counted once
    columns = ([str(value) if value is not None else "" for value in pairs[name].tolist()] for name in parts)
    joined = np.array([" ".join(row) for row in zip(*columns, strict=True)], dtype=object)
    distinct, place = np.unique(joined, return_inverse=True)
    return distinct.tolist(), place
