"""The student behind the interface of all providers."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from typing import Any

import pytest

from mandi.llm.messages import Completion, Delta, Message, Prompt
from mandi.llm.provider import ProviderError
from mandi.llm.providers.embedded import StudentProvider

from .wires import ASKED_FOR_A_TOOL, SCHEMA, nothing_is_left

ASKED = Prompt((Message("user", "cotton rises"),), task="classification")


class _Student:
    version = "student-7"

    def __init__(self, said: Any) -> None:
        self.said = said
        self.asked = 0

    def knows(self, task: str) -> bool:
        return task == "classification"

    def answer(self, prompt: Prompt) -> Any:
        self.asked += 1
        return self.said(prompt) if callable(self.said) else self.said


class _Encoder:
    def encode(self, texts: Any) -> Any:
        return [[float(len(t)), 1.0] for t in texts]


def _complete(
    said: Any, prompt: Prompt = ASKED, model: str = "student-7", timeout_s: float = 5.0
) -> Completion:
    return asyncio.run(StudentProvider(_Student(said)).complete(prompt, model, timeout_s))


@pytest.mark.parametrize("confidence", [None, 0.0, 0.83, 1.0])
def test_the_confidence_comes_with_the_answer(confidence: float | None) -> None:
    answer = _complete(("up", confidence))
    assert (answer.text, answer.confidence, answer.provider, answer.model) == (
        "up", confidence, "student", "student-7",
    )  # fmt: skip
    assert answer.usage.estimated


def test_answers_side_by_side_keep_their_own_confidence() -> None:
    def said(prompt: Prompt) -> tuple[str, float]:
        number = int(prompt.question)
        time.sleep(0.002 * (number % 3))
        return str(number), number / 100

    async def run() -> None:
        provider = StudentProvider(_Student(said))
        prompts = [dataclasses.replace(ASKED, messages=(Message("user", str(n)),)) for n in range(40)]
        answers = await asyncio.gather(*(provider.complete(p, "student-7", 10) for p in prompts))
        assert [(a.text, a.confidence) for a in answers] == [(str(n), n / 100) for n in range(40)]

    asyncio.run(run())


@pytest.mark.parametrize(
    ("said", "prompt", "model"),
    [
        (None, ASKED, "student-7"),
        (("up", 0.9), dataclasses.replace(ASKED, task="chat"), "student-7"),
        (("up", 0.9), ASKED, "student-6"),
        (("up", 0.9), dataclasses.replace(ASKED_FOR_A_TOOL, task="classification"), "student-7"),
        (("no JSON", 0.9), dataclasses.replace(ASKED, answer_schema=SCHEMA), "student-7"),
        (("[1]", 0.9), dataclasses.replace(ASKED, answer_schema=SCHEMA), "student-7"),
    ],
)
def test_what_it_cannot_answer_is_left_to_others(said: Any, prompt: Prompt, model: str) -> None:
    with pytest.raises(ProviderError) as failed:
        _complete(said, prompt, model)
    assert failed.value.fault == "not_able"
    assert not failed.value.counts


@pytest.mark.parametrize("confidence", [-0.1, 1.1, float("nan")])
def test_a_confidence_that_is_no_probability_is_refused(confidence: float) -> None:
    with pytest.raises(ProviderError) as failed:
        _complete(("up", confidence))
    assert failed.value.fault == "malformed"


def test_a_typed_answer() -> None:
    typed = dataclasses.replace(ASKED, answer_schema=SCHEMA)
    assert _complete(('{"verdict": "fair"}', 0.8), typed).text == '{"verdict": "fair"}'


def test_a_student_that_fails_or_thinks_too_long() -> None:
    def fails(prompt: Prompt) -> Any:
        raise KeyError(prompt.question)

    with pytest.raises(ProviderError) as failed:
        _complete(fails)
    assert failed.value.fault == "server_error"
    assert "cotton rises" not in str(failed.value)
    with pytest.raises(ProviderError) as late:
        _complete(lambda _: time.sleep(0.3), timeout_s=0.05)
    assert late.value.fault == "timeout"


def test_a_slow_student_delays_nobody_else() -> None:
    async def run() -> None:
        provider = StudentProvider(_Student(lambda _: (time.sleep(0.2), ("up", None))[1]))
        task = asyncio.create_task(provider.complete(ASKED, "student-7", 5))
        started = time.perf_counter()
        for _ in range(10):
            await asyncio.sleep(0.001)
        assert time.perf_counter() - started < 0.15
        assert (await task).text == "up"
        assert await nothing_is_left()

    asyncio.run(run())


def test_streamed_it_says_the_same() -> None:
    async def run() -> None:
        provider = StudentProvider(_Student(("up", 0.7)))
        items = [item async for item in provider.stream(ASKED, "student-7", 5)]
        assert items[0] == Delta("up")
        assert isinstance(items[1], Completion)
        assert (items[1].text, items[1].confidence) == ("up", 0.7)

    asyncio.run(run())


def test_its_encoder() -> None:
    async def run() -> None:
        provider = StudentProvider(_Student(None), _Encoder(), embedding_model="small")
        told = await provider.embed(["a", "bcd"], "small", 5)
        assert told.vectors == ((1.0, 1.0), (3.0, 1.0))
        assert (await provider.embed([], "small", 5)).vectors == ()
        for other in (provider, StudentProvider(_Student(None))):
            with pytest.raises(ProviderError) as failed:
                await other.embed(["a"], "large", 5)
            assert failed.value.fault == "not_able"

    asyncio.run(run())


def test_a_student_that_was_replaced_is_asked_by_its_new_version() -> None:
    student = _Student(("up", None))
    provider = StudentProvider(student)
    student.version = "student-8"
    assert list(provider.models()) == ["student-8"]
    assert asyncio.run(provider.complete(ASKED, "student-8", 5)).model == "student-8"
