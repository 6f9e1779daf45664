"""What is said of predictions over HTTP, field by field: an outcome, and how the models did."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from mandi.core.strict import Moment, Strict

Number = Annotated[float, Field(ge=0, le=1e12)]
OfTheAnswer = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,120}$")]
ModelName = Literal["price", "demand", "quality", "fraud", "matching"]


class Outcome(Strict):
    """What came of a prediction. Said again, it is a correction, and the last word counts."""

    actual: Number | bool | OfTheAnswer = Field(
        description="price: INR per quintal paid; demand: tonnes that arrived in all days asked about; quality: the grade given; "
        "fraud: true or false; matching: availability_id of the offer taken, or none"
    )
    at: Moment = Field(description="when it was known, with a zone")


class OutcomeTold(BaseModel):
    """An outcome as it is kept."""

    model_config = ConfigDict(extra="forbid")

    prediction_id: str
    model: str
    model_version: str
    actual: float | bool | str
    at: datetime
    version: int = Field(description="1 for the first word, one more for each correction")
    changed: bool = Field(description="false when the same was said before")
    loss: float | None = Field(
        description="price: INR per quintal, and demand: tonnes, of absolute error; quality and fraud: Brier score; "
        "matching: 1 less the reciprocal rank; null where no offer was taken"
    )


class MetricsQuery(BaseModel):
    """Which predictions, how far back, and of whom."""

    model_config = ConfigDict(extra="forbid")

    model: ModelName | None = Field(None, description="One model alone.")
    days: int = Field(30, ge=1, le=400, description="Days of 24 hours, up to now.")
    organization: str | None = Field(
        None, pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description='Your own if not given; another one, or "all", for whoever operates the service.',
    )  # fmt: skip


class FigureTold(BaseModel):
    """One figure with its 95 % interval."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    name: str = Field(
        description="mae, bias, coverage95, coverage90, accuracy, coverage_set, brier, precision, recall, first_taken or "
        "reciprocal_rank"
    )
    value: float
    low: float | None = Field(description="null where one day alone tells nothing of other days")
    high: float | None
    count: int = Field(description="predictions behind it")
    clusters: int = Field(description="days behind it; those of one day count as hanging together")
    least: float | None = Field(description="if every outcome that is missing were 0; null of amounts")
    most: float | None = Field(description="if every outcome that is missing were 1; null of amounts")


class VersionMetrics(BaseModel):
    """How one version of a model did since it is served."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    model: str
    model_version: str
    side: str = Field(
        description="champion, or challenger where it answered in a rollout; the model_version says which it was"
    )
    predictions: int
    due: int = Field(description="whose outcome could be known by now")
    told: int = Field(description="whose outcome was told")
    told_share: float | None = Field(description="of those that are due; figures are of these alone")
    corrected: int
    delay_hours: float | None = Field(
        description="median, from when outcomes could be known to when they were"
    )
    latency_ms_median: float | None
    latency_ms_p95: float | None
    figure_told: float | None = Field(description="mean prediction where the outcome was told")
    figure_untold: float | None = Field(description="mean prediction where it is due and was not told")
    selection: float | None = Field(
        description="the difference of the two in standard deviations: far from 0, what is told is not like what is not"
    )
    figures: list[FigureTold]
    read: int = Field(description="predictions with an outcome behind the figures, the newest 20,000 at most")


class PredictionMetrics(BaseModel):
    """How the models did, version by version."""

    model_config = ConfigDict(extra="forbid")

    days: int
    versions: list[VersionMetrics]
