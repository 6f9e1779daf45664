"""How a call ends: tries closed, waiters told, room settled or given back, one record written; also when its client is gone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from decimal import Decimal

from mandi.llm.calls import Call, Caller, Mode
from mandi.llm.messages import Usage
from mandi.llm.path.passage import Passage, Trial, status_of
from mandi.llm.path.ports import Diary, Pricing, Recorder
from mandi.llm.path.record import CallRecord, Contents, said_of
from mandi.llm.path.walk import CHARGING, WIRED, Walk
from mandi.llm.provider import Provider
from mandi.llm.quota.quota import Quota, Reservation
from mandi.llm.refusals import EscalationRequired
from mandi.llm.resilience.deadline import Deadline
from mandi.llm.token_estimate import prompt_tokens, tokens_in

log = logging.getLogger(__name__)
GONE = (asyncio.CancelledError, GeneratorExit)


class Endings:
    """Opens passages and closes each of them once.

    Parameters
    ----------
    quota : Quota
    pricing : Pricing
    recorder : Recorder
    pseudonym : callable
        What stands for a caller's user in records.
    clock : callable
        Seconds since the epoch.
    diary : Diary, optional
        Keeps what was said; nobody does if not given.

    Attributes
    ----------
    in_flight : int
        Calls that have begun and not ended.
    """

    def __init__(
        self,
        quota: Quota,
        pricing: Pricing,
        recorder: Recorder,
        pseudonym: Callable[[Caller], str],
        clock: Callable[[], float],
        diary: Diary | None = None,
    ) -> None:
        self._quota = quota
        self._diary = diary
        self._pricing = pricing
        self._recorder = recorder
        self._pseudonym = pseudonym
        self._clock = clock
        self._closing: set[asyncio.Task[None]] = set()
        self.in_flight = 0

    @asynccontextmanager
    async def passage(self, call: Call, mode: Mode, seconds: float, walk: Walk) -> AsyncIterator[Passage]:
        """Give a passage, and close it however the block ends."""
        passage = Passage(call, mode, Deadline(seconds))
        self.in_flight += 1
        error: BaseException | None = None
        try:
            yield passage
        except BaseException as caught:
            error = caught
            raise
        finally:
            self.in_flight -= 1
            await self._close(passage, error, walk)

    def burn(self, passage: Passage, trial: Trial) -> None:
        """Charge a try that was under way when it ended: what it was given to read, and what it said."""
        said = tokens_in("".join(trial.said)) + tokens_in("".join(trial.called))
        usage = Usage(prompt_tokens(passage.prompt), said, estimated=True)
        passage.count(usage, self.cost(usage, trial.model, trial.provider, charged=trial.charged))

    def cost(self, usage: Usage, model: str, provider: str, *, charged: bool) -> Decimal:
        """Return what tokens cost; what answers here, or on a server of one's own, costs nothing."""
        return self._pricing.cost(usage, model, provider) if charged else Decimal(0)

    def charge(
        self, passage: Passage, provider: Provider, model: str, usage: Usage, told: Decimal | None
    ) -> Decimal:
        """Count what an answer used, and return its dollars: those the provider told, else by its price.

        Parameters
        ----------
        passage : Passage
        provider : Provider
        model : str
        usage : Usage
        told : Decimal, optional
            As in ``Completion.cost_usd``.
        """
        charged = provider.kind in CHARGING
        cost = (
            told if told is not None and charged else self.cost(usage, model, provider.name, charged=charged)
        )
        if provider.kind in WIRED:
            passage.count(usage, cost)
        return cost

    async def wait(self) -> None:
        """Wait for endings that go on after their clients are gone."""
        while self._closing:
            await asyncio.gather(*self._closing, return_exceptions=True)

    async def _close(self, passage: Passage, error: BaseException | None, walk: Walk) -> None:
        # a task of its own: whoever is cancelled is often cancelled again at its next wait, and would settle nothing
        task = asyncio.create_task(self._end(passage, error, walk))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
        if isinstance(error, GONE):
            with suppress(asyncio.CancelledError):
                await asyncio.shield(task)
        else:
            await asyncio.shield(task)

    async def _end(self, passage: Passage, error: BaseException | None, walk: Walk) -> None:
        await walk.gave_up(passage)
        flight, passage.flight = passage.flight, None
        if flight is not None:
            await flight.land(None, cancelled=isinstance(error, GONE))
        if passage.asked_room:
            reservation = passage.reservation or Reservation(
                passage.generation_id, passage.call.caller, passage.wanted
            )
            used = passage.used
            if used is None:
                await self._quota.release(reservation)
            else:
                await self._quota.settle(reservation, used)
        record = self._record(passage, error)
        try:
            await self._recorder.record(record)
        except Exception:
            log.exception("the record of call %s could not be kept", passage.call.request_id)
        contents = _contents(passage, error) if self._diary is not None else None
        if self._diary is not None and contents is not None:
            self._diary.keep(record, contents)

    def _record(self, passage: Passage, error: BaseException | None) -> CallRecord:
        status, message = status_of(error, passage)
        call, outcome, decision = passage.call, passage.outcome, passage.decision
        last = passage.attempts[-1] if passage.attempts else None
        said = said_of(outcome) if outcome else {
            "effective_mode": passage.mode,
            "provider": passage.answering[0] or (last.provider if last else ""),
            "model": passage.answering[1] or (last.model if last else ""),
            "route": decision.route if decision else "none",
            "route_reason": error.reason if isinstance(error, EscalationRequired) else decision.reason if decision else "",
            "first_token_ms": passage.first_token_ms,
            "student_confidence": passage.student.confidence if passage.student else None,
        }  # fmt: skip
        return CallRecord(
            request_id=call.request_id,
            generation_id=passage.generation_id,
            organization_id=call.caller.organization_id,
            user_pseudonym=self._pseudonym(call.caller),
            endpoint=call.endpoint,
            task_type=call.prompt.task,
            requested_mode=passage.mode,
            status=status,
            created_at=datetime.fromtimestamp(self._clock(), tz=UTC),
            conversation_id=call.conversation_id,
            assistant=call.assistant,
            language=call.language,
            prompt_tokens=passage.tokens_in,
            completion_tokens=passage.tokens_out,
            cost_usd=passage.cost_usd,
            latency_ms=passage.elapsed_ms(),
            error_message=message,
            attempts=tuple(passage.attempts),
            prompt_features=passage.features,
            decision=decision.as_dict() if decision else None,
            **said,
        )


def _contents(passage: Passage, error: BaseException | None) -> Contents | None:
    prompt, student, consent = (
        passage.seen or passage.prompt,
        passage.student,
        passage.call.caller.learning,
    )
    if isinstance(error, EscalationRequired):
        return Contents(
            prompt, "", student.text if student else None, student.confidence if student else None, consent
        )
    if error is not None or prompt.task == "embedding":
        return None
    if passage.outcome is not None:
        said = passage.outcome
        return Contents(prompt, said.completion.text, said.student_answer, said.student_confidence, consent)
    return Contents(prompt, passage.said, consent=consent) if passage.partial else None
