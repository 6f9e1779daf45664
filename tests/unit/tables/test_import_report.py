"""The account of an import adds up and says what can be trained."""

from __future__ import annotations

import json

import pandas as pd

from mandi.tables.import_report import NEEDS, ImportReport, readiness


def report() -> ImportReport:
    counts = {
        "reports": {
            "received": 10,
            "accepted": 8,
            "flagged": 1,
            "rejected": 2,
            "reasons": {"modal_price <b>": 2},
            "flags": {"implausible": 1},
            "converted": {"INR/kg -> INR/quintal": 3},
            "ignored_columns": ["colour"],
        },
        "lots": {"received": 0, "accepted": 0, "flagged": 0, "rejected": 0, "reasons": {}, "flags": {}},
    }
    return ImportReport("files (in)", counts, pd.DataFrame(), ("README.md",))


def test_prices_alone_train_price_and_demand() -> None:
    answers = readiness({"reports"})
    assert {m for m, a in answers.items() if a == "yes"} == {"price", "demand"}
    assert answers["quality"] == "no: the tables lots, assays are missing"
    assert all(a == "yes" for a in readiness({t for need in NEEDS.values() for t in need}).values())


def test_an_empty_table_trains_nothing() -> None:
    assert report().trainable["quality"] == "no: the tables lots, assays are missing"


def test_metrics_are_plain_json_and_add_up() -> None:
    metrics = json.loads(json.dumps(report().metrics()))
    assert metrics["total"] == {"received": 10, "accepted": 8, "flagged": 1, "rejected": 2}
    assert metrics["trainable"]["price"] is True
    assert metrics["tables"]["reports"]["reasons"] == {"modal_price <b>": 2}


def test_summary_and_html_show_everything_ignored_and_escape_cells() -> None:
    text = report().summary()
    for expected in ("README.md", "colour", "implausible", "INR/kg -> INR/quintal", "train price: yes"):
        assert expected in text
    page = report()._repr_html_()
    assert "modal_price &lt;b&gt;" in page
    assert "<b>modal" not in page
