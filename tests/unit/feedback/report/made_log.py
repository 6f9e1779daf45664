"""A small log of the loop, made by hand: what is wrong with it is known."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from pandas import DataFrame

from mandi.feedback.frames import FEEDBACK, LABELLED, TUTOR_PAIRS

END = datetime(2026, 3, 31, 18, tzinfo=UTC)
INTENTS = ("price", "demand", "quality", "delivery")
COMMODITIES = ("cotton", "wheat", "soybean")
SECRET = "call Asha on 98765 43210"


def answer(number: int, **changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "generation_id": f"g{number:05d}", "request_id": f"r{number}", "organization_id": "org",
        "user_pseudonym": f"u{number % 17}", "conversation_id": f"c{number // 3}", "endpoint": "/ai/chat", "task_type": "chat",
        "assistant": "trade", "language": "en", "asked_at": END - timedelta(hours=number), "messages": "[]",
        "question": SECRET, "facts": json.dumps({"deal": {"commodity": "Wheat"}}), "answer": SECRET,
        "requested_mode": "hybrid", "effective_mode": "hybrid", "route": "teacher", "provider": "vendor", "model": "m",
        "status": "success", "cache": "miss", "fallback": False, "degraded": False, "confidence": None,
        "student_answer": None, "student_confidence": 0.6, "cost_usd": 0.001, "latency_ms": 400.0, "outcome": None,
        "outcome_at": None, "consent": "granted", "licence": "own", "provenance": "generated", "intent": "demand",
        "sentiment": "neutral", "emotion": "calm", "kind": "question", "language_found": "en", "outcome_label": "open",
        "rating": None, "correction": None, "correction_by": None, "feedback_ids": "[]", "reward": 0.6, "right": 0.7,
    }  # fmt: skip
    return row | changes


def labelled(rows: list[dict[str, Any]]) -> DataFrame:
    return LABELLED.shaped(rows)


def log(count: int = 1200, *, days: int = 60, seed: int = 5) -> DataFrame:
    """Answers about the price of cotton are mostly disliked; the rest is disliked one time in eight."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        commodity, intent = COMMODITIES[rng.integers(3)], INTENTS[rng.integers(4)]
        bad = rng.random() < (0.8 if (commodity, intent) == ("cotton", "price") else 0.125)
        sure = float(rng.random())
        rows.append(
            answer(
                number,
                asked_at=END - timedelta(days=days) * (number / count),
                facts=json.dumps({"commodity": commodity}),
                intent=intent,
                task_type="chat" if number % 2 else "classification",
                rating=(1.0 if bad else 5.0) if rng.random() < 0.5 else None,
                student_confidence=sure,
                route="student" if sure >= 0.75 else "teacher" if sure >= 0.4 else "human",
                fallback=number % 50 == 0,
                reward=0.2 if bad else 0.8,
            )
        )
    return labelled(rows)


def no_feedback() -> DataFrame:
    return FEEDBACK.empty()


def no_pairs() -> DataFrame:
    return TUTOR_PAIRS.empty()


def pair(number: int, **changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "pair_id": f"p{number}", "generation_id": f"g{number:05d}", "organization_id": "org", "user_pseudonym": "u1",
        "conversation_id": None, "task_type": "chat", "created_at": END - timedelta(hours=number), "input_text": SECRET,
        "student_output": "Up", "teacher_output": "up.", "confidence_score": 0.6, "reward_score": None, "human_verdict": None,
        "consent": "granted", "licence": "own", "provenance": "generated",
    }  # fmt: skip
    return row | changes
