"""All wordings as one list of templates: each has an id, a family, a phase, and one part of the log it may be used in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from mandi.feedback.generated.words.direction import DIRECTION
from mandi.feedback.generated.words.figure_questions import FIGURE_KINDS, FigureKind
from mandi.feedback.generated.words.intent import INTENT
from mandi.feedback.generated.words.rules.indic import INDIC_RULES
from mandi.feedback.generated.words.rules.money import MONEY_RULES
from mandi.feedback.generated.words.rules.quality import QUALITY_RULES
from mandi.feedback.generated.words.rules.service import SERVICE_RULES
from mandi.feedback.generated.words.rules.topic import Topic
from mandi.feedback.generated.words.severity import SEVERITY

Part = Literal["early", "traffic", "held"]
PARTS: tuple[Part, ...] = ("early", "traffic", "held")
TOPICS: tuple[Topic, ...] = (*QUALITY_RULES, *MONEY_RULES, *SERVICE_RULES, *INDIC_RULES)
LABEL_SETS: Mapping[str, Mapping[str, Mapping[str, Mapping[str, tuple[str, ...]]]]] = {
    "intent": INTENT, "direction": DIRECTION, "severity": SEVERITY,
}  # fmt: skip
ABOUT: Mapping[str, str] = {"direction": "price", "severity": "quality"}
"""Intent of texts of the other label sets."""


@dataclass(frozen=True, slots=True)
class Template:
    """A wording.

    Attributes
    ----------
    group : str
        intent, direction, severity, rule, smalltalk or figure.
    topic : str
        The label, the topic or the kind of figure it asks for.
    part : str
        ``early`` is of the phase early; ``traffic`` and ``held`` are of the phase later, and held ones are never in the log.
    """

    template_id: str
    group: str
    topic: str
    family: str
    part: Part
    words: str
    language: str = "en"

    @property
    def phase(self) -> str:
        """Return early or later."""
        return "early" if self.part == "early" else "later"


@cache
def templates() -> tuple[Template, ...]:
    """Return every template.

    Examples
    --------
    >>> len({t.template_id for t in templates()}) == len(templates()) == len({(t.topic, t.words) for t in templates()})
    True
    """
    return (*_labelled(), *_topics(), *_figures())


@cache
def by_part(group: str, part: Part) -> Mapping[str, tuple[Template, ...]]:
    """Return the templates of a group and part by topic."""
    found: dict[str, list[Template]] = {}
    for template in templates():
        if template.group == group and template.part == part:
            found.setdefault(template.topic, []).append(template)
    return {topic: tuple(listed) for topic, listed in found.items()}


@cache
def topic_named(name: str) -> Topic:
    """Return a topic by its name."""
    return next(topic for topic in TOPICS if topic.name == name)


@cache
def figure_named(name: str) -> FigureKind:
    """Return a kind of figure by its name."""
    return next(kind for kind in FIGURE_KINDS if kind.name == name)


def _labelled() -> Iterator[Template]:
    for group, labels in LABEL_SETS.items():
        for label, parts in labels.items():
            for part in PARTS:
                for family, wordings in parts[part].items():
                    for n, words in enumerate(wordings):
                        name = f"{group}.{label}.{part}.{family}.{n}"
                        hinglish = "en" if part == "early" else "hinglish"
                        yield Template(name, group, label, f"{group}.{family}", part, words, hinglish)


def _topics() -> Iterator[Template]:
    for topic in TOPICS:
        group = "smalltalk" if topic.kind == "smalltalk" else "rule"
        yield from _of(group, topic, topic.language)


def _figures() -> Iterator[Template]:
    for kind in FIGURE_KINDS:
        yield from _of("figure", kind, kind.language)


def _of(group: str, asked: Topic | FigureKind, language: str) -> Iterator[Template]:
    for part, wordings in zip(PARTS, (asked.early, asked.traffic, asked.held)):
        for n, words in enumerate(wordings):
            spoken = "hinglish" if language == "en" and part != "early" else language
            family = f"{group}.{'written' if part == 'early' else 'chat'}"
            yield Template(f"{group}.{asked.name}.{part}.{n}", group, asked.name, family, part, words, spoken)
