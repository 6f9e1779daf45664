"""Whoever did best lately, on enough calls to know; a small share of calls goes to the others, so that it stays known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from mandi.core.errors import ConfigError
from mandi.llm.routing.availability import hindrance
from mandi.llm.routing.situation import Candidate, Decision, Situation, order_of
from mandi.llm.routing.track import wilson

SUCCESS, SATISFACTION, SPEED = 0.60, 0.25, 0.15
SLOW_MS = 2000.0  # an answer that takes this long is worth half of an instant one


@dataclass(frozen=True, slots=True)
class Performance:
    """Rank by the lower Wilson bound of success, by satisfaction and by time to answer.

    Those with fewer than ``least_calls`` keep their configured place; the others are ranked among the places they hold.
    Satisfaction and speed count only when they are known of everybody who is ranked, so that nobody gains or loses by what
    is not known. A share of calls is answered by one drawn from all who can be asked, each with the same probability, and
    the decision says with which probability its choice was made: a replay needs it.

    Parameters
    ----------
    least_calls : float
        Effective calls (older ones count less) before a record is believed.
    least_ratings : float
        Effective ratings before satisfaction is believed.
    explore : float
        Share of calls that are drawn, in [0, 0.5]. Needs the situation's ``draw``; a provider the caller named is never
        exchanged.
    z : float
        Of the Wilson bound; 1.645 is the 95 % one-sided one.

    Raises
    ------
    ConfigError
        The share is outside [0, 0.5].
    """

    least_calls: float = 30.0
    least_ratings: float = 10.0
    explore: float = 0.05
    z: float = 1.645
    name: ClassVar[str] = "performance"

    def __post_init__(self) -> None:
        if not 0.0 <= self.explore <= 0.5:
            raise ConfigError(f"the share of exploration is {self.explore}", allowed="0 to 0.5")

    def decide(self, situation: Situation) -> Decision:
        """Rank those who may answer; draw one now and then."""
        pool = list(situation.teachers)
        student = situation.student
        if student is not None and (student.student_confidence or 0.0) >= situation.thresholds.high:
            pool.insert(0, student)
        ranked, values = self._ranked(pool)
        mock = situation.of_kind("mock")
        if not ranked:
            return Decision("teacher", order_of(mock), self.name, "nobody but the analyst is there")
        ready = [c for c in ranked if c.breaker == "closed" and hindrance(c, situation) is None]
        drawn, propensity = self._drawn(ready, situation)
        explored = drawn is not None and drawn is not ready[0]
        first = drawn if drawn is not None else (ready or ranked)[0]
        value = values.get(first.pick)
        if explored:
            reason = f"drawn to keep its record fresh ({self.explore:.0%} of calls)"
        elif value is not None:
            reason = f"value {value:.2f} of its record: {self._told(first)}"
        else:
            reason = f"in configured order: fewer than {self.least_calls:g} calls are known of {first.name}"
        return Decision(
            (first if explored else ranked[0]).route,
            order_of([first] if explored else [], ranked, mock),
            self.name,
            reason,
            propensity=propensity,
            explored=explored,
            score=value,
        )

    def _drawn(self, ready: Sequence[Candidate], situation: Situation) -> tuple[Candidate | None, float]:
        draw = situation.draw
        if draw is None or self.explore <= 0 or len(ready) < 2 or situation.named is not None:
            return None, 1.0
        each = self.explore / len(ready)
        chosen = ready[min(int(draw / each), len(ready) - 1)] if draw < self.explore else ready[0]
        return chosen, each + (1.0 - self.explore if chosen is ready[0] else 0.0)

    def _ranked(self, pool: list[Candidate]) -> tuple[list[Candidate], dict[tuple[str, str], float]]:
        known = [c for c in pool if c.record is not None and c.record.seen >= self.least_calls]
        rated = all(c.record is not None and c.record.ratings >= self.least_ratings for c in known)
        timed = all(c.record is not None and c.record.latency_ms is not None for c in known)
        values = {c.pick: self._value(c, rated, timed) for c in known}
        best = iter(sorted(known, key=lambda c: -values[c.pick]))
        return [next(best) if c.pick in values else c for c in pool], values

    def _value(self, candidate: Candidate, rated: bool, timed: bool) -> float:
        record = candidate.record
        assert record is not None
        terms = [(SUCCESS, record.success_bounds(self.z)[0])]
        if rated and record.satisfaction is not None:
            terms.append((SATISFACTION, wilson(record.satisfaction, record.ratings, self.z)[0]))
        if timed and record.latency_ms is not None:
            terms.append((SPEED, 1.0 / (1.0 + record.latency_ms / SLOW_MS)))
        return sum(weight * value for weight, value in terms) / sum(weight for weight, _ in terms)

    def _told(self, candidate: Candidate) -> str:
        record = candidate.record
        assert record is not None
        told = f"success at least {record.success_bounds(self.z)[0]:.2f} on {record.seen:.0f} calls"
        return told if record.latency_ms is None else f"{told}, {record.latency_ms:.0f} ms"
