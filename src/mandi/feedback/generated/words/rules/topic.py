"""A standing question: how it is asked before and after people changed their way of writing, and what the answer is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topic:
    """A question that needs no figures of the day.

    Attributes
    ----------
    name, intent, kind : str
        ``intent`` and ``kind`` as in ``mandi.feedback.vocabulary``.
    answer : str
        A right one.
    required : tuple of str
        What every right answer holds; ``a|b`` is either, digits are compared as numbers.
    early, traffic, held : tuple of str
        Wordings; the last two are of the time after the drift, and those of ``held`` are asked by examiners alone.
    language : str
        Of the question and the answer.
    """

    name: str
    intent: str
    answer: str
    required: tuple[str, ...]
    early: tuple[str, ...]
    traffic: tuple[str, ...]
    held: tuple[str, ...]
    kind: str = "question"
    language: str = "en"
