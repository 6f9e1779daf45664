from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from mandi.core.errors import ContractError, StaleSnapshot
from mandi.features.base import known_until
from mandi.features.demand import DemandFeatures
from mandi.serving.counters.demand import DemandCounter, DemandRow
from mandi.serving.problems import BadRow
from mandi.serving.snapshot import Champion, ServingParams

sys.path.insert(0, str(Path(__file__).parents[2]))
from demand_market import taught


@pytest.fixture(scope="module")
def champion() -> Champion:
    params, history, _, model = taught()
    features = DemandFeatures(params)
    until = known_until(features, history)
    metrics = {"country.day.30.coverage95": 0.94, "place.day.90.coverage95": 0.93}
    served = features.served(history, until, model)
    return Champion("demand", "3", "r", "h", until, metrics, model, features, served)


@pytest.fixture(scope="module")
def counter(champion: Champion) -> DemandCounter:
    return DemandCounter(champion, ServingParams())


def test_an_answer_is_the_forecast_of_the_table(counter: DemandCounter, champion: Champion) -> None:
    now = champion.known_until.to_pydatetime()
    (answer,) = counter.answer([DemandRow(commodity_id="Tur", forecast_days=40)], now, explain=True)
    table = champion.history["forecasts"]
    mine = table[(table["commodity"] == "tur") & (table["location"] == "India")].head(40)
    assert [d.date for d in answer.forecast] == [d.date() for d in mine["target_day"]]
    assert [d.predicted_demand for d in answer.forecast] == mine["predicted_demand"].tolist()
    assert [d.lower_bound for d in answer.forecast] == mine["lower_bound"].tolist()
    assert (
        answer.location == "India"
        and answer.unit == "tonne"
        and answer.notes == []
        and answer.measured_coverage is None
    )
    assert answer.total_demand == pytest.approx(mine["predicted_demand"].sum())
    assert sum((answer.feature_contributions or {}).values()) == pytest.approx(answer.total_demand)
    counter.check(answer)


def test_the_first_day_is_the_first_one_not_over(counter: DemandCounter, champion: Champion) -> None:
    later = champion.known_until + pd.Timedelta(days=3, hours=6)
    (answer,) = counter.answer(
        [DemandRow(commodity_id="tur", as_of=later.to_pydatetime())], later.to_pydatetime(), False
    )
    india = later.tz_convert("Asia/Kolkata")
    assert answer.forecast[0].date == india.date() and len(answer.forecast) == 30
    assert "3 days" in answer.notes[0] and answer.measured_coverage == 0.94


def test_places_fall_back_to_their_state_and_to_the_country(champion: Champion) -> None:
    now = champion.known_until.to_pydatetime()
    counter = DemandCounter(champion, ServingParams())
    rows = [
        DemandRow(commodity_id="tur", location=place, forecast_days=90)
        for place in ("karnataka", "KARNATAKA town", "India")
    ]
    told = counter.answer(rows, now, False)
    assert [a.location for a in told] == ["Karnataka", "Karnataka", "India"]
    assert (
        told[0].notes == []
        and "no series of its own" in told[1].notes[0]
        and told[0].measured_coverage == 0.93
    )
    forecasts = champion.history["forecasts"]
    without = {**champion.history, "forecasts": forecasts[forecasts["location"] != "Rajasthan"]}
    (fallback,) = DemandCounter(replace(champion, history=without), ServingParams()).answer(
        [DemandRow(commodity_id="tur", location="Rajasthan")], now, False
    )
    assert fallback.location == "India" and "all India" in fallback.notes[0]


def test_what_cannot_be_answered_is_said_where(counter: DemandCounter, champion: Champion) -> None:
    now = champion.known_until
    good = DemandRow(commodity_id="tur")
    for row, field in (
        (DemandRow(commodity_id="zinc"), "rows.1.commodity_id"),
        (DemandRow(commodity_id="tur", location="Atlantis"), "rows.1.location"),
        (DemandRow(commodity_id="tur", as_of=(now - pd.Timedelta(days=2)).to_pydatetime()), "rows.1.as_of"),
    ):
        with pytest.raises(BadRow) as refused:
            counter.answer([good, row], now.to_pydatetime(), False)
        assert refused.value.field == field
    with pytest.raises(StaleSnapshot, match="before the moment asked about") as stale:
        counter.answer([good], (now + pd.Timedelta(days=11)).to_pydatetime(), False)
    assert "mandi repro" in str(stale.value) and stale.value.field == "as_of"
    limited = DemandCounter(champion, ServingParams(max_rows=1, max_history_age_days=60))
    with pytest.raises(BadRow, match="2 rows"):
        limited.answer([good, good], now.to_pydatetime(), False)
    far = (now + pd.Timedelta(days=40)).to_pydatetime()
    with pytest.raises(BadRow, match="reach to"):
        limited.answer([DemandRow(commodity_id="tur", forecast_days=90)], far, False)


@pytest.mark.parametrize(
    "wrong", [{"forecast_days": 0}, {"forecast_days": 91}, {"as_of": "2024-05-01T00:00:00"}, {"days": 3}]
)
def test_a_request_of_another_shape_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        DemandRow.model_validate({"commodity_id": "tur", **wrong})


def test_the_example_is_answered(counter: DemandCounter, champion: Champion) -> None:
    about = counter.about()
    row = DemandRow.model_validate(about["example"])
    (answer,) = counter.answer([row], champion.known_until.to_pydatetime(), False)
    counter.check(answer)
    assert about["locations"]["tur"] == ["India", "Karnataka", "Rajasthan"]


def test_absurd_answers_are_not_served(counter: DemandCounter, champion: Champion) -> None:
    (answer,) = counter.answer([DemandRow(commodity_id="tur")], champion.known_until.to_pydatetime(), False)
    nothing = answer.model_copy(update={"total_demand": 0.0})
    day = answer.forecast[0].model_copy(update={"lower_bound": answer.forecast[0].upper_bound + 1.0})
    for absurd in (nothing, answer.model_copy(update={"forecast": [day, *answer.forecast[1:]]})):
        with pytest.raises(ContractError):
            counter.check(absurd)
    broken = champion.history["forecasts"].copy()
    broken.loc[3, "upper_bound"] = np.nan
    with pytest.raises(ContractError, match="no number"):
        DemandCounter(replace(champion, history={**champion.history, "forecasts": broken}), ServingParams())


def test_an_answer_costs_little(counter: DemandCounter, champion: Champion) -> None:
    now, row = champion.known_until.to_pydatetime(), [DemandRow(commodity_id="tur", forecast_days=90)]
    counter.answer(row, now, True)
    started = time.process_time()
    for _ in range(20):
        counter.answer(row, now, True)
    assert (time.process_time() - started) / 20 < 0.01
