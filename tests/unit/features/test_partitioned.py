from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mandi.core.config import load_params
from mandi.features import feature_set
from mandi.features.partitioned import complete, keep
from mandi.tables.market_params import MarketParams
from mandi.tables.parts import Parts, split_into
from mandi.tables.synthetic import generate

SMALL = MarketParams(
    days=150, markets=4, suppliers=10, commodities=("tur",), lots_per_day=3, optimal_filter=False
)


@pytest.fixture(scope="module")
def market(root: Path) -> tuple[dict[str, Any], dict[str, pd.DataFrame], pd.DataFrame, pd.DataFrame]:
    params, tables = load_params(root / "params.yaml"), generate(SMALL)[0]
    features = feature_set("price", params)
    history = features.history(tables)
    questions = features.questions(tables, history)
    return params, history, questions, features.assemble(questions, history)


def test_parts_are_completed_as_the_whole(market: Any, tmp_path: Path) -> None:
    params, history, questions, whole = market
    known = {name: Parts(tmp_path / name) for name in history}
    keep(history, known)
    asked, out = split_into(questions, tmp_path / "questions", 300), Parts(tmp_path / "frame")
    assert complete("price", params, known, asked, out) == len(questions)
    assert len(out) == len(asked) > 2
    pd.testing.assert_frame_equal(pd.concat(list(out)), whole, check_exact=True)


def test_another_history_in_the_same_place_is_read_anew(market: Any, tmp_path: Path) -> None:
    params, history, questions, _ = market
    known = {name: Parts(tmp_path / name) for name in history}
    asked, levels = split_into(questions.tail(50), tmp_path / "questions", 50), []
    for shift in (0.0, 0.5):
        keep(
            {**history, "levels": history["levels"].assign(level_1=history["levels"]["level_1"] + shift)},
            known,
        )
        out = Parts(tmp_path / f"frame-{shift}")
        complete("price", params, known, asked, out)
        levels.append(out.read(0).query("step == 1")["level"].to_numpy())
    assert len(levels[0]) > 5
    np.testing.assert_allclose(levels[1] - levels[0], 0.5)
