"""What the student is made with: the section ``student`` of params.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mandi.core.config import build, section
from mandi.core.errors import ConfigError

LOCAL = "local"
"""Part of the section that is about the student behind a local server."""


@dataclass(frozen=True)
class StudentParams:
    """Settings of the embedded student.

    Attributes
    ----------
    strengths : tuple of float
        Penalties tried (C of logistic regression); the out-of-fold log loss chooses.
    words, letters : pair of int
        Runs of words and of letters the classifiers look at, shortest and longest.
    folds : int
        Of the out-of-fold answers that confidence is calibrated on; no cluster of near-duplicates is in two folds.
    least_rows : int
        Examples of a label set, or of a task, below which the student does not take it up.
    retrieved : tuple of str
        Tasks answered with the wording of accepted answers.
    refused : tuple of str
        Tasks it never answers, whatever the examples say.
    accuracy_target : float
        Accuracy from the high threshold on; the Wilson bound of confident answers not seen must reach it.
    accuracy_z : float
        Deviations of that bound, one-sided: 1.28 is 90 %.
    low_target : float
        Below the low threshold answers are right less often than this: a person is asked.
    seed : int
    min_examples, min_new : int
        What is enough data: examples in all, and examples that the champion has not seen. A challenger of less is not promoted.
    slice_tolerance : float
        Accuracy a slice may lose to the champion before it counts as worse; and only where its interval lies below zero.
    later_ratings : int
        Rated answers after a change of wording that confidence is measured to need, on the generated log.
    """

    strengths: tuple[float, ...] = (4.0, 25.0)
    words: tuple[int, int] = (1, 2)
    letters: tuple[int, int] = (2, 4)
    folds: int = 4
    least_rows: int = 40
    retrieved: tuple[str, ...] = ("chat",)
    refused: tuple[str, ...] = ("deal_analysis",)
    accuracy_target: float = 0.93
    accuracy_z: float = 1.28
    low_target: float = 0.4
    seed: int = 0
    min_examples: int = 400
    min_new: int = 100
    slice_tolerance: float = 0.02
    later_ratings: int = 500

    def __post_init__(self) -> None:
        if not 0.0 < self.low_target < self.accuracy_target <= 1.0:
            raise ConfigError(
                f"student.low_target is {self.low_target} and student.accuracy_target {self.accuracy_target}",
                allowed="0 < low_target < accuracy_target <= 1",
            )
        if both := sorted(set(self.retrieved) & set(self.refused)):
            raise ConfigError(f"student.retrieved and student.refused both name {', '.join(both)}")


def student_params(params: Mapping[str, Any]) -> StudentParams:
    """Return section ``student``; the seed of the project unless it has one.

    Parameters
    ----------
    params : mapping
        Of params.yaml.

    Raises
    ------
    ConfigError
        There is no such section, or a setting is not known or has the wrong type.

    Examples
    --------
    >>> student_params({"seed": 7, "student": {"min_examples": 300}}).seed
    7
    """
    own = {name: value for name, value in section(params, "student").items() if name != LOCAL}
    return build(StudentParams, {"seed": int(params.get("seed", 0)), **own}, "student")
