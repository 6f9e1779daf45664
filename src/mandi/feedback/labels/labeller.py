"""Labels every answer: what was asked for, how it sounds, in which language, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from mandi.feedback.agreement import label_of
from mandi.feedback.labels.asked import asked_text, facts_of, last_comments
from mandi.feedback.labels.corpus import moods, sentences
from mandi.feedback.labels.label_model import LabelModel, LabelParams
from mandi.feedback.labels.language import language_of
from mandi.feedback.reward.opinions import standing
from mandi.feedback.vocabulary import INTENTS, UNLABELLED
from mandi.text.near_duplicates import clusters

if TYPE_CHECKING:
    from pandas import DataFrame

LABELS = ("intent", "sentiment", "emotion", "kind", "language_found", "outcome_label")
MODELS = ("intent", "kind", "emotion", "sentiment")
SURE_LANGUAGE = 0.65


@dataclass(frozen=True)
class Labeller:
    """Models of the labels that need one; language and outcome follow rules.

    Attributes
    ----------
    models : mapping of str to LabelModel
        ``MODELS``.
    """

    models: Mapping[str, LabelModel]

    @classmethod
    def fit(cls, generations: DataFrame, feedback: DataFrame, params: LabelParams | None = None) -> Self:
        """Learn from the sentences that ship with the package, and of intents from what people corrected.

        Parameters
        ----------
        generations, feedback : DataFrame
            As ``GENERATIONS`` and ``FEEDBACK``. Only corrections by people who consented are learned from.
        params : LabelParams, optional
        """
        settings = params or LabelParams()
        seeds, sounds = sentences(settings.seed, settings.fillings), moods(settings.seed)
        texts, groups = [s.text for s in seeds], [s.group for s in seeds]
        people = corrected_intents(generations, feedback)
        first = 1 + max(groups)
        told = [text for text, _ in people]
        more = [first + int(number) for number in clusters(told)] if told else []
        tones, tone_groups = [s.text for s in sounds], [s.group for s in sounds]
        return cls(
            {
                "intent": LabelModel.fit(
                    texts + told,
                    [s.intent for s in seeds] + [label for _, label in people],
                    groups + more,
                    settings,
                ),
                "kind": LabelModel.fit(texts, [s.kind for s in seeds], groups, settings),
                "emotion": LabelModel.fit(tones, [s.emotion for s in sounds], tone_groups, settings),
                "sentiment": LabelModel.fit(tones, [s.sentiment for s in sounds], tone_groups, settings),
            }
        )

    def label(self, generations: DataFrame, feedback: DataFrame) -> DataFrame:
        """Return ``LABELS`` and the confidence of each model (``<label>_sure``), one row an answer in their order.

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
        found = pd.DataFrame(index=range(len(rows)))
        for name in MODELS:
            told = self.models[name].predict(heard if name in ("emotion", "sentiment") else asked)
            found[name], found[f"{name}_sure"], found[f"{name}_guess"] = (
                told["label"],
                told["confidence"],
                told["guess"],
            )
        for k, (row, held) in enumerate(zip(rows, facts, strict=True)):
            known = (
                "classification"
                if held.get("labels")
                else "decision"
                if row["task_type"] == "deal_analysis"
                else None
            )
            if known:
                found.loc[k, ["kind", "kind_guess", "kind_sure"]] = [known, known, 1.0]
        tongues = [language_of(text) for text in asked]
        found["language_found"] = [name if sure >= SURE_LANGUAGE else UNLABELLED for name, sure in tongues]
        found["outcome_label"] = [outcome_label(row["outcome"]) for row in rows]
        return found

    def save(self, folder: Path) -> None:
        """Write one folder a model into an existing folder."""
        for name in MODELS:
            (folder / name).mkdir(exist_ok=True)
            self.models[name].save(folder / name)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote.

        Raises
        ------
        DataNotFound, ContractError
        """
        return cls({name: LabelModel.load(folder / name) for name in MODELS})


def outcome_label(outcome: str | None) -> str:
    """Return held, missed, or open when nobody knows.

    Examples
    --------
    >>> outcome_label('{"held": true}'), outcome_label('{"held": false}'), outcome_label(None)
    ('held', 'missed', 'open')
    """
    held = json.loads(outcome).get("held") if outcome else None
    return "open" if held is None else "held" if held else "missed"


def corrected_intents(generations: DataFrame, feedback: DataFrame) -> list[tuple[str, str]]:
    """Return texts of classifications by intent with the intent somebody said it should have been, sorted.

    Parameters
    ----------
    generations, feedback : DataFrame
        Answers without consent are passed over.

    Examples
    --------
    >>> from mandi.feedback.frames import FEEDBACK, GENERATIONS
    >>> corrected_intents(GENERATIONS.empty(), FEEDBACK.empty())
    []
    """
    last = standing(feedback)
    spoken = last[last["correction"].map(lambda text: isinstance(text, str) and bool(text.strip()))]
    by_human = spoken.assign(first=spoken["author"] == "human").sort_values(
        ["first", "said_at", "feedback_id"], kind="stable"
    )
    said = dict(zip(by_human["generation_id"], by_human["correction"], strict=True))
    found: set[tuple[str, str]] = set()
    here = generations[generations["generation_id"].isin(said) & (generations["consent"] == "granted")]
    for row in here.to_dict("records"):
        facts: dict[str, Any] = facts_of(row)
        label = label_of(said[row["generation_id"]])
        if set(facts.get("labels") or ()) == set(INTENTS) and label in INTENTS:
            found.add((asked_text(row, facts), label))
    return sorted(found)
