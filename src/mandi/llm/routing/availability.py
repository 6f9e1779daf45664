"""Who can be asked now: has its key, is within the budget, and its breaker is not open; the last filter of every policy."""

from __future__ import annotations

from dataclasses import replace

from mandi.llm.routing.situation import Candidate, Decision, Pick, Situation

PROBED = 0.1
"""Share of calls that try a half-open breaker in its preferred place: without them nobody would learn that it works again."""


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
    """Take those who cannot be asked out of a decision, and ask half-open breakers after closed ones, before the analyst.

    One call in ten (by the situation's ``draw``) asks a half-open one in its preferred place; the propensity accounts for it.
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
    passed: list[tuple[str, str]] = []
    order: list[Pick] = []
    for pick in decision.order:
        why = hindrance(known[pick], situation)
        if why is None:
            order.append(pick)
        else:
            passed.append((pick[0], why))
    propensity, probing = decision.propensity, False
    closed_first = sorted(
        order, key=lambda pick: (known[pick].kind == "mock", known[pick].breaker == "half_open")
    )
    if closed_first and closed_first[0] != order[0]:
        draw = situation.draw
        probing = draw is not None and draw >= 1.0 - PROBED
        if draw is not None:
            propensity = PROBED if probing else propensity - PROBED
        if not probing:
            passed.append((order[0][0], "breaker half open: asked later"))
    if not probing:
        order = closed_first
    first = decision.order[0] if decision.order else None
    reason = decision.reason
    if passed:
        reason += "; passed over: " + ", ".join(f"{name} ({why})" for name, why in passed)
    if not order:
        reason += "; nobody can be asked"
    route = known[order[0]].route if order else decision.route
    return replace(
        decision,
        route=route,
        order=tuple(order),
        reason=reason,
        propensity=propensity,
        passed_over=tuple(passed),
        first_choice=decision.first_choice or first,
        tutor=decision.tutor and route == "teacher",
    )
