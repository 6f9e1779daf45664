"""The controls pass a sound toy and catch each way of cheating."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError
from mandi.evaluation.controls import future_perturbation, shuffled_labels
from mandi.evaluation.differences import differing

WHEN = pd.Timestamp("2023-12-15 06:00", tz="UTC")


@pytest.fixture
def fitted(toy_model, frame):
    return toy_model().fit(frame[frame["part"] != "test"])


def test_a_causal_builder_and_its_model_do_not_move(toy_features, fitted, reports):
    result = future_perturbation(toy_features(), fitted, {"reports": reports}, WHEN, seed=1)
    assert result.passed, str(result)
    assert result.figures["questions"] == 500
    assert result.figures["changed"] > 200
    json.dumps(result.as_dict(), allow_nan=False)


def test_a_mean_over_all_time_is_caught(toy_features, reports):
    class Leaking(toy_features):
        def history(self, tables):
            found = super().history(tables)
            return {"levels": found["levels"].assign(last_log=lambda f: f["last_log"] - f["last_log"].mean())}

    result = future_perturbation(Leaking(), None, {"reports": reports}, WHEN, seed=1)
    assert not result.passed
    assert any("changed after" in text and "last_log in 500 rows" in text for text in result.differences)
    assert any("removed after" in text for text in result.differences)
    assert "FAILED" in str(result)


def test_a_join_one_report_ahead_is_caught(toy_features, reports):
    class Ahead(toy_features):
        def history(self, tables):
            early = tables["reports"].assign(known_time=lambda t: t["known_time"] - pd.Timedelta(days=1))
            return super().history({"reports": early})

    assert not future_perturbation(Ahead(), None, {"reports": reports}, WHEN, seed=1).passed


def test_questions_that_say_what_came_later_are_caught(toy_features, fitted, reports):
    class Telling(toy_features):
        def questions(self, tables, history=None):
            asked = super().questions(tables)
            return asked.assign(hint=asked["label"].round(-2))

    tables = {"reports": reports}
    given = toy_features().questions(tables)
    result = future_perturbation(Telling(), fitted, tables, WHEN, seed=1, questions=given)
    assert not result.passed and len(result.differences) == 1
    assert "question: hint in" in result.differences[0]


def test_questions_chosen_by_what_came_later_are_caught(toy_features, reports):
    class Choosing(toy_features):
        def questions(self, tables, history=None):
            asked = super().questions(tables)
            # the moments of all questions hang on what is reported last
            moved = pd.Timedelta(seconds=int(tables["reports"]["modal_price"].iloc[-1]) % 3600)
            return asked.assign(asof=asked["asof"] - moved)

    tables = {"reports": reports.sort_values("known_time")}
    result = future_perturbation(Choosing(), None, tables, WHEN, seed=1)
    assert any("questions are asked again" in text for text in result.differences)


def test_what_a_lot_says_of_itself_may_be_recorded_later_but_what_another_row_says_may_not(
    toy_features, reports
):
    moisture = np.random.default_rng(3).uniform(8, 14, len(reports))
    numbered = reports.assign(report_id=np.arange(len(reports)), moisture=moisture)

    class Measured(toy_features):
        def questions(self, tables, history=None):
            reports = tables["reports"]
            own = reports[["commodity", "market", "report_id", "moisture"]]
            own = own.assign(asof=reports["event_time"] - pd.Timedelta(hours=12))
            return super().questions(tables).merge(own, on=["commodity", "market", "asof"])

    class Next(Measured):
        def questions(self, tables, history=None):
            asked = super().questions(tables)
            return asked.assign(following=asked.groupby(["commodity", "market"])["moisture"].shift(-1))

    tables = {"reports": numbered}
    assert future_perturbation(Measured(), None, tables, WHEN, seed=1).passed
    leak = future_perturbation(Next(), None, tables, WHEN, seed=1)
    assert any("question: following in" in text for text in leak.differences)


def test_lots_are_held_against_their_own_last_moment(toy_features, fitted, reports):
    class WithLots(toy_features):
        def questions(self, tables, history=None):
            asked = super().questions(tables)
            lots = asked.assign(kind="lot", asof=asked["asof"] - pd.Timedelta(hours=3))
            return pd.concat([asked, lots], ignore_index=True)

    result = future_perturbation(WithLots(), fitted, {"reports": reports}, WHEN, seed=1, max_questions=100)
    assert result.passed
    assert result.figures["questions"] == 200


def test_a_model_that_looks_at_the_other_rows_late_is_not_blamed_on_the_features(
    toy_features, toy_model, reports
):
    class Counting(toy_model):
        calls = 0

        def predict(self, frame):
            type(self).calls += 1
            told = super().predict(frame)
            return told * (1 + 1e-15 * type(self).calls)

    model = Counting()
    model.slope, model.constant, model.half = 0.0, 0.0, {"90": 0.1, "95": 0.2}
    result = future_perturbation(toy_features(), model, {"reports": reports}, WHEN, seed=1)
    assert not result.passed
    assert all("predicted: " in text for text in result.differences)


@pytest.mark.parametrize("window", [None, 90])
def test_a_window_finds_the_same_leak_and_no_other(toy_features, fitted, reports, window):
    class Ahead(toy_features):
        def history(self, tables):
            early = tables["reports"].assign(known_time=lambda t: t["known_time"] - pd.Timedelta(days=1))
            return super().history({"reports": early})

    tables = {"reports": reports}
    asked = toy_features().questions(tables)
    leak = future_perturbation(Ahead(), None, tables, WHEN, 1, questions=asked, window_days=window)
    assert any("last_log" in text for text in leak.differences)
    sound = future_perturbation(toy_features(), fitted, tables, WHEN, 1, window_days=window)
    assert sound.passed
    assert sound.figures["questions"] == (500 if window is None else 360)


def test_a_control_that_would_prove_nothing_is_refused(toy_features, reports):
    with pytest.raises(ContractError, match="0 rows known after them"):
        early = reports.assign(known_time=reports["known_time"].min())
        future_perturbation(toy_features(), None, {"reports": early}, WHEN, seed=1)
    with pytest.raises(ContractError, match="0 questions"):
        future_perturbation(toy_features(), None, {"reports": reports}, reports["known_time"].min(), seed=1)


def test_differing_sees_the_last_bit_types_and_missing_values():
    one = pd.DataFrame({"a": [0.1, np.nan], "b": ["x", None], "c": [1, 2]})
    assert differing(one, one.copy()) == []
    assert differing(one, one.assign(a=[np.nextafter(0.1, 1), np.nan])) == ["a in 1 rows"]
    assert differing(one, one.assign(a=[np.nextafter(0.1, 1), np.nan]), rounding=1e-9) == []
    assert differing(one, one.assign(a=[0.1 + 1e-6, np.nan]), rounding=1e-9) == ["a in 1 rows"]
    assert differing(one, one.assign(a=[0.1, 0.0])) == ["a in 1 rows"]
    assert differing(one, one.assign(b=["x", "y"])) == ["b in 1 rows"]
    assert differing(one, one.assign(c=[1.0, 2.0])) == ["c is int64, then float64"]
    assert differing(one, one.drop(columns="c")) == ["c is there only once"]
    assert differing(one, one.iloc[::-1]) == ["the index"]


def test_shuffled_labels_teach_an_honest_model_nothing(toy_model, frame, predictions):
    result = shuffled_labels(toy_model, frame, seed=2, honest=predictions)
    assert result.passed, str(result)
    figures = result.figures
    assert figures["market.1.honest_mae"] < 0.8 * figures["market.1.constant_mae"]
    assert figures["market.1.shuffled_mae"] == pytest.approx(figures["market.1.constant_mae"], rel=0.03)
    assert (
        shuffled_labels(toy_model, frame, seed=2).figures == shuffled_labels(toy_model, frame, seed=2).figures
    )


def test_a_sample_of_rows_is_enough_and_keeps_its_order(toy_model, frame):
    sizes = []

    class Counting(toy_model):
        def fit(self, rows):
            sizes.append(len(rows))
            assert rows.index.is_monotonic_increasing
            return super().fit(rows)

    assert shuffled_labels(Counting, frame, seed=2, max_rows=400).passed
    assert shuffled_labels(Counting, frame, seed=2, max_rows=None).passed
    assert sizes == [400, int((frame["part"] != "test").sum())]


def test_answers_smuggled_in_beside_the_labels_are_caught(toy_model, frame):
    class Smuggling(toy_model):
        def predict(self, rows):
            told = super().predict(rows)
            return told.assign(predicted_price=frame.loc[rows.index, "label"])

    result = shuffled_labels(Smuggling, frame, seed=2)
    assert not result.passed
    assert "below a constant" in result.differences[0]


def test_what_is_known_with_the_label_is_shuffled_along(toy_model, frame):
    ahead = np.log(frame["label"]) - frame["level"]

    class Watching(toy_model):
        def fit(self, rows):
            left = np.log(rows["label"]) - rows["level"]
            assert np.allclose(left, rows["national_ahead"])
            assert not np.allclose(left, ahead.loc[rows.index])
            assert sorted(left.round(9)) == sorted(ahead.loc[rows.index].round(9))
            return super().fit(rows)

    assert shuffled_labels(Watching, frame.assign(national_ahead=ahead), seed=2).passed


def test_a_frame_without_a_test_part_or_a_base_is_refused(toy_model, frame):
    with pytest.raises(ContractError, match="no test row"):
        shuffled_labels(toy_model, frame[frame["part"] != "test"], seed=1)
    with pytest.raises(ContractError, match='no column "level"'):
        shuffled_labels(toy_model, frame.drop(columns="level"), seed=1)
