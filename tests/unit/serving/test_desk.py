from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from mandi.core.errors import StaleSnapshot
from mandi.serving.contracts import PriceRow, QualityParams
from mandi.serving.desk import Desk
from mandi.serving.package import write_service_folder
from mandi.serving.problems import BadRow

from .conftest import PARAMS, entry, toy_snapshot

KNOWN = datetime(2024, 5, 31, 18, 30, tzinfo=UTC)
MORNING = datetime(2024, 6, 1, 6, tzinfo=UTC)


def row(**fields: object) -> PriceRow:
    return PriceRow(**{"commodity_id": "soybean", "market": "Indore", **fields})  # type: ignore[arg-type]


def test_a_market_price_of_the_day_that_has_begun(desk: Desk) -> None:
    (answer,) = desk.price([row()], now=MORNING)
    assert answer.predicted_price == pytest.approx(4601.0)
    assert (answer.kind, answer.horizon_days, answer.target_day) == ("market", 1, date(2024, 6, 1))
    assert answer.lower_bound_95 < answer.lower_bound_90 < answer.predicted_price < answer.upper_bound_90
    assert (answer.measured_coverage_95, answer.measured_coverage_90) == (0.947, None)
    assert (answer.confidence, answer.model_version, answer.known_until) == (0.95, "3", KNOWN)


def test_a_lot_is_priced_for_the_day_of_the_question_in_any_unit(desk: Desk) -> None:
    lots = [row(quantity=10.0, quantity_unit="tonnes"), row(quantity=100.0)]
    in_tonnes, in_quintals = desk.price(lots, now=MORNING)
    assert in_tonnes.predicted_price == in_quintals.predicted_price == pytest.approx(4600.9)
    assert (in_tonnes.kind, in_tonnes.horizon_days, in_tonnes.target_day) == ("lot", 0, date(2024, 6, 1))
    assert in_tonnes.measured_coverage_95 == 0.951


def test_answers_keep_the_order_and_do_not_depend_on_company(desk: Desk) -> None:
    rows = [row(market=m, quantity=float(q)) for q, m in enumerate(["Dewas", "Indore"] * 20, start=1)]
    together = desk.price(rows, now=MORNING)
    alone = [desk.price([r], now=MORNING)[0] for r in rows]
    assert together == alone
    assert [a.market for a in together] == ["Dewas", "Indore"] * 20


def test_contributions_are_given_on_request_and_sum_to_the_price(desk: Desk) -> None:
    plain, explained = (desk.price([row(quantity=50.0)], now=MORNING, explain=e)[0] for e in (False, True))
    assert plain.feature_contributions is None
    assert explained.feature_contributions is not None
    assert sum(explained.feature_contributions.values()) == pytest.approx(explained.predicted_price)


def test_names_are_found_whatever_their_case_and_unknown_ones_are_refused_with_the_nearest(
    desk: Desk,
) -> None:
    assert desk.price([row(commodity_id="SoyBean", market=" indore ")], now=MORNING)[0].market == "Indore"
    with pytest.raises(BadRow, match='no commodity "soyabean" .did you mean "soybean"') as refused:
        desk.price([row(commodity_id="soyabean")], now=MORNING)
    assert refused.value.field == "commodity_id"
    with pytest.raises(BadRow, match='did you mean "Indore"') as refused:
        desk.price([row(), row(market="Indor")], now=MORNING)
    assert refused.value.field == "rows.1.market"
    with pytest.raises(BadRow, match='did you mean "Madhya Pradesh"'):
        desk.price([row(market=None, location="Madya Pradesh")], now=MORNING)


def test_a_variety_or_grade_that_no_lot_had_is_refused(desk: Desk) -> None:
    assert desk.price([row(quantity=1.0, variety="yellow", grade="b")], now=MORNING)
    with pytest.raises(BadRow, match='did you mean "Yellow"') as refused:
        desk.price([row(quantity=1.0, variety="Yelow")], now=MORNING)
    assert (refused.value.field, refused.value.allowed) == ("variety", "Black, Yellow")
    with pytest.raises(BadRow, match='no grade "Z"'):
        desk.price([row(quantity=1.0, grade="Z")], now=MORNING)


def test_a_state_is_answered_for_its_reference_market(desk: Desk) -> None:
    (answer,) = desk.price([row(market=None, location="Madhya Pradesh")], now=MORNING)
    assert answer.market == "Dewas"
    assert "is a state" in answer.notes[0]
    assert desk.price([row(market=None, location="indore")], now=MORNING)[0].market == "Indore"
    with pytest.raises(BadRow, match="neither market nor location"):
        desk.price([row(market=None)], now=MORNING)


