"""Opinions over HTTP: every version is kept, nobody speaks for another, words are scrubbed, and a wrong answer leaves the cache."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mandi.store.records import AiMetric, AuditEvent, GenerationFeedback, GenerationRecord, TutorPair

from ...llm.scripted import Says, Scripted
from ..planted_words import SECRETS
from ..whole_shop import DEAL, Shop, whole_shop
from .test_deal_api import VENDORS

LABELS = ["price", "quality", "delivery"]
TASK = {
    "task_type": "classification",
    "prompt": "The lorry came late, says asha@example.org",
    "context": {"labels": LABELS},
}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    with whole_shop(tmp_path, monkeypatch, [Scripted("openai", script=[Says(VENDORS)])]) as opened:
        yield opened


def classified(shop: Shop, **more: Any) -> str:
    shop.house.rooms["providers"]["openai"].script[:] = [Says(json.dumps({"label": "price"}))]
    told = shop.post("/api/v1/ai/execute", TASK, **more).json()
    assert told["result"] == "price", told
    return str(told["metadata"]["generation_id"])


def path_of(generation_id: str, what: str = "feedback") -> str:
    return f"/api/v1/ai/generations/{generation_id}/{what}"


def test_a_thumb_down_evicts_and_the_last_word_counts(shop: Shop) -> None:
    first = shop.post("/ai/analyze-deal", DEAL).json()
    path = path_of(first["generation_id"])
    up, down = shop.post(path, {"thumbs": "up"}).json(), shop.post(path, {"thumbs": "down"}).json()
    again = shop.post("/ai/analyze-deal", DEAL).json()
    (call,) = shop.kept(AiMetric, generation_id=first["generation_id"])
    assert (up["evicted"], down["evicted"], again["cache"]) == (False, True, "miss")
    assert (up["version"], down["version"], down["thumbs"]) == (1, 2, "down")
    assert (call.rating, call.stars) == (-1, 1)


def test_nobody_rates_what_another_was_given(shop: Shop) -> None:
    mine = shop.post("/ai/analyze-deal", DEAL).json()["generation_id"]
    path, colleague = path_of(mine), shop.somebody("admin", "local")
    for headers in (shop.somebody(), colleague):
        assert shop.post(path, {"thumbs": "down"}, headers=headers).status_code == 404
        assert shop.client.get(path, headers=headers).status_code == 404
        assert shop.client.delete(path, headers=headers).status_code == 404
    assert shop.post(path_of("none"), {"thumbs": "up"}).status_code == 404
    assert shop.kept(GenerationFeedback) == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"), ({"thumbs": "sideways"}, "thumbs"), ({"rating": 0}, "rating"), ({"rating": 6}, "rating"),
        ({"rating": 2.5}, "rating"), ({"rating": "4"}, "rating"), ({"thumbs": "up", "rating": 5}, "body"), ({"comment": ""}, "comment"),
        ({"comment": " \n"}, "comment"), ({"stars": 3}, "stars"), ({"chosen": {"over": "../x"}}, "chosen.over"),
    ],
)  # fmt: skip
def test_what_is_no_opinion_is_refused_by_its_field(shop: Shop, body: dict[str, Any], field: str) -> None:
    refused = shop.post(path_of("none"), body)
    assert (refused.status_code, refused.json()["field"]) == (400, field)


def test_words_are_scrubbed_and_what_is_left_out_stays(shop: Shop) -> None:
    path = path_of(classified(shop))
    first = shop.post(path, {"rating": 2, "comment": "call 9876543210, or asha@example.org"}).json()
    second = shop.post(path, {"correction": "delivery"}).json()
    same = shop.post(path, {"correction": "delivery", "rating": 2}).json()
    taken_back = shop.post(path, {"comment": None}).json()
    assert first["comment"] == "call <phone>, or <mail>" and first["learned_from"]
    assert (second["rating"], second["comment"], second["correction"]) == (
        2,
        "call <phone>, or <mail>",
        "delivery",
    )
    assert (same["version"], same["changed"], taken_back["version"], taken_back["comment"]) == (
        2,
        False,
        3,
        None,
    )
    told = shop.client.get(path).json()["versions"]
    assert [(v["version"], v["author"], v["correction"]) for v in told] == [
        (1, "user", None), (2, "user", "delivery"), (3, "user", "delivery"),
    ]  # fmt: skip
    kept = repr([vars(row) for row in (*shop.kept(GenerationFeedback), *shop.kept(GenerationRecord))])
    assert not any(secret in kept for secret in SECRETS)


def test_a_correction_is_one_of_the_labels(shop: Shop) -> None:
    refused = shop.post(path_of(classified(shop)), {"correction": "weather"})
    assert (refused.status_code, refused.json()["field"]) == (400, "correction")
    assert refused.json()["allowed"] == "price, quality, delivery"


def test_a_repeated_request_changes_nothing(shop: Shop) -> None:
    path, key = path_of(classified(shop)), {"idempotency-key": "try-1"}
    first = shop.post(path, {"rating": 4}, headers=key).json()
    shop.post(path, {"rating": 1})
    again = shop.post(path, {"rating": 4}, headers=key).json()
    other = shop.post(path, {"rating": 5}, headers=key)
    assert (again["feedback_id"], again["changed"], again["version"]) == (first["feedback_id"], False, 1)
    assert (other.status_code, other.json()["field"]) == (409, "idempotency-key")
    assert shop.post(path, {"rating": 5}, headers={"idempotency-key": "a b"}).status_code == 400
    assert len(shop.kept(GenerationFeedback)) == 2


def test_withdrawn_and_said_anew(shop: Shop) -> None:
    generation_id = classified(shop)
    path = path_of(generation_id)
    assert shop.client.delete(path).status_code == 404
    shop.post(path, {"rating": 1, "comment": "no"})
    gone, twice = shop.client.delete(path).json(), shop.client.delete(path).json()
    (call,) = shop.kept(AiMetric, generation_id=generation_id)
    assert (gone["withdrawn"], gone["version"], twice["version"], call.stars, call.rating) == (
        True,
        2,
        2,
        None,
        None,
    )
    anew = shop.post(path, {"rating": 3}).json()
    assert (anew["version"], anew["comment"], anew["withdrawn"], anew["thumbs"]) == (3, None, False, None)
    (call,) = shop.kept(AiMetric, generation_id=generation_id)
    assert (call.stars, call.rating) == (3, None)


def test_one_of_two_answers_to_the_same_question_is_chosen(shop: Shop) -> None:
    deal = shop.post("/ai/analyze-deal", DEAL).json()["generation_id"]
    one, other = classified(shop), classified(shop)
    theirs = classified(shop, headers=shop.somebody())
    path = path_of(one)
    assert shop.post(path, {"chosen": {"over": other}}).json()["chosen_over"] == other
    assert shop.post(path, {"chosen": {"over": one}}).status_code == 400
    assert shop.post(path, {"chosen": {"over": theirs}}).status_code == 404
    assert shop.post(path, {"chosen": {"over": deal}}).status_code == 409


def test_without_consent_stars_are_kept_and_words_are_not(shop: Shop) -> None:
    refusing = {"x-mandi-learn": "no"}
    path = path_of(classified(shop, headers=refusing))
    assert shop.post(path, {"comment": "never mind"}).status_code == 409
    told = shop.post(path, {"rating": 1, "comment": "never mind"}).json()
    assert (told["rating"], told["comment"], told["learned_from"]) == (1, None, False)
    assert "never mind" not in repr([vars(row) for row in shop.kept(GenerationFeedback)])


def test_a_service_that_takes_no_ratings_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with whole_shop(tmp_path, monkeypatch, quality_assessment_enabled=False) as shop:
        mine = shop.post("/ai/analyze-deal", DEAL).json()["generation_id"]
        refused = shop.post(path_of(mine), {"thumbs": "up"})
    assert refused.status_code == 409 and refused.json()["next"] == "set QUALITY_ASSESSMENT_ENABLED=true"


def test_a_person_who_answers_from_the_queue_corrects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    student = Scripted("student", kind="student", script=[Says('{"label": "price"}', confidence=0.1)])
    with whole_shop(tmp_path, monkeypatch, [student], enable_tutor_logging=True) as shop:
        analyst = shop.somebody("analyst", "local")
        waits = shop.post("/api/v1/ai/execute", TASK).json()
        ticket = f"/api/v1/ai/queue/{waits['ticket_id']}"
        shop.client.post(f"{ticket}/claim", headers=analyst)
        shop.post(f"{ticket}/answer", {"answer": "delivery"}, headers=analyst)
        (record,) = shop.kept(GenerationRecord)
        (said,), (pair,) = shop.kept(GenerationFeedback), shop.kept(TutorPair)
        told = shop.client.get(path_of(waits["generation_id"])).json()["versions"]
    assert (record.route, record.answer, record.degraded, record.student_confidence) == (
        "human",
        "price",
        True,
        0.1,
    )
    assert (said.author, said.correction, said.rating) == ("human", "delivery", None)
    assert (pair.student_output, pair.teacher_output, pair.human_verdict, pair.licence) == (
        "price", "delivery", "teacher", "human",
    )  # fmt: skip
    assert [(version["author"], version["correction"]) for version in told] == [("human", "delivery")]


def test_the_price_that_was_paid_holds_or_misses(shop: Shop) -> None:
    deal = shop.post("/ai/analyze-deal", DEAL).json()["generation_id"]
    paid = {"price": 8700, "at": "2025-01-08T06:00:00Z"}
    held = shop.post(path_of(deal, "outcome"), paid).json()
    missed = shop.post(path_of(deal, "outcome"), paid | {"price": 8900.0}).json()
    (record,) = shop.kept(GenerationRecord)
    assert (held["held"], missed["held"], missed["low"], missed["high"]) == (True, False, 8200.0, 8800.0)
    assert record.outcome["held"] is False and record.outcome_at.day == 8
    assert shop.post(path_of(classified(shop), "outcome"), paid).status_code == 409
    assert shop.post(path_of("none", "outcome"), paid).status_code == 404
    assert shop.post(path_of(deal, "outcome"), paid, headers=shop.somebody("admin")).status_code == 403
    assert len(shop.kept(AuditEvent, action="generation.outcome")) == 2
