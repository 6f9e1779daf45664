"""Replays routing policies over a log: what would have been answered, how well, by whom and for how much."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import numpy as np

from mandi.core.errors import ContractError, UnknownValue
from mandi.llm.calls import Route
from mandi.llm.routing.complexity import complexity
from mandi.llm.routing.curve import DRAWS, LEVEL, Curve, Floats, curve, members
from mandi.llm.routing.replay_log import LoggedRow, ReplayLog
from mandi.llm.routing.router import decide
from mandi.llm.routing.situation import Candidate, Decision, Policy, Situation, Thresholds
from mandi.llm.routing.track import Track

Estimator = Literal["full", "doubly_robust", "inverse_propensity"]
MODEL = "logged"
PLAIN = Thresholds()
SUCCESS = 0.5  # quality from which an answer counts as a success in a record


@dataclass(frozen=True)
class Replayed:
    """What a policy would have done.

    Attributes
    ----------
    estimator : str
        ``full``: the log knows every outcome. ``doubly_robust``, ``inverse_propensity``: it knows one a row.
    rows, answered : int
        Questions, and those not given to a person: quality and cost are of these.
    quality, quality_low, quality_high : float
        Mean, and its bootstrap interval by cluster; nan when nothing is answered.
    cost_usd, cost_low, cost_high : float
        Dollars a call that is answered.
    routes : mapping of route to int
        Calls by route.
    providers : mapping of provider to int
    support : int
        Rows whose logged provider is the one the policy chose: with one outcome a row, all that is known of it at first hand.
    """

    policy: str
    estimator: Estimator
    rows: int
    answered: int
    quality: float
    quality_low: float
    quality_high: float
    cost_usd: float
    cost_low: float
    cost_high: float
    routes: Mapping[Route, int]
    providers: Mapping[str, int]
    support: int

    def summary(self) -> dict[str, str | float]:
        """Return the run as one row of a table: quality and its interval, dollars for a thousand, shares by route."""
        routes = {
            name: self.routes.get(name, 0) / self.rows for name in ("student", "teacher", "human", "mock")
        }
        return {
            "router": self.policy, "quality": self.quality, "low": self.quality_low, "high": self.quality_high,
            "USD / 1,000": 1000 * self.cost_usd, **routes,
        }  # fmt: skip


def outcomes(log: ReplayLog, estimator: Estimator | None = None) -> tuple[Floats, Floats, Estimator]:
    """Return quality and cost of every row and provider: known, or unbiased in the mean.

    Where each row knows one outcome y of a provider a chosen with probability p, inverse propensity weighting puts y / p for
    a and 0 for the others; the doubly robust form puts m + (y - m) / p for a and m for the others, where m is the provider's
    weighted mean (direct method; Dudik, Langford and Li, 2011). Single values may lie outside [0, 1]; means are right.

    Parameters
    ----------
    log : ReplayLog
    estimator : str, optional
        ``full`` where the log allows it, else ``doubly_robust``.

    Raises
    ------
    ContractError
        A row knows one outcome and no propensity, or ``full`` is asked of a log that is not.
    """
    names = log.providers
    chosen = estimator or ("full" if log.full else "doubly_robust")
    shape = (len(log.rows), len(names))
    quality, cost, weight = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for k, row in enumerate(log.rows):
        if chosen == "full" and len(row.outcomes) < len(names):
            raise ContractError(
                f"row {k + 1} does not know every outcome", allowed="doubly_robust, inverse_propensity"
            )
        probability = 1.0 if chosen == "full" else row.propensity
        if probability is None or (chosen != "full" and len(row.outcomes) != 1):
            raise ContractError(
                f"row {k + 1} knows {len(row.outcomes)} outcomes and propensity {row.propensity}",
                allowed="every outcome in every row, or one outcome and its propensity in every row",
            )
        for name, seen in row.outcomes.items():
            at = k, names.index(name)
            quality[at], cost[at], weight[at] = seen.quality, seen.cost_usd, 1.0 / probability
    if chosen == "full":
        return quality, cost, chosen
    both = []
    for value in (quality, cost):
        if chosen == "inverse_propensity":
            both.append(value * weight)
            continue
        mean = (value * weight).sum(axis=0) / np.maximum(weight.sum(axis=0), 1e-12)
        both.append(mean + weight * (value - mean))
    return both[0], both[1], chosen


def replay(
    policy: Policy,
    log: ReplayLog,
    *,
    thresholds: Thresholds = PLAIN,
    estimator: Estimator | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Replayed:
    """Let a policy decide every question of a log, in mode hybrid with everybody available.

    The records ``performance`` looks at grow along the way, from earlier rows only: with full outcomes from what the policy
    itself chose, else from what was logged.

    Parameters
    ----------
    policy : Policy
    log : ReplayLog
    thresholds : Thresholds
    estimator : str, optional
        As in ``outcomes``.
    draws, seed : int
        Of the bootstrap and of exploration.

    Examples
    --------
    >>> from mandi.llm.routing.replay_log import log_of
    >>> from mandi.llm.routing.router import policy_named
    >>> rows = [
    ...     {"prompt": f"price of tur on day {k}", "student_confidence": 0.9 - 0.3 * (k % 2),
    ...      "outcomes": {"student": {"quality": 1 - k % 2}, "gemini": {"quality": 1, "cost_usd": 0.001}}}
    ...     for k in range(10)
    ... ]
    >>> found = replay(policy_named("confidence"), log_of(rows), draws=100)
    >>> found.quality, dict(found.routes), found.cost_usd
    (1.0, {'student': 5, 'teacher': 5}, 0.0005)
    """
    quality, cost, used = outcomes(log, estimator)
    draw = np.random.default_rng(seed)
    names = log.providers
    prices = {
        name: Decimal(str(round(float(mean), 9))) for name, mean in zip(names, cost.mean(axis=0), strict=True)
    }
    records: dict[str, Track] = {}
    picks = np.full(len(log.rows), -1)
    routes: Counter[Route] = Counter()
    support = 0
    for k, row in enumerate(log.rows):
        decision = decide(policy, _situation(row, log, thresholds, records, prices, float(draw.random())))
        routes[decision.route] += 1
        chosen = decision.order[0][0] if decision.order else None
        if chosen is not None:
            picks[k] = names.index(chosen)
            support += chosen in row.outcomes
        learnt = chosen if used == "full" else next(iter(row.outcomes))
        if learnt is not None and learnt in row.outcomes:
            seen = row.outcomes[learnt]
            track = records.get(learnt, Track())
            records[learnt] = track.with_call(seen.quality >= SUCCESS, latency_ms=seen.latency_ms)
    asked = np.flatnonzero(picks >= 0)
    clusters = [log.rows[k].cluster for k in asked]
    intervals = [_mean(matrix[asked, picks[asked]], clusters, draws, seed) for matrix in (quality, cost)]
    answered = Counter(names[k] for k in picks[asked])
    return Replayed(
        policy.name,
        used,
        len(log.rows),
        len(asked),
        *intervals[0],
        *intervals[1],
        dict(routes),
        dict(answered),
        support,
    )


def replay_curve(
    policy: str,
    log: ReplayLog,
    weak: str | None = None,
    strong: str | None = None,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Curve:
    """Return the cost-quality curve of the score a policy decides by.

    Parameters
    ----------
    policy : str
        ``confidence`` (one minus the student's confidence) or ``complexity`` (hardness).
    log : ReplayLog
    weak, strong : str, optional
        Two providers; the student (else the cheapest) and the best if not given.

    Raises
    ------
    UnknownValue
        The policy has no score, or a provider is not in the log.
    ContractError
        The confidence of no row is known, or both providers are equally good.
    """
    quality, cost, _ = outcomes(log)
    low, high = _pair(log, quality, cost, weak, strong)
    if policy == "complexity":
        kept = list(range(len(log.rows)))
        score = [r.hardness if r.hardness is not None else complexity(r.features) for r in log.rows]
    elif policy == "confidence":
        kept = [k for k, row in enumerate(log.rows) if row.student_confidence is not None]
        score = [1.0 - (log.rows[k].student_confidence or 0.0) for k in kept]
    else:
        raise UnknownValue(
            f'policy "{policy}" decides by no score of the question', allowed="confidence, complexity"
        )
    if not kept:
        raise ContractError("no row knows the student's confidence", allowed="student_confidence in [0, 1]")
    return curve(
        score, quality[kept, low], quality[kept, high], costs=(cost[kept, low], cost[kept, high]),
        clusters=[log.rows[k].cluster for k in kept], draws=draws, seed=seed,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Always:
    """A policy that asks one provider, whoever else is there: the plain line of a replay's table."""

    provider: str

    @property
    def name(self) -> str:
        """Return ``always <provider>``."""
        return f"always {self.provider}"

    def decide(self, situation: Situation) -> Decision:
        """Return the one provider."""
        order = tuple(c.pick for c in situation.candidates if c.name == self.provider)
        route: Route = next((c.route for c in situation.candidates if c.pick in order), "teacher")
        return Decision(route, order, self.name, self.name)


def _situation(
    row: LoggedRow, log: ReplayLog, thresholds: Thresholds, records: Mapping[str, Track], prices: Mapping[str, Decimal],
    draw: float,
) -> Situation:  # fmt: skip
    candidates = tuple(
        Candidate(
            name, kind, MODEL,
            cost_estimate_usd=prices[name],  # never the row's own: it would tell who was asked
            student_confidence=row.student_confidence if kind == "student" else None,
            record=records.get(name),
        )
        for name, kind in log.kinds.items()
    )  # fmt: skip
    return Situation(row.features, "hybrid", candidates, thresholds, draw=draw, hardness=row.hardness)


def _pair(
    log: ReplayLog, quality: Floats, cost: Floats, weak: str | None, strong: str | None
) -> tuple[int, int]:
    names = log.providers
    for name in (weak, strong):
        if name is not None and name not in names:
            raise UnknownValue(f'no provider "{name}" in the log', allowed=", ".join(names))
    student = next((name for name, kind in log.kinds.items() if kind == "student"), None)
    low = names.index(weak or student or names[int(cost.mean(axis=0).argmin())])
    order = [k for k in np.argsort(-quality.mean(axis=0)) if k != low]
    if strong is None and not order:
        raise ContractError(f"the log knows one provider, {names[low]}", allowed="two or more")
    return low, names.index(strong) if strong is not None else int(order[0])


def _mean(values: Floats, clusters: list[str], draws: int, seed: int) -> tuple[float, float, float]:
    if not len(values):
        return float("nan"), float("nan"), float("nan")
    rows = members(clusters, len(values))
    sums, sizes = np.array([values[r].sum() for r in rows]), np.array([float(len(r)) for r in rows])
    draw = np.random.default_rng(seed)
    found = []
    for _ in range(draws):
        chosen = draw.integers(0, len(rows), len(rows))
        found.append(sums[chosen].sum() / sizes[chosen].sum())
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(found, [tail, 1 - tail])
    return float(values.mean()), float(low), float(high)
