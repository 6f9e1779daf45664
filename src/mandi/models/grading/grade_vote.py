"""A jury of graders: members, how their votes are joined and how the joined vote is calibrated, chosen by inner folds.

Every way to join (``grade_joins``) with every calibration curve (``grade_calibration``) is judged by the likelihood of
rows that neither the members nor the join nor the curve had learnt from; the best answers. (As in every stack, the votes
that the join of one fold is fitted on come from members that knew this fold.)
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from mandi.core.errors import ContractError, NotFitted, UnknownValue
from mandi.models.grading.grade_calibration import Curve, log_loss
from mandi.models.grading.grade_joins import Join
from mandi.models.grading.grade_members import Member, member, member_class
from mandi.models.grading.grade_scales import checked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.intp]]
FORMAT = "grade-vote/1"


@dataclass(frozen=True)
class GradeVoteParams:
    """Settings of the jury.

    Attributes
    ----------
    members : tuple of str
        Names of members that vote (``grade_members.PLACES``).
    beside : tuple of str
        Members fitted on the same rows and asked alone, which do not vote (shown in tables).
    settings : dict
        Settings by member name.
    joins, curves : tuple of str
        Ways to join (vote, pool, stack) and to calibrate (none, temperature, platt, isotonic) among which inner folds choose.
    stack_strengths : tuple of float
        Inverse strengths of the ridge of the stack, chosen among in the same way.
    inner_folds : int
        Inner folds, where ``fit`` is not given its own.
    """

    members: tuple[str, ...] = ("svm-power", "log-ratio", "lightgbm", "mlp")
    beside: tuple[str, ...] = ()
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    joins: tuple[str, ...] = ("vote", "pool", "stack")
    curves: tuple[str, ...] = ("none", "temperature")
    stack_strengths: tuple[float, ...] = (0.003, 0.03)
    inner_folds: int = 3
    seed: int = 20240611


class GradeVote:
    """Members joined into one calibrated probability per grade.

    Parameters
    ----------
    params : GradeVoteParams, optional

    Attributes
    ----------
    choice : dict
        ``join``, ``curve``, and under ``log_loss`` the inner log loss of each way weighed and of each member alone.
    out_of_fold : array of shape (n_rows, n_grades)
        What the chosen way says of the rows it was fitted on, each time without them: for thresholds and conformal
        limits. NaN for rows in no inner fold. It is not saved.

    Examples
    --------
    >>> import numpy as np
    >>> matrix = np.random.default_rng(0).normal(size=(240, 2))
    >>> grade = (matrix.sum(axis=1) < 0).astype(int)
    >>> vote = GradeVote(GradeVoteParams(members=("logistic", "svm"))).fit(matrix, grade)
    >>> vote.proba(np.array([[1.0, 1.0], [-1.0, -1.0]])).argmax(axis=1).tolist()
    [0, 1]
    """

    def __init__(self, params: GradeVoteParams | None = None) -> None:
        self.params = params or GradeVoteParams()
        if not self.params.members:
            raise UnknownValue("members is empty", allowed="at least one member")
        self.members: dict[str, Member] = {}
        self.join = Join("vote")
        self.curve = Curve("none")
        self.choice: dict[str, Any] = {}
        self.out_of_fold: Floats = np.zeros((0, 0))
        self.grades = 0

    def fit(
        self,
        matrix: Floats,
        grade: Ints,
        folds: Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]] | None = None,
        grades: int | None = None,
        progress: Callable[[str], None] | None = None,
    ) -> Self:
        """Learn from rows with known grades.

        Parameters
        ----------
        matrix : array of shape (n_rows, n_features)
            NaN is missing.
        grade : integer array of shape (n_rows,)
            0..k-1, where ordered from best to worst.
        folds : sequence of (learnt, held) row numbers, optional
            Inner folds, for example by time and supplier; stratified ones by default. A row is held at most once.
        grades : int, optional
            k, where the rows may lack the last ones.

        Raises
        ------
        ContractError
            Shapes differ, or no row is held by a fold.
        """
        rows, truth = checked(matrix), np.asarray(grade, dtype=np.intp)
        if truth.shape != (len(rows),) or not len(rows) or truth.min() < 0:
            raise ContractError(
                f"{len(rows)} rows, grades of shape {truth.shape}", allowed="one grade per row, from 0"
            )
        self.grades = grades or int(truth.max()) + 1
        parts = (
            list(folds)
            if folds is not None
            else inner_folds(truth, self.params.inner_folds, self.params.seed)
        )
        held = np.full(len(rows), -1)
        for number, (_, asked) in enumerate(parts):
            held[asked] = number
        known = np.flatnonzero(held >= 0)
        if not len(known):
            raise ContractError("no row is held by an inner fold", allowed="at least one")
        say = progress or (lambda _: None)
        votes = {}
        for name in self.params.members:
            vote = np.full((len(rows), self.grades), np.nan)
            for learnt, asked in parts:
                vote[asked] = (
                    self._member(name)
                    .fit(rows[learnt], truth[learnt], self.grades, self.params.seed)
                    .proba(rows[asked])
                )
            votes[name] = vote[known]
            say(f"{name} on {len(parts)} inner folds")
        self._choose(votes, truth[known], held[known])
        self.out_of_fold = np.full((len(rows), self.grades), np.nan)
        self.out_of_fold[known] = self._crossed(
            *self._ways()[self.choice["way"]], list(votes.values()), truth[known], held[known]
        )
        for name in (*self.params.members, *self.params.beside):
            self.members[name] = self._member(name).fit(rows, truth, self.grades, self.params.seed)
            say(f"{name} on all {len(rows):,} rows")
        return self

    def proba(self, matrix: Floats) -> Floats:
        """Return calibrated probabilities of shape (n_rows, n_grades); a row's do not depend on the other rows."""
        votes = [self.member_proba(name, matrix) for name in self.params.members]
        return self.curve.apply(self.join.apply(votes))

    def member_proba(self, name: str, matrix: Floats) -> Floats:
        """Return what one member says alone, voting or beside, of shape (n_rows, n_grades)."""
        if not self.members:
            raise NotFitted("the jury has seen no data", next_command="call fit or load")
        if name not in self.members:
            raise UnknownValue(f"member {name!r}", allowed=", ".join(self.members))
        return self.members[name].proba(matrix)

    def save(self, folder: Path) -> None:
        """Write vote.json and members.npz (plain arrays) into an existing folder."""
        if not self.members:
            raise NotFitted("the jury has seen no data", next_command="call fit or load")
        kept = {f"join/{name}": value for name, value in self.join.arrays().items()}
        kept |= {f"curve/{name}": value for name, value in self.curve.arrays().items()}
        for who, told in self.members.items():
            kept |= {f"{who}/{name}": value for name, value in told.arrays().items()}
        np.savez_compressed(folder / "members.npz", **kept)  # type: ignore[arg-type]  # numpy's stubs take the keys for allow_pickle
        sha256 = hashlib.sha256((folder / "members.npz").read_bytes()).hexdigest()
        state = {"format": FORMAT, "params": asdict(self.params), "grades": self.grades, "choice": self.choice,
                 "members": list(self.members), "sha256": sha256}  # fmt: skip
        (folder / "vote.json").write_text(json.dumps(state, sort_keys=True), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote; a file that is missing, changed or of another format is refused (ContractError)."""
        try:
            state = json.loads((folder / "vote.json").read_text(encoding="utf-8"))
            if state.get("format") != FORMAT:
                raise ContractError(f"a jury of format {state.get('format')!r}", allowed=FORMAT)
            if hashlib.sha256((folder / "members.npz").read_bytes()).hexdigest() != state["sha256"]:
                raise ContractError("members.npz is not the file that was saved")
            kept_params: dict[str, Any] = {
                name: tuple(value) if isinstance(value, list) else value
                for name, value in state["params"].items()
            }
            jury = cls(GradeVoteParams(**kept_params))
            jury.grades, jury.choice = state["grades"], state["choice"]
            with np.load(folder / "members.npz", allow_pickle=False) as kept:
                arrays = {name: kept[name] for name in kept.files}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ContractError(f"no jury can be read from {folder}: {error}") from error

        def of(who: str) -> dict[str, NDArray[Any]]:
            return {
                name[len(who) + 1 :]: value for name, value in arrays.items() if name.startswith(f"{who}/")
            }

        jury.join, jury.curve = Join.of(of("join")), Curve.of(of("curve"))
        jury.members = {name: member_class(name).of(of(name)) for name in state["members"]}
        return jury

    def _member(self, name: str) -> Member:
        return member(name, **self.params.settings.get(name, {}))

    def _ways(self) -> dict[str, tuple[str, float, str]]:
        p = self.params
        return {
            f"{join}{f' {strength:g}' if join == 'stack' else ''}, {curve}": (join, strength, curve)
            for join in p.joins
            for strength in (p.stack_strengths if join == "stack" else (0.0,))
            for curve in p.curves
        }

    def _choose(self, votes: dict[str, Floats], truth: Ints, held: Ints) -> None:
        found = {name: log_loss(vote, truth) for name, vote in votes.items()}
        judged = {
            way: log_loss(self._crossed(*parts, list(votes.values()), truth, held), truth)
            for way, parts in self._ways().items()
        }
        best = min(judged, key=judged.__getitem__)
        join, strength, curve = self._ways()[best]
        self.join = Join(join, strength).fit(list(votes.values()), truth)
        self.curve = Curve(curve).fit(self.join.apply(list(votes.values())), truth)
        self.choice = {"way": best, "join": join, "curve": curve, "log_loss": {**judged, **found}}

    @staticmethod
    def _crossed(
        join: str, strength: float, curve: str, votes: list[Floats], truth: Ints, held: Ints
    ) -> Floats:
        """What one way says of each fold when join and curve are fitted on the other folds."""
        out = np.zeros(votes[0].shape)
        numbers = np.unique(held)
        for number in numbers:
            asked = held == number
            learnt = ~asked if len(numbers) > 1 else asked
            joined = Join(join, strength).fit([vote[learnt] for vote in votes], truth[learnt])
            bent = Curve(curve).fit(joined.apply([vote[learnt] for vote in votes]), truth[learnt])
            out[asked] = bent.apply(joined.apply([vote[asked] for vote in votes]))
        return out


def inner_folds(
    grade: Ints, number: int, seed: int, group: NDArray[Any] | None = None
) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Return folds with each grade's share alike, as (learnt, held) row numbers.

    Parameters
    ----------
    grade : integer array of shape (n_rows,)
    number : int
        Folds.
    seed : int
    group : array of shape (n_rows,), optional
        No group stands on both sides of a fold (a supplier, a month).

    Examples
    --------
    >>> import numpy as np
    >>> [held.tolist() for _, held in inner_folds(np.array([0, 0, 1, 1]), 2, 0, group=np.array([5, 6, 5, 6]))]
    [[0, 2], [1, 3]]
    """
    from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

    truth = np.asarray(grade, dtype=np.intp)
    blank = np.zeros((len(truth), 1))
    enough = np.bincount(truth)[np.unique(truth)].min() >= number
    if group is None:
        kind: Any = StratifiedKFold if enough else KFold
        return list(kind(number, shuffle=True, random_state=seed).split(blank, truth))
    groups = np.asarray(group)
    if len(np.unique(groups)) < number:
        raise ContractError(
            f"{len(np.unique(groups))} groups for {number} folds", allowed=f"{number} groups at least"
        )
    if enough:
        return list(StratifiedGroupKFold(number).split(blank, truth, groups))
    return list(GroupKFold(number).split(blank, truth, groups))
