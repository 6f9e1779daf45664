"""The shipped model is small, is data, and can be made again."""

from __future__ import annotations

from mandi.feedback.scrub.names import MODEL
from mandi.feedback.scrub.naming.tagger import Field
from mandi.feedback.scrub.training import train


def test_the_shipped_model_is_small_and_no_pickle() -> None:
    model = MODEL.read_bytes()
    assert len(model) < 150_000 and model[:4] == b"lCRF"
    assert set(Field(model).labels) == {"PERSON", "ADDRESS"}


def test_training_gives_the_same_bytes_again() -> None:
    first, second = (train(count=60, seed=5, rounds=5) for _ in range(2))
    assert first == second
    assert Field(first).features
