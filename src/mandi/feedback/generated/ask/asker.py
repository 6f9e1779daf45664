"""Makes questions: picks a wording, fills it from a deal of the days before, and says what a right answer is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mandi.feedback.generated.ask.asked import Asked, Text, as_json, classification, filled
from mandi.feedback.generated.ask.deals import deal_question
from mandi.feedback.generated.ask.figure_answers import figured
from mandi.feedback.generated.ask.findings import data_block, figures
from mandi.feedback.generated.ask.market import Market
from mandi.feedback.generated.ask.personal import planted
from mandi.feedback.generated.ask.scene import Scene, scene
from mandi.feedback.generated.ask.templates import (
    ABOUT,
    LABEL_SETS,
    TOPICS,
    Part,
    Template,
    by_part,
    figure_named,
    topic_named,
)
from mandi.feedback.generated.words.voices import CLOSERS, OPENERS, TONES
from mandi.feedback.scrub.invented import Inventor

GROUPS = ("intent", "direction", "severity", "figure", "rule", "smalltalk", "deal")
MIX: Mapping[str, Mapping[str, float]] = {
    "early": {"intent": 0.24, "direction": 0.14, "severity": 0.13, "figure": 0.19, "rule": 0.21, "smalltalk": 0.05, "deal": 0.04},
    "later": {"intent": 0.27, "direction": 0.13, "severity": 0.13, "figure": 0.16, "rule": 0.22, "smalltalk": 0.05, "deal": 0.04},
}  # fmt: skip
LABEL_MIX: Mapping[str, Mapping[str, Mapping[str, float]]] = {
    "intent": {
        "early": {"price": 0.26, "demand": 0.14, "quality": 0.16, "delivery": 0.12, "payment": 0.1, "fraud": 0.05, "matching": 0.1, "other": 0.07},
        "later": {"price": 0.16, "demand": 0.1, "quality": 0.13, "delivery": 0.16, "payment": 0.18, "fraud": 0.12, "matching": 0.08, "other": 0.07},
    },
    "direction": {"early": {"up": 0.42, "down": 0.28, "steady": 0.3}, "later": {"up": 0.26, "down": 0.48, "steady": 0.26}},
    "severity": {"early": {"minor": 0.44, "serious": 0.36, "reject": 0.2}, "later": {"minor": 0.26, "serious": 0.4, "reject": 0.34}},
}  # fmt: skip
"""Shares of labels before and after the drift."""
SENTIMENT = {
    "worried": "negative",
    "frustrated": "negative",
    "angry": "negative",
    "pleased": "positive",
    "calm": "neutral",
}
SYSTEM: Mapping[str, str] = {
    "en": "You are an AI assistant for commodity trading.\nHelp the user with trade management, pricing, and market insights.",
    "hi": "आप कमोडिटी ट्रेडिंग के लिए एक AI सहायक हैं।",
    "ta": "நீங்கள் பண்டச் சந்தைக்கான AI உதவியாளர்.",
}
"""How the prompts of the service's trade assistant begin; their rules are left out."""
TONED, OPENED, CLOSED = 0.16, 0.35, 0.35
Rng = np.random.Generator


