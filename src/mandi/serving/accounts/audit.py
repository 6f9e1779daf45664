"""The record of who did what to whom: rows are added and never changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from mandi.serving.operations import Principal
    from mandi.store.records import AuditEvent

SYSTEM = "system"
"""Actor of what the service, or somebody at its machine, did."""


def audit(
    session: Session,
    principal: Principal | None,
    action: str,
    target: str,
    details: Mapping[str, Any] | None = None,
    request_id: str | None = None,
    *,
    organization_id: str | None = None,
    at: datetime | None = None,
) -> AuditEvent:
    """Add a row to the record, in the transaction of what it tells of: neither is kept without the other.

    Parameters
    ----------
    session : Session
    principal : Principal, optional
        Who did it; None for the service itself.
    action : str
        What was done, as in ``user.create``.
    target : str
        What it was done to, as in ``user:ID``.
    details : mapping, optional
        Settings and identities; never a secret, a person's name or what somebody wrote, because rows outlive their users.
    request_id : str, optional
    organization_id : str, optional
        Whose record it is; that of the principal if not given.
    at : datetime, optional
        Now if not given.

    Returns
    -------
    AuditEvent
    """
    from mandi.store.records import AuditEvent

    event = AuditEvent(
        organization_id=organization_id or (principal.organization_id if principal else None),
        actor=principal.user_id if principal else SYSTEM,
        action=action,
        target=target,
        details=dict(details or {}),
        request_id=request_id,
    )
    if at is not None:
        event.at = at
    session.add(event)
    return event


def events(
    session: Session,
    organization_id: str | None,
    *,
    limit: int,
    before: str | None = None,
    action: str | None = None,
) -> list[AuditEvent]:
    """Return a page of the record, newest first.

    Parameters
    ----------
    session : Session
    organization_id : str, optional
        Whose; of all where it is None.
    limit : int
        Most rows.
    before : str, optional
        The id of the last row of the page before.
    action : str, optional
        Only these.
    """
    import sqlalchemy as sa

    from mandi.store.records import AuditEvent

    rows = sa.select(AuditEvent).order_by(AuditEvent.at.desc(), AuditEvent.id.desc()).limit(limit)
    if organization_id is not None:
        rows = rows.where(AuditEvent.organization_id == organization_id)
    if action is not None:
        rows = rows.where(AuditEvent.action == action)
    if before is not None:
        last = session.get(AuditEvent, before)
        if last is None or organization_id not in (None, last.organization_id):
            return []
        rows = rows.where(
            sa.or_(AuditEvent.at < last.at, sa.and_(AuditEvent.at == last.at, AuditEvent.id < last.id))
        )
    return list(session.scalars(rows))
