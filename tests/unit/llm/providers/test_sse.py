"""Events out of bytes, however they are cut."""

from __future__ import annotations

import pytest

from mandi.llm.providers.faults import NotTheShape
from mandi.llm.providers.sse import EventReader

STREAM = (
    'data: {"a": "कपास ₹"}\n\n: keep-alive\n\nevent: error\ndata:no blank\n\nid: 7\nretry: 10\ndata: one\ndata: two\n\n'
    "data: [DONE]\n\n"
)
EVENTS = [
    ("", '{"a": "कपास ₹"}'.encode()),
    ("error", b"no blank"),
    ("", b"one\ntwo"),
    ("", b"[DONE]"),
]


def _read(chunks: list[bytes], **bounds: int) -> list[tuple[str, bytes]]:
    reader = EventReader(**bounds)
    return [event for chunk in chunks for event in reader.feed(chunk)] + reader.rest()


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_any_single_cut_gives_the_same_events(newline: str) -> None:
    raw = STREAM.replace("\n", newline).encode()
    for cut in range(len(raw) + 1):
        assert _read([raw[:cut], raw[cut:]]) == EVENTS, cut


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_byte_by_byte_gives_the_same_events(newline: str) -> None:
    raw = STREAM.replace("\n", newline).encode()
    assert _read([raw[n : n + 1] for n in range(len(raw))]) == EVENTS


def test_all_at_once_gives_the_same_events_after_a_byte_order_mark() -> None:
    assert _read([b"\xef\xbb\xbf" + STREAM.encode()]) == EVENTS
    assert _read([b"\xef", b"\xbb\xbf" + STREAM.encode()]) == EVENTS


def test_an_event_without_data_is_none() -> None:
    assert _read([b"event: ping\n\ndata: x\n\n"]) == [("", b"x")]


def test_the_last_event_needs_no_empty_line() -> None:
    assert _read([b"data: [DONE]"]) == [("", b"[DONE]")]
    assert _read([b"data: [DONE]\r"]) == [("", b"[DONE]")]
    assert _read([b""]) == []


def test_a_line_that_never_ends_is_refused_before_it_fills_the_memory() -> None:
    reader = EventReader(largest=100)
    with pytest.raises(NotTheShape, match="100 bytes"):
        for _ in range(1000):
            reader.feed(b"data: x" * 3)


def test_an_event_of_many_lines_is_bounded_too() -> None:
    reader = EventReader(largest=100)
    with pytest.raises(NotTheShape, match="100 bytes"):
        for _ in range(1000):
            reader.feed(b"data: x\n")


def test_a_bounded_reader_takes_any_number_of_small_events() -> None:
    reader = EventReader(largest=100)
    assert sum(len(reader.feed(b"data: x\n\n")) for _ in range(1000)) == 1000