def test_a_supplier_without_history_is_a_newcomer_and_it_is_said(desk: Desk) -> None:
    known, unknown = desk.price([row(quantity=1.0, supplier_id=s) for s in ("S1", "S9")], now=MORNING)
    assert known.notes == []
    assert 'supplier "S9" has no history' in unknown.notes[0]


def test_a_history_that_is_behind_answers_with_a_longer_step_until_it_is_too_old(desk: Desk) -> None:
    late = MORNING + timedelta(days=3)
    (answer,) = desk.price([row(horizon_days=1)], now=late)
    assert answer.target_day == date(2024, 6, 4)
    assert answer.notes == [
        "the history of Indore ends on 2024-05-31, 2 trading days behind",
        "answered and bounded as 7 days ahead, because the history is behind",
    ]
    assert answer.measured_coverage_95 == 0.94
    with pytest.raises(BadRow, match="62 trading days after") as refused:
        desk.price([row(horizon_days=60)], now=late)
    assert refused.value.allowed == "at most 58 with this history"
    with pytest.raises(StaleSnapshot, match="2024-05-31"):
        desk.price([row()], now=KNOWN + timedelta(days=10, seconds=1))
    assert desk.price([row()], now=KNOWN + timedelta(days=10))


def test_a_sunday_does_not_put_the_history_behind(tmp_path: Path, model_folder: Path, toy: None) -> None:
    saturday, monday = KNOWN + timedelta(days=1), MORNING + timedelta(days=2)
    late = entry(snapshot_time=saturday.isoformat())
    write_service_folder(tmp_path / "s", "price", model_folder, toy_snapshot(days=1), late, params=PARAMS)
    (answer,) = Desk.open(tmp_path / "s").price([row()], now=monday)
    assert (answer.known_until, answer.target_day, answer.notes) == (saturday, date(2024, 6, 3), [])


def test_age_is_measured_from_the_moment_of_the_question(desk: Desk) -> None:
    assert desk.price([row(asof=MORNING)], now=MORNING + timedelta(days=900))
    with pytest.raises(BadRow, match="before the history") as refused:
        desk.price([row(asof=KNOWN - timedelta(seconds=1))])
    assert refused.value.field == "asof"


def test_a_market_that_stopped_reporting_is_refused(desk: Desk) -> None:
    with pytest.raises(StaleSnapshot, match="Latur stopped reporting"):
        desk.price([row(market="Latur")], now=MORNING)


def test_an_old_last_report_is_told(desk: Desk) -> None:
    (answer,) = desk.price([row(commodity_id="cotton", market="Rajkot")], now=MORNING)
    assert answer.notes == ["the last report of Rajkot was 9 days old on 2024-05-31"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"quality_params": QualityParams(oil_pct=18.0)}, "quantity"),
        ({"supplier_id": "S1"}, "quantity"),
        ({"quantity": 1.0, "horizon_days": 7}, "horizon_days"),
        ({"horizon_days": 5}, "horizon_days"),
    ],
)
def test_fields_that_contradict_each_other_are_named(
    desk: Desk, fields: dict[str, object], field: str
) -> None:
    with pytest.raises(BadRow) as refused:
        desk.price([row(**fields)], now=MORNING)
    assert refused.value.field == field


@pytest.mark.parametrize("fields", [{"quantity": 5.0}, {"supplier_id": "S1"}, {"variety": "Yellow"}])
def test_a_champion_without_lots_says_what_it_cannot_use(
    tmp_path: Path, model_folder: Path, toy: None, fields: dict[str, object]
) -> None:
    metrics = {"market.1.coverage95": 0.95}
    home = tmp_path / "service"
    write_service_folder(
        home, "price", model_folder, toy_snapshot(), entry(metrics=metrics), params=PARAMS, source="agmarknet"
    )
    desk = Desk.open(home)
    with pytest.raises(BadRow, match="without lots") as refused:
        desk.price([row(**fields)], now=MORNING)
    assert refused.value.field == next(iter(fields))
    assert desk.price([row()], now=MORNING)[0].kind == "market"


def test_more_rows_than_allowed_are_refused(desk: Desk) -> None:
    with pytest.raises(BadRow, match="1001 rows"):
        desk.price([row()] * 1001, now=MORNING)


def test_what_is_served_names_an_example_that_is_answered(desk: Desk) -> None:
    (model,) = desk.models()
    assert model["commodities"] == {"cotton": 1, "soybean": 3}
    assert desk.price([PriceRow.model_validate(model["example"])])
