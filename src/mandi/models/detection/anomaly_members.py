"""The kinds of raw anomaly scores that are fused: nearest normal rows, latent space of autoencoders, rebuilding error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

import numpy as np

from mandi.core.errors import UnknownValue
from mandi.models.detection.anomaly_neighbours import Neighbours

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from mandi.models.detection.anomaly_nets import Schedule, Shape
    from mandi.models.detection.anomaly_onnx import Ensemble

Floats = np.ndarray[Any, np.dtype[np.float64]]
State = tuple[dict[str, Any], dict[str, np.ndarray[Any, Any]]]


@dataclass(frozen=True)
class Rows:
    """Rows on one scale.

    Attributes
    ----------
    inputs : array of shape (n, n_columns + n_gaps)
    known : boolean array of shape (n, n_columns)
    gaps : integer array of shape (n_gaps,)
        Column that each of the last inputs speaks of.
    """

    inputs: Floats
    known: NDArray[np.bool_]
    gaps: NDArray[np.intp]

    def at(self, places: NDArray[np.intp]) -> Rows:
        """Return some of the rows."""
        return Rows(self.inputs[places], self.known[places], self.gaps)


@dataclass(frozen=True)
class Plan:
    """What all members of a detector share while they learn.

    Attributes
    ----------
    fold : integer array of shape (n,)
        Network i does not see rows of fold i.
    calibration, reference : integer arrays
        Training rows whose blind scores are wanted, and those that later rows are compared with.
    latent_reference, k, seed, threads : int
    schedule : Schedule
    """

    fold: NDArray[np.intp]
    calibration: NDArray[np.intp]
    reference: NDArray[np.intp]
    latent_reference: int
    k: int
    schedule: Schedule
    seed: int
    threads: int


class Member(Protocol):
    """One raw score; higher is stranger."""

    kind: ClassVar[str]

    def fit(self, rows: Rows, plan: Plan) -> Floats:
        """Learn and return the blind scores of the plan's calibration rows."""

    def score(self, rows: Rows) -> Floats:
        """Return raw scores of shape (n,)."""

    def parts(self, rows: Rows) -> Floats:
        """Return what each column adds, of shape (n, n_columns), not below 0."""

    def save(self, folder: Path, name: str) -> State:
        """Write networks, if any, and return the rest."""

    @classmethod
    def load(cls, folder: Path, state: dict[str, Any], arrays: dict[str, np.ndarray[Any, Any]]) -> Self:
        """Take back what ``save`` gave."""


class NearestRows:
    """Mean Manhattan distance to the k nearest normal rows."""

    kind: ClassVar[str] = "knn"

    def __init__(self) -> None:
        self.near = Neighbours(np.empty((0, 0)))

    def fit(self, rows: Rows, plan: Plan) -> Floats:
        """Keep the reference; a calibration row does not meet itself."""
        self.near = Neighbours(_single(rows.inputs[plan.reference]), plan.k)
        place = np.full(len(rows.inputs), -1)
        place[plan.reference] = np.arange(len(plan.reference))
        return self.near.distances(rows.inputs[plan.calibration], skip=place[plan.calibration])

    def score(self, rows: Rows) -> Floats:
        """Return distances of shape (n,)."""
        return self.near.distances(rows.inputs)

    def parts(self, rows: Rows) -> Floats:
        """Return each column's part of the distance, a gap's part added to its column."""
        every = self.near.parts(rows.inputs)
        out = every[:, : rows.known.shape[1]].copy()
        out[:, rows.gaps] += every[:, rows.known.shape[1] :]
        return out

    def save(self, folder: Path, name: str) -> State:
        """Return the reference."""
        return {"k": self.near.k}, {"rows": self.near.rows.astype(np.float32)}

    @classmethod
    def load(cls, folder: Path, state: dict[str, Any], arrays: dict[str, np.ndarray[Any, Any]]) -> Self:
        """Take the reference back."""
        member = cls()
        member.near = Neighbours(arrays["rows"].astype(np.float64), state["k"])
        return member


class RebuiltRows:
    """Mean squared error of rows rebuilt by bottleneck autoencoders."""

    kind: ClassVar[str] = "error"
    ensemble: Ensemble

    def fit(self, rows: Rows, plan: Plan) -> Floats:
        """Train the networks; a calibration row is judged by the one that has not seen it."""
        self.ensemble = _trained(rows, plan, self._shape(rows))
        chosen = rows.at(plan.calibration)
        _, rebuilt = self.ensemble.run(chosen.inputs)
        own = rebuilt[np.arange(len(rebuilt)), plan.fold[plan.calibration]]
        return _mean_known(_squares(own[:, None], chosen), chosen)

    def score(self, rows: Rows) -> Floats:
        """Return errors of shape (n,), the mean over networks and known columns."""
        return _mean_known(self.parts(rows), rows)

    def parts(self, rows: Rows) -> Floats:
        """Return the squared error of each column, the mean over networks; 0 where the value is missing."""
        return _squares(self.ensemble.run(rows.inputs)[1], rows)

    def save(self, folder: Path, name: str) -> State:
        """Write the networks."""
        return self.ensemble.save(folder / f"{name}.onnx"), {}

    @classmethod
    def load(cls, folder: Path, state: dict[str, Any], arrays: dict[str, np.ndarray[Any, Any]]) -> Self:
        """Read the networks."""
        from mandi.models.detection.anomaly_onnx import Ensemble

        member = cls()
        member.ensemble = Ensemble.load(folder, state)
        return member

    def _shape(self, rows: Rows) -> Shape:
        from mandi.models.detection.anomaly_nets import narrow

        return narrow()


