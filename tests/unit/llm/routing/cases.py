"""Candidates and situations the routing tests are about."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from mandi.llm.routing.features import Features
from mandi.llm.routing.situation import Candidate, Situation
from mandi.llm.routing.track import Track

GEMINI = Candidate("gemini", "vendor", "flash", cost_estimate_usd=Decimal("0.0004"))
OPENAI = Candidate("openai", "vendor", "mini", cost_estimate_usd=Decimal("0.0002"))
LOCAL = Candidate("local", "local", "llama", cost_estimate_usd=Decimal(0))
ANALYST = Candidate("analyst", "mock", "v1")


def student(confidence: float | None) -> Candidate:
    return Candidate("student", "student", "s1", student_confidence=confidence)


def situation(*candidates: Candidate, **more: Any) -> Situation:
    return Situation(more.pop("features", Features()), more.pop("mode", "hybrid"), candidates, **more)


def record(calls: int, successes: int, **more: Any) -> Track:
    return Track(calls=calls, successes=successes, squares=calls, **more)
