"""What is said of an answer: who gave it, in which mode, whether it was the first choice, and what it rests on. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mandi.llm.calls import Attempt, Outcome, Route
from mandi.llm.messages import Completion, Prompt
from mandi.llm.modes import EFFECTIVE
from mandi.llm.path.passage import Passage
from mandi.llm.provider import Kind, Provider
from mandi.llm.refusals import EscalationRequired, NobodyAnswered
from mandi.llm.routing.situation import Decision

ROUTE_OF: dict[Kind, Route] = {"vendor": "teacher", "local": "teacher", "student": "student", "mock": "mock"}
NOBODY_ELSE = "no vendor, local server or student that may answer is configured"


def outcome_of(
    passage: Passage, decision: Decision, provider: Provider, completion: Completion, *, cached: bool
) -> Outcome:
    """Return the outcome of an answer.

    In mode hybrid the analyst is the last resort: its answer is a fallback whatever led to it, unless the caller named it, and
    nobody knows how sure it is.
    """
    is_mock, named = provider.kind == "mock", passage.call.provider is not None
    another = decision.first_choice is not None and decision.first_choice[0] != provider.name
    fallback = not named and (another or (is_mock and passage.mode == "hybrid"))
    student = passage.student if provider.kind != "student" else None
    return Outcome(
        completion=completion,
        generation_id=passage.generation_id,
        requested_mode=passage.mode,
        effective_mode=EFFECTIVE[provider.kind],
        route=ROUTE_OF[provider.kind],
        route_reason=decision.reason,
        fallback=fallback,
        fallback_reason=_why_fallback(passage, decision, provider) if fallback else None,
        degraded=is_mock and not has_evidence(passage.seen or passage.prompt),
        cache="miss" if cached else "off",
        confidence=None if fallback and is_mock else completion.confidence,
        cost_usd=passage.cost_usd,
        latency_ms=passage.elapsed_ms(),
        first_token_ms=passage.first_token_ms,
        attempts=tuple(passage.attempts),
        student_answer=student.text if student else None,
        student_confidence=student.confidence if student else None,
    )


def has_evidence(prompt: Prompt) -> bool:
    """Return whether any model answered something about the question.

    Examples
    --------
    >>> has_evidence(Prompt((), facts={"findings": {"price": {"standing": "refused"}}}))
    False
    """
    findings = prompt.facts.get("findings", prompt.facts)
    return any(isinstance(f, Mapping) and f.get("standing") == "answered" for f in findings.values())


def why_another(decision: Decision, attempts: Sequence[Attempt], answered: str) -> str | None:
    """Return why somebody else than the first choice answered: who failed and how, or who could not be asked.

    Examples
    --------
    >>> why_another(Decision("teacher", (), "simple", "r"), [Attempt("openai", "m", 9.0, "rate_limited", 429)], "gemini")
    'openai: rate_limited (429)'
    """
    failed = dict.fromkeys(
        f"{a.provider}: {a.fault}" + (f" ({a.status})" if a.status else "") for a in attempts if a.fault
    )
    passed = [f"{name}: {why}" for name, why in decision.passed_over if name != answered]
    return "; ".join([*failed, *passed]) or None


def escalation(passage: Passage, decision: Decision) -> EscalationRequired:
    """Return the error that asks for a human, with what the student would have said."""
    student = passage.student
    return EscalationRequired(
        passage.generation_id,
        passage.prompt.question,
        decision.reason,
        requested_mode=passage.mode,
        student_answer=student.text if student else None,
        student_confidence=student.confidence if student else None,
    )


def nobody(passage: Passage, decision: Decision, retry_after: float | None) -> NobodyAnswered:
    """Return the error of a call for which nobody can be asked now."""
    passed = [
        Attempt(name, "", 0.0, why.partition(":")[0].replace(" ", "_")) for name, why in decision.passed_over
    ]
    return NobodyAnswered((*passage.attempts, *passed), retry_after=retry_after)


def _why_fallback(passage: Passage, decision: Decision, provider: Provider) -> str:
    if passage.refusal is not None:
        return passage.refusal.message
    return why_another(decision, passage.attempts, provider.name) or NOBODY_ELSE