class LatentRows(RebuiltRows):
    """Mean Manhattan distance to the k nearest normal rows in the latent space of wide denoising autoencoders."""

    kind: ClassVar[str] = "latent"

    def __init__(self) -> None:
        self.unit: Floats = np.empty((0, 0))
        self.near: list[Neighbours] = []

    def fit(self, rows: Rows, plan: Plan) -> Floats:
        """Train the networks and keep latent points of rows each has seen."""
        self.ensemble = _trained(rows, plan, self._shape(rows))
        points = self.ensemble.run(rows.inputs)[0]
        draw = np.random.default_rng(plan.seed)
        seen = [np.flatnonzero(plan.fold != net) for net in range(self.ensemble.nets)]
        spread = np.stack([points[rows_of, net].std(axis=0) for net, rows_of in enumerate(seen)])
        self.unit = _single(np.where(spread < 1e-6, 1.0, spread))
        count = min(plan.latent_reference, *(len(rows_of) for rows_of in seen))
        points = points / self.unit
        self.near = [
            Neighbours(_single(points[np.sort(draw.choice(rows_of, count, replace=False)), net]), plan.k)
            for net, rows_of in enumerate(seen)
        ]
        out = np.empty(len(plan.calibration))
        for net, near in enumerate(self.near):
            own = np.flatnonzero(plan.fold[plan.calibration] == net)
            out[own] = near.distances(points[plan.calibration[own], net])
        return out

    def score(self, rows: Rows) -> Floats:
        """Return distances of shape (n,), the mean over networks."""
        points = self.ensemble.run(rows.inputs)[0] / self.unit
        total = np.zeros(len(points))
        for net, near in enumerate(self.near):
            total += near.distances(points[:, net])
        return total / len(self.near)

    def save(self, folder: Path, name: str) -> State:
        """Write the networks and return the latent points."""
        state, _ = super().save(folder, name)
        points = np.stack([near.rows for near in self.near]).astype(np.float32)
        return state | {"k": self.near[0].k}, {"points": points, "unit": self.unit.astype(np.float32)}

    @classmethod
    def load(cls, folder: Path, state: dict[str, Any], arrays: dict[str, np.ndarray[Any, Any]]) -> Self:
        """Read the networks and take the latent points back."""
        member = super().load(folder, state, arrays)
        member.unit = arrays["unit"].astype(np.float64)
        member.near = [Neighbours(points.astype(np.float64), state["k"]) for points in arrays["points"]]
        return member

    def _shape(self, rows: Rows) -> Shape:
        from mandi.models.detection.anomaly_nets import wide

        return wide(rows.inputs.shape[1])


KINDS: dict[str, type[NearestRows] | type[RebuiltRows]] = {
    member.kind: member for member in (NearestRows, LatentRows, RebuiltRows)
}


def parse(name: str) -> tuple[str, str]:
    """Split a member's name into its kind and its scale.

    Raises
    ------
    UnknownValue
        Not ``kind-scale``.

    Examples
    --------
    >>> parse("latent-q")
    ('latent', 'q')
    """
    from mandi.models.detection.anomaly_scales import SCALES

    kind, _, scale = name.partition("-")
    if kind not in KINDS or scale not in SCALES:
        allowed = ", ".join(f"{k}-{s}" for k in KINDS for s in SCALES)
        raise UnknownValue(f"member {name!r}", allowed=allowed)
    return kind, scale


def _trained(rows: Rows, plan: Plan, shape: Shape) -> Ensemble:
    from mandi.models.detection.anomaly_nets import train
    from mandi.models.detection.anomaly_onnx import Ensemble

    layers = train(rows.inputs, rows.known, shape, plan.fold, plan.schedule, plan.seed, plan.threads)
    few = np.random.default_rng(plan.seed).choice(len(rows.inputs), min(32, len(rows.inputs)), replace=False)
    return Ensemble.of(layers, shape, rows.inputs[few])


def _squares(rebuilt: Floats, rows: Rows) -> Floats:
    gap = rebuilt - rows.inputs[:, None, : rows.known.shape[1]]
    return np.asarray(np.where(rows.known, (gap**2).mean(axis=1), 0.0))


def _mean_known(parts: Floats, rows: Rows) -> Floats:
    return np.asarray(parts.sum(axis=1) / np.maximum(rows.known.sum(axis=1), 1))


def _single(rows: Floats) -> Floats:
    """Round to single precision, so that what is saved is what was used."""
    return rows.astype(np.float32).astype(np.float64)
