"""The generated call log: the market's own traders ask the service, so that the loop runs offline and its truth is known."""

from __future__ import annotations

from mandi.feedback.generated.ask.asked import Asked, Span
from mandi.feedback.generated.log import GeneratedCalls, generated_calls
from mandi.feedback.generated.params import GeneratedParams
from mandi.feedback.generated.reply.answers import teacher_answer
from mandi.feedback.generated.reply.judge import is_right
from mandi.feedback.generated.reply.opinions import Opinion, opinion
from mandi.feedback.generated.traffic import traffic

__all__ = [
    "Asked",
    "GeneratedCalls",
    "GeneratedParams",
    "Opinion",
    "Span",
    "generated_calls",
    "is_right",
    "opinion",
    "teacher_answer",
    "traffic",
]
