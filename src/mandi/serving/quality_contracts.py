"""What may be asked about a lot's quality and what is answered, field by field; anything else is refused."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from mandi.core.strict import Moment, Name, Strict
from mandi.serving.contracts import QualityParams


class QualityRow(Strict):
    """One lot to grade: what was measured of it, whose it is and, if known, who inspects.

    Examples
    --------
    >>> QualityRow(commodity_id="wheat", quality_params=QualityParams(moisture_pct=11.0)).supplier_id is None
    True
    """

    commodity_id: Name = Field(description="commodity, for example wheat")
    quality_params: QualityParams = Field(
        description="what was measured; at least one of the commodity's own measures"
    )
    supplier_id: Name | None = Field(
        default=None, description="whose lot it is; an unknown one is a cold start"
    )
    inspector_id: Name | None = Field(
        default=None, description="who inspects; the grade a middling inspector would give if not known"
    )
    market: Name | None = Field(
        default=None, description="where the lot lies; the grade does not depend on it"
    )
    asof: Moment | None = Field(
        default=None, description="moment of the inspection, with time zone; now if not given"
    )


class ParameterProblem(Strict):
    """One measure that is not valid, not used, missing, or far from the supplier's own past."""

    parameter: str
    value: float | str | None = Field(description="as it was given")
    kind: str = Field(description="not valid, not used, not measured, or unusual")
    text: str


class QualityAnswer(Strict):
    """A lot's grade, how sure that is, what it is worth, and how unusual the lot is for its supplier."""

    commodity_id: str
    quality_grade: str = Field(description="A to D: the grade of least expected cost")
    quality_score: float = Field(description="0-100, expected worth of the grade: A 90, B 75, C 60, D 40")
    confidence: float = Field(description="calibrated probability of quality_grade")
    grade_probabilities: dict[str, float]
    grade_set: list[str] = Field(
        description="holds the grade given in 95 of 100 lots of every grade, or as configured"
    )
    abstained: bool = Field(description="too unsure, or a measure given is not valid: let a person look")
    consistency_score: float | None = Field(
        description="0-100, how near to the supplier's own past; null where it has none"
    )
    is_anomaly: bool
    anomaly_score: float = Field(description="share of usual lots that are less unusual for their supplier")
    anomalies: list[ParameterProblem]
    reasons: list[str] = Field(
        description="what moves the score from that of a middling lot, strongest first"
    )
    feature_contributions: dict[str, float] | None = Field(
        default=None, description="points of the score, on request; they sum to it"
    )
    supplier_lots: int = Field(description="lots of the commodity known of the supplier")
    model_version: str
    known_until: datetime = Field(description="moment up to which the history behind the answer is known")
    asof: datetime
    notes: list[str] = Field(default_factory=list)
