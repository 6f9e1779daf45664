"""What is asked and told about rollouts over HTTP, field by field."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from mandi.core.strict import WHOLE, Strict
from mandi.serving.rollouts.trial import Rules

DEFAULTS = Rules()


class RolloutStart(Strict):
    """The rules of a trial; they stay as they are while it lasts."""

    shadow_share: Annotated[float, Field(gt=0, le=1)] = Field(
        default=DEFAULTS.shadow_share, description="of the questions, answered by both and compared"
    )
    hours: Annotated[float, Field(ge=0, le=1000)] = Field(
        default=DEFAULTS.hours, description="least length of the shadow and of each stage"
    )
    least_outcomes: Annotated[int, Field(ge=1, le=1_000_000), WHOLE] = Field(
        default=DEFAULTS.least_pairs, description="known of pairs, in the shadow and in each stage"
    )
    most_outcomes: Annotated[int, Field(ge=1, le=10_000_000), WHOLE] = Field(
        default=DEFAULTS.most_pairs,
        description="after which a challenger that was not found better is stopped",
    )
    tolerated: Annotated[float, Field(ge=1, le=100)] = Field(
        default=DEFAULTS.tolerated,
        description="time of its model over that of the champion's that is still good",
    )
    level: Annotated[float, Field(ge=1e-6, le=0.5)] = Field(
        default=DEFAULTS.level, description="chance that one of its three tests ever raises a false alarm"
    )

    def rules(self) -> Rules:
        """Return the rules."""
        return Rules(
            shadow_share=self.shadow_share, hours=self.hours, least_pairs=self.least_outcomes,
            most_pairs=self.most_outcomes, tolerated=self.tolerated, level=self.level,
        )  # fmt: skip


class RolloutTold(Strict):
    """Where the trial of a challenger stands."""

    model: str
    rollout_id: str
    status: str = Field(
        description="shadow: compared only; staged: answers a share; promoted: answers everything; stopped: answers nothing"
    )
    champion_version: str
    challenger_version: str
    share: float = Field(description="of the questions, answered by the challenger")
    shadow_share: float
    stages: list[float]
    started_at: datetime
    stage_since: datetime
    outcomes: int = Field(description="told of questions that both answered")
    outcomes_in_stage: int
    failures: int = Field(description="questions the challenger could not answer and the champion could")
    loss_champion: float | None = Field(
        description="mean, in the unit of the outcome's loss; lower is better"
    )
    loss_challenger: float | None
    gain: float = Field(
        description="mean of champion's loss less challenger's, in four mean losses: above 0 the challenger is better"
    )
    gain_low: float = Field(description="of an interval that holds it at all times at once, 95 %")
    gain_high: float
    evidence_worse: float = Field(description="a bettor's wealth: at needed, or once there, it is worse")
    evidence_better: float
    evidence_slower: float
    needed: float
    reason: str = Field(description="why it was stopped or promoted; empty until then")


class RolloutsTold(Strict):
    """The last trial of each model that had one."""

    rollouts: list[RolloutTold]
