"""Variables of learning from answers and ratings, and those that are taken but not acted on."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, SecretStr

from mandi.serving.settings_field import variable

FEEDBACK = "mandi repro"
TUNING = "mandi tune"
NOTHING = "nothing: not built"


class LearningVariables(BaseModel):
    """What is kept to learn from."""

    enable_generation_records: bool = variable(
        "ENABLE_GENERATION_RECORDS",
        default=True,
        says="Keep the words of answered calls, scrubbed of personal data, where consent is granted; needs ENABLE_USAGE_LOGGING.",
    )
    learning_consent: Literal["granted", "refused"] = variable(
        "LEARNING_CONSENT",
        default="granted",
        says="Consent to it of organisations that decided nothing; an organisation and every single call may refuse.",
    )
    learning_salt: SecretStr | None = variable(
        "MANDI_LEARNING_SALT",
        says="Key of the pseudonyms in what is kept and exported; one is made and kept in the database if not given.",
    )

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
        "ENABLE_TUTOR_LOGGING", default=False,
        says="Keep the student's answer beside that of the teacher, or of the person, who was asked because the student was not sure.",
    )  # fmt: skip
    enable_weekly_retraining: bool = variable(
        "ENABLE_WEEKLY_RETRAINING", default=False, read_by=FEEDBACK, says="Fit the student anew every week."
    )
    enable_vendor_tuning: bool = variable(
        "ENABLE_VENDOR_TUNING",
        default=False,
        read_by=TUNING,
        says="Let vendors be paid to tune their models; tuning.vendors.enabled in params.yaml is the other switch.",
    )
    gcp_project_id: str | None = variable(
        "GCP_PROJECT_ID", example="my-project", read_by=TUNING, says="Project that tunes Gemini."
    )
    gcp_region: str = variable("GCP_REGION", default="us-central1", read_by=TUNING, says="Region of it.")
    gcp_access_token: SecretStr | None = variable(
        "GCP_ACCESS_TOKEN", read_by=TUNING, says="Access token to it, as gcloud auth print-access-token says it."
    )


class UnbuiltVariables(BaseModel):
    """Taken so that an older .env goes on working; a value is told in a warning."""

    memory_backend: Literal["postgres", "neo4j"] = variable(
        "MEMORY_BACKEND", default="postgres",
        says="postgres: conversations are in the SQL database, whichever it is. neo4j is not built and means the same.",
    )  # fmt: skip
    neo4j_uri: str | None = variable("NEO4J_URI", read_by=NOTHING, says="Graph database of memories.")
    neo4j_user: str | None = variable("NEO4J_USER", read_by=NOTHING, says="Its user.")
    neo4j_password: SecretStr | None = variable("NEO4J_PASSWORD", read_by=NOTHING, says="Its password.")
