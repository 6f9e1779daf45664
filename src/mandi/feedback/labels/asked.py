"""Which words of an answer's row each label is about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import DataFrame


def facts_of(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the facts of a row of ``GENERATIONS``; anything but a mapping is no fact."""
    held = json.loads(row["facts"]) if row["facts"] else {}
    return held if isinstance(held, dict) else {}


def asked_text(row: Mapping[Any, Any], facts: Mapping[str, Any] | None = None) -> str:
    """Return what the user wrote: the text to classify of a classification, else the question.

    Examples
    --------
    >>> asked_text({"question": "<text>...</text>", "facts": '{"labels": ["a", "b"], "text": "cotton is up"}'})
    'cotton is up'
    >>> asked_text({"question": "What does cotton cost?", "facts": "{}"})
    'What does cotton cost?'
    """
    held = facts_of(row) if facts is None else facts
    text = held.get("text") if held.get("labels") else None
    return text if isinstance(text, str) else str(row["question"])


def last_comments(generations: DataFrame, last: DataFrame) -> dict[str, str]:
    """Return by answer what whoever asked said of it in words.

    Parameters
    ----------
    generations : DataFrame
        As ``GENERATIONS``.
    last : DataFrame
        As ``mandi.feedback.reward.opinions.standing`` returns it.
    """
    asker = dict(zip(generations["generation_id"], generations["user_pseudonym"], strict=True))
    spoken = last[last["comment"].map(lambda text: isinstance(text, str) and bool(text.strip())).astype(bool)]
    own = spoken[(spoken["generation_id"].map(asker) == spoken["author_pseudonym"]).astype(bool)]
    return dict(zip(own["generation_id"], own["comment"], strict=True))
