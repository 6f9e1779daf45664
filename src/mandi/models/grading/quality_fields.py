"""What the quality model is asked and what it answers: the fields of its Spec."""

from __future__ import annotations

from mandi.features.grading.quality_measures import COLOR_CODE, MEASURES, UNITS
from mandi.models.base import Field, Spec

GRADES = ("A", "B", "C", "D")
"""From the best."""
PROBABILITY, IN_SET, OWN = "grade_probability_", "in_set_", "_own_z"

_SUPPLIER = (
    Field("supplier_worth", "number", "0-100", "mean worth of the supplier's grades of the commodity, drawn to the market's", required=True),
    Field("supplier_worth_sd", "number", "0-100", "their spread, drawn to the market's"),
    Field("supplier_lead", "number", "points", "mean worth of all its grades over their markets', drawn to zero"),
    Field("supplier_lots", "number", "lots", "lots of the commodity known of the supplier; 0 is a newcomer", low=0.0),
    Field("market_worth", "number", "0-100", "mean worth of everybody's grades of the commodity"),
)  # fmt: skip


def _unit(name: str) -> str:
    return "place" if name == COLOR_CODE else UNITS[name]


INPUTS = (
    Field("commodity", "category", "", "what is sold"),
    Field("inspector_id", "category", "", "who inspects; a middling inspector if not known", required=False),
    *(Field(name, "number", _unit(name), "as measured; missing where it was not") for name in MEASURES),
    *(Field(f"{name}{OWN}", "number", "sd", f"{name} from the supplier's own mean") for name in MEASURES),
    *_SUPPLIER,
)

OUTPUTS = (
    Field("quality_score", "number", "0-100", "expected worth of the grade", low=0.0, high=100.0),
    Field("quality_grade", "category", "", "the grade of least expected cost", choices=GRADES),
    Field("confidence", "number", "0-1", "calibrated probability of that grade", low=0.0, high=1.0),
    *(Field(f"{PROBABILITY}{g}", "number", "0-1", f"calibrated probability of {g}", low=0.0, high=1.0) for g in GRADES),
    *(Field(f"{IN_SET}{g}", "number", "0/1", f"whether {g} is in the set of grades", low=0.0, high=1.0) for g in GRADES),
    Field("abstained", "number", "0/1", "1 = too unsure: let a person look", low=0.0, high=1.0),
    Field("consistency_score", "number", "0-100", "how near to the supplier's own past", low=0.0, high=100.0),
    Field("anomaly_score", "number", "0-1", "share of usual lots that are less unusual for their supplier", low=0.0, high=1.0),
    Field("is_anomaly", "number", "0/1", "1 = among the least usual", low=0.0, high=1.0),
)  # fmt: skip

REQUEST = (
    Field("commodity_id", "category", "", "what is sold"),
    Field("quality_params", "text", "", "what was measured, by name", required=False),
    Field("supplier_id", "text", "", "whose lot it is; a newcomer if not known", required=False),
    Field("inspector_id", "text", "", "who inspects; a middling inspector if not known", required=False),
    Field("market", "text", "", "where the lot lies; the grade does not depend on it", required=False),
    Field("asof", "time", "UTC", "moment of the inspection", required=False),
)
WATCHED = (
    "commodity", "staple_length_mm", "micronaire", "fiber_strength", "moisture_pct", "foreign_matter_pct", "oil_pct",
    "protein_pct", "iron_pct", "silica_pct", "color_code", "moisture_pct_own_z", "foreign_matter_pct_own_z",
    "oil_pct_own_z", "protein_pct_own_z", "iron_pct_own_z", "silica_pct_own_z", "supplier_worth", "supplier_worth_sd",
    "supplier_lead", "market_worth",
)  # fmt: skip
"""Inputs watched for drift: no ids, no dates, no level that wanders, no count that only grows."""

SPEC = Spec(
    name="quality",
    question="Which grade will the inspector give this lot, how sure is that, and is the lot unusual for its supplier?",
    inputs=INPUTS,
    outputs=OUTPUTS,
    label="label",
    unit="grade",
    horizons=(0,),
    main_metric="macro_f1",
    lower_is_better=False,
    request=REQUEST,
    example={"commodity_id": "wheat", "quality_params": {"moisture_pct": 11.0, "foreign_matter_pct": 1.4, "protein_pct": 11.8}},
    task="grading",
    watched=WATCHED,
)  # fmt: skip
