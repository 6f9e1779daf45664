"""From a jury's probabilities to answers: bent to frequencies, the grade of least cost, grade sets, and when not to answer."""

from __future__ import annotations

import dataclasses
from typing import Any, Self

import numpy as np

from mandi.core.errors import ConfigError, ContractError, NotFitted
from mandi.models.grade_rules import GradeRule
from mandi.models.grade_scales import softmax
from mandi.models.grade_sets import Abstention, GradeSets
from mandi.models.quality_fields import GRADES
from mandi.models.quality_jury import log_loss

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.intp]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]
LEAST_ROWS = 40  # below which nothing can be calibrated


@dataclasses.dataclass(frozen=True)
class DecisionParams:
    """How probabilities become answers.

    Attributes
    ----------
    step_costs : tuple of float
        What it costs to be one, two and three grades off; the grade of least expected cost is said.
    set_level : float
        Share of lots of every grade whose grade is in the set answered.
    keep : float
        Share of lots that are answered without the advice to let a person look.
    """

    step_costs: tuple[float, ...] = (1.0, 2.5, 5.0)
    set_level: float = 0.95
    keep: float = 0.95

    def __post_init__(self) -> None:
        if len(self.step_costs) != len(GRADES) - 1 or sorted(self.step_costs) != list(self.step_costs):
            raise ConfigError(
                f"step_costs are {list(self.step_costs)}",
                allowed="three numbers, none less than the one before",
            )


class Decision:
    """What is learnt of lots that the jury had not seen.

    One half of them bends the probabilities, the other sets the limits of sets and of abstention, so that the limits hold for
    what is answered.

    Parameters
    ----------
    params : DecisionParams, optional
    """

    def __init__(self, params: DecisionParams | None = None) -> None:
        self.params = params or DecisionParams()
        self.heat = 1.0  # probabilities are raised to 1 / heat
        self.rule: GradeRule | None = None
        self._sets = GradeSets(self.params.set_level, by_grade=True)
        self._keep = Abstention(self.params.keep)

    def fit(self, proba: Floats, truth: Ints) -> Self:
        """Learn from the jury's probabilities (n, k) and the grades that came (n,).

        Raises
        ------
        ContractError
            There are too few rows.
        """
        if len(truth) < LEAST_ROWS:
            raise ContractError(f"{len(truth)} lots to calibrate on", allowed=f"at least {LEAST_ROWS}")
        first = np.arange(len(truth)) % 2 == 0
        self.heat = best_heat(proba[first], truth[first])
        bent = heated(proba, self.heat)
        self.rule = GradeRule("cost", cost_table(self.params.step_costs)).fit(bent[first], truth[first])
        self._sets = GradeSets(self.params.set_level, by_grade=True).fit(bent[~first], truth[~first])
        self._keep = Abstention(self.params.keep).fit(bent[~first])
        return self

    def proba(self, proba: Floats) -> Floats:
        """Return calibrated probabilities of the jury's."""
        return heated(proba, self.heat)

    def said(self, proba: Floats) -> Ints:
        """Return the grade of least expected cost (n,), from calibrated probabilities."""
        if self.rule is None:
            raise NotFitted("the quality model has seen no data", next_command="call fit or load")
        return self.rule.decide(proba)

    def inside(self, proba: Floats, said: Ints) -> Flags:
        """Return which grades are in the set (n, k); the grade said always is."""
        found = np.array(self._sets.sets(proba), dtype=bool)
        found[np.arange(len(said)), said] = True
        return found

    def answers(self, proba: Floats) -> Flags:
        """Return which rows are sure enough to be answered without a person (n,)."""
        return self._keep.answers(proba)

    def state(self) -> dict[str, Any]:
        """Return plain data for ``of``."""
        if self.rule is None:
            raise NotFitted("the quality model has seen no data", next_command="call fit or load")
        return {
            "heat": self.heat, "rule": self.rule.state(), "sets": self._sets.state(), "floor": float(self._keep.floor),
        }  # fmt: skip

    @classmethod
    def of(cls, state: dict[str, Any], params: DecisionParams) -> Self:
        """Return the decision that ``state`` wrote down."""
        made = cls(params)
        made.heat, made._keep.floor = float(state["heat"]), float(state["floor"])
        made.rule, made._sets = GradeRule.of(state["rule"]), GradeSets.of(state["sets"])
        return made


def cost_table(step_costs: tuple[float, ...]) -> Floats:
    """Return what saying a grade costs, (truth, said), from the cost of each number of grades off.

    Examples
    --------
    >>> cost_table((1.0, 2.5, 5.0))[0].tolist()
    [0.0, 1.0, 2.5, 5.0]
    """
    place = np.arange(len(step_costs) + 1)
    return np.array([0.0, *step_costs])[np.abs(place[:, None] - place[None, :])]


def heated(proba: Floats, heat: float) -> Floats:
    """Return probabilities raised to 1 / heat and normed: above 1 they are flatter.

    Examples
    --------
    >>> heated(np.array([[0.8, 0.2]]), 2.0).round(3).tolist()
    [[0.667, 0.333]]
    """
    return softmax(np.log(np.maximum(proba, 1e-12)) / heat)


def best_heat(proba: Floats, truth: Ints) -> float:
    """Return the heat under which what came is likeliest (Guo, Pleiss, Sun and Weinberger 2017)."""
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda x: log_loss(heated(proba, float(np.exp(x))), truth), bounds=(-1.6, 1.6), method="bounded"
    )
    return float(np.exp(found.x))
