"""The matching counter: what is returned satisfies every hard constraint, and where nothing does it says why."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from starlette.testclient import TestClient

from mandi.core.errors import ContractError, StaleSnapshot
from mandi.features.base import known_until, served_state, snapshot
from mandi.features.matching import MatchingFeatures
from mandi.features.ranking.hard_constraints import CONSTRAINTS
from mandi.models.matching import MatchingModel
from mandi.serving.counters.matching import MatchingCounter
from mandi.serving.desk import Desk
from mandi.serving.matching_contracts import MatchingRow
from mandi.serving.package import write_service_folder
from mandi.serving.problems import BadRow
from mandi.serving.snapshot import Champion, ServingParams

from ...gates import app_of
from ..models.test_matching import LEARNT, SMALL
from ..models.trade_tables import trade_tables


class World:
    """A fitted model, the counter it is served at, and the tables behind it."""

    def __init__(self) -> None:
        self.tables = trade_tables(900, 330)
        self.features = MatchingFeatures(SMALL)
        self.history = self.features.history(self.tables)
        frame = self.features.assemble(self.features.questions(self.tables, self.history), self.history)
        self.model = MatchingModel(SMALL).fit(frame[frame["part"].isin(LEARNT)])
        self.until = known_until(self.features, self.history)
        state = served_state(self.features, self.history, self.model)
        self.champion = Champion("matching", "4", "r", "h", self.until, {}, self.model, self.features, state)
        self.counter = MatchingCounter(self.champion, ServingParams())
        self.now = (self.until + pd.Timedelta(hours=2)).to_pydatetime()

    def ask(self, explain: bool = False, **fields: Any) -> Any:
        (answer,) = self.counter.answer([want(**fields)], self.now, explain)
        return answer


def want(**fields: Any) -> MatchingRow:
    described = {"commodity_id": "soybean", "location": "Dewas", "quantity": 100.0, "max_price": 4900.0}
    return MatchingRow(**(fields if "requirement_id" in fields else described | fields))


@pytest.fixture(scope="module")
def world() -> World:
    return World()


def test_every_match_returned_satisfies_every_constraint(world: World) -> None:
    sold = world.tables["availabilities"].set_index("availability_id")
    rows = [
        want(commodity_id=c, location=place, max_price=price, max_distance_km=km, min_grade=grade, k=50)
        for c in ("soybean", "tur") for place in ("Dewas", "Guntur") for price in (4300.0, 4600.0, 5000.0)
        for km in (300.0, 900.0, None) for grade in ("A", "B", None)
    ]  # fmt: skip
    returned = 0
    for row, answer in zip(rows, world.counter.answer(rows, world.now, False), strict=True):
        assert min(answer.candidates_considered, 50) == len(answer.matches)
        for match in answer.matches:
            offer = sold.loc[match.availability_id]
            assert offer["commodity"] == row.commodity_id and offer["ask_price"] <= row.max_price
            assert offer["quantity"] >= 0.1 * row.quantity and offer["grade"] <= (row.min_grade or "D")
            assert row.max_distance_km is None or match.distance_km <= row.max_distance_km
            assert offer["ready_until"] >= world.until.normalize()
            assert match.satisfied == list(CONSTRAINTS) and match.violated == []
        returned += len(answer.matches)
    assert returned > 100


def test_the_best_come_first_and_k_cuts_them(world: World) -> None:
    every, first = world.ask(k=50), world.ask(k=2)
    scores = [match.match_score for match in every.matches]
    assert len(scores) > 5 and scores == sorted(scores, reverse=True) and 0 < scores[-1] <= scores[0] <= 1
    assert first.matches == every.matches[:2]
    assert first.candidates_considered == every.candidates_considered


def test_the_breakdown_is_that_of_the_rule_and_sums(world: World) -> None:
    for match in world.ask(k=20, min_grade="C").matches:
        told = match.breakdown
        parts = told.quantity + told.price + told.quality + told.location + told.delivery
        assert parts == pytest.approx(told.total) and 0 <= told.total <= 100
        assert told.quantity == pytest.approx(min(match.quantity / 100.0, 1.0) * 30)


def test_explained_the_contributions_sum_to_each_score(world: World) -> None:
    answer = world.ask(explain=True)
    assert set(answer.contributions) == {match.availability_id for match in answer.matches}
    for match in answer.matches:
        assert sum(answer.contributions[match.availability_id].values()) == pytest.approx(match.match_score)
    assert world.ask().contributions is None


def test_among_others_a_want_is_answered_as_alone(world: World) -> None:
    rows = [want(max_price=float(price), k=3) for price in range(4200, 5000, 40)]
    together = world.counter.answer(rows, world.now, True)
    for row, answer in zip(rows, together, strict=True):
        assert world.counter.answer([row], world.now, True) == [answer]


def test_scores_are_those_of_the_model_on_the_same_pairs(world: World) -> None:
    answer = world.ask(k=50)
    ids = [match.availability_id for match in answer.matches]
    asked = pd.DataFrame(
        {"availability_id": ids, "buyer_id": None, "commodity": "soybean", "market": "Dewas", "min_grade": "unknown",
         "quantity": 100.0, "max_price": 4900.0, "max_distance_km": np.nan}
    )  # fmt: skip
    day = (pd.Timestamp(world.now) + pd.Timedelta(hours=5.5)).normalize()  # in India
    asked = asked.assign(
        deliver_from=day, deliver_until=day + pd.Timedelta(days=14), asof=pd.Timestamp(world.now)
    )
    known = snapshot(world.history, world.until, world.features.keys)
    expected = world.model.predict(world.features.assemble(asked, known))["match_score"]
    np.testing.assert_allclose([match.match_score for match in answer.matches], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("changed", "constraint"),
    [({"max_price": 100.0}, "price_ceiling"), ({"quantity": 1e6}, "quantity"), ({"max_distance_km": 0.5, "location": "Nowhere"}, "distance")],
)  # fmt: skip
def test_where_nothing_will_do_it_says_what_excludes_how_many(
    world: World, changed: dict[str, Any], constraint: str
) -> None:
    if changed.get("location") == "Nowhere":
        with pytest.raises(BadRow, match="Nowhere"):
            world.ask(**changed)
        return
    answer = world.ask(**changed)
    assert answer.matches == [] and answer.candidates_considered == 0
    assert answer.excluded[constraint] == answer.offers_open > 0
    assert set(answer.excluded) == set(CONSTRAINTS)
    assert constraint.replace("_", " ") in answer.notes[-1]


def test_a_posted_want_is_asked_by_its_name(world: World) -> None:
    open_wants = world.champion.history["wants"]
    posted = open_wants.iloc[-1]
    answer = world.ask(requirement_id=posted["requirement_id"])
    assert (answer.requirement_id, answer.commodity_id) == (posted["requirement_id"], posted["commodity"])
    described = world.ask(
        commodity_id=posted["commodity"], location=posted["market"], quantity=posted["quantity"],
        max_price=posted["max_price"], min_grade=posted["min_grade"], max_distance_km=posted["max_distance_km"],
        buyer_id=posted["buyer_id"], deliver_from=posted["deliver_from"].date(),
        deliver_until=posted["deliver_until"].date(),
    )  # fmt: skip
    assert described.matches == answer.matches
    with pytest.raises(BadRow, match="no open want") as refused:
        world.ask(requirement_id="R0000")  # long over
    assert refused.value.field == "requirement_id"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"commodity_id": "soyabean"}, "commodity_id"),
        ({"location": "Dewass"}, "location"),
        ({"min_grade": "Z"}, "min_grade"),
        ({"deliver_until": date(2020, 1, 1)}, "deliver_until"),
        ({"asof": datetime(2024, 1, 2, tzinfo=UTC)}, "asof"),
    ],
)
def test_a_field_that_cannot_be_used_is_named_in_its_row(
    world: World, changed: dict[str, Any], field: str
) -> None:
    with pytest.raises(BadRow) as refused:
        world.counter.answer([want(), want(**changed)], world.now, False)
    assert refused.value.field == f"rows.1.{field}" and refused.value.allowed


def test_offers_grow_too_old(world: World) -> None:
    later = world.now + timedelta(days=11)
    with pytest.raises(StaleSnapshot, match="known until"):
        world.counter.answer([want()], later, False)


def test_offers_that_end_meanwhile_are_not_returned(world: World) -> None:
    later = world.now + timedelta(days=9)
    (answer,) = world.counter.answer([want(k=50)], later, False)
    sold = world.tables["availabilities"].set_index("availability_id")
    ends = [sold.loc[match.availability_id, "ready_until"] for match in answer.matches]
    assert ends and min(ends) >= pd.Timestamp(later).normalize()
    assert len(ends) < len(world.ask(k=50).matches)


def test_notes_say_what_was_assumed(world: World) -> None:
    assert any("deliver_until" in note for note in world.ask().notes)
    assert any('buyer "new" has no history' in note for note in world.ask(buyer_id="new").notes)
    assert world.ask(deliver_until=(world.until + pd.Timedelta(days=5)).date()).notes == []


def test_quantities_are_converted(world: World) -> None:
    tonnes, quintals = world.ask(quantity=10.0, quantity_unit="tonnes"), world.ask(quantity=100.0)
    assert tonnes.matches == quintals.matches


@pytest.mark.parametrize(
    "fields",
    [
        {"requirement_id": "R1", "quantity": 3.0},
        {"commodity_id": "soybean"},
        {"commodity_id": "soybean", "location": "Dewas", "quantity": 1.0, "max_price": 1.0, "k": 0},
        {
            "commodity_id": "soybean",
            "location": "Dewas",
            "quantity": 1.0,
            "max_price": 1.0,
            "deliver_from": "soon",
        },
    ],
)
def test_half_a_want_or_two_of_them_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        MatchingRow(**fields)


def test_the_example_is_answered_and_an_absurd_answer_refused(world: World) -> None:
    example = world.counter.about()["example"]
    (answer,) = world.counter.answer([MatchingRow.model_validate(example)], world.now, True)
    world.counter.check(answer)
    assert answer.matches
    backwards = answer.model_copy(
        update={"matches": [m.model_copy(update={"match_score": 0.0}) for m in answer.matches]}
    )
    for absurd in (backwards, answer.model_copy(update={"matches": []})):
        with pytest.raises(ContractError, match="the example"):
            world.counter.check(absurd)


def test_over_http_a_thousand_wants_cost_at_most_half_of_one_each(world: World, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    world.model.save(tmp_path / "model")
    entry = {"version": "4", "snapshot_time": world.until, "metrics": {}}
    params = {"models": {"matching": dataclasses.asdict(SMALL)}}
    state = dict(world.champion.history)
    write_service_folder(tmp_path / "service", "matching", tmp_path / "model", state, entry, params=params)
    app = app_of(Desk.open(tmp_path / "service"))
    client = TestClient(app)
    one = {"commodity_id": "soybean", "location": "Dewas", "quantity": 100.0, "max_price": 4900.0,
           "asof": world.now.isoformat()}  # fmt: skip
    many = {"rows": [{**one, "max_price": 4400.0 + i % 500} for i in range(1000)]}
    assert client.post(MatchingCounter.path, json=one).status_code == 200
    started = process_time()
    for _ in range(60):
        client.post(MatchingCounter.path, json=one)
    alone = (process_time() - started) / 60
    started = process_time()
    assert len(client.post(MatchingCounter.path, json=many).json()["answers"]) == 1000
    assert (process_time() - started) / 1000 <= 0.5 * alone


def test_the_counter_is_built_from_what_is_saved(world: World, tmp_path: Path) -> None:
    world.model.save(tmp_path)
    again = Champion("matching", "4", "r", "h", world.until, {}, MatchingModel.load(tmp_path), world.features,
                     world.champion.history)  # fmt: skip
    answer = MatchingCounter(again, ServingParams()).answer([want()], world.now, True)
    assert answer == world.counter.answer([want()], world.now, True)


def test_nothing_to_explain_is_explained_as_nothing(world: World) -> None:
    answer = world.ask(explain=True, max_price=100.0)
    assert (answer.matches, answer.contributions) == ([], {})


def test_a_posted_want_that_is_over_is_refused(world: World) -> None:
    posted = world.champion.history["wants"].sort_values("deliver_until").iloc[0]
    over = posted["deliver_until"] + pd.Timedelta(hours=18, minutes=30)  # midnight in India
    asof = max(over, world.until).to_pydatetime()
    with pytest.raises(BadRow, match="this want ended on") as refused:
        world.counter.answer([want(requirement_id=posted["requirement_id"], asof=asof)], world.now, False)
    assert refused.value.field == "requirement_id"


def test_offers_that_ended_are_not_counted_as_open(world: World) -> None:
    later = (world.now + timedelta(days=9)).replace(hour=6)
    (answer,) = world.counter.answer([want(max_price=100.0)], later, False)
    offers = world.champion.history["offers"].query("offer_commodity == 'soybean'")
    assert (
        answer.offers_open == (offers["ready_until"] >= pd.Timestamp(later).normalize()).sum() < len(offers)
    )
    assert answer.excluded["price_ceiling"] == answer.offers_open


def test_a_first_day_in_the_past_is_today_and_grades_are_read_in_any_case(world: World) -> None:
    asked = {"deliver_until": (world.until + pd.Timedelta(days=9)).date(), "k": 50}
    moved = world.ask(**asked, deliver_from=(world.until - pd.Timedelta(days=9)).date(), min_grade=" b")
    assert moved.matches == world.ask(**asked, min_grade="B").matches
    assert "is over: delivery from" in moved.notes[0]


def test_in_blocks_of_any_size_the_answers_are_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [want(max_price=float(price), k=3) for price in range(4200, 5000, 80)]
    whole = world.counter.answer(rows, world.now, True)
    monkeypatch.setattr("mandi.serving.counters.matching.PAIRS_AT_ONCE", 10)
    assert world.counter.answer(rows, world.now, True) == whole
