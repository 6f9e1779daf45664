"""One answer with all that decides what may be learned from it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mandi.datasets.opinions import Opinion, opinions, said
from mandi.datasets.settings import Choosing
from mandi.feedback.agreement import label_of

if TYPE_CHECKING:
    from pandas import DataFrame

Messages = tuple[Mapping[str, str], ...]
COMPLETE = "success"
COPIES = frozenset({"exact", "semantic"})
"""Answers out of the cache repeat another answer; that one counts."""
MOCK = "mock"


@dataclass(frozen=True)
class Source:
    """An answer, the opinions of it, and what stands against learning its words.

    Attributes
    ----------
    barred : str
        Why the answer itself is never a target; empty when it may be one. A person's correction of it still may.
    """

    generation_id: str
    task: str
    messages: Messages
    facts: Mapping[str, Any]
    answer: str
    student_answer: str | None
    asked_at: datetime
    party: str
    organization_id: str
    conversation_id: str | None
    language: str | None
    intent: str | None
    route: str
    licence: str
    provenance: str
    reward: float
    right: float
    barred: str
    held: bool
    opinions: tuple[Opinion, ...]

    @property
    def correction(self) -> Opinion | None:
        """Return the opinion that says what the answer should have been: a person's of the house first."""
        return next((o for o in self.opinions if o.correction), None)

    @property
    def rating(self) -> float | None:
        """Return the rating that counts: of a person of the house before a user's, the latest."""
        return next((o.rating for o in self.opinions if o.rating is not None), None)

    def settled(self, *used: Opinion) -> datetime:
        """Return when the last of the opinions used was said."""
        return max([self.asked_at, *(o.said_at for o in used)])

    def target(self, text: str) -> str:
        """Return a text as a target: a label in the one form in which labels are answered."""
        labels = self.facts.get("labels")
        if not isinstance(labels, Sequence) or isinstance(labels, str):
            return text
        named = next((label for label in labels if str(label).casefold() == label_of(text)), None)
        return (
            text if named is None else json.dumps({"label": named}, ensure_ascii=False, separators=(",", ":"))
        )


def sources(
    labelled: DataFrame, feedback: DataFrame, choosing: Choosing
) -> tuple[list[Source], dict[str, int]]:
    """Return the answers that anything may be learned from, and how many were left out and why.

    Parameters
    ----------
    labelled, feedback : DataFrame
        Frames LABELLED and FEEDBACK.
    choosing : Choosing

    Returns
    -------
    list of Source
        By generation; of those who did not agree there is none.
    dict of str to int
        ``no consent`` and each reason an answer is barred for.
    """
    counted = opinions(feedback)
    found: list[Source] = []
    left_out: dict[str, int] = {}
    row: Any
    for row in labelled.sort_values("generation_id").itertuples(index=False):
        if row.consent != "granted":
            left_out["no consent"] = left_out.get("no consent", 0) + 1
            continue
        source = _source(row, tuple(counted.get(row.generation_id, ())), choosing)
        if source.barred:
            left_out[source.barred] = left_out.get(source.barred, 0) + 1
        found.append(source)
    return found, dict(sorted(left_out.items()))


def barred(row: Any, licences: Sequence[str]) -> str:
    """Return why an answer's words are never a target; empty when they may be."""
    if row.fallback:
        return "fallback"
    if row.effective_mode == MOCK or row.route == MOCK or row.provider == MOCK:
        return "mock"
    if row.degraded:
        return "degraded"
    if row.status != COMPLETE:
        return str(row.status)
    if row.cache in COPIES:
        return "from the cache"
    if row.licence not in licences:
        return f"licence {row.licence}"
    return "" if said(row.answer) else "no answer"


def _source(row: Any, heard: tuple[Opinion, ...], choosing: Choosing) -> Source:
    outcome = json.loads(row.outcome) if isinstance(row.outcome, str) else {}
    messages = tuple({"role": m["role"], "content": m["content"] or ""} for m in json.loads(row.messages))
    return Source(
        row.generation_id, row.task_type, messages, json.loads(row.facts), str(row.answer).strip(), said(row.student_answer),
        row.asked_at.to_pydatetime(), row.user_pseudonym, row.organization_id, said(row.conversation_id),
        _known(row.language) or _known(row.language_found), _known(row.intent), row.route, row.licence, row.provenance,
        float(row.reward), float(row.right), barred(row, choosing.licences), bool(outcome.get("held", False)), heard,
    )  # fmt: skip


def _known(label: object) -> str | None:
    return label if isinstance(label, str) and label != "unlabelled" else None
