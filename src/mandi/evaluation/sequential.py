"""Tests that may be looked at after every observation: evidence that a mean is above zero, as a bettor's wealth.

Somebody who watches a trial and stops it when the figures look bad has, with an ordinary test, far more false alarms than its
level says. Wealth won in fair bets has not: under the hypothesis it is a supermartingale that starts at one, and by Ville's
inequality it ever reaches 1 / level with a chance of at most ``level``, however often and whenever one looks.

References
----------
Ville, "Étude critique de la notion de collectif", 1939. Robbins, "Statistical methods related to the law of the iterated
logarithm", Annals of Mathematical Statistics 41, 1970 (mixtures). Waudby-Smith and Ramdas, "Estimating means of bounded random
variables by betting", Journal of the Royal Statistical Society B 86, 2024 (bets on bounded variables, and theorem 2 for the
confidence sequence). Ramdas, Grünwald, Vovk and Shafer, "Game-theoretic statistics and safe anytime-valid inference",
Statistical Science 38, 2023.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from mandi.core.errors import ContractError

STAKES = (0.01, 0.02, 0.04, 0.08, 0.16, 0.3, 0.5, 0.75)
"""Shares of the wealth that are bet: each is a bettor of its own, with an equal part of the wealth at the start."""
LARGEST_BET = 0.5


@dataclass(frozen=True, slots=True)
class Wealth:
    """Evidence that the mean of observations in [-1, 1] is above zero, against: it never is, given what was seen before.

    Attributes
    ----------
    logs : tuple of float
        Logarithm of the wealth of each bettor.
    count : int
        Observations so far.
    peak : float
        Logarithm of the largest wealth there ever was; evidence once won is not lost again.

    Notes
    -----
    A bettor with stake s has W_t = prod(1 + s * x_i), the mixture their mean. Under E[x_t | past] <= 0 its expectation never
    rises, so P(sup_t W_t >= 1 / level) <= level. Observations need not be independent or alike. What does break it is a mean
    that is above zero given the past: outcomes that share one surprise and come one after another belong together, as one.

    Examples
    --------
    >>> wealth = Wealth.start().after([0.5] * 40)
    >>> wealth.count, wealth.reached(0.01), Wealth.start().after([0.5, -0.5] * 20).reached(0.01)
    (40, True, False)
    """

    logs: tuple[float, ...]
    count: int = 0
    peak: float = 0.0

    @classmethod
    def start(cls) -> Self:
        """Return the wealth of one, before anything was seen."""
        return cls((0.0,) * len(STAKES))

    def after(self, observations: Iterable[float]) -> Self:
        """Return the wealth after more observations, in their order.

        Parameters
        ----------
        observations : iterable of float
            In [-1, 1].

        Raises
        ------
        ContractError
            One lies outside, or is no number.
        """
        logs, count, peak = list(self.logs), self.count, self.peak
        for x in observations:
            if not -1.0 <= x <= 1.0:
                raise ContractError(f"the observation {x} cannot be bet on", allowed="-1 to 1")
            for i, stake in enumerate(STAKES):
                logs[i] += math.log1p(stake * x)
            count += 1
            peak = max(peak, _log_mean(logs))
        return type(self)(tuple(logs), count, peak)

    @property
    def now(self) -> float:
        """Wealth at this moment, a factor; at most 1e300."""
        return math.exp(min(_log_mean(self.logs), 690.0))

    def reached(self, level: float) -> bool:
        """Return whether there ever was evidence at a level, as in 0.02.

        Parameters
        ----------
        level : float
            Chance of a false alarm, over all of time, that is accepted.
        """
        return self.peak >= -math.log(level)

    def as_dict(self) -> dict[str, Any]:
        """Return what ``of`` reads."""
        return {"logs": list(self.logs), "count": self.count, "peak": self.peak}

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Self:
        """Return the wealth that was kept.

        Examples
        --------
        >>> wealth = Wealth.start().after([0.1, -0.2])
        >>> Wealth.of(wealth.as_dict()) == wealth
        True
        """
        return cls(tuple(float(x) for x in kept["logs"]), int(kept["count"]), float(kept["peak"]))


@dataclass(frozen=True, slots=True)
class MeanSequence:
    """Where the mean of observations in [-1, 1] lies: an interval that holds it at all times at once.

    It is the empirical-Bernstein confidence sequence with predictable bets (Waudby-Smith and Ramdas, theorem 2); the chance that
    it ever misses is at most ``level``. With a mean that changes it is about the mean of the means, weighed by the bets.

    Attributes
    ----------
    level : float
        Chance that the mean ever lies outside.

    Examples
    --------
    >>> low, high = MeanSequence(0.05).after([0.1, 0.3] * 500).interval
    >>> round(low, 2), round(high, 2)
    (0.18, 0.22)
    """

    level: float = 0.05
    count: int = 0
    total: float = 0.0
    squares: float = 0.0
    bets: float = 0.0
    weighed: float = 0.0
    spent: float = 0.0

    def after(self, observations: Iterable[float]) -> Self:
        """Return the sequence after more observations, each in [-1, 1], in their order."""
        count, total, squares = self.count, self.total, self.squares
        bets, weighed, spent = self.bets, self.weighed, self.spent
        for x in observations:
            if not -1.0 <= x <= 1.0:
                raise ContractError(f"the observation {x} cannot be bet on", allowed="-1 to 1")
            y = (x + 1.0) / 2.0
            mean, variance = (0.5 + total) / (count + 1), (0.25 + squares) / (count + 1)
            t = count + 1
            bet = min(math.sqrt(2 * math.log(2 / self.level) / (variance * t * math.log(t + 1))), LARGEST_BET)
            bets += bet
            weighed += bet * y
            spent += (y - mean) ** 2 * (
                -math.log1p(-bet) - bet
            )  # 4 v psi(bet), psi = (-log(1 - bet) - bet) / 4
            count, total = t, total + y
            squares += (y - (0.5 + total) / (count + 1)) ** 2
        return type(self)(self.level, count, total, squares, bets, weighed, spent)

    @property
    def mean(self) -> float:
        """Plain mean of what was seen; 0 of nothing."""
        return 2.0 * self.total / self.count - 1.0 if self.count else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Bounds of the mean, within [-1, 1]."""
        if not self.count:
            return -1.0, 1.0
        half = (math.log(2 / self.level) + self.spent) / self.bets
        middle = self.weighed / self.bets
        return max(2 * (middle - half) - 1.0, -1.0), min(2 * (middle + half) - 1.0, 1.0)

    def as_dict(self) -> dict[str, Any]:
        """Return what ``of`` reads."""
        return asdict(self)

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Self:
        """Return the sequence that was kept."""
        return cls(**kept)


def clipped(difference: float, scale: float) -> float:
    """Return a difference as a part of a scale, within [-1, 1].

    The scale must be known before the difference is; a scale of 0, where nothing went wrong yet, keeps the sign alone.

    Examples
    --------
    >>> clipped(5.0, 20.0), clipped(-50.0, 20.0), clipped(0.0, 0.0)
    (0.25, -1.0, 0.0)
    """
    if scale <= 0:
        return float((difference > 0) - (difference < 0))
    return max(-1.0, min(1.0, difference / scale))


def _log_mean(logs: Iterable[float]) -> float:
    known = list(logs)
    most = max(known)
    return most + math.log(sum(math.exp(x - most) for x in known) / len(known))
