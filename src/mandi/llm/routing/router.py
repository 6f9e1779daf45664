"""One decision: what the mode allows, whom the caller named, what the policy prefers, and who can be asked now."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from mandi.core.lookup import looked_up
from mandi.llm.calls import Mode
from mandi.llm.provider import Kind
from mandi.llm.routing.availability import available
from mandi.llm.routing.situation import Decision, Policy, Situation

POLICIES: dict[str, str] = {
    "simple": "mandi.llm.routing.simple:Simple",
    "complexity": "mandi.llm.routing.complexity:Complexity",
    "confidence": "mandi.llm.routing.confidence:Confidence",
    "performance": "mandi.llm.routing.performance:Performance",
}
"""Values of ``AI_ROUTER``."""

ALLOWED: dict[Mode, tuple[Kind, ...]] = {
    "mock": ("mock",),
    "real": ("vendor", "local"),
    "hybrid": ("student", "vendor", "local", "mock"),
}
"""Who may answer in each mode. Real means a language model behind a wire: neither the analyst nor the student is one."""


def policy_named(name: str) -> Policy:
    """Return the policy ``AI_ROUTER`` names.

    Raises
    ------
    UnknownValue
        There is none of that name.

    Examples
    --------
    >>> policy_named("confidence").name
    'confidence'
    """
    return cast(Policy, looked_up(name, POLICIES, "router")())


def decide(policy: Policy, situation: Situation) -> Decision:
    """Decide who answers.

    Parameters
    ----------
    policy : Policy
        Asked when the caller named nobody and the mode leaves a choice.
    situation : Situation

    Returns
    -------
    Decision
        Its ``order`` is empty when a person is to answer (route ``human``, mode hybrid only), or when nobody the mode allows
        can be asked; the reason says which.

    Examples
    --------
    >>> from mandi.llm.routing.features import Features
    >>> from mandi.llm.routing.situation import Candidate
    >>> three = (
    ...     Candidate("student", "student", "s1", student_confidence=0.62),
    ...     Candidate("gemini", "vendor", "flash"), Candidate("analyst", "mock", "v1"),
    ... )
    >>> found = decide(policy_named("confidence"), Situation(Features(), "hybrid", three))
    >>> found.route, found.tutor, found.order
    ('teacher', True, (('gemini', 'flash'), ('analyst', 'v1')))
    """
    allowed = replace(situation, candidates=situation.of_kind(*ALLOWED[situation.mode]))
    if situation.named is not None:
        return _named(situation, allowed)
    if situation.mode == "mock":
        order = tuple(candidate.pick for candidate in allowed.candidates)
        return available(Decision("mock", order, "mode", "mode mock: the analyst answers"), allowed)
    return available(policy.decide(allowed), allowed)


def _named(situation: Situation, allowed: Situation) -> Decision:
    def matching(candidates: Situation) -> tuple[tuple[str, str], ...]:
        return tuple(
            c.pick
            for c in candidates.candidates
            if c.name == situation.named and situation.named_model in (None, c.model)
        )

    order = matching(allowed)[:1]
    reason = f"the caller named {situation.named}"
    if not order:
        barred = f" may not answer in mode {situation.mode}" if matching(situation) else " is not set up here"
        return Decision("teacher", (), "named", f"{reason}, which{barred}; nobody can be asked")
    known = {candidate.pick: candidate for candidate in allowed.candidates}
    return available(Decision(known[order[0]].route, order, "named", reason), allowed)
