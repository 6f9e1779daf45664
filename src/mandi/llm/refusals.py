"""Why a call has no answer: every way the gateway says no, each with what its caller needs to go on."""

from __future__ import annotations

from mandi.core.errors import MandiError
from mandi.llm.calls import Attempt, Mode


class NoProvider(MandiError):
    """The mode wants providers and none is configured.

    Examples
    --------
    >>> print(NoProvider.in_mode("real", "vendor, local", "set OPENAI_API_KEY").message)
    mode real has nobody to ask: no vendor, local provider is configured
    """

    headline = "nobody is configured to answer"

    @classmethod
    def in_mode(cls, mode: Mode, kinds: str, next_command: str | None = None) -> NoProvider:
        """Return the error of a mode, with what to set."""
        return cls(
            f"mode {mode} has nobody to ask: no {kinds} provider is configured", next_command=next_command
        )


class NobodyAnswered(MandiError):
    """Everybody who may answer was asked, or could not be asked; ``attempts`` says how each one failed.

    Attributes
    ----------
    retry_after : float, optional
        Seconds after which the first of them may be asked again, where that is known.
    out_of_time : bool
        The call's own deadline ended it.

    Examples
    --------
    >>> tried = (Attempt("openai", "m", 12.0, fault="server_error", status=500),)
    >>> str(NobodyAnswered(tried))
    'nobody answered: openai server_error (500)'
    """

    headline = "nobody answered"

    def __init__(
        self, attempts: tuple[Attempt, ...], *, retry_after: float | None = None, out_of_time: bool = False
    ) -> None:
        self.attempts = attempts
        self.retry_after = retry_after
        self.out_of_time = out_of_time
        said = ", ".join(
            f"{a.provider} {a.fault}" + (f" ({a.status})" if a.status else "") for a in attempts if a.fault
        )
        late = "the deadline passed" if out_of_time else ""
        super().__init__(
            "nobody answered: " + ("; ".join(filter(None, (said, late))) or "nobody could be asked")
        )

    @property
    def reason(self) -> str:
        """Return the message without its head, for an answer that is given all the same."""
        return self.message.removeprefix("nobody answered: ")


class QuotaExceeded(MandiError):
    """An organisation has used what it may use; nothing was taken for this call.

    Attributes
    ----------
    limit : str
        ``calls_per_hour``, ``tokens_per_day`` or ``usd_per_day``.
    used, wanted, allowed : float
        What is used and reserved, what this call would add, and the limit, in its unit.
    retry_after : float, optional
        Seconds until the call would fit; None if it never does.
    """

    headline = "the quota is used up"

    def __init__(
        self, limit: str, used: float, wanted: float, allowed: float, retry_after: float | None
    ) -> None:
        self.limit = limit
        self.used = used
        self.wanted = wanted
        self.allowed_amount = allowed
        self.retry_after = retry_after
        super().__init__(
            f"{limit}: {used:g} used, {wanted:g} wanted", allowed=f"{allowed:g} {limit.replace('_', ' ')}"
        )


class BudgetUnknown(MandiError):
    """The shared state does not answer, so nobody knows what is left of the budget: nothing that costs is asked."""

    headline = "the budget cannot be checked"

    def __init__(self) -> None:
        super().__init__(
            "the shared state does not answer: calls that cost money wait until it does",
            allowed="providers that cost nothing (mode mock, local servers)",
        )


class EscalationRequired(MandiError):
    """The policy wants a human: nobody is sure enough. Serving makes a ticket of it.

    Attributes
    ----------
    generation_id : str
        Of the call, for the ticket and the record.
    question : str
    reason : str
        The sentence of the policy.
    student_answer, student_confidence : optional
        What the student would have said, and how sure it is.
    """

    headline = "a human answers this"

    def __init__(
        self,
        generation_id: str,
        question: str,
        reason: str,
        *,
        requested_mode: Mode,
        student_answer: str | None = None,
        student_confidence: float | None = None,
    ) -> None:
        self.generation_id = generation_id
        self.question = question
        self.reason = reason
        self.requested_mode = requested_mode
        self.student_answer = student_answer
        self.student_confidence = student_confidence
        super().__init__(f"a human answers: {reason}")
