"""Anomaly detection from normal rows alone: several raw scores, each read against blind normal rows, and their mean."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from mandi.core.errors import ContractError, NotFitted
from mandi.models.detection.anomaly_fusion import Tail
from mandi.models.detection.anomaly_members import KINDS, Plan, Rows, parse
from mandi.models.detection.anomaly_nets import Schedule
from mandi.models.detection.anomaly_scales import Scales, as_matrix

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

    from mandi.models.detection.anomaly_members import Member

FORMAT = "anomaly-detector/1"
Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class AnomalyParams:
    """Settings of a detector.

    Attributes
    ----------
    members : tuple of str
        Raw scores that are fused, each ``kind-scale``: kind ``knn`` (nearest normal rows), ``latent`` (nearest normal
        rows in the latent space of wide denoising autoencoders) or ``error`` (rebuilding error of the bottleneck
        autoencoder); scale ``z``, ``q`` or ``s``.
    beside : tuple of str
        Raw scores that are learnt and shown, but not fused.
    k : int
        Nearest rows looked at.
    reference, latent_reference, calibration : int
        At most so many normal rows are compared with, per space, and give the blind scores.
    nets, nets_large, large : int
        Networks per ensemble, and how many with more than ``large`` rows.
    full_rows, full_steps, steps, batch : int
        Training takes ``full_steps`` over all rows up to ``full_rows`` of them, else ``steps`` over batches.
    trim : float
        Share of the given rows, the strangest by their nearest rows, that is left out of everything learnt.
    threads, seed : int

    Examples
    --------
    >>> AnomalyParams(members=("knn-z",), beside=()).members
    ('knn-z',)
    """

    members: tuple[str, ...] = ("knn-z", "knn-q", "knn-s", "latent-z", "latent-q")
    beside: tuple[str, ...] = ("error-z",)
    k: int = 5
    reference: int = 5000
    latent_reference: int = 3000
    calibration: int = 5000
    nets: int = 5
    nets_large: int = 3
    large: int = 3000
    full_rows: int = 1000
    full_steps: int = 500
    steps: int = 1000
    batch: int = 256
    trim: float = 0.0
    threads: int = 1
    seed: int = 20240611

    def __post_init__(self) -> None:
        for name in ("members", "beside"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
            for member in getattr(self, name):
                parse(member)
        if not self.members or len({*self.members, *self.beside}) < len(self.members) + len(self.beside):
            raise ContractError(
                f"members {self.members} and beside {self.beside}", allowed="one or more, each once"
            )
        if not 0 <= self.trim < 0.5:
            raise ContractError(f"trim is {self.trim}", allowed="0 up to 0.5")


class AnomalyDetector:
    """Learn normal rows; say of later rows how strange they are, how rarely a normal row is, and which columns say so.

    Parameters
    ----------
    params : AnomalyParams, optional

    Examples
    --------
    >>> import numpy as np
    >>> draw = np.random.default_rng(0)
    >>> normal = draw.normal(size=(200, 3))
    >>> small = AnomalyParams(members=("knn-z", "latent-z"), beside=(), nets=2, full_steps=20)
    >>> detector = AnomalyDetector(small).fit(normal, ["price", "weight", "days"])
    >>> later = np.array([[0.0, 0.1, 0.0], [0.0, 9.0, 0.0]])
    >>> bool(detector.score(later)[1] > 0.99), bool((detector.p_values(later) < 0.01)[1])
    (True, True)
    >>> detector.contributions(later)[1].argmax().item()
    1
    >>> bool(np.allclose(detector.contributions(later).sum(axis=1), detector.surprise(later)))
    True
    """

    def __init__(self, params: AnomalyParams | None = None) -> None:
        self.params = params or AnomalyParams()
        self.names: list[str] = []
        self.kept = 0
        self._scales = Scales()
        self._members: dict[str, Member] = {}
        self._tails: dict[str, Tail] = {}
        self._typical: dict[str, Floats] = {}
        self._fused: Tail | None = None

    def fit(self, normals: ArrayLike, names: Sequence[str]) -> Self:
        """Learn from normal rows.

        Parameters
        ----------
        normals : array of shape (n, n_columns)
            NaN where missing.
        names : sequence of str
            One per column.

        Raises
        ------
        ContractError
            Names and columns differ, a number is infinite, or there are fewer than 20 rows.
        """
        matrix, p = as_matrix(normals), self.params
        if len(names) != matrix.shape[1] or not len(names):
            raise ContractError(f"{len(names)} names for {matrix.shape[1]} columns", allowed="one each")
        if len(matrix) < 20:
            raise ContractError(f"{len(matrix)} normal rows", allowed="20 or more")
        self.names = list(names)
        if p.trim:
            first = AnomalyParams(members=("knn-z", "knn-q"), beside=(), k=p.k, reference=p.reference,
                                  calibration=len(matrix), seed=p.seed)  # fmt: skip
            blind = AnomalyDetector(first)._learn(matrix)
            matrix = matrix[
                np.sort(np.argsort(blind, kind="stable")[: len(matrix) - round(p.trim * len(matrix))])
            ]
        self.kept = len(matrix)
        self._fused = Tail(self._learn(matrix))
        return self

    def calibrate(self, normals: ArrayLike) -> Self:
        """Read scores and p-values against other normal rows from now on, such as those of a later period."""
        self._fused = Tail(self.surprise(normals))
        return self

    def surprise(self, rows: ArrayLike) -> Floats:
        """Return the fused -ln(chance that a normal row is as strange), in nats, of shape (n,)."""
        return self.fuse(self.surprises(rows, self.params.members))

    def fuse(self, surprises: Mapping[str, Floats]) -> Floats:
        """Return the mean of surprises by member, each kind of member weighing the same; those beside do not count.

        Parameters
        ----------
        surprises : mapping of str to arrays of shape (n,)
            What ``surprises`` returned, or some of it.
        """
        share = self._shares(list(surprises))
        return np.asarray(sum(weight * surprises[name] for name, weight in share.items()))

    def surprises(self, rows: ArrayLike, members: Sequence[str] | None = None) -> dict[str, Floats]:
        """Return the surprise by each member, those beside included unless some are named."""
        raw = self.raw(rows, members)
        return {name: self._tails[name].surprise(score) for name, score in raw.items()}

    def raw(self, rows: ArrayLike, members: Sequence[str] | None = None) -> dict[str, Floats]:
        """Return distances and errors as they are, by member."""
        seen = self._views(rows)
        chosen = self._members if members is None else {name: self._members[name] for name in members}
        return {name: member.score(seen[parse(name)[1]]) for name, member in chosen.items()}

    def score(self, rows: ArrayLike) -> Floats:
        """Return the share of normal rows that are less strange, in [0, 1), rising beyond the strangest of them."""
        return self.tail.percentile(self.surprise(rows))

    def p_values(self, rows: ArrayLike) -> Floats:
        """Return conformal p-values of shape (n,): how rarely a normal row is as strange, never 0."""
        return self.tail.p_values(self.surprise(rows))

    def threshold(self, budget: float) -> float:
        """Return the score from which on a row is flagged, so that about ``budget`` of normal rows are."""
        return float(self.tail.percentile([self.tail.threshold(budget)])[0])

    def contributions(self, rows: ArrayLike) -> Floats:
        """Return how much each column adds to the surprise, of shape (n, n_columns); a row's numbers add up to it.

        A member's surprise goes to columns by how far their part of the distance, or their rebuilding error, exceeds
        what it is in half of the normal rows.
        """
        seen = self._views(rows)
        out = np.zeros(seen[next(iter(seen))].known.shape)
        for name, weight in self._shares(self.params.members).items():
            member, view = self._members[name], seen[parse(name)[1]]
            parts = member.parts(view)
            over = np.maximum(parts - self._typical[name], 0.0)
            over = np.where(over.sum(axis=1, keepdims=True) > 0, over, parts + 1e-12)
            share = over / over.sum(axis=1, keepdims=True)
            out += weight * share * self._tails[name].surprise(member.score(view))[:, None]
        return out

    @property
    def tail(self) -> Tail:
        """Fused blind scores of normal rows."""
        if self._fused is None:
            raise NotFitted("the detector has seen no data", next_command="call fit or load")
        return self._fused

    def save(self, folder: Path) -> None:
        """Write anomaly.json, anomaly.npz and one ONNX file per ensemble, with their hashes, into an existing folder."""
        arrays = {"fused": self.tail.blind, **{f"scales/{k}": v for k, v in self._scales.arrays().items()}}
        states: dict[str, Any] = {}
        for name, member in self._members.items():
            states[name], own = member.save(folder, name)
            arrays |= {f"{name}/{k}": v for k, v in own.items()}
            arrays |= {f"{name}/blind": self._tails[name].blind, f"{name}/typical": self._typical[name]}
        held = io.BytesIO()
        np.savez_compressed(held, allow_pickle=False, **arrays)
        (folder / "anomaly.npz").write_bytes(held.getvalue())
        state = {"format": FORMAT, "params": asdict(self.params), "names": self.names, "kept": self.kept,
                 "members": states, "sha256": hashlib.sha256(held.getvalue()).hexdigest()}  # fmt: skip
        (folder / "anomaly.json").write_text(json.dumps(state, sort_keys=True), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote, without torch; a missing, changed or foreign file is refused (ContractError)."""
        try:
            state = json.loads((folder / "anomaly.json").read_text(encoding="utf-8"))
            if state.get("format") != FORMAT:
                raise ContractError(f"a detector of format {state.get('format')!r}", allowed=FORMAT)
            content = (folder / "anomaly.npz").read_bytes()
            if hashlib.sha256(content).hexdigest() != state["sha256"]:
                raise ContractError("anomaly.npz is not the file that was saved")
            with np.load(io.BytesIO(content), allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            detector = cls(AnomalyParams(**state["params"]))
            detector.names, detector.kept = list(state["names"]), state["kept"]
            detector._fused = Tail(arrays["fused"])
            detector._scales = Scales.from_arrays(_under(arrays, "scales"))
            for name in (*detector.params.members, *detector.params.beside):
                own = _under(arrays, name)
                detector._members[name] = KINDS[parse(name)[0]].load(folder, state["members"][name], own)
                detector._tails[name], detector._typical[name] = Tail(own["blind"]), own["typical"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ContractError(f"no detector can be read from {folder}: {error}") from error
        return detector

    def _learn(self, matrix: Floats) -> Floats:
        p = self.params
        draw = np.random.default_rng(p.seed)
        count = min(p.nets if len(matrix) <= p.large else p.nets_large, len(matrix))
        order = draw.permutation(len(matrix))
        plan = Plan(
            fold=draw.permutation(len(matrix)) % count,
            calibration=np.sort(order[: p.calibration]),
            reference=np.sort(order[: p.reference]),
            latent_reference=p.latent_reference,
            k=p.k,
            schedule=Schedule(p.full_rows, p.full_steps, p.steps, p.batch),
            seed=p.seed,
            threads=p.threads,
        )
        self._scales = Scales().fit(matrix)
        names, surprises = (*p.members, *p.beside), {}
        seen = self._views(matrix)
        few = plan.calibration[:: max(1, len(plan.calibration) // 500)]
        for name in names:
            kind, scale = parse(name)
            member: Member = KINDS[kind]()
            blind = member.fit(seen[scale], plan)
            self._members[name], self._tails[name] = member, Tail(blind)
            self._typical[name] = np.median(member.parts(seen[scale].at(few)), axis=0)
            surprises[name] = self._tails[name].surprise(blind)
        return self.fuse(surprises)

    def _shares(self, names: Sequence[str]) -> dict[str, float]:
        kinds = [parse(name)[0] for name in names if name in self.params.members]
        count = len(set(kinds))
        return {n: 1.0 / (count * kinds.count(parse(n)[0])) for n in names if n in self.params.members}

    def _views(self, rows: ArrayLike) -> dict[str, Rows]:
        matrix = as_matrix(rows)
        if not self._scales.columns:
            raise NotFitted("the detector has seen no data", next_command="call fit or load")
        known: NDArray[np.bool_] = ~np.isnan(matrix)
        scales = {parse(name)[1] for name in (*self.params.members, *self.params.beside)}
        return {s: Rows(self._scales.apply(matrix, s), known, self._scales.gaps) for s in sorted(scales)}


def _under(arrays: dict[str, np.ndarray[Any, Any]], name: str) -> dict[str, np.ndarray[Any, Any]]:
    return {key.split("/", 1)[1]: value for key, value in arrays.items() if key.split("/", 1)[0] == name}
