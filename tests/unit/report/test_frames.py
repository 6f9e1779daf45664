from __future__ import annotations

import numpy as np
import pandas as pd

from mandi.report.frames import facts, table


def frame() -> pd.DataFrame:
    return pd.DataFrame({
        "market": ["Dewas <A>", None], "price": [4350.128, np.nan], "skill": [0.15327, -0.02], "rows": [1200, 7],
        "asof": pd.to_datetime(["2024-01-02 06:00", "2024-01-03 06:00"], utc=True),
        "day": pd.to_datetime(["2024-01-02", "2024-01-03"]), "worst": [True, False],
    })  # fmt: skip


def test_numbers_times_and_gaps_are_written_for_a_reader() -> None:
    cells = table(frame()).cells
    assert cells.loc[0].tolist() == [
        "Dewas <A>",
        "4,350",
        "0.153",
        "1,200",
        "2024-01-02 06:00",
        "2024-01-02",
        "yes",
    ]
    assert cells.loc[1, ["market", "price"]].tolist() == ["-", "-"]


def test_html_escapes_and_says_what_is_not_shown() -> None:
    shown = table(frame(), "Prices", rows=1, units={"price": "INR/quintal"})
    text = shown._repr_html_()
    assert "Dewas &lt;A&gt;" in text and "<A>" not in text
    assert "1 of 2 rows" in text and "INR/quintal" in text and "Prices" in text


def test_an_empty_frame_and_a_repeated_index() -> None:
    assert "<tbody></tbody>" in table(frame().iloc[:0])._repr_html_()
    twice = pd.concat([frame(), frame()])
    assert len(table(twice, rows=4).cells) == 4


def test_facts() -> None:
    cells = facts({"a": np.float64(0.123456), "b": None, "c": True, "d": 12345.6, "e": float("nan")}).cells
    assert cells[" "].tolist() == ["0.1235", "-", "yes", "12,346", "-"]


def test_figures_of_several_kinds_in_one_column() -> None:
    mixed = pd.DataFrame({"metric": ["mae", "skill"], "value": [1234.56, 0.12345]})
    assert table(mixed, mixed=True).cells["value"].tolist() == ["1,235", "0.1235"]


def test_only_a_long_text_may_break_over_lines() -> None:
    shown = facts({"answer": "word " * 20, "provider": "mock"})._repr_html_()
    assert shown.count("white-space:normal") == 1
