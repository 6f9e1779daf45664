"""The record of what was done, over HTTP: an administrator's own organisation, or all of them for the operator."""

from __future__ import annotations

from typing import Any

from mandi.serving.accounts import audit
from mandi.serving.accounts.office import office_of
from mandi.serving.api.accounts_contracts import AuditAnswer, AuditQuery
from mandi.serving.api.accounts_told import event_told
from mandi.serving.dispatch import not_found
from mandi.serving.operations import Asked, Operation


def audit_operations() -> list[Operation]:
    """Return what can be asked about the record."""
    return [
        Operation(
            "GET", "/api/v1/audit", "What was done and by whom, newest first, page by page", _events, "people",
            query=AuditQuery, answers=(AuditAnswer,), problems=(404,), tag="accounts",
        ),
    ]  # fmt: skip


async def _events(asked: Asked) -> Any:
    who, query = asked.who, asked.query
    whose = query.organization_id
    if "operate" not in who.scopes:
        if whose not in (None, who.organization_id):
            raise not_found("organization", whose)
        whose = who.organization_id
    found = await office_of(asked.house).read(
        lambda session: audit.events(
            session, whose, limit=query.limit + 1, before=query.before, action=query.action
        )
    )
    page = found[: query.limit]
    more = len(found) > query.limit
    return AuditAnswer(events=[event_told(event) for event in page], next=page[-1].id if more else None)
