"""Frames of a small loop, made by hand: parties that come and go, answers of every kind, opinions that change."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from mandi.feedback.frames import FEEDBACK, LABELLED, TUTOR_PAIRS

WORDS = [
    "soybean",
    "cotton",
    "wheat",
    "tur",
    "maize",
    "chana",
    "mustard",
    "arrivals",
    "price",
    "quality",
    "moisture",
    "delivery",
    "truck",
    "payment",
    "grade",
    "lot",
    "seller",
    "buyer",
    "mandi",
    "Indore",
    "Ujjain",
    "Rajkot",
    "Akola",
    "Sirsa",
    "Latur",
    "forecast",
    "demand",
    "risk",
    "invoice",
    "rain",
    "export",
    "duty",
    "stock",
    "mill",
    "basis",
    "futures",
    "store",
]
LABELS = ("up", "down", "steady")
START = pd.Timestamp("2024-01-01", tz="UTC")


def frames(n: int = 500, seed: int = 0, days: int = 200) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return LABELLED, FEEDBACK and TUTOR_PAIRS of ``n`` answers."""
    draw = np.random.default_rng(seed)
    answers, opinions, pairs = [], [], []
    people = max(n // 12, 4)
    for k in range(n):
        who = int(draw.integers(people))
        first = int(who * days / people * 0.8)
        asked = START + pd.Timedelta(
            days=int(first + draw.integers(0, days // 5)), minutes=int(draw.integers(1440))
        )
        row = generation(
            k, who=who, asked=asked, words=" ".join(draw.choice(WORDS, int(draw.integers(9, 16)))),
            label=LABELS[int(draw.integers(3))] if k % 2 else None, conversation=f"c{who}-{k // 40}" if k % 3 == 0 else None,
            right=float(np.round(draw.uniform(0.1, 1.0), 3)),
        )  # fmt: skip
        said: list[dict[str, Any]] = []
        fate = draw.random()
        if fate < 0.3:
            said.append(opinion(row, 0, rating=5 if row["right"] > 0.4 else 1))
        elif fate < 0.5:
            said.append(
                opinion(
                    row, 0, rating=1, correction="down" if k % 2 else f"Better wait, the {k}th lot is late."
                )
            )
        elif fate < 0.6:
            said.append(
                opinion(
                    row, 0, author="human", correction="up" if k % 2 else f"Our desk says: sell lot {k} now."
                )
            )
        elif fate < 0.75 and k > 10:
            pairs.append(pair(row, k, verdict=("student", "teacher", "both", None)[int(draw.integers(4))]))
        opinions += said
        answers.append(labelled(row, said))
    return LABELLED.shaped(answers), FEEDBACK.shaped(opinions), TUTOR_PAIRS.shaped(pairs)


def generation(
    k: int, *, who: int = 0, asked: pd.Timestamp = START, words: str = "What of soybean in Indore", label: str | None = None,
    conversation: str | None = None, right: float = 0.95, **more: Any,
) -> dict[str, Any]:  # fmt: skip
    """Return a row of GENERATIONS and its ``right``."""
    facts: dict[str, Any] = {"labels": list(LABELS), "text": words} if label else {}
    return {
        "generation_id": f"g{k:05d}", "request_id": f"r{k}", "organization_id": f"o{who % 5}", "user_pseudonym": f"u{who:03d}",
        "conversation_id": conversation, "endpoint": "/api/v1/ai/execute", "task_type": "classification" if label else "chat",
        "assistant": None, "language": "en", "asked_at": asked,
        "messages": json.dumps([{"role": "system", "content": "You help traders."}, {"role": "user", "content": words + "?"}]),
        "question": words + "?", "facts": json.dumps(facts),
        "answer": json.dumps({"label": label}) if label else f"Lot {k} should be held until the rain ends.",
        "requested_mode": "hybrid", "effective_mode": "real", "route": "teacher", "provider": "teacher", "model": "t-1",
        "status": "success", "cache": "miss", "fallback": False, "degraded": False, "confidence": None,
        "student_answer": json.dumps({"label": "steady"}) if label else f"The student would sell lot {k} today.",
        "student_confidence": 0.5, "cost_usd": 0.001, "latency_ms": 10.0, "outcome": None, "outcome_at": None,
        "consent": "granted", "licence": "own", "provenance": "service", "right": right, **more,
    }  # fmt: skip


def opinion(row: dict[str, Any], number: int, *, author: str = "user", **more: Any) -> dict[str, Any]:
    """Return a row of FEEDBACK about an answer."""
    return {
        "feedback_id": f"f{row['generation_id']}{author[0]}{number}", "generation_id": row["generation_id"], "author": author,
        "author_pseudonym": row["user_pseudonym"] if author == "user" else "desk", "said_at": row["asked_at"] + pd.Timedelta(hours=1),
        "version": 1, "rating": None, "comment": None, "correction": None, "preferred_over": None, "withdrawn": False,
        "provenance": "service", **more,
    }  # fmt: skip


def labelled(row: dict[str, Any], said: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the row of LABELLED of an answer and what was said of it."""
    corrections = sorted((s for s in said if s["correction"]), key=lambda s: s["author"] != "human")
    return {
        **row, "intent": "price", "sentiment": "neutral", "emotion": "calm", "kind": "question", "language_found": "en",
        "outcome_label": "open", "rating": next((s["rating"] for s in said if s["rating"]), None),
        "correction": corrections[0]["correction"] if corrections else None,
        "correction_by": corrections[0]["author"] if corrections else None,
        "feedback_ids": json.dumps([s["feedback_id"] for s in said]), "reward": row["right"],
    }  # fmt: skip


def pair(row: dict[str, Any], k: int, verdict: str | None = "teacher", **more: Any) -> dict[str, Any]:
    """Return a row of TUTOR_PAIRS of an answer."""
    return {
        "pair_id": f"p{k:05d}", "generation_id": row["generation_id"], "organization_id": row["organization_id"],
        "user_pseudonym": row["user_pseudonym"], "conversation_id": row["conversation_id"], "task_type": row["task_type"],
        "created_at": row["asked_at"], "input_text": row["question"], "student_output": row["student_answer"],
        "teacher_output": row["answer"], "confidence_score": 0.5, "reward_score": None, "human_verdict": verdict,
        "consent": row["consent"], "licence": row["licence"], "provenance": row["provenance"], **more,
    }  # fmt: skip


def one(
    row: dict[str, Any], *said: dict[str, Any], pairs: tuple[dict[str, Any], ...] = ()
) -> tuple[pd.DataFrame, ...]:
    """Return the frames of a single answer."""
    return (
        LABELLED.shaped([labelled(row, list(said))]),
        FEEDBACK.shaped(list(said)),
        TUTOR_PAIRS.shaped(list(pairs)),
    )
