"""Makes examples from answers and opinions: what to say, what rather than what, what was good and bad, what a teacher said."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mandi.datasets.opinions import Opinion, said
from mandi.datasets.rows import Example, Purpose
from mandi.datasets.settings import Choosing
from mandi.datasets.sources import Source, sources
from mandi.feedback.agreement import same

if TYPE_CHECKING:
    from pandas import DataFrame

UNSURE = 0.5
"""Weight of a tutor pair nobody judged."""


@dataclass(frozen=True)
class Assembled:
    """Examples, and how many answers were left out and why."""

    examples: list[Example]
    left_out: dict[str, int]


def assemble(
    labelled: DataFrame, feedback: DataFrame, tutor_pairs: DataFrame, choosing: Choosing
) -> Assembled:
    """Return the examples of every purpose.

    Of a question the target is a correction by a person of the house, else by whoever asked, else the answer itself when it was
    rated high and the reward agrees. Words that are nobody's to learn from (fallback, mock, degraded, incomplete, cached, of a
    licence that is not allowed) are in no example, not even as the worse one; a person's correction of them is that person's
    words and may be learned from.

    Parameters
    ----------
    labelled, feedback, tutor_pairs : DataFrame
        Frames LABELLED, FEEDBACK and TUTOR_PAIRS.
    choosing : Choosing

    Returns
    -------
    Assembled
        Examples by id; a duplicate is still in it.
    """
    known, left_out = sources(labelled, feedback, choosing)
    by_id = {source.generation_id: source for source in known}
    made: list[Example] = []
    for source in known:
        made += _sft(source, choosing)
        made += _preferences(source, by_id, choosing)
        made += _unpaired(source, choosing)
    made += _tutored(tutor_pairs, by_id, choosing)
    made = [example for example in made if example.messages and example.messages[-1]["role"] == "user"]
    made.sort(key=lambda e: (e.example_id, e.generation_ids))
    return Assembled(made, left_out)


def example_id(purpose: str, task: str, question: str, *targets: object) -> str:
    """Return the digest by which an example is known in every version.

    Examples
    --------
    >>> example_id("sft", "chat", "Sell?", "Wait.") == example_id("sft", "chat", "Sell?", "Wait.")
    True
    """
    text = json.dumps([purpose, task, question, *targets], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def vouched(source: Source, choosing: Choosing) -> bool:
    """Return whether an answer was rated high and somebody else agrees: another person, what came of it, or a sure reward."""
    high = [o for o in source.opinions if o.rating is not None and o.rating >= choosing.min_rating]
    low = any(o.rating is not None and o.rating < choosing.min_rating for o in source.opinions)
    others = len({o.author_pseudonym for o in high}) > 1
    return bool(high) and not low and (others or source.held or source.right >= choosing.gold_right)


def _sft(source: Source, choosing: Choosing) -> Iterator[Example]:
    correction = source.correction
    if correction is not None and correction.correction is not None:
        human = correction.author == "human"
        yield _example(
            source, "sft", source.target(correction.correction), (correction,), licence="human", gold=True,
            weight=choosing.weight_human if human else choosing.weight_user,
        )  # fmt: skip
    elif _good(source, choosing):
        yield _example(
            source, "sft", source.target(source.answer), _rated(source), weight=source.right, gold=vouched(source, choosing)
        )  # fmt: skip


def _preferences(source: Source, by_id: Mapping[str, Source], choosing: Choosing) -> Iterator[Example]:
    correction = source.correction
    if correction is not None and correction.correction is not None:
        better = source.target(correction.correction)
        weight = choosing.weight_human if correction.author == "human" else choosing.weight_user
        worse = [source.answer] if not source.barred and source.route != "human" else []
        if correction.author == "human" and source.student_answer:
            worse.append(source.student_answer)
        for text in dict.fromkeys(map(source.target, worse)):
            if not _equal(better, text, source.task):
                yield _example(
                    source,
                    "preference",
                    better,
                    (correction,),
                    licence="human",
                    gold=True,
                    weight=weight,
                    rejected=text,
                )
    for opinion in source.opinions:
        other = by_id.get(opinion.preferred_over or "")
        if other is None or other.generation_id == source.generation_id or source.barred or other.barred:
            continue
        chosen, rejected = source.target(source.answer), source.target(other.answer)
        if not _equal(chosen, rejected, source.task):
            yield _example(
                source, "preference", chosen, (opinion,), weight=max(source.right, 1e-3), rejected=rejected,
                gold=opinion.author == "human", also=(other.generation_id,),
            )  # fmt: skip


def _unpaired(source: Source, choosing: Choosing) -> Iterator[Example]:
    if source.barred or source.route == "human":
        return
    corrected = source.correction is not None and not _equal(
        source.correction.correction or "", source.answer, source.task
    )
    bad = (
        source.rating is not None
        and source.rating <= choosing.max_bad_rating
        and source.right <= choosing.max_bad_right
    )
    if _good(source, choosing) and not corrected:
        yield _example(
            source, "unpaired", source.target(source.answer), _rated(source), label=True, weight=source.right,
            gold=vouched(source, choosing),
        )  # fmt: skip
    elif corrected or bad:
        used = (source.correction,) if corrected and source.correction else _rated(source)
        yield _example(
            source, "unpaired", source.target(source.answer), used, label=False, weight=max(1.0 - source.right, 1e-3), gold=corrected
        )  # fmt: skip


def _tutored(pairs: DataFrame, by_id: Mapping[str, Source], choosing: Choosing) -> Iterator[Example]:
    row: Any
    for row in pairs.sort_values("pair_id").itertuples(index=False):
        source = by_id.get(row.generation_id)
        student, teacher = said(row.student_output), said(row.teacher_output)
        if (
            row.consent != "granted"
            or row.licence not in choosing.licences
            or source is None
            or not (student and teacher)
        ):
            continue
        if source.barred:
            continue
        verdict = said(row.human_verdict)
        student, teacher = source.target(student), source.target(teacher)
        asked: dict[str, Any] = {
            "licence": row.licence,
            "weight": 1.0 if verdict else UNSURE,
            "gold": verdict is not None,
        }
        yield _example(source, "tutor", teacher, (), rejected=student, verdict=verdict, **asked)
        if verdict in ("student", "teacher") and not _equal(teacher, student, source.task):
            better, worse = (teacher, student) if verdict == "teacher" else (student, teacher)
            yield _example(source, "preference", better, (), rejected=worse, **asked)


def _example(
    source: Source, purpose: Purpose, chosen: str, used: tuple[Opinion, ...], *, weight: float, gold: bool,
    rejected: str | None = None, label: bool | None = None, licence: str | None = None, verdict: str | None = None,
    also: tuple[str, ...] = (),
) -> Example:  # fmt: skip
    question = next((m["content"] for m in reversed(source.messages) if m["role"] == "user"), "")
    return Example(
        example_id=example_id(purpose, source.task, question, chosen, rejected, label, verdict),
        purpose=purpose, task=source.task, messages=source.messages, chosen=chosen, rejected=rejected, label=label,
        weight=round(min(max(weight, 1e-3), 1.0), 6), gold=gold, asked_at=source.asked_at, known_at=source.settled(*used),
        generation_ids=tuple(sorted({source.generation_id, *also})), feedback_ids=tuple(sorted({o.feedback_id for o in used})),
        party=source.party, conversation_id=source.conversation_id, organization_id=source.organization_id,
        consent="granted", licence=licence or source.licence, provenance=source.provenance, facts=source.facts,
        language=source.language, intent=source.intent, verdict=verdict,
    )  # fmt: skip


def _good(source: Source, choosing: Choosing) -> bool:
    high = source.rating is not None and source.rating >= choosing.min_rating
    return not source.barred and source.route != "human" and high and source.right >= choosing.min_right


def _rated(source: Source) -> tuple[Opinion, ...]:
    return tuple(o for o in source.opinions if o.rating is not None)


def _equal(one: str, other: str, task: str) -> bool:
    return (
        same(one, other, task)
        if task == "classification"
        else " ".join(one.split()) == " ".join(other.split())
    )
