"""Labels every answer: what was asked for, how it sounds, in which language, and what came of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from mandi.feedback.agreement import label_of
from mandi.feedback.labels.asked import asked_text, facts_of, last_comments
from mandi.feedback.labels.corpus import moods, sentences
from mandi.feedback.labels.label_model import LabelModels, LabelParams
from mandi.feedback.labels.language import language_of
from mandi.feedback.reward.opinions import standing
from mandi.feedback.vocabulary import INTENTS, UNLABELLED
from mandi.text.near_duplicates import clusters

if TYPE_CHECKING:
    from pandas import DataFrame

LABELS = ("intent", "sentiment", "emotion", "kind", "language_found", "outcome_label")
MODELS = ("intent", "kind", "emotion", "sentiment")
SURE_LANGUAGE = 0.65
LIKED = 4.0


@dataclass(frozen=True)
class Labeller:
    """Models of the labels that need one; language and outcome follow rules."""

    models: LabelModels

    @classmethod
    def fit(cls, generations: DataFrame, feedback: DataFrame, params: LabelParams | None = None) -> Self:
        """Learn from the sentences that ship with the package, of intents from what people said was right, and of sentiment from the stars
        beside comments.

        Parameters
        ----------
        generations, feedback : DataFrame
            As ``GENERATIONS`` and ``FEEDBACK``. Only words of people who consented are learned from.
        params : LabelParams, optional
        """
        settings = params or LabelParams()
        seeds, sounds = sentences(settings.seed, settings.fillings), moods(settings.seed)
        people, felt = told_intents(generations, feedback), told_sentiments(generations, feedback)
        texts = [*(s.text for s in seeds), *(s.text for s in sounds), *(text for text, _ in [*people, *felt])]
        asked, heard, said, rated = len(seeds), len(sounds), len(people), len(felt)
        first = 1 + max(s.group for s in [*seeds, *sounds])
        more: Iterable[int] = clusters(texts[asked + heard :]) if people or felt else []
        groups = [*(s.group for s in seeds), *(s.group for s in sounds), *(first + int(k) for k in more)]
        lessons: dict[str, list[str | None]] = {
            "intent": [
                *(s.intent for s in seeds),
                *[None] * heard,
                *(label for _, label in people),
                *[None] * rated,
            ],
            "kind": [*(s.kind for s in seeds), *[None] * (heard + said + rated)],
            "emotion": [*[None] * asked, *(s.emotion for s in sounds), *[None] * (said + rated)],
            "sentiment": [
                *[None] * asked,
                *(s.sentiment for s in sounds),
                *[None] * said,
                *(label for _, label in felt),
            ],
        }
        return cls(LabelModels.fit(texts, lessons, groups, settings))

    def label(self, generations: DataFrame, feedback: DataFrame) -> DataFrame:
        """Return ``LABELS`` and of each model confidence and guess (``<label>_sure``, ``<label>_guess``), one row an answer in their order.

        ``intent`` and ``kind`` are of the question, ``sentiment`` and ``emotion`` of the comment of whoever asked where there is one,
        else of the question. A label of one answer never depends on another answer.

        Parameters
        ----------
        generations, feedback : DataFrame
        """
        import pandas as pd

        rows = generations.to_dict("records")
        facts = [facts_of(row) for row in rows]
        asked = [asked_text(row, held) for row, held in zip(rows, facts, strict=True)]
        comments = last_comments(generations, standing(feedback))
        heard = [comments.get(row["generation_id"], text) for row, text in zip(rows, asked, strict=True)]
        both = self.models.predict([*asked, *heard])
        found = pd.DataFrame(index=range(len(rows)))
        for name in MODELS:
            told = (
                both[name].iloc[: len(rows)] if name in ("intent", "kind") else both[name].iloc[len(rows) :]
            )
            for column, kept in (("label", name), ("sure", f"{name}_sure"), ("guess", f"{name}_guess")):
                found[kept] = told[column].to_numpy()
        ruled = np.array(
            [_ruled_kind(row, held) for row, held in zip(rows, facts, strict=True)], dtype=object
        )
        known = ruled != UNLABELLED
        found["kind"], found["kind_guess"] = (
            np.where(known, ruled, found["kind"]),
            np.where(known, ruled, found["kind_guess"]),
        )
        tongues = [language_of(text) for text in asked]
        found["language_found"] = [name if sure >= SURE_LANGUAGE else UNLABELLED for name, sure in tongues]
        found["outcome_label"] = [outcome_label(row["outcome"]) for row in rows]
        return found

    def save(self, folder: Path) -> None:
        """Write the models into an existing folder."""
        self.models.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote.

        Raises
        ------
        DataNotFound, ContractError
        """
        return cls(LabelModels.load(folder))


