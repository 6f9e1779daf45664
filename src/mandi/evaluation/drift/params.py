"""How drift is judged: lengths of windows in days, the bar of the columns, and how often nothing may be called something."""

from __future__ import annotations

from dataclasses import dataclass

from mandi.core.errors import ConfigError

TESTS = 5
"""Tests of one model at one moment: columns, answers, residuals, calibration, performance. They share its false alarms."""


@dataclass(frozen=True)
class DriftParams:
    """Section ``drift`` of params.yaml.

    Attributes
    ----------
    window_days : int
        Length of the window that is judged, up to the last day known.
    step_days : int
        Days between the windows that thresholds are set by.
    history_days : int
        Only windows that end in so many days before set thresholds of columns.
    season_days : int
        A window is compared with the same days of the year before and so many on either side.
    lookback_days : int
        Answers are compared with those of so many days before: they are not known for years.
    share : float
        Drift of more than this share of the columns is an alert.
    false_alarms : float
        Chance of any alert of one model at one moment at which nothing has changed; its tests share it.
    least_distance : float
        A column whose distance is smaller has not drifted, however sure that is.
    min_rows : int
        A column with fewer values in a window is not judged.
    most_rows : int
        A larger window is sampled.
    concept_days : int
        Days over which errors are added up before they are called one-sided.
    least_blocks : int
        Windows without overlap that a threshold needs.
    worse : float
        Errors that grew by a smaller share are no loss of performance, however sure that is.
    seed : int
        Of the sample.
    """

    window_days: int = 30
    step_days: int = 7
    history_days: int = 900
    season_days: int = 30
    lookback_days: int = 90
    share: float = 0.3
    false_alarms: float = 0.01
    least_distance: float = 0.1
    min_rows: int = 40
    most_rows: int = 1500
    concept_days: int = 15
    least_blocks: int = 6
    worse: float = 0.1
    seed: int = 20240611

    def __post_init__(self) -> None:
        """Refuse what cannot be judged by."""
        for name in ("share", "false_alarms"):
            if not 0 < getattr(self, name) < 1:
                raise ConfigError(
                    f"drift.{name} is {getattr(self, name)}", allowed="more than 0 and less than 1"
                )
        for name in (
            "window_days",
            "step_days",
            "season_days",
            "lookback_days",
            "min_rows",
            "concept_days",
        ):
            if getattr(self, name) < 1:
                raise ConfigError(f"drift.{name} is {getattr(self, name)}", allowed="1 or more")
        if self.least_blocks < 3:
            raise ConfigError(f"drift.least_blocks is {self.least_blocks}", allowed="3 or more")

    @property
    def level(self) -> float:
        """Return the chance of a false alarm that one test has."""
        return self.false_alarms / TESTS
