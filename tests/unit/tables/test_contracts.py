"""Contracts are complete, their schemas refuse what they should, and the dictionary on disk is theirs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pandera.errors
import pytest

from mandi.tables.contract import Contract
from mandi.tables.contracts import CONTRACTS
from mandi.tables.dictionary import dictionary

REFUSED = (pandera.errors.SchemaError, pandera.errors.SchemaErrors)
DAY = pd.Timestamp("2024-01-01 18:30", tz="UTC")


def sample(contract: Contract) -> pd.DataFrame:
    row: dict[str, object] = {}
    for column in contract.all_columns:
        if column.kind == "time":
            row[column.name] = DAY
        elif column.kind == "text":
            row[column.name] = column.choices[0] if column.choices else "x"
        else:
            row[column.name] = 1.0
    frame = pd.DataFrame([row])
    times = {c.name: "datetime64[ns, UTC]" for c in contract.all_columns if c.kind == "time"}
    return frame.astype(times)


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)
def test_every_column_says_what_it_is(contract: Contract) -> None:
    schema = contract.schema()
    assert list(schema.columns)[:2] == ["event_time", "known_time"]
    assert set(contract.key) <= set(contract.names)
    assert len(set(contract.names)) == len(contract.names)
    for column in schema.columns.values():
        assert column.metadata["meaning"]
        assert column.metadata["role"] in {"event_time", "known_time", "key", "value"}
    schema.validate(sample(contract))


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("modal_price", 0.0),
        ("modal_price", np.nan),
        ("arrivals", -1.0),
        ("market", None),
        ("known_time", DAY - pd.Timedelta("1s")),
    ],
)
def test_the_schema_refuses(change: str, value: object) -> None:
    frame = sample(CONTRACTS["reports"])
    with pytest.raises(REFUSED):
        CONTRACTS["reports"].schema().validate(frame.assign(**{change: [value]}))


def test_the_schema_refuses_two_rows_of_one_key_and_strange_columns() -> None:
    schema, frame = CONTRACTS["reports"].schema(), sample(CONTRACTS["reports"])
    with pytest.raises(REFUSED):
        schema.validate(pd.concat([frame, frame], ignore_index=True))
    with pytest.raises(REFUSED):
        schema.validate(frame.assign(colour="red"))


def test_the_dictionary_on_disk_is_generated(root: Path) -> None:
    assert (root / "docs" / "data-dictionary.md").read_text(encoding="utf-8") == dictionary(), (
        "run: python -m mandi.tables.dictionary > docs/data-dictionary.md"
    )
