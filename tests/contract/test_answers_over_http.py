"""Failures as a client of the service sees them: the real gateway behind the routes, a real client before them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI

from mandi.llm.mock.analyst import Analyst
from mandi.llm.path.passage import CHARGED

from ..listening import listening
from ..unit.llm.scripted import SAID, Breaks, Fails, Hangs, House, Says, Scripted, house
from ..unit.serving.api.talking import ALL, Talking, events_of, talking, words

ASKED: list[Any] = [{"role": "user", "content": "Is 7,200 a fair price for cotton?"}]
FAILURES = [
    Fails(), Fails("rate_limited", 429, retry_after=60.0), Fails("unreachable", None), Fails("malformed", 200),
    Fails("refused_key", 401), Hangs(),
]  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A service that listens, what is behind it, and two clients of it."""

    behind: House
    vendor: Scripted
    talk: Talking
    url: str
    client: OpenAI

    def chunks(self, model: str = "mandi") -> list[Any]:
        return list(self.client.chat.completions.create(model=model, messages=ASKED, stream=True))

    def stream(self, conversation: str, **body: Any) -> httpx.Response:
        path = f"{self.url}{ALL}/{conversation}/chat/stream"
        return httpx.post(path, json={"message": ASKED[0]["content"], **body}, timeout=10)


@contextmanager
def line(folder: Path, *script: Any, mode: Any = "hybrid") -> Iterator[Line]:
    vendor = Scripted("fake", script=list(script))
    behind = house(vendor, Analyst(), mode=mode)
    with talking(folder, behind.gateway) as talk:  # type: ignore[arg-type]
        talk.app.state.house.rooms["providers"] = behind.providers
        with listening(talk.app) as url:
            yield Line(behind, vendor, talk, url, OpenAI(base_url=f"{url}/v1", api_key="k", max_retries=0))


@pytest.mark.parametrize("failure", FAILURES, ids=lambda f: getattr(f, "fault", "hangs"))
def test_before_the_first_byte_the_analyst_answers_and_says_so(tmp_path: Path, failure: Any) -> None:
    with line(tmp_path, failure) as at:
        whole = at.client.chat.completions.with_raw_response.create(model="mandi", messages=ASKED)
        told = whole.parse().model_extra["mandi"]  # type: ignore[index]
        streamed = at.chunks()[-1].model_extra["mandi"]
        talked = events_of(at.stream(at.talk.begun()).text)[-1][1]["metadata"]
        assert whole.headers["x-mandi-fallback"] == "true" and whole.headers["x-mandi-mode"] == "mock"
        for answer in (told, streamed, talked):
            assert answer["provider"] == "mock" and answer["effective_mode"] == "mock"
            assert answer["requested_mode"] == "hybrid" and answer["fallback"] and answer["fallback_reason"]
            assert answer["confidence"] is None
            # what was under way when it failed was read, and is paid for
            assert (answer["cost_usd"] > 0) == (getattr(failure, "fault", "timeout") in CHARGED)


@pytest.mark.parametrize("failure", FAILURES, ids=lambda f: getattr(f, "fault", "hangs"))
def test_in_mode_real_nobody_else_speaks(tmp_path: Path, failure: Any) -> None:
    with line(tmp_path, failure, mode="real") as at:
        for stream in (False, True):
            with pytest.raises(openai.InternalServerError) as raised:
                at.client.chat.completions.create(model="mandi", messages=ASKED, stream=stream)
            assert raised.value.status_code in (502, 503, 504) and "mock" not in str(raised.value)
        conversation = at.talk.begun()
        assert at.stream(conversation).status_code in (502, 503, 504)
        history = at.talk.history(conversation)["messages"]
        assert [m["role"] for m in history] == ["user"]


@pytest.mark.parametrize("after", range(1, 9))
@pytest.mark.parametrize("failure", [Fails, Hangs])
def test_after_the_first_byte_nobody_else_is_spliced_in(tmp_path: Path, failure: Any, after: int) -> None:
    begun = "".join(word + " " for word in SAID.split()[:after])
    with line(tmp_path, failure(after=after)) as at:
        said = ""
        with pytest.raises(openai.APIError) as raised:
            for chunk in at.client.chat.completions.create(model="mandi", messages=ASKED, stream=True):
                said += chunk.choices[0].delta.content or ""
        assert said == begun and raised.value.code == "stream_interrupted"
        conversation = at.talk.begun()
        events = events_of(at.stream(conversation).text)
        assert words(events) == begun and events[-1][1]["type"] == "error"
        kept = at.talk.history(conversation)["messages"][1]
        assert kept["content"] == begun and kept["status"] == "partial" and kept["generation_id"]


def test_a_bug_of_ours_is_a_500_and_not_an_answer_of_somebody_else(tmp_path: Path) -> None:
    with line(tmp_path, Breaks()) as at, pytest.raises(openai.InternalServerError) as raised:
        at.client.chat.completions.create(model="mandi", messages=ASKED)
    assert raised.value.status_code == 500 and "bug" not in str(raised.value)


def test_streamed_and_whole_say_the_same(tmp_path: Path) -> None:
    with line(tmp_path, Says()) as at:
        whole = at.client.chat.completions.create(model="mandi", messages=ASKED)
        chunks = at.chunks()
        text = "".join(c.choices[0].delta.content or "" for c in chunks)
        assert text == whole.choices[0].message.content == SAID
        conversation = at.talk.begun()
        assert words(events_of(at.stream(conversation).text)) == SAID
        assert len(at.behind.records.all) == 3
        assert {r.status for r in at.behind.records.all} == {"success"}


def test_a_listener_that_leaves_is_recorded_and_charged_for_what_was_said(tmp_path: Path) -> None:
    with line(tmp_path, Hangs(after=3)) as at:
        conversation = at.talk.begun()
        path = f"{at.url}{ALL}/{conversation}/chat/stream"
        with httpx.stream("POST", path, json={"message": "x"}) as answer:
            for text in answer.iter_text():
                if "price" in text:
                    break
        end = time.monotonic() + 5
        while not at.behind.records.all:
            assert time.monotonic() < end
            time.sleep(0.01)
        (record,) = at.behind.records.all
        assert record.status == "cancelled" and record.cost_usd > 0 and record.conversation_id == conversation
        assert at.vendor.open == 0


def test_the_mode_a_client_names_is_the_one_it_gets(tmp_path: Path) -> None:
    with line(tmp_path, Says()) as at:
        for name, mode, provider in (
            ("mandi-mock", "mock", "mock"),
            ("mandi-real", "real", "fake"),
            ("fake/fake-1", "hybrid", "fake"),
        ):
            told = at.client.chat.completions.create(model=name, messages=ASKED).model_extra["mandi"]  # type: ignore[index]
            assert (told["requested_mode"], told["provider"]) == (mode, provider)
            assert not told["fallback"]
