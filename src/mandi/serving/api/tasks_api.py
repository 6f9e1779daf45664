"""Work of a known kind over HTTP: a label, a score, a summary, a vector or a text, and who gave it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from mandi.core.strict import Strict
from mandi.llm.orchestrator import AIRequest, TaskType, get_orchestrator
from mandi.llm.refusals import EscalationRequired
from mandi.serving.api.answering import answers_of, caller_of, handed_over, providers_of
from mandi.serving.api.call_problems import told_as_problems
from mandi.serving.api.openai_answers_contracts import Described
from mandi.serving.api.openai_contracts import ModelName
from mandi.serving.api.openai_models import Chosen, chosen, chosen_encoder
from mandi.serving.operations import Asked, Operation, Told

EXECUTE = "/api/v1/ai/execute"
ACCEPTED = 202
EXAMPLES = {
    "a label": {
        "task_type": "classification",
        "prompt": "The lorry reached Rajkot a week late.",
        "context": {"labels": ["price", "quality", "delivery"]},
    },
    "a summary": {"task_type": "summarization", "prompt": "Cotton arrivals at Rajkot rose by 12 % ..."},
}


class TaskContext(Strict):
    """What the work needs beside its text; all of it is data."""

    labels: list[str] | None = Field(default=None, min_length=2, max_length=100)
    criterion: str | None = Field(default=None, max_length=2000)
    document: str | None = Field(default=None, max_length=200_000)


def _needs(kind: str, name: str, holds: dict[str, Any]) -> dict[str, Any]:
    context = {"required": [name], "properties": {name: holds}}
    of_kind = {"required": ["task_type"], "properties": {"task_type": {"const": kind}}}
    return {"if": of_kind, "then": {"required": ["context"], "properties": {"context": context}}}


class TaskRequest(Strict):
    """A piece of work."""

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [
                _needs("classification", "labels", {"type": "array", "uniqueItems": True}),
                _needs("document_analysis", "document", {"type": "string", "minLength": 1}),
            ]
        }
    )

    task_type: Literal[
        "text_generation", "chat", "classification", "scoring", "summarization", "document_analysis", "embedding"
    ]  # fmt: skip
    prompt: str = Field(min_length=1, max_length=50_000)
    context: TaskContext = TaskContext()
    model: ModelName | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    max_tokens: int | None = Field(default=None, ge=1, le=1_000_000)


class TaskAnswer(Described):
    """What came of it."""

    result: str | float | list[float]
    provider: str
    tokens_used: int
    metadata: dict[str, Any] = Field(
        description="cost_usd, model, modes, route, fallback, confidence, generation_id"
    )


class TaskWaits(Described):
    """A person will do it."""

    ticket_id: str
    reason: str
    generation_id: str


def task_operations() -> list[Operation]:
    """Return the operation."""
    return [
        Operation(
            "POST", EXECUTE, "Do one piece of work: classify, score, summarise, analyse, write, or make a vector", _execute,
            "ai", bodies=(TaskRequest,), answers=(TaskAnswer,), others={ACCEPTED: TaskWaits},
            problems=(404, 429, 502, 504), examples=EXAMPLES, tag="language",
        )
    ]  # fmt: skip


async def _execute(asked: Asked) -> Any:
    body: TaskRequest = asked.body
    kind = TaskType(body.task_type)
    choice = Chosen("")
    if body.model is not None:
        named = chosen_encoder if kind is TaskType.EMBEDDING and "/" in body.model else chosen
        choice = named(body.model, providers_of(asked.house))
    request = AIRequest(
        task_type=kind,
        prompt=body.prompt,
        context=body.context.model_dump(exclude_none=True),
        model=choice.model,
        temperature=body.temperature,
        max_tokens=body.max_tokens,
        mode=choice.mode,
        provider=choice.provider,
        request_id=asked.request_id,
    )
    orchestrator = get_orchestrator(answers_of(asked.house), caller_of(asked), EXECUTE)
    with told_as_problems():
        try:
            done = await orchestrator.execute(request)
        except EscalationRequired as error:
            _, ticket_id = await handed_over(asked, error, {"task_type": kind.value})
            return Told(
                ACCEPTED,
                TaskWaits(ticket_id=ticket_id, reason=error.reason, generation_id=error.generation_id),
            )
    result = list(done.result) if isinstance(done.result, tuple) else done.result
    metadata = {**done.metadata, "cost_usd": round(float(done.metadata["cost_usd"]), 6)}
    return TaskAnswer(result=result, provider=done.provider, tokens_used=done.tokens_used, metadata=metadata)
