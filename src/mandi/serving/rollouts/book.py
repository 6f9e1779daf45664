"""Trials where all workers find them: begun, fed with pairs whose outcome was told, stopped; each in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from mandi.core.errors import MandiError
from mandi.evaluation.live import loss
from mandi.serving.accounts.audit import audit
from mandi.serving.rollouts.trial import Pair, Rules, Status, Trial
from mandi.store.records.base import new_id
from mandi.store.records.predictions import ModelRollout, Prediction, PredictionOutcome

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from mandi.serving.operations import Principal

PORTION = 1_000
FAILED = "failed"
"""Key in the answer of a shadow: the challenger had none, and the kind of error."""


class RolloutRefused(MandiError):
    """A rollout cannot be begun or stopped."""

    headline = "the rollout is as it was"


@dataclass(frozen=True, slots=True)
class Rollout:
    """A trial with what it is of."""

    id: str
    model: str
    champion_version: str
    challenger_version: str
    started_at: datetime
    rules: Rules
    trial: Trial

    @property
    def active(self) -> bool:
        """Whether the challenger is asked at all."""
        return not self.trial.over


def rollout_of(row: ModelRollout) -> Rollout:
    """Return the rollout a row holds."""
    rules, trial = Rules.of(row.rules), Trial.of(row.evidence)
    return Rollout(
        row.id, row.model, row.champion_version, row.challenger_version, row.started_at, rules, trial
    )


def rollouts(session: Session) -> dict[str, Rollout]:
    """Return the last rollout of each model that had one."""
    rows = session.scalars(sa.select(ModelRollout).order_by(ModelRollout.model))
    return {row.model: rollout_of(row) for row in rows}


def start(
    session: Session,
    model: str,
    champion_version: str,
    challenger_version: str,
    rules: Rules,
    now: datetime,
    who: Principal | None = None,
    request_id: str | None = None,
) -> Rollout:
    """Begin the trial of a challenger, in its shadow.

    Parameters
    ----------
    session : Session
        Of a transaction that writes.
    model, champion_version, challenger_version : str
    rules : Rules
        They do not change while it lasts.
    now : datetime
    who : Principal, optional
        Who began it; None for somebody at the machine of the service.
    request_id : str, optional

    Raises
    ------
    RolloutRefused
        One is under way, or both are the same version.
    """
    row = _locked(session, model)
    if row is not None and row.status != "stopped":
        raise RolloutRefused(
            f"the challenger {model} v{row.challenger_version} is on trial ({row.status})",
            next_command=f"mandi rollout {model} stop",
        )
    if champion_version == challenger_version:
        raise RolloutRefused(f"{model} v{champion_version} is the champion", allowed="a challenger")
    row = row or ModelRollout(model=model)
    row.id, row.started_at = new_id(), now
    row.champion_version, row.challenger_version = champion_version, challenger_version
    row.rules, row.shadow_share = asdict(rules), rules.shadow_share
    _put(row, Trial.start(now))
    session.add(row)
    _note(session, row, "rollout.start", now, who, request_id)
    return rollout_of(row)


def stop(
    session: Session,
    model: str,
    reason: str,
    now: datetime,
    who: Principal | None = None,
    request_id: str | None = None,
) -> Rollout | None:
    """End the trial of a model: its champion answers everything again; None where none is under way."""
    row = _locked(session, model)
    if row is None or row.status == "stopped":
        return None
    _put(row, Trial.of(row.evidence).stopped(reason, now))
    _note(session, row, "rollout.stop", now, who, request_id)
    return rollout_of(row)


def judge(session: Session, model: str, now: datetime) -> Rollout | None:
    """Feed a trial with all that came to be known since, and return it; None where none is under way.

    Of many questions about one outcome the first counts, and of an outcome the first word: bets on it are made by then.

    Parameters
    ----------
    session : Session
        Of a transaction that writes; another worker waits meanwhile.
    model : str
    now : datetime
    """
    row = _locked(session, model)
    if row is None or row.status == "stopped":
        return None
    rules, trial = Rules.of(row.rules), Trial.of(row.evidence)
    before = (trial.status, trial.stage)
    trial = trial.after_times(_times(session, row.id), rules, now)
    trial = trial.after(_pairs(session, row.id, model), rules, now)
    if trial != Trial.of(row.evidence):
        _put(row, trial)
    if (trial.status, trial.stage) != before:
        _note(session, row, f"rollout.{trial.status}", now, None, None)
    return rollout_of(row)


def _locked(session: Session, model: str) -> ModelRollout | None:
    return session.get(ModelRollout, model, with_for_update=True)


def _put(row: ModelRollout, trial: Trial) -> None:
    row.status, row.share, row.reason = trial.status, trial.share, trial.reason
    row.evidence = trial.as_dict()


def _note(
    session: Session,
    row: ModelRollout,
    action: str,
    now: datetime,
    who: Principal | None,
    request_id: str | None,
) -> None:
    details = {
        "rollout": row.id, "champion": row.champion_version, "challenger": row.challenger_version, "share": row.share,
        "why": row.reason,
    }  # fmt: skip
    audit(session, who, action, f"model:{row.model}", details, request_id, at=now)


def _times(session: Session, rollout_id: str) -> list[tuple[float, float]]:
    shadows = session.scalars(
        sa.select(Prediction)
        .where(Prediction.rollout_id == rollout_id, Prediction.role == "shadow", Prediction.timed.is_(False))
        .order_by(Prediction.created_at, Prediction.id)
        .limit(PORTION)
    )
    times = []
    for shadow in shadows:
        shadow.timed = True
        first = "." not in shadow.id or shadow.id.endswith(".0")  # a request of many rows has one time
        if first and shadow.beside_ms is not None:
            both = (shadow.cpu_ms, shadow.beside_ms)
            times.append(both if shadow.side == "champion" else both[::-1])
    return times


def _pairs(session: Session, rollout_id: str, model: str) -> list[Pair]:
    waiting = [Prediction.rollout_id == rollout_id, Prediction.role == "shadow", Prediction.judged.is_(False)]
    other = aliased(Prediction)
    found: list[Pair] = []
    failed = session.scalars(sa.select(Prediction).where(*waiting, Prediction.subject == "").limit(PORTION))
    for shadow in failed:
        if FAILED in shadow.answer:
            shadow.judged = True
            found.append(Pair(failed=True))
    told = session.execute(
        sa.select(Prediction, other, PredictionOutcome.actual)
        .join(other, other.id == Prediction.pair_id)
        .join(PredictionOutcome, PredictionOutcome.prediction_id == other.id)
        .where(*waiting, PredictionOutcome.version == 1)
        .order_by(PredictionOutcome.told_at, Prediction.id)
        .limit(PORTION)
    ).all()
    known = _known_subjects(session, rollout_id, [shadow.subject for shadow, _, _ in told])
    for shadow, served, actual in told:
        shadow.judged = True
        if FAILED in shadow.answer or shadow.subject in known:
            continue
        known.add(shadow.subject)
        losses = {one.side: loss(model, one.answer, actual) for one in (served, shadow)}
        if None not in losses.values() and len(losses) == 2:
            found.append(Pair(losses["champion"] or 0.0, losses["challenger"] or 0.0))
    return found


def _known_subjects(session: Session, rollout_id: str, subjects: Sequence[str]) -> set[str]:
    return set(
        session.scalars(
            sa.select(Prediction.subject).where(
                Prediction.rollout_id == rollout_id, Prediction.role == "shadow", Prediction.judged.is_(True),
                Prediction.subject.in_(subjects),
            )
        )
    )  # fmt: skip


def told(rollout: Rollout) -> dict[str, Any]:
    """Return what is shown of a rollout, to administrators and beside its model."""
    trial = rollout.trial
    low, high = trial.difference.interval
    pairs = trial.pairs
    status: Status = trial.status
    return {
        "model": rollout.model, "rollout_id": rollout.id, "status": status, "champion_version": rollout.champion_version,
        "challenger_version": rollout.challenger_version, "share": trial.share, "shadow_share": rollout.rules.shadow_share,
        "stages": list(rollout.rules.stages), "started_at": rollout.started_at, "stage_since": trial.since,
        "outcomes": pairs, "outcomes_in_stage": trial.pairs_here, "failures": trial.failures,
        "loss_champion": trial.lost_champion / pairs if pairs else None,
        "loss_challenger": trial.lost_challenger / pairs if pairs else None,
        "gain": trial.difference.mean, "gain_low": low, "gain_high": high,
        "evidence_worse": trial.worse.now, "evidence_better": trial.better.now, "evidence_slower": trial.slower.now,
        "needed": 1.0 / rollout.rules.level, "reason": trial.reason,
    }  # fmt: skip
