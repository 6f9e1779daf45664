from __future__ import annotations

import numpy as np
import pandas as pd

from mandi.models.pricing.level_line import READ, LevelLine


def _reports(rows: int = 4000, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({name: rng.normal(0, 0.01, rows) for name in (*READ, "b_own_bias", "b_lead")})
    frame["level"] = 8.5 + rng.normal(0, 0.1, rows)
    for name in ("last_log", "national_log", "state_log"):
        frame[name] = frame["level"] + rng.normal(0, 0.01, rows)
    frame["last_age"] = rng.integers(0, 5, rows) * 1.0
    frame["step"], frame["scale"] = 1.0, 0.02
    frame["national_ahead"] = rng.normal(0, 0.05, rows)
    frame["news"] = 0.5 * frame["b_own_bias"] - 0.3 * frame["neighbour_move"]
    frame["label"] = np.exp(
        frame["level"] + frame["news"] + frame["national_ahead"] + rng.normal(0, 0.005, rows)
    )
    return frame


def test_it_finds_the_news_and_not_the_nation() -> None:
    line = LevelLine.learn(_reports())
    new = _reports(seed=1)
    assert (line.move(new) - new["news"]).std() < 0.1 * new["news"].std()


def test_a_rows_bits_do_not_depend_on_the_others() -> None:
    line, new = LevelLine.learn(_reports()), _reports(50, seed=1)
    alone = [line.move(new.iloc[[i]])[0] for i in range(50)]
    np.testing.assert_array_equal(alone, line.move(new))


def test_one_wild_report_moves_little() -> None:
    reports = _reports()
    wild = reports.assign(label=reports["label"].where(reports.index != 7, 1e6))
    calm, shaken = LevelLine.learn(reports), LevelLine.learn(wild)
    assert np.abs(calm.move(reports) - shaken.move(reports)).max() < 0.001


def test_with_few_reports_or_without_a_level_nothing_moves() -> None:
    few = _reports(100)
    assert (LevelLine.learn(few).move(few) == 0.0).all()
    line = LevelLine.learn(_reports())
    assert line.move(few.assign(level=np.nan)).tolist() == [0.0] * 100
