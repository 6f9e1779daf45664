"""The book of jobs: handed in, taken up by one worker, followed, ended. Each function is one transaction's work on a session."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from mandi.core.errors import MandiError
from mandi.serving.operations import Principal
from mandi.store.records.batch_jobs import BatchJob

OPEN = ("queued", "running")
STALE = timedelta(seconds=30)  # a worker that lives writes a beat every few
MOST_OPEN = 20
MOST_ATTEMPTS = 3
MOST_SHOWN = 100
DIED = {
    "error": f"the process that answered it died {MOST_ATTEMPTS} times", "allowed": None, "next": "hand in fewer or smaller files",
}  # fmt: skip


class JobRefused(MandiError):
    """A job cannot be taken in or changed as it is now."""

    headline = "the job was refused"


class TooManyJobs(JobRefused):
    """An organisation has as many open jobs as it may have."""


def submit(
    session: Session,
    who: Principal,
    model: str,
    folder: str,
    *,
    explain: bool,
    asof: datetime | None,
    now: datetime,
) -> BatchJob:
    """Take a job in.

    Parameters
    ----------
    session : Session
    who : Principal
    model, folder : str
        A model that is served, and a name of ``Folders``.
    explain : bool
    asof : datetime, optional
        Moment of the rows without one.
    now : datetime

    Raises
    ------
    JobRefused
        The same folder is being answered by the same model.
    TooManyJobs
        Twenty jobs of the organisation are open.
    """
    mine = sa.select(BatchJob).where(
        BatchJob.organization_id == who.organization_id, BatchJob.status.in_(OPEN)
    )
    there = list(session.scalars(mine))
    for job in there:
        if (job.model, job.folder) == (model, folder):
            raise JobRefused(
                f"job {job.id} answers this folder", allowed="one job of a model and a folder at a time"
            )
    if len(there) >= MOST_OPEN:
        raise TooManyJobs(f"{len(there)} jobs of your organisation are open", allowed=f"{MOST_OPEN}")
    job = BatchJob(
        organization_id=who.organization_id, user_pseudonym=who.pseudonym, model=model, folder=folder, explain=explain, asof=asof,
        created_at=now,
    )  # fmt: skip
    session.add(job)
    session.flush()
    return job


def found(session: Session, organization_id: str, job_id: str) -> BatchJob | None:
    """Return a job of an organisation; None when it is not there or another's."""
    job = session.get(BatchJob, job_id)
    return job if job is not None and job.organization_id == organization_id else None


def jobs_of(session: Session, organization_id: str) -> list[BatchJob]:
    """Return the last jobs of an organisation, newest first."""
    theirs = sa.select(BatchJob).where(BatchJob.organization_id == organization_id)
    return list(session.scalars(theirs.order_by(BatchJob.created_at.desc(), BatchJob.id).limit(MOST_SHOWN)))


def cancel(session: Session, organization_id: str, job_id: str, now: datetime) -> BatchJob | None:
    """Cancel a job: at once when nobody answers it yet, else whoever does is told at the next beat.

    Raises
    ------
    JobRefused
        It has ended.
    """
    job = found(session, organization_id, job_id)
    if job is None:
        return None
    if job.status not in OPEN:
        raise JobRefused(f"the job is {job.status}", allowed="a job that is queued or running")
    job.cancel_asked = True
    if job.status == "queued":
        _end(job, "canceled", now)
    return job


def waits(session: Session, now: datetime) -> bool:
    """Return whether a job could be taken up; cheaper than trying to."""
    return session.scalar(sa.select(BatchJob.id).where(_free(now)).limit(1)) is not None


def claim(session: Session, worker: str, now: datetime) -> BatchJob | None:
    """Take up the oldest job that nobody answers; one whose worker is gone counts as such.

    Parameters
    ----------
    session : Session
    worker : str
        Names whoever takes it up, among all processes.
    now : datetime
    """
    oldest = sa.select(BatchJob).where(_free(now)).order_by(BatchJob.created_at, BatchJob.id).limit(1)
    job = session.scalars(oldest.with_for_update(skip_locked=True)).first()
    if job is None:
        return None
    if job.cancel_asked:
        _end(job, "canceled", now)
        return None
    if job.attempts >= MOST_ATTEMPTS:
        job.error = DIED
        _end(job, "failed", now)
        return None
    job.status, job.worker, job.attempts = "running", worker, job.attempts + 1
    job.started_at, job.beat_at = job.started_at or now, now
    return job


def beat(
    session: Session, job_id: str, worker: str, rows_done: int, rows_total: int | None, now: datetime
) -> bool:
    """Say that a job is still answered and how far it is; return whether to go on.

    Returns
    -------
    bool
        False when it was cancelled, or is another worker's by now.
    """
    job = session.get(BatchJob, job_id, with_for_update=True)
    if job is None or job.status != "running" or job.worker != worker:
        return False
    job.beat_at, job.rows_done = now, rows_done
    job.rows_total = rows_total if rows_total is not None else job.rows_total
    return not job.cancel_asked


def finish(
    session: Session,
    job_id: str,
    worker: str,
    now: datetime,
    *,
    report: Mapping[str, Any] | None = None,
    error: Mapping[str, Any] | None = None,
) -> None:
    """End a job: with a report, with an error, or cancelled when there is neither. One that is another worker's is left to it."""
    job = session.get(BatchJob, job_id, with_for_update=True)
    if job is None or job.status != "running" or job.worker != worker:
        return
    job.report = dict(report) if report is not None else None
    job.error = dict(error) if error is not None else None
    if report is not None:
        job.rows_total = job.rows_done = int(report["rows_in_all"])
    _end(job, "done" if report is not None else "failed" if error is not None else "canceled", now)


def put_back(session: Session, job_id: str, worker: str) -> None:
    """Let a job wait again, because its worker stops; what was answered is not answered again."""
    job = session.get(BatchJob, job_id, with_for_update=True)
    if job is not None and job.status == "running" and job.worker == worker:
        job.status, job.worker, job.attempts = "queued", None, job.attempts - 1


def _free(now: datetime) -> sa.ColumnElement[bool]:
    lost = sa.and_(BatchJob.status == "running", BatchJob.beat_at < now - STALE)
    return sa.or_(BatchJob.status == "queued", lost)


def _end(job: BatchJob, status: str, now: datetime) -> None:
    job.status, job.ended_at, job.worker = status, now, None
