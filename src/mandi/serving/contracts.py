"""What a caller may ask and what is answered, field by field with units; anything else is refused."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mandi.core.strict import WHOLE, MassUnit, Moment, Name, Strict
from mandi.serving.rollouts.contracts import RolloutTold

OTHER_NAMES = {
    "staple_length": "staple_length_mm",
    "strength": "fiber_strength",
    "color": "color_grade",
}


def _other_names(schema: dict[str, Any]) -> None:
    known = schema["properties"]
    known |= {other: {**known[name], "title": f"same as {name}"} for other, name in OTHER_NAMES.items()}
    schema["allOf"] = [{"not": {"required": [other, name]}} for other, name in OTHER_NAMES.items()]


class QualityParams(Strict):
    """What the assay of the lot says; leave out what was not measured. Only the commodity's own are used.

    Examples
    --------
    >>> QualityParams.model_validate({"staple_length": 29.1}).staple_length_mm
    29.1
    """

    model_config = ConfigDict(json_schema_extra=_other_names)

    staple_length_mm: float | None = Field(default=None, ge=10, le=60, description="mm")
    micronaire: float | None = Field(default=None, ge=1, le=10, description="micronaire units")
    fiber_strength: float | None = Field(default=None, ge=5, le=60, description="g/tex")
    color_grade: Name | None = Field(default=None, description="as the inspector wrote it")
    moisture_pct: float | None = Field(default=None, ge=0, le=60, description="% of mass")
    foreign_matter_pct: float | None = Field(default=None, ge=0, le=60, description="% of mass")
    oil_pct: float | None = Field(default=None, ge=0, le=80, description="% of mass")
    protein_pct: float | None = Field(default=None, ge=0, le=80, description="% of mass")
    iron_pct: float | None = Field(default=None, ge=0, le=80, description="% Fe")
    silica_pct: float | None = Field(default=None, ge=0, le=80, description="% SiO2")

    @model_validator(mode="before")
    @classmethod
    def _one_name_each(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        for other, name in OTHER_NAMES.items():
            if other in given and name in given:
                raise ValueError(f"{other} and {name} are the same; give one of them")
        return {OTHER_NAMES.get(name, name): value for name, value in given.items()}


class PriceRow(Strict):
    """One question: a lot's fair price when ``quantity`` is given, a market's price when it is not.

    Examples
    --------
    >>> PriceRow(commodity_id="soybean", market="Indore").is_lot
    False
    """

    commodity_id: Name = Field(description="commodity, for example soybean")
    quantity: float | None = Field(
        default=None, gt=0, le=1e7, description="size of the lot, in quantity_unit"
    )
    quantity_unit: MassUnit = Field(default="quintal", description="kg, quintal, tonne, bale, candy or maund")
    quality_params: QualityParams | None = None
    location: Name | None = Field(
        default=None, description="a market or a state, used when market is not given"
    )
    supplier_id: Name | None = Field(
        default=None, description="who offers the lot; an unknown one is a cold start"
    )
    market: Name | None = None
    variety: Name | None = None
    grade: Name | None = None
    horizon_days: Annotated[int, Field(ge=0, le=60), WHOLE] | None = Field(
        default=None, description="days ahead; lots 0, markets 1 if not given"
    )
    asof: Moment | None = Field(
        default=None, description="moment of the decision, with time zone; now if not given"
    )

    @property
    def is_lot(self) -> bool:
        """Whether a particular lot is asked about."""
        return self.quantity is not None

    def lot_fields(self) -> list[str]:
        """Names of the fields given that mean something for a lot alone."""
        names = ("quality_params", "supplier_id", "variety", "grade")
        return [n for n in names if getattr(self, n) is not None]


class PriceAnswer(Strict):
    """A price in INR per quintal with its bounds, where it comes from and how far its history reaches."""

    commodity_id: str
    market: str
    kind: str = Field(description="lot or market")
    horizon_days: int
    target_day: date = Field(description="India trading day the price is for")
    predicted_price: float
    lower_bound_95: float
    upper_bound_95: float
    lower_bound_90: float
    upper_bound_90: float
    confidence: float = Field(default=0.95, description="nominal level of the wider bounds")
    measured_coverage_95: float | None = Field(
        default=None, description="share of test prices inside the 95 % bounds"
    )
    measured_coverage_90: float | None = None
    unit: str = "INR/quintal"
    feature_contributions: dict[str, float] | None = Field(
        default=None, description="INR/quintal; they sum to the price"
    )
    model_version: str
    known_until: datetime = Field(description="moment up to which the history behind the answer is known")
    asof: datetime
    notes: list[str] = Field(default_factory=list)


class ServedModel(Strict):
    """One model: where it comes from, what it knows, and a request that is answered. What it knows depends on the model."""

    name: str
    version: str
    run_id: str | None
    content_hash: str | None
    source: str | None = Field(description="real or generated: what it was trained on")
    packaged: datetime
    known_until: datetime = Field(description="moment up to which the history served is known")
    question: str = Field(description="what it answers")
    unit: str
    metrics: dict[str, float | None] = Field(description="measured when it was trained")
    path: str | None = Field(default=None, description="where it is asked")
    example: dict[str, Any] | None = Field(default=None, description="a body for its path")
    commodities: dict[str, int] | list[str] | None = Field(
        default=None, description="known by name, some with how many markets, places, lots or offers"
    )
    answers: list[str] | None = None
    horizons_days: list[int] | None = None
    forecast_days: list[int] | None = Field(default=None, description="least and most")
    locations: dict[str, list[str]] | None = Field(default=None, description="by commodity")
    measures: dict[str, list[str]] | None = Field(default=None, description="by commodity")
    grades: list[str] | None = None
    inspectors: list[str] | None = None
    markets: list[str] | None = None
    documents: list[str] | None = None
    stages: list[str] | None = None
    deals_from: datetime | None = Field(default=None, description="deals struck since then are scored")
    constraints: list[str] | None = None
    open_wants: int | None = None
    rollout: RolloutTold | None = Field(
        default=None, description="the last trial of a challenger, where there was one"
    )


class ServedModels(Strict):
    """What is served, and why a model is not."""

    models: list[ServedModel]
    not_served: dict[str, str] = Field(description="why, by the name of the model")


class Contract(BaseModel):
    """This document, as the OpenAPI Initiative describes such documents."""

    model_config = ConfigDict(extra="allow")

    openapi: Literal["3.1.0"]
    info: dict[str, str]
    paths: dict[str, dict[str, dict[str, Any]]]
    components: dict[str, dict[str, dict[str, Any]]]
    security: list[dict[str, list[str]]]
