from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from mandi.store.bulk import FEW, VARIABLES, insert_new
from mandi.store.database import Database
from mandi.store.records import Prediction
from mandi.store.rows import Row, row_of

sys.path.insert(0, str(Path(__file__).parent))
START = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def predictions(count: int) -> list[Row]:
    return [
        row_of(
            Prediction(
                id=f"p{i}",
                request_id="r",
                organization_id="o",
                user_pseudonym="u",
                model="price",
                model_version="1",
                inputs_digest="d",
                subject="s",
                figure=None if i % 7 == 0 else 5000 + i / 3,
                answer={"n": i, "low": 0.1 + i, "market": 'Kadi "north"', "ऊँट": None},
                latency_ms=1.5,
                cpu_ms=1.0,
                due_at=START + timedelta(days=i % 3),
                created_at=START,
                judged=i % 2 == 0,
            )
        )
        for i in range(count)
    ]


def kept(database: Database) -> list[dict[str, Any]]:
    def look(session: Any) -> list[dict[str, Any]]:
        found = session.scalars(sa.select(Prediction).order_by(Prediction.id)).all()
        return [{c.name: getattr(one, c.name) for c in Prediction.__table__.columns} for one in found]

    return database.read(look)


@pytest.mark.parametrize("count", [1, FEW, FEW + 1, VARIABLES // 22 + 5])
def test_rows_come_back_as_they_were_given(database: Database, count: int) -> None:
    rows = predictions(count)
    database.write(lambda session: insert_new(session.connection(), Prediction.__table__, rows))
    assert kept(database) == sorted(rows, key=lambda row: row["id"])


def test_rows_that_are_there_stay_as_they_are(database: Database) -> None:
    rows = predictions(20)
    database.write(lambda session: insert_new(session.connection(), Prediction.__table__, rows[:10]))
    changed = [{**row, "model": "other"} for row in rows]
    database.write(lambda session: insert_new(session.connection(), Prediction.__table__, changed))
    assert sorted(row["model"] for row in kept(database)) == ["other"] * 10 + ["price"] * 10


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda row: {**row, "role": "nobody's"}, sa.exc.IntegrityError),
        (lambda row: {**row, "due_at": datetime(2026, 1, 1)}, Exception),
    ],
)
def test_one_bad_row_refuses_all(
    database: Database, spoil: Callable[[Row], Row], error: type[Exception]
) -> None:
    rows = predictions(20)
    rows[13] = spoil(rows[13])
    with pytest.raises(error):
        database.write(lambda session: insert_new(session.connection(), Prediction.__table__, rows))
    assert kept(database) == []
