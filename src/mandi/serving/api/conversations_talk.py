"""An answer while it is given: its pieces go out as events, and what was said is kept however it ends."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from anyio import CancelScope

from mandi.core.errors import MandiError
from mandi.llm.calls import Call, Interrupted, Outcome
from mandi.llm.evidence import Finding
from mandi.llm.prompts.chat_prompts import chat_prompt
from mandi.llm.refusals import EscalationRequired
from mandi.serving.api.answering import Item, answers_of, caller_of, findings_about, handed_over
from mandi.serving.api.belt import Belt
from mandi.serving.api.call_problems import problem_of_call, told_as_problems
from mandi.serving.api.conversations_events import done, failed, metadata_of, token
from mandi.serving.api.openai_wire import PING, pieces_of
from mandi.serving.api.rooms import database_of
from mandi.serving.conversations import turns
from mandi.serving.conversations.turns import Begun, Ending, Status
from mandi.serving.conversations.window import recent
from mandi.serving.operations import Asked

LOG = logging.getLogger("mandi.serving")
PATIENCE_S = 10.0
WITHOUT_MODELS = frozenset({"contract"})  # assistants whose questions the models know nothing about
TEMPERATURE = 0.7


class Talk:
    """One answer.

    Parameters
    ----------
    asked : Asked
    begun : Begun
        The question, already kept.
    endpoint : str
        Route it came by, for the logs.
    """

    def __init__(self, asked: Asked, begun: Begun, endpoint: str) -> None:
        self.begun = begun
        self.ticket_id: str | None = None
        self.sources: Sequence[Mapping[str, Any]] = ()
        self._asked = asked
        self._endpoint = endpoint
        self._said: list[str] = []
        self._kept = False
        self._belt: Belt[Item] | None = None
        self._events: AsyncGenerator[bytes, None] | None = None

    async def whole(self) -> Outcome:
        """Return the whole answer, once it is kept.

        Raises
        ------
        Refused
            Nobody answered; the question stays, and the same request may be sent again.
        """
        try:
            with told_as_problems():
                outcome = await self._complete(await self._call())
                await self._keep("complete", outcome.completion.text, outcome)
                return outcome
        finally:
            await self.aclose()

    async def opened(self) -> Talk:
        """Return the answer as events, once its first piece is there or PATIENCE_S have passed.

        Raises
        ------
        Refused
            Nobody answered: it is told before any header is sent, with a status of its own.
        """
        first: list[Item] | None = None
        try:
            with told_as_problems():
                call = await self._call()
                self._belt = Belt(answers_of(self._asked.house).stream(call))
                try:
                    first = await self._belt.take(PATIENCE_S)
                except EscalationRequired as error:
                    outcome = await self._handed_over(error)
                    first = [*pieces_of(outcome.completion), outcome]
        except BaseException:
            await self.aclose()
            raise
        self._events = self._given(first)
        return self

    def __aiter__(self) -> AsyncIterator[bytes]:
        assert self._events is not None
        return self._events

    async def __anext__(self) -> bytes:
        assert self._events is not None
        return await anext(self._events)

    async def aclose(self) -> None:
        """Stop whoever speaks, and keep what was said unless it is kept already."""
        with CancelScope(shield=True):
            if self._events is not None:
                await self._events.aclose()
            if self._belt is not None:
                await self._belt.aclose()
            await self._keep_the_rest()

    async def _call(self) -> Call:
        asked, begun = self._asked, self.begun
        findings: Mapping[str, Finding] = {}
        if begun.assistant_type not in WITHOUT_MODELS:
            findings = await findings_about(asked.house, begun.question)
        told = (finding.as_dict() for finding in findings.values())
        self.sources = [finding for finding in told if finding["standing"] == "answered"]
        prompt = chat_prompt(
            recent(begun.history), begun.question, begun.language, begun.assistant_type, findings
        )
        return Call(
            prompt=replace(prompt, temperature=TEMPERATURE),
            caller=caller_of(asked),
            request_id=asked.request_id,
            endpoint=self._endpoint,
            conversation_id=begun.conversation_id,
            assistant=begun.assistant_type,
            language=begun.language,
        )

    async def _complete(self, call: Call) -> Outcome:
        try:
            return await answers_of(self._asked.house).complete(call)
        except EscalationRequired as error:
            return await self._handed_over(error)

    async def _handed_over(self, error: EscalationRequired) -> Outcome:
        context = {"conversation_id": self.begun.conversation_id, "findings": list(self.sources)}
        outcome, self.ticket_id = await handed_over(self._asked, error, context)
        return outcome

    async def _given(self, pieces: list[Item] | None) -> AsyncGenerator[bytes, None]:
        assert self._belt is not None
        arrived = 0
        try:
            while pieces is not None:
                events, last = [], None
                for item in pieces:
                    if isinstance(item, (Outcome, Interrupted)):
                        last = item
                    elif item.text:
                        self._said.append(item.text)
                        arrived += len(item.text)
                        events.append(token(item.text, arrived))
                if events or last is None:
                    yield b"".join(events) or PING
                if last is not None:
                    yield await self._last(last, arrived)
                    return
                pieces = await self._belt.take(PATIENCE_S)
            yield await self._broken(MandiError("the answer ended without its end"), arrived)
        except Exception as error:
            yield await self._broken(error, arrived)

    async def _last(self, item: Outcome | Interrupted, arrived: int) -> bytes:
        text = "".join(self._said)
        if isinstance(item, Outcome):
            await self._keep("complete", text, item)
            return done(metadata_of(self.begun, item, self.sources, self.ticket_id), arrived)
        await self._keep("partial" if text else "failed", text, generation_id=item.generation_id)
        told = self._partial(item.generation_id) | {"provider": item.provider, "fault": item.fault}
        return failed(f"the answer was cut off: {item.reason}", "stream_interrupted", arrived, metadata=told)

    async def _broken(self, error: Exception, arrived: int) -> bytes:
        problem = problem_of_call(error)
        if problem is None:
            LOG.error("a conversation ended by an error that was not foreseen", exc_info=error)
        await self._keep_the_rest()
        told = problem.error if problem else "something went wrong here; the service log has it"
        code = problem.code if problem else "internal_error"
        return failed(told, code, arrived, metadata=self._partial(None))

    def _partial(self, generation_id: str | None) -> dict[str, Any]:
        return {
            "message_id": self.begun.message_id, "request_id": self.begun.request_id, "generation_id": generation_id,
            "status": "partial" if self._said else "failed",
        }  # fmt: skip

    async def _keep_the_rest(self) -> None:
        text = "".join(self._said)
        try:
            await self._keep("partial" if text else "failed", text)
        except MandiError as error:
            LOG.error("what was said could not be kept: %s", error.message)

    async def _keep(
        self, status: Status, text: str, outcome: Outcome | None = None, *, generation_id: str | None = None
    ) -> None:
        if self._kept:
            return
        ending = Ending(
            status, storable(text), outcome.generation_id if outcome else generation_id, outcome, self.sources
        )
        await database_of(self._asked.house).awrite(lambda session: turns.end(session, self.begun, ending))
        self._kept = True


def storable(text: str) -> str:
    """Return a text every database keeps: halves of a letter are joined, what stays half and NUL become U+FFFD.

    Examples
    --------
    >>> storable(chr(0xD83C) + chr(0xDF3E)) == chr(0x1F33E), storable("a" + chr(0) + chr(0xD83C)) == "a" + 2 * chr(0xFFFD)
    (True, True)
    """
    text = text.replace("\x00", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
