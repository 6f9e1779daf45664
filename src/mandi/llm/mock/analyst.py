"""The analyst: a provider that writes by rules what the five models say; it answers without keys, network or chance."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any, ClassVar

from pydantic import ValidationError

from mandi.llm.deal import DealAnalysis
from mandi.llm.messages import Completion, Delta, Embeddings, Finish, Prompt, Usage
from mandi.llm.mock.appraisal import appraise
from mandi.llm.mock.chat_words import replied
from mandi.llm.mock.deal_words import written
from mandi.llm.mock.extract import extracted
from mandi.llm.provider import Kind, ProviderError

MODEL = "analyst-1"
PIECES = re.compile(r"\s*\S+|\s+$")
LETTERS_A_TOKEN = 4
SIGNS_A_TOKEN = 2
"""Outside Latin letters a token holds fewer signs; both are rough, and usage says that it is estimated."""
IN_WORDS = ("chat", "generation", "summarization")


class Analyst:
    """Answers questions about deals, prices and arrivals from ``Prompt.facts``.

    It reads no instruction: of what people wrote it looks at the script of the question, and quotes the terms of a deal,
    shortened. A summary is made of the text's own sentences. The same prompt gives the same bytes. It cannot call tools, embed, or write types other than
    ``DealAnalysis``, and says so (``not_able``).

    Parameters
    ----------
    clock : callable
        Seconds that only rise, for the latency.

    Examples
    --------
    >>> import asyncio
    >>> from mandi.llm.prompts.chat_prompts import chat_prompt
    >>> told = asyncio.run(Analyst().complete(chat_prompt((), "hello", "en", "general", {}), "analyst-1", 1.0))
    >>> told.text.splitlines()[0], told.cost_usd, told.confidence
    ('Hello! How can I help you today?', Decimal('0'), None)
    """

    name: ClassVar[str] = "mock"
    kind: ClassVar[Kind] = "mock"

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock

    def models(self) -> Sequence[str]:
        """Return the one model there is."""
        return (MODEL,)

    async def complete(self, prompt: Prompt, model: str, timeout_s: float) -> Completion:
        """Answer.

        Raises
        ------
        ProviderError
            ``not_able``: tools, another type of answer, another task, another model, or no deal among the facts.
        """
        return self._answer(prompt, model)

    async def stream(self, prompt: Prompt, model: str, timeout_s: float) -> AsyncIterator[Delta | Completion]:
        """Answer word by word; the last item is the completion.

        Raises
        ------
        ProviderError
            As ``complete``, before the first word.
        """
        whole = self._answer(prompt, model)
        for piece in PIECES.findall(whole.text):
            yield Delta(piece)
        yield whole

    async def embed(self, texts: Sequence[str], model: str, timeout_s: float) -> Embeddings:
        """Refuse: rules make no vectors.

        Raises
        ------
        ProviderError
            Always, ``not_able``.
        """
        raise self._not_able("the analyst makes no embeddings")

    async def close(self) -> None:
        """Do nothing: nothing is open."""

    def _answer(self, prompt: Prompt, model: str) -> Completion:
        started = self._clock()
        self._check(prompt, model)
        typed = prompt.task == "deal_analysis" or prompt.answer_schema is not None
        text, finish = self._written(prompt, typed)
        asked = sum(estimated_tokens(message.content or "") for message in prompt.messages)
        done = Completion(
            text=text, provider=self.name, model=MODEL, finish=finish,
            usage=Usage(asked, estimated_tokens(text), estimated=True), cost_usd=Decimal(0),
        )  # fmt: skip
        return replace(done, latency_ms=1000.0 * (self._clock() - started))

    def _check(self, prompt: Prompt, model: str) -> None:
        if model != MODEL:
            raise self._not_able(f"the analyst has no other model than {MODEL}")
        if prompt.tools and prompt.tool_choice != "none":
            raise self._not_able("the analyst calls no tools")
        if prompt.answer_schema is not None and not _is_analysis(prompt.answer_schema):
            raise self._not_able("the analyst writes no other type than an analysis of a deal")
        if prompt.answer_schema is None and prompt.task not in (*IN_WORDS, "deal_analysis"):
            raise self._not_able(f"the analyst does no {prompt.task}")

    def _written(self, prompt: Prompt, typed: bool) -> tuple[str, Finish]:
        if typed:  # half a JSON object is of no use: it is not cut
            return self._analysis(prompt), "stop"
        if prompt.task == "summarization":
            return _cut(extracted(prompt.question), prompt)
        return _cut(replied(prompt.question, prompt.facts), prompt)

    def _analysis(self, prompt: Prompt) -> str:
        try:
            appraisal = appraise(prompt.facts)
        except (ValidationError, AttributeError, TypeError):
            raise self._not_able("there is no deal among the facts of the question") from None
        return written(appraisal).model_dump_json()

    def _not_able(self, why: str) -> ProviderError:
        return ProviderError(self.name, "not_able", why)


def estimated_tokens(text: str) -> int:
    """Return about how many tokens a text is.

    Examples
    --------
    >>> estimated_tokens("price of cotton"), estimated_tokens("कपास"), estimated_tokens("")
    (4, 2, 0)
    """
    latin = sum(letter.isascii() for letter in text)
    return -(-latin // LETTERS_A_TOKEN) + -(-(len(text) - latin) // SIGNS_A_TOKEN)


@cache
def _schema() -> Mapping[str, Any]:
    return DealAnalysis.model_json_schema()


def _is_analysis(schema: Mapping[str, Any]) -> bool:
    return dict(schema) == _schema()


def _cut(text: str, prompt: Prompt) -> tuple[str, Finish]:
    ends = [at for mark in prompt.stop if mark and (at := text.find(mark)) >= 0]
    if ends:
        text = text[: min(ends)]
    if prompt.max_tokens is None or estimated_tokens(text) <= prompt.max_tokens:
        return text, "stop"
    kept = ""
    for piece in PIECES.findall(text):
        if estimated_tokens(kept + piece) > prompt.max_tokens:
            break
        kept += piece
    return kept, "length"
