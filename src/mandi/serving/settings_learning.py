"""Variables of learning from answers and ratings, and those that are taken but not acted on."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, SecretStr

from mandi.serving.settings_field import variable

FEEDBACK = "the feedback pipeline"
DATASETS = "the dataset writers"
NOTHING = "nothing: not built"
TO_COME = ("enable_auto_labeling", "enable_rlhf_lite", "enable_tutor_logging", "enable_weekly_retraining")
"""Switches of a pipeline that is not in this version."""


class LearningVariables(BaseModel):
    """What is kept to learn from."""

    track_confidence_scores: bool = variable(
        "TRACK_CONFIDENCE_SCORES",
        default=True,
        says="Keep the confidence of answers in the records of calls.",
    )
    track_route_decisions: bool = variable(
        "TRACK_ROUTE_DECISIONS",
        default=True,
        says="Keep in the records of calls why who answered was chosen.",
    )
    track_reward_scores: bool = variable(
        "TRACK_REWARD_SCORES",
        default=True,
        read_by=FEEDBACK,
        says="Keep the reward of an answer once it has one.",
    )
    quality_assessment_enabled: bool = variable(
        "QUALITY_ASSESSMENT_ENABLED",
        default=True,
        read_by=FEEDBACK,
        says="Take ratings and corrections of answers.",
    )
    enable_auto_labeling: bool = variable(
        "ENABLE_AUTO_LABELING",
        default=False,
        read_by=FEEDBACK,
        says="Label conversations with intent and sentiment.",
    )
    enable_rlhf_lite: bool = variable(
        "ENABLE_RLHF_LITE",
        default=False,
        read_by=FEEDBACK,
        says="Score answers by their ratings and corrections.",
    )
    enable_tutor_logging: bool = variable(
        "ENABLE_TUTOR_LOGGING", default=False, read_by=FEEDBACK,
        says="Keep the student's answer beside the teacher's whenever the teacher was asked.",
    )  # fmt: skip
    enable_weekly_retraining: bool = variable(
        "ENABLE_WEEKLY_RETRAINING", default=False, read_by=FEEDBACK, says="Fit the student anew every week."
    )
    gcp_project_id: str | None = variable(
        "GCP_PROJECT_ID", example="my-project", read_by=DATASETS, says="Project that tunes Gemini."
    )
    gcp_region: str = variable("GCP_REGION", default="us-central1", read_by=DATASETS, says="Region of it.")


class UnbuiltVariables(BaseModel):
    """Taken so that an older .env goes on working; a value is told in a warning."""

    memory_backend: Literal["postgres", "neo4j"] = variable(
        "MEMORY_BACKEND", default="postgres",
        says="postgres: conversations are in the SQL database, whichever it is. neo4j is not built and means the same.",
    )  # fmt: skip
    neo4j_uri: str | None = variable("NEO4J_URI", read_by=NOTHING, says="Graph database of memories.")
    neo4j_user: str | None = variable("NEO4J_USER", read_by=NOTHING, says="Its user.")
    neo4j_password: SecretStr | None = variable("NEO4J_PASSWORD", read_by=NOTHING, says="Its password.")
