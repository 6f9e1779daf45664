"""The back-test: what a model of an origin has seen, what it answers, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ConfigError, ContractError
from mandi.evaluation.backtest import BacktestParams, asked_origins, first_origin, known_at, rolling_origin

PARAMS = BacktestParams(origins=12, refit_every=1, validation_days=30, calibration_days=30)
SINCE = pd.Timestamp("2023-11-01", tz="UTC")


@pytest.fixture
def origins(frame) -> list[pd.Timestamp]:
    return asked_origins(frame, SINCE, 12)


def test_every_row_from_the_first_origin_on_is_answered_once_by_its_own_origin(frame, toy_model, origins):
    told = rolling_origin(frame, toy_model, origins, PARAMS)
    assert told.index.is_unique
    assert set(told.index) == set(frame.index[frame["asof"] >= origins[0]])
    asof = frame.loc[told.index, "asof"]
    assert (told["origin"] <= asof).all()
    following = dict(zip(origins, [*origins[1:], asof.max() + pd.Timedelta(1, "ns")]))
    assert (asof < told["origin"].map(following)).all()
    assert told["origin"].nunique() == 12


def test_a_model_sees_only_labels_published_by_its_origin(frame, toy_model, origins):
    seen = []

    class Watching(toy_model):
        def fit(self, frame):
            seen.append((frame["label_known_time"].max(), frame["asof"].max(), set(frame["part"])))
            return super().fit(frame)

        def predict(self, frame):
            assert not {"label", "label_known_time", "national_ahead"} & set(frame.columns)
            return super().predict(frame)

    late = frame.assign(label_known_time=frame["label_known_time"] + pd.Timedelta(days=20))
    rolling_origin(late.assign(national_ahead=0.0), Watching, origins, PARAMS)
    assert len(seen) == 12
    for origin, (label_known, asof, parts) in zip(origins, seen):
        assert label_known <= origin
        assert asof <= origin - pd.Timedelta(days=20)
        assert parts == {"train", "validation", "calibration"}


def test_changed_futures_change_no_prediction_of_an_earlier_origin(frame, toy_model, origins):
    before = rolling_origin(frame, toy_model, origins, PARAMS)
    when = origins[6]
    changed = frame.assign(label=frame["label"].where(frame["label_known_time"] <= when, frame["label"] * 3))
    after = rolling_origin(changed, toy_model, origins, PARAMS)
    early = before["origin"] <= when
    pd.testing.assert_frame_equal(after[early], before[early], check_exact=True)
    assert not np.allclose(after.loc[~early, "predicted_price"], before.loc[~early, "predicted_price"])


def test_parts_are_purged_between_each_other(frame):
    late = frame.assign(label_known_time=frame["label_known_time"] + pd.Timedelta(days=5))
    known = known_at(late, SINCE, PARAMS)
    for part, following in (("train", "validation"), ("validation", "calibration")):
        limit = known.loc[known["part"] == following, "asof"].min()
        assert known.loc[known["part"] == part, "label_known_time"].max() <= limit + pd.Timedelta(days=1)
    assert len(known) < ((late["label_known_time"] <= SINCE) & (late["asof"] < SINCE)).sum()


def test_refitting_every_third_origin_says_until_when_it_learned(frame, toy_model, origins):
    told = rolling_origin(frame, toy_model, origins, BacktestParams(12, 3, 30, 30))
    assert told["fitted_until"].nunique() == 4
    assert (told["fitted_until"] <= told["origin"]).all()
    assert sorted(told["fitted_until"].unique()) == origins[::3]


def test_progress_says_which_fit_answers(frame, toy_model, origins):
    lines: list[str] = []
    rolling_origin(
        frame, toy_model, origins, BacktestParams(12, 6, 30, 30), lambda *line: lines.append(line[2])
    )
    assert [line.endswith("fitted anew") for line in lines] == [i % 6 == 0 for i in range(12)]
    assert lines[7].endswith(f"fitted {origins[6].date()}")


def test_the_back_test_begins_with_the_calibration_part_where_the_history_allows(frame):
    starts = frame.groupby("part")["asof"].min()
    assert first_origin(frame, PARAMS) == starts["calibration"] < starts["test"]
    long = BacktestParams(validation_days=200, calibration_days=180)
    assert first_origin(frame, long) == starts["test"]
    assert first_origin(frame[frame["part"] != "calibration"], PARAMS) == starts["test"]
    with pytest.raises(ConfigError, match="no test part"):
        first_origin(frame[frame["part"] == "train"], PARAMS)


def test_progress_is_told_and_the_frame_left_alone(frame, toy_model, origins):
    lines: list[tuple[int, int, str]] = []
    copy = frame.copy()
    rolling_origin(frame, toy_model, origins, PARAMS, progress=lambda *line: lines.append(line))
    assert [line[:2] for line in lines] == [(i + 1, 12) for i in range(12)]
    pd.testing.assert_frame_equal(frame, copy)


def test_too_few_or_unordered_origins_and_short_histories_are_refused(frame, toy_model, origins):
    with pytest.raises(ConfigError, match="at least 12"):
        rolling_origin(frame, toy_model, origins[:11], PARAMS)
    with pytest.raises(ConfigError, match="not in order"):
        rolling_origin(frame, toy_model, origins[::-1], PARAMS)
    with pytest.raises(ConfigError, match="older than validation"):
        rolling_origin(frame, toy_model, origins, BacktestParams(12, 1, 300, 300))
    with pytest.raises(ContractError, match="twice"):
        rolling_origin(pd.concat([frame, frame]), toy_model, origins, PARAMS)
    with pytest.raises(ConfigError, match="questions on 5 days"):
        asked_origins(frame, frame["asof"].dt.normalize().drop_duplicates().nlargest(5).min(), 12)
