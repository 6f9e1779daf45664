"""How each provider did lately: success, time to answer and ratings, old calls counting less."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import heappop, heappush
from typing import Any

HALF_LIFE_DAYS = 7.0
BEST_RATING, WORST_RATING = 5.0, 1.0
RECENT = 512  # latencies the median is taken of


@dataclass(frozen=True, slots=True)
class Track:
    """The record of one provider and model.

    Attributes
    ----------
    calls, successes : float
        Sums of weights; a call of one half-life ago weighs a half.
    squares : float
        Sum of squared weights: with it ``seen``, the number of equally old calls that would say as much.
    latency_ms : float, optional
        Median of the last successful calls.
    ratings, satisfaction_sum : float
        Rated answers and the sum of their satisfaction, each in [0, 1] from 1 to 5 stars, weighted by age.
    """

    calls: float = 0.0
    successes: float = 0.0
    squares: float = 0.0
    latency_ms: float | None = None
    ratings: float = 0.0
    satisfaction_sum: float = 0.0

    @property
    def seen(self) -> float:
        """Return the effective number of calls (Kish, 1965)."""
        return self.calls**2 / self.squares if self.squares > 0 else 0.0

    @property
    def success_rate(self) -> float | None:
        """Return the share of calls that were answered, in [0, 1]; None without calls."""
        return self.successes / self.calls if self.calls > 0 else None

    @property
    def satisfaction(self) -> float | None:
        """Return the mean satisfaction in [0, 1]; None without ratings."""
        return self.satisfaction_sum / self.ratings if self.ratings > 0 else None

    def success_bounds(self, z: float = 1.96) -> tuple[float, float]:
        """Return the Wilson interval of the success rate; (0, 1) without calls."""
        rate = self.success_rate
        return (0.0, 1.0) if rate is None else wilson(rate, self.seen, z)

    def with_call(
        self,
        success: bool,
        *,
        weight: float = 1.0,
        rating: float | None = None,
        latency_ms: float | None = None,
    ) -> Track:
        """Return the record with one more call; the latency moves a tenth of the way to the new one."""
        latency = self.latency_ms
        if success and latency_ms is not None:
            latency = latency_ms if latency is None else latency + 0.1 * (latency_ms - latency)
        return replace(
            self,
            calls=self.calls + weight,
            successes=self.successes + weight * success,
            squares=self.squares + weight**2,
            latency_ms=latency,
            ratings=self.ratings + weight * (rating is not None),
            satisfaction_sum=self.satisfaction_sum + (0.0 if rating is None else weight * satisfied(rating)),
        )


def wilson(rate: float, n: float, z: float = 1.96) -> tuple[float, float]:
    """Return the score interval of a share (Wilson, 1927).

    Parameters
    ----------
    rate : float
        Observed share, in [0, 1].
    n : float
        Observations behind it; need not be whole.
    z : float
        1.96 for 95 %.

    Examples
    --------
    >>> low, high = wilson(0.9, 10)
    >>> round(low, 3), round(high, 3)
    (0.596, 0.982)
    >>> wilson(1.0, 0)
    (0.0, 1.0)
    """
    if n <= 0:
        return 0.0, 1.0
    spread = z * z / n
    centre = (rate + spread / 2) / (1 + spread)
    half = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / (1 + spread)
    return max(0.0, centre - half), min(1.0, centre + half)


def satisfied(rating: float) -> float:
    """Return a rating of one to five stars as satisfaction in [0, 1].

    Examples
    --------
    >>> satisfied(5), satisfied(3), satisfied(1)
    (1.0, 0.5, 0.0)
    """
    return min(1.0, max(0.0, (rating - WORST_RATING) / (BEST_RATING - WORST_RATING)))


def tracks(
    rows: Iterable[Mapping[str, Any]], now: datetime, half_life_days: float = HALF_LIFE_DAYS
) -> dict[tuple[str, str], Track]:
    """Sum call records to one record per provider and model.

    Parameters
    ----------
    rows : iterable of mappings
        ``provider``, ``model``, ``success`` (bool), ``at`` (aware datetime; later than ``now`` is left out), and if known
        ``latency_ms`` and ``rating`` (1 to 5).
    now : datetime
        Aware; ages are counted from it.
    half_life_days : float

    Examples
    --------
    >>> from datetime import UTC
    >>> now = datetime(2026, 1, 8, tzinfo=UTC)
    >>> row = {"provider": "gemini", "model": "flash", "success": True, "at": datetime(2026, 1, 1, tzinfo=UTC)}
    >>> tracks([row], now)["gemini", "flash"].calls
    0.5
    """
    found: dict[tuple[str, str], Track] = {}
    times: dict[tuple[str, str], list[tuple[datetime, float]]] = {}
    for row in rows:
        age = (now - row["at"]).total_seconds() / 86_400
        if age < 0:
            continue
        key = (str(row["provider"]), str(row["model"]))
        weight = 0.5 ** (age / half_life_days)
        success = bool(row["success"])
        found[key] = found.get(key, Track()).with_call(success, weight=weight, rating=row.get("rating"))
        if success and row.get("latency_ms") is not None:
            kept = times.setdefault(key, [])
            heappush(kept, (row["at"], float(row["latency_ms"])))
            if len(kept) > RECENT:
                heappop(kept)
    for key, kept in times.items():
        last = sorted(latency for _, latency in kept)
        middle = len(last) // 2
        median = last[middle] if len(last) % 2 else (last[middle - 1] + last[middle]) / 2
        found[key] = replace(found[key], latency_ms=median)
    return found


def summary(
    rows: Iterable[Mapping[str, Any]], now: datetime, half_life_days: float = HALF_LIFE_DAYS
) -> dict[str, dict[str, dict[str, float | None]]]:
    """Return how each model did: ``models.<name>.success_rate`` and what goes with it.

    Shares are fractions in [0, 1]; whoever prints them makes per cent of them. Rows as in ``tracks``; a model two providers
    serve is ``provider/model``.

    Examples
    --------
    >>> from datetime import UTC
    >>> now = datetime(2026, 1, 8, tzinfo=UTC)
    >>> rows = [{"provider": "gemini", "model": "flash", "success": s, "at": now} for s in (True, True, True, False)]
    >>> summary(rows, now)["models"]["flash"]["success_rate"]
    0.75
    """
    found = tracks(rows, now, half_life_days)
    served = [model for _, model in found]
    return {
        "models": {
            (model if served.count(model) == 1 else f"{provider}/{model}"): _figures(track)
            for (provider, model), track in sorted(found.items())
        }
    }


def _figures(track: Track) -> dict[str, float | None]:
    low, high = track.success_bounds()
    return {
        "success_rate": track.success_rate, "success_low": low, "success_high": high, "calls": track.seen,
        "latency_ms": track.latency_ms, "satisfaction": track.satisfaction, "ratings": track.ratings,
    }  # fmt: skip
