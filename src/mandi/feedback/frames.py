"""The frames of the learning loop: one row an answer, one row an opinion of it, one row a student beside its teacher."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from mandi.core.errors import ContractError

if TYPE_CHECKING:
    from pandas import DataFrame, Series

Kind = Literal["text", "time", "number", "flag", "json"]
CONSENTS = ("granted", "refused")
LICENCES = ("own", "human", "vendor-terms", "local-model", "generated")
"""Whose words an answer is: ours, a person's, a vendor's (whose terms may forbid learning from it), a local model's."""
PROVENANCES = ("service", "generated")
AUTHORS = ("user", "human")
"""Who asked; a person who answered from the queue."""
VERDICTS = ("student", "teacher", "both", "neither")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: ``json`` is text that holds JSON, ``time`` is aware and UTC, ``number`` is float64."""

    name: str
    kind: Kind
    nullable: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Frame:
    """A frame of the loop.

    Examples
    --------
    >>> GENERATIONS.key, "answer" in GENERATIONS.names
    ('generation_id', True)
    """

    name: str
    key: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """Return the names of the columns, in order."""
        return [column.name for column in self.columns]

    def empty(self) -> DataFrame:
        """Return the frame without rows, each column of its type."""
        return self.shaped([])

    def shaped(self, rows: Sequence[dict[str, object]]) -> DataFrame:
        """Return rows as a frame: columns in order, each of its type, sorted by key.

        Raises
        ------
        ContractError
            A column is missing or unknown, a value is null where none may be or not among its choices, or a key comes twice.
        """
        import pandas as pd

        frame = pd.DataFrame(list(rows), columns=None if rows else self.names)
        if odd := sorted(set(frame.columns) ^ set(self.names)):
            raise ContractError(
                f"{self.name} has other columns than it should: {', '.join(odd)}",
                allowed=", ".join(self.names),
            )
        frame = frame[self.names].copy()
        for column in self.columns:
            frame[column.name] = _typed(frame[column.name], column.kind)
        self.check(frame)
        return frame.sort_values(self.key, kind="stable", ignore_index=True)

    def check(self, frame: DataFrame) -> None:
        """Refuse a frame that breaks a promise of its columns; see ``shaped``."""
        if list(frame.columns) != self.names:
            raise ContractError(f"{self.name} has the columns {list(frame.columns)}", allowed=str(self.names))
        for column in self.columns:
            values = frame[column.name]
            if not column.nullable and values.isna().any():
                raise ContractError(f"{self.name}.{column.name} is empty in {int(values.isna().sum())} rows")
            if column.choices and (odd := sorted(set(values.dropna()) - set(column.choices))):
                raise ContractError(
                    f"{self.name}.{column.name} holds {odd[0]!r}", allowed=", ".join(column.choices)
                )
        if frame[self.key].duplicated().any():
            raise ContractError(f"{self.name}.{self.key} holds the same value twice")


def _typed(series: Series[Any], kind: Kind) -> Series[Any]:
    import pandas as pd

    if kind == "time":
        return pd.to_datetime(series, utc=True).astype("datetime64[us, UTC]")
    if kind == "number":
        return pd.to_numeric(series).astype("float64")
    if kind == "flag":
        return series.astype("bool")
    kept: Series[Any] = series.astype("object")
    return kept.where(kept.notna(), None)  # type: ignore[call-overload]


def _of(kind: Kind, *names: str, nullable: bool = False) -> tuple[Column, ...]:
    return tuple(Column(name, kind, nullable) for name in names)


_RIGHTS = (
    Column("consent", "text", choices=CONSENTS),
    Column("licence", "text", choices=LICENCES),
    Column("provenance", "text", choices=PROVENANCES),
)

GENERATIONS = Frame(
    "generations",
    "generation_id",
    (
        *_of("text", "generation_id", "request_id", "organization_id", "user_pseudonym"),
        *_of("text", "conversation_id", nullable=True),
        *_of("text", "endpoint", "task_type"),
        *_of("text", "assistant", "language", nullable=True),
        *_of("time", "asked_at"),
        *_of("json", "messages"),  # [{"role", "content"}] as the provider read them, without the answer
        *_of("text", "question"),  # the last turn of the user
        *_of("json", "facts"),  # what the models found; of a classification {"labels": [...], "text": ...}
        *_of("text", "answer"),
        *_of("text", "requested_mode", "effective_mode", "route", "provider", "model", "status", "cache"),
        *_of("flag", "fallback", "degraded"),
        *_of("number", "confidence", nullable=True),
        *_of("text", "student_answer", nullable=True),
        *_of("number", "student_confidence", nullable=True),
        *_of("number", "cost_usd", "latency_ms"),
        *_of("json", "outcome", nullable=True),  # what came of it: {"held": bool, ...}
        *_of("time", "outcome_at", nullable=True),
        *_RIGHTS,
    ),
)
"""One row an answer. ``organization_id`` and ``user_pseudonym`` are pseudonyms; every text is scrubbed."""

FEEDBACK = Frame(
    "feedback",
    "feedback_id",
    (
        *_of("text", "feedback_id", "generation_id"),
        Column("author", "text", choices=AUTHORS),
        *_of("text", "author_pseudonym"),
        *_of("time", "said_at"),
        *_of("number", "version"),  # 1, 2, ... of one author on one answer; the last one counts
        *_of("number", "rating", nullable=True),  # 1 to 5; a thumb is 5 or 1
        *_of("text", "comment", "correction", "preferred_over", nullable=True),
        *_of("flag", "withdrawn"),
        Column("provenance", "text", choices=PROVENANCES),
    ),
)
"""One row an opinion, or a change of it. ``preferred_over`` is the generation this one was chosen against."""

TUTOR_PAIRS = Frame(
    "tutor_pairs",
    "pair_id",
    (
        *_of("text", "pair_id", "generation_id", "organization_id", "user_pseudonym"),
        *_of("text", "conversation_id", nullable=True),
        *_of("text", "task_type"),
        *_of("time", "created_at"),
        *_of("text", "input_text", "student_output", "teacher_output"),
        *_of("number", "confidence_score", "reward_score", nullable=True),
        Column("human_verdict", "text", nullable=True, choices=VERDICTS),
        *_RIGHTS,
    ),
)
"""One row a student's answer beside its teacher's to the same question; ``human_verdict`` says who was right."""

LABELLED = Frame(
    "labelled",
    "generation_id",
    (
        *GENERATIONS.columns,
        *_of(
            "text", "intent", "sentiment", "emotion", "kind", "language_found", "outcome_label"
        ),  # or "unlabelled"
        *_of("number", "rating", nullable=True),  # the last one of whoever asked
        *_of("text", "correction", nullable=True),  # a human's before a user's
        *_of("text", "correction_by", nullable=True),  # user, human
        *_of("json", "feedback_ids"),
        *_of("number", "reward"),  # documented formula, in [0, 1]
        *_of("number", "right"),  # learned probability that the answer was right, in [0, 1]
    ),
)
"""``GENERATIONS`` with labels, the opinion that counts, and both rewards."""