def outcome_label(outcome: str | None) -> str:
    """Return held, missed, or open when nobody knows.

    Examples
    --------
    >>> outcome_label('{"held": true}'), outcome_label('{"held": false}'), outcome_label(None)
    ('held', 'missed', 'open')
    """
    held = json.loads(outcome).get("held") if outcome else None
    return "open" if held is None else "held" if held else "missed"


def told_intents(generations: DataFrame, feedback: DataFrame) -> list[tuple[str, str]]:
    """Return texts of classifications by intent with the intent that people said is right, sorted.

    A human's correction counts before a user's, and that before the answer itself where whoever asked gave it four stars or more.

    Parameters
    ----------
    generations, feedback : DataFrame
        Answers without consent, and those of a fallback or cut short, are passed over.

    Examples
    --------
    >>> from mandi.feedback.frames import FEEDBACK, GENERATIONS
    >>> told_intents(GENERATIONS.empty(), FEEDBACK.empty())
    []
    """
    last = standing(feedback)
    spoken = last[
        last["correction"].map(lambda text: isinstance(text, str) and bool(text.strip())).astype(bool)
    ]
    by_human = spoken.assign(first=spoken["author"] == "human").sort_values(
        ["first", "said_at", "feedback_id"], kind="stable"
    )
    said = dict(zip(by_human["generation_id"], by_human["correction"], strict=True))
    liked = set(last.loc[last["rating"] >= LIKED, "generation_id"])
    found: set[tuple[str, str]] = set()
    usable = (
        (generations["consent"] == "granted")
        & (generations["status"] == "success")
        & ~generations["fallback"]
    )
    here = generations[usable & generations["generation_id"].isin(liked | set(said))]
    for row in here.to_dict("records"):
        facts: dict[str, Any] = facts_of(row)
        label = label_of(said.get(row["generation_id"], row["answer"]))
        if set(facts.get("labels") or ()) == set(INTENTS) and label in INTENTS:
            found.add((asked_text(row, facts), label))
    return sorted(found)


def told_sentiments(generations: DataFrame, feedback: DataFrame) -> list[tuple[str, str]]:
    """Return comments with what the stars beside them say: four or more positive, three neutral, fewer negative; sorted.

    A comment that several people wrote has the sentiment most of them meant, and none where it is a draw.

    Parameters
    ----------
    generations, feedback : DataFrame
        Comments on answers without consent are passed over.

    Examples
    --------
    >>> from mandi.feedback.frames import FEEDBACK, GENERATIONS
    >>> told_sentiments(GENERATIONS.empty(), FEEDBACK.empty())
    []
    """
    last = standing(feedback)
    allowed = set(generations.loc[generations["consent"] == "granted", "generation_id"])
    spoken = last[last["generation_id"].isin(allowed) & last["rating"].notna() & (last["author"] == "user")]
    counts: dict[str, Counter[str]] = {}
    for text, stars in zip(spoken["comment"], spoken["rating"], strict=True):
        if isinstance(text, str) and text.strip():
            label = "positive" if stars >= LIKED else "neutral" if stars > LIKED - 2.0 else "negative"
            counts.setdefault(text.strip(), Counter())[label] += 1
    return [
        (text, max(sorted(found), key=lambda label: found[label]))
        for text, found in sorted(counts.items())
        if sorted(found.values())[-1] > sum(found.values()) / 2
    ]


def _ruled_kind(row: Mapping[Any, Any], facts: Mapping[str, Any]) -> str:
    if facts.get("labels"):
        return "classification"
    return "decision" if row["task_type"] == "deal_analysis" else UNLABELLED
