"""Chooses who grades: one member, all in a vote, or a stack, by lots of a later time and of suppliers not learnt from.

Each fold holds out a group of suppliers. Members learn from the earlier lots of all other suppliers and are asked about the later lots of
those held out, so that neither time nor supplier is known to them. What is likeliest there is fitted once more on all of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from mandi.core.errors import ConfigError, NotFitted
from mandi.core.memo import remembered
from mandi.models.grading.grade_lines import logistic_layer
from mandi.models.grading.grade_members import Member, member, member_class
from mandi.models.grading.grade_scales import product, softmax

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.intp]]
VOTE, STACK = "vote", "stack"
SMALLEST = 1e-6  # probability, before its logarithm is taken
LEAST_HELD = 40  # lots held out in all, below which the first member is taken
CHANCE = 2.0  # standard errors


@dataclass(frozen=True)
class JuryParams:
    """Who may grade, and how it is chosen.

    Attributes
    ----------
    members : tuple of str
        Names of ``mandi.models.grading.grade_members``; the first answers where too few lots can be held out to choose.
    settings : mapping of member to settings
    joins : tuple of str
        Ways to join all members that stand beside each alone: vote (geometric mean), stack (a logistic layer over
        logarithms).
    folds : int
        Groups of suppliers, each held out once.
    stack_strength : float
        Inverse strength of the ridge of the stack.
    seed : int
    """

    members: tuple[str, ...] = ("standard-line", "standard-svm", "lightgbm", "random-forest")
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    joins: tuple[str, ...] = (VOTE, STACK)
    folds: int = 2
    stack_strength: float = 0.03
    seed: int = 42

    def __post_init__(self) -> None:
        if not self.members or self.folds < 2:
            raise ConfigError(
                f"{len(self.members)} members, {self.folds} folds", allowed="at least 1, at least 2"
            )
        if strange := [name for name in self.joins if name not in (VOTE, STACK)]:
            raise ConfigError(f"joins hold {', '.join(strange)}", allowed=f"{VOTE}, {STACK}")
        for name in (*self.members, *self.settings):
            member_class(name)


class Jury:
    """Members of which one, or all, answer.

    Parameters
    ----------
    params : JuryParams, optional
    """

    def __init__(self, params: JuryParams | None = None) -> None:
        self.params = params or JuryParams()
        self.chosen = ""
        self.losses: dict[str, float] = {}  # log loss of each way on the lots held out
        self.members: dict[str, Member] = {}
        self.layer: Floats = np.zeros((0, 0))
        self.grades = 0

    def fit(
        self,
        matrix: Floats,
        grade: Ints,
        grades: int,
        later: NDArray[np.bool_],
        supplier: NDArray[Any],
        progress: Callable[[str], None] | None = None,
    ) -> Self:
        """Choose on held-out lots, then fit what was chosen on all rows.

        Parameters
        ----------
        matrix : array of shape (n, d)
        grade : array of shape (n,)
            0 is the best.
        grades : int
            How many there are.
        later : array of shape (n,)
            True for the rows that are only held out (a later time than all others).
        supplier : array of shape (n,)
            Whose lot it is; a supplier's lots are never on both sides of a fold.
        progress : callable, optional
            Told a line of text after every fit.
        """
        self.grades = grades
        tell = progress or (lambda text: None)
        held, truth, fold = self._held_out(matrix, grade, later, supplier, tell)
        self.layer = np.zeros((0, 0))
        if len(truth) < LEAST_HELD:
            self.losses, self.chosen = {}, self.params.members[0]
        else:
            weighed = self._weighed(held, truth, fold)
            self.losses = {name: float(losses.mean()) for name, losses in weighed.items()}
            self.chosen = simplest(weighed, self.params.members)
        wanted = [self.chosen] if self.chosen in self.params.members else list(self.params.members)
        self.members = {}
        for name in wanted:
            self.members[name] = self._taught(name, matrix, grade)
            tell(f"{name} fitted on {len(grade)} lots")
        if self.chosen == STACK:
            self.layer = self._stacked(np.hstack([_logs(held[name]) for name in wanted]), truth)
        return self

    def proba(self, matrix: Floats) -> Floats:
        """Return probabilities of shape (n_rows, n_grades), not calibrated."""
        if not self.members:
            raise NotFitted("the jury has seen no data", next_command="call fit or load")
        told = [one.proba(matrix) for one in self.members.values()]
        if self.chosen == STACK:
            logs = np.ascontiguousarray(np.hstack([_logs(p) for p in told]))
            return softmax(product(logs, self.layer[:-1]) + self.layer[-1])
        return told[0] if len(told) == 1 else softmax(np.asarray(sum(_logs(p) for p in told)) / len(told))

    def save(self, folder: Path) -> None:
        """Write jury.json and jury.npz."""
        if not self.members:
            raise NotFitted("the jury has seen no data", next_command="call fit or load")
        told = {
            "params": asdict(self.params), "chosen": self.chosen, "losses": self.losses, "grades": self.grades,
            "members": list(self.members),
        }  # fmt: skip
        (folder / "jury.json").write_text(json.dumps(told, indent=1, sort_keys=True), encoding="utf-8")
        arrays = {
            f"{name}|{key}": values
            for name, one in self.members.items()
            for key, values in one.arrays().items()
        }
        np.savez(folder / "jury.npz", layer=self.layer, **arrays)  # type: ignore[arg-type]

    @classmethod
    def load(cls, folder: Path, params: JuryParams) -> Self:
        """Read what ``save`` wrote."""
        told = json.loads((folder / "jury.json").read_text(encoding="utf-8"))
        made = cls(params)
        made.chosen, made.losses, made.grades = told["chosen"], told["losses"], int(told["grades"])
        with np.load(folder / "jury.npz", allow_pickle=False) as stored:
            made.layer = stored["layer"]
            for name in told["members"]:
                own = {
                    key.partition("|")[2]: stored[key] for key in stored.files if key.startswith(f"{name}|")
                }
                made.members[name] = member_class(name).of(own)
        return made

    def _taught(self, name: str, matrix: Floats, grade: Ints) -> Member:
        settings, seed = self.params.settings.get(name, {}), self.params.seed
        return remembered(
            "grader", lambda: member(name, **settings).fit(matrix, grade, self.grades, seed),
            name, settings, matrix, grade, self.grades, seed,
        )  # fmt: skip

    def _held_out(
        self,
        matrix: Floats,
        grade: Ints,
        later: NDArray[np.bool_],
        supplier: NDArray[Any],
        tell: Callable[[str], None],
    ) -> tuple[dict[str, Floats], Ints, Ints]:
        groups = supplier_groups(supplier, self.params.folds, self.params.seed)
        asked: dict[str, list[Floats]] = {name: [] for name in self.params.members}
        truth, fold = [], []
        for number in range(self.params.folds):
            learnt, held = ~later & (groups != number), later & (groups == number)
            if not held.any() or not learnt.any():
                continue
            for name in self.params.members:
                one = self._taught(name, matrix[learnt], grade[learnt])
                asked[name].append(one.proba(matrix[held]))
                tell(f"fold {number + 1} of {self.params.folds}: {name}, {int(held.sum())} lots held out")
            truth.append(grade[held])
            fold.append(np.full(int(held.sum()), number))
        if not truth:
            nothing = np.zeros(0, dtype=np.intp)
            return {}, nothing, nothing
        return {n: np.vstack(p) for n, p in asked.items()}, np.concatenate(truth), np.concatenate(fold)

    def _weighed(self, held: Mapping[str, Floats], truth: Ints, fold: Ints) -> dict[str, Floats]:
        found = {name: log_losses(proba, truth) for name, proba in held.items()}
        if len(held) < 2:
            return found
        logs = [_logs(proba) for proba in held.values()]
        if VOTE in self.params.joins:
            found[VOTE] = log_losses(softmax(np.asarray(sum(logs)) / len(logs)), truth)
        if STACK in self.params.joins and len(np.unique(fold)) > 1:
            whole, answered = np.ascontiguousarray(np.hstack(logs)), np.zeros((len(truth), self.grades))
            for number in np.unique(fold):
                layer = self._stacked(whole[fold != number], truth[fold != number])
                answered[fold == number] = softmax(product(whole[fold == number], layer[:-1]) + layer[-1])
            found[STACK] = log_losses(answered, truth)
        return found

    def _stacked(self, logs: Floats, truth: Ints) -> Floats:
        return logistic_layer(logs, truth, self.grades, self.params.stack_strength)


def supplier_groups(supplier: NDArray[Any], groups: int, seed: int) -> Ints:
    """Return a group from 0 to ``groups - 1`` for each row, the same for all rows of a supplier.

    Examples
    --------
    >>> found = supplier_groups(np.array(["S1", "S2", "S1", None], dtype=object), 2, 1)
    >>> bool(found[0] == found[2]), bool((found < 2).all())
    (True, True)
    """
    names, codes = np.unique(
        np.array([str(s) for s in supplier], dtype=object).astype(str), return_inverse=True
    )
    dealt = np.random.default_rng(seed).permutation(len(names)) % groups
    return dealt[codes].astype(np.intp)


def simplest(losses: Mapping[str, Floats], members: Sequence[str]) -> str:
    """Return the way of least loss, or a member alone that is not worse by more than chance.

    A member alone is faster and easier to account for than all of them: it is taken where its mean loss is above the least by
    no more than two standard errors of the difference on the same lots (after Breiman et al. 1984, who take one).

    Parameters
    ----------
    losses : mapping of way to array of shape (n,)
    members : sequence of str
        Which of the ways are members alone.

    Examples
    --------
    >>> simplest({"line": np.array([1.0, 0.0, 1.0]), "stack": np.array([0.0, 0.9, 0.9])}, ["line"])
    'line'
    """
    best = min(losses, key=lambda name: float(losses[name].mean()))
    alone = min((name for name in losses if name in members), key=lambda name: float(losses[name].mean()))
    worse = losses[alone] - losses[best]
    return alone if worse.mean() <= CHANCE * worse.std() / np.sqrt(len(worse)) else best


def log_loss(proba: Floats, truth: Ints) -> float:
    """Return the mean negative logarithm of the probability given to what came.

    Examples
    --------
    >>> round(log_loss(np.array([[0.5, 0.5]]), np.array([0])), 4)
    0.6931
    """
    return float(log_losses(proba, truth).mean())


def log_losses(proba: Floats, truth: Ints) -> Floats:
    """Return the negative logarithm of the probability given to what came, row by row."""
    return -np.log(np.clip(proba[np.arange(len(truth)), truth], SMALLEST, 1.0))


def _logs(proba: Floats) -> Floats:
    return np.log(np.clip(proba, SMALLEST, 1.0))
