"""From a jury's probabilities to answers: bent to frequencies, the grade of least cost, grade sets, and when not to answer."""

from __future__ import annotations

import dataclasses
from typing import Any, Self

import numpy as np

from mandi.core.errors import ConfigError, NotFitted, TooLittleData
from mandi.models.grading.grade_rules import GradeRule
from mandi.models.grading.grade_scales import softmax
from mandi.models.grading.grade_sets import Abstention, GradeSets
from mandi.models.grading.quality_fields import GRADES
from mandi.models.grading.quality_jury import log_loss

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
        self.slip = 0.0  # share of lots given the grade next to the one that the inspector meant
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
            raise TooLittleData(f"{len(truth)} lots to calibrate on", allowed=f"at least {LEAST_ROWS}")
        first = np.arange(len(truth)) % 2 == 0
        self.heat, self.slip = best_bend(proba[first], truth[first])
        bent = self.proba(proba)
        self.rule = GradeRule("cost", cost_table(self.params.step_costs)).fit(bent[first], truth[first])
        self._sets = GradeSets(self.params.set_level, by_grade=True).fit(bent[~first], truth[~first])
        self._keep = Abstention(self.params.keep).fit(bent[~first])
        return self

    def proba(self, proba: Floats) -> Floats:
        """Return calibrated probabilities of the jury's."""
        return bent_to(proba, self.heat, self.slip)

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
            "heat": self.heat, "slip": self.slip, "rule": self.rule.state(), "sets": self._sets.state(), "floor": float(self._keep.floor),
        }  # fmt: skip

    @classmethod
    def of(cls, state: dict[str, Any], params: DecisionParams) -> Self:
        """Return the decision that ``state`` wrote down."""
        made = cls(params)
        made.heat, made.slip = float(state["heat"]), float(state["slip"])
        made._keep.floor = float(state["floor"])
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


def bent_to(proba: Floats, heat: float, slip: float) -> Floats:
    """Return probabilities raised to 1 / heat and normed, with a share of each moved to the grades beside it.

    Parameters
    ----------
    proba : array of shape (n, k)
    heat : float
        Above 1 flattens, below 1 sharpens.
    slip : float
        Share of lots that get a grade next to the one meant, whatever was measured: no lot is surer than that.

    Examples
    --------
    >>> bent_to(np.array([[0.8, 0.2]]), 2.0, 0.0).round(3).tolist()
    [[0.667, 0.333]]
    >>> bent_to(np.array([[0.0, 1.0, 0.0]]), 1.0, 0.1).round(3).tolist()
    [[0.05, 0.9, 0.05]]
    """
    sharp = softmax(np.log(np.maximum(proba, 1e-12)) / heat)
    beside = np.zeros_like(sharp)
    places = sharp.shape[1]
    for place in range(places):
        near = [other for other in (place - 1, place + 1) if 0 <= other < places]
        for other in near:
            beside[:, other] += sharp[:, place] / len(near)
    return (1.0 - slip) * sharp + slip * beside


def best_bend(proba: Floats, truth: Ints) -> tuple[float, float]:
    """Return the heat (Guo, Pleiss, Sun and Weinberger 2017) and the slip under which what came is likeliest.

    Examples
    --------
    >>> sure = np.tile([[0.9, 0.1]], (100, 1))
    >>> heat, slip = best_bend(sure, np.repeat([0, 1], [70, 30]))
    >>> bool(abs(bent_to(sure, heat, slip)[0, 0] - 0.7) < 0.01)
    True
    """
    from scipy.optimize import minimize

    def loss(at: Floats) -> float:
        return log_loss(bent_to(proba, float(np.exp(at[0])), _share(at[1])), truth)

    found = minimize(
        loss, np.array([0.0, -4.0]), method="Nelder-Mead", options={"xatol": 1e-4, "fatol": 1e-7}
    )
    return float(np.exp(np.clip(found.x[0], -3.0, 3.0))), _share(found.x[1])


def _share(at: float) -> float:
    return float(0.5 / (1.0 + np.exp(-np.clip(at, -12.0, 12.0))))
