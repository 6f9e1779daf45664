from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any

import jsonschema_rs
import pytest
from pydantic import Field, TypeAdapter, ValidationError

from mandi.core.strict import WHOLE, MassUnit, Moment, Strict, plain_day
from mandi.core.units import ALIASES, KG


class Row(Strict):
    at: Moment | None = None
    days: Annotated[int, Field(ge=1, le=90), WHOLE] | None = None
    unit: MassUnit = "quintal"


SCHEMA = jsonschema_rs.validator_for(Row.model_json_schema(), validate_formats=True)


def reads(row: dict[str, Any]) -> bool:
    try:
        Row.model_validate(row)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    "given",
    [
        "2024-06-03T06:00:00Z", "2024-06-03t06:00:00z", "2024-06-03T06:00:00.5+05:30", "2024-06-03T06:00:00.123456789Z",
        "2024-06-03T06:00Z", "20240603T060000Z", "2024-W23-1T06:00:00Z", "2024-06-03 06:00:00Z", "2024-06-03", "2024-06-03T06Z",
        "2024-06-03T06:00:00", "2024-06-03T06:00:00+0530", "2024-06-31T06:00:00Z", "2024-06-03T24:00:00Z", "", "now",
    ],
)  # fmt: skip
def test_a_moment_is_what_the_format_of_the_contract_is(given: str) -> None:
    assert reads({"at": given}) == SCHEMA.is_valid({"at": given})


def test_a_moment_is_read_in_utc() -> None:
    assert Row(at="2024-06-03t11:30:00+05:30").at == datetime(2024, 6, 3, 6, tzinfo=UTC)  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [1, 90, 5.0, 0, 91, 5.5, -1.0, 1e300, True, "5", None])
def test_a_whole_number_is_what_the_contract_calls_one(given: Any) -> None:
    assert reads({"days": given}) == SCHEMA.is_valid({"days": given})
    assert "'ge':" not in str(Row.model_json_schema()), "a bound that no reader of schemas knows"


def test_the_contract_lists_every_unit_that_is_read() -> None:
    assert all(reads({"unit": u}) and SCHEMA.is_valid({"unit": u}) for u in (*KG, *ALIASES))
    assert not SCHEMA.is_valid({"unit": "stone"}) and not reads({"unit": "stone"})
    assert TypeAdapter(MassUnit).validate_python(" Metric  Tonnes ") == "tonne"


@pytest.mark.parametrize(
    "given", ["20240603", "2024-W23-1", "2024-6-3", "2024-02-30", "2024-06-03T00:00:00", ""]
)
def test_a_day_is_written_one_way(given: str) -> None:
    assert plain_day("2024-06-03") == date(2024, 6, 3)
    with pytest.raises(ValueError, match="is not a day"):
        plain_day(given)
