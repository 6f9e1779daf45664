from __future__ import annotations

import random

import pytest

from mandi.llm.messages import Message
from mandi.llm.token_estimate import EACH_MESSAGE, tokens_in
from mandi.serving.conversations.titles import LONGEST, title_of
from mandi.serving.conversations.window import recent


def test_the_window_is_the_longest_end_of_the_conversation_that_fits() -> None:
    rng = random.Random(7)
    turns = [Message("user", rng.choice("aकप") * rng.randint(0, 90)) for _ in range(60)]
    for most in (0, 3, 40, 200, 1000, 100_000):
        kept = recent(turns, most)
        cost = sum(tokens_in(m.content or "") + EACH_MESSAGE for m in kept)
        assert list(kept) == turns[len(turns) - len(kept) :] and cost <= most
        if len(kept) < len(turns):
            next_one = turns[len(turns) - len(kept) - 1]
            assert cost + tokens_in(next_one.content or "") + EACH_MESSAGE > most


@pytest.mark.parametrize(
    ("message", "title"),
    [
        ("x" * 500, "x" * (LONGEST - 1) + "…"),
        ("word " * 100, ("word " * 12).strip() + "…"),
        ("a\x00b\x07c\u202ed", "abcd"),
        ("\n\t ", None),
        ("कपास का क्‍या भाव है?", "कपास का क्‍या भाव है?"),
        ("x" * 60, "x" * 60),
    ],
)
def test_titles_are_one_readable_line(message: str, title: str | None) -> None:
    assert title_of(message) == title
    assert len(title_of(message) or "") <= LONGEST
