"""Columns of the matching model with kind, unit and meaning: what it reads, what a caller sends, what it answers."""

from __future__ import annotations

from mandi.features.ranking.hard_constraints import CONSTRAINTS
from mandi.models.base import Field, Spec
from mandi.models.ranking.match_rule import PARTS, WEIGHTS

WHO = (
    Field("commodity", "category", "", "what is wanted"),
    Field("buyer_id", "category", "", "who wants it; an unknown one has no tastes yet", required=False),
    Field(
        "seller_id", "category", "", "who offers it; an unknown one is nobody in particular", required=False
    ),
    Field("market", "category", "", "where it must go", required=False),
    Field("offer_market", "category", "", "where it is", required=False),
    Field("variety", "category", "", "variety offered", required=False),
    Field("grade", "category", "", "grade offered", required=False),
    Field("min_grade", "category", "", "lowest grade taken", required=False),
)
_NUMBERS: tuple[tuple[str, str, str], ...] = (
    ("price_saved", "share", "of the price ceiling that the ask leaves"),
    ("price_room", "log", "price ceiling over the usual ask of the commodity in the last days"),
    ("ask_level", "log", "ask over the usual ask"),
    ("max_distance_km", "km", "farthest the buyer takes"),
    ("distance_km", "km", "great circle between both markets"),
    ("distance_share", "share", "of the farthest distance the buyer takes"),
    ("grade_steps", "grade", "grades above the floor"),
    ("floor_rank", "grade", "lowest grade taken, 0 is the best"),
    ("offer_rank", "grade", "grade offered, 0 is the best"),
    ("quantity_ratio", "log", "quantity offered over quantity wanted"),
    ("want_size", "log", "quantity wanted over the usual offer of the commodity"),
    ("offer_size", "log", "quantity offered over the usual offer"),
    ("window_share", "share", "of the wanted delivery window in which the offer is ready"),
    ("window_wait", "day", "from the first day wanted to the first day ready"),
    ("window_days", "day", "length of the wanted delivery window"),
    ("offer_age_days", "day", "since the offer was posted"),
    ("seller_credit", "0-100", "credit score of the seller, last known"),
    ("seller_rate", "share", "of the seller's shown offers that were taken, shrunken"),
    ("dealing_rate", "share", "of those shown to this buyer that were taken, shrunken"),
    ("latitude", "degree", "of the place of delivery"),
    ("longitude", "degree", "of the place of delivery"),
    ("offer_latitude", "degree", "of the market of the offer"),
    ("offer_longitude", "degree", "of the market of the offer"),
)  # fmt: skip
NUMBERS = tuple(Field(name, "number", unit, meaning) for name, unit, meaning in _NUMBERS)
MEETS = tuple(
    Field(
        f"meets_{name}", "number", "0 or 1", f"the hard constraint on {name.replace('_', ' ')} is satisfied"
    )
    for name in CONSTRAINTS
)
INPUTS = (*WHO, *NUMBERS, *MEETS)
OUTPUTS = (
    Field("match_score", "number", "0-1", "chance that the buyer takes the offer when it is shown; 0 where a hard "
          "constraint is violated", 0.0, 1.0),
    Field("feasible", "number", "0 or 1", "every hard constraint is satisfied", 0.0, 1.0),
    Field("rule_score", "number", "0-100", "points of the rule of thumb", 0.0, 100.0),
    *(Field(f"{part}_points", "number", f"0-{WEIGHTS[part]:g}", f"points of the rule for {part}", 0.0, WEIGHTS[part])
      for part in PARTS),
)  # fmt: skip
REQUEST = (
    Field("requirement_id", "category", "", "a want that was posted; or the fields of one", required=False),
    Field("commodity_id", "category", "", "what is wanted", required=False),
    Field("location", "category", "", "market it must go to", required=False),
    Field("quantity", "number", "quintal", "quantity wanted, in quantity_unit", low=0.0, required=False),
    Field("max_price", "number", "INR/quintal", "highest price paid", low=0.0, required=False),
    Field("min_grade", "category", "", "lowest grade taken", required=False),
    Field("max_distance_km", "number", "km", "farthest it may come from", low=0.0, required=False),
    Field("deliver_from", "time", "UTC", "first day of delivery", required=False),
    Field("deliver_until", "time", "UTC", "last day of delivery", required=False),
    Field("buyer_id", "category", "", "who asks", required=False),
    Field("k", "number", "", "matches returned at most", required=False),
)
WATCHED = (
    "commodity", "grade", "price_saved", "price_room", "ask_level", "max_distance_km", "distance_km",
    "distance_share", "grade_steps", "floor_rank", "offer_rank", "quantity_ratio", "want_size", "offer_size",
    "window_share", "window_wait", "window_days", "offer_age_days", "seller_credit", "seller_rate", "dealing_rate",
)  # fmt: skip
"""Inputs watched for drift: no ids, no dates, no level that wanders, no count that only grows."""

SPEC = Spec(
    name="matching",
    question="Which of the offers that are open suit a buyer's want best?",
    inputs=INPUTS,
    outputs=OUTPUTS,
    label="label",
    unit="0-1",
    horizons=(0,),
    main_metric="open.top5",
    lower_is_better=False,
    request=REQUEST,
    example={
        "commodity_id": "soybean",
        "location": "Indore",
        "quantity": 50.0,
        "max_price": 4600.0,
        "min_grade": "C",
    },
    task="ranking",
    watched=WATCHED,
)
