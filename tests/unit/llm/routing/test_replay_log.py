"""Reading logs: JSON lines, CSV, published router logs, and rows that are refused by number."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mandi.core.errors import ContractError, DataNotFound
from mandi.llm.routing.features import Features
from mandi.llm.routing.replay_log import log_of, read_log


def test_json_lines(tmp_path: Path) -> None:
    rows = [
        {"prompt": "price of tur?", "conversation_id": "c1", "student_confidence": 0.8,
         "outcomes": {"student": {"quality": 1}, "gemini": {"quality": 0.5, "cost_usd": 0.001, "latency_ms": 800}}},
        {"prompt": "and chana?", "conversation_id": "c1", "outcomes": {"student": {"quality": 0}, "gemini": {"quality": 1}}},
    ]  # fmt: skip
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)) + "\n\n", encoding="utf-8")
    log = read_log(path)
    assert log.full and log.kinds == {"student": "student", "gemini": "vendor"}
    assert log.rows[0].student_confidence == 0.8 and log.rows[1].student_confidence is None
    assert log.rows[0].cluster == log.rows[1].cluster == "c1"
    assert log.rows[0].outcomes["gemini"].latency_ms == 800.0


def test_csv_with_columns_of_each_provider(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(
        "prompt,student_confidence,quality.llama,cost_usd.llama,quality.openai,cost_usd.openai\n"
        '"price, of tur?",0.5,1,0,1,0.002\nand chana?,,0,0,1,0.003\n',
        encoding="utf-8",
    )
    log = read_log(path, {"llama": "local"})
    assert log.kinds == {"llama": "local", "openai": "vendor"} and log.full
    assert log.rows[1].outcomes["openai"].cost_usd == 0.003 and log.rows[1].student_confidence is None


def test_a_published_router_log_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "gsm8k.csv"
    path.write_text("prompt,weak_correct,strong_correct\nhow many ducks?,0,1\n", encoding="utf-8")
    log = read_log(path)
    assert (
        log.kinds == {"weak": "student", "strong": "vendor"} and log.rows[0].outcomes["strong"].quality == 1.0
    )


def test_csv_with_one_provider_a_row(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("prompt,provider,quality,cost_usd,propensity\nq,gemini,1,0.001,0.95\n", encoding="utf-8")
    row = read_log(path).rows[0]
    assert row.propensity == 0.95 and list(row.outcomes) == ["gemini"]


def test_features_instead_of_words() -> None:
    kept = Features(words=12, asks=("plan",), scripts=("latin",)).as_dict()
    row = {
        "features": json.loads(json.dumps({**kept, "later": 1})),
        "provider": "gemini",
        "quality": 1,
        "propensity": 1,
    }
    assert log_of([row]).rows[0].features == Features(words=12, asks=("plan",), scripts=("latin",))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"prompt": "q"}, "row 2 has no outcome"),
        ({"prompt": "q", "outcomes": {}}, "row 2 has no outcome"),
        ({"outcomes": {"a": {"quality": 1}}}, "row 2 has no question"),
        ({"prompt": "q", "outcomes": {"a": {"quality": 3}}}, "quality of row 2 is 3"),
        ({"prompt": "q", "outcomes": {"a": {}}}, "quality of row 2 is None"),
        ({"prompt": "q", "provider": "a", "quality": 1, "propensity": 0}, "probability 0"),
        (
            {"prompt": "q", "outcomes": {"a": {"quality": 1}}, "student_confidence": "sure"},
            "student_confidence of row 2",
        ),
    ],
)
def test_rows_that_are_refused(row: dict[str, object], said: str) -> None:
    good = {"prompt": "q", "outcomes": {"a": {"quality": 1}}}
    with pytest.raises(ContractError, match=said):
        log_of([good, row])


def test_files_that_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataNotFound):
        read_log(tmp_path / "no.jsonl")
    path = tmp_path / "bad.jsonl"
    path.write_text('{"prompt": "q", "outcomes": {"a": {"quality": 1}}}\n{oops\n', encoding="utf-8")
    with pytest.raises(ContractError, match="line 2"):
        read_log(path)
    path.write_text("", encoding="utf-8")
    with pytest.raises(ContractError, match="no rows"):
        read_log(path)
