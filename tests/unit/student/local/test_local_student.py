"""The student behind a local server: what it answers, what it leaves to others, and whether its confidence is a frequency."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mandi.core.errors import ConfigError, ContractError, DataNotFound, NotFitted, TooLittleData
from mandi.core.outbound import OutboundError, Patience
from mandi.datasets.rows import Example, Part
from mandi.student.base import Question
from mandi.student.local.local_student import LocalStudent
from mandi.student.local.server import LlmServer, server_from_environment
from mandi.student.scaling import Scaling
from tests.fakes.chat_server import ChatServer

LABELS = ["up", "down"]
QUICK = Patience(timeout_s=5.0, attempts=2, pause_s=0.0)


def _draw(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") / 2**32


def _truth(text: str) -> str:
    return LABELS[int(_draw("truth " + text) < 0.5)]


def _reply(turns: list[dict[str, str]]) -> tuple[str, list[float] | None]:
    """Be right as often as the square of the mean probability of the tokens says: overconfident, and consistently so."""
    text = turns[-1]["content"]
    if "price" in text:
        return ("It is INR 4,650 per quintal." if "4650" in text else "It is INR 9,999 per quintal."), [
            -0.01,
            -0.01,
        ]
    sure = 0.5 + 0.5 * _draw("sure " + text)
    right = _draw("luck " + text) < sure**2
    label = _truth(text) if right else LABELS[1 - LABELS.index(_truth(text))]
    return json.dumps({"label": label}), [math.log(sure)] * 3


@pytest.fixture
def chat() -> Iterator[ChatServer]:
    with ChatServer(_reply) as server:
        yield server


def headline(n: int) -> tuple[dict[str, str], ...]:
    return ({"role": "user", "content": f"headline {n} of the day"},)


def example(n: int, part: Part) -> Example:
    turns = headline(n)
    return Example(
        f"e{n}", "sft", "classification", turns, json.dumps({"label": _truth(turns[0]["content"])}),
        datetime(2026, 1, 1, tzinfo=UTC), (f"g{n}",), f"p{n}", "granted", "generated", "generated",
        facts={"labels": LABELS, "text": turns[0]["content"]}, part=part,
    )  # fmt: skip


def student_of(chat: ChatServer, **changes: Any) -> LocalStudent:
    server = LlmServer(chat.url, "local-trained", patience=QUICK)
    return replace(LocalStudent(server, "abc", ("chat", "classification", "deal_analysis")), **changes)


def asked(n: int) -> Question:
    return Question("classification", headline(n), {"labels": LABELS})


def test_confidence_learns_what_sureness_is_worth(chat: ChatServer) -> None:
    examples = [example(0, "train"), *(example(n, "calibration") for n in range(1, 400))]
    student = student_of(chat).fit(examples)
    questions = [asked(n) for n in range(1000, 1400)]
    answers = student.answers(questions)
    sure = [a.confidence for a in answers if a is not None and a.confidence is not None]
    right = [
        json.loads(a.text)["label"] == _truth(q.text) for a, q in zip(answers, questions, strict=True) if a
    ]
    assert len(sure) == 400 and abs(sum(sure) / 400 - sum(right) / 400) < 0.05
    tops = [r for s, r in zip(sure, right, strict=True) if s >= 0.8]
    assert len(tops) > 40 and sum(tops) / len(tops) > 0.75
    assert student.thresholds["low"] < student.thresholds["high"] <= 1.0
    assert chat.asked[0]["temperature"] == 0 and chat.asked[0]["logprobs"] is True


def test_the_frozen_set_is_never_asked(chat: ChatServer) -> None:
    examples = [example(0, "train"), example(1, "validation"), example(2, "test"), example(3, "calibration")]
    student_of(chat).fit(examples)
    assert [body["messages"] for body in chat.asked] == [list(headline(3))]


def test_one_answer_never_depends_on_another_question(chat: ChatServer) -> None:
    student = student_of(chat).fit([example(0, "train"), *(example(n, "calibration") for n in range(1, 60))])
    together = student.answers([asked(n) for n in range(70, 90)])
    assert together == [student.answers([asked(n)])[0] for n in range(70, 90)]


def test_what_it_was_not_taught_it_leaves_to_others(chat: ChatServer) -> None:
    student = student_of(chat).fit([example(0, "train"), *(example(n, "calibration") for n in range(1, 60))])
    said = student.answers(
        [
            Question("scoring", headline(1)),
            Question("deal_analysis", headline(1)),
            Question("classification", headline(1), {"labels": ["cat", "dog"]}),
            Question("chat", ({"role": "user", "content": "what price has tur?"},), {"price": 4650}),
            Question("chat", ({"role": "user", "content": "what price has tur, 4650?"},)),
            Question(
                "chat",
                ({"role": "user", "content": "what price has tur in 4650?"},),
                {"price": {"mid": 4650.2}},
            ),
        ]
    )
    assert said[:4] == [None] * 4, "a task, labels or a figure from nowhere was answered"
    assert said[4] is not None and said[5] is not None and said[5].text == "It is INR 4,650 per quintal."
    assert len([1 for body in chat.asked if "headline 1 " in body["messages"][-1]["content"]]) == 1


@pytest.mark.parametrize("way", ["the server has none", "the request is refused"])
def test_without_probabilities_confidence_is_unknown(way: str) -> None:
    with ChatServer(
        lambda turns: (_reply(turns)[0], None), knows_logprobs=way == "the server has none"
    ) as chat:
        student = student_of(chat).fit(
            [example(0, "train"), *(example(n, "calibration") for n in range(1, 60))]
        )
        answer = student.answers([asked(100)])[0]
        assert answer is not None and answer.confidence is None and not student.calibrated
        assert student.thresholds["high"] == 1.0 and student.report["answered"] == 59


def test_half_an_answer_is_none_and_a_question_the_server_refuses_too(chat: ChatServer) -> None:
    student = student_of(chat, label_sets=(("down", "up"),))
    chat.finish = "length"
    assert student.answers([asked(1)]) == [None]
    chat.finish, chat.status, chat.message = "stop", 400, "longer than the context"
    assert student.answers([asked(1)]) == [None]


@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_server_that_fails_is_an_error_and_not_an_answer(chat: ChatServer, status: int) -> None:
    chat.status = status
    with pytest.raises(OutboundError, match=str(status)):
        student_of(chat, label_sets=(("down", "up"),)).answers([asked(1)])


def test_a_server_that_is_not_there() -> None:
    with ChatServer(_reply) as chat:
        student = student_of(chat, label_sets=(("down", "up"),))
    with pytest.raises(OutboundError, match="could not be reached"):
        student.answers([asked(1)])


def test_saved_and_loaded_it_is_the_same_and_holds_no_address(chat: ChatServer, tmp_path: Path) -> None:
    student = student_of(chat).fit([example(0, "train"), *(example(n, "calibration") for n in range(1, 60))])
    student.save(tmp_path)
    assert [f.name for f in tmp_path.iterdir()] == ["local_student.json"]
    assert "127.0.0.1" not in (tmp_path / "local_student.json").read_text(encoding="utf-8")
    again = LocalStudent.load(tmp_path, student.server)
    assert again.version == student.version and again.thresholds == student.thresholds
    assert again.answers([asked(500)]) == student.answers([asked(500)])
    moved = student.scaled(Scaling(1.0, -1.0, {}), {"high": 0.9, "low": 0.3})
    assert moved.version != student.version and moved.thresholds == {"high": 0.9, "low": 0.3}
    before, later = (s.answers([asked(500)])[0] for s in (student, moved))
    assert before is not None and later is not None and (later.confidence or 0) < (before.confidence or 0)
    (tmp_path / "local_student.json").write_text('{"form": "embedded"}', encoding="utf-8")
    with pytest.raises(ContractError, match="embedded"):
        LocalStudent.load(tmp_path, student.server)
    with pytest.raises(DataNotFound):
        LocalStudent.load(tmp_path / "no", student.server)


def test_it_says_what_is_missing(chat: ChatServer) -> None:
    with pytest.raises(NotFitted):
        _ = student_of(chat).thresholds
    with pytest.raises(TooLittleData, match="calibration"):
        student_of(chat).fit([example(0, "train")])
    with pytest.raises(ConfigError, match="LLAMA_ENDPOINT"):
        server_from_environment({})
    with pytest.raises(ConfigError, match="LLAMA_MODEL"):
        server_from_environment({"LLAMA_ENDPOINT": "http://localhost:1"})
    named = {"LLAMA_ENDPOINT": chat.url, "LOCAL_INFER_MODEL": "local-trained", "LOCAL_API_KEY": "sk-hidden"}
    server = server_from_environment(named)
    assert server.models() == ["local-trained"] and "sk-hidden" not in repr(server)


@pytest.mark.slow
def test_a_tuned_model_answers_through_a_server(tmp_path: Path) -> None:
    from mandi.student.local.tuning.params import LoraParams, SftParams, TuneParams
    from mandi.student.local.tuning.tune import tune
    from tests.fakes import tiny_llm as tiny
    from tests.fakes.chat_server import model_reply

    base = tiny.make_tiny_llm(tmp_path / "base")
    tiny.write_rows(tmp_path / "d" / "chat" / "sft.train.jsonl", tiny.sft_rows(12))
    params = TuneParams(
        device="cpu", max_length=96, batch=6, accumulate=1, gradient_checkpointing=False, least_examples=10,
        lora=LoraParams(rank=8, dropout=0.0), sft=SftParams(epochs=2, learning_rate=1e-2),
    )  # fmt: skip
    tuned = tune(str(base), tmp_path / "d", tmp_path / "out", params)
    reply = model_reply(base, tuned.adapter)
    with ChatServer(reply, finish="stop") as chat:
        server = LlmServer(chat.url, "local-trained", patience=QUICK)
        student = LocalStudent.of(tuned, server)
        turns = tiny.user(tiny.question(2))
        said = server.ask([turns])[0]
        text, logs = reply(turns)
        assert student.tasks == ("chat",) and student.version != LocalStudent(server, "x", ("chat",)).version
        if text.strip():
            assert said is not None and logs is not None and said.text == text.strip()
            assert said.sureness == pytest.approx(math.exp(sum(logs) / len(logs)))
        else:
            assert said is None
