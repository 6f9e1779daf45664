"""What every feature builder promises, for each model in FEATURES."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from mandi.features import FEATURES
from mandi.features.base import snapshot
from mandi.models import MODELS

Tables = dict[str, pd.DataFrame]


def _other_values(tables: Tables, when: pd.Timestamp) -> Tables:
    changed = {}
    for name, table in tables.items():
        later = (table["known_time"] > when).to_numpy()
        new = table.copy()
        for column in table.columns:
            if column in ("event_time", "known_time"):
                continue
            if pd.api.types.is_numeric_dtype(table[column]) and not pd.api.types.is_bool_dtype(table[column]):
                new[column] = np.where(
                    later, table[column].astype(float) * 1.7 + 3.0, table[column].astype(float)
                )
            elif later.sum() > 1:
                turned = table[column].to_numpy(dtype=object).copy()
                turned[later] = np.roll(turned[later], 1)
                new[column] = turned
        changed[name] = new
    return changed


def _moments(questions: pd.DataFrame) -> list[pd.Timestamp]:
    return [questions["asof"].quantile(share, interpolation="nearest") for share in (0.5, 0.8)]


def _served(built: Any, when: pd.Timestamp) -> dict[str, pd.DataFrame]:
    own = getattr(built.features, "served", None)
    kept: dict[str, pd.DataFrame] = (
        own(built.history, when, built.model) if own else snapshot(built.history, when, built.features.keys)
    )
    return kept


def test_each_model_has_features() -> None:
    assert set(FEATURES) == set(MODELS)


@pytest.mark.parametrize("place", [0, 1])
def test_changing_what_is_known_later_changes_no_feature(built: Any, place: int) -> None:
    when = _moments(built.questions)[place]
    asked = built.questions[built.questions["asof"] <= when]
    again = built.features.assemble(asked, built.features.history(_other_values(built.tables, when)))
    assert len(asked) > 100
    pd.testing.assert_frame_equal(again, built.frame.loc[asked.index], check_exact=True)


def test_changing_what_was_known_does(built: Any) -> None:
    asked = built.questions.tail(200)
    when = asked["asof"].min() - pd.Timedelta(days=60)
    again = built.features.assemble(asked, built.features.history(_other_values(built.tables, when)))
    assert not again.equals(built.frame.loc[asked.index])


def test_a_snapshot_gives_the_features_of_training(built: Any) -> None:
    for _, kind in built.questions.groupby("kind") if "kind" in built.questions else [("", built.questions)]:
        for place in (len(kind) // 3, len(kind) - 1):
            row = kind.iloc[[place]]
            served = built.features.assemble(row, _served(built, row["asof"].iloc[0]))
            pd.testing.assert_frame_equal(served, built.frame.loc[row.index], check_exact=True)


def test_a_row_depends_on_no_other_row(built: Any) -> None:
    some = built.questions.sample(300, random_state=0)
    pd.testing.assert_frame_equal(
        built.features.assemble(some, built.history), built.frame.loc[some.index], check_exact=True
    )
    alone = some.iloc[[7]]
    pd.testing.assert_frame_equal(
        built.features.assemble(alone, built.history), built.frame.loc[alone.index], check_exact=True
    )


def test_the_same_tables_give_the_same_bits_and_are_left_alone(built: Any) -> None:
    before = {name: table.copy() for name, table in built.tables.items()}
    again = built.features.history(built.tables)
    for name, state in again.items():
        pd.testing.assert_frame_equal(state, built.history[name], check_exact=True)
    questions = built.features.questions(built.tables)
    pd.testing.assert_frame_equal(questions, built.questions, check_exact=True)
    built.features.assemble(questions, again)
    for name, table in before.items():
        pd.testing.assert_frame_equal(built.tables[name], table, check_exact=True)
    for name, state in again.items():
        pd.testing.assert_frame_equal(state, built.history[name], check_exact=True)


def test_history_has_its_keys_and_no_row_twice(built: Any) -> None:
    assert set(built.features.keys) >= set(built.history)
    for name, state in built.history.items():
        columns = [*built.features.keys[name], "known_time"]
        assert not state.duplicated(columns).any() and state["known_time"].notna().all(), name


def test_no_label_is_asked_before_it_is_known(built: Any) -> None:
    ahead = built.questions["horizon_days"] > 0 if "horizon_days" in built.questions else slice(None)
    asked = built.questions[ahead]
    assert (asked["label_known_time"] > asked["asof"]).all()
    assert (built.questions["label_known_time"] >= built.questions["asof"]).all()


def test_tables_it_needs_are_a_part_of_all(built: Any) -> None:
    assert built.features.requires <= set(built.tables)
    least = {name: built.tables[name] for name in built.features.requires}
    questions = built.features.questions(least)
    assert len(built.features.assemble(questions, built.features.history(least))) == len(questions) > 0
