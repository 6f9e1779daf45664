"""Folds never look ahead, and never at the parts that tuning may not see."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import slope

from mandi.core.errors import ConfigError, ContractError, TooLittleData
from mandi.models.base import Task
from mandi.tuning.folds import FoldParams, folds, open_rows, past_of
from mandi.tuning.losses import loss_of
from mandi.tuning.scorers import scorers

sys.path.insert(0, str(Path(__file__).parents[1] / "models"))
from fraud_frames import deals

LAYOUT = FoldParams(count=3, first=0.5)
TASKS: list[Task] = ["price", "forecast", "grading", "ranking"]


def losses(frame: pd.DataFrame) -> list[float]:
    params = {"models": {"slope": {"slope": {"share": 0.2}, "lift": 30}}}
    score, _ = scorers("slope", params, open_rows(frame), LAYOUT, loss_of("price"), 2)
    return [score({"slope.share": 0.4, "lift": 12}, fold) for fold in range(LAYOUT.count)]


@pytest.mark.parametrize("task", TASKS)
def test_what_is_learnt_was_known_at_the_origin(task: Task) -> None:
    for fold in folds(open_rows(slope.lots()), task, LAYOUT):
        assert (fold.learn["label_known_time"] <= fold.origin).all() and (
            fold.learn["asof"] < fold.origin
        ).all()
        assert (fold.asked["asof"] >= fold.origin).all() and (fold.asked["asof"] < fold.until).all()


def test_the_scored_times_follow_one_another_and_end_with_validation() -> None:
    rows = open_rows(slope.lots())
    laid = folds(rows, "price", LAYOUT)
    assert [a.until == b.origin for a, b in zip(laid, laid[1:])] == [True, True]
    later = rows[rows["asof"] >= laid[0].origin]
    assert sum(len(fold.asked) for fold in laid) == len(later)


def test_the_parts_of_an_origin_are_in_order_and_purged() -> None:
    for fold in folds(open_rows(slope.lots()), "price", LAYOUT):
        by = fold.learn.groupby("part")
        ends, starts = by["label_known_time"].max(), by["asof"].min()
        assert set(by.groups) == {"train", "validation", "calibration"}
        assert ends["train"] <= starts["validation"] and ends["validation"] <= starts["calibration"]


def test_a_changed_future_changes_no_loss_before_it(known: None) -> None:
    frame = slope.lots()
    before = losses(frame)
    laid = folds(open_rows(frame), "price", LAYOUT)
    for number, fold in enumerate(laid):
        changed = frame.copy()
        later = changed["asof"] >= fold.until
        changed.loc[later, ["label", "level"]] *= 3.0
        after = losses(changed)
        assert after[: number + 1] == before[: number + 1]  # to the last bit
        assert number + 1 == len(laid) or after[number + 1] != before[number + 1]


def test_calibration_and_test_are_never_looked_at(known: None) -> None:
    frame = slope.lots()
    before = losses(frame)
    changed = frame.copy()
    changed.loc[changed["part"].isin(["calibration", "test"]), ["label", "level"]] = np.nan
    assert losses(changed) == before
    closed = frame.index[frame["part"].isin(["calibration", "test"])]
    assert slope.SEEN and not any(seen.index.isin(closed).any() for seen in slope.SEEN)


def test_a_label_that_came_after_the_origin_is_not_learnt(known: None) -> None:
    frame = slope.lots()
    first = folds(open_rows(frame), "price", LAYOUT)[0]
    late = frame["asof"].between(first.origin - pd.Timedelta(days=3), first.origin, inclusive="left")
    assert late.any()
    changed = frame.assign(label=frame["label"].where(~late, frame["label"] * 5.0))
    assert losses(changed)[0] == losses(frame)[0]


def test_a_fraud_found_out_later_counts_as_honest_then() -> None:
    frame = deals(600)
    frame = frame.assign(
        honest_from=frame["asof"], label_known_time=frame["asof"] + pd.Timedelta(hours=200), label_then=1.0
    )
    rows = open_rows(frame)
    origin = rows["asof"].iloc[300]
    past = past_of(rows, origin, "detection")
    unknown = past["label_known_time"] > origin
    assert unknown.any() and (past.loc[unknown, "label"] == 0.0).all()
    assert (past["label_then"] == past["label"]).all()
    assert past.loc[~unknown, "label"].equals(rows.loc[past.index[~unknown], "label"])
    for fold in folds(rows, "detection", LAYOUT):
        assert (fold.learn["asof"] < fold.origin).all()
        assert set(fold.learn["part"]) == {"train", "validation", "calibration"}


def test_honesty_that_is_known_months_late_leaves_every_part_honest_deals() -> None:
    frame = deals(900)
    mature = frame["asof"] + pd.Timedelta(hours=150)
    early = frame["asof"] + pd.Timedelta(hours=5)
    frame = frame.assign(honest_from=mature, label_known_time=mature.where(frame["label"] == 0.0, early))
    for fold in folds(open_rows(frame), "detection", LAYOUT):
        honest = fold.learn[fold.learn["label"] == 0.0]
        assert honest.groupby("part").size().min() >= 10
        assert (honest["honest_from"] <= fold.origin).all()


def test_offers_without_an_answer_stay_beside_those_with_one() -> None:
    frame = slope.lots()
    frame.loc[::4, "label"] = np.nan
    assert folds(open_rows(frame), "ranking", LAYOUT)[0].learn["label"].isna().any()


def test_what_was_purged_before_validation_is_open_once_it_was_known_and_no_sooner() -> None:
    frame = slope.lots()
    start = frame.loc[frame["part"] == "validation", "asof"].min()
    end = frame.loc[frame["part"] == "calibration", "asof"].min()
    frame.loc[(frame["part"] == "train") & (frame["label_known_time"] > start), "part"] = "purged"
    frame.loc[(frame["part"] == "validation") & (frame["label_known_time"] > end), "part"] = "purged"
    rows = open_rows(frame)
    assert (frame["part"] == "purged").sum() == 4 and len(rows) == (frame["asof"] < end).sum() - 2
    assert (rows["label_known_time"] <= end).all() and set(rows["part"]) == {"train", "validation"}
    for fold in folds(rows, "price", LAYOUT):
        assert (fold.learn["label_known_time"] <= fold.origin).all()


def test_rows_of_other_parts_are_refused() -> None:
    with pytest.raises(ContractError, match="calibration, test"):
        folds(slope.lots(), "price", LAYOUT)
    with pytest.raises(ContractError, match="label_known_time"):
        open_rows(slope.lots().drop(columns="label_known_time"))


def test_too_little_is_said() -> None:
    rows = open_rows(slope.lots())
    with pytest.raises(TooLittleData, match="0 rows are known"):
        folds(rows, "price", FoldParams(count=1, first=0.001))
    with pytest.raises(TooLittleData):
        folds(rows.iloc[:0], "price")
    with pytest.raises(ConfigError):
        FoldParams(count=0)
    with pytest.raises(ConfigError):
        FoldParams(validation=0.5, calibration=0.5)
