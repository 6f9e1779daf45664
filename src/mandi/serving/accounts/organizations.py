"""Organisations: whose everything is, and what they may spend."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from mandi.serving.accounts.principals import operator_of
from mandi.serving.dispatch import not_found
from mandi.serving.problems import CONFLICT, Problem, Refused

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from mandi.store.records import Organization

Tier = Literal["free", "pro", "enterprise"]
TIMEZONE = "Asia/Kolkata"


def find(session: Session, organization_id: str) -> Organization:
    """Return an organisation.

    Raises
    ------
    Refused
        404; there is none.
    """
    from mandi.store.records import Organization

    organization = session.get(Organization, organization_id)
    if organization is None:
        raise not_found("organization", organization_id)
    return organization


def listed(session: Session) -> list[Organization]:
    """Return all organisations by name."""
    import sqlalchemy as sa

    from mandi.store.records import Organization

    return list(session.scalars(sa.select(Organization).order_by(Organization.name)))


def add(
    session: Session,
    name: str,
    *,
    tier: Tier = "free",
    timezone: str = TIMEZONE,
    daily_budget_usd: float | None = None,
) -> Organization:
    """Add an organisation.

    Parameters
    ----------
    session : Session
    name : str
    tier : str
    timezone : str
        When its day begins.
    daily_budget_usd : float, optional
        US dollars a day for answers in language; what the tier has if not given.

    Raises
    ------
    Refused
        409; the name is taken.
    """
    from mandi.store.records import Organization, new_id

    _free(session, name)
    organization = Organization(
        id=new_id(), name=name, tier=tier, timezone=timezone, daily_budget_usd=budget(daily_budget_usd)
    )
    session.add(organization)
    session.flush()
    return organization


def change(session: Session, organization: Organization, wanted: dict[str, Any]) -> list[str]:
    """Change an organisation and return what was changed.

    Parameters
    ----------
    session : Session
    organization : Organization
    wanted : dict
        Of name, timezone, tier, daily_budget_usd, active and learning_consent those that were given; a budget of None is that of
        the tier, a consent of None that of the service. Whoever refuses has what was kept until then deleted.

    Raises
    ------
    Refused
        409; the name is taken, or nobody would operate the service.
    """
    if wanted.get("name") not in (None, organization.name):
        _free(session, wanted["name"])
    if wanted.get("active") is False and organization.id == operator_of(session):
        raise Refused(Problem(CONFLICT, "this organisation runs the service", "active", "true"))
    if "daily_budget_usd" in wanted:
        wanted = {**wanted, "daily_budget_usd": budget(wanted["daily_budget_usd"])}
    changed = {name: value for name, value in wanted.items() if value != getattr(organization, name)}
    for name, value in changed.items():
        setattr(organization, name, value)
    from mandi.store.erasure import forget_generations
    from mandi.store.records import GenerationRecord

    if changed.get("learning_consent") == "refused":
        forget_generations(session, GenerationRecord.organization_id == organization.id)
    return sorted(changed)


def budget(usd: float | None) -> Decimal | None:
    """Return US dollars as they are kept.

    Examples
    --------
    >>> budget(0.1)
    Decimal('0.1')
    """
    return None if usd is None else Decimal(str(usd))


def _free(session: Session, name: str) -> None:
    import sqlalchemy as sa

    from mandi.store.records import Organization

    if session.scalar(sa.select(Organization.id).where(Organization.name == name)) is not None:
        raise Refused(Problem(CONFLICT, "this name is taken", "name", "another one"))