@dataclass
class Asker:
    """Draws questions about a market.

    Parameters
    ----------
    market : Market
    rng : Generator
    inventor : Inventor
        Of the personal data.
    personal : float
        Share of questions that hold some.
    """

    market: Market
    rng: Rng
    inventor: Inventor
    personal: float = 0.12

    def group(self, phase: str, among: Sequence[str] = GROUPS) -> str:
        """Draw what is asked for."""
        return self.drawn({name: MIX[phase][name] for name in among})

    def ask(
        self,
        group: str,
        part: Part,
        day: np.datetime64,
        topic: str | None = None,
        language: str | None = None,
    ) -> Asked:
        """Return a question.

        Parameters
        ----------
        group : str
            One of ``GROUPS``.
        part : str
            early, traffic or held.
        day : datetime64[D]
            On which it is asked.
        topic : str, optional
            Label, topic or kind of figure; drawn if not given.
        language : str, optional
            Of rules and figures: only topics in it (en, hi, ta).
        """
        phase = "early" if part == "early" else "later"
        seen = scene(self.market, day, self.rng, part != "early")
        if group == "deal":
            return deal_question(self.market, seen, self.rng, phase)
        template = self._template(group, part, phase, topic, language)
        slots = seen.slots(self.rng, template.language)
        emotion = self._emotion(group)
        text = self._dressed(filled(template.words, slots), template, emotion)
        truth: dict[str, Any] = {
            "template_id": template.template_id, "family": template.family, "phase": phase, "part": part, "group": group,
            "topic": template.topic, "sentiment": SENTIMENT[emotion], "emotion": emotion, "language": template.language,
            "required": "[]", "forbidden": "[]",
        }  # fmt: skip
        if group in LABEL_SETS:
            truth |= {
                "intent": ABOUT.get(group, template.topic),
                "kind": "classification",
                "gold": template.topic,
            }
            return classification(text, tuple(LABEL_SETS[group]), truth)
        if group == "figure":
            return self._figure(template, text, truth, seen)
        return self._rule(template, text, truth)

    def drawn(self, shares: Mapping[str, float]) -> str:
        """Draw a name by its share."""
        names = tuple(shares)
        weights = np.array([shares[name] for name in names])
        return names[int(self.rng.choice(len(names), p=weights / weights.sum()))]

    def _template(
        self, group: str, part: Part, phase: str, topic: str | None, language: str | None
    ) -> Template:
        known = by_part(group, part)
        if topic is None and group in LABEL_MIX:
            topic = self.drawn(LABEL_MIX[group][phase])
        if topic is None:
            spoken = {t.language for listed in known.values() for t in listed}
            want = language if language in spoken else None
            fit = [
                name
                for name, listed in known.items()
                if (
                    listed[0].language == want
                    if want in ("hi", "ta")
                    else listed[0].language not in ("hi", "ta")
                )
            ]
            topic = fit[int(self.rng.integers(len(fit)))]
        listed = known[topic]
        return listed[int(self.rng.integers(len(listed)))]

    def _emotion(self, group: str) -> str:
        if group in ("direction", "smalltalk") or self.rng.random() > TONED:
            return "calm"
        return ("worried", "frustrated", "angry", "pleased")[
            int(self.rng.choice(4, p=[0.35, 0.3, 0.15, 0.2]))
        ]

    def _dressed(self, text: Text, template: Template, emotion: str) -> Text:
        plain = template.language in ("hi", "ta") or template.group in ("direction", "smalltalk")
        time = "early" if template.phase == "early" else "later"
        if not plain and self.rng.random() < OPENED:
            text = Text(self._one(OPENERS[time]) + " ") + text
        if emotion != "calm":
            text = text + Text(" " + self._one(TONES[emotion][time]))
        if template.group != "direction" and self.rng.random() < self.personal:
            text = planted(text, self.inventor, self.rng, time == "later")
        if not plain and self.rng.random() < CLOSED:
            text = text + Text(" " + self._one(CLOSERS[time]))
        return text

    def _figure(self, template: Template, text: Text, truth: dict[str, Any], seen: Scene) -> Asked:
        kind = figure_named(template.topic)
        told = figured(template.topic, self.market, seen, self.rng)
        language = template.language if template.language in ("hi", "ta") else "en"
        messages = (
            {"role": "system", "content": SYSTEM[language]},
            {"role": "user", "content": data_block("figures", figures(dict(told.found)))},
            {"role": "user", "content": text.words},
        )
        facts = {"findings": dict(told.found), "language": language, "assistant_type": "trade"}
        truth |= {
            "task": "chat", "intent": kind.model, "kind": kind.kind, "gold": told.gold, "required": as_json(told.required),
            "forbidden": as_json(told.forbidden),
        }  # fmt: skip
        return Asked("chat", text.words, None, messages, facts, truth, told.wrongs, text.spans)

    def _rule(self, template: Template, text: Text, truth: dict[str, Any]) -> Asked:
        topic = topic_named(template.topic)
        others = [t for t in TOPICS if t.language == topic.language and t.name != topic.name]
        other = others[int(self.rng.integers(len(others)))]
        messages = (
            {"role": "system", "content": SYSTEM[topic.language]},
            {"role": "user", "content": text.words},
        )
        facts = {"findings": {}, "language": topic.language, "assistant_type": "trade"}
        truth |= {
            "task": "chat", "intent": topic.intent, "kind": topic.kind, "gold": topic.answer, "required": as_json(topic.required),
        }  # fmt: skip
        return Asked("chat", text.words, None, messages, facts, truth, (other.answer,), text.spans)

    def _one(self, choices: Sequence[str]) -> str:
        return choices[int(self.rng.integers(len(choices)))]
