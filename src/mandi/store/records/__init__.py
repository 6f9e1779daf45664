"""The tables, by subject; importing this knows them all."""

from mandi.store.records.audit import AuditEvent
from mandi.store.records.base import Base, new_id, utc_now
from mandi.store.records.batch_jobs import BatchJob
from mandi.store.records.calls import AiMetric, usage_logs
from mandi.store.records.config import SystemConfig
from mandi.store.records.conversations import Conversation, Message
from mandi.store.records.deals import AiAnalysis, Deal
from mandi.store.records.escalations import Escalation
from mandi.store.records.feedback import (
    DatasetMember,
    DatasetVersion,
    GenerationFeedback,
    GenerationRecord,
    TutorPair,
)
from mandi.store.records.people import ApiKey, Organization, RefreshToken, User
from mandi.store.records.predictions import (
    ModelRollout,
    Prediction,
    PredictionBatch,
    PredictionOutcome,
)
from mandi.store.records.state import StateDocument

__all__ = [
    "AiAnalysis",
    "AiMetric",
    "ApiKey",
    "AuditEvent",
    "Base",
    "BatchJob",
    "Conversation",
    "DatasetMember",
    "DatasetVersion",
    "Deal",
    "Escalation",
    "GenerationFeedback",
    "GenerationRecord",
    "Message",
    "ModelRollout",
    "Organization",
    "Prediction",
    "PredictionBatch",
    "PredictionOutcome",
    "RefreshToken",
    "StateDocument",
    "SystemConfig",
    "TutorPair",
    "User",
    "new_id",
    "usage_logs",
    "utc_now",
]
