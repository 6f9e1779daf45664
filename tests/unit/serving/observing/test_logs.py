"""Every line is JSON on its own, carries its request, and holds no secret even when it tells of an error."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mandi.serving.observing.logs import FACTS, Lines, request_in_hand, start_logging
from mandi.serving.observing.scrubbing import Scrubber

Read = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(tmp_path: Path) -> Iterator[Read]:
    root, mandi = logging.getLogger(), logging.getLogger("mandi")
    before = (root.handlers[:], root.level, mandi.handlers[:], mandi.level, mandi.propagate)
    file = tmp_path / "log"
    descriptor = os.open(file, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    start_logging("INFO", ["swordfish"], descriptor)
    yield lambda: [json.loads(line) for line in file.read_text().splitlines()]
    root.handlers, mandi.handlers, mandi.propagate = before[0], before[2], before[4]
    root.setLevel(before[1])
    mandi.setLevel(before[3])
    os.close(descriptor)


def test_a_line(lines: Read) -> None:
    logging.getLogger("mandi.x").info(
        "took\n%s", "long", extra={FACTS: {"ms": 1.5, "operation": "GET /x", "n": None}}
    )
    (line,) = lines()
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "INFO", "logger": "mandi.x", "message": "took\nlong", "ms": 1.5, "operation": "GET /x", "n": None,
    }  # fmt: skip


def test_lines_of_a_request_carry_it(lines: Read) -> None:
    token = request_in_hand.set("r-1")
    logging.getLogger("mandi.x").warning("late")
    request_in_hand.reset(token)
    logging.getLogger("mandi.x").warning("between")
    assert [line.get("request_id") for line in lines()] == ["r-1", None]


def test_no_secret_in_message_arguments_facts_or_trace(lines: Read) -> None:
    log = logging.getLogger("mandi.x")
    log.error("key %s of %s", "sk-abcdefgh12345", "a@b.in", extra={FACTS: {"request_id": "sk-abcdefgh12345"}})
    try:
        try:
            raise KeyError("swordfish")
        except KeyError:
            raise ValueError("password=hunter2 call +91 98200 12345") from None
    except ValueError:
        log.exception("it failed with Bearer hunter2hunter2")
    try:
        {}["swordfish"]
    except KeyError as error:
        log.error("again", exc_info=error)
    text = json.dumps(lines())
    for secret in ("sk-abcdefgh", "a@b.in", "swordfish", "hunter2", "98200"):
        assert secret not in text
    assert lines()[1]["error"] == "ValueError"
    assert "test_logs.py" in lines()[1]["trace"]


def test_levels(lines: Read) -> None:
    for name in ("mandi.x", "openai._base_client", "sqlalchemy.engine", "anybody"):
        logging.getLogger(name).info("what was said")
        logging.getLogger(name).debug("what was said")
    assert [line["logger"] for line in lines()] == ["mandi.x"]
    logging.getLogger("anybody").warning("something")
    assert lines()[-1]["logger"] == "anybody"


def test_a_line_that_does_not_fit_its_arguments() -> None:
    record = logging.LogRecord("mandi.x", logging.ERROR, "", 0, "%d of %d", ("swordfish",), None)
    assert json.loads(Lines(Scrubber()).format(record))["message"] == "%d of %d"


def test_a_value_json_does_not_know_and_a_long_message(lines: Read) -> None:
    logging.getLogger("mandi.x").error("x" * 100_000, extra={FACTS: {"odd": object()}})
    assert lines()[0]["odd"] == "object"
    assert len(lines()[0]["message"]) < 10_000


def test_servers_log_the_same_way(lines: Read) -> None:
    server = logging.getLogger("bentoml.access")
    server.addHandler(logging.StreamHandler())
    start_logging("INFO", (), os.dup(2))
    assert server.handlers == []
    assert server.propagate


def test_a_log_that_cannot_be_written_harms_nobody(tmp_path: Path, lines: Read) -> None:
    descriptor = os.open(tmp_path / "gone", os.O_CREAT | os.O_WRONLY)
    start_logging("INFO", (), descriptor)
    os.close(descriptor)
    logging.getLogger("mandi.x").error("nobody hears")
