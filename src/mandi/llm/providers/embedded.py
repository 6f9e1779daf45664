"""The student behind the interface of all providers: it answers in this process, says how sure it is, and costs nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Protocol

from pydantic_core import from_json

from mandi.llm.messages import Completion, Delta, Embeddings, Prompt, Task, Usage
from mandi.llm.provider import Kind, ProviderError
from mandi.llm.token_estimate import prompt_tokens, tokens_in


class Student(Protocol):
    """Whoever learned to answer some tasks.

    Attributes
    ----------
    version : str
        In the registry; the model of its answers.
    """

    @property
    def version(self) -> str:
        """Return its version."""
        ...

    def knows(self, task: Task) -> bool:
        """Return whether it learned a task."""
        ...

    def answer(self, prompt: Prompt) -> tuple[str, float | None] | None:
        """Return its answer and the calibrated probability that it is right (None if nobody knows), or None for no answer."""
        ...


class Encoder(Protocol):
    """Whoever turns texts into vectors."""

    def encode(self, texts: Sequence[str]) -> Any:
        """Return one row of numbers a text."""
        ...


class StudentProvider:
    """A student as a provider; what it has no answer for is ``not_able``, so that a teacher is asked.

    The confidence comes with the answer it belongs to: there is no second question that another request could overtake.
    The work is done in a thread, so a slow answer delays nobody else; a thread that is too late is left to finish unheard.

    Parameters
    ----------
    student : Student
    encoder : Encoder, optional
        For embeddings.
    embedding_model : str, optional
        Name of the encoder, as requests give it.
    name : str, optional
    clock : callable, optional
        Seconds that only grow.

    Examples
    --------
    >>> from mandi.llm.messages import Message
    >>> class Rules:
    ...     version = "3"
    ...     def knows(self, task): return task == "classification"
    ...     def answer(self, prompt): return ("up", 0.9) if "rise" in prompt.question else None
    >>> provider = StudentProvider(Rules())
    >>> asked = Prompt((Message("user", "Will cotton rise?"),), task="classification")
    >>> said = asyncio.run(provider.complete(asked, "3", timeout_s=5))
    >>> said.text, said.confidence, said.model
    ('up', 0.9, '3')
    """

    kind: Kind = "student"

    def __init__(
        self,
        student: Student,
        encoder: Encoder | None = None,
        *,
        embedding_model: str = "encoder",
        name: str = "student",
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.name = name
        self.embedding_models: tuple[str, ...] = (embedding_model,) if encoder is not None else ()
        self._student = student
        self._encoder = encoder
        self._clock = clock

    def models(self) -> Sequence[str]:
        """Return the student's version."""
        return (self._student.version,)

    async def complete(self, prompt: Prompt, model: str, timeout_s: float) -> Completion:
        """Answer; see ``Provider.complete``."""
        if model != self._student.version:
            raise self._not_able(f'the student is not "{model[:80]}"')
        if prompt.tools and prompt.tool_choice != "none":
            raise self._not_able("the student calls no tools")
        if not self._student.knows(prompt.task):
            raise self._not_able(f"the student did not learn {prompt.task}")
        started = self._clock()
        said = await self._in_thread(lambda: self._student.answer(prompt), timeout_s)
        if said is None:
            raise self._not_able("the student has no answer to this")
        text, confidence = said
        if confidence is not None and not 0 <= confidence <= 1:
            raise ProviderError(self.name, "malformed", f"the student's confidence is {confidence}")
        if prompt.answer_schema is not None and not _is_object(text):
            raise self._not_able("the student's answer is not of the shape asked for")
        usage = Usage(prompt_tokens(prompt), tokens_in(text), estimated=True)
        return Completion(
            text, self.name, model, usage=usage, confidence=confidence, latency_ms=self._since(started)
        )

    async def stream(self, prompt: Prompt, model: str, timeout_s: float) -> AsyncIterator[Delta | Completion]:
        """Answer in one piece; see ``Provider.stream``."""
        whole = await self.complete(prompt, model, timeout_s)
        yield Delta(whole.text)
        yield whole

    async def embed(self, texts: Sequence[str], model: str, timeout_s: float) -> Embeddings:
        """Return a vector of each text; see ``Provider.embed``."""
        encoder = self._encoder
        if encoder is None or model not in self.embedding_models:
            raise self._not_able(f'the student has no encoder "{model[:80]}"')
        started = self._clock()
        rows = await self._in_thread(lambda: encoder.encode(list(texts)), timeout_s) if texts else ()
        vectors = tuple(tuple(float(x) for x in row) for row in rows)
        if len(vectors) != len(texts):
            raise ProviderError(self.name, "malformed", "the encoder did not give one vector a text")
        usage = Usage(sum(map(tokens_in, texts)), estimated=True)
        return Embeddings(vectors, self.name, model, usage, latency_ms=self._since(started))

    async def close(self) -> None:
        """Do nothing: there are no connections."""

    async def _in_thread(self, work: Callable[[], Any], timeout_s: float) -> Any:
        try:
            async with asyncio.timeout(timeout_s):
                return await asyncio.to_thread(work)
        except TimeoutError:
            failed = ProviderError(self.name, "timeout", f"{self.name} did not answer in {timeout_s:g} s")
        except Exception as error:
            failed = ProviderError(self.name, "server_error", f"{self.name} failed: {type(error).__name__}")
        raise failed

    def _not_able(self, why: str) -> ProviderError:
        return ProviderError(self.name, "not_able", why)

    def _since(self, started: float) -> float:
        return (self._clock() - started) * 1000


def _is_object(text: str) -> bool:
    try:
        return isinstance(from_json(text), dict)
    except ValueError:
        return False
