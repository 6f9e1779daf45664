from __future__ import annotations

import numpy as np
import pandas as pd

from mandi.features.pricing.lots import ASSAYS, LotParams, lot_features, lot_questions

Tables = dict[str, pd.DataFrame]


def test_a_question_is_what_was_open_at_the_deal(tiny_tables: Tables) -> None:
    questions = lot_questions(tiny_tables)
    trades = tiny_tables["trades"]
    assert (questions["asof"] == trades["event_time"]).all() and (questions["label"] == trades["price"]).all()
    assert (questions["label_known_time"] == trades["known_time"]).all()
    assert questions.loc[questions["commodity"] == "cotton", "staple_length_mm"].notna().all()
    assert questions["micronaire"].isna().all() and "lot_id" not in questions


def test_no_assays_is_no_quality(tiny_tables: Tables) -> None:
    questions = lot_questions({"trades": tiny_tables["trades"]})
    assert questions[list(ASSAYS)].isna().all(axis=None)


def test_missing_quality_is_flagged_and_never_filled() -> None:
    lots = pd.DataFrame({"quantity": [np.nan, 99.0], "staple_length_mm": [np.nan, 28.0]}, index=[5, 3])
    found = lot_features(lots, LotParams())
    assert found["staple_length_mm_missing"].tolist() == [1.0, 0.0] and list(found.index) == [5, 3]
    assert np.isnan(found["quantity_log"].iloc[0]) and found["color_missing"].tolist() == [1.0, 1.0]


def test_a_code_does_not_depend_on_the_batch() -> None:
    colors = pd.DataFrame({"color_grade": ["Tinged", "white", "puce", None]})
    together = lot_features(colors, LotParams())["color_code"].tolist()
    alone = [lot_features(colors.iloc[[i]], LotParams())["color_code"].iloc[0] for i in range(4)]
    np.testing.assert_array_equal(together, alone)
    np.testing.assert_array_equal(together, [3.0, 0.0, 5.0, np.nan])
