"""All that can be asked of the service beside its models, part by part."""

from __future__ import annotations

from mandi.serving.api.accounts_api import accounts_operations
from mandi.serving.api.admin_api import admin_operations
from mandi.serving.api.analytics_api import analytics_operations
from mandi.serving.api.batch_api import batch_operations
from mandi.serving.api.conversations_api import conversation_operations
from mandi.serving.api.deal_api import deal_operations
from mandi.serving.api.health_api import health_operations
from mandi.serving.api.modes_api import mode_operations
from mandi.serving.api.openai_chat import openai_operations
from mandi.serving.api.predictions_api import prediction_operations
from mandi.serving.api.queue_api import queue_operations
from mandi.serving.api.ratings_api import rating_operations
from mandi.serving.api.rollouts_api import rollout_operations
from mandi.serving.api.tasks_api import task_operations
from mandi.serving.operations import Operation


def service_operations() -> list[Operation]:
    """Return the operations of every part."""
    return [
        *prediction_operations(),
        *batch_operations(),
        *rollout_operations(),
        *deal_operations(),
        *openai_operations(),
        *task_operations(),
        *conversation_operations(),
        *rating_operations(),
        *queue_operations(),
        *analytics_operations(),
        *mode_operations(),
        *admin_operations(),
        *accounts_operations(),
        *health_operations(),
    ]
