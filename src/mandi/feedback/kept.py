"""What the loop writes back into the records of a service: labels, rewards, and which answers a version of the datasets holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa

from mandi.core.errors import ContractError
from mandi.store.records import (
    Base,
    DatasetMember,
    DatasetVersion,
    GenerationRecord,
    Message,
    TutorPair,
    utc_now,
)

if TYPE_CHECKING:
    from pandas import DataFrame
    from sqlalchemy.orm import Session

    from mandi.store.database import Database

T = TypeVar("T")
PAGE = 500
LABELS = ("intent", "sentiment", "emotion", "kind", "language_found", "outcome_label")


def store_labels(
    database: Database, labelled: DataFrame, *, labels: bool = True, rewards: bool = True
) -> int:
    """Write labels and rewards to the answers of this service, their messages and tutor pairs; those of others are passed over.

    Parameters
    ----------
    database : Database
    labelled : DataFrame
        As ``LABELLED``; only rows whose provenance is ``service`` are looked for.
    labels, rewards : bool
        What is written.

    Returns
    -------
    int
        Answers that were found.

    Raises
    ------
    StoreUnavailable
    """
    if not labels and not rewards:
        return 0
    named = [*(LABELS if labels else ()), *(("reward",) if rewards else ())]
    ours = labelled.loc[labelled["provenance"] == "service", ["generation_id", *named]]
    rows = [_nulls_as_none(row) for row in ours.to_dict("records")]
    return sum(
        database.write(lambda session, page=page: _label(session, page, labels, rewards))  # type: ignore[misc]
        for page in _pages(rows)
    )


def record_dataset_version(
    database: Database,
    version: str,
    *,
    sha256: str,
    rows: int,
    generation_ids: Iterable[str],
    mlflow_run: str | None = None,
    created_at: datetime | None = None,
) -> None:
    """Note which answers of this service a version of the datasets holds, so that deleting one can name the version.

    The same version again replaces what was noted. Ids that are none of this service's are not noted.

    Parameters
    ----------
    database : Database
    version : str
    sha256 : str
        Of its manifest or rows.
    rows : int
    generation_ids : iterable of str
    mlflow_run : str, optional
    created_at : datetime, optional
        Aware; now if not given.

    Raises
    ------
    ContractError
        The version has no name.
    StoreUnavailable
    """
    if not version or len(version) > 64:
        raise ContractError(f"a version of the datasets is called {version!r}", allowed="1 to 64 letters")
    ids = sorted(set(generation_ids))

    def write(session: Session) -> None:
        session.execute(sa.delete(DatasetMember).where(DatasetMember.version == version))
        session.merge(
            DatasetVersion(
                version=version,
                created_at=created_at or utc_now(),
                sha256=sha256,
                rows=rows,
                mlflow_run=mlflow_run,
            )
        )
        session.flush()
        for page in _pages(ids):
            here = GenerationRecord.generation_id.in_(page)
            ours = session.scalars(sa.select(GenerationRecord.generation_id).where(here)).all()
            if ours:
                session.execute(
                    sa.insert(DatasetMember),
                    [{"version": version, "generation_id": generation_id} for generation_id in ours],
                )

    database.write(write)


def versions_holding(database: Database, generation_ids: Sequence[str]) -> list[str]:
    """Return the versions of the datasets that hold any of some answers, in order of their names."""

    def look(session: Session) -> list[str]:
        found: set[str] = set()
        for page in _pages(generation_ids):
            held = sa.select(DatasetMember.version).where(DatasetMember.generation_id.in_(page)).distinct()
            found.update(session.scalars(held))
        return sorted(found)

    return database.read(look)


def _label(session: Session, page: list[dict[str, Any]], labels: bool, rewards: bool) -> int:
    here = GenerationRecord.generation_id.in_([row["generation_id"] for row in page])
    there = set(session.scalars(sa.select(GenerationRecord.generation_id).where(here)))
    rows = [
        {f"of_{name}": value for name, value in row.items()} for row in page if row["generation_id"] in there
    ]
    if not rows:
        return 0
    words = {name: name for name in LABELS} if labels else {}
    of_message = {"labeled_intent": "intent", "labeled_sentiment": "sentiment"} if labels else {}
    reward = {"reward_score": "reward"} if rewards else {}
    written: list[tuple[type[Base], dict[str, str]]] = [
        (GenerationRecord, words | reward), (Message, of_message | reward), (TutorPair, reward),
    ]  # fmt: skip
    for record, values in written:
        if values:
            table = Base.metadata.tables[record.__tablename__]
            change = sa.update(table).where(table.c.generation_id == sa.bindparam("of_generation_id"))
            named: dict[str, Any] = {column: sa.bindparam(f"of_{name}") for column, name in values.items()}
            session.connection().execute(change.values(named), rows)
    return len(rows)


def _nulls_as_none(row: dict[Any, Any]) -> dict[str, Any]:
    return {str(name): None if value != value else value for name, value in row.items()}


def _pages(items: Sequence[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while page := list(islice(rest, PAGE)):
        yield page
