"""Wordings are many and each in one part; gold answers are right, wrong ones wrong; spans are where they are said to be."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from mandi.core.errors import UnknownValue
from mandi.feedback.generated import GeneratedCalls, is_right, opinion, teacher_answer, traffic
from mandi.feedback.generated.ask.asked import CHECKABLE
from mandi.feedback.generated.ask.asker import GROUPS
from mandi.feedback.generated.ask.market import Market
from mandi.feedback.generated.ask.templates import TOPICS, by_part, templates
from mandi.feedback.generated.reply.answers import right_answer, wrong_answer
from mandi.feedback.generated.words.figure_questions import FIGURE_KINDS

PARTS = ("early", "traffic", "held")


def test_no_wording_is_in_two_parts() -> None:
    parts: dict[str, set[str]] = {}
    for template in templates():
        parts.setdefault(" ".join(template.words.casefold().split()), set()).add(template.part)
    assert [words for words, where in parts.items() if len(where) > 1] == []


def test_there_are_many_wordings() -> None:
    for group in ("intent", "direction", "severity"):
        counted = Counter(t.topic for t in templates() if t.group == group)
        assert min(counted.values()) >= 25, counted
    assert sum(topic.kind != "smalltalk" and topic.language == "en" for topic in TOPICS) >= 40
    for asked in (*TOPICS, *FIGURE_KINDS):
        assert len(asked.early) + len(asked.traffic) + len(asked.held) >= 6, asked.name
    for group in ("intent", "direction", "severity", "rule", "figure", "smalltalk"):
        assert (
            by_part(group, "traffic").keys()
            == by_part(group, "held").keys()
            == by_part(group, "early").keys()
        )


@pytest.mark.parametrize("part", PARTS)
def test_right_answers_are_right_and_wrong_ones_wrong(market: Market, part: str) -> None:
    rng = np.random.default_rng(1)
    for asked in traffic(250, 5, market, part, groups=GROUPS):
        assert is_right(str(asked.truth["gold"]), asked.truth), asked
        assert is_right(right_answer(asked, rng), asked.truth), asked
        for _ in range(3):
            wrong = wrong_answer(asked, rng)
            assert not is_right(wrong, asked.truth), (wrong, asked.truth)
        assert not is_right("", asked.truth)
    assert all(not is_right(None, asked.truth) for asked in traffic(3, 5, market, part))


def test_every_topic_tells_its_answer_from_all_others() -> None:
    import json

    for topic in TOPICS:
        truth = {
            "task": "chat",
            "gold": topic.answer,
            "required": json.dumps(topic.required),
            "forbidden": "[]",
        }
        assert is_right(topic.answer, truth), topic.name
        alike = [
            t.name
            for t in TOPICS
            if t.language == topic.language and t.name != topic.name and is_right(t.answer, truth)
        ]
        assert alike == [], (topic.name, alike)


def test_questions_repeat_and_parts_do_not_mix(market: Market) -> None:
    one, two = traffic(60, 9, market, "held"), traffic(60, 9, market, "held")
    assert [a.text for a in one] == [b.text for b in two]
    assert {a.truth["part"] for a in one} == {"held"}
    seen = {a.truth["template_id"] for a in traffic(300, 9, market, "traffic")}
    assert seen.isdisjoint({a.truth["template_id"] for a in one})
    with pytest.raises(UnknownValue, match="evening"):
        traffic(1, 1, market, "evening")
    with pytest.raises(UnknownValue, match="poems"):
        traffic(1, 1, market, groups=("poems",))


def test_spans_are_where_they_are_said_to_be(calls: GeneratedCalls) -> None:
    texts = {
        ("generations", column): dict(zip(calls.generations["generation_id"], calls.generations[column]))
        for column in ("question", "answer")
    }
    texts["feedback", "comment"] = dict(zip(calls.feedback["feedback_id"], calls.feedback["comment"]))
    for row in calls.spans.itertuples(index=False):
        assert texts[row.frame, row.column][row.row_id][row.start : row.end] == row.value
    planted = calls.spans[calls.spans["personal"]]
    assert set(planted["kind"]) >= CHECKABLE - {"passport", "voter"} | {"name", "address"}
    share = planted[planted["column"] == "question"]["row_id"].nunique() / len(calls.generations)
    assert 0.07 < share < 0.14
    assert set(calls.spans[~calls.spans["personal"]]["kind"]) == {
        "amount",
        "quantity",
        "percent",
        "commodity",
        "near_miss",
    }


def test_the_teacher_is_as_strong_as_asked(market: Market) -> None:
    rng = np.random.default_rng(2)
    asked = traffic(300, 6, market, "traffic")
    shares = [np.mean([is_right(teacher_answer(a, rng, s), a.truth) for a in asked]) for s in (0.0, 1.0)]
    assert shares == [0.0, 1.0]
    assert 0.85 < np.mean([is_right(teacher_answer(a, rng), a.truth) for a in asked]) < 0.97


def test_an_opinion_follows_the_answer(market: Market) -> None:
    rng = np.random.default_rng(3)
    asked = traffic(400, 6, market, "traffic")
    good = [opinion(a, right_answer(a, rng), None, rng) for a in asked]
    bad = [opinion(a, wrong_answer(a, rng), None, rng) for a in asked]
    assert 0.8 < np.mean([o.high for o in good]) < 0.95
    assert 0.15 < np.mean([o.high for o in bad]) < 0.38
    assert all((o.rating is None) != (o.thumbs is None) for o in good + bad)
    right = [is_right(o.correction, a.truth) for o, a in zip(bad, asked) if o.correction]
    assert len(right) > 80
    assert np.mean(right) > 0.93
    assert all(o.correction is None for o in good + bad if o.high)


def test_the_drift_lowers_a_fixed_classifier_and_traffic_helps_with_held_wordings(market: Market) -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    def of(n: int, seed: int, part: str) -> tuple[list[str], list[str]]:
        asked = traffic(n, seed, market, part, groups=("severity",))
        return [a.text for a in asked], [str(a.truth["gold"]) for a in asked]

    def fitted(*parts: tuple[list[str], list[str]]) -> object:
        made = make_pipeline(
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4)), LogisticRegression(C=10.0, max_iter=300)
        )
        return made.fit([t for texts, _ in parts for t in texts], [y for _, labels in parts for y in labels])

    early, more, later, held = (
        of(300, 1, "early"),
        of(200, 2, "early"),
        of(150, 3, "traffic"),
        of(200, 4, "held"),
    )
    before, after = fitted(early), fitted(early, later)
    assert before.score(*more) > 0.9
    assert before.score(*held) < 0.75
    assert after.score(*held) > before.score(*held) + 0.15
