"""All that can be asked of the service beside its models, part by part."""

from __future__ import annotations

from mandi.serving.api.accounts_api import accounts_operations
from mandi.serving.operations import Operation


def service_operations() -> list[Operation]:
    """Return the operations of every part."""
    return [*accounts_operations()]
