"""What is said about answers over HTTP, field by field: opinions, their history, and what came of a price."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mandi.core.strict import WHOLE, Moment, Strict

Words = Annotated[str, Field(min_length=1, max_length=20_000, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")]
GenerationId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
THUMBS = {"up": 5, "down": 1}
ONE_OF_TWO = "thumbs or rating, not both"


class Chosen(Strict):
    """Says that this answer is the better of two."""

    over: GenerationId = Field(
        description="generation_id of the other answer you were given to the same question"
    )


class Opinion(Strict):
    """What one thinks of an answer. What is left out stays as it was said before; null takes it back."""

    model_config = ConfigDict(
        json_schema_extra={
            "minProperties": 1,
            "not": {"required": ["thumbs", "rating"]},
        }
    )

    thumbs: Literal["up", "down"] | None = Field(default=None, description="up is five stars, down is one")
    rating: Annotated[int, Field(ge=1, le=5), WHOLE] | None = Field(
        default=None, description="1 to 5 stars, whole ones"
    )
    comment: Annotated[Words, Field(max_length=4_000)] | None = Field(
        default=None, description="why; scrubbed before it is kept"
    )
    correction: Words | None = Field(
        default=None,
        description="what should have been said; of a classification one of its labels; scrubbed before it is kept",
    )
    chosen: Chosen | None = None

    @model_validator(mode="after")
    def _something(self) -> Opinion:
        if not self.model_fields_set:
            raise ValueError(f"nothing is said; allowed: {', '.join(Opinion.model_fields)}")
        if {"thumbs", "rating"} <= self.model_fields_set:
            raise ValueError(f"both are given; allowed: {ONE_OF_TWO}")
        return self


class Kept(BaseModel):
    """An opinion as it is kept."""

    model_config = ConfigDict(extra="forbid")

    generation_id: str
    feedback_id: str
    version: int = Field(description="1 for the first word, one more for each change")
    thumbs: str | None = Field(description="up for four or five stars, down for one or two")
    rating: int | None
    comment: str | None
    correction: str | None
    chosen_over: str | None
    withdrawn: bool
    said_at: datetime
    changed: bool = Field(description="false when the same was said before")
    learned_from: bool = Field(
        description="whether words are kept beside the answer; false where consent is refused: then only stars are"
    )
    evicted: bool = Field(description="the answer was in the cache and is not given again")


class Version(BaseModel):
    """One version of an opinion."""

    model_config = ConfigDict(extra="forbid")

    feedback_id: str
    author: str = Field(
        description="user: whoever was given the answer; human: a person who answered from the queue"
    )
    version: int
    rating: int | None
    comment: str | None
    correction: str | None
    chosen_over: str | None
    withdrawn: bool
    said_at: datetime


class History(BaseModel):
    """All that was said of an answer, oldest first; the last version of an author counts."""

    model_config = ConfigDict(extra="forbid")

    generation_id: str
    versions: list[Version]


class Realised(Strict):
    """The price that was paid in the end."""

    price: Annotated[float, Field(gt=0, lt=10_000_000)] = Field(description="INR per quintal")
    at: Moment = Field(description="when it was paid, with a zone")


class OutcomeKept(BaseModel):
    """What came of an answer."""

    model_config = ConfigDict(extra="forbid")

    generation_id: str
    held: bool = Field(description="whether the price lay in the 95 % interval of the answer")
    price: float
    low: float
    high: float
    unit: str
    at: datetime
