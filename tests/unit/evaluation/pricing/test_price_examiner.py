"""The examiner of prices measures what the parts it calls measure, and says where a model stands."""

from __future__ import annotations

import pandas as pd

from mandi.evaluation.appraisal import BY_QUESTION
from mandi.evaluation.examiner import EXAMINERS, Judged, examiner_for
from mandi.evaluation.pricing.price_examiner import PriceExaminer

PARAMS = {"evaluation": {"min_slice_rows": 20, "bootstrap_draws": 50}}


def test_it_is_found_by_its_task() -> None:
    found = examiner_for("price", PARAMS, "price")
    assert isinstance(found, PriceExaminer) and found.task == "price" and set(EXAMINERS) >= {"price"}


def test_it_measures_beside_the_baselines(frame, predictions, reports) -> None:
    examiner = PriceExaminer(PARAMS, "price")
    beside = examiner.beside(frame, {"reports": reports})
    judged = examiner.examine(predictions, frame, beside)
    told = judged.as_dict()
    assert told["tables"][BY_QUESTION] and "last_price" in beside and told["metrics"]["market.1.mae"] > 0


def test_the_line_of_the_closing_table_without_lots() -> None:
    standing = PriceExaminer(PARAMS, "price").standing(
        {"market.pooled.mae": 90.0, "market.pooled.last_price.mae": 99.0}
    )
    assert (standing.main, standing.baseline, standing.floor) == (
        "market.pooled.mae 90.0",
        "last price 99.0",
        "",
    )


def test_what_is_judged_is_plain_data() -> None:
    table = pd.DataFrame(
        {"grade": ["A"], "f1": [float("nan")], "since": [pd.Timestamp("2024-01-01", tz="UTC")]}
    )
    judged = Judged(
        {"macro_f1": 0.9, "ece": float("inf")}, {"By grade": table}, pd.DataFrame(), ("a <note>",)
    )
    told = judged.as_dict()
    assert told["metrics"] == {"macro_f1": 0.9, "ece": None}
    assert told["tables"]["By grade"] == [{"grade": "A", "f1": None, "since": "2024-01-01T00:00:00+00:00"}]
    assert "a &lt;note&gt;" in judged._repr_html_()
