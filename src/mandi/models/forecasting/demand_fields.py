"""What the demand model is asked and what it answers."""

from __future__ import annotations

from mandi.features.demand import LONGEST_HORIZON, NEEDED_WEEKS
from mandi.models.base import Field, Spec

OUTPUTS = (
    Field("predicted_demand", "number", "tonne", "expected arrivals of the day or week", low=0.0),
    Field("lower_bound", "number", "tonne", "lower bound of the 95 % interval", low=0.0),
    Field("upper_bound", "number", "tonne", "upper bound of the 95 % interval", low=0.0),
)
REQUEST = (
    Field("commodity_id", "category", "", "commodity"),
    Field("forecast_days", "number", "day", "days ahead", low=1, high=LONGEST_HORIZON, required=False),
    Field("location", "category", "", "a state or market; the whole country if not given", required=False),
    Field("as_of", "time", "UTC", "moment of the decision, with time zone; now if not given", required=False),
)


def inputs(weeks: int) -> tuple[Field, ...]:
    """Return the columns ``predict`` reads, with so many weeks of the past.

    Examples
    --------
    >>> [field.name for field in inputs(9)][-2:], inputs(9)[-1].required
    (['w_8', 'w_9'], False)
    """
    past = tuple(
        Field(f"w_{k}", "number", "tonne/week", f"arrivals of the {k}. week back from the last day known", low=0.0,
              required=k <= NEEDED_WEEKS)
        for k in range(1, weeks + 1)
    )  # fmt: skip
    return (
        Field("commodity", "category", "", "commodity"),
        Field("location", "category", "", "India, a state or a market"),
        Field("level", "category", "", "kind of place", choices=("country", "state", "market")),
        Field("kind", "category", "", "a day, or the seven days that end with it", choices=("day", "week")),
        Field("target_day", "time", "India day", "the day, or the last of the week, asked about"),
        Field("last_day", "time", "India day", "last day on which the commodity was reported"),
        Field("steps", "number", "day", "from the last day known to the day asked about"),
        *past,
    )


WATCHED = (
    "w_1", "w_2", "w_3", "w_4", "w_5", "w_6", "w_7", "w_8",
)  # fmt: skip
"""Inputs watched for drift: no ids, no dates, no level that wanders, no count that only grows."""

SPEC = Spec(
    name="demand",
    question="How much of a commodity will arrive, day by day, in the country or a state up to 90 days ahead?",
    inputs=inputs(NEEDED_WEEKS),
    outputs=OUTPUTS,
    label="label",
    unit="tonne",
    horizons=(30, 60, LONGEST_HORIZON),
    main_metric="country.30.mape",
    lower_is_better=True,
    request=REQUEST,
    example={"commodity_id": "soybean", "forecast_days": 30},
    task="forecast",
    watched=WATCHED,
)
