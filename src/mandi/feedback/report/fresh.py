"""Answers that no pipeline has labelled yet: opinions and the reward by formula; labels stay open."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mandi.feedback.frames import LABELLED
from mandi.feedback.reward.formula import rewards
from mandi.feedback.reward.opinions import opinions
from mandi.feedback.reward.signals import signals
from mandi.feedback.vocabulary import UNLABELLED

if TYPE_CHECKING:
    from pandas import DataFrame


def not_yet_labelled(generations: DataFrame, feedback: DataFrame, tutor_pairs: DataFrame) -> DataFrame:
    """Return answers as ``LABELLED``, with what is known before any model has read them.

    Parameters
    ----------
    generations, feedback, tutor_pairs : DataFrame
        See `mandi.feedback.frames`.

    Returns
    -------
    DataFrame
        Labels are "unlabelled", the language is the one that was declared; ``right`` is the reward by formula.

    Examples
    --------
    >>> from mandi.feedback.frames import FEEDBACK, GENERATIONS, TUTOR_PAIRS
    >>> not_yet_labelled(GENERATIONS.empty(), FEEDBACK.empty(), TUTOR_PAIRS.empty()).empty
    True
    """
    if not len(generations):
        return LABELLED.empty()
    said = opinions(generations, feedback).set_index("generation_id").reindex(generations["generation_id"])
    reward = rewards(signals(generations, said.reset_index(), tutor_pairs))
    frame = generations.reset_index(drop=True)
    for name in ("intent", "sentiment", "emotion", "kind"):
        frame[name] = UNLABELLED
    frame["language_found"] = frame["language"].fillna(UNLABELLED)
    frame["outcome_label"] = [_outcome(text) for text in frame["outcome"]]
    for name in ("rating", "correction", "correction_by", "feedback_ids"):
        frame[name] = said[name].to_numpy()
    frame["reward"] = frame["right"] = reward.to_numpy()
    rows: list[dict[Any, Any]] = frame[LABELLED.names].to_dict("records")
    return LABELLED.shaped(rows)


def _outcome(text: object) -> str:
    held = json.loads(text).get("held") if isinstance(text, str) else None
    return "held" if held is True else "missed" if held is False else "open"
