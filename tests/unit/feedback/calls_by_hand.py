"""A few answers and opinions written by hand, for tests of labels and rewards."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from mandi.feedback.frames import FEEDBACK, GENERATIONS, TUTOR_PAIRS
from mandi.feedback.vocabulary import INTENTS

START = datetime(2024, 6, 3, 6, tzinfo=UTC)
PRICE = "Cotton in Rajkot: ₹7,250 per quintal."
LESS = "Cotton in Rajkot: ₹6,100 per quintal."


def answer(number: int, **changed: Any) -> dict[str, Any]:
    """Return a row of GENERATIONS."""
    row: dict[str, Any] = {
        "generation_id": f"g{number:04d}", "request_id": f"r{number}", "organization_id": "o", "user_pseudonym": f"u{number % 7}",
        "conversation_id": None, "endpoint": "execute", "task_type": "chat", "assistant": "trade", "language": "en",
        "asked_at": START + timedelta(hours=number), "messages": "[]", "question": "What does cotton cost in Rajkot?", "facts": "{}",
        "answer": PRICE, "requested_mode": "hybrid", "effective_mode": "hybrid", "route": "teacher", "provider": "p", "model": "m",
        "status": "success", "cache": "miss", "fallback": False, "degraded": False, "confidence": None, "student_answer": None,
        "student_confidence": None, "cost_usd": 0.0, "latency_ms": 5.0, "outcome": None, "outcome_at": None, "consent": "granted",
        "licence": "own", "provenance": "service",
    }  # fmt: skip
    return row | changed


def opinion(number: int, about: int, **changed: Any) -> dict[str, Any]:
    """Return a row of FEEDBACK by whoever asked."""
    row: dict[str, Any] = {
        "feedback_id": f"f{number:04d}", "generation_id": f"g{about:04d}", "author": "user", "author_pseudonym": f"u{about % 7}",
        "said_at": START + timedelta(days=1, hours=number), "version": 1, "rating": None, "comment": None, "correction": None,
        "preferred_over": None, "withdrawn": False, "provenance": "service",
    }  # fmt: skip
    return row | changed


def answers(*rows: dict[str, Any]) -> pd.DataFrame:
    """Return GENERATIONS."""
    return GENERATIONS.shaped(rows)


def said(*rows: dict[str, Any]) -> pd.DataFrame:
    """Return FEEDBACK."""
    return FEEDBACK.shaped(rows)


def pair(number: int, about: int, student: str, teacher: str, verdict: str) -> dict[str, Any]:
    """Return a row of TUTOR_PAIRS."""
    return {
        "pair_id": f"p{number:04d}", "generation_id": f"g{about:04d}", "organization_id": "o", "user_pseudonym": "u1",
        "conversation_id": None, "task_type": "chat", "created_at": START, "input_text": "?", "student_output": student,
        "teacher_output": teacher, "confidence_score": 0.5, "reward_score": None, "human_verdict": verdict, "consent": "granted",
        "licence": "own", "provenance": "service",
    }  # fmt: skip


def pairs(*rows: dict[str, Any]) -> pd.DataFrame:
    """Return TUTOR_PAIRS."""
    return TUTOR_PAIRS.shaped(rows)


def crowd(
    count: int = 900, seed: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, np.ndarray[Any, Any]]:
    """Return answers of a strong and a weak source, opinions of two fair, one lenient and one random rater, and who was right."""
    rng = np.random.default_rng(seed)
    given, told, right = [], [], []
    for k in range(count):
        strong = bool(rng.random() < 0.5)
        good = bool(rng.random() < (0.9 if strong else 0.5))
        rater = ("fair", "strict", "lenient", "random")[int(rng.integers(4))]
        likes = {"fair": (0.9, 0.2), "strict": (0.75, 0.05), "lenient": (0.97, 0.75), "random": (0.5, 0.5)}[
            rater
        ][0 if good else 1]
        model = "strong" if strong else "weak"
        given.append(answer(k, user_pseudonym=rater, model=model, answer=PRICE if good else LESS))
        liked = bool(rng.random() < likes)
        correction = PRICE if not liked and not good and rng.random() < 0.5 else None
        if rng.random() < 0.7:
            told.append(
                opinion(k, k, author_pseudonym=rater, rating=5 if liked else 1, correction=correction)
            )
        right.append(good)
    verdicts = [pair(k, k, LESS, PRICE, "teacher") for k in range(0, count, 3)]
    return answers(*given), said(*told), pairs(*verdicts), np.array(right)


def intent_call(number: int, text: str, label: str, **changed: Any) -> dict[str, Any]:
    """Return a classification by intent."""
    facts = json.dumps({"labels": list(INTENTS), "text": text})
    told = {
        "task_type": "classification",
        "facts": facts,
        "question": f"<text>{text}</text>",
        "answer": json.dumps({"label": label}),
    }
    return answer(number, **(told | changed))
