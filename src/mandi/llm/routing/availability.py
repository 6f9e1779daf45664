"""Who can be asked now: has its key, is within the budget, and its breaker is not open; the last filter of every policy."""

from __future__ import annotations

from dataclasses import replace

from mandi.llm.routing.situation import Candidate, Decision, Situation


def hindrance(candidate: Candidate, situation: Situation) -> str | None:
    """Return why somebody cannot be asked now, or None.

    A vendor without a price is not over budget until nothing is left.
    """
    if not candidate.available:
        return candidate.why_not or "not set up here"
    if candidate.breaker == "open":
        return "breaker open"
    left = situation.budget_left_usd
    if left is not None and candidate.kind == "vendor":
        cost = candidate.cost_estimate_usd
        if left <= 0 or (cost is not None and cost > left):
            return "over budget"
    return None


def available(decision: Decision, situation: Situation) -> Decision:
    """Take those who cannot be asked out of a decision, and ask half-open breakers after closed ones.

    The route becomes that of whoever is first now; ``first_choice`` keeps who was first before, and the reason says why it
    is another one. A decision for a person stays one.

    Examples
    --------
    >>> from mandi.llm.routing.features import Features
    >>> from mandi.llm.routing.simple import Simple
    >>> two = (Candidate("gemini", "vendor", "flash", False, "no key"), Candidate("openai", "vendor", "mini"))
    >>> asked = Situation(Features(), "real", two)
    >>> decision = available(Simple().decide(asked), asked)
    >>> decision.order, decision.passed_over
    ((('openai', 'mini'),), (('gemini', 'no key'),))
    """
    if decision.route == "human":
        return decision
    known = {candidate.pick: candidate for candidate in situation.candidates}
    closed, half_open, passed = [], [], []
    for pick in decision.order:
        why = hindrance(known[pick], situation)
        if why is not None:
            passed.append((pick[0], why))
        elif known[pick].breaker == "half_open":
            half_open.append(pick)
        else:
            closed.append(pick)
    order = (*closed, *half_open)
    first = decision.order[0] if decision.order else None
    if first in half_open and order[0] != first:
        passed.append((first[0], "breaker half open: asked last"))
    reason = decision.reason
    if passed:
        reason += "; passed over: " + ", ".join(f"{name} ({why})" for name, why in passed)
    if not order:
        reason += "; nobody can be asked"
    route = known[order[0]].route if order else decision.route
    return replace(
        decision,
        route=route,
        order=order,
        reason=reason,
        passed_over=tuple(passed),
        first_choice=decision.first_choice or first,
        tutor=decision.tutor and route == "teacher",
    )
